"""The command line: what each command prints and writes, and how it refuses."""

import csv
import re
import subprocess
import sys

import numpy as np
import pytest
from typer.testing import CliRunner

import dragongrad as ad
from dragongrad.command import app as module
from dragongrad.command.reading import read_function, read_numbers, read_optimizers, read_region, tame

RUNNER = CliRunner()


def run(*words):
    """The output of a command that ends well."""
    done = RUNNER.invoke(module.app, list(words), env={"COLUMNS": "150"})
    assert done.exit_code == 0, (done.output, done.exception)
    return done.output


def test_trace():
    text = run("trace", "sin(x)*x", "x=2")
    assert "trace of sin(x)*x, forward" in text
    assert f"{np.cos(2) * 2 + np.sin(2):.6f}" in text
    assert "adjoint" in run("trace", "x*y + exp(x)", "x=0.5", "y=-2", "--reverse")
    assert "sum(" in run("trace", "sum(x*x)", "x=1,2,3")


def test_explain_zoo_and_version():
    assert "d/dx = 1 / (1 + x * x)" in run("explain", "arctan")
    assert "rosenbrock" in run("zoo")
    assert run("version").strip() == ad.__version__


@pytest.mark.parametrize("command", [[], ["trace"], ["race"], ["study"], ["basins"], ["demo"]])
def test_help_shows_how(command):
    text = run(*command, "--help")
    assert "Usage" in text
    assert "Example" in text or command in ([], ["demo"])


@pytest.mark.parametrize("ending", ["html", "gif"])
def test_race(tmp_path, ending):
    out = tmp_path / f"race.{ending}"
    words = ["--optimizers", "gd,adam:lr=0.1,bfgs", "--start", "-1.5,2", "--steps", "20", "--out", str(out)]
    text = run("race", "rosenbrock", *words)
    assert out.stat().st_size > 1000
    assert "adam:lr=0.1" in text
    assert "flies off" in text


def test_race_on_a_formula(tmp_path):
    out = tmp_path / "race.html"
    text = run("race", "(x-1)**2 + 4*(y+2)**2", "-o", "newton", "--start", "3,3", "--out", str(out))
    assert "1, -2" in text
    assert "newton" in out.read_text(encoding="utf-8")


def test_study_writes_a_table_and_pictures(tmp_path):
    text = run("study", "booth,matyas", "-o", "adam:lr=0.1,bfgs", "--steps", "50", "--out", str(tmp_path))
    assert "booth" in text
    with (tmp_path / "study.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {(r["function"], r["optimizer"]) for r in rows} == {
        (f, o) for f in ("booth", "matyas") for o in ("adam:lr=0.1", "bfgs")
    }
    assert list(tmp_path.glob("*.png"))


def test_basins(tmp_path):
    out = tmp_path / "basins.png"
    text = run("basins", "himmelblau", "-o", "adam:lr=0.1", "--grid", "12", "--steps", "60", "--out", str(out))
    assert out.stat().st_size > 1000
    assert "12 x 12 starts" in text


def test_demo_is_the_real_job(tmp_path):
    text = run("demo", "--out", str(tmp_path))
    assert "held-out accuracy" in text
    assert {p.name for p in tmp_path.iterdir()} == {"loss.png", "roc.png", "graph.svg"}


@pytest.mark.parametrize(
    ("words", "match"),
    [
        (["trace", "sin(x", "x=1"], "^ *sin"),
        (["trace", "sin(x)"], "also needs x="),
        (["trace", "sin(x)", "y=1"], "'y=1' does not"),
        (["trace", "sin(x)", "x=one"], "'one' is not a number"),
        (["race", "nosuchfunction"], "nosuchfunction"),
        (["race", "rosenbrock", "-o", "nosuchmethod"], "unknown method 'nosuchmethod'"),
        (["race", "rosenbrock", "-o", "adam:lr"], "adam:lr=0.1:beta1=0.8"),
        (["race", "rosenbrock", "--start", "1,2,x"], "'x' is not a number"),
        (["race", "beale", "--start", "1,2,3"], "function of 2 numbers"),
        (["race", "rosenbrock", "--out", "race.mp4"], "not as 'race.mp4'"),
        (["race", "1 + 2"], "no variable"),
        (["basins", "beale", "--region", "1,2"], "four numbers"),
        (["basins", "beale", "-o", "gd,adam"], "one optimizer"),
        (["explain", "nosuch"], "'nosuch'"),
    ],
)
def test_refusals_are_messages_and_status_2(words, match, capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["dragongrad", *words])
    with pytest.raises(SystemExit) as ended:
        module.main()
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert "Traceback" not in error
    assert re.search(match, error, re.M), error


def test_installed_as_a_command():
    code = "from dragongrad.command.app import main; main()"
    done = subprocess.run([sys.executable, "-c", code, "trace", "x*x", "x=3"], capture_output=True, text=True)
    assert "9" in done.stdout
    assert done.returncode == 0


def test_reading():
    assert read_optimizers("gd, adam:lr=0.1:beta1=0.8,scipy:bfgs", lr=0.5) == {
        "gd": ("gd", {"lr": 0.5}), "adam:lr=0.1:beta1=0.8": ("adam", {"lr": 0.1, "beta1": 0.8}),
        "scipy:bfgs": ("scipy:bfgs", {}),
    }  # fmt: skip
    assert read_numbers("-1.5,2", "a start").tolist() == [-1.5, 2.0]
    assert read_region("-1,1,-2,2").tolist() == [[-1, 1], [-2, 2]]
    problem = read_function("b*b + a")
    assert problem.n == 2
    assert problem.f(np.array([1.0, 3.0])) == 10.0


def test_a_rate_that_flies_off_is_made_smaller_and_noted():
    problem = read_function("rosenbrock")
    entries = {"gd": ("gd", {}), "mine": ("gd", {"lr": 0.5}), "bfgs": ("bfgs", {})}
    tamed, notes = tame(problem, np.array([-1.5, 2.0]), entries)
    assert tamed["gd"][1]["lr"] < 0.01
    assert tamed["mine"] == ("gd", {"lr": 0.5})
    assert tamed["bfgs"] == ("bfgs", {})
    assert len(notes) == 1
