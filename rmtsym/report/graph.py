"""The dependency graph of the theorems as SVG: what rests on what, coloured by the last verdict."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

__all__ = ["FILL", "dependency_svg"]

FILL = {"VERIFIED": "#d9f2e3", "REFUTED": "#fbd9d3", "INCONCLUSIVE": "#fdf0cd", None: "#eef0f3"}
_STROKE = {"VERIFIED": "#1d8a4e", "REFUTED": "#c0392b", "INCONCLUSIVE": "#b7860b", None: "#8a94a3"}
_ROW, _HEIGHT, _GAP, _CHARACTER = 46, 28, 70, 7.4


def _layers(uses: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """Theorems by the longest chain of uses below them."""
    depth: dict[str, int] = {}

    def of(node: str) -> int:
        if node not in depth:
            depth[node] = 1 + max((of(n) for n in uses[node] if n in uses), default=-1)
        return depth[node]

    layers: list[list[str]] = []
    for node in uses:
        while len(layers) <= of(node):
            layers.append([])
        layers[of(node)].append(node)
    return layers


def _ordered(layers: list[list[str]], uses: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """Each layer sorted by the mean place of what its theorems use, so that few lines cross."""
    place: dict[str, float] = {}
    for layer in layers:
        centre: dict[str, float] = {}
        for i, node in enumerate(layer):
            below = [place[n] for n in uses[node] if n in place]
            centre[node] = sum(below) / len(below) if below else float(i)
        layer.sort(key=lambda node, centre=centre: (centre[node], node))  # type: ignore[misc]
        place.update({node: float(i) for i, node in enumerate(layer)})
    return layers


def dependency_svg(uses: Mapping[str, Sequence[str]], status: Mapping[str, str | None], link: str = "{}.html") -> str:
    """Boxes in columns by depth, lines from what is used to what uses it.

    >>> dependency_svg({"a": (), "b": ("a",)}, {})[:4]
    '<svg'
    """
    layers = _ordered(_layers(uses), uses)
    boxes: dict[str, tuple[float, float, float]] = {}
    x = 8.0
    for layer in layers:
        width = max(len(node) for node in layer) * _CHARACTER + 18
        for i, node in enumerate(layer):
            boxes[node] = (x, 8 + i * _ROW, width)
        x += width + _GAP
    height = max((y for _, y, _ in boxes.values()), default=0) + _HEIGHT + 10
    lines, nodes = [], []
    for node, below in uses.items():
        x1, y1, _ = boxes[node]
        for cited in below:
            if cited not in boxes:
                continue
            x0, y0, w0 = boxes[cited]
            a, b, mid = x0 + w0, y0 + _HEIGHT / 2, (x0 + w0 + x1) / 2
            d = y1 + _HEIGHT / 2
            lines.append(f'<path d="M{a:.0f} {b:.0f}C{mid:.0f} {b:.0f} {mid:.0f} {d:.0f} {x1:.0f} {d:.0f}"/>')
    for node, (x0, y0, width) in boxes.items():
        state = status.get(node)
        name = html.escape(node)
        box = f'x="{x0:.0f}" y="{y0:.0f}" width="{width:.0f}" height="{_HEIGHT}" rx="5"'
        nodes.append(
            f'<a href="{link.format(name)}"><rect {box} fill="{FILL[state]}" stroke="{_STROKE[state]}"/>'
            f'<text x="{x0 + width / 2:.0f}" y="{y0 + 18:.0f}" text-anchor="middle">{name}</text>'
            f"<title>{name}: {state or 'not run'}</title></a>"
        )
    size = f'width="{x - _GAP + 8:.0f}" height="{height:.0f}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="graph" {size} role="img" aria-label="dependency graph">'
        f'<g fill="none" stroke="#9aa5b5" stroke-width="1.3">{"".join(lines)}</g>{"".join(nodes)}</svg>'
    )
