"""Noncentral chi-square probabilities, against those of SciPy and where it has no digits left."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from trustsem.inference import chi_square_above, noncentral_above, noncentral_below


@pytest.mark.parametrize("df", [1, 24, 260, 4465])
@pytest.mark.parametrize("noncentrality", [0.01, 18.0, 400.0])
@pytest.mark.parametrize("deviation", [-3.0, 0.0, 4.0, 12.0, 60.0])
def test_probabilities_are_those_of_the_distribution(df, noncentrality, deviation):
    spread = np.sqrt(2 * df + 4 * noncentrality)
    chisq = max(df + noncentrality + deviation * spread, 0.1)
    law = stats.ncx2(df, noncentrality)
    assert noncentral_below(chisq, df, noncentrality) == pytest.approx(law.cdf(chisq), abs=1e-12)
    assert noncentral_above(chisq, df, noncentrality) == pytest.approx(
        law.sf(chisq), rel=1e-9, abs=1e-200
    )


def test_without_noncentrality_it_is_the_central_distribution():
    for chisq in (10.0, 200.0, 900.0):
        assert noncentral_above(chisq, 24, 0.0) == pytest.approx(
            chi_square_above(chisq, 24), rel=1e-12
        )


def test_what_is_hopeless_has_no_probability_left():
    assert noncentral_above(1e6, 24, 20.0) == 0.0
    assert noncentral_below(1e-30, 500, 20.0) == 0.0
