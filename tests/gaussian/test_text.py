import pytest
import sympy as sp

from rmtsym.errors import DomainError, RmtsymError, UnknownName, UnsupportedModel
from rmtsym.gaussian import RHO, SIGMA_X, SIGMA_Y, TAU, function_of_text, kernel, moment
from rmtsym.parsing import ParseError


def test_text_gives_the_kernel():
    assert moment("relu(x)*relu(y)").expr == kernel("relu").expr
    assert moment("2*relu(x)*relu(y) - relu(x)*relu(y)").expr.equals(kernel("relu").expr)
    assert moment("x*y").expr == RHO * SIGMA_X * SIGMA_Y
    assert moment("x^2").expr == TAU


def test_forms_in_both_letters_are_letters():
    found = moment("relu(x + y)*x")
    assert sp.expand(found.expr - SIGMA_X * (SIGMA_X + RHO * SIGMA_Y) / 2) == 0
    assert found.certificate.status == "certified"
    three = moment("step(x)*step(y)*step(x + y)", variance=1)
    assert three.expr is not None  # three half-spaces through the origin
    assert float(three.expr.subs(RHO, 0)) == pytest.approx(0.25)
    assert three.certificate.status == "inconclusive"  # three letters have no rigorous integral here


def test_options():
    assert moment("relu(x)*relu(y)", variance="1", correlation="1/2").expr == sp.sqrt(3) / (4 * sp.pi) + sp.Rational(
        1, 6
    )
    t = sp.Symbol("t", positive=True)
    assert moment("sign(x)*x", variance="t").expr == sp.sqrt(2) * sp.sqrt(t) / sp.sqrt(sp.pi)
    found = moment("clip(x, -s, s)^2", variance="4", parameters={"s": "positive"})
    assert found.certificate.status == "certified"
    assert moment("x*y", variance="1,4", correlation=1).expr == 2
    assert moment("cos(k*x)", parameters={"k": "3"}).expr == sp.exp(-9 * TAU / 2)


def test_value_without_closed_form():
    found = moment("tanh(x)*tanh(y)", variance="1", correlation="1/2")
    assert found.expr is None and found.value(digits=20).digits >= 19
    data = found.to_dict({}, 20)
    assert data["closed_form"] is None and data["value"]["decimal"].startswith("0.18632441320344808611")


def test_complex_exponentials_against_a_step():
    found = moment("sin(x)*sign(x)")
    assert found.expr == sp.exp(-TAU / 2) * sp.erfi(sp.sqrt(2) * sp.sqrt(TAU) / 2)
    assert found.certificate.status == "certified"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("foo(x)", UnknownName),
        ("relu(x", ParseError),
        ("relu(x)*z", UnknownName),
        ("relu(relu(x))", UnsupportedModel),
        ("1/x", UnsupportedModel),
        ("x^0.5", DomainError),
        ("x/0", DomainError),
        ("__import__('os')", UnknownName),
        ("x.real", ParseError),
        ("hermite(x)", DomainError),
        ("clip(x, x)", DomainError),
        ("lrelu(x, 1, 2, 3)", DomainError),
        ("relu()", ParseError),
        ("x^65", DomainError),
        ("9**9**9**9", DomainError),
        ("x**x", DomainError),
        ("clip(x, 1, -1)", DomainError),
        ("threshold_linear(x, -1)", DomainError),
        ("threshold_sign(x, -1)", DomainError),
        ("binary(x, 1, -1)", DomainError),
        ("quantizer(x, 2, -1)", DomainError),
        ("quantizer(x, 100, 1)", DomainError),
        ("pact_gradient(x, 30)", DomainError),
        ("hermite(x, -1)", DomainError),
        ("hermite(x, 1.5)", DomainError),
    ],
)
def test_bad_text_gives_one_line(text, error):
    with pytest.raises(error) as caught:
        moment(text)
    assert isinstance(caught.value, RmtsymError) and "\n" not in str(caught.value)


def test_bad_options_give_one_line():
    for options in (
        {"variance": "-1"},
        {"variance": "1,2,3"},
        {"correlation": "3/2"},
        {"variance": "a+b"},
        {"variance": "nan"},
        {"variance": "rho"},
        {"parameters": {"x": "positive"}},
        {"parameters": {"1": "positive"}},
    ):
        with pytest.raises(DomainError):
            moment("relu(x)*relu(y)", **options)


@pytest.mark.parametrize("point", [{"tau": -1, "rho": 0}, {"tau": 1, "rho": 2}])
def test_a_value_at_a_law_that_does_not_exist_is_refused(point):
    found = moment("sign(x)*abs(y)", "tau")
    with pytest.raises(DomainError, match="outside its domain"):
        found.value(point)


def test_a_value_that_no_double_holds_is_null():
    shown = moment("exp(x)").to_dict({"tau": 100000})["value"]
    assert shown["value"] is None and shown["decimal"].endswith("e+21714")


def test_function_of_text():
    f = function_of_text("x*Phi(x) - 1/2")
    assert f(0.0) == -0.5
    assert kernel(function_of_text("relu(x) + relu(-x)")).expr.equals(kernel("abs").expr)
