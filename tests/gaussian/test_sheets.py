"""The closed forms of the sheets, symbolically, each with its certificate; their wrong versions, refuted."""

import pytest
import sympy as sp

from rmtsym.gaussian import (
    AA,
    AB,
    BB,
    RHO,
    SIGMA_X,
    SIGMA_Y,
    TAU,
    activation,
    certify,
    derivative_moment,
    expectation,
    feature_coefficients,
    hermite_coefficient,
    hermite_coefficients,
    kernel,
    kernel_expression,
)

NX, NY = SIGMA_X, SIGMA_Y
DOT = RHO * NX * NY
ROOT = sp.sqrt(1 - RHO**2)
P, N = sp.symbols("p n", real=True)
Q2, Q1, Q0 = sp.symbols("q2 q1 q0", real=True)
pi = sp.pi


def same(left, right):
    """Equal as functions: exact after writing arccos by arcsin and erf by erfc."""
    difference = sp.sympify(left) - sp.sympify(right)
    difference = difference.replace(sp.acos, lambda x: pi / 2 - sp.asin(x)).rewrite(sp.erfc).rewrite(sp.exp)
    return sp.simplify(sp.expand(difference)) == 0


# sheet 1, as printed there
KERNELS = {
    "linear": ((), DOT),
    "relu": ((), NX * NY / (2 * pi) * (RHO * sp.acos(-RHO) + ROOT)),
    "abs": ((), 2 * NX * NY / pi * (RHO * sp.asin(RHO) + ROOT)),
    "lrelu": ((P, N), (P**2 + N**2) * DOT / 2 + NX * NY / (2 * pi) * (P + N) ** 2 * (ROOT - RHO * sp.acos(RHO))),
    "step": ((), sp.Rational(1, 2) - sp.acos(RHO) / (2 * pi)),
    "sign": ((), 2 / pi * sp.asin(RHO)),
    "quad": (
        (Q2, Q1, Q0),
        Q2**2 * (2 * DOT**2 + NX**2 * NY**2) + Q1**2 * DOT + Q2 * Q0 * (NX**2 + NY**2) + Q0**2,
    ),
    "cos": ((), sp.exp(-(NX**2 + NY**2) / 2) * sp.cosh(DOT)),
    "sin": ((), sp.exp(-(NX**2 + NY**2) / 2) * sp.sinh(DOT)),
    "erf": ((), 2 / pi * sp.asin(2 * DOT / (sp.sqrt(1 + 2 * NX**2) * sp.sqrt(1 + 2 * NY**2)))),
    "gauss": ((), 1 / sp.sqrt((1 + NX**2) * (1 + NY**2) - DOT**2)),
}


@pytest.mark.parametrize("name", KERNELS)
def test_kernel_of_sheet_one(name):
    parameters, printed = KERNELS[name]
    moment = kernel(activation(name, *parameters))
    assert same(moment.expr, printed)
    assert moment.certificate.status == "certified", moment.certificate
    assert len(moment.certificate.checks) >= 7


WRONG_KERNELS = {
    "relu with arccos(angle)": ("relu", (), NX * NY / (2 * pi) * (RHO * sp.acos(RHO) + ROOT)),
    "leaky with a difference": (
        "lrelu",
        (P, N),
        (P**2 + N**2) * DOT / 2 + NX * NY / (2 * pi) * (P - N) ** 2 * (ROOT - RHO * sp.acos(RHO)),
    ),
    "quadratic with a product of norms": (
        "quad",
        (Q2, Q1, Q0),
        Q2**2 * (2 * DOT**2 + NX**2 * NY**2) + Q1**2 * DOT + Q2 * Q0 * NX**2 * NY**2 + Q0**2,
    ),
    # linear term inside the bracket, product of norms, constant dropped: a published notebook
    "quadratic of the notebook": (
        "quad",
        (Q2, Q1, Q0),
        Q2**2 * (2 * DOT**2 + NX**2 * NY**2 + Q1**2 * DOT) + Q2 * Q0 * NX**2 * NY**2,
    ),
    "quadratic without the factor two": (
        "quad",
        (Q2, Q1, Q0),
        Q2**2 * (DOT**2 + NX**2 * NY**2) + Q1**2 * DOT + Q2 * Q0 * (NX**2 + NY**2) + Q0**2,
    ),
    "erf without the factor two": ("erf", (), 2 / pi * sp.asin(2 * DOT / sp.sqrt((1 + NX**2) * (1 + NY**2)))),
    "erf with a bare ratio": ("erf", (), 2 / pi * sp.asin(2 * DOT / ((1 + 2 * NX**2) * (1 + 2 * NY**2)))),
    "sin with cosh": ("sin", (), sp.exp(-(NX**2 + NY**2) / 2) * sp.cosh(DOT)),
    "exp without the cross term": ("gauss", (), 1 / sp.sqrt((1 + NX**2) * (1 + NY**2))),
    "sign with 1/pi": ("sign", (), sp.asin(RHO) / pi),
}


@pytest.mark.parametrize("wrong", WRONG_KERNELS)
def test_wrong_kernel_is_refuted(wrong):
    name, parameters, claim = WRONG_KERNELS[wrong]
    certificate = certify(kernel(activation(name, *parameters)), claim=claim)
    assert certificate.status == "refuted"
    assert certificate.failures and "is not integral" in str(certificate.failures[0])


# sheet 3: d0, d1, d2
h = sp.Rational(1, 2)
COEFFICIENTS = {
    "linear": ((), 0, 1, 0),
    "relu": ((), (h / 2 - 1 / (2 * pi)) * TAU, h / 2, 1 / (8 * pi * TAU)),
    "abs": ((), (1 - 2 / pi) * TAU, 0, 1 / (2 * pi * TAU)),
    "lrelu": ((P, N), (pi - 2) / (4 * pi) * (P + N) ** 2 * TAU, (P - N) ** 2 / 4, (P + N) ** 2 / (8 * pi * TAU)),
    "step": ((), h / 2 - 1 / (2 * pi), 1 / (2 * pi * TAU), 0),
    "sign": ((), 1 - 2 / pi, 2 / (pi * TAU), 0),
    "quad": ((Q2, Q1, Q0), 2 * TAU**2 * Q2**2, Q1**2, Q2**2),
    "cos": ((), h + sp.exp(-2 * TAU) / 2 - sp.exp(-TAU), 0, sp.exp(-TAU) / 4),
    "sin": ((), h - sp.exp(-2 * TAU) / 2 - TAU * sp.exp(-TAU), sp.exp(-TAU), 0),
    "erf": (
        (),
        2 / pi * (sp.asin(2 * TAU / (2 * TAU + 1)) - 2 * TAU / (2 * TAU + 1)),
        4 / (pi * (2 * TAU + 1)),
        0,
    ),
    "gauss": ((), 1 / sp.sqrt(2 * TAU + 1) - 1 / (TAU + 1), 0, 1 / (4 * (TAU + 1) ** 3)),
}


@pytest.mark.parametrize("name", COEFFICIENTS)
def test_feature_coefficients_of_sheet_three(name):
    parameters, d0, d1, d2 = COEFFICIENTS[name]
    found = feature_coefficients(activation(name, *parameters))
    assert same(found.d0, d0) and same(found.d1, d1) and same(found.d2, d2)
    assert found.certified


def test_published_mistakes_in_the_coefficient_table_are_refuted():
    erf = activation("erf")
    wrong = 2 / pi * sp.acos(2 * TAU / (2 * TAU + 1))  # arccos for arcsin in the erf row
    assert certify(expectation(erf * erf), claim=wrong).status == "refuted"
    second = derivative_moment(activation("quad", Q2, Q1, Q0), 2)
    assert certify(second).status == "certified"
    assert certify(second, claim=2 * Q0).status == "refuted"  # the constant term for the leading one
    assert certify(derivative_moment("sign", 1), claim=sp.S.Zero).status == "refuted"  # pointwise derivative


@pytest.mark.parametrize("order", range(6))
def test_arc_cosine_kernels_of_all_orders(order):
    theta = sp.Symbol("theta", real=True)
    shape = (pi - theta) / sp.sin(theta)
    for _ in range(order):
        shape = sp.diff(shape, theta) / sp.sin(theta)
    angular = (-1) ** order * sp.sin(theta) ** (2 * order + 1) * shape
    moment = kernel(activation("rectified_monomial", order))
    derived = 2 * pi * moment.expr.subs({NX: 1, NY: 1})
    derived = (
        derived.subs(sp.asin(RHO), pi / 2 - theta).subs(sp.sqrt(1 - RHO**2), sp.sin(theta)).subs(RHO, sp.cos(theta))
    )
    assert sp.simplify(sp.expand(derived - angular)) == 0
    assert moment.certificate.status == "certified"
    if order:  # Price: dJ_n/d cos = n^2 J_(n-1)
        below = kernel(activation("rectified_monomial", order - 1)).expr
        assert same(sp.diff(moment.expr, RHO) / (NX * NY), order**2 * below)
    assert moment.expr.subs({NX: 1, NY: 1, RHO: 1}) == sp.factorial2(2 * order - 1) / 2


def test_hermite_coefficients_of_sheet_twenty_two():
    for k in range(1, 8):
        even = (-1) ** (k + 1) * sp.factorial2(2 * k - 3) / (sp.sqrt(2 * pi) * sp.sqrt(sp.factorial(2 * k)))
        assert same(hermite_coefficient("relu", 2 * k).expr, even)
        assert hermite_coefficient("relu", 2 * k + 1).expr == 0
        odd = sp.sqrt(2 / pi) * (-1) ** k * sp.factorial2(2 * k - 1) / sp.sqrt(sp.factorial(2 * k + 1))
        assert same(hermite_coefficient("sign", 2 * k + 1).expr, odd)
        bump = (-1) ** k * sp.sqrt(sp.factorial(2 * k)) / (sp.sqrt(2) * 4**k * sp.factorial(k))
        assert same(hermite_coefficient("gauss", 2 * k).expr, bump)
        assert same(hermite_coefficient("cos", 2 * k).expr, (-1) ** k * sp.exp(-h) / sp.sqrt(sp.factorial(2 * k)))
    assert same(hermite_coefficient("erf", 1).expr, 2 / sp.sqrt(3 * pi))
    table = {
        "relu": [0.398942280401, 0.5, 0.282094791774, 0, -0.0814337519838, 0, 0.0446031029038, 0.340845056908],
        "sign": [0, 0.797884560803, 0, -0.325735007935, 0, 0.218509686118, 0, 1],
        "erf": [0, 0.651470015871, 0, -0.177307680178, 0, 0.0792944051623, 0, 0.464559054398],
    }
    for name, values in table.items():
        for k in range(7):
            moment = hermite_coefficient(name, k)
            assert abs(float(moment.expr) - values[k]) < 1e-11
            assert moment.certificate.status == "certified"
        assert abs(float(hermite_coefficients(name).nu) - values[7]) < 1e-11


def test_hermite_coefficient_with_symbolic_variance():
    moment = hermite_coefficient("erf", 3, TAU)
    assert moment.certificate.status == "certified"
    assert abs(float(moment.expr.subs(TAU, 1)) + 0.177307680178) < 1e-11


def test_thresholds_and_quantisers():
    s = sp.Symbol("s", positive=True)
    f1 = hermite_coefficients(activation("threshold_linear", sp.sqrt(2) * s))
    assert same(f1.a1, sp.erfc(s) + 2 * s / sp.sqrt(pi) * sp.exp(-(s**2))) and same(f1.nu, f1.a1)
    f3 = hermite_coefficients(activation("threshold_sign", sp.sqrt(2) * s))
    assert same(f3.a1, sp.sqrt(2 / pi) * sp.exp(-(s**2))) and same(f3.nu, sp.erfc(s))
    for bits in (2, 3, 4):
        k = 2 ** (bits - 2)
        f2 = hermite_coefficients(activation("quantizer", bits, sp.sqrt(2) * s))
        steps = 2 * sum(sp.exp(-(j**2) * s**2 / sp.Integer(k) ** 2) for j in range(1, k))
        assert same(f2.a1, sp.sqrt(2 / pi) * sp.Integer(2) ** (1 - bits) * (1 + sp.exp(-(s**2)) + steps))
        nu = 1 - sp.erf(s) * (1 - (1 - sp.Rational(1, 2 * k)) ** 2)
        nu -= sum(sp.Rational(2 * j, k**2) * sp.erf(j * s / k) for j in range(1, k))
        assert same(f2.nu, nu)


def test_reference_values_of_sheet_one():
    norms = {"deviations": ("0.8", "1.5"), "correlation": "0.3"}
    reference = {
        "relu": 0.289646570301,
        "abs": 0.798586281205,
        "step": 0.29849334201,
        "sign": 0.193973368041,
        "cos": 0.251188121236,
        "sin": 0.0867136646588,
        "erf": 0.130347449624,
        "gauss": 0.438512144126,
    }
    for name, value in reference.items():
        assert kernel(name, **norms).value().value == pytest.approx(value, abs=2e-12)
    assert kernel(activation("lrelu", 1.3, -0.4), **norms).value().value == pytest.approx(0.421813721944, abs=2e-12)
    assert kernel(activation("quad", -0.5, 0.7, 1.1), **norms).value().value == pytest.approx(0.2217, abs=2e-12)


def test_kernel_in_inner_products():
    assert kernel_expression("relu") == AB * sp.asin(AB / (sp.sqrt(AA) * sp.sqrt(BB))) / (2 * pi) + AB / 4 + sp.sqrt(
        AA * BB - AB**2
    ) / (2 * pi)
    assert same(kernel_expression(activation("quad", 1, 0, 0)), 2 * AB**2 + AA * BB)


def test_mixed_pairs():
    assert kernel("relu", "step").expr == sp.sqrt(2) * NX * (RHO + 1) / (4 * sp.sqrt(pi))
    for pair in (
        ("relu", "erf"),
        ("gelu", "sign"),
        ("gauss", "abs"),
        ("sin", "erf"),
        ("elu", "linear"),
        ("cos", "relu"),
    ):
        assert kernel(*pair).certificate.status == "certified", pair
