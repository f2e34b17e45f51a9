"""A theorem in words and formulas: plain text, LaTeX, and plain data for ``--json``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rmtsym.field.value import Value
    from rmtsym.theorem import Theorem

__all__ = [
    "claim_latex",
    "correction_latex",
    "domain_latex",
    "domain_text",
    "exact_text",
    "latex_lines",
    "prediction",
    "statement_latex",
    "symbol_latex",
    "theorem_json",
    "theorem_latex",
    "theorem_text",
    "value_json",
]


def exact_text(value: Any) -> Any:
    """Exact value of a parameter as one would write it: ``3/10``, ``["1", "4"]``, ``relu``.

    >>> from fractions import Fraction
    >>> exact_text((Fraction(1, 2), Fraction(4)))
    ['1/2', '4']
    """
    if isinstance(value, (tuple, list)):
        return [exact_text(x) for x in value]
    return value if isinstance(value, int) and not isinstance(value, bool) else str(value)


def value_json(value: Value, digits: int = 15) -> dict[str, Any]:
    """Plain data of a value: its figures and the evidence for them; see docs/json.md."""
    import math

    def number(x: Any) -> float | None:
        return float(x) if math.isfinite(x) else None

    mid = value.value
    shown: Any = [number(mid.real), number(mid.imag)] if isinstance(mid, complex) else number(mid)
    exact = value.radius == 0
    data = {
        "value": shown,
        "radius": number(value.radius),
        "digits": None if exact else value.digits,
        "status": value.status,
        "method": value.method,
    }
    if value.ball is not None:
        data["decimal"] = decimal(value, digits)
    return data


def decimal(value: Value, digits: int = 15) -> str:
    """The certified digits of a value, at most ``digits`` of them; ``~`` marks a number without certificate.

    >>> from flint import arb
    >>> from rmtsym.field.value import Value
    >>> decimal(Value.from_ball(arb(2).sqrt()), 10)
    '1.414213562'
    >>> decimal(Value.from_ball(arb("1e-50"))), decimal(Value.from_ball(arb("0 +/- 1e-50")))
    ('1.00000000000000e-50', '0')
    """
    if value.ball is None:
        mark = "" if value.status in ("exact", "enclosed") else "~"
        return f"{mark}{value.value:.{min(digits, 15)}g}"
    if value.ball.contains(0) and abs(value.value) + value.radius < 10.0 ** -(digits + 15):  # zero, for all one knows
        return "0"
    return value.ball.str(digits, radius=False).removesuffix(".") if hasattr(value.ball, "str") else str(value.ball)


def prediction(theorem_id: str, point: Mapping[str, Any], values: Mapping[str, Value], digits: int) -> dict[str, Any]:
    """Plain data of a prediction: the documented output of ``rmtsym predict --json``."""
    return {
        "id": theorem_id,
        "point": {name: exact_text(value) for name, value in point.items()},
        "quantities": {name: value_json(value, digits) for name, value in values.items()},
    }


# -- formulas -----------------------------------------------------------------------------------------------------


_GREEK_LIKE = {"lam": r"\lambda", "sig": r"\sigma", "eps": r"\varepsilon"}


def symbol_latex(theorem: Theorem, name: str) -> str:
    """Symbol of a name: the theorem's own if it gives one, Greek where it is Greek, upright if it is a word."""
    import sympy as sp

    for known in (*theorem.parameters, *theorem.quantities):
        if known.name == name and known.latex:
            return known.latex
    if name in _GREEK_LIKE:
        return _GREEK_LIKE[name]
    plain = sp.latex(sp.Symbol(name))
    word = re.match(r"[A-Za-z]{2,}", plain)  # a Greek name or a decorated one begins with a backslash
    return rf"\mathrm{{{word[0]}}}{plain[word.end() :]}" if word else plain


def _names(theorem: Theorem, expressions: Iterable[Any]) -> dict[Any, str]:
    """LaTeX of the free symbols of some expressions; one that is itself a quotient or a sum stands in parentheses."""
    free = set().union(*(getattr(e, "free_symbols", set()) for e in expressions))
    names = {s: symbol_latex(theorem, str(s)) for s in free}
    composite = re.compile(r"[/+-](?![^{]*\})")
    return {s: rf"\left({text}\right)" if composite.search(text) else text for s, text in names.items()}


def _head(theorem: Theorem, side: Any, names: Mapping[Any, str]) -> str:
    """Left-hand side of an equation: a symbol alone needs no parentheses."""
    import sympy as sp

    return symbol_latex(theorem, str(side)) if isinstance(side, sp.Symbol) else sp.latex(side, symbol_names=names)


def claim_latex(theorem: Theorem, claim: Any) -> str:
    """A claim of a derivation, aligned at its equals sign."""
    import sympy as sp

    if isinstance(claim, sp.Eq):
        names = _names(theorem, (claim,))
        return f"{_head(theorem, claim.lhs, names)} &= {sp.latex(claim.rhs, symbol_names=names)}"
    if isinstance(claim, tuple):
        left, *others = (_matrix_latex(theorem, side) for side in claim)
        return left + "".join(rf" &= {side}" for side in others)
    if isinstance(claim, str):
        return rf"&\text{{{claim}}}"
    return "&" + _matrix_latex(theorem, claim)


def _matrix_latex(theorem: Theorem, side: Any) -> str:
    import sympy as sp

    if isinstance(side, str):
        return rf"\text{{{side}}}"
    if isinstance(side, sp.Basic):
        return sp.latex(side, symbol_names=_names(theorem, (side,)))
    shown = getattr(side, "_repr_latex_", None)
    text = shown().strip("$") if callable(shown) else str(side)
    named = {p.name: symbol_latex(theorem, p.name) for p in theorem.parameters if len(p.name) > 1}
    return re.sub(r"(?<![\\A-Za-z])[A-Za-z]\w+", lambda word: named.get(word[0], word[0]), text)


def latex_lines(theorem: Theorem, system: Any) -> list[str]:
    """One LaTeX line, aligned at ``=``, for each equation and each output of a system."""
    import sympy as sp

    equations = getattr(system, "equations", ())
    outputs = system.outputs
    written = outputs if isinstance(outputs, Mapping) else {}
    names = _names(theorem, (*equations, *written.values()))
    lines = [rf"{sp.latex(e.lhs, symbol_names=names)} &= {sp.latex(e.rhs, symbol_names=names)}" for e in equations]
    for name, expression in written.items():
        head, body = symbol_latex(theorem, str(name)), sp.latex(expression, symbol_names=names)
        if head != body:  # an unknown that is itself a quantity
            lines.append(rf"{head} &= {body}")
    return lines


def correction_latex(theorem: Theorem, mutant: Any, quantity: str = "") -> tuple[str, str]:
    """What a wrong version says and what the statement says, as LaTeX, in the first regime where these differ.

    One that changes numbers, not formulas, has no LaTeX of its own: the right side is then the formula of a quantity.
    Of one that changes more than three formulas, that of the quantity is shown.
    """
    for regime in theorem.regimes():
        if not mutant.fits(regime):
            continue
        versions = (mutant.apply(regime), regime)
        wrong, right = ([line for s in version.systems for line in latex_lines(theorem, s)] for version in versions)
        changed = [line for line in wrong if line not in right], [line for line in right if line not in wrong]
        name = quantity or (regime.outputs[0] if len(regime.outputs) == 1 else "")
        head = f"{symbol_latex(theorem, name)} &= " if name else "none"
        if not any(changed):
            changed = [], [line for line in right if line.startswith(head)]
        elif len(changed[1]) > 3 and any(line.startswith(head) for line in changed[1]):
            changed = [x for x in changed[0] if x.startswith(head)], [x for x in changed[1] if x.startswith(head)]
        if any(changed):
            shown = [_aligned(lines) for lines in changed]
            return shown[0], shown[1]
    return "", ""


def _aligned(lines: Iterable[str]) -> str:
    """Formulas below each other, aligned at their equals signs; nothing for none."""
    body = "\\\\[4pt]\n".join(lines)
    return f"\\begin{{aligned}}\n{body}\n\\end{{aligned}}" if body else ""


def statement_latex(theorem: Theorem, point: Mapping[str, Any] | None = None) -> list[tuple[str, str]]:
    """For each regime its condition and its equations, as LaTeX; lines of an earlier regime are named, not repeated."""
    import sympy as sp

    from rmtsym.theorem.statement import parse_condition

    found = []
    shown: set[str] = set()
    for regime in theorem.regimes(point):
        written = [line for system in regime.systems for line in latex_lines(theorem, system)]
        known = ",\\ ".join(line.partition("&=")[0].strip() for line in written if line in shown)
        lines = [line for line in written if line not in shown]
        lines += [rf"&\text{{as before: }}{known}"] if known else []
        shown.update(written)
        when = parse_condition(regime.when) if isinstance(regime.when, str) else sp.sympify(regime.when)
        names = _names(theorem, (when,))
        condition = "" if when == sp.true else f"(${sp.latex(when, symbol_names=names)}$)"
        name = regime.name[:1].upper() + regime.name[1:]
        found.append((" ".join(x for x in (name, condition) if x), _aligned(lines)))
    return found


def _regime_json(theorem: Theorem, regime: Any) -> dict[str, Any]:
    import sympy as sp

    systems = []
    for system in regime.systems:
        outputs = system.outputs if isinstance(system.outputs, Mapping) else dict.fromkeys(system.outputs, "")
        systems.append(
            {
                "unknowns": [
                    {"name": str(u.symbol), "domain": u.domain, "meaning": u.meaning}
                    for u in getattr(system, "unknowns", ())
                ],
                "equations": [f"{sp.sstr(e.lhs)} = {sp.sstr(e.rhs)}" for e in getattr(system, "equations", ())],
                "outputs": {str(k): sp.sstr(v) if v != "" else None for k, v in outputs.items()},
                "latex": latex_lines(theorem, system),
            }
        )
    return {"name": regime.name, "when": sp.sstr(regime.when), "systems": systems}


def _step_json(step: Any) -> dict[str, Any]:
    import sympy as sp

    def shown(claim: Any) -> str:
        if isinstance(claim, sp.Eq):
            return f"{sp.sstr(claim.lhs)} = {sp.sstr(claim.rhs)}"
        if isinstance(claim, tuple):
            return " = ".join(shown(side) for side in claim)
        return sp.sstr(claim) if isinstance(claim, sp.Basic) else str(claim)

    return {
        "name": step.name,
        "kind": step.kind,
        "claims": [shown(c) for c in step.claims],
        "latex": step.latex(),
        "reason": step.reason,
        "uses": list(step.uses),
    }


def domain_text(parameter: Any) -> str:
    """The domain of a parameter under the parameter's own name: ``lam >= 0``."""
    text = str(parameter.domain)
    return re.sub(r"\bx\b", parameter.name, text) if type(parameter.domain).__name__ == "Interval" else text


def domain_latex(theorem: Theorem, parameter: Any) -> str:
    """The same for Markdown: a formula where the domain is an interval."""
    text = domain_text(parameter)
    if type(parameter.domain).__name__ != "Interval":
        return text
    symbol = symbol_latex(theorem, parameter.name)
    body = re.sub(rf"\b{re.escape(parameter.name)}\b", lambda _: symbol, text)
    for plain, command in ((">=", r"\ge"), ("<=", r"\le"), (" real", r" \in \mathbb{R}")):
        body = body.replace(plain, command)
    return f"${body}$"


# -- whole theorems -----------------------------------------------------------------------------------------------


def theorem_json(theorem: Theorem) -> dict[str, Any]:
    """Plain data of a theorem: the documented output of ``rmtsym show --json``."""
    from rmtsym.theorem import derive

    return {
        "id": theorem.id,
        "title": theorem.title,
        "family": theorem.family,
        "references": list(theorem.references),
        "assumptions": list(theorem.assumptions),
        "uses": list(theorem.uses),
        "parameters": [
            {
                "name": p.name,
                "meaning": p.meaning,
                "domain": domain_text(p),
                "default": None if p.default is None else exact_text(p.default),
            }
            for p in theorem.parameters
        ],
        "quantities": [{"name": q.name, "meaning": q.meaning} for q in theorem.quantities],
        "points": {name: {k: str(v) for k, v in point.items()} for name, point in theorem.points.items()},
        "statement": [_regime_json(theorem, regime) for regime in theorem.regimes()],
        "derivation": [_step_json(step) for step in derive(theorem).steps],
        "consequences": [c.claim for c in theorem.consequences],
    }


def theorem_latex(theorem: Theorem) -> str:
    """The statement as a LaTeX fragment."""
    parts = [rf"% {theorem.id}: {theorem.title}"]
    for title, body in statement_latex(theorem):
        parts += ([rf"\paragraph{{{title}}}"] if title else []) + [rf"\[{body}\]"]
    return "\n".join(parts)


def theorem_text(theorem: Theorem) -> str:
    """The theorem as plain text."""
    data = theorem_json(theorem)
    lines = [f"{data['id']}  ({data['family']})", data["title"], ""]
    if data["references"]:
        lines += ["References", *(f"  {r}" for r in data["references"]), ""]
    if data["assumptions"]:
        lines += ["Assumptions", *(f"  - {a}" for a in data["assumptions"]), ""]
    lines += ["Parameters", *_columns((p["name"], p["meaning"], p["domain"]) for p in data["parameters"]), ""]
    lines += ["Quantities", *_columns((q["name"], q["meaning"]) for q in data["quantities"]), ""]
    for regime in data["statement"]:
        condition = "" if regime["when"] == "True" else f" where {regime['when']}"
        name = f" ({regime['name']})" if regime["name"] else ""
        lines.append(f"Statement{name}{condition}")
        for system in regime["systems"]:
            lines += [f"  {equation}" for equation in system["equations"]]
            lines += [f"  {name} = {text}" if text else f"  {name}" for name, text in system["outputs"].items()]
        lines.append("")
    if data["derivation"]:
        lines.append("Derivation")
        for number, step in enumerate(data["derivation"], 1):
            lines.append(f"  {number}. {step['name']} ({step['kind']}): {step['reason']}")
            lines += [f"       {claim}" for claim in step["claims"] if step["kind"] != "conclusion"]
        lines.append("")
    if data["consequences"]:
        lines += ["Consequences", *(f"  - {claim}" for claim in data["consequences"]), ""]
    if data["points"]:
        shown = ((name, " ".join(f"{k}={v}" for k, v in point.items())) for name, point in data["points"].items())
        lines += ["Points", *_columns(shown), ""]
    if data["uses"]:
        lines += [f"Uses {', '.join(data['uses'])}", ""]
    return "\n".join(lines).rstrip()


def _columns(rows: Iterable[tuple[str, ...]]) -> list[str]:
    """Rows of text with aligned columns."""
    table = [tuple(map(str, row)) for row in rows]
    if not table:
        return []
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    return ["  " + "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in table]
