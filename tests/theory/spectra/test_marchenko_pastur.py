"""Marchenko-Pastur law: near the axis, regimes."""

import pytest

from rmtsym.errors import UnknownName
from rmtsym.theorem import get, predict


@pytest.fixture(scope="module")
def theorem():
    return get("marchenko-pastur")


@pytest.mark.parametrize("ratio", ["1/2", "1", "2", "999/1000"])
def test_no_digit_is_lost_near_the_axis(theorem, ratio):
    assert predict(theorem, {"c": ratio, "lam": "1e-14"}, quantities=["m_neg_lam"])["m_neg_lam"].digits >= 14


def test_a_quantity_of_another_regime_says_where_it_is_missing(theorem):
    with pytest.raises(UnknownName, match="more dimensions than samples"):
        predict(theorem, {"c": "2"}, quantities=["log_moment"])
