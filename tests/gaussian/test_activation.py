import numpy as np
import pytest
import sympy as sp

from rmtsym.errors import DomainError, UnknownName, UnsupportedModel
from rmtsym.gaussian import T, activation, activation_names, expectation, kernel
from rmtsym.gaussian.numeric import compiled
from rmtsym.gaussian.pieces import piece_expression

PARAMETERS = {
    "abrelu": (-0.3, 1.2),
    "binary": (-0.5, 1, 2),
    "clip": (-1, 2),
    "hermite": (4,),
    "lrelu": (1.2, -0.3),
    "leaky_relu": (1, 0.2),
    "monomial": (3,),
    "pact_gradient": (2, 1.5),
    "poly": (1, 2, 3),
    "polynomial": (0, 1, 0, 2),
    "quad": (1, 2, 3),
    "quadratic": (1, 0, 1),
    "quantizer": (3, 1.5),
    "rectified_monomial": (2,),
    "staircase": ((-1, 0, 2), (-1, 1)),
    "ternary": (-0.5, 1),
    "threshold_linear": (0.7,),
    "threshold_sign": (0.7,),
}
# the layers of neural-tangents with closed forms, under our names
LAYERS = [
    "abrelu", "relu", "leaky_relu", "abs", "sign", "erf", "sigmoid_like", "gelu", "sin", "cos", "rbf", "gabor", "exp",
    "exp_normalized", "gauss", "hermite", "monomial", "rectified_monomial", "polynomial",
]  # fmt: skip


def build(name):
    return activation(name, *PARAMETERS.get(name, ()))


@pytest.mark.parametrize("name", activation_names())
def test_pieces_and_definition_are_one_function(name):
    f = build(name)
    x = np.array([-3.1, -1.17, -0.4, 0.3, 0.9, 1.234, 2.7])
    if f.pieces is not None:
        expression = sp.Add(*(sp.expand_complex(c * piece_expression(p)) for p, c in f.pieces.items()))
        pieces = np.broadcast_to(compiled(expression, (T,))(x), x.shape)
        assert np.allclose(np.real(pieces), f(x), atol=1e-14, rtol=1e-13)
        assert np.allclose(np.imag(pieces), 0, atol=1e-14)
    if f.parity:
        assert np.allclose(f(-x), f(x) * (1 if f.parity == "even" else -1), atol=1e-14)
    assert list(f.breaks) == sorted(f.breaks)
    if f.growth:
        bound, power, rate = f.growth
        assert np.all(np.abs(f(x)) <= bound * (1 + np.abs(x)) ** power * np.exp(rate * np.abs(x)) * (1 + 1e-12))


@pytest.mark.parametrize("name", [n for n in activation_names() if build(n).strip and not build(n).closed])
def test_strip_bounds(name):
    """|f| in the strip stays below the bound that the trapezoidal error uses."""
    f = build(name)
    width, bound, power = f.strip
    x = np.linspace(-12, 12, 801)[:, None] + 1j * np.linspace(-width, width, 81)
    values = np.abs(compiled(f.definition, (T,))(x))
    assert np.all(values <= bound * (1 + np.abs(x.real)) ** power)


@pytest.mark.parametrize("name", LAYERS)
def test_every_closed_form_layer_has_a_certified_kernel(name):
    moment = kernel(build(name))
    assert moment.expr is not None
    assert moment.certificate.status == "certified", moment.certificate


def test_consistency_of_the_leaky_family():
    a = sp.Symbol("a", real=True)
    assert kernel(activation("abrelu", a, 1)).expr.equals(kernel(activation("leaky_relu", 1, -a)).expr)
    assert kernel(activation("abrelu", -1, 1)).expr.equals(kernel("abs").expr)
    assert kernel(activation("leaky_relu", 1, -1)).expr.equals(kernel("linear").expr)


def test_algebra_and_affine_substitution():
    relu, s = activation("relu"), sp.Symbol("s", positive=True)
    assert expectation(relu - relu.affine(-1)).expr == 0  # relu(t) - relu(-t) = t
    assert kernel(relu + relu.affine(-1)).expr.equals(kernel("abs").expr)
    shifted = relu.affine(s, -s)
    assert expectation(shifted).certificate.status == "certified"
    assert (relu * relu).parity is None and (activation("sign") * activation("abs")).parity == "odd"


def test_derivatives_refuse_point_masses():
    with pytest.raises(UnsupportedModel, match="jumps at 0"):
        activation("sign").derivative()
    assert activation("relu").derivative().pieces == activation("step").pieces
    assert activation("gelu").derivative()(np.array([0.0]))[0] == 0.5


def test_errors_name_what_to_do():
    with pytest.raises(UnknownName, match="did you mean relu"):
        activation("relyu")
    with pytest.raises(DomainError, match="hermite"):
        activation("hermite")
    with pytest.raises(DomainError, match="levels"):
        activation("staircase", (1, 2), (0, 1))
    with pytest.raises(UnsupportedModel, match="order the thresholds"):
        activation("ternary", sp.Symbol("a", real=True), sp.Symbol("b", real=True))
    with pytest.raises(DomainError, match="variance = -1"):
        expectation("relu", variance=-1)
    with pytest.raises(DomainError, match="correlation = 2"):
        kernel("relu", correlation=2)
