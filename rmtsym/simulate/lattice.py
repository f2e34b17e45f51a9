r"""Pairs of Gaussians on a randomly shifted Fibonacci lattice: unbiased like independent pairs, far less noisy.

.. math:: (u_k,v_k)=\Big(\frac kN+s_1,\ \frac{kF}N+s_2\Big)\bmod1,\qquad
          z_k=\sqrt{-2\log u_k}\,(\cos2\pi v_k,\ \sin2\pi v_k),

with ``N`` and ``F`` neighbouring Fibonacci numbers and a uniform shift ``s``: each pair alone is exactly Gaussian, so
the mean of a function over the lattice is unbiased for every ``N``.

Source: P. Cranley, T. N. L. Patterson, Randomization of number theoretic methods (SIAM J. Numer. Anal. 1976).
"""

from __future__ import annotations

import numpy as np

from rmtsym.errors import DomainError

__all__ = ["gaussian_pairs"]


def gaussian_pairs(rng: np.random.Generator, count: int) -> np.ndarray:
    """Array of shape (2, count): pairs of independent standard Gaussians on a shifted lattice.

    Parameters
    ----------
    count : int
        A Fibonacci number, e.g. 987, 1597, 4181.

    Raises
    ------
    DomainError
        For another number.

    Examples
    --------
    >>> z = gaussian_pairs(np.random.default_rng(0), 987)
    >>> bool(abs(np.mean(z[0] * z[1])) < 1e-2)
    True
    """
    before, number = 1, 2
    while number < count:
        before, number = number, before + number
    if number != count:
        raise DomainError("count", count, "a Fibonacci number", f"take {before} or {number}")
    index = np.arange(count)
    shift = rng.random(2)
    u, v = (index / count + shift[0]) % 1.0, (index * before % count / count + shift[1]) % 1.0
    radius = np.sqrt(-2.0 * np.log1p(-u))  # 1 - u is uniform too, and never zero
    return np.stack((radius * np.cos(2 * np.pi * v), radius * np.sin(2 * np.pi * v)))
