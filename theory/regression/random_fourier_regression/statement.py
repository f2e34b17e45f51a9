r"""Random Fourier features: :math:`\kappa_\sigma=N/(n+\mathrm{tr}\,K_\sigma\bar Q)` for the cosines and for the sines.

Ridge regression on the 2N features cos(w'x), sin(w'x) of fixed data; only the weights are random.  The two kernels do
not commute: the derivation takes out one neuron, a pair of features, at a time.
"""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy import Eq, Identity, Inverse, MatrixSymbol, Trace

from rmtsym.fixedpoint import FixedPointSystem, Unknown
from rmtsym.theorem import NON_NEGATIVE, POSITIVE, REAL, Choice, Count, Parameter, Quantity, Theorem
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
        Parameter("seed", "seed of the data", Count(0, 2**32 - 1), default="0"),
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
    uses=("rf-gaussian-kernel-closed-forms",),
)  # fmt: skip


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
