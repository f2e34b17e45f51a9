"""A theorem as a program of its own, in another language or without this library."""

from __future__ import annotations

from rmtsym.errors import DomainError, UnsupportedModel

__all__ = ["exported"]


def exported(theorem_id: str, language: str = "python", point: str | None = None) -> str:
    """Source of a program that computes the quantities of a theorem with numpy alone.

    Parameters
    ----------
    theorem_id : str
    language : str
        ``"python"``.
    point : str, optional
        Default point whose regime is exported (the first one if not given); the points of that regime become the
        program's self-test.

    Raises
    ------
    UnsupportedModel
        For a statement that is not a fixed-point system, or that consists of several.
    """
    from rmtsym.fixedpoint import FixedPointSystem
    from rmtsym.fixedpoint.export import export_python
    from rmtsym.theorem.registry import get
    from rmtsym.theorem.statement import used

    if language != "python":
        raise DomainError("language", language, "python", "other languages are not written yet")
    theorem = get(theorem_id)
    regime = theorem.regime(theorem.point(point))
    systems = [s for s in regime.systems if isinstance(s, FixedPointSystem)]
    if len(systems) != 1 or len(regime.systems) != 1:
        raise UnsupportedModel(f"{theorem_id}: only a statement that is one fixed-point system can be exported")
    (system,) = systems
    same = [theorem.point(name) for name in theorem.points if theorem.regime(theorem.point(name)).name == regime.name]
    title = theorem.title if not regime.name else f"{theorem.title} ({regime.name})"
    return export_python(system, title, [used(system, theorem.bound(p)) for p in same])
