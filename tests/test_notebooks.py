"""The notebooks as they are stored; that they run is checked by the manual, which is built from them."""

import ast
import json
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import dragongrad as ad

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def source(cell):
    return "".join(cell["source"])


def test_all_are_there_and_in_the_manual():
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    names = [path.stem for path in NOTEBOOKS]
    assert [name[:2] for name in names] == [f"{k}_" for k in range(1, 10)]
    assert re.findall(r"^notebooks/(\w+)$", index, re.MULTILINE) == names


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
class TestNotebook:
    def test_form(self, path):
        notebook = read(path)
        assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
        assert notebook["metadata"]["kernelspec"]["name"] == "python3"
        ids = [cell["id"] for cell in notebook["cells"]]
        assert len(set(ids)) == len(ids)
        first = notebook["cells"][0]
        assert first["cell_type"] == "markdown"
        assert source(first).startswith("# ")

    def test_no_outputs_are_stored(self, path):
        for cell in read(path)["cells"]:
            if cell["cell_type"] == "code":
                assert cell["outputs"] == []
                assert cell["execution_count"] is None
                assert set(cell["metadata"]) <= {"tags"}

    def test_cells_are_python(self, path):
        for cell in read(path)["cells"]:
            if cell["cell_type"] == "code":
                assert ast.parse(source(cell)).body, f"{cell['id']} is empty"

    def test_no_absolute_paths(self, path):
        text = path.read_text(encoding="utf-8")
        assert re.search(r"""(?:^|["'(\s=])(?:/[\w.-]+){2,}|\b[A-Z]:\\\\|~/|file:|localhost""", text) is None

    def test_links_lead_somewhere(self, path):
        text = "\n".join(source(cell) for cell in read(path)["cells"] if cell["cell_type"] == "markdown")
        for link in re.findall(r"\]\(([^)#]+)\)", text):
            assert (path.parent / link).exists() or link.startswith("https://"), link


class TestDisplay:
    """What a notebook shows of results by itself."""

    def test_tables(self):
        study = ad.lab.study("booth", ["newton"], modes=["reverse"])
        page = study._repr_html_()
        assert page.count("<tr>") == 1 + len(study.records)
        assert "<td>CONVERGED</td>" in page
        assert repr(study) == "<Study of booth in reverse mode: 1 runs>"
        modes = ad.lab.modes_by_dimension({"a<b": lambda x: np.sum(x**2)}, [2], budget=0.001)
        assert modes._repr_html_().count("<td>a&lt;b</td>") == len(modes.records) == 2

    def test_a_figure_is_a_picture(self, monkeypatch):
        formatters = pytest.importorskip("IPython.core.formatters")
        shell = SimpleNamespace(display_formatter=formatters.DisplayFormatter())
        shell.display_formatter.active_types = ["image/png"]
        monkeypatch.setattr("IPython.get_ipython", lambda: shell)
        figure = ad.lab.draw_losses({"gd": ad.minimize(lambda x: x**2, 1.0, method="gd", lr=0.1, path=True)})
        shown, _ = shell.display_formatter.format(figure)
        assert shown["image/png"].startswith(b"\x89PNG")

    def test_a_race_is_an_animation(self):
        race = ad.lab.race("booth", ["newton"], start=[0.0, 0.0])
        page = race._repr_html_()
        assert page.startswith('<iframe srcdoc="&lt;!DOCTYPE html')
        assert page.count('"') == 6
        assert repr(race).startswith("<Race on booth from (0, 0): newton ")
