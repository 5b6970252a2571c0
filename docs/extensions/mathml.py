"""Formulas as MathML, written into the pages when the manual is built: to read them needs no script and no network.

`docs/decisions/formulas.md` tells what was compared.
"""

from docutils import nodes
from math_core import LatexError, LatexToMathML
from sphinx.errors import ExtensionError
from sphinx.util.math import get_node_equation_number

# An unknown command or a brace too many is an error of the page, never red text in it.
_CONVERTER = LatexToMathML(fancy_error=False, annotation=False)


def converted(latex, display):
    """The `<math>` element of a formula.

    Raises
    ------
    ExtensionError
        The formula cannot be read; the message holds it.
    """
    try:
        return _CONVERTER.convert_with_local_state(latex, displaystyle=display)
    except LatexError as error:
        raise ExtensionError(f"the formula {latex!r} is not understood: {error}") from error


def _visit_inline(writer, node):
    writer.body.append(writer.starttag(node, "span", "", CLASS="math notranslate"))
    writer.body.append(converted(node.astext(), display=False) + "</span>")
    raise nodes.SkipNode


def _visit_block(writer, node):
    writer.body.append(writer.starttag(node, "div", CLASS="math notranslate"))
    if node["number"]:
        writer.body.append(f'<span class="eqno">({get_node_equation_number(writer, node)})</span>')
    text = node.astext()
    # As LaTeX has it, two backslashes outside of an environment begin a new line of one formula.
    if r"\\" in text and r"\begin" not in text:
        text = rf"\begin{{aligned}}{text}\end{{aligned}}"
    writer.body.append(converted(text, display=True) + "</div>\n")
    raise nodes.SkipNode


def setup(app):
    """Make this the renderer of formulas in HTML."""
    app.add_html_math_renderer("mathml", (_visit_inline, None), (_visit_block, None))
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
