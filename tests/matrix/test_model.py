"""Models given as text: what is read, and one clear line for what is not."""

from __future__ import annotations

import pytest
import sympy as sp

from rmtsym.errors import DomainError, RmtsymError, ShapeError, UnknownName
from rmtsym.matrix import Deterministic, Gaussian, Identity, Space, Wigner, inverse, letters, parse_model, spaces
from rmtsym.parsing import ParseError

n, p = Space("n"), Space("p", sp.Symbol("p", positive=True))
X = Gaussian("X", n, p)
lam = sp.Symbol("lam")


@pytest.mark.parametrize(
    "text", ["inv(X.T@X + lam)", "inverse(lam*I + X.T @ X)", "(X.T*X + lam)**-1", "(X.T@X+lam)^-1"]
)
def test_spellings_of_a_resolvent(text: str) -> None:
    assert parse_model(text, {"gaussian": ["X: n x p, 1/n"]}) == inverse(X.T @ X + lam)


def test_sizes_and_variances() -> None:
    model = parse_model("X.T@X", {"gaussian": ["X: n x p, sigma^2/n"], "size": ["p = c"]})
    (letter,) = letters(model)
    c = sp.Symbol("c", positive=True)
    assert letter.variance == sp.Symbol("sigma") ** 2 and letter.cols.size == c
    model = parse_model("X@X.T", {"gaussian": ["X: n x p, 1/p"]})
    assert [s.size for s in spaces(model)] == [sp.Symbol("n", positive=True), 1]
    model = parse_model("p/n*X.T@X", {"gaussian": ["X: n x p, 1/n"], "size": ["p = 1/2"]})
    assert model.coefficient == sp.Rational(1, 2)
    (wigner,) = letters(parse_model("H@H", {"wigner": ["H: n"]}))
    assert wigner == Wigner("H", n)


def test_deterministic_letters() -> None:
    model = parse_model("S@X.T@X@S", {"gaussian": ["X: n x p"], "deterministic": ["S: p, s"], "size": ["n=1"]})
    assert spaces(model)[1].letters == (sp.Symbol("s"),)
    both = parse_model("S@T@X.T@X", {"gaussian": ["X: n x p, 1/n"], "deterministic": ["S: p", "T: p, S^2*t"]})
    assert spaces(both)[1].letters == (sp.Symbol("S"), sp.Symbol("t"))
    assert both.factors[0].value == sp.Symbol("S") ** 3 * sp.Symbol("t")
    root = parse_model("R@X.T@X@R", {"gaussian": ["X: n x p, 1/n"], "deterministic": ["R: p, sqrt(s)"]})
    assert spaces(root)[1].letters == (sp.Symbol("s"),) and root.factors[0].value == sp.sqrt(sp.Symbol("s"))
    tied = parse_model("A + Z", {"gaussian": ["Z: n x p, 1/n"], "deterministic": ["A: n x p, s", "W: n, w"]})
    assert {s.tie for s in spaces(tied)} == {"n"} and spaces(tied)[0].letters[0] == sp.Symbol("s")
    words = parse_model("A@B - B@A", {"matrix": ["A: n symmetric", "B: n"]})
    assert letters(words)[1] != letters(words)[0] and all(isinstance(x, Deterministic) for x in letters(words))
    free = parse_model("U@F@U.T + G", {"haar": ["U: n"], "free": ["F: n", "G: n"]})
    assert len(letters(free)) == 3


def test_identity_needs_no_space() -> None:
    assert parse_model("H - 2*I", {"wigner": ["H: n"]}) == Wigner("H", n) - 2 * Identity(n)


@pytest.mark.parametrize(
    ("text", "declarations", "error", "message"),
    [
        ("X@X", {"gaussian": ["X: n x p"]}, ShapeError, "the inner spaces p and n differ"),
        ("X@Y", {"gaussian": ["X: n x p"]}, ParseError, "declared matrices: X"),
        ("lam", {}, ParseError, "is a scalar, not a matrix"),
        ("X@", {"gaussian": ["X: n x p"]}, ParseError, "cannot read 'X@'"),
        ("__import__('os')", {}, UnknownName, "unknown function '__import__'"),
        ("X.real", {"gaussian": ["X: n x p"]}, ParseError, "X.real"),
        ("X**0.5", {"gaussian": ["X: n x n"]}, DomainError, "integers"),
        ("X", {"gaussian": ["X: n"]}, ParseError, "a name and two spaces, as in 'X: p x n, 1/n'"),
        ("X", {"gaussian": ["X n x p"]}, ParseError, "cannot read the gaussian letter"),
        ("X", {"gausian": ["X: n x p"]}, UnknownName, "did you mean gaussian"),
        ("X", {"gaussian": ["X: n x p, 1"]}, DomainError, "variance of X = 1 .* write 1/p"),
        ("X/n", {"gaussian": ["X: n x p, 1/n"]}, DomainError, "ratio of two"),
        ("X", {"gaussian": ["X: n x p"], "size": ["q = 1"]}, UnknownName, "unknown space 'q'"),
        ("X", {"gaussian": ["X: n x p"], "size": ["p"]}, ParseError, "write it as 'p = c'"),
        ("X", {"gaussian": ["X: n x p"], "size": ["p = c", "p = d"]}, DomainError, "one size for p"),
        ("X@X.T + 1/0", {"gaussian": ["X: n x p"]}, ParseError, "cannot divide 1 by 0"),
        ("inv(X@X.T, X)", {"gaussian": ["X: n x p"]}, ParseError, "does not take 2 arguments"),
        ("A", {"deterministic": ["A: n, exp(s)"]}, UnknownName, "known: sqrt"),
        ("X", {"gaussian": ["X: n x p"], "wigner": ["X: n"]}, DomainError, "one meaning"),
        ("n", {"gaussian": ["n: n x p"]}, DomainError, "one meaning"),
        ("A", {"deterministic": ["A: n x p, s + 1"]}, DomainError, "vanish"),
        ("A", {"matrix": ["A: n x p symmetric"]}, ShapeError, "cannot be symmetric"),
        ("U", {"haar": ["U: n, 1"]}, ParseError, "write 'U: n'"),
    ],
)
def test_errors_are_one_clear_line(text, declarations, error, message) -> None:
    with pytest.raises(error, match=message) as caught:
        parse_model(text, declarations)
    assert isinstance(caught.value, RmtsymError) and "\n" not in str(caught.value)
