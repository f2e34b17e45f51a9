"""Markdown with formulas, as HTML that needs no network and no JavaScript: formulas become MathML."""

from __future__ import annotations

import html
import re
from functools import lru_cache
from typing import Any

__all__ = ["formula", "prose"]

# What the converter reads otherwise, or not at all.
_REWRITE = (
    (re.compile(r"\\(begin|end)\{(aligned|split|gathered)\}"), r"\\\1{align*}"),
    (re.compile(r"\\\\\s*\[[0-9.]+(pt|em|ex)\]"), r"\\\\"),
    (re.compile(r"\\!"), ""),
    (re.compile(r"\\arg\b"), r"\\mathrm{arg}"),
)
_MATH = re.compile(r"\$\$(?P<display>.+?)\$\$|(?<!\\)\$(?P<inline>[^$\n]+?)(?<!\\)\$|(?P<code>`[^`]*`)", re.DOTALL)


@lru_cache(maxsize=4096)
def formula(latex: str, display: bool = True) -> str:
    """A formula as MathML; as code if the converter does not know a command in it.

    >>> formula("c", display=False)[:5]
    '<math'
    """
    from latex2mathml.converter import convert

    source = latex
    for pattern, replacement in _REWRITE:
        source = pattern.sub(replacement, source)
    try:
        text = convert(source, display="block" if display else "inline")
    except Exception:  # the converter raises its own many errors; the source is still readable
        return f"<code>{html.escape(latex)}</code>"
    # the TeX source travels along, for copying and for readers without MathML
    text = text.replace("<math ", f'<math alttext="{html.escape(latex, quote=True)}" ', 1)
    return f'<span class="display">{text}</span>' if display else text


@lru_cache(maxsize=1)
def _markdown() -> Any:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def prose(markdown: str) -> str:
    """Markdown with ``$...$`` and ``$$...$$`` as HTML.

    >>> prose("A *ratio*.").strip()
    '<p>A <em>ratio</em>.</p>'
    """
    formulas: list[str] = []

    def keep(match: re.Match[str]) -> str:
        if match["code"] is not None:
            return match["code"]
        display = match["display"] is not None
        formulas.append(formula((match["display"] or match["inline"]).strip(), display))
        return f"RMTSYMFORMULA{len(formulas) - 1}END"

    text = _markdown().render(_MATH.sub(keep, markdown))
    return re.sub(r"RMTSYMFORMULA(\d+)END", lambda m: formulas[int(m[1])], text)
