"""What is written for LaTeX fits the text of a page, and every letter is printed."""

import re
import shutil
import subprocess

import numpy as np
import pytest

import dragongrad as ad
from dragongrad.views.latex.letters import latex_text
from dragongrad.views.latex.table import BLANK, latex_table

PACKAGES = r"\usepackage{array,booktabs,longtable,pdflscape,tikz}"
needs_latex = pytest.mark.skipif(shutil.which("pdflatex") is None, reason="there is no pdflatex")


def chain(n):
    def f(x):
        for _ in range(n // 2):
            x = np.sin(x) * 1.1
        return x

    return f


def stacked(xs):
    return np.stack([np.sum(x) for x in xs])


def six(a, b, c, d, e, f):
    return np.exp(a * b) + np.sin(c * d) * e / f


def odd(p):
    return p["α_β%&#~^\\{é}$<"] * p["名前"] + p["Ångström ñ ß 😀"] / p["θ₁"]


def long_names(p):
    return np.sum(p["encoder"]["attention_with_a_very_long_name_for_its_query_weights"] @ p["x"])


def complexes(z, w):
    return z * (0.1 + 1j / 3) * np.conj(w) * 1234567.8912345


def layers(x, params):
    for w, b in params:
        x = np.tanh(w @ x + b)
    return np.sum(x**2)


def wide(*xs):
    total = 0.0
    for x, y in zip(xs[1:], xs, strict=False):
        total = total + x * y
    return total


PARAMS = [(np.arange(4.0).reshape(2, 2) / 3, np.array([0.1, -1234567.25])) for _ in range(3)]
# The function, its arguments, and the pages of both tables and of the graph in the class `article`.
CASES = {
    "one": (lambda x: x * 2.0, (3.0,), 1, 1, 1),
    "six": (six, (0.1, 0.2, 0.3, 0.4, 0.5, 0.6), 1, 1, 1),
    "many": (chain(300), (1.0,), 7, 7, 3),
    "stacked": (stacked, ([np.ones(3) / 3] * 30,), 3, 3, 1),
    "odd": (odd, ({"α_β%&#~^\\{é}$<": 1 / 3, "名前": 2.0, "Ångström ñ ß 😀": np.ones((2, 2)) / 7, "θ₁": np.nan},),
            1, 1, 1),
    "long_names": (long_names, ({"encoder": {"attention_with_a_very_long_name_for_its_query_weights": np.eye(2)},
                                 "x": np.ones(2) / 3},), 2, 1, 1),
    "complex": (complexes, (1 / 3 + 0.1j, np.array([1 + 2j, 1 / 3 - 1e-9j])), 1, 1, 1),
    "layers": (layers, (np.array([1 / 3, 2 / 3]), PARAMS), 1, 2, 1),
    "wide": (wide, tuple(np.arange(20.0) / 3), 2, 2, 2),
    "gradient": (ad.grad(layers), (np.array([1 / 3, 2 / 3]), PARAMS), 2, 3, 2),
    "constant": (lambda x: 3.0, (1.0,), 1, 1, 1),
}  # fmt: skip


def printed(document, folder, runs=2):
    """The pages of a document, with what does not fit."""
    (folder / "it.tex").write_text(document, encoding="utf-8")
    for _ in range(runs):
        command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "it.tex"]
        made = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    log = (folder / "it.log").read_text(encoding="latin-1")
    assert made.returncode == 0, re.findall(r"^!.*\n.*\n.*", log, re.MULTILINE)
    found = re.findall(r"Overfull \\[hv]box \(([\d.]+)pt", log)
    missing = re.findall(r"Missing character.*", log)
    return int(re.search(r"\((\d+) page", log)[1]), [float(width) for width in found if float(width) > 1], missing


def parts(name):
    f, args, *pages = CASES[name]
    tables = [ad.trace_table(f, *args, mode=mode).to_latex() for mode in ("forward", "reverse")]
    return list(zip([*tables, ad.graph(f, *args).to_tikz()], pages, strict=True))


def in_class(name, *parts):
    return "\n".join([name, PACKAGES, r"\begin{document}", "\n\\clearpage\n".join(parts), r"\end{document}"])


@needs_latex
def test_all_that_is_printed_fits_the_page(tmp_path):
    # The pictures of the large graph take TeX the longest, and those of a middling one are no other.
    found = [part for name in CASES for part in parts(name)[: 2 if name == "many" else 3]]
    document = in_class(r"\documentclass{article}", *[text for text, _ in found])
    pages, over, missing = printed(document, tmp_path, runs=1)
    assert (over, missing) == ([], [])
    assert pages == sum(count for _, count in found)


def has_courier():
    """Whether the font of that package is installed too: a small TeX has the package alone."""
    found = shutil.which("kpsewhich")
    return (
        found is not None and not subprocess.run([found, "pcrr7t.tfm"], capture_output=True, check=False).returncode
    )


@pytest.mark.slow
@needs_latex
@pytest.mark.parametrize("name", [
    r"\documentclass[12pt,a4paper]{article}", r"\documentclass[11pt]{report}",
    "\\documentclass{book}\n\\usepackage[T1]{fontenc}",
    pytest.param(
        "\\documentclass{article}\n\\usepackage{courier}",
        marks=pytest.mark.skipif(not has_courier(), reason="needs the font Courier of TeX"),
    ),
])  # fmt: skip
def test_it_fits_in_other_classes_and_letters(name, tmp_path):
    large = [ad.trace_table(chain(2000), 1.0).to_latex(), ad.graph(chain(2000), 1.0).to_tikz()]
    _, over, missing = printed(
        in_class(name, *[text for case in CASES for text, _ in parts(case)], *large), tmp_path
    )
    assert (over, missing) == ([], [])


@needs_latex
def test_sheets_and_their_solutions_fit_on_a_page(tmp_path):
    sheet = ad.explore(lambda x, y: np.sin(x) * y + x, 0.5, 2.0, exercise=True)
    for page in (sheet, sheet.solution):
        text = page.save(tmp_path / "page.tex").read_text(encoding="utf-8")
        assert printed(text, tmp_path, runs=1) == (1, [], [])


# The text alone


@pytest.mark.parametrize(("text", "wanted"), [
    ("a_{b}$%&#~^\\", r"a\_\{b\}\$\%\&\#\textasciitilde{}\textasciicircum{}\textbackslash{}"),
    ("αΩς", r"$\alpha$$\Omega$$\varsigma$"), ("Αο", "Ao"), ("ά", r"$\acute{\alpha}$"),
    ("éñÅçş", r"\'{e}\~{n}\r{A}\c{c}\c{s}"), ("ï", r'\"{\i}'), ("ßæøł", r"\ss{}\ae{}\o{}\l{}"),
    ("e\u0301", r"\'{e}"), ("x₁²", r"x$_1$$^2$"), ("名", r"\textbackslash{}u540d"), ("ą", r"\textbackslash{}u0105"),
    ("😀", r"\textbackslash{}U0001f600"), ("a\n  b", "a b"),
    ("<·…∞>", r"\textless{}$\cdot$\dots{}$\infty$\textgreater{}"),
])  # fmt: skip
def test_every_letter_is_printed(text, wanted):
    assert latex_text(text) == wanted


def forms(text):
    return {word for word in ("tabular", "longtable", "landscape") if f"\\begin{{{word}}}" in text}


@pytest.mark.parametrize(("columns", "rows", "wanted", "count"), [
    (2, [["a", "b"]], {"tabular"}, 1),
    (2, [["a", "b"]] * 100, {"longtable"}, 1),
    (6, [["0.123456789"] * 6], {"tabular"}, 1),
    (6, [["word " * 8] * 6] * 40, {"longtable"}, 1),
    (9, [["0.123456"] * 9] * 2, {"tabular", "landscape"}, 1),
    (30, [["0.123456"] * 30] * 2, {"tabular"}, 5),
    (2, [["x" * 300, "y"]], {"tabular"}, 1),
])  # fmt: skip
def test_the_form_is_that_of_the_size(columns, rows, wanted, count):
    text = latex_table("t", [f"c{k}" for k in range(columns)], rows)
    assert forms(text) == wanted
    assert text.count(r"\toprule") == count
    needed = text.split("\n")[1].removeprefix(r"% \usepackage{").removesuffix("}").split(",")
    assert ("longtable" in needed, "pdflscape" in needed) == ("longtable" in wanted, "landscape" in wanted)
    # Several tables side by side have all columns once, and each the first.
    heads = re.findall(r"\\toprule\n  (.*) \\\\", text)
    assert sum(len(head.split(" & ")) for head in heads) == columns + count - 1
    assert all(head.startswith("c0") for head in heads)


def test_long_numbers_have_six_digits_and_names_keep_theirs():
    rows = [["p['0.1234567891']", "33333333.333333", "1.755165", "-0.000123456789", "(0.1-0.3333333333j)"]]
    text = latex_table("t", list("abcde"), rows)
    for wanted in ("p['0.1234567891']", "3.33333e+07", "1.755165", "-0.000123457", "(0.1-0.333333j)"):
        assert wanted in text


def test_a_long_cell_has_its_beginning_and_end_and_says_so():
    names = ", ".join(f"v{k}" for k in range(500))
    text = latex_table("t", ["name", "operation"], [["v500", f"stack({names})"]])
    assert "stack(v0, v1, " in text
    assert "v498, v499)" in text
    assert "v250" not in text
    assert r"\dots{} stands for what is left out" in text
    assert "stands for" not in latex_table("t", ["name", "operation"], [["v500", "stack(v0, v1)" * 9]])


def test_a_line_breaks_within_a_long_name_only():
    text = latex_table("t", ["name", "value"], [["a_name_of_many_words_" * 3 + "x", "v1 * y"], ["b", "z " * 60]])
    assert r"many\_\allowbreak{}words" in text
    assert r"v1 * y" in text


def test_sheets_have_lines_for_what_is_to_be_filled_in(tmp_path):
    def f(x, y):
        return np.sin(x) * y

    for mode, answers in (("reverse", {"1.755165"}), ("forward", {"0.877583", "1.755165"})):
        sheet = ad.explore(f, 0.5, 2.0, mode=mode, exercise=True)
        shown, solved = str(sheet.table()), str(sheet.solution.table())
        kinds = {"value", "bar"} if mode == "reverse" else {"value"}
        wanted = sum(kind in kinds for kind, _ in sheet.data["blanks"])
        wanted += sum(2 * (kind == "dot") for kind, _ in sheet.data["blanks"]) if mode == "forward" else 0
        assert shown.count(BLANK) == wanted
        assert BLANK not in solved
        text = sheet.save(tmp_path / "sheet.tex").read_text()
        assert text.count(r"\rule[-0.4ex]") == wanted
        assert any(answer in sheet.solution.save(tmp_path / "solution.tex").read_text() for answer in answers)
        assert "1.755165" not in text
        assert "0.958851" not in text
        # Nor does the picture say what a step passes back to a blank.
        assert "0.958851" not in sheet.picture().svg()
        assert "1.755165" not in sheet.picture().svg()


def test_a_name_of_underscores_is_no_line_to_write_on():
    assert r"\rule[" not in ad.trace_table(lambda _, __: _ * __, 1.0, 2.0).to_latex()


def test_large_graphs_are_made_smaller_and_then_drawn_in_parts():
    def count(n):
        text = ad.graph(chain(n), 1.0).to_tikz()
        return text.count(r"\begin{tikzpicture}"), "scale=" in text, "left out" in text

    assert count(4) == (1, False, False)
    assert count(12) == (1, True, False)
    pictures, scaled, shortened = count(200)
    assert (pictures > 10, scaled, shortened) == (True, True, False)
    text = ad.graph(chain(1000), 1.0).to_tikz()
    assert "400 operations, v501 to v900, are left out." in text
    # Each operation that is drawn has one box, and each value from another part one more.
    assert {f"v{k}" for k in [*range(1, 501), *range(901, 1001)]} <= set(re.findall(r"\\scriptsize (v\d+) ", text))


def test_the_parts_of_a_graph_say_what_they_read():
    text = ad.graph(stacked, [np.ones(3)] * 40).to_tikz()
    assert re.search(
        r"white, dashed\] \(n\d+\) at \(\d+,\d+\) \{v1, \\dots\{\}, v\d+\\\\\[-2pt\]\\scriptsize \d+ values", text
    )
    drawn = [int(k) for k in re.findall(r"\\scriptsize v(\d+) \(", text)]
    assert drawn == list(range(1, 42))


def test_an_edge_that_passes_boxes_goes_around_them():
    text = ad.graph(lambda x: np.sin(np.cos(np.exp(x))) * x, 1.0).to_tikz()
    assert text.count(r"\draw[->]") == 5
    assert len(re.findall(r"\\draw\[->\] \(n0\) \.\. controls .* \(n4\);", text)) == 1
    assert r"\draw[->] (n0) -- (n1);" in text


def test_complex_numbers_are_as_short_as_floats():
    assert "v1 = z * (0.1+0.333333j)" in str(ad.graph(lambda z: z * (0.1 + 1j / 3), 1j))
