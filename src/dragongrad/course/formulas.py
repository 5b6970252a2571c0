r"""Formulas of the course as MathML, which browsers draw without any script or network.

The part of TeX's language that the course uses; anything else raises, so that no page shows a formula wrongly.
"""

# ruff: noqa: RUF001  (letters and signs of mathematics are what this file is about)

from __future__ import annotations

import re
from html import escape

from ..core.errors import ArgumentError

# Words in braces are one token with their command, as their spaces count.
_TOKEN = re.compile(
    r"\\(?:text|mathrm|begin|end)\{[^}]*\}|\\mathrel\{[+-]\}=|\\[a-zA-Z]+|\\.|\d+(?:\.\d+)?|\S", re.DOTALL
)
_LETTERS = {
    "alpha": "α", "beta": "β", "delta": "δ", "epsilon": "ϵ", "varepsilon": "ε", "kappa": "κ", "lambda": "λ",
    "sigma": "σ", "varphi": "φ", "xi": "ξ", "partial": "∂", "nabla": "∇", "infty": "∞", "top": "⊤",
}  # fmt: skip
_SIGNS = {
    "cdot": "⋅", "times": "×", "to": "→", "leftarrow": "←", "approx": "≈", "ne": "≠", "le": "≤", "ge": "≥",
    "pm": "±", "circ": "∘", "dots": "…", "cdots": "⋯", "langle": "⟨", "rangle": "⟩", "|": "‖", "{": "{", "}": "}",
}  # fmt: skip
_NAMES = ("cos", "det", "exp", "log", "max", "min", "sin", "tanh")
_SPACES = {",": "0.17em", ";": "0.28em", "quad": "1em", "qquad": "2em"}
_ACCENTS = {"bar": "¯", "dot": "˙", "hat": "^"}
# These have their limits below and above.
_LIMITS = {"sum": "<mo>∑</mo>", "lim": "<mo>lim</mo>"}
_FENCES = "()[]|⟨⟩‖"
# A browser would set space around these, as around a relation or an operation; TeX sets none.
_PRIME = '<mo lspace="0" rspace="0">′</mo>'
_TIGHT = "|‖/"
# After these a plus or minus is the sign of what follows. (Where it begins a group, browsers know.)
_SIGN_FOLLOWS = ("(", "[", ",", "=", "<", ">", r"\langle", r"\le", r"\ge", r"\approx", r"\cdot", r"\times")


def to_mathml(formula: str, display: bool = False) -> str:
    r"""A formula as an element of HTML.

    Parameters
    ----------
    formula : str
        In TeX's language, without the dollars.
    display : bool
        On a line of its own.

    Raises
    ------
    ArgumentError
        It uses a command that is not of the part that is known here, or does not end.

    Examples
    --------
    >>> from dragongrad.course.formulas import to_mathml
    >>> to_mathml(r"\sqrt x + 1")
    '<math><msqrt><mi>x</mi></msqrt><mo>+</mo><mn>1</mn></math>'

    """
    reader = _Reader(formula)
    inside = reader.row(())
    return f'<math display="block">{inside}</math>' if display else f"<math>{inside}</math>"


class _Reader:
    """Reads a formula from left to right, an element at a time."""

    def __init__(self, formula: str) -> None:
        self.formula = formula
        self.left = _TOKEN.findall(formula)[::-1]
        self.before = ""

    def row(self, ends: tuple[str, ...]) -> str:
        """All elements up to one of the ends, which is read too; to the end of the formula without any."""
        made: list[str] = []
        while self.left:
            if self.left[-1] in ends:
                self.left.pop()
                return "".join(made)
            made.append(self.scripted())
        if ends:
            raise ArgumentError(f"the formula {self.formula!r} lacks a {ends[0]!r}")
        return "".join(made)

    def next(self) -> str:
        """Read a token."""
        if not self.left:
            raise ArgumentError(f"the formula {self.formula!r} ends too early")
        self.before = self.left.pop()
        return self.before

    def scripted(self) -> str:
        """An element with what stands below and above it."""
        token = self.left[-1] if self.left else ""
        base, below, above = self.element(), "", ""
        while self.left and self.left[-1] in ("_", "^", "'"):
            mark = self.left.pop()
            if mark == "_":
                below = self.element()
            elif mark == "^":
                above += self.element()
            else:
                above += _PRIME
        above = f"<mrow>{above}</mrow>" if above.count(_PRIME) > 1 else above
        kind = ("under", "over") if token[1:] in _LIMITS else ("sub", "sup")
        tag = f"m{kind[0] if below else ''}{kind[1] if above else ''}"
        return f"<{tag}>{base}{below}{above}</{tag}>" if below or above else base

    def element(self) -> str:
        """One element: a letter, a number, a sign, a group in braces, or a command with its arguments."""
        before, token = self.before, self.next()
        if token == "{":
            return f"<mrow>{self.row(('}',))}</mrow>"
        if token[0] == "\\" and len(token) > 1:
            return self.command(token[1:])
        if token[0].isdigit():
            return f"<mn>{token}</mn>"
        if token.isalpha():
            return f"<mi>{token}</mi>"
        if token in "+-" and before in _SIGN_FOLLOWS:
            return f'<mo form="prefix">{token.replace("-", "−")}</mo>'
        return _sign("−" if token == "-" else token)

    def command(self, name: str) -> str:
        """A command, with the arguments that it takes."""
        if name in _LETTERS:
            return f"<mi>{_LETTERS[name]}</mi>"
        if name in _SIGNS:
            return _sign(_SIGNS[name])
        if name in _NAMES:
            thin = _SPACES[","]
            after = "0" if self.left and self.left[-1] in "(_^|" else thin
            return f'<mo lspace="{thin}" rspace="{after}">{name}</mo>'
        if name in _SPACES:
            return f'<mspace width="{_SPACES[name]}"/>'
        if name in _LIMITS:
            return _LIMITS[name]
        if name in _ACCENTS:
            return f'<mover accent="true">{self.element()}<mo>{_ACCENTS[name]}</mo></mover>'
        if name == "frac":
            return f"<mfrac>{self.element()}{self.element()}</mfrac>"
        if name == "sqrt":
            return f"<msqrt>{self.element()}</msqrt>"
        if name.startswith(("mathrm{", "text{")):
            return f"<mtext>{escape(_words(name))}</mtext>"
        return self.structure(name)

    def structure(self, name: str) -> str:
        """A command that frames or joins others."""
        if name == "left":
            opening = _sign(self.next(), True)
            inside = self.row(("\\right",))
            return f"<mrow>{opening}{inside}{_sign(self.next(), True)}</mrow>"
        if name.startswith("mathrel{"):
            return f"<mo>{name[8].replace('-', '−')}=</mo>"
        if name == "Big":
            return f'<mo stretchy="true" minsize="1.8em">{escape(self.next())}</mo>'
        if name == "begin{pmatrix}":
            return self.matrix()
        raise ArgumentError(f"\\{name} in the formula {self.formula!r} is not known: see course/formulas.py")

    def matrix(self) -> str:
        """The rows of a matrix, up to its end."""
        rows, cells, cell = [], [], ""
        while self.left and self.left[-1] != "\\end{pmatrix}":
            if self.left[-1] in ("&", "\\\\"):
                cells.append(cell)
                cell = ""
                if self.left.pop() == "\\\\":
                    rows.append(cells)
                    cells = []
            else:
                cell += self.scripted()
        if not self.left:
            raise ArgumentError(f"the matrix of the formula {self.formula!r} does not end")
        self.left.pop()
        rows.append([*cells, cell])
        table = "".join(f"<mtr>{''.join(f'<mtd>{c}</mtd>' for c in row)}</mtr>" for row in rows)
        return f"<mrow>{_sign('(', True)}<mtable>{table}</mtable>{_sign(')', True)}</mrow>"


def _words(command: str) -> str:
    """The words in the braces of a command, with spaces that HTML keeps."""
    return command.partition("{")[2][:-1].replace(" ", "\u00a0")


def _sign(sign: str, stretchy: bool = False) -> str:
    """An operator; a fence grows with what it holds only where that is asked for."""
    grows = f' stretchy="{str(stretchy).lower()}"' if sign in _FENCES else ""
    grows += ' lspace="0" rspace="0"' if sign in _TIGHT else ""
    return f"<mo{grows}>{escape(sign)}</mo>"
