r"""Samples left out of an empirical risk, without fitting it again.

At the minimiser :math:`\hat\beta` with margins :math:`x_i`, curvatures :math:`L''(x_i)` and Hessian :math:`H`,

.. math:: h_i=\tfrac1n a_i^\top H^{-1}a_i,\qquad \delta_i=\frac{h_i}{1-h_iL''(x_i)},\qquad
          \hat\beta_{-i}\approx\hat\beta+\frac{L'(x_i)}{1-h_iL''(x_i)}\,\tfrac1nH^{-1}a_i .

It is exact for the square loss; for others the margins :math:`a_i^\top\hat\beta_{-i}` are off by a term of order 1/n.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rmtsym.risk.loss import Loss

__all__ = ["LeftOut"]


class LeftOut:
    r"""Forms of each sample in the minimiser of the others, to first order.

    Parameters
    ----------
    rows : array of shape (..., n, p)
        Rows ``a_i = y_i x_i`` of each data set.
    loss : Loss
    ridge : float, non-negative
    beta : array of shape (..., p)
        Minimisers, as :func:`rmtsym.risk.minimise` returns them.

    Attributes
    ----------
    margins : array of shape (..., n)
        Margins at the minimisers.
    step : array of shape (..., n)
        Steps :math:`\delta_i`: the margin is the proximal operator of the margin left out, with this step.

    Examples
    --------
    >>> from rmtsym.risk import loss, minimise
    >>> rows = np.array([[1.0], [3.0], [1.0]])
    >>> LeftOut(rows, loss("square"), 0.0, minimise(rows, loss("square"))).form().round(12).tolist()
    [0.4, 3.0, 0.4]
    """

    def __init__(self, rows: np.ndarray, loss: Loss, ridge: float, beta: np.ndarray) -> None:
        size, dimension = rows.shape[-2:]
        self._rows, self._beta = rows, beta
        self.margins = (rows @ beta[..., None])[..., 0]
        bend = loss.second(self.margins)
        hessian = (np.swapaxes(rows, -1, -2) * bend[..., None, :]) @ rows / size + ridge * np.eye(dimension)
        self._turned = rows * (rows @ np.linalg.inv(hessian)) / size
        lever = self._turned.sum(axis=-1)
        self.step = lever / (1 - lever * bend)
        self._push = loss.slope(self.margins) / (1 - lever * bend)

    def form(self, weights: Any = 1.0) -> np.ndarray:
        r"""Forms :math:`a_i^\top W\hat\beta_{-i}` for a diagonal ``W``; without weights the margins left out."""
        diagonal = np.broadcast_to(np.asarray(weights, dtype=float), self._beta.shape[-1:])
        here = (self._rows @ (diagonal * self._beta)[..., None])[..., 0]
        return np.asarray(here + (self._turned @ diagonal) * self._push)
