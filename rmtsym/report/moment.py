"""Gaussian moments of expressions given as text, as plain data and as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["moment_data", "moment_text"]


def moment_data(
    text: str,
    variance: str | None,
    correlation: str | None,
    settings: Mapping[str, str],
    positive: Sequence[str],
    digits: int,
) -> dict[str, Any]:
    """Closed form, certificate and value of a moment: the documented output of ``rmtsym moment --json``."""
    from rmtsym.errors import UnknownName
    from rmtsym.gaussian.text import moment
    from rmtsym.parsing import check_size, parse_list, parse_number

    spread: Any = None
    if variance is not None:
        numbers = parse_list(variance, "variance") if "," in variance else (_number_or_name(variance),)
        spread = numbers[0] if len(numbers) == 1 else tuple(numbers)
    rho = None if correlation is None else parse_number(correlation, "correlation")
    point = {name: check_size(parse_number(value, name), name) for name, value in settings.items()}
    own = {name: value for name, value in point.items() if name != "rho"}  # which is the correlation, not the user's
    kinds = {name: "positive" if value > 0 else "real" for name, value in own.items()}
    found = moment(text, spread, rho, {**kinds, **dict.fromkeys(positive, "positive")})
    known = [str(s) for s in found.symbols]
    for name in point:
        if name not in known:
            raise UnknownName("symbol of the moment", name, known)
    return {"expression": text, **found.to_dict(point, digits)}


def _number_or_name(text: str) -> Any:
    from rmtsym.parsing import parse_number

    return text.strip() if text.strip().isidentifier() else parse_number(text, "variance")


def moment_text(data: Mapping[str, Any]) -> str:
    """The result for people."""
    lines = [data["expression"], ""]
    if data["closed_form"] is None:
        lines.append("no closed form is known; values are enclosed by ball integration")
    else:
        lines += [f"  = {data['closed_form']}", "", f"LaTeX: {data['latex']}"]
    certificate = data.get("certificate")
    if certificate:
        shown = ", ".join(f"{k} {v}" for k, v in certificate.items() if isinstance(v, (str, int, float, bool)))
        lines.append(f"certificate: {shown}")
    if data.get("symbols"):
        lines.append(f"symbols: {', '.join(data['symbols'])}")
    value = data.get("value")
    if value:
        radius = f" ± {value['radius']:.1e}" if value["radius"] else ""
        lines.append(f"value: {value['decimal']}{radius} ({value['status']}, {value['method']})")
    return "\n".join(lines)
