"""The command line for programs: JSON, completion, and what `make` says."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dragongrad.command import app as module
from dragongrad.command import completion, demo_networks
from dragongrad.command import demo as demo_module
from dragongrad.nn import images

ROOT = Path(__file__).parent.parent.parent
RUNNER = CliRunner()


def read(*words):
    """What a command prints with --json."""
    done = RUNNER.invoke(module.app, [*words, "--json"], env={"COLUMNS": "80"})
    assert done.exit_code == 0, (done.output, done.exception)
    return json.loads(done.stdout)


def test_trace_zoo_and_cache():
    rows = read("trace", "x*y", "x=3", "y=inf")
    assert rows["values"]["v1"] == [None, None, 3.0]
    assert rows["rows"][2]["operation"] == "x * y"
    assert "rosenbrock" in [f["name"] for f in read("zoo")["functions"]]
    assert {"folder", "off", "files", "bytes", "limit", "removed"} == set(read("cache"))


def test_race_study_and_basins(tmp_path):
    out = tmp_path / "race.html"
    race = read("race", "rosenbrock", "-o", "gd,l-bfgs", "--steps", "5", "--out", str(out))
    assert [r["optimizer"] for r in race["runs"]] == ["gd", "l-bfgs"]
    assert len(race["runs"][0]["losses"]) == 6
    assert race["notes"][0].startswith("gd: lr = ")
    assert race["written"] == str(out)
    record = read("study", "booth", "-o", "newton")["runs"][0]
    assert (record["function"], record["solved"], len(record)) == ("booth", True, 21)
    basins = read("basins", "himmelblau", "--grid", "4", "--steps", "200", "--out", str(tmp_path / "b.png"))
    assert [m["listed"] for m in basins["minima"]] == [True] * 4
    assert basins["starts"] == 16


def test_explain_and_explore(tmp_path):
    rule = read("explain", "arctan2")
    assert set(rule["derivatives"]) == set(rule["arguments"])
    assert rule["at"][0]["at"] == "(0, 0)"
    assert rule["text"].startswith("arctan2(")
    assert read("explain", "log")["domain"] == {"x": "0 < x"}
    assert read("explain", "linalg.inv")["kind"] == "a rule in full"
    assert read("explain", "logsumexp")["kind"] == "restated through other Blocks"
    assert read("explain", "argsort")["kind"].startswith("its derivative is zero")
    page = read("explore", "log(x)*y", "x=0", "y=2", "--out", str(tmp_path / "page.html"))
    assert (page["inputs"], page["operations"], page["mode"]) == (2, 2, "reverse")
    assert page["outputs"] == [None]
    assert page["trouble"].startswith("log(x) made an infinity")
    assert page["written"] == str(tmp_path / "page.html")


def test_demo(tmp_path, monkeypatch):
    # Both networks are trained in another test.
    monkeypatch.setattr(demo_networks, "digits", lambda tell: images.Estimate(0.97, 0.95, 0.98))
    monkeypatch.setattr(demo_networks, "films", lambda folder, tell: (folder / "xray.html", {"films": "80"}))
    monkeypatch.setattr(demo_module, "best_time", lambda *_: 1.0)
    found = read("demo", "--out", str(tmp_path))
    assert found["patients"]["trained"] + found["patients"]["held_out"] == 569
    assert 0.9 < found["patients"]["accuracy"] <= 1
    assert len(found["patients"]["weights"]) == 5
    assert found["digits"] == {"value": 0.97, "low": 0.95, "high": 0.98}
    assert [Path(name).name for name in found["written"]] == ["loss.png", "roc.png", "graph.svg", "xray.html"]


def test_the_table_of_a_study_counts_all_evaluations():
    record = read("study", "booth", "-o", "newton")["runs"][0]
    text = RUNNER.invoke(module.app, ["study", "booth", "-o", "newton"], env={"COLUMNS": "150"}).output
    row = next(line.split() for line in text.splitlines() if line.strip().startswith("booth"))
    assert int(row[5]) == record["nfev"] + record["njev"] + record["nhev"] > record["nfev"]


@pytest.mark.parametrize("name", ["inv", "linalg.inv", "np.linalg.inv", "numpy.linalg.inv"])
def test_explain_finds_what_stands_deeper(name):
    assert "pushforward" in RUNNER.invoke(module.app, ["explain", name]).output


def test_a_function_of_more_numbers_names_a_command_that_is_there():
    error = str(RUNNER.invoke(module.app, ["race", "wood"]).exception)
    assert "dragongrad study wood" in error
    assert RUNNER.invoke(module.app, ["study", "--help"]).exit_code == 0


def test_version():
    assert RUNNER.invoke(module.app, ["--version"]).output.strip() == module.__version__


@pytest.mark.parametrize(
    ("offer", "typed", "offered"),
    [
        (completion.zoo_names, "ros", ["rosenbrock"]),
        (completion.zoo_names, "booth,himm", ["booth,himmelblau"]),
        (completion.optimizer_names, "gd,l-b", ["gd,l-bfgs"]),
        (completion.optimizer_names, "scipy:trust-k", ["scipy:trust-krylov"]),
        (completion.rule_names, "linalg.inv", ["linalg.inv"]),
        (completion.rule_names, "arctan", ["arctan", "arctan2", "arctanh"]),
        (completion.zoo_names, "no such", []),
    ],
)
def test_what_the_tab_key_offers(offer, typed, offered):
    assert offer(typed) == offered


def test_the_shell_asks_for_words():
    words = "dragongrad race rosenbrock -o gd,ad"
    env = {**os.environ, "_DRAGONGRAD_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": "4"}
    done = subprocess.run(
        [sys.executable, "-m", "dragongrad"], env=env, capture_output=True, text=True, check=False
    )
    assert "gd,adam" in done.stdout.split()


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
def test_make_demo_says_what_it_does():
    done = subprocess.run(["make", "-n", "demo"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "Training on real data" in done.stdout
    fresh = subprocess.run(["make", "-n", "-W", "pyproject.toml", "demo"], cwd=ROOT, capture_output=True, text=True)
    assert fresh.stdout.index("Setting up .venv") < fresh.stdout.index("pip install")
