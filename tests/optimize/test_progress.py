"""Runs that are watched: at a terminal, in a notebook, by a function; and those that nobody watches."""

import io
import math
import os
import signal
import subprocess
import sys
import textwrap
import types

import numpy as np
import optree
import pytest
from rich.console import Console

import dragongrad as ad
from dragongrad import lab, nn
from dragongrad.optimize import Glimpse, progress
from dragongrad.optimize.progress import Bar, Live, clock, live, sparks
from dragongrad.views.live import Plot, curves


def bowl(x):
    return np.sum((x - 1) ** 2)


START = np.zeros(3)
LEAVE, SHOW = "\x1b[?25l", "\x1b[?25h"


@pytest.fixture
def console(monkeypatch):
    """A terminal that keeps what is written to it."""
    made = Console(file=io.StringIO(), force_terminal=True, width=110, record=True, legacy_windows=False)
    monkeypatch.setattr(progress, "_at_terminal", lambda: True)
    monkeypatch.setattr(progress, "_console", lambda: made)
    monkeypatch.setattr(progress, "_EVERY", 0.0)
    return made


def seen_by(run, **options):
    """What a function sees of a run."""
    looks = []
    run(watch=looks.append, **options)
    return looks


def classifier(**options):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(64, 2)).astype(np.float32)
    data = (x, (x[:, 0] > 0).astype(np.int64))
    model = nn.Chain(head=nn.Dense(2))
    params = model.init(rng, (2,))
    return nn.train(model, params, data, loss=nn.cross_entropy, update=nn.sgd(0.1), epochs=2, **options)


RUNS = {
    "minimize": lambda **o: ad.minimize(bowl, START, method="adam", lr=0.1, max_iter=20, **o),
    "scipy": lambda **o: ad.minimize(lambda x: np.sum((x - 1) ** 4), START, method="scipy:bfgs", **o),
    "least squares": lambda **o: ad.least_squares(lambda x: np.exp(x) - 2, START, **o),
    "root": lambda **o: ad.root(lambda x: np.exp(x) - 2, START, **o),
    "class": lambda **o: ad.optimize.Adam(bowl, START, lr=0.1, max_iter=20).minimize(**o),
    "study": lambda **o: lab.study(bowl, ["newton", "bfgs"], starts=[[0.0, 3.0]], **o),
    "race": lambda **o: lab.race(bowl, ["gd", "adam"], start=[0.0, 3.0], steps=9, **o),
    "basins": lambda **o: lab.basins(bowl, ("adam", {"lr": 0.1}), [[-2, 2], [-1, 1]], grid=4, steps=15, **o),
    "basins one by one": lambda **o: lab.basins(bowl, "bfgs", [[-2, 2], [-1, 1]], grid=3, **o),
    "training": lambda **o: classifier(**o),
}


@pytest.mark.parametrize("name", RUNS)
def test_a_function_sees_every_kind_of_run(name, monkeypatch):
    monkeypatch.setattr(progress, "_EVERY", 0.0)
    looks = seen_by(RUNS[name])
    assert all(isinstance(look, Glimpse) for look in looks)
    assert [look.ended for look in looks].count(True) == (2 if name == "race" else 1)
    assert looks[-1].ended
    assert 0 < looks[-1].step <= looks[-1].total
    assert len(looks) > looks[-1].ended + 1
    assert looks[-1].steps == sorted(looks[-1].steps)
    assert str(looks[-1]).startswith(looks[-1].title)
    if name not in ("study", "basins", "basins one by one"):
        assert looks[-1].slope >= 0


@pytest.mark.parametrize("name", RUNS)
def test_a_terminal_shows_a_bar_and_is_left_whole(name, console):
    RUNS[name](progress=True)
    written = console.file.getvalue()
    shown = console.export_text()
    assert written.rfind(SHOW) > written.rfind(LEAVE) > -1
    assert "/s" in shown
    assert ("value" if name == "study" else "under way" if "basins" in name else "loss") in shown


@pytest.mark.parametrize("curve", [False, True])
@pytest.mark.parametrize("columns", [40, 80])
def test_the_bar_is_one_line(columns, curve, console):
    console.width = columns
    bar = Bar(curve=curve)
    losses = np.geomspace(1, 1e-3, 50).tolist()
    bar(Glimpse("TrustExact", 12345, 100000, 0.123456, 1e-3, 1234.5, 10.0, 71.0, list(range(50)), losses))
    bar.close()
    shown = console.export_text().strip("\n")
    assert "\n" not in shown
    line = shown[: len(shown) // 3]
    assert len(line) <= columns
    assert ("▁" in line) == curve
    for text in ("12345/100000", "loss 0.12346", "|g| 1e-03", "1,234/s", "< 0:01:11"):
        assert columns < 80 or text in line, (text, line)


@pytest.mark.parametrize("asked", [{}, {"progress": True}, {"watch": True}, {"watch": None}])
def test_nothing_is_shown_where_nobody_looks(asked, capfd):
    RUNS["minimize"](**asked)
    assert capfd.readouterr() == ("", "")
    assert live(asked.get("progress", False), asked.get("watch", False), "run", 10) is None


def test_what_is_watched_takes_the_same_steps():
    plain, watched = RUNS["minimize"](path=True), RUNS["minimize"](path=True, watch=lambda look: None)
    np.testing.assert_array_equal(plain.path, watched.path)
    one, other = classifier(), classifier(watch=lambda look: None)
    for a, b in zip(optree.tree_leaves(one.params), optree.tree_leaves(other.params), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5)


def test_rates_and_times_left(monkeypatch):
    now = iter(np.arange(0.0, 100.0, 0.5))
    monkeypatch.setattr(progress.time, "perf_counter", lambda: float(next(now)))
    looks = []
    run = Live("run", 20, [looks.append], sure=True)
    for step in range(5):
        run.note(step, 10.0 - step, np.array([3.0, 4.0]))
    # Each step takes a second of this clock: half of it before the look, half after.
    assert looks[-1].rate == pytest.approx(1.0)
    assert looks[-1].left == pytest.approx(16.0)
    assert looks[-1].slope == 5.0
    assert str(looks[-1]) == "run step 4 of 20, loss 6, |gradient| 5, 1 steps/s, 0:00:16 left"


def test_a_long_curve_is_thinned():
    looks = []
    run = Live("run", 10**6, [looks.append])
    for step in range(9000):
        run.note(step, float(step))
    run.end()
    assert 1000 < len(looks[-1].steps) <= 2001
    assert looks[-1].steps == [int(v) for v in looks[-1].losses]
    assert set(np.diff(looks[-1].steps)) == {8}


# Ctrl-C


@pytest.mark.parametrize("name", ["minimize", "training", "basins", "study"])
def test_ctrl_c_leaves_the_terminal_whole(name, console, monkeypatch):
    calls = []

    def interrupting(self, glimpse):
        calls.append(glimpse)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return shown(self, glimpse)

    shown = Bar.__call__
    monkeypatch.setattr(Bar, "__call__", interrupting)
    RUNS[name](progress=True)
    written = console.file.getvalue()
    assert LEAVE in written
    assert written.rfind(SHOW) > written.rfind(LEAVE)


@pytest.mark.skipif(sys.platform == "win32", reason="sends a signal")
def test_a_real_ctrl_c_at_a_real_terminal():
    pty = pytest.importorskip("pty")
    code = """
    import os, signal, numpy as np, dragongrad as ad
    def slow(x):
        return np.sum((x - 1) ** 2)
    def kill(it):
        if it.nit == 50:
            os.kill(os.getpid(), signal.SIGINT)
    found = ad.minimize(slow, np.zeros(2), method="gd", lr=1e-4, progress=True, callback=kill)
    print(found.status.name)
    """
    mine, its = pty.openpty()
    command = [sys.executable, "-c", textwrap.dedent(code)]
    done = subprocess.run(command, stderr=its, stdout=subprocess.PIPE, text=True, check=True, timeout=120)
    os.close(its)
    written = os.read(mine, 1 << 16).decode()
    os.close(mine)
    assert done.stdout.strip() == "INTERRUPTED"
    assert written.rfind(SHOW) > written.rfind(LEAVE) > -1
    assert signal.SIGINT


def test_an_error_of_the_users_function_ends_the_bar_too(console):
    def wrong(look):
        if look.step > 2:
            raise ZeroDivisionError

    class Both:
        def __call__(self, look):
            bar(look)
            wrong(look)

        def close(self):
            bar.close()

    bar = Bar()
    with pytest.raises(ZeroDivisionError):
        RUNS["minimize"](watch=Both())
    assert console.file.getvalue().endswith(SHOW)


# Notebooks


@pytest.mark.parametrize("error", [BrokenPipeError(), OSError(5, "Input/output error")])
@pytest.mark.parametrize("lasts", [0, 3])
def test_a_run_outlives_its_terminal(error, lasts, monkeypatch):
    class Gone(io.StringIO):
        def isatty(self):
            return True

        def flush(self):
            writes.append(None)
            if len(writes) > lasts:
                raise error

    writes, out = [], sys.stdout
    monkeypatch.setattr(progress, "_EVERY", 0.0)
    monkeypatch.setattr(sys, "stderr", Gone())
    looks = []
    found = ad.minimize(bowl, START, method="gd", lr=0.01, max_iter=20, progress=True, watch=looks.append)
    assert found.nit == 20
    assert looks[-1].ended
    assert len(writes) > lasts
    assert sys.stdout is out


class Screen:
    """A display of a notebook that keeps its pictures."""

    def __init__(self):
        self.pictures = []

    def __call__(self, picture, display_id):
        assert display_id
        self.update(picture)
        return self

    def update(self, picture):
        self.pictures.append(picture._repr_html_())


@pytest.fixture
def notebook(monkeypatch):
    screen = Screen()
    shell = types.SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setitem(sys.modules, "IPython.display", types.SimpleNamespace(display=screen))
    monkeypatch.setattr(Plot, "every", 0.0)
    return screen


@pytest.mark.parametrize("name", RUNS)
def test_a_plot_grows_in_a_notebook(name, notebook):
    RUNS[name](watch=True)
    assert len(notebook.pictures) > 2
    assert all(p.startswith("<svg") and p.endswith("</svg>") for p in notebook.pictures)
    assert "nan" not in notebook.pictures[-1]
    points = [sum(part.count("L") for part in p.split('<path d="')) for p in notebook.pictures]
    assert points[-1] > points[0]


def test_a_race_is_one_plot_with_a_curve_for_each_runner(notebook):
    RUNS["race"](watch=True)
    assert notebook.pictures[-1].count('stroke-width="2"') == 2
    assert ">gd</text>" in notebook.pictures[-1]
    assert ">adam</text>" in notebook.pictures[-1]


def test_a_run_that_shoots_off_does_not_flatten_the_others():
    text = curves(
        {"lost": ([0, 1, 2], [1.0, 1e90, 1e200]), "fine": ([0, 1, 2], [1.0, 0.1, 0.01])}, "step", "loss", ""
    )
    assert "10⁻²" in text
    assert "10²⁰" not in text


def test_progress_alone_shows_no_plot_in_a_notebook(notebook):
    RUNS["minimize"](progress=True)
    assert notebook.pictures == []


def test_validation_is_a_curve_of_its_own(notebook):
    rng = np.random.default_rng(1)
    x = rng.normal(size=(8, 2)).astype(np.float32)
    classifier(watch=True, validation=(x, (x[:, 0] > 0).astype(np.int64)))
    assert "training, validation" in notebook.pictures[-1]


@pytest.mark.parametrize(
    "values", [[], [math.nan], [1.0], [0.0, 0.0], [1.0, math.inf, 2.0], [1e-9, 1.0], [-1.0, 1e9]]
)
def test_curves_of_any_numbers(values):
    text = curves({"a": (range(len(values)), values), "b": ([], [])}, "step", "loss", "title & <more>")
    assert "nan" not in text
    assert "inf" not in text
    assert "title &amp; &lt;more&gt;" in text
    assert ("10⁻" in text) == (values == [1e-9, 1.0])


@pytest.mark.parametrize(
    ("values", "line"), [([], ""), ([math.nan], ""), ([1.0], "▁"), ([8.0, 4.0, 2.0, 1.0], "█▆▃▁"), ([0, 7], "▁█")]
)
def test_sparks(values, line):
    assert sparks(values) == line


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00:00"), (71.2, "0:01:12"), (7200, "2:00:00"), (1e6, "12 days")]
)
def test_clock(seconds, text):
    assert clock(seconds) == text


@pytest.mark.parametrize("watch", [1, "yes", lambda: None])
def test_watch_of_another_kind(watch):
    with pytest.raises(ad.ArgumentError, match="watch must be"):
        ad.minimize(bowl, START, watch=watch)
