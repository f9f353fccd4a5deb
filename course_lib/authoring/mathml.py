"""A Sphinx extension: formulas become MathML while the pages are built.

Browsers draw MathML themselves, with no script and no network.
"""

import re

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.writers.html5 import HTML5Translator

LETTERS = re.compile(r"<m[ino]\b[^>]*>")
LETTERS_ON_A_TELEPHONE = 18


def inline(translator: HTML5Translator, node: nodes.math) -> None:
    formula = convert(node.astext())
    # a browser breaks no line within a formula: on a telephone a long one has to scroll by itself
    long = len(LETTERS.findall(formula)) > LETTERS_ON_A_TELEPHONE
    translator.body.append(f'<span class="long-formula">{formula}</span>' if long else formula)
    raise nodes.SkipNode


def display(translator: HTML5Translator, node: nodes.math_block) -> None:
    translator.body.append(f'<div class="math">{convert(node.astext(), display="block")}</div>')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    # both raise SkipNode, so there is nothing to do when a formula ends
    app.add_html_math_renderer("mathml", (inline, None), (display, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
