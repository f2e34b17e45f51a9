"""A model given as text, and its deterministic equivalent as plain data and as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["derivation", "derivation_text"]


def derivation(
    text: str, declarations: Mapping[str, Sequence[str]], point: Mapping[str, str] | None = None, digits: int = 15
) -> dict[str, Any]:
    """Deterministic equivalent of a model given as text: the documented output of ``rmtsym derive --json``.

    Parameters
    ----------
    text : str
        The matrix expression.
    declarations : mapping from kind to declarations
        As in :func:`rmtsym.matrix.parse_model`.
    point : mapping, optional
        Values of the parameters; the outputs are then enclosed as well.
    digits : int
    """
    import sympy as sp

    from rmtsym.equivalent import deterministic_equivalent
    from rmtsym.equivalent.domain import definiteness
    from rmtsym.errors import DomainError
    from rmtsym.matrix import parse_model
    from rmtsym.report.describe import exact_text, value_json

    equivalent = deterministic_equivalent(parse_model(text, declarations))
    certificate = equivalent.certificate
    data: dict[str, Any] = {
        "expression": str(equivalent.expression),
        "unknowns": [{"name": str(u.symbol), "domain": u.domain, "meaning": u.meaning} for u in equivalent.unknowns],
        "equations": [f"{sp.sstr(e.lhs)} = {sp.sstr(e.rhs)}" for e in equivalent.equations],
        "outputs": {name: sp.sstr(e) for name, e in equivalent.outputs.items()},
        "parameters": [str(s) for s in equivalent.system.parameters],
        "measures": [m.name for m in equivalent.system.measures],
        "latex": equivalent.latex(),
        "certificate": {
            "verified": certificate.verified,
            "pencil_size": certificate.pencil_size,
            "order_parameters": certificate.order_parameters,
            "identities": len(certificate.identities),
            "remarks": list(certificate.remarks),
        },
    }
    if point:
        exact = _point(equivalent.system, point)
        values = equivalent.enclose(exact, digits)
        for value in values.values():
            number = complex(value.value)
            if definiteness(equivalent.expression) and number.imag == 0 and number.real + value.radius < 0:
                shown = " ".join(f"{k}={v}" for k, v in point.items())
                raise DomainError(
                    "point", shown, "where every inverse exists", "a positive matrix has no negative trace; add a ridge"
                )
        data["point"] = {k: exact_text(v) for k, v in exact.items() if not hasattr(v, "weights")}
        for name, law in exact.items():
            if hasattr(law, "weights"):
                data["point"] |= {f"{name}.{k}": exact_text(v) for k, v in {**law.letters, "w": law.weights}.items()}
        data["quantities"] = {name: value_json(values[name], digits) for name in equivalent.outputs}
    return data


def _point(system: Any, given: Mapping[str, str]) -> dict[str, Any]:
    """Exact values of parameters, and atoms of measures from ``NAME.letter=1,4`` and ``NAME.w=1/2,1/2``."""
    from rmtsym.errors import DomainError, UnknownName
    from rmtsym.field.measure import Atoms
    from rmtsym.parsing import check_size, parse_list, parse_number

    parameters = {str(s): s for s in system.parameters}
    measures = {m.name: [str(x) for x in m.letters] for m in system.measures}
    slots = {f"{m}.{x}": (m, x) for m, letters in measures.items() for x in (*letters, "w")}
    point: dict[str, Any] = {}
    atoms: dict[str, dict[str, Any]] = {}
    for name, value in given.items():
        if name in parameters:
            point[name] = number = check_size(parse_number(value, name), name)
            if parameters[name].is_positive and number < 0:
                raise DomainError(name, number, f"{name} >= 0", "it is the relative size of a space")
        elif name in slots:
            measure, letter = slots[name]
            atoms.setdefault(measure, {})[letter] = [check_size(x, name) for x in parse_list(value, name)]
        else:
            raise UnknownName("parameter", name, [*parameters, *slots])
    for name in (*parameters, *slots):
        if name not in given:
            example = "write 1,4" if name in slots else "write 0.3 or 3/10"
            raise DomainError(name, "missing", f"a value for {name}", f"add --set {name}=...; {example}")
    for measure, letters in atoms.items():
        weights = letters.pop("w")
        try:
            point[measure] = Atoms(weights, **letters)
        except DomainError as error:
            raise DomainError(f"{measure}.{error.argument}", error.value, error.domain, error.hint) from None
    return point


def derivation_text(data: Mapping[str, Any]) -> str:
    """The result for people: equations, outputs, unknowns, and what certifies them."""
    certificate = data["certificate"]
    lines = [data["expression"], "", "Equations", *(f"  {e}" for e in data["equations"])]
    lines += ["Normalised trace", *(f"  {name} = {text}" for name, text in data["outputs"].items())]
    if data["unknowns"]:
        lines += ["Unknowns", *(f"  {u['name']} {u['domain']}" for u in data["unknowns"])]
    proof = "verified exactly" if certificate["verified"] else "NOT verified"
    lines += [
        f"Certificate: pencil of size {certificate['pencil_size']}, "
        f"{certificate['order_parameters']} order parameters, {certificate['identities']} identities {proof}",
        *(f"  {remark}" for remark in certificate["remarks"]),
    ]
    for name, value in data.get("quantities", {}).items():
        shown = value.get("decimal", value["value"])
        radius = f" ± {value['radius']:.1e}" if value["radius"] else ""
        lines.append(f"{name} = {shown}{radius} ({value['status']})")
    return "\n".join(lines)
