"""Markdown and formulas become HTML that needs nothing else."""

from __future__ import annotations

import pytest

from rmtsym.report.graph import dependency_svg
from rmtsym.report.prose import formula, prose


def test_formulas_and_markdown_live_together():
    html = prose("The *root* $a_1$ and `$5` cost\n\n$$\\kappa = \\lambda$$")
    assert html.count("<math") == 2 and "<em>root</em>" in html and "<code>$5</code>" in html


def test_underscores_in_formulas_are_not_emphasis():
    assert "<em>" not in prose("$a_1 b_2$ and $c_3 d_4$")


def test_html_of_the_author_is_shown_not_run():
    assert "<script>" not in prose("<script>alert(1)</script>")


@pytest.mark.parametrize(
    "latex",
    [
        r"\begin{aligned} a &= \mathbb{E}_{\nu}\!\left[\frac{s}{s+1}\right]\\[4pt] b &= 2 \end{aligned}",
        r"\begin{gathered}a = b \\ c = d\end{gathered}",
        r"\begin{cases}1 & x>0\\0 & x<0\end{cases}",
        r"\operatorname{tr}\,\tilde Q \leftrightarrow \bar{Q}",
    ],
)
def test_formulas_are_converted_without_remains(latex):
    text = formula(latex)
    body = text.partition("<math ")[2].partition(">")[2]
    assert (
        text.startswith('<span class="display"><math')
        and "\\" not in body
        and "<mi>&</mi>" not in body
        and "4pt" not in body
    )


def test_an_unreadable_formula_is_still_shown():
    assert r"\frac{" in formula(r"\frac{")


def test_graph_has_every_node_and_edge():
    uses = {"a": (), "b": ("a",), "c": ("a", "b"), "d": ()}
    svg = dependency_svg(uses, {"a": "VERIFIED", "b": "REFUTED"})
    assert svg.count("<rect") == 4 and svg.count("<path") == 3 and 'href="c.html"' in svg
