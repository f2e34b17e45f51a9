"""Vertical continuation for equations whose solution in the upper half plane is unique."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rmtsym.errors import NoConvergence

__all__ = ["follow_down"]

Solver = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


def follow_down(z: np.ndarray, scale: float, guess: Callable[[np.ndarray], np.ndarray], solve: Solver) -> np.ndarray:
    """Solution at every z (shape (k,), Im z >= 0), followed from Im z of twice the scale.

    ``solve(z, start)`` runs Newton's method and tells where it ended in the domain in which the solution is unique; so
    a step that leads there is right whatever its size, and one that does not is taken back.  On the real axis the limit
    from above is reached by one last step, once Im z is small against the solution's own imaginary part.

    Raises
    ------
    NoConvergence
        Where the path ends at a point at which the solution is singular.
    """
    height = np.maximum(z.imag, 2 * (scale + np.abs(z.real)))
    here = z.real + 1j * height
    with np.errstate(all="ignore"):
        v, _ = solve(here, guess(here))
    share, ready = np.full(z.shape, 0.25), np.full(z.shape, 1e-3)
    active = np.arange(z.size)
    for _ in range(400):
        if not active.size:
            return v
        eta, goal = here[active].imag, z[active].imag
        target = np.where(goal >= share[active] * eta, goal, share[active] * eta)
        leap = (goal == 0) & (eta < ready[active] * np.abs(v[active].imag))
        bottom = (goal == 0) & (eta < 1e-14 * scale)  # nothing is left to resolve
        target = np.where(leap | bottom, 0.0, target)
        there = z[active].real + 1j * target
        with np.errstate(all="ignore"):
            new, good = solve(there, v[active])
        good &= np.isfinite(new)
        ready[active[leap & ~good]] *= 0.05
        v[active[good]], here[active[good]] = new[good], there[good]
        slower = np.where(leap, share[active], np.sqrt(share[active]))
        share[active] = np.where(good, np.maximum(0.25, share[active] ** 1.5), slower)
        active = active[~((good & (target == goal)) | bottom)]
    active = active[(z[active].imag > 0) | (here[active].imag > 1e-9 * scale)]  # the others stand beside an edge
    if not active.size:
        return v
    raise NoConvergence(f"the transform could not be followed to z = {z[active[0]]}: move off the edge of the support")
