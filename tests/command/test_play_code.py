"""The Python code of the play ground's views: it runs as it is shown, and shows what the view shows."""

import contextlib
import io
import runpy
from urllib.parse import urlencode

import numpy as np
import pytest
from play_client import Client

from dragongrad.command.formula import Formula, functions

PROGRAMS = {
    "explorer": ({"f": "sin(x)*dot(y, y)", "values": "x=0.5 y=1,2", "mode": "forward"}, "explore.html"),
    "race": ({"f": "(x-1)**2 + 3*y**2", "start": "2,1", "o": "gd:lr=0.1,l-bfgs", "steps": "9"}, "race.html"),
    "losses": ({"f": "rosenbrock", "o": "newton", "steps": "50"}, "losses.png"),
    "basins": ({"f": "himmelblau", "grid": "12", "steps": "100"}, "basins.png"),
    "surface": ({"f": "np**2 + erfc(x) + pi", "region": "-1,1,0,2", "points": "11"}, "surface.png"),
    "network": ({"data": "xor", "hidden": "8", "points": "50", "o": "momentum", "lr": "0.1"}, None),
    "convolution": ({"image": "cross", "stride": "2", "padding": "1"}, None),
}


@pytest.mark.parametrize("view", PROGRAMS)
def test_it_runs(view, tmp_path, monkeypatch):
    question, written = PROGRAMS[view]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "agg")
    client = Client()
    code = client.ask("GET", f"/secret/api/code/{view}", urlencode(question)).body.decode()
    (tmp_path / "program.py").write_text(code)
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        made = runpy.run_path("program.py")
    assert written is None or (tmp_path / written).stat().st_size > 1000
    _compare(view, client, question, made, printed.getvalue())


def _compare(view, client, question, made, printed):
    """What the program made is what the page is told."""
    if view == "explorer":
        assert made["page"].mode == "forward"
        assert client.api("explorer", **question).status == 200
    elif view == "race":
        told = {run["name"]: run["value"] for run in client.told("runs", **question)["runs"]}
        assert told == {name: run.fun for name, run in made["race"].runs.items()}
    elif view == "losses":
        told = client.told("runs", **question)["runs"][0]
        assert made["study"].records[0].order == told["order"]
        assert f"order {told['order']:.2f}" in printed
    elif view == "basins":
        assert made["found"].label.shape == (12, 12)
        assert set(np.unique(made["found"].label)) <= {-1, 0, 1, 2, 3}
    elif view == "surface":
        np.testing.assert_allclose(made["z"], client.told("heights", **question)["z"], rtol=1e-5)
    elif view == "network":
        begun = client.told("network", "POST", **question)
        np.testing.assert_allclose(made["x"], begun["x"], atol=1e-4)
        assert float(printed.split()[-2].rstrip("%")) > 90
    else:
        told = client.told("convolution", **question)
        np.testing.assert_allclose(made["to_kernel"].ravel(), np.sum(told["to_kernel"], axis=0), atol=1e-5)
        np.testing.assert_allclose(made["to_image"].ravel(), np.sum(told["to_image"], axis=0), atol=1e-5)


FORMULAS = [
    "x**2 + 2*y", "-x**-2", "2**x**2", "x**007", "1/3 + x*.5", "7 // 2 * x", "e**x + pi*y", "abs(x) + max(y)",
    "logistic(x) + erfc(y)", "sin (x)\n + y", "((x)) % 3 - +y", "arctan2(y, x)", "1e3*x", "2**1000 * x", "inf*x",
]  # fmt: skip


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_as_python(text):
    from scipy import special

    import dragongrad as ad

    formula = Formula(text)
    given = dict(zip(formula.names, (1.7, 0.6), strict=False))
    assert eval(formula.python(), {"np": np, "ad": ad, "special": special}, given) == formula(**given)
    # Python never computes with integers that grow without end.
    assert "2**1000" not in formula.python()


def test_every_function_of_formulas_has_its_name_in_python():
    from scipy import special

    import dragongrad as ad

    for name in functions():
        spelled = Formula("x")._named(name, True)
        assert callable(eval(spelled, {"np": np, "ad": ad, "special": special})), name


def test_variables_do_not_hide_libraries():
    formula = Formula("np + ad*special")
    assert formula.python() == "np_ + ad_*special_"
