"""Reference figures of sheet 8 of the regression family, to all printed digits."""

import pytest

from rmtsym.errors import DomainError, UnknownName
from rmtsym.theorem import get, predict

REFERENCE = {
    "A": "chi -0.16953400648149 B 0.88586587008911 V 0.31207968431212 R 0.948281806952 train 0.65657935629",
    "B": "chi -0.78954564963122 B 0.43950354880416 V 1.37470674169405 R 0.714444897143 train 0.0002670856176",
    "C": "chi -0.0630224464498707 B 0.5866365646553 V 0.4966075056228 R 0.834940317467 train 0.306876542568",
}


@pytest.fixture(scope="module")
def theorem():
    return get("random-features-mei-montanari")


@pytest.mark.parametrize("point", REFERENCE)
def test_reference_figures(theorem, point):
    words = REFERENCE[point].split()
    found = predict(theorem, theorem.points[point])
    for name, printed in zip(words[::2], words[1::2], strict=True):
        digits = len(printed.lstrip("-0.").replace(".", ""))
        assert float(f"{float(found[name]):.{digits}g}") == pytest.approx(float(printed), rel=1e-11), name
        assert found[name].radius < 1e-12


@pytest.mark.parametrize("act", ["relu", "tanh", "sign", "erf"])
def test_moments_of_every_activation_are_enclosed(act):
    from theory.regression.random_features_mei_montanari import coefficients

    mean, slope, star = coefficients(act)
    assert float(star) > 0
    assert all(float(x.rad()) < 1e-50 for x in (mean, slope, star))


@pytest.mark.parametrize("lam", ["1e-12", "1e-6", "1", "1e6"])
def test_the_two_forms_agree_over_the_range_of_the_ridge(theorem, lam):
    from theory.regression.random_features_mei_montanari import two_stage

    point = theorem.point("A", lam=lam)
    found, other = predict(theorem, point), two_stage(point)
    assert float(found["B"]) == pytest.approx(other["B"], rel=1e-9)
    assert float(found["V"]) == pytest.approx(other["V"], rel=1e-6)


@pytest.mark.parametrize(
    ("point", "error"),
    [({"lam": "0"}, DomainError), ({"psi1": "-1"}, DomainError), ({"act": "softmax"}, UnknownName)],
)
def test_bad_points_give_one_line(theorem, point, error):
    with pytest.raises(error) as caught:
        predict(theorem, point)
    assert "\n" not in str(caught.value)
