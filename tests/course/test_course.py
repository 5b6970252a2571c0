"""The course: what its chapters hold, and the folder for a class that is made of them.

The code of chapters and solutions is run as the examples of all other pages of the manual are.
"""

import ast
import json
import re
import tomllib
from pathlib import Path
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from dragongrad import AbsentError, ArgumentError, course
from dragongrad.command.app import app
from dragongrad.course import CHAPTERS, chapters
from dragongrad.course.formulas import to_mathml
from dragongrad.course.markdown import FENCED, to_html
from dragongrad.course.notebooks import to_notebook
from dragongrad.views.palette import page_style

ROOT = Path(__file__).parents[2]
EACH = pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.name)


@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    folder = tmp_path_factory.mktemp("course") / "class"
    return folder, course.write(folder)


def words(text):
    """A page without its code, in which a dollar or a year means something else."""
    return re.sub(r"`[^`]*`", "", FENCED.sub("", text))


@EACH
class TestChapter:
    def test_it_has_all_parts(self, chapter):
        text = chapter.text
        assert text.startswith(f"# {chapter.number} {chapter.title}\n\n**Aims.** After this chapter you can\n\n* ")
        headings = re.findall(r"^## (.*)$", text, re.M)
        assert headings[-3:] == ["The explorer", "Exercises", "For the teacher"]
        note = chapter.section("For the teacher")
        assert re.search(r"^\*Time\.\* (60|75|90) minutes", note, re.M)
        assert note.count("\n* ") >= 4
        assert f"({chapter.number}-solutions.md)" in note

    def test_every_exercise_has_a_solution(self, chapter):
        asked = re.findall(r"^\*\*(\d\.\d)\*\* \((\w+)\)", chapter.section("Exercises"), re.M)
        assert 5 <= len(asked) <= 8
        assert [number for number, _ in asked] == [f"{chapter.number}.{k + 1}" for k in range(len(asked))]
        order = ["easy", "medium", "hard"]
        assert [how for _, how in asked] == sorted((how for _, how in asked), key=order.index)
        solved = re.findall(r"^## (.*)$", chapter.solutions, re.M)
        assert solved == [number for number, _ in asked]

    def test_the_explorer_shows_the_program_that_is_printed(self, chapter):
        found = chapter.explorations()
        assert set(found) == ({"page"} if chapter.number == 1 else {"page", "sheet"})
        lines = [line for source in found["page"].data["sources"] for line in source["lines"]]
        printed = re.sub(r"^(>>>|\.\.\.) ?", "", chapter.text, flags=re.M)
        assert "\n".join(lines) in printed
        if "sheet" in found:
            assert len(found["sheet"].data["blanks"]) >= 6

    def test_formulas_are_well_formed(self, chapter):
        for page in (chapter.text, chapter.solutions):
            text = words(page)
            shown = re.findall(r"\$\$(.*?)\$\$", text, re.S)
            inside = re.findall(r"\$([^$]+)\$", re.sub(r"\$\$.*?\$\$", "", text, flags=re.S))
            assert text.count("$") == 4 * len(shown) + 2 * len(inside)
            assert inside
            for formula in shown + inside:
                ElementTree.fromstring(to_mathml(formula))

    def test_whoever_is_cited_is_in_the_references(self, chapter):
        references = chapters.read("references")
        entries = [" ".join(entry.split()) for entry in references.split("\n* ")]
        text = " ".join(words(chapter.text + chapter.solutions).split())
        cited = re.findall(r"([A-Z][a-z]+)(?: et al\.)?,? \(?((?:1[89]|20)\d\d)\b", text)
        assert cited
        for name, year in cited:
            assert any(name in entry and year in entry for entry in entries), (name, year)

    def test_notebooks_hold_the_code(self, chapter):
        made = json.loads(to_notebook(chapter.text, lambda _: None))
        code = [cell["source"] for cell in made["cells"] if cell["cell_type"] == "code"]
        for cell in code:
            ast.parse(cell)
        blocks = [chapters.code_of(block) for kind, block in FENCED.findall(chapter.text) if kind == "python"]
        assert "\n".join(code).split() == "\n".join(blocks).split()
        assert len({cell["id"] for cell in made["cells"]}) == len(made["cells"])


class TestPack:
    def test_every_link_leads_somewhere(self, pack):
        folder, made = pack
        assert made[0] == folder / "index.html"
        for page in folder.rglob("*.html"):
            if page.parent.name == "explore" or page.name.endswith("-sheet.html"):
                continue
            for link in re.findall(r'(?:href|src)="([^"]*)"', page.read_text(encoding="utf-8")):
                assert (page.parent / link).is_file(), (page.name, link)
        for page in folder.rglob("*.ipynb"):
            cells = json.loads(page.read_text(encoding="utf-8"))["cells"]
            text = "".join(words(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
            for link in re.findall(r"\]\(([^)#]+)\)", text):
                assert (page.parent / link).is_file(), (page.name, link)

    def test_it_needs_no_network(self, pack):
        for page in pack[0].rglob("*.html"):
            text = page.read_text(encoding="utf-8")
            assert not re.search(r"""(?:src|href|url\(|import)\s*[=(]?\s*["']?(?:https?:)?//""", text), page.name

    def test_pages_are_light_or_dark_as_the_reader_has_it(self, pack):
        for name in ("index", "2-chain-rule", "exercises/2-chain-rule", "teacher/2-solutions"):
            text = (pack[0] / f"{name}.html").read_text(encoding="utf-8")
            style = text[text.index("<style>") : text.index("</style>")]
            assert page_style() in style
            body = re.search(r"^body \{(.*)\}$", style, re.MULTILINE)[1]
            assert "color: var(--ink); background: var(--paper);" in body
            # On paper it is dark on light.
            assert "color: #000; background: #fff;" in style[style.index("@media print") :]

    def test_what_is_for_the_teacher_is_nowhere_else(self, pack):
        folder, made = pack
        assert len(made) == len(set(made)) == sum(path.is_file() for path in folder.rglob("*"))
        for chapter in CHAPTERS:
            page = (folder / f"{chapter.stem}.html").read_text(encoding="utf-8")
            assert "Common misunderstandings" not in page
            assert "solutions.html" not in page
            note = (folder / "teacher" / f"{chapter.stem}.html").read_text(encoding="utf-8")
            assert "Common misunderstandings" in note
            sheet = (folder / "exercises" / f"{chapter.stem}.html").read_text(encoding="utf-8")
            assert sheet.count(f"<strong>{chapter.number}.") >= 5
        lines = r"\rule[-0.4ex]"
        assert lines in (folder / "explore" / "4-sheet.tex").read_text(encoding="utf-8")
        assert lines not in (folder / "teacher" / "4-sheet.tex").read_text(encoding="utf-8")
        filled = (folder / "teacher" / "4-sheet.html").read_text(encoding="utf-8")
        blank = (folder / "explore" / "4-sheet.html").read_text(encoding="utf-8")
        assert ('"exercise":false' in filled, '"exercise":true' in blank) == (True, True)

    def test_pages_are_the_same_each_time(self, pack, tmp_path):
        folder, _ = pack
        for path in course.write(tmp_path, [2]):
            if "index" not in path.name:
                assert path.read_bytes() == (folder / path.relative_to(tmp_path)).read_bytes()


def test_the_command(tmp_path):
    out = str(tmp_path / "class")
    done = CliRunner().invoke(app, ["course", "1", "--out", out], env={"COLUMNS": "200"})
    assert done.exit_code == 0, done.exception
    assert (tmp_path / "class" / "index.html").read_text().count("explorer</a>") == 1
    refused = CliRunner().invoke(app, ["course", "1", "--out", out]).exception
    assert "exists: add --force" in str(refused)
    for number in ("0", "9"):
        refused = CliRunner().invoke(app, ["course", number, "--out", str(tmp_path / "other")]).exception
        assert isinstance(refused, ArgumentError)
        assert str(refused) == f"there is no chapter {number}: choose from 1 to 8"
    assert not (tmp_path / "other").exists()


def test_an_installed_library_has_the_text_where_it_is_looked_for():
    with open(ROOT / "pyproject.toml", "rb") as file:
        included = tomllib.load(file)["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert included == {"docs/course": "dragongrad/course/text"}
    assert ROOT / "docs" / "course" == chapters.TEXT


def test_without_the_text(monkeypatch, tmp_path):
    monkeypatch.setattr(chapters, "TEXT", tmp_path)
    with pytest.raises(AbsentError, match="install dragongrad again"):
        course.write(tmp_path / "class")
    monkeypatch.undo()
    with pytest.raises(AbsentError, match="has no section 'Answers'"):
        CHAPTERS[0].section("Answers")


def test_the_manual_lists_every_page():
    index = (ROOT / "docs/course/index.md").read_text(encoding="utf-8")
    listed = re.findall(r"^(\d-[\w-]+|references)$", index, re.M)
    assert sorted(listed) == sorted(
        path.stem for path in (ROOT / "docs/course").glob("*.md") if path.stem != "index"
    )
    for chapter in CHAPTERS:
        assert f"]({chapter.stem}.md)" in index


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("f''(x)", "<msup><mi>f</mi><mrow><mo lspace=\"0\" rspace=\"0\">\u2032</mo>"
         "<mo lspace=\"0\" rspace=\"0\">\u2032</mo></mrow></msup><mo stretchy=\"false\">(</mo>"
         "<mi>x</mi><mo stretchy=\"false\">)</mo>"),
        (r"\bar{v} \mathrel{-}= x_1^2", "<mover accent=\"true\"><mrow><mi>v</mi></mrow><mo>¯</mo></mover>"
         "<mo>\u2212=</mo><msubsup><mi>x</mi><mn>1</mn><mn>2</mn></msubsup>"),
        (r"\sum_{i}^n", "<munderover><mo>∑</mo><mrow><mi>i</mi></mrow><mi>n</mi></munderover>"),
        (r"\frac{1}{2}-a<b", "<mfrac><mrow><mn>1</mn></mrow><mrow><mn>2</mn></mrow></mfrac><mo>\u2212</mo>"
         "<mi>a</mi><mo>&lt;</mo><mi>b</mi>"),
        (r"t_i \text{ if so}", "<msub><mi>t</mi><mi>i</mi></msub><mtext>\u00a0if\u00a0so</mtext>"),
    ],
)  # fmt: skip
def test_formulas(formula, expected):
    assert to_mathml(formula) == f"<math>{expected}</math>"


@pytest.mark.parametrize(
    ("formula", "says"),
    [
        (r"\oint f", r"\\oint .* is not known"),
        (r"\frac{1}", "ends too early"),
        (r"\left( x", "lacks"),
        (r"x_", "ends too early"),
        (r"\sqrt{x", "lacks"),
        (r"\begin{pmatrix} a & b", "does not end"),
    ],
)
def test_formulas_that_are_refused(formula, says):
    with pytest.raises(ArgumentError, match=says):
        to_mathml(formula)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("## A `b`", "<h2>A <code>b</code></h2>"),
        ("A **b** *c d* 2 * 3 * 4", "<p>A <strong>b</strong> <em>c d</em> 2 * 3 * 4</p>"),
        ("Say:\n* one\n  more\n* two", "<p>Say:</p>\n<ul><li>one\n  more</li><li>two</li></ul>"),
        ("> so\n> it is", "<blockquote>so\nit is</blockquote>"),
        ("| a | b |\n|---|---|\n| `x|y` | 2 |", "<table><thead><tr><th>a</th><th>b</th></tr></thead><tbody><tr>"
         "<td><code>x|y</code></td><td>2</td></tr></tbody></table>"),
        ("```python\n>>> 1 < 2\nTrue\n\n```", "<pre>&gt;&gt;&gt; 1 &lt; 2\nTrue</pre>"),
        ("```{raw} html\n<b>x</b>\n```", "<b>x</b>"),
        ("[in](a.md), [out](b.md)", '<p><a href="a.html">in</a>, out</p>'),
        ("a < b & c", "<p>a &lt; b &amp; c</p>"),
    ],
)  # fmt: skip
def test_markdown(text, expected):
    assert to_html(text, {"a.md": "a.html"}.get) == expected


@pytest.mark.parametrize(
    ("formula", "signs"),
    [
        ("(-1, a - b)", [True, False]),
        ("a = -b", [True]),
        (r"\left(-x\right)", [True]),
        (r"x \le -1 + y", [True, False]),
    ],
)
def test_a_minus_is_a_sign_or_an_operation(formula, signs):
    """A browser sets space on both sides of an operation."""
    root = ElementTree.fromstring(to_mathml(formula))
    found = [mo.get("form") == "prefix" for mo in root.iter("mo") if mo.text in "\N{MINUS SIGN}+"]
    assert found == signs


def test_no_space_stands_around_primes_and_slashes():
    root = ElementTree.fromstring(to_mathml("f''(x)/2 + g'"))
    assert [mo.get("lspace") for mo in root.iter("mo") if mo.text in "\N{PRIME}/"] == ["0"] * 4
