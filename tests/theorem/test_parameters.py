from fractions import Fraction

import pytest

from rmtsym.errors import DomainError, UnknownName
from rmtsym.theorem import NON_NEGATIVE, POSITIVE, Choice, Count, Interval, Names, Numbers, Parameter, Weights
from rmtsym.theorem.parameters import read_point

PARAMETERS = (
    Parameter("s", "population eigenvalues", Numbers(NON_NEGATIVE, like="w")),
    Parameter("w", "weights", Weights()),
    Parameter("lam", "ridge", NON_NEGATIVE),
    Parameter("sigma", "activation", Choice("activation", "relu", "erf"), default="relu"),
    Parameter("layers", "depth", Count(1, 9), default=2),
    Parameter("network", "activations", Names("activation", "relu", "erf"), default="erf, relu,erf"),
)
GOOD = {"s": "1,4", "w": "1/2,0.5", "lam": "3e-1"}


def test_text_and_numbers_are_read_exactly():
    half = Fraction(1, 2)
    expected = {"s": (1, 4), "w": (half, half), "lam": Fraction(3, 10), "sigma": "relu", "layers": 2}
    expected["network"] = ("erf", "relu", "erf")
    assert read_point(PARAMETERS, GOOD) == expected
    assert read_point(PARAMETERS, {"s": (1, 4.0), "w": [half, 0.5], "lam": 0.3, "layers": "2"}) == expected


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"lam": "-1"}, DomainError, ["lam = -1", "lam >= 0"]),
        ({"lam": "two"}, DomainError, ["lam = 'two'", "0.3"]),
        ({"lam": "1e400"}, DomainError, ["lam", "too large", "1e300"]),
        ({"lam": "1e-400"}, DomainError, ["lam", "too small", "1e-300"]),
        ({"w": "1/2,1/3"}, DomainError, ["w = 1/2,1/3", "5/6"]),
        ({"w": "3/2,-1/2"}, DomainError, ["w = -1/2"]),
        ({"s": "1,2,3"}, DomainError, ["s = 1,2,3", "2 values"]),
        ({"s": ""}, DomainError, ["s = ''"]),
        ({"s": None}, DomainError, ["s = nothing", "population eigenvalues"]),
        ({"sigma": "relyu"}, UnknownName, ["activation", "relyu", "did you mean relu"]),
        ({"network": "relu,erv"}, UnknownName, ["activation", "erv", "did you mean erf"]),
        ({"network": ""}, DomainError, ["network = nothing", "relu, erf"]),
        ({"network": 3}, DomainError, ["network = 3", "relu, erf"]),
        ({"layers": "1.5"}, DomainError, ["layers = 3/2", "integer"]),
        ({"layers": 10}, DomainError, ["layers = 10", "from 1 to 9"]),
        ({"lamda": "1"}, UnknownName, ["parameter", "lamda", "lam"]),
        ({"lam": float("nan")}, DomainError, ["lam"]),
    ],
)
def test_bad_values_give_one_clear_line(change, error, words):
    with pytest.raises(error) as caught:
        read_point(PARAMETERS, {**GOOD, **change})
    text = str(caught.value)
    assert "\n" not in text
    assert all(word in text for word in words), text


@pytest.mark.parametrize(
    ("domain", "inside", "outside"),
    [
        (POSITIVE, ["1e-300"], ["0", "-1"]),
        (Interval(0, 1), ["1/2"], ["0", "1"]),
        (Interval(0, 1, closed="right"), ["1"], ["0"]),
        (Interval(upper=0), ["-5"], ["0"]),
        (Interval(2, closed="both"), ["2"], ["1.99"]),
    ],
)
def test_intervals(domain, inside, outside):
    for text in inside:
        assert domain.read("x", text) == Fraction(text)
    for text in outside:
        with pytest.raises(DomainError):
            domain.read("x", text)
