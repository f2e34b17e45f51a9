r"""Joint law of functions of one variable, most often a standard normal one, so that a statement has them as letters.

With it one formula holds for every response: :math:`\mathbb E_\gamma\frac g{1+g\delta}` where :math:`(g, a)` are
functions of a Gaussian variable and of a label.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

from rmtsym.errors import DomainError, UnsupportedModel
from rmtsym.field.law import NormalLaw

__all__ = ["Image", "NormalImage"]


@dataclass(frozen=True)
class Image:
    r"""The law :math:`\mathbb E f=\sum_kw_k\,\mathbb E f(\phi_k(z))` for a variable :math:`z` of a given law.

    Parameters
    ----------
    branches : sequence of (weight, letters)
        Exact weights that sum to one; letters are sympy expressions in ``z``, in the order of the measure's letters.
    base : law of one letter
        The law of ``z``, e.g. ``CircleLaw()``.

    Raises
    ------
    DomainError
        If the weights do not sum to one or a letter has another symbol than ``z``.
    """

    branches: Sequence[tuple[Any, Sequence[Any]]]
    base: Any

    def __post_init__(self) -> None:
        kept = tuple((Fraction(w), tuple(sp.sympify(f) for f in letters)) for w, letters in self.branches)
        if sum(w for w, _ in kept) != 1:
            raise DomainError("branches", [str(w) for w, _ in kept], "weights that sum to 1", "rescale them")
        names = {s.name for _, letters in kept for f in letters for s in f.free_symbols}
        if names - {"z"}:
            raise DomainError("branches", sorted(names), "functions of z alone", "give numbers for the parameters")
        object.__setattr__(self, "branches", kept)

    def _named(self, measure: Any) -> list[str]:
        names = [s.name for s in measure.letters]
        if any(len(letters) != len(names) for _, letters in self.branches):
            raise UnsupportedModel(f"the measure {measure.name} has {len(names)} letters, its law another number")
        return names

    def quadrature(self, measure: Any) -> tuple[dict[str, np.ndarray], np.ndarray]:
        from rmtsym.field.average import SpectralMeasure
        from rmtsym.field.evaluate import evaluate

        names = self._named(measure)
        nodes, weights = self.base.quadrature(SpectralMeasure("z", sp.Symbol("z")))
        with np.errstate(over="ignore"):
            images = [evaluate(list(letters), {"z": nodes["z"]}) for _, letters in self.branches]
        stacked = (
            np.concatenate([np.broadcast_to(x, weights.shape) for x in parts]) for parts in zip(*images, strict=True)
        )
        return dict(zip(names, stacked, strict=True)), np.concatenate([float(w) * weights for w, _ in self.branches])

    def coarser(self) -> Image:
        """The same law with nodes twice as far apart."""
        return replace(self, base=self.base.coarser())

    def enclose(self, function: Callable[..., Any], bits: int) -> Any:
        from rmtsym.field.ball import Ball
        from rmtsym.field.evaluate import Frame, Walk

        walks = {flag: Walk(Ball(bits, analytic=flag), {}) for flag in (False, True)}
        total: Any = 0
        for weight, letters in self.branches:

            def image(z: Any, analytic: bool = False, letters: Sequence[Any] = letters) -> Any:
                walk = walks[analytic]
                frame = Frame(walk.root, {"z": z})
                return function(*(walk.value(f, frame) for f in letters), analytic=analytic)

            total += walks[False].system.number(weight) * self.base.enclose(image, bits)
        return total

    def integrate(self, function: Callable[..., Any], system: Any) -> Any:
        from rmtsym.field.evaluate import evaluate

        return sum(
            system.number(w)
            * self.base.integrate(lambda z, f=f: function(*evaluate(list(f), {"z": z}, system)), system)
            for w, f in self.branches
        )


@dataclass(frozen=True)
class NormalImage(Image):
    """The law of functions of a standard normal ``z``; ``base`` has the step of the nodes, and kinks.

    Examples
    --------
    >>> from rmtsym.field.average import Average, SpectralMeasure
    >>> from rmtsym.field.evaluate import BALL, evaluate
    >>> z, x, y = sp.symbols("z x y")
    >>> half = Fraction(1, 2)
    >>> law = NormalImage([(half, [z**2, 1]), (half, [2 * z**2, -1])])  # a square, and a sign that doubles it
    >>> mean = Average(x * y, SpectralMeasure("g", x, y))
    >>> round(float(evaluate(mean, {"g": law})), 12), evaluate(mean, {"g": law}, BALL(80)).contains(-0.5)
    (-0.5, True)
    """

    base: Any = NormalLaw()  # noqa: RUF009 - frozen
