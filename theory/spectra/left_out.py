"""Controls with mean zero for the spectrum of a sample covariance: one column, or one row, left out in turn.

Entries are independent, centred and of one variance v; their law is free.  Given the rest, a column x has mean v tr M
of x'Mx for every M made of the rest, and so has a row.  With resolvents for M the sums over the columns, or the rows,
follow traces of the resolvent closely, also at zero, where nothing else with a known mean does for every law.
"""

from __future__ import annotations

import numpy as np

from rmtsym.simulate import Control
from theory.regression.resolvents import positive_inverse

__all__ = ["left_out", "left_out_controls"]

NAMES = ("load", "square", "row")


def left_out_controls(name: str) -> tuple[Control, ...]:
    """Controls for the outputs of :func:`left_out`."""
    return tuple(Control(f"{name}_{x}", 0.0) for x in NAMES)


def left_out(name: str, x: np.ndarray, gram: np.ndarray, variance: float, shift: float) -> dict[str, float]:
    """Forms in what is left out, less their means given the rest; averages over all columns, or rows.

    Parameters
    ----------
    x : array of shape (p, n)
        Not more rows than columns; less, if the shift is zero.
    gram : array of shape (p, p)
        x x'.
    variance : float
        Of the entries of x.
    shift : float
        The resolvent is (x x' + shift)^{-1}.
    """
    rows, columns = x.shape
    Q = positive_inverse(gram + shift * np.eye(rows))
    Qx = Q @ x
    trace, trace2, own = float(np.trace(Q)), float(np.vdot(Q, Q)), np.diag(Q)
    q, s, t = (np.einsum("ij,ij->j", a, b) for a, b in ((x, Qx), (Qx, Qx), (Qx, Q @ Qx)))
    r = 1 - q  # of the column's resolvent R without it: x'Rx = q/r, x'RRx = s/r^2
    without = trace - np.einsum("ij,ij->i", Q, Q) / own  # trace of the resolvent without a row
    each = (
        q / r - variance * (trace + s / r),
        s / r**2 - variance * (trace2 + 2 * t / r + s**2 / r**2),
        1 / own - shift - variance * (columns - rows + 1 + shift * without),
    )
    return {f"{name}_{key}": float(np.mean(values)) for key, values in zip(NAMES, each, strict=True)}
