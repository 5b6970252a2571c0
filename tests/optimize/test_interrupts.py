"""Ctrl-C by real signals, in a process of its own: everything stops at once, with the best so far."""

import subprocess
import sys

import pytest

HEAD = """
import os, signal, sys, threading, time
import numpy as np
import dragongrad as ad
import scipy.optimize
from dragongrad.lab import basins, study

waiting = [0, 0.0]

def begin():
    # A run is under way at the fourth call of its function: in a moment Ctrl-C comes.
    waiting[0] += 1
    if waiting[0] == 4:
        threading.Timer(waiting[1], os.kill, (os.getpid(), signal.SIGINT)).start()

def interrupted(run, seconds=0.3):
    waiting[:] = 0, seconds
    return run()

def say(name, *words):
    print(f"{name}:", *words, flush=True)

def rosenbrock(x):
    begin()
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)

def square(x):
    begin()
    return x @ x, 2 * x

def large(x):
    begin()
    return np.sum(np.sin(x) ** 2)

ad.set_threads(2)
FOREVER = {"gtol": 0, "max_iter": 10**8}
T = np.linspace(0, 1, 50)
"""

RUNS = {
    "eager": 'ad.minimize(rosenbrock, np.zeros(20), method="adam", lr=1e-9, compile=False, **FOREVER)',
    "compiled": 'ad.minimize(rosenbrock, np.zeros(20), method="adam", lr=1e-9, **FOREVER)',
    "own gradient": ('ad.minimize(square, np.ones(9), method="gd", lr=1e-12, jac=True, **FOREVER)'),
    "threads": ('ad.minimize(large, np.full(10**6, 1.0), method="adam", lr=1e-9, **FOREVER)'),
    "fit": "ad.least_squares(slow_fit, np.ones(3), gtol=0, xtol=0, ftol=0, max_iter=10**8), 0.05",
    "root": "ad.root(slow_root, np.ones(3), xtol=0, ftol=0, max_iter=10**8), 0.05",
    "scipy": 'ad.minimize(rosenbrock, np.zeros(200), method="scipy:Nelder-Mead", max_iter=10**8)',
}

SLOW = """
def slow_fit(p):
    begin()
    time.sleep(0.05)
    return np.concatenate([np.exp(-1e-3 * p[0] * T) * p[1] - T, 1e-3 * p])

def slow_root(p):
    begin()
    time.sleep(0.05)
    return np.exp(p) - 3
"""


MORE = """
found = interrupted(lambda: ad.least_squares(slow_fit, np.ones(3), gtol=0, xtol=0, ftol=0), 0.05)
say("residuals at x", np.array_equal(found.fun, slow_fit(found.x)))
say("report", len(found.report().splitlines()) > 8)
for method in ("newton", "adam"):
    found = interrupted(lambda: basins(rosenbrock, method, [[-2, 2], [-1, 3]], 200, 10**6), 1.0)
    say(f"basins {method}", found.interrupted, found.batched, found.label.shape, (found.label == -1).mean() > 0.5)
many = dict.fromkeys("abcdefghijklmnop", rosenbrock)
# After a second of this process's own time: on a busy machine it has come as far.
signal.signal(signal.SIGVTALRM, lambda *_: os.kill(os.getpid(), signal.SIGINT))
signal.setitimer(signal.ITIMER_VIRTUAL, 1.0)
found = study(many, "adam", starts=[np.zeros(5)], max_iter=3000, gtol=0)
say("study", found.interrupted, 0 < len(found.records) < 32, "interrupted" in repr(found))
class Lost:
    "Ctrl-C comes amid its finalizer, out of which Python raises nothing."
    def __del__(self):
        signal.raise_signal(signal.SIGINT)
def losing(x):
    waiting[0] += 1
    if waiting[0] == 4:
        Lost()
    return np.sum((x - 1) ** 4)
for method in ("adam", "newton", "scipy:Nelder-Mead", "scipy:BFGS"):
    found = interrupted(lambda: ad.minimize(losing, np.zeros(3), method=method, compile=False))
    say(f"lost {method}", found.status.name, found.nfev < 8)
found = interrupted(lambda: study(dict.fromkeys("abcd", losing), "newton", starts=[np.zeros(2)]))
say("lost study", found.interrupted, len(found.records))
found = interrupted(lambda: basins(losing, "newton", [[-2, 2], [-1, 3]], 3))
say("lost basins", found.interrupted, (found.label == -1).sum())
try:
    interrupted(lambda: ad.minimize(losing, np.zeros(3), callback=lambda seen: 1 / 0 if waiting[0] > 2 else None))
except ZeroDivisionError:
    pass
say("not lost", ad.minimize(lambda x: x @ x, np.ones(3)).status.name, sys.unraisablehook is sys.__unraisablehook__)
class Raising:
    def __del__(self):
        raise KeyboardInterrupt
def elsewhere(x):
    thread = threading.Thread(target=lambda: Raising() and None)
    thread.start()
    thread.join()
    return x @ x
def at_once(p):
    waiting[0] += 1
    if waiting[0] == waiting[1]: signal.raise_signal(signal.SIGINT)
    return np.exp(p) - 3
runs = {
    "root": lambda: ad.root(at_once, np.ones(3), compile=False),
    "lm": lambda: ad.root(at_once, np.ones(3), method="lm", compile=False),
    "fit": lambda: ad.least_squares(at_once, np.ones(3), compile=False),
}
for name, fitting in runs.items():
    ends = []
    for call in (1, 2, 3):
        waiting[:] = 0, call
        try: ends.append(fitting().status.name)
        except KeyboardInterrupt: ends.append("raised")
    say(f"at once {name}", *ends)
say("elsewhere", ad.minimize(elsewhere, np.ones(3), compile=False).status.name)
def hooking(x):
    if sys.unraisablehook is not chained[0]:
        chained[:] = lambda seen, before=sys.unraisablehook: before(seen), 0
        sys.unraisablehook = chained[0]
    return x @ x
chained = [None]
say("hooked", ad.minimize(hooking, np.ones(3), compile=False).status.name, sys.unraisablehook is chained[0])
Lost()
say("outside", ad.minimize(lambda x: x @ x, np.ones(3)).status.name)
sys.unraisablehook = sys.__unraisablehook__
signal.signal(signal.SIGALRM, signal.default_int_handler)
def watch(iteration):
    if iteration.nit == 3:
        signal.setitimer(signal.ITIMER_REAL, 0.5)
        raise KeyboardInterrupt
try:
    say("first", ad.minimize(rosenbrock, np.zeros(3), method="adam", callback=watch).status.name)
    time.sleep(60)
except KeyboardInterrupt:
    say("second", "raised")
"""

EXPECTED = {
    **dict.fromkeys(RUNS, "INTERRUPTED True False"), "residuals at x": "True", "report": "True",
    "basins newton": "True False (200, 200) True", "basins adam": "True True (200, 200) True",
    "study": "True True True", "lost study": "True 1", "lost basins": "True 9", "not lost": "CONVERGED True",
    **{f"lost {method}": "INTERRUPTED True" for method in ("adam", "newton", "scipy:Nelder-Mead", "scipy:BFGS")},
    "first": "INTERRUPTED", "second": "raised",
    **dict.fromkeys(("at once root", "at once lm", "at once fit"), "raised raised INTERRUPTED"),
    "elsewhere": "CONVERGED", "hooked": "CONVERGED True", "outside": "CONVERGED",
}  # fmt: skip


@pytest.fixture(scope="module")
def said():
    """What one process says of all, each of which also shows that nothing of the last is left."""
    runs = [
        f"found = interrupted(lambda: {run})\n"
        f"say({name!r}, found.status.name, np.isfinite(found.fun).all(), found.success)\n"
        for name, run in RUNS.items()
    ]
    code = "".join([HEAD, SLOW, *runs, MORE])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    return dict(line.split(": ", 1) for line in done.stdout.splitlines()), done.stderr


@pytest.mark.parametrize("name", EXPECTED)
def test_interrupted(said, name):
    lines, errors = said
    assert lines.get(name) == EXPECTED[name], errors
