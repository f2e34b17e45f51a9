r"""Ridge-regularised empirical risk: minimisers for many data sets at once.

.. math:: \hat\beta=\arg\min_\beta\ \frac1n\sum_i L(a_i^\top\beta)+\frac\gamma2|\beta|^2 .

Newton's method with backtracking where the slope of the loss is continuous; where it jumps, alternating directions of
multipliers, whose steps are the proximal operator and one linear system.
"""

from __future__ import annotations

import numpy as np

from rmtsym.errors import NoConvergence
from rmtsym.risk.loss import Loss
from rmtsym.risk.proximal import prox

__all__ = ["minimise", "separable"]

_STEPS = 80
_HALVINGS = 40
_ROUNDS = 5000
_COUPLING, _RELAXATION = 2.0, 1.6  # weight of the quadratic coupling, and of the new margins; any weights converge


def minimise(rows: np.ndarray, loss: Loss, ridge: float = 0.0, tolerance: float = 1e-7) -> np.ndarray:
    """Minimiser of the empirical risk.

    Parameters
    ----------
    rows : array of shape (..., n, p)
        Rows ``a_i = y_i x_i`` of each data set.
    loss : Loss
        Loss of the margin.
    ridge : float, non-negative
    tolerance : float
        Root of the relative decrease of the risk that is left; for losses with jumping slope, of the margins.

    Returns
    -------
    array of shape (..., p)

    Raises
    ------
    NoConvergence
        If a data set has no minimiser (the classes are separable and the ridge is zero).

    Examples
    --------
    >>> from rmtsym.risk.margin import margin_loss
    >>> minimise(np.array([[1.0], [3.0]]), margin_loss("square")).round(12).tolist()
    [0.4]
    """
    rows = np.asarray(rows, dtype=float)
    shape = rows.shape
    data = rows.reshape(-1, *shape[-2:])
    jumps = any(float(low) < float(high) for low, high in map(loss.subdifferential, range(len(loss.breakpoints))))
    found = _alternate(data, loss, ridge, tolerance) if jumps else _newton(data, loss, ridge, tolerance)
    return found.reshape(*shape[:-2], shape[-1])


def separable(rows: np.ndarray) -> bool:
    """Whether some ``beta`` gives all rows of an n x p array a positive margin, by linear programming.

    A loss that only falls then has no minimiser without ridge.

    >>> separable(np.array([[1.0], [3.0]])), separable(np.array([[1.0], [-3.0]]))
    (True, False)
    """
    from scipy.optimize import linprog

    n, p = rows.shape
    return bool(linprog(np.zeros(p), A_ub=-rows, b_ub=-np.ones(n), bounds=(None, None)).status == 0)


def _newton(rows: np.ndarray, loss: Loss, ridge: float, tolerance: float) -> np.ndarray:
    size, n, p = rows.shape
    flipped = np.swapaxes(rows, 1, 2)
    beta, margins = np.zeros((size, p)), np.zeros((size, n))
    penalty = ridge * np.eye(p)

    def value(beta: np.ndarray, margins: np.ndarray) -> np.ndarray:
        return loss.value(margins).mean(axis=1) + ridge * np.sum(beta**2, axis=1) / 2

    now = value(beta, margins)
    for _ in range(_STEPS):
        gradient = (flipped @ loss.slope(margins)[..., None])[..., 0] / n + ridge * beta
        bend = loss.second(margins) / n
        if bend.max() <= 0 and not ridge:
            break
        try:
            step = np.linalg.solve((flipped * bend[:, None, :]) @ rows + penalty, gradient[..., None])[..., 0]
        except np.linalg.LinAlgError:
            break
        gain = np.sum(step * gradient, axis=1)
        open_ = gain > tolerance**2 * np.abs(now)  # relative: without a minimiser both fall for ever
        if not open_.any():
            return beta
        ahead = (rows @ step[..., None])[..., 0]
        length = open_.astype(float)
        for _ in range(_HALVINGS):
            trial = beta - length[:, None] * step, margins - length[:, None] * ahead
            later = value(*trial)
            bad = later > now - 1e-4 * length * gain + 1e-15 * np.abs(now)
            if not (bad & open_).any():
                break
            length = np.where(bad, length / 2, length)
        beta, margins, now = *trial, later
    if not ridge and any(map(separable, rows)):
        raise NoConvergence("an empirical risk has no minimiser: the classes are separable; take a positive ridge")
    raise NoConvergence(f"Newton's method did not reach the minimiser of a risk in {_STEPS} steps; take a larger ridge")


def _alternate(rows: np.ndarray, loss: Loss, ridge: float, tolerance: float) -> np.ndarray:
    size, n, p = rows.shape
    flipped = np.swapaxes(rows, 1, 2)
    inverse = np.linalg.inv(flipped @ rows + n * ridge / _COUPLING * np.eye(p))
    split, dual = np.zeros((size, n)), np.zeros((size, n))
    for _ in range(_ROUNDS):
        beta = (inverse @ (flipped @ (split - dual)[..., None]))[..., 0]
        margins = (rows @ beta[..., None])[..., 0]
        relaxed = _RELAXATION * margins + (1 - _RELAXATION) * split
        new = prox(loss, 1 / _COUPLING, relaxed + dual)
        dual += relaxed - new
        if max(np.abs(new - split).max(), np.abs(margins - new).max()) < tolerance:
            return beta
        split = new
    raise NoConvergence(f"the empirical risk did not settle in {_ROUNDS} rounds; take a positive ridge")
