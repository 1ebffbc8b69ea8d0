"""Score tests of equality constraints against lavaan's, and against what refitting gives."""

from __future__ import annotations

import numpy as np
import pytest

import trustsem as ts
from kernel_models import THREE_CONSTRUCTS, democracy, holzinger

# lavaan 0.6-14: lavTestScore(cfa(model, data, group = "school",
#   group.equal = c("loadings", "intercepts")))$uni; X2 by parameter of the second group.
SCHOOLS = {
    "x3~1": 19.193, "x7~1": 15.021, "x2~1": 6.863, "x1~1": 5.847, "x8~1": 4.710,
    "textual=~x5": 2.744, "textual=~x6": 2.627, "speed=~x9": 0.004,
}  # fmt: skip
# The same with three groups (cases 1, 4, 7, ... are the first); groups 2 and 3.
THIRDS = {
    ("visual=~x2", 2): 1.86660329, ("visual=~x2", 3): 0.79293616,
    ("x3~1", 2): 3.12211204, ("x3~1", 3): 2.74394470, ("x8~1", 2): 2.25353636,
}  # fmt: skip


def scalar(frame, group, **options):
    equal = ("loadings", "intercepts")
    return ts.cfa(THREE_CONSTRUCTS, frame, group=group, group_equal=equal, **options)


def by_name(tests):
    return tests.assign(name=tests["lhs"] + tests["op"] + tests["rhs"]).set_index("name")


def in_thirds():
    frame = holzinger()
    return frame.assign(third=np.array(["a", "b", "c"])[np.arange(len(frame)) % 3])


def test_single_constraints_are_scored_as_in_lavaan():
    tests = by_name(scalar(holzinger(), "school").equality_tests())
    for name, expected in SCHOOLS.items():
        assert tests.loc[name, "mi"] == pytest.approx(expected, abs=5e-4)
    assert tests["mi"].is_monotonic_decreasing
    assert set(tests["df"]) == {1}


def test_three_groups_are_scored_one_by_one_and_together():
    model = scalar(in_thirds(), "third")
    single = by_name(model.equality_tests()).set_index("group", append=True)["mi"]
    for key, expected in THIRDS.items():
        assert single[key] == pytest.approx(expected, rel=1e-4)
    together = by_name(model.equality_tests(over_groups=True)).loc["x3~1"]
    assert together["mi"] == pytest.approx(3.763, abs=5e-4)  # lavTestScore(release = ...)$test
    assert together["df"] == 2
    assert together["pvalue"] == pytest.approx(0.152, abs=5e-4)


def test_expected_changes_are_near_what_refitting_gives():
    tests = by_name(scalar(holzinger(), "school").equality_tests(over_groups=True))
    released = scalar(holzinger(), "school", group_partial=("x3~1",))
    rows = released.parameters
    values = rows[(rows["lhs"] == "x3") & (rows["op"] == "~1")]["est"].to_numpy()
    assert tests.loc["x3~1", "difference"] == pytest.approx(values[1] - values[0], rel=0.05)
    drop = ts.compare(released, scalar(holzinger(), "school"))["chisq_diff"].iloc[1]
    assert tests.loc["x3~1", "mi"] == pytest.approx(drop, rel=0.05)


def test_scores_do_not_depend_on_the_items_units():
    frame = holzinger()
    enlarged = frame.assign(x3=frame["x3"] * 1000, x7=frame["x7"] / 1000)
    tests = by_name(scalar(frame, "school").equality_tests())
    again = by_name(scalar(enlarged, "school").equality_tests())
    assert again.loc[tests.index, "mi"].to_numpy() == pytest.approx(tests["mi"], rel=1e-5)


def test_equal_labels_within_one_group_are_scored_too():
    model = """
    ind60 =~ x1 + x2 + x3
    dem60 =~ y1 + a*y2 + b*y3 + y4
    dem65 =~ y5 + a*y6 + b*y7 + y8
    dem60 ~ ind60
    dem65 ~ ind60 + dem60
    """
    tests = ts.sem(model, democracy()).equality_tests()
    assert set(zip(tests["lhs"], tests["rhs"], strict=True)) == {("dem65", "y6"), ("dem65", "y7")}
    free = ts.sem(model.replace("b*", ""), democracy())
    drop = ts.compare(free, ts.sem(model, democracy()))["chisq_diff"].iloc[1]
    assert tests.set_index("rhs").loc["y7", "mi"] == pytest.approx(drop, rel=0.1)


def test_other_constraints_stay_in_force_when_one_is_released():
    base = "visual =~ a*x1 + a*x2 + c*x3\ntextual =~ x4 + x5 + x6"
    options = {"std_lv": True}
    lone = ts.cfa(base, holzinger(), **options).equality_tests()
    tied = ts.cfa(f"{base}\nc == 1.2*a", holzinger(), **options).equality_tests()
    free = base.replace("a*x2", "d*x2")
    drop = ts.compare(
        ts.cfa(f"{free}\nc == 1.2*a", holzinger(), **options),
        ts.cfa(f"{base}\nc == 1.2*a", holzinger(), **options),
    )["chisq_diff"].iloc[1]
    assert tied["mi"].iloc[0] == pytest.approx(drop, rel=0.15)
    assert tied["mi"].iloc[0] != pytest.approx(lone["mi"].iloc[0], rel=0.01)


def test_a_constraint_without_which_nothing_is_identified_has_no_test():
    frame = holzinger()
    model = "visual =~ x1 + a*x2 + a*x3"
    two = ts.cfa(f"{model}\nx1 ~~ r*x1\nx2 ~~ r*x2", frame).equality_tests()
    assert two.loc[two["rhs"] == "x3", "mi"].notna().all()
    saturated = ts.cfa("visual =~ a*x1 + a*x2\nx1 ~~ x1", frame, std_lv=True).equality_tests()
    assert saturated["mi"].isna().all()


def test_without_constraints_there_is_nothing_to_release():
    assert ts.cfa(THREE_CONSTRUCTS, holzinger()).equality_tests().empty
