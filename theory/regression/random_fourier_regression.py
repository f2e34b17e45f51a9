r"""Random Fourier features: :math:`\kappa_\sigma=N/(n+\mathrm{tr}\,K_\sigma\bar Q)` for the cosines and for the sines.

Ridge regression on the 2N features cos(w'x), sin(w'x) of fixed data; only the weights are random.  The two kernels do
not commute: the derivation takes out one neuron, a pair of features, at a time.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache, partial
from typing import Any

import numpy as np
import sympy as sp
from sympy import Eq, Identity, Inverse, MatrixSymbol, Trace

from rmtsym.equivalent import explicit_equivalent
from rmtsym.field.number_system import FLOAT
from rmtsym.fixedpoint import FixedPointSystem, Unknown
from rmtsym.gaussian import AA, AB, BB, kernel, kernel_expression
from rmtsym.gaussian.gram import Gram
from rmtsym.matrix import Deterministic, Gaussian, Space, inverse
from rmtsym.simulate import Control, Statistic, ensembles
from rmtsym.theorem import NON_NEGATIVE, POSITIVE, REAL, Choice, Count, Parameter, Quantity, Theorem
from rmtsym.theorem.certified import certified
from theory.regression import datasets

theorem = Theorem(
    id="random-fourier-regression",
    title="Ridge regression on random Fourier features",
    family="regression",
    references=(
        "Z. Liao, R. Couillet, M. W. Mahoney (2020), A random matrix analysis of random Fourier features: beyond the "
        "Gaussian kernel, a precise phase transition, and the corresponding double descent, arXiv:2006.05013",
        "R. Couillet, Z. Liao (2022), Random Matrix Methods for Machine Learning, section 5.5",
    ),
    assumptions=(
        r"data $X\in\mathbb R^{p\times n}$, $\hat X\in\mathbb R^{p\times n_h}$ deterministic, $\|X\|=O(1)$",
        r"$W\in\mathbb R^{N\times p}$ with independent standard Gaussian entries, independent of everything else",
        r"$S=[\cos(WX);\sin(WX)]$ of $2N$ rows; $N,n,p$ of the same order; $\lambda>0$",
        r"readout $\beta=\frac1nSQy$, $Q=(\frac1nS^{\sf T}S+\lambda)^{-1}$",
    ),
    parameters=(
        Parameter("p", "dimension of the data", Count(1)),
        Parameter("n", "training samples", Count(2)),
        Parameter("nh", "test samples", Count(2), "n_h"),
        Parameter("N", "weights; there are 2N features", Count(1)),
        Parameter("lam", "ridge", POSITIVE, r"\lambda"),
        Parameter("data", "data set", Choice("data set", *datasets.NAMES), default="gauss"),
        Parameter("bw", "factor on the data, inverse bandwidth", POSITIVE, "h", default="1"),
        Parameter("snr", "size of the class means", NON_NEGATIVE, default="2"),
        Parameter("seed", "seed of the data", Count(0), default="0"),
        Parameter("shift", "length of a vector added to all data", REAL, "a", default="0"),
    ),
    quantities=(
        Quantity("trQ", "normalised trace of the resolvent", r"\frac{1}{n}\mathrm{tr}\,Q"),
        Quantity("dcos", "load of the cosines", r"\delta_{\cos}"),
        Quantity("dsin", "load of the sines", r"\delta_{\sin}"),
        Quantity("gap", "distance from the phase transition", r"\det(1-M)", observable=False),
        Quantity("trQ2", "training error on white labels", r"\frac{\lambda^2}{n}\mathrm{tr}\,Q^2"),
        Quantity("train", "training error", r"E_{\mathrm{train}}"),
        Quantity("test_noise", "variance of a prediction on white labels", r"\frac{1}{n_h}\|\hat S^{\sf T}SQ/n\|_F^2"),
        Quantity("test", "test error", r"E_{\mathrm{test}}"),
    ),
    points={
        "A": {"p": 16, "n": 32, "nh": 16, "N": 8, "lam": "0.1"},
        "B": {"p": 16, "n": 32, "nh": 16, "N": 32, "lam": "0.01"},
        "C": {"p": 24, "n": 32, "nh": 16, "N": 13, "lam": "0.001", "data": "toeplitz"},
        "D": {"p": 16, "n": 32, "nh": 16, "N": 12, "lam": "0.02", "bw": "0.4"},
        "digits": {"p": 64, "n": 32, "nh": 16, "N": 8, "lam": "0.05", "data": "digits"},
    },
)  # fmt: skip

# -- statement --------------------------------------------------------------------------------------------------------

n, nh, Nc, Ns = sp.symbols("n nh N_cos N_sin", integer=True, positive=True)
lam, kc, ks = sp.symbols("lam kappa_cos kappa_sin", positive=True)
Kc, Ks = MatrixSymbol("K_cos", n, n), MatrixSymbol("K_sin", n, n)
Cc, Cs = MatrixSymbol("C_cos", n, nh), MatrixSymbol("C_sin", n, nh)
Hc, Hs = MatrixSymbol("H_cos", nh, nh), MatrixSymbol("H_sin", nh, nh)
y, yh = MatrixSymbol("y", n, 1), MatrixSymbol("yh", nh, 1)
one, one_h = Identity(n), Identity(nh)

Psi = kc * Kc + ks * Ks
P = kc * Cc + ks * Cs  # between training and test data
Qbar = Inverse(Psi + lam * one)
fluctuation = {f"T_{a}{b}": Trace(K * Qbar * L * Qbar) for a, K, b, L in
               (("c", Kc, "c", Kc), ("c", Kc, "s", Ks), ("s", Ks, "s", Ks))}  # fmt: skip
Tcc, Tcs, Tss = sp.symbols("T_cc T_cs T_ss")
gap = sp.Symbol("gap")


def form(matrix: Any, left: Any = y, right: Any = y) -> sp.Expr:
    """left' matrix right, as a trace."""
    return Trace(matrix * right * left.T)


def response(vc: Any, vs: Any) -> tuple[sp.Expr, sp.Expr]:
    """Solution (r_cos, r_sin) of r_s N_s/kappa_s^2 = v_s + sum over t of T_st r_t, by Cramer's rule."""
    return (
        kc**2 / Nc * (vc * (1 - ks**2 * Tss / Ns) + ks**2 * Tcs * vs / Ns) / gap,
        ks**2 / Ns * (vs * (1 - kc**2 * Tcc / Nc) + kc**2 * Tcs * vc / Nc) / gap,
    )


@theorem.statement
def statement() -> FixedPointSystem:
    rc, rs, qc, qs, vc, vs, wc, ws, uc, us = sp.symbols("r_cos r_sin q_cos q_sin v_cos v_sin w_cos w_sin u_cos u_sin")
    rates, pulls = response(vc, vs), response(wc, ws)

    def seen(C: Any, H: Any, K: Any) -> sp.Expr:
        """tr of the features' covariance at the test data, less what the training data explain."""
        return Trace(H) - Trace(P.T * Qbar * C) - Trace(C.T * Qbar * P) + Trace(P.T * Qbar * K * Qbar * P)

    return FixedPointSystem(
        unknowns=(Unknown(kc, meaning="N/(n(1+delta_cos))"), Unknown(ks, meaning="N/(n(1+delta_sin))")),
        equations=(Eq(kc, Nc / (n + Trace(Kc * Qbar))), Eq(ks, Ns / (n + Trace(Ks * Qbar)))),
        outputs={
            "trQ": Trace(Qbar) / n,
            "dcos": Nc / (n * kc) - 1,
            "dsin": Ns / (n * ks) - 1,
            **fluctuation,
            "gap": (1 - kc**2 * Tcc / Nc) * (1 - ks**2 * Tss / Ns) - kc**2 * ks**2 * Tcs**2 / (Nc * Ns),
            "v_cos": Trace(Kc * Qbar * Qbar),
            "v_sin": Trace(Ks * Qbar * Qbar),
            "r_cos": rates[0],
            "r_sin": rates[1],
            "u_cos": form(Qbar * Kc * Qbar),
            "u_sin": form(Qbar * Ks * Qbar),
            "trQ2": lam**2 / n * (Trace(Qbar * Qbar) + rc * vc + rs * vs),
            "train": lam**2 / n * (form(Qbar * Qbar) + rc * uc + rs * us),
            "w_cos": seen(Cc, Hc, Kc),
            "w_sin": seen(Cs, Hs, Ks),
            "q_cos": pulls[0],
            "q_sin": pulls[1],
            "test_noise": (Trace(P.T * Qbar * Qbar * P) + qc * vc + qs * vs) / nh,
            "test": (form(one_h, yh, yh) - 2 * form(Qbar * P, y, yh) + form(Qbar * P * P.T * Qbar) + qc * uc + qs * us)
            / nh,
        },
    )


# -- data and kernels -------------------------------------------------------------------------------------------------


@lru_cache(maxsize=32)
def load(data: str, p: int, n: int, nh: int, bw: Fraction, snr: Fraction, seed: int, shift: Fraction) -> tuple:
    """Training and test data and labels; the shift is along the last coordinate."""
    X, Xh, labels, labels_h = datasets.load(data, p, n, nh, snr, seed)
    away = np.zeros((p, 1))
    away[-1] = float(shift)
    return float(bw) * (X + away), float(bw) * (Xh + away), labels, labels_h


@lru_cache(maxsize=32)
def _bound(*source: Any) -> dict[str, Any]:
    X, Xh, labels, labels_h = load(*source)
    found: dict[str, Any] = {"y": labels[:, None], "yh": labels_h[:, None]}
    for name in ("cos", "sin"):
        k = kernel_expression(name)
        found |= {f"K_{name}": Gram(k, X), f"C_{name}": Gram(k, X, Xh), f"H_{name}": Gram(k, Xh)}
    return found


@theorem.binding
def binding(data, p, n, nh, N, bw, snr, seed, shift) -> dict[str, Any]:
    """Labels, kernel matrices, and as many cosines as sines."""
    return {**_bound(data, p, n, nh, bw, snr, seed, shift), "N_cos": N, "N_sin": N}


# -- experiment -------------------------------------------------------------------------------------------------------

_SOURCE = ("data", "p", "n", "nh", "bw", "snr", "seed", "shift")


def at_size(point: dict[str, Any], size: int) -> dict[str, Any]:
    """The same proportions with ``size`` training samples (the digits keep their dimension)."""
    names = ("n", "nh", "N") if point["data"] == "digits" else ("n", "nh", "N", "p")
    return {**point, **{name: int(point[name] * Fraction(size, point["n"])) for name in names}}


@lru_cache(maxsize=64)
def _expansion(key: tuple[tuple[str, Any], ...]) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """Matrices A for which tr AG follows a statistic to first order in G = S'S/n, and the exact means of tr AG."""
    point = dict(key)
    bound, near = _bound(*(point[name] for name in _SOURCE)), theorem.values(point)
    kernels = [bound[f"K_{name}"].floats() * point["N"] / point["n"] for name in ("cos", "sin")]
    loads = [near["dcos"], near["dsin"]]
    inside = sum(K / (1 + d) for K, d in zip(kernels, loads, strict=True)) + float(point["lam"]) * np.eye(point["n"])
    bar = np.linalg.inv(inside)
    fitted = bar @ bound["y"]
    first = {"trQ": bar @ bar, "dcos": bar @ kernels[0] @ bar, "dsin": bar @ kernels[1] @ bar}
    first |= {"trQ2": bar @ bar @ bar, "yQy": fitted @ fitted.T}
    return first, {name: float(np.sum(A * sum(kernels))) for name, A in first.items()}


def _known(point: dict[str, Any], size: int) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    return _expansion(tuple(sorted(at_size(point, size).items())))


def _mean(name: str, point: dict[str, Any], size: int, law: str) -> float:
    return _known(point, size)[1][name]


CONTROLS = tuple(Control(f"first_{name}", partial(_mean, name)) for name in ("trQ", "dcos", "dsin", "trQ2", "yQy"))


def observed(
    trace: float, load: float, noise: float, *, curvature: float = 10.0, loads: float = 60.0, forms: float = 0.3
) -> tuple[Statistic, ...]:
    """Statistics with the resolutions asked of resolvent traces, loads, and predictions from white labels.

    The data differ between sizes, and with them the coefficient of the 1/n term.  ``curvature`` bounds its drift for
    the traces, ``loads`` where the largest eigenvalues of the kernels count; in forms of the labels it jumps by up to
    about one (measured on other data than these).
    """
    plan = [("trQ", trace, curvature), ("trQ2", trace, curvature)]
    plan += [("dcos", load, loads), ("dsin", load, loads), ("test_noise", noise, loads)]
    rough = [
        Statistic(q, kind="form", resolution=forms, variation=2.0, controls=CONTROLS[-1:]) for q in ("train", "test")
    ]
    return (*(Statistic(q, resolution=x, curvature=d, controls=CONTROLS) for q, x, d in plan), *rough)


SIZES = dict(sizes=(64, 128), at_size=at_size)
ROUGH = observed(0.06, 0.1, 0.1, curvature=200.0, loads=400.0, forms=0.5)  # the dimension stays while n grows


@theorem.experiment(points=("digits",), statistics=ROUGH, sizes=(80, 160), at_size=at_size)
@theorem.experiment(points=("C",), statistics=observed(0.0075, 0.04, 0.06, forms=0.5), **SIZES)
@theorem.experiment(points=("B",), statistics=observed(0.06, 0.06, 0.06, curvature=30.0, forms=0.5), **SIZES)
@theorem.experiment(points=("D",), statistics=observed(0.01, 0.04, 0.04, forms=0.5), **SIZES)
@theorem.experiment(points=("A",), statistics=observed(0.01, 0.04, 0.06, forms=0.5), laws=("rad",), **SIZES)
@theorem.experiment(points=("A",), statistics=observed(0.005, 0.025, 0.04), **SIZES)
def replicate(rng: np.random.Generator, size: int, point: dict[str, Any], law: str) -> dict[str, float]:
    """Resolvent and errors for one draw of the weights; the data stay."""
    first, _ = _known(point, size)
    point = at_size(point, size)
    source = [point[name] for name in _SOURCE]
    X, Xh, labels, labels_h = load(*source)
    weights = ensembles.entries(rng, (point["N"], point["p"]), law)
    S, Sh = (np.concatenate([np.cos(weights @ data), np.sin(weights @ data)]) for data in (X, Xh))
    ridge, kernels = float(point["lam"]), _bound(*source)
    G = S.T @ S / size
    Q = np.linalg.inv(G + ridge * np.eye(size))
    Qy = Q @ labels
    predict = Sh.T @ (S @ Q) / size
    return {
        "trQ": float(np.trace(Q)) / size,
        "dcos": float(np.sum(kernels["K_cos"].in_system(FLOAT) * Q)) / size,
        "dsin": float(np.sum(kernels["K_sin"].in_system(FLOAT) * Q)) / size,
        "trQ2": ridge**2 / size * float(np.sum(Q**2)),
        "train": ridge**2 / size * float(Qy @ Qy),
        "test": float(np.mean((labels_h - predict @ labels) ** 2)),
        "test_noise": float(np.sum(predict**2)) / len(labels_h),
        **{f"first_{name}": float(np.sum(A * G)) for name, A in first.items()},
    }


# -- derivation -------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=8)
def _lemma_case(size: int) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Data, a deterministic resolvent and the two kernels."""
    X, *_ = datasets.load("gauss", size // 2, size, 2)
    kernels = {name: Gram(kernel_expression(name), X).floats() for name in ("cos", "sin")}
    return X, np.linalg.inv(sum(kernels.values()) + 0.1 * np.eye(size)), kernels


def trace_lemma(rng: np.random.Generator, size: int) -> float:
    """(c+s)'A(c+s)/n less tr(K_cos A)/n + tr(K_sin A)/n for one neuron: both squares, and no cross term."""
    X, A, kernels = _lemma_case(size)
    angles = X.T @ rng.standard_normal(size // 2)
    both = np.cos(angles) + np.sin(angles)
    return float(both @ A @ both - sum(np.sum(K * A) for K in kernels.values())) / size


def one_by_one(rng: np.random.Generator, size: int) -> float:
    """tr(G A Q)/n less (N/n) sum over s of tr(K_s A Q)/(n (1 + tr K_s Q/n)), for N = n/2 neurons and A fixed."""
    X, A, kernels = _lemma_case(size)
    angles = rng.standard_normal((size // 2, size // 2)) @ X
    S = np.concatenate([np.cos(angles), np.sin(angles)])
    G = S.T @ S / size
    Q = np.linalg.inv(G + 0.2 * np.eye(size))
    AQ = A @ Q
    sides = [np.sum(K * AQ.T) / (1 + np.sum(K * Q) / size) for K in kernels.values()]
    return float(np.sum(G * AQ.T) - 0.5 * sum(sides)) / size


@theorem.derivation
def derivation(proof: Any) -> None:
    """One neuron at a time; the errors are derivatives in a perturbed ridge matrix."""
    moments = [
        proof.moment(
            f"kernel of {f} and {g}" if f != g else f"kernel of {f}",
            Eq(sp.Symbol(f"K_{f}_{g}"), kernel(f, g).expr, evaluate=False),
            reason,
            check=certified(kernel(f, g)),
            wrong=wrong,
        )
        for f, g, reason, wrong in (
            ("cos", "cos", "E cos(w'a)cos(w'b)", []),
            ("sin", "sin", "E sin(w'a)sin(w'b)", []),
            ("cos", "sin", "odd in w", [kernel("sin").expr, sp.Integer(1)]),
        )
    ]
    A, B, G, R = (MatrixSymbol(name, n, n) for name in "ABGR")
    U = MatrixSymbol("U", n, 2)
    sherman = Eq((A + U * U.T).I * U * (Identity(2) + U.T * A.I * U), A.I * U, evaluate=False)
    rank_two = proof.identity("leave one neuron out", sherman, "its two features are a change U = (c, s) of rank two")
    lemma = proof.asymptotic(
        "trace lemma",
        "U'AU/n = diag(tr K_cos A/n, tr K_sin A/n)",
        "for A without this neuron: the 2 x 2 matrix 1 + U'QU/n is diagonal",
        deviation=trace_lemma,
        sizes=(32, 64, 128, 256),
        replicates=512,
        uses=moments,
    )
    concentration = proof.assume(
        "concentration",
        "the trace lemma holds for all neurons at once, and the loads do not fluctuate",
        "Z. Liao, R. Couillet, M. W. Mahoney (2020), Theorem 1: concentration of Lipschitz functions, |X| = O(1)",
        uses=[lemma],
    )
    # Q = (G + R)^{-1} for any ridge matrix R, against Qbar = (kc K_cos + ks K_sin + R)^{-1}
    tBQ, tBQbar, g, tc, ts, dc, ds = sp.symbols("t_BQ t_BQbar g t_cos t_sin dcos dsin")
    neurons = proof.asymptotic(
        "sum over neurons",
        Eq(g, Nc / n * tc / (1 + dc) + Ns / n * ts / (1 + ds)),
        "g = tr(GAQ)/n, t_s = tr(K_s AQ)/n for A = Qbar B: each neuron leaves Q with a factor 1/(1 + delta_s)",
        deviation=one_by_one,
        exponent=-1,
        sizes=(32, 64, 128, 256),
        replicates=96,
        uses=[rank_two, concentration],
    )
    kappas = [
        proof.define(Eq(k, m / (n * (1 + d))), "what multiplies the kernel in Qbar")
        for k, m, d in ((kc, Nc, dc), (ks, Ns, ds))
    ]
    Q, bar = Inverse(G + R), Inverse(Psi + R)
    difference = proof.identity(
        "difference of resolvents",
        Eq(
            Trace(B * Q) - Trace(B * bar),
            kc * Trace(Kc * bar * B * Q) + ks * Trace(Ks * bar * B * Q) - Trace(G * bar * B * Q),
            evaluate=False,
        ),
        "Q - Qbar = Q(Qbar^{-1} - Q^{-1})Qbar",
    )
    named = proof.define(
        Eq(tBQ, tBQbar + kc * tc + ks * ts - g), "the same over n, each trace by its name", uses=[difference]
    )
    equivalent = proof.substitute(
        "equivalent", Eq(tBQ, tBQbar), "for these factors the sum cancels, for every B", uses=[named, neurons, *kappas]
    )

    def choice(symbol: sp.Symbol, value: sp.Expr, words: str) -> Any:
        return proof.continuity(f"equivalent for {words}", equivalent, {tBQ: symbol, tBQbar: value}, f"B = {words}")

    trQ, yQy = sp.symbols("trQ yQy")
    loads = [choice(d, Trace(K * Qbar) / n, str(K)) for d, K in ((dc, Kc), (ds, Ks))]
    trace, bilinear = choice(trQ, Trace(Qbar) / n, "1"), choice(yQy, form(Qbar) / n, "yy'")
    equations = [
        proof.substitute(f"equation of {k}", Eq(k, m / (n + Trace(K * Qbar))), "in one unknown", uses=[load, kappa])
        for k, m, K, load, kappa in zip((kc, ks), (Nc, Ns), (Kc, Ks), loads, kappas, strict=True)
    ]

    # the loads respond to a change of the ridge matrix: a change t, or test samples that join with the ridge 1/t
    T = [
        proof.define(Eq(sp.Symbol(name), value), "how the loads act on each other")
        for name, value in fluctuation.items()
    ]
    det = proof.define(Eq(gap, statement().outputs["gap"]), "determinant of the system for the responses")
    t = sp.Symbol("t", positive=True)
    names = sp.symbols("r_cos r_sin q_cos q_sin v_cos v_sin w_cos w_sin")
    rc, rs, qc, qs, vc, vs, wc, ws = names
    outputs = statement().outputs
    v = [proof.define(Eq(x, outputs[str(x)]), "response of a load at fixed kappa") for x in (vc, vs)]
    w = [proof.define(Eq(x, outputs[str(x)]), "the same for test samples") for x in (wc, ws)]
    moved = Inverse(Psi + (lam + t) * one)
    inner = Inverse(one_h + t * (kc * Hc + ks * Hs))
    E11 = Inverse(Psi + lam * one - t * P * inner * P.T)
    E12, E21 = -t * E11 * P * inner, -t * inner * P.T * E11
    E22 = t * inner + t**2 * inner * P.T * E11 * P * inner
    blocks = proof.identity(
        "blocks",
        [
            Eq((Psi + lam * one) * E11 + P * E21, one, evaluate=False),
            Eq((Psi + lam * one) * E12 + P * E22, sp.ZeroMatrix(n, nh), evaluate=False),
            Eq(P.T * E12 + (kc * Hc + ks * Hs + one_h / t) * E22, one_h, evaluate=False),
        ],
        "inverse of the extended matrix, R = diag(lambda, 1/t); the same for Q with Gram matrices of features",
        uses=[equivalent],
    )
    joined = {
        K: Trace(K * E11) + Trace(C * E21) + Trace(C.T * E12) + Trace(H * E22)
        for K, C, H in ((Kc, Cc, Hc), (Ks, Cs, Hs))
    }

    def responses(words: str, rates: tuple, sources: tuple, load: Any, steps: list, sign: int) -> list[Any]:
        """Implicit differentiation of both equations in t, then Cramer's rule."""
        through = dict(zip((kc, ks), rates, strict=True))
        found = []
        for k, m, K, rate, other, source, own in (
            (kc, Nc, Kc, rates[0], rates[1], sources[0], Tcc),
            (ks, Ns, Ks, rates[1], rates[0], sources[1], Tss),
        ):
            found.append(
                proof.derivative(
                    f"response of {k} to {words}",
                    Eq(rate, k**2 * (sign * source + Tcs * other) / (m - k**2 * own)),
                    "implicit differentiation in t",
                    of=Eq(m / k - n, load(K)),
                    by=t,
                    through=through,
                    at=0,
                    uses=[*equations, *T, *steps],
                )
            )
        return found

    r = responses("a larger ridge", (rc, rs), (vc, vs), lambda K: Trace(K * moved), v, 1)
    e = sp.symbols("e_cos e_sin")
    pulled = responses("test samples", e, (wc, ws), lambda K: joined[K], [*w, blocks], -1)
    pulls = [proof.define(Eq(q, -x), "test samples pull kappa down") for q, x in zip((qc, qs), e, strict=True)]

    # errors
    uc, us, trQ2, train, test, noise = sp.symbols("u_cos u_sin trQ2 train test test_noise")
    u = [proof.define(Eq(x, outputs[str(x)]), "form in the labels") for x in (uc, us)]
    resolvent = proof.identity(
        "derivative of a resolvent",
        Eq(Inverse(R) - Inverse(R + t * one), t * Inverse(R + t * one) * Inverse(R), evaluate=False),
        "Q^2 = -dQ/dt",
    )

    def slope(name: str, claim: Eq, reason: str, of: sp.Expr, rates: tuple, uses: list[Any]) -> Any:
        through = dict(zip((kc, ks), rates, strict=True))
        return proof.derivative(name, claim, reason, of=of, by=t, through=through, at=0, uses=uses)

    square = slope(
        "training error",
        Eq(train, outputs["train"]),
        "lambda^2 y'Q^2y/n",
        -(lam**2) / n * form(moved),
        (rc, rs),
        [*r, *u, resolvent, bilinear],
    )
    square_noise = slope(
        "training error on white labels",
        Eq(trQ2, outputs["trQ2"]),
        "lambda^2 tr Q^2/n",
        -(lam**2) / n * Trace(moved),
        (rc, rs),
        [*r, *v, resolvent, trace],
    )
    a, b, c = sp.symbols("square linear white")
    quadratic = slope(
        "square of the prediction",
        Eq(a, form(Qbar * P * P.T * Qbar) + qc * uc + qs * us),
        "y'QKK'Qy, K = S'Sh/n, is the derivative of the first block",
        form(E11),
        e,
        [blocks, bilinear, *pulled, *pulls, *u],
    )
    white = slope(
        "square of the prediction from white labels",
        Eq(c, Trace(P.T * Qbar * Qbar * P) + qc * vc + qs * vs),
        "tr QKK'Q",
        Trace(E11),
        e,
        [blocks, trace, *pulled, *pulls, *v],
    )
    linear = slope(
        "prediction",
        Eq(b, form(Qbar * P, y, yh)),
        "y'QK yh is minus the derivative of the second block",
        -form(E12, y, yh),
        e,
        [blocks, bilinear, *pulled],
    )
    error = proof.define(Eq(test, (form(one_h, yh, yh) - 2 * b + a) / nh), "|yh - K'Qy|^2/nh")
    error_noise = proof.define(Eq(noise, c / nh), "per test sample")
    proof.conclude(
        uses=[
            *[*equations, *loads, trace, *T, det, *v, *w, *u, *r, *pulled, *pulls],
            *[square, square_noise, quadratic, linear, white, error, error_noise],
        ]
    )


# -- consequences -----------------------------------------------------------------------------------------------------

SMALL = {"p": 16, "n": 32, "nh": 16, "N": 16}


@theorem.consequence("cosines and sines together have the Gaussian kernel")
def gaussian_kernel(claim: Any) -> None:
    both = kernel_expression("cos") + kernel_expression("sin")
    claim.identity(Eq(both, sp.exp(-(AA - 2 * AB + BB) / 2), evaluate=False))


@theorem.consequence("tested on the training data themselves, the test error is the training error")
def same_data(claim: Any) -> None:
    outputs = statement().outputs
    on_training = {Cc: Kc, Cc.T: Kc, Cs: Ks, Cs.T: Ks, Hc: Kc, Hs: Ks, yh: y, yh.T: y.T, nh: n}  # kernels are symmetric
    w = {sp.Symbol(name): outputs[name].xreplace(on_training) for name in ("w_cos", "w_sin")}
    q = {sp.Symbol(name): outputs[name].xreplace(w) for name in ("q_cos", "q_sin")}
    test = outputs["test"].xreplace(on_training).xreplace(q)
    claim.identity(Eq(outputs["train"], test, evaluate=False), wrong=[2 * test, lam**2 / n * form(Qbar * Qbar)])


@theorem.consequence("degrees of freedom: what the features explain and what the ridge keeps add up to one per sample")
def freedom(claim: Any) -> None:
    trQ, dc, ds = sp.symbols("trQ dcos dsin")
    claim.identity(Eq(lam * trQ, 1 - Nc / n * dc / (1 + dc) - Ns / n * ds / (1 + ds), evaluate=False))


@theorem.consequence("many neurons: ridge regression with the Gaussian kernel")
def many_neurons(claim: Any) -> None:
    def kernel_limit(neurons: int) -> bool:
        ratio = neurons / SMALL["n"]
        point = theorem.point(**{**SMALL, "N": neurons, "lam": Fraction(neurons, 10 * SMALL["n"])})
        bound, values = theorem.bound(point), theorem.values(point)
        K, C = (sum(bound[f"{k}_{name}"].floats() for name in ("cos", "sin")) for k in "KC")
        alpha = np.linalg.solve(K + 0.1 * np.eye(len(K)), bound["y"])
        errors = {"train": np.mean((0.1 * alpha) ** 2), "test": np.mean((bound["yh"] - C.T @ alpha) ** 2)}
        return ratio > 0 and all(abs(float(values[k]) / v - 1) < 1e-3 for k, v in errors.items())

    claim.holds(
        "both errors at N/n = 10^5", lambda: kernel_limit(32 * 10**5), wrong={"N = n": lambda: kernel_limit(32)}
    )


@theorem.consequence(
    "a phase transition at $2N=n$: the loads grow like $1/\\lambda$ below, $\\lambda^{-1/2}$ at, and stay above"
)
def transition(claim: Any) -> None:
    for neurons, power in ((8, -1), (16, Fraction(-1, 2)), (32, 0)):
        claim.exponent(
            "dcos",
            lambda eps, neurons=neurons: {**SMALL, "N": neurons, "lam": eps},
            power,
            steps=(Fraction(1, 10**4), Fraction(1, 10**6), Fraction(1, 10**8)),
            text=f"dcos ~ lam^({power}) at 2N = {2 * neurons}, n = 32",
        )
    # below the transition the ridge keeps one degree of freedom for each sample that has no feature

    def kept(share: Fraction) -> bool:
        values = theorem.values(theorem.point(**{**SMALL, "N": 8, "lam": "1e-8"}))
        return abs(1e-8 * float(values["trQ"]) - float(share)) < 1e-6

    claim.holds(
        "lam trQ tends to 1 - 2N/n at 2N = 16, n = 32",
        lambda: kept(Fraction(1, 2)),
        wrong={"to 1 - N/n": lambda: kept(Fraction(3, 4))},
    )
    # kappa/lambda has a limit there, the root of the same equations with ridge one, at lambda = 0
    scaled = [sp.Symbol(f"scaled_{name}", positive=True) for name in ("cos", "sin")]
    inside = Inverse(scaled[0] * Kc + scaled[1] * Ks + one)
    relations = [Eq(k, lam * x) for k, x in zip((kc, ks), scaled, strict=True)]
    for x, m, K in zip(scaled, (Nc, Ns), (Kc, Ks), strict=True):
        claim.identity(Eq(m / x, n * lam + Trace(K * inside), evaluate=False), uses=relations)


@theorem.consequence("without ridge the training error vanishes if and only if $2N\\ge n$")
def interpolation(claim: Any) -> None:
    claim.limit("train", lambda eps: {**SMALL, "N": 24, "lam": eps}, 0, scale=1.0)

    def stays(neurons: int) -> bool:
        low, high = (
            float(theorem.values(theorem.point(**{**SMALL, "N": neurons, "lam": ridge}))["train"])
            for ridge in ("1e-6", "1e-8")
        )
        return low > 1e-3 and abs(high / low - 1) < 0.05

    claim.holds("with 2N = n/2 it stays", lambda: stays(8), wrong={"with 2N = 3n/2": lambda: stays(24)})


@theorem.consequence(
    "double descent: without ridge the test error diverges like $1/|2N-n|$, at $2N=n$ like $\\lambda^{-1/2}$"
)
def double_descent(claim: Any) -> None:
    def slope(quantity: str, side: int) -> float:
        """Local exponent in |2N - n| between the two points nearest to the transition, n = 128."""
        near, far = (
            float(theorem.values(theorem.point(p=64, n=128, nh=64, N=64 + side * k, lam="1e-9"))[quantity])
            for k in (1, 2)
        )
        return float(np.log2(far / near))

    for side, relation in ((1, ">"), (-1, "<")):
        for quantity, power in (("test", -1), ("gap", 1)):

            def close(to: float, quantity: str = quantity, side: int = side) -> bool:
                return abs(slope(quantity, side) - to) < 0.05

            claim.holds(
                f"{quantity} ~ |2N - n|^({power}) for 2N {relation} n",
                lambda close=close, power=power: close(power),
                wrong={f"exponent {x}": lambda close=close, x=x: close(x) for x in (power - 0.1, power + 0.1)},
            )
    narrow = (Fraction(1, 10**2), Fraction(1, 10**3), Fraction(1, 10**5))
    claim.exponent("test", lambda eps: {**SMALL, "lam": eps**2}, -1, steps=narrow, text="test ~ lam^(-1/2) at 2N = n")


def by_the_engine(point: dict[str, Any], scale: float = 1.0) -> dict[str, float]:
    """The quantities from the engine, for Gaussian rows whose covariances are the two kernels at all data together."""
    bound, count, held = theorem.bound(point), point["n"], point["nh"]
    ridge = float(point["lam"])
    matrices: dict[str, np.ndarray] = {}
    train, test, everything = (
        Space(name, Fraction(m, count)) for name, m in (("n", count), ("h", held), ("a", count + held))
    )
    S, Sh = [], []
    for i, name in enumerate(("cos", "sin")):
        K, C, H = (bound[f"{k}_{name}"].floats() for k in "KCH")
        values, vectors = np.linalg.eigh(np.block([[K, C], [C.T, H]]))
        root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T * (scale if i else 1.0)
        matrices |= {f"R{i}": root[:, :count], f"L{i}": root[:, count:]}
        Z = Gaussian(f"Z{i}", Space("N", Fraction(point["N"], count)), everything)
        S.append(Z @ Deterministic(f"R{i}", everything, train))
        Sh.append(Z @ Deterministic(f"L{i}", everything, test))
    Q = inverse(S[0].T @ S[0] + S[1].T @ S[1] + sp.Symbol("lam", positive=True))
    K = S[0].T @ Sh[0] + S[1].T @ Sh[1]
    found = {k: explicit_equivalent(e, matrices, {"lam": ridge}).matrix.real for k, e in
             {"Q": Q, "QQ": Q @ Q, "QKKQ": Q @ K @ K.T @ Q}.items()}  # fmt: skip
    prediction = explicit_equivalent(
        Q @ K @ Deterministic("W", test, train), matrices | {"W": np.eye(held, count)}, {"lam": ridge}
    )
    a, b = bound["y"], bound["yh"]
    linear = float((a.T @ prediction.matrix.real[:, :held] @ b)[0, 0])
    return {
        "trQ": float(np.trace(found["Q"])) / count,
        "dcos": float(np.sum(bound["K_cos"].floats() * found["Q"])) / count,
        "dsin": float(np.sum(bound["K_sin"].floats() * found["Q"])) / count,
        "trQ2": ridge**2 * float(np.trace(found["QQ"])) / count,
        "train": ridge**2 * float((a.T @ found["QQ"] @ a)[0, 0]) / count,
        "test_noise": float(np.trace(found["QKKQ"])) / held,
        "test": float((b.T @ b)[0, 0] - 2 * linear + (a.T @ found["QKKQ"] @ a)[0, 0]) / held,
    }


@theorem.consequence("the engine, given the two kernel matrices themselves, finds the same numbers")
def engine(claim: Any) -> None:
    point = theorem.point(p=6, n=12, nh=8, N=8, lam="1/10")

    def agrees(scale: float) -> bool:
        values = theorem.values(point)
        return all(abs(float(values[k]) / x - 1) < 1e-9 for k, x in by_the_engine(point, scale).items())

    claim.holds(
        "seven quantities to nine digits, n = 12",
        lambda: agrees(1.0),
        wrong={"with one per mille more sine": lambda: agrees(1.001)},
    )


@theorem.consequence("the features see differences of data only; the formulas need data without a large common part")
def shifted(claim: Any) -> None:
    # a common vector turns every pair (cos, sin) by the same angle, of half tangent t
    t, ca, sa, cb, sb = sp.symbols("t cos_a sin_a cos_b sin_b")
    cos, sin = (1 - t**2) / (1 + t**2), 2 * t / (1 + t**2)
    turned = (ca * cos - sa * sin) * (cb * cos - sb * sin) + (sa * cos + ca * sin) * (sb * cos + cb * sin)
    claim.identity(Eq(turned, ca * cb + sa * sb, evaluate=False))

    def moved(shift: str) -> float:
        near, far = (float(theorem.values(theorem.point("D", shift=x))["dsin"]) for x in ("0", shift))
        return abs(far / near - 1)

    claim.holds(
        "data moved by a vector of length 3: another dsin, although nothing has changed",
        lambda: moved("3") > 0.1,
        wrong={"moved by 1/100": lambda: moved("1/100") > 0.1},
    )


# -- wrong versions ---------------------------------------------------------------------------------------------------

_stated = statement().outputs
_vc, _vs = sp.symbols("v_cos v_sin")
_responses = ("gap", "r_cos", "r_sin", "q_cos", "q_sin")
_common = n + Trace((Kc + Ks) * Qbar) / 2
theorem.mutant("one load for both kernels", equations={kc: Eq(kc, Nc / _common), ks: Eq(ks, Ns / _common)})
theorem.mutant("the Gaussian kernel of infinitely many neurons", equations={kc: Eq(kc, Nc / n), ks: Eq(ks, Ns / n)})
theorem.mutant(
    "the matrix of the responses transposed",
    outputs={
        "r_cos": (kc**2 / Nc * _vc * (1 - ks**2 * Tss / Ns) + kc**4 / Nc**2 * Tcs * _vs) / gap,
        "r_sin": (ks**2 / Ns * _vs * (1 - kc**2 * Tcc / Nc) + ks**4 / Ns**2 * Tcs * _vc) / gap,
    },
)
theorem.mutant("the loads do not act on each other", replace={Tcs: sp.S.Zero})
theorem.mutant("the loads do not act at all", replace={Tcs: sp.S.Zero, Tcc: sp.S.Zero, Tss: sp.S.Zero})
theorem.mutant(
    "no square of 1/(1 + delta) in the responses",
    outputs={name: _stated[name].xreplace({kc**2: kc * Nc / n, ks**2: ks * Ns / n}) for name in _responses},
)
theorem.mutant(
    "1 for 2 in the cross term of the test error",
    outputs={f"w_{name}": _stated[f"w_{name}"] + Trace(C.T * Qbar * P) for name, C in (("cos", Cc), ("sin", Cs))},
)
