"""The command line: what each command prints and writes, and how it refuses."""

import csv
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import dragongrad as ad
from dragongrad.command import app as module
from dragongrad.command import demo_networks
from dragongrad.command.optimizers import read_optimizers, tame
from dragongrad.command.outputs import whole
from dragongrad.command.reading import read_function, read_numbers, read_region
from dragongrad.command.words import values_last
from dragongrad.optimize.zoo import Problem

pytestmark = pytest.mark.smoke

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


def test_explore(tmp_path, monkeypatch):
    opened = []
    monkeypatch.setattr(module.webbrowser, "open", opened.append)
    page = tmp_path / "page.html"
    assert f"written: {page}" in run("explore", "sin(x)*y", "x=0.5", "y=2", "--out", str(page), "--open").replace(
        "\n", ""
    )
    assert opened == [page.as_uri()]
    text = page.read_text()
    assert '"lines":["sin(x)*y"]' in text
    assert '"mode":"reverse"' in text
    refused = RUNNER.invoke(module.app, ["explore", "x", "x=1", "--out", str(page)]).exception
    assert "exists: add --force" in str(refused)
    run("explore", "x*x", "x=1", "--out", str(page), "--force", "--forward", "--exercise")
    assert '"mode":"forward","exercise":true' in page.read_text()
    run("explore", "x*x", "x=1", "--out", str(tmp_path / "page.svg"))
    refused = RUNNER.invoke(module.app, ["explore", "x", "x=1", "--out", str(tmp_path / "page.png")]).exception
    assert ".html or .svg or .pdf or .tex" in str(refused)


def test_explain_zoo_and_version():
    assert "d/dx = 1 / (1 + x * x)" in run("explain", "arctan")
    assert "rosenbrock" in run("zoo")
    assert run("version").strip() == ad.__version__


def test_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("DRAGONGRAD_CACHE", str(tmp_path))
    tmp_path.chmod(0o700)
    assert "holds    0 files" in run("cache")
    ad.compile(lambda x: x + 1.5, backend="native")(np.ones(3))
    count = ad.cache_info().files
    assert count
    assert f"holds    {count} files" in run("cache")
    assert f"removed  {count} files" in run("cache", "--clear")
    assert ad.cache_info().files == 0
    monkeypatch.setenv("DRAGONGRAD_CACHE", "0")
    assert run("cache", "--clear").strip() == "not used DRAGONGRAD_CACHE switches it off"


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
    assert "diverges from here" in text


def test_race_on_a_formula(tmp_path):
    out = tmp_path / "race.html"
    text = run("race", "(x-1)**2 + 4*(y+2)**2", "-o", "newton", "--start", "3,3", "--out", str(out))
    assert "1, -2" in text
    assert "newton" in out.read_text(encoding="utf-8")


def test_study_writes_a_table_and_pictures(tmp_path):
    text = run("study", "booth,wood", "-o", "adam:lr=0.1,bfgs", "--steps", "50", "--out", str(tmp_path))
    assert "booth" in text
    with (tmp_path / "study.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {(r["function"], r["optimizer"]) for r in rows} == {
        (f, o) for f in ("booth", "wood") for o in ("adam:lr=0.1", "bfgs")
    }
    assert list(tmp_path.glob("*.png"))


def test_basins(tmp_path):
    out = tmp_path / "basins.png"
    text = run("basins", "himmelblau", "-o", "adam:lr=0.1", "--grid", "12", "--steps", "60", "--out", str(out))
    assert out.stat().st_size > 1000
    assert "12 x 12 starts" in text


def test_demo_is_the_real_job(tmp_path, monkeypatch):
    # The networks learn enough only in the command itself.
    for name, value in {"DIGIT_EPOCHS": 1, "PATIENTS": 20, "SIZE": 16, "FILM_EPOCHS": 1, "COMPILE": False}.items():
        monkeypatch.setattr(demo_networks, name, value)
    text = run("demo", "--out", str(tmp_path))
    assert "held-out accuracy" in text
    assert "of 450 held out are read rightly" in text
    assert {p.name for p in tmp_path.iterdir()} == {"loss.png", "roc.png", "graph.svg", "xray.html"}


# Every refusal is a message of these words; nothing was computed or written.
REFUSED = [
    ("trace sin(x x=1", "^ *sin"),
    ("trace", "Missing argument"),
    ("trace ''", "ends too early"),
    ("trace sin(x)", "also needs x="),
    ("trace sin(x) y=1", "'y=1' names no variable: the formula is of x"),
    ("trace sin(x) x", "'x' has no value: write x=2"),
    ("trace 3 x=2", "the formula has no variables"),
    ("trace x x=1 x=2", "x is given two values"),
    ("trace sin(x) x=one", "'one' is not a number"),
    ("trace x x=", "'' is not a number"),
    ("trace x x=1 --nosuch", "No such option: --nosuch .see dragongrad trace --help."),
    ("trace dot(x) x=1,2", "dot takes 2"),
    ("trace x@x x=1", "^ *x@x$"),
    ("trace x+y x=1,2 y=1,2,3", r"shapes \(2,\) \(3,\)"),
    ("trace x² x=1", "write .. for a power"),
    ("trace lambda*2 lambda=1", "Python's own"),
    ("explain nosuch", "'nosuch': did you mean"),
    ("explain gammaln", "did you mean scipy.special.gammaln"),
    ("explain x**2", "it is a formula, and dragongrad trace 'x..2' shows its derivative"),
    ("explain pi", "no function|neither"),
    ("explain linalg", "did you mean linalg"),
    ("explain ndarray", "neither NumPy nor dragongrad"),
    ("explain ''", "neither NumPy nor dragongrad"),
    ("nosuch", "No such command 'nosuch'"),
    ("--nosuch", "No such option: --nosuch"),
    ("zoo extra", "unexpected extra argument"),
    ("race", "Missing argument"),
    ("race nosuchfunction", "'nosuchfunction': dragongrad zoo lists them"),
    ("race goldstien-price", "did you mean goldstein-price.*written with spaces"),
    ("race rosenbrock -o nosuchmethod", "unknown method 'nosuchmethod': choose"),
    ("race rosenbrock -o adma", "did you mean adam"),
    ("race rosenbrock -o gd,,adam", "lacks the name of a method"),
    ("race rosenbrock -o gd,gd", "'gd' is named twice"),
    ("race rosenbrock -o adam:lr", "adam:lr=0.1:beta1=0.8"),
    ("race rosenbrock -o adam:lr=nan", "lr is a number"),
    ("race rosenbrock -o adam:lr=-1", "lr is a positive number"),
    ("race rosenbrock -o adam:lr=inf", "lr is a positive number"),
    ("race rosenbrock -o adam:lr=1:lr=2", "lr is given twice"),
    ("race rosenbrock -o adam:beta1=2", "beta1 must lie in"),
    ("race rosenbrock -o adam:path=1", "adam has no option 'path'; it has: lr, beta1"),
    ("race rosenbrock -o adam:callback=1", "adam has no option 'callback'"),
    ("race rosenbrock -o lbfgs:memory=2.5", "memory is a whole number"),
    ("race rosenbrock -o rmsprop:centered=2", "centered is true or false"),
    ("race rosenbrock -o scipy", "write scipy:NAME"),
    ("race rosenbrock -o scipy:nosuch", "SciPy has no method 'nosuch'"),
    ("race rosenbrock -o scipy:bfgs:foo=1", "has no option foo"),
    ("race rosenbrock -o gd --lr nan", "--lr is a positive number"),
    ("race rosenbrock -o gd --lr 0", "--lr is a positive number"),
    ("race rosenbrock --start 1,2,x", "'x' is not a number"),
    ("race rosenbrock --start nan,1", "finite numbers"),
    ("race rosenbrock --start 1e300,1", "finite numbers up to 1e.100"),
    ("race rosenbrock --start 1", "function of 2 numbers"),
    ("race beale --start 1,2,3", "function of 2 numbers"),
    ("race rosenbrock --steps 0", "--steps"),
    ("race rosenbrock --steps 1e3", "--steps"),
    ("race rosenbrock --steps 1000000000", "steps of 4 runs may take .* GB of memory.*: --steps [0-9]+ fits"),
    ("race rosenbrock --region 1,2", "four numbers"),
    ("race rosenbrock --region 2,1,1,2", "each low one less"),
    ("race rosenbrock --region=-inf,inf,0,1", "finite numbers"),
    ("race rosenbrock --region=-1e200,1e200,0,1", "finite numbers"),
    ("race rosenbrock --out race.mp4", "'race.mp4': choose a name that ends in .html or .gif"),
    ("race rosenbrock --out race", "choose a name that ends"),
    ("race rosenbrock --out nosuch/race.html", "no folder nosuch: make it first"),
    ("race rosenbrock --out /proc/race.html", "cannot write into /proc"),
    ("race rosenbrock --out here.html", "here.html is a folder"),
    ("race rosenbrock --out old.html", "old.html exists: add --force"),
    ("race colville", "colville has 4: dragongrad zoo lists those that have two"),
    ("race x+y+z", "has 3, x, y, z: put numbers"),
    ("race cumsum(x)+y", "gives an array"),
    ("race dot(x)+y", "dot takes 2"),
    ("race '1 + 2'", "no variable"),
    ("study ''", "lacks the name of a function"),
    ("study booth,", "lacks the name of a function"),
    ("study booth,booth", "'booth' is named twice"),
    ("study x@x", "^ *x@x$"),
    ("study booth --modes sideways", "forward, reverse or both"),
    ("study booth --steps 1000000000000", "GB of memory"),
    ("study booth --out old.html", "old.html is not a folder"),
    ("study booth --out full", "full/study.csv exists: add --force"),
    ("study booth --out /proc/x", "cannot write into /proc"),
    ("basins beale --region 1,2", "four numbers"),
    ("basins beale -o gd,adam", "one optimizer"),
    ("basins beale --grid 1", "--grid"),
    ("basins beale --grid 100000", "100000 x 100000 starts may take .* GB of memory.*: --grid [0-9]+ fits"),
    ("basins beale --out b.txt", "ends in .png or .svg or .pdf"),
    ("basins beale --out nosuch/b.png", "no folder nosuch"),
    ("demo --out old.html", "old.html is not a folder"),
    ("demo --out full", "full/loss.png exists: add --force"),
]


def ended(words, capsys, monkeypatch):
    """The exit status of the command as it is installed, and what it wrote."""
    monkeypatch.setattr(sys, "argv", ["dragongrad", *words])
    with pytest.raises(SystemExit) as end:
        module.main()
    return end.value.code, capsys.readouterr()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder to work in, with things in the way."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here.html").mkdir()
    (tmp_path / "old.html").write_text("old")
    (tmp_path / "full").mkdir()
    for name in ("study.csv", "loss.png"):
        (tmp_path / "full" / name).write_text("old")
    return tmp_path


@pytest.mark.parametrize(("words", "match"), REFUSED)
def test_refusals_are_messages_and_status_2(words, match, folder, capsys, monkeypatch):
    before = sorted(folder.rglob("*"))
    status, written = ended(shlex.split(words), capsys, monkeypatch)
    assert status == 2
    assert written.err.startswith("Error: ")
    assert "Traceback" not in written.err
    assert not re.search("ArgumentError|\\n  at ", written.err)
    assert re.search(match, written.err, re.M), written.err
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize(
    ("words", "shows"),
    [
        ("trace -x**2 x=3", "-9"),
        ("trace -x x=1 -r", "adjoint"),
        ("trace -r -- --x x=1", "adjoint"),
        ("trace 2+3", "constant    5"),
        ("trace pi", "3.141593"),
        ("trace log(x) x=-1", "nan"),
        ("trace x/0 x=1", "inf"),
        ("explain np.linalg.solve", "solve"),
        ("explain fft.fft", "linear"),
        ("explain logsumexp", "logsumexp"),
        ("--version", ad.__version__),
        ("", "Usage"),
        ("study maximum(x,y)+x**2+y**2,x-y -o gd:lr=0.1 --steps 3", "maximum\\(x,y\\)"),
        ("study -x-y,-x -o gd:lr=0.1 --steps 3", "-x-y"),
        ("study booth -o adam:max_iter=3,rmsprop:centered=true --modes both", "forward"),
        ("race -x**2+y**2 -o gd:max_iter=2,scipy:bfgs --start -1,2 --region=-3,3,-3,3", "written: race.html"),
        ("race booth -ogd:lr=1e-3 --steps=3 --out old.html --force", "written: old.html"),
        ("race booth -o gd --steps 3 -f --out RACE.GIF", "written: RACE.GIF"),
    ],
)
def test_unusual_but_right(words, shows, folder, capsys, monkeypatch):
    status, written = ended(shlex.split(words), capsys, monkeypatch)
    assert (status, written.err) == (0, "")
    assert re.search(shows, written.out)


def test_a_start_on_the_screen_is_drawn(folder, capsys, monkeypatch):
    ended(["race", "x**2+y**2", "-o", "gd", "--start", "-1,2", "--steps", "3"], capsys, monkeypatch)
    assert '"start":[-1.0,2.0]' in (folder / "race.html").read_text(encoding="utf-8")


def test_what_is_left_of_the_options_are_values():
    takes = {"-o": True, "--out": True, "-f": False, "-r": False, "--force": False}
    for words, options, values in (
        (["-x", "a=1"], [], ["-x", "a=1"]),
        (["-r*2", "-rf"], ["-rf"], ["-r*2"]),
        (["-o", "-x", "-x"], ["-o", "-x"], ["-x"]),
        (["-ogd", "--out=-x", "--out", "--force"], ["-ogd", "--out=-x", "--out", "--force"], []),
        (["--", "-f", "--", "-o"], [], ["-f", "--", "-o"]),
        (["--nosuch", "-", ""], ["--nosuch"], ["-", ""]),
        (["x", "-o"], ["-o"], ["x"]),
    ):
        assert values_last(words, takes) == [*options, "--", *values]


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def half():
        with whole(path) as part:
            part.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        half()
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]
    assert path.read_text() == "old"
    with whole(path) as part:
        part.write_text("new")
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]
    assert path.read_text() == "new"


@pytest.mark.parametrize("words", ["race booth", "basins booth", "study booth --out out", "demo"])
def test_without_matplotlib_nothing_is_begun(words, folder, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    status, written = ended(words.split(), capsys, monkeypatch)
    assert status == 1
    assert "pip install 'dragongrad[plot]'" in written.err
    assert not (folder / "out").exists()


def test_ctrl_c_ends_everything_at_once(folder, capsys, monkeypatch):
    calls = []

    def interrupted(self, x):
        calls.append(x)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(Problem, "__call__", interrupted)
    for words in ("study booth", "race booth", "basins booth -o newton --grid 3"):
        problem = replace(read_function("booth"), f=lambda x: interrupted(None, x))
        monkeypatch.setattr(module, "read_function", lambda *_, p=problem, **__: p)
        monkeypatch.setattr(module, "read_functions", lambda *_, p=problem: [p])
        calls.clear()
        status, written = ended(words.split(), capsys, monkeypatch)
        assert (status, written.err.strip(), len(calls)) == (130, "Interrupted", 1)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_what_nobody_foresaw_is_a_message_too(capsys, monkeypatch):
    def broken(name):
        raise KeyError("oh")

    monkeypatch.setattr(module, "find_function", broken)
    status, written = ended(["explain", "sin"], capsys, monkeypatch)
    assert status == 1
    assert written.err == "Error: KeyError: 'oh' (a mistake in dragongrad; DRAGONGRAD_TRACEBACK=1 shows where)\n"
    monkeypatch.setenv("DRAGONGRAD_TRACEBACK", "1")
    assert "Traceback" in ended(["explain", "sin"], capsys, monkeypatch)[1].err


@pytest.mark.filterwarnings("default")
def test_warnings_are_lines(capsys, monkeypatch):
    monkeypatch.setattr(module, "find_function", lambda name: warnings.warn("so and so", UserWarning, stacklevel=1))
    assert ended(["explain", "sin"], capsys, monkeypatch)[1].err.startswith("Warning: so and so\n")


def test_a_full_disk_is_told(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["dragongrad", "explain", "sin"])
    with open("/dev/full", "w", encoding="ascii") as full:
        monkeypatch.setattr(sys, "stdout", full)
        with pytest.raises(SystemExit) as end:
            module.main()
    assert end.value.code == 1
    assert capsys.readouterr().err == "Error: cannot read or write the output: No space left on device\n"


MANUAL = (Path(__file__).parents[2] / "docs" / "command.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("line", re.findall(r"^\$ dragongrad (.*)$", MANUAL, re.M))
def test_the_lines_of_the_manual(line, folder, capsys, monkeypatch):
    # It would serve until Ctrl-C.
    monkeypatch.setattr(module.Playground, "run", lambda ground, begin: ground.stop())
    status, written = ended(shlex.split(line.split(" | ")[0]), capsys, monkeypatch)
    assert (status, written.err) == (0, "")
    assert written.out


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "status", "err"),
    [
        ("trace x*x x=3 | true", 1, ""),
        ("zoo | head -1", 0, ""),
        ("zoo >&-", 0, ""),
        ("race booth -o gd --steps 5 2>&-", 0, ""),
        ("nosuch 2>&-", 2, ""),
    ],
)
def test_in_a_shell(line, status, err, tmp_path):
    command = f"set -o pipefail; {shlex.quote(sys.executable)} -m dragongrad {line}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (status, err)


@pytest.mark.parametrize("language", [{"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}])
def test_a_locale_without_letters(language):
    words = [sys.executable, "-m", "dragongrad", "trace", "x*2", "x=1"]
    done = subprocess.run(words, capture_output=True, text=True, env={**os.environ, **language})
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.isascii()


def test_installed_as_a_command():
    command = shutil.which("dragongrad", path=os.path.dirname(sys.executable))
    done = subprocess.run([command, "trace", "x*x", "x=3"], capture_output=True, text=True)
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
    assert problem.starts(2)[0].tolist() == [1, 1]
    # Where the usual start is the minimum there would be nothing to see.
    assert read_function("(x - 1)**2 + (y - 1)**2").starts(2)[0].tolist() == [-1.2, 1]


def test_a_rate_that_flies_off_is_made_smaller_and_noted():
    problem = read_function("rosenbrock")
    entries = {"gd": ("gd", {}), "mine": ("gd", {"lr": 0.5}), "bfgs": ("bfgs", {})}
    tamed, notes = tame(problem, np.array([-1.5, 2.0]), entries)
    assert tamed["gd"][1]["lr"] < 0.01
    assert tamed["mine"] == ("gd", {"lr": 0.5})
    assert tamed["bfgs"] == ("bfgs", {})
    assert len(notes) == 1
