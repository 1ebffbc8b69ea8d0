"""Results of real studies, each estimated once."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from trustsem.study import Study, reflective, two_step


@pytest.fixture(scope="session")
def bollen():
    """Return a real study of both steps."""
    return two_step("bollen1989")


@pytest.fixture(scope="session")
def holzinger():
    """Return a real study of the measurement step only."""
    return two_step("holzinger1939")


@pytest.fixture(scope="session")
def synthetic():
    """Return a study of synthetic data."""
    return two_step("brockman2017")


def heywood_answers():
    """Make 40 answers for which the solution has a negative variance."""
    draws = np.random.default_rng(4)
    first = draws.normal(size=40)
    second = 0.5 * first + 0.8 * draws.normal(size=40)
    weak = {f"a{i}": 0.4 * first + draws.normal(size=40) for i in (1, 2, 3)}
    strong = {f"b{i}": 0.7 * second + 0.6 * draws.normal(size=40) for i in (1, 2, 3)}
    return pd.DataFrame({**weak, **strong}).round(3)


@pytest.fixture(scope="session")
def improper():
    """Return a study with an inadmissible solution, its labels as hostile as labels get."""
    study = Study(
        title='Trust <script>alert("t")</script> & more',
        name="improper",
        constructs={
            "fa": reflective("a1:a3", label="<img src=x onerror=alert(1)>"),
            "fb": reflective("b1:b3", label='=HYPERLINK("x")'),
        },
        hypotheses=["H1: fa -> fb"],
        run={"second_engine": False},
    )
    return two_step(study, heywood_answers())
