"""Views are written to files by the ending of the name, and what cannot be written is refused in a line."""

import numpy as np
import pytest

import dragongrad as ad


def f(x, y):
    return np.sin(x) * y


VIEWS = {
    "graph": (
        ad.graph(f, 0.5, 2.0),
        {"svg": "<svg", "tex": "\\begin{tikzpicture}", "dot": "digraph", "txt": "f(x: "},
    ),
    "table": (ad.trace_table(f, 0.5, 2.0), {"html": "<table", "tex": "\\begin{tabular}", "txt": "trace of f"}),
    "page": (ad.explore(f, 0.5, 2.0), {"html": "<!doctype html>", "svg": "<svg", "tex": "\\begin{tabular}"}),
}


@pytest.mark.parametrize("name", VIEWS)
def test_the_ending_says_in_which_form(name, tmp_path):
    view, forms = VIEWS[name]
    for ending, mark in forms.items():
        for written in (f"{name}.{ending}", f"{name}.{ending.upper()}"):
            path = view.save(str(tmp_path / written))
            assert path == tmp_path / written
            assert mark.lower() in path.read_text(encoding="utf-8").lower()
    assert len(list(tmp_path.iterdir())) == 2 * len(forms)


@pytest.mark.parametrize("name", VIEWS)
def test_what_cannot_be_written_is_refused(name, tmp_path):
    view, _ = VIEWS[name]
    for wrong in ("picture.png", "picture"):
        with pytest.raises(ad.ArgumentError, match=rf"written as \..*not as '{wrong}'"):
            view.save(tmp_path / wrong)
    with pytest.raises(ad.ArgumentError, match=r"cannot write into .*nowhere"):
        view.save(tmp_path / "nowhere" / "f.tex")
    assert not list(tmp_path.iterdir())
