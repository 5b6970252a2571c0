"""Letters for LaTeX: every one of Unicode is printed, without a package and in any encoding of the source."""

from __future__ import annotations

from unicodedata import combining, normalize

_MARKS = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "…": r"\dots{}", "·": r"$\cdot$", "∞": r"$\infty$",
    "×": r"$\times$", "−": "$-$", "±": r"$\pm$", "≤": r"$\leq$", "≥": r"$\geq$", "≠": r"$\neq$",
    "≈": r"$\approx$", "∂": r"$\partial$", "∇": r"$\nabla$", "∑": r"$\sum$", "∏": r"$\prod$", "√": r"$\surd$",
    "∫": r"$\int$", "∈": r"$\in$", "ℓ": r"$\ell$", "←": r"$\leftarrow$", "→": r"$\rightarrow$",
    "↑": r"$\uparrow$", "↓": r"$\downarrow$", "∥": r"$\parallel$", "′": "$'$", "°": r"$^\circ$",
    "ħ": r"$\hbar$", "–": "--", "—": "---", "‘": "`", "’": "'", "“": "``", "”": "''", "ß": r"\ss{}",
    "æ": r"\ae{}", "Æ": r"\AE{}", "œ": r"\oe{}", "Œ": r"\OE{}", "ø": r"\o{}", "Ø": r"\O{}", "ł": r"\l{}",
    "Ł": r"\L{}", "ı": r"\i{}", "ȷ": r"\j{}",
    **{mark: f"\\{mark}" for mark in "#$%&_"},
    **{mark: f"$^{digit}$" for digit, mark in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")},
    **{mark: f"$_{digit}$" for digit, mark in enumerate("₀₁₂₃₄₅₆₇₈₉")},
}  # fmt: skip
# Capitals that look like Latin ones have no command of their own.
_GREEK = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "varepsilon", "ζ": "zeta", "η": "eta",
    "θ": "theta", "ι": "iota", "κ": "kappa", "λ": "lambda", "μ": "mu", "ν": "nu", "ξ": "xi", "π": "pi",
    "ρ": "rho", "ς": "varsigma", "σ": "sigma", "τ": "tau", "υ": "upsilon", "φ": "varphi", "χ": "chi",
    "ψ": "psi", "ω": "omega", "ϑ": "vartheta", "ϕ": "phi", "ϵ": "epsilon", "ϖ": "varpi", "ϱ": "varrho",
    "Γ": "Gamma", "Δ": "Delta", "Θ": "Theta", "Λ": "Lambda", "Ξ": "Xi", "Π": "Pi", "Σ": "Sigma", "Υ": "Upsilon",
    "Φ": "Phi", "Ψ": "Psi", "Ω": "Omega",
}  # fmt: skip
_ALIKE = dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΧο", "ABEZHIKMNOPTXo", strict=True))
# The combining mark of Unicode, and the command that sets it: over text, and in a formula.
_ACCENTS = {
    "\u0300": ("`", "grave"), "\u0301": ("'", "acute"), "\u0302": ("^", "hat"), "\u0303": ("~", "tilde"),
    "\u0304": ("=", "bar"), "\u0306": ("u", "breve"), "\u0307": (".", "dot"), "\u0308": ('"', "ddot"),
    "\u030a": ("r", "mathring"), "\u030b": ("H", ""), "\u030c": ("v", "check"), "\u0323": ("d", ""),
    "\u0327": ("c", ""), "\u0331": ("b", ""),
}  # fmt: skip


def letters(text: str) -> list[str]:
    r"""What LaTeX prints for each letter of a line; one that it does not know has Python's escape, `\u4e2d`."""
    found: list[str] = []
    for letter in normalize("NFC", " ".join(text.split())):
        found += [printed] if (printed := _printed(letter)) else map(_printed, _escaped(letter))
    return found


def latex_text(text: str) -> str:
    """Text in which LaTeX reads no command."""
    return "".join(letters(text))


def _printed(letter: str) -> str:
    if letter in _MARKS:
        return _MARKS[letter]
    if " " <= letter <= "~":
        return letter
    if letter in _GREEK:
        return f"$\\{_GREEK[letter]}$"
    if letter in _ALIKE:
        return _ALIKE[letter]
    base, *accents = list(normalize("NFKD", letter))
    if len(accents) == 1 and accents[0] in _ACCENTS and not combining(base):
        command, symbol = _ACCENTS[accents[0]]
        if base in _GREEK:
            return f"$\\{symbol}{{\\{_GREEK[base]}}}$" if symbol else ""
        if base.isascii() and base.isalpha():
            # An accent above takes the place of the dot.
            dotless = f"\\{base}" if base in "ij" and symbol else base
            return f"\\{command}{{{dotless}}}"
    return _printed(base) if not accents and base != letter else ""


def _escaped(letter: str) -> str:
    """Python's escape of a letter."""
    return letter.encode("unicode_escape").decode("ascii")
