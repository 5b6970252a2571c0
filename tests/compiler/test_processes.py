"""Compiled functions where threads start together, are dropped amid calls, and where processes fork or are spawned.

Each runs in a process of its own: what is made once in a process is made there for the first time, and a crash or
a hang is seen from outside.
"""

import os
import subprocess
import sys

import pytest

HEAD = """
import gc, multiprocessing, os, signal, sys, threading, time, warnings
import numpy as np
from numpy.testing import assert_allclose  # NumPy imports it late, and a fork would leave that import locked
import dragongrad as ad

def together(work, count):
    errors, gate = [], threading.Barrier(count)
    def run(k):
        gate.wait()
        try:
            work(k)
        except BaseException as error:
            errors.append(error)
    threads = [threading.Thread(target=run, args=(k,)) for k in range(count)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    if errors: raise errors[0]

def forked(work, seconds=30):
    "Run `work` in a child, which is to end well within some time."
    child = os.fork()
    if not child:
        try:
            work()
        except BaseException:
            import traceback
            traceback.print_exc()
            sys.stderr.flush()
            os._exit(1)
        os._exit(0)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            assert os.waitstatus_to_exitcode(status) == 0, status
            return
        time.sleep(0.005)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    raise TimeoutError("the child hangs")

def check(k=1.5, n=3):
    "Compile something new, natively, and call it."
    f = ad.compile(lambda x: (np.sum(np.sin(x)) * k, ad.grad(lambda x: np.sum(np.exp(x) * k))(x)), backend="native")
    for x in (np.ones(n), np.full(n, 2.0)):
        total, gradient = f(x)
        assert_allclose(total, np.sum(np.sin(x)) * k, rtol=1e-9)
        assert_allclose(gradient, np.exp(x) * k, rtol=1e-9)

def busy(count=1, again=check):
    "Threads that compile without end."
    def work(j):
        k = 0
        while True:
            k += 1
            again(j + k)
    for j in range(count):
        threading.Thread(target=work, args=(j,), daemon=True).start()

"""
forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="the system does not fork")


def run(code, seconds=120):
    """The output of some code in a process of its own, which ends well."""
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-W", "ignore::DeprecationWarning", "-c", HEAD + code],
        capture_output=True, text=True, check=False, timeout=seconds,
    )  # fmt: skip
    assert done.returncode == 0, (done.returncode, done.stdout, done.stderr)
    return done.stdout


# Threads


def test_threads_whose_first_compilation_is_at_the_same_time():
    run("""
made = []
def work(k):
    f = ad.compile(lambda x: x * k)
    f(np.ones(3))
    made.append((k, f))
sys.setswitchinterval(1e-5)
together(work, 8)
gc.collect()
fill = [bytes(32) for _ in range(10000)], [np.ones(k % 7) for k in range(100000)]
for k, f in made:
    for _ in range(100):
        assert f(np.ones(3)).tolist() == [k] * 3
""")


def test_what_is_made_once_is_made_once():
    """Every cached maker of pointers and of code, called by eight threads that find nothing made."""
    run("""
from dragongrad.compiler.backends.native.call import fastcall
from dragongrad.compiler.backends.native.jit import engine
from dragongrad.compiler.backends.native.linalg import external_calls, gemm, lapack
from dragongrad.compiler.backends.native.math import calls
from dragongrad.compiler.backends.native.parallel import combine_partials, thread_pool
makers = {
    "entry point": fastcall._entry_point, "layout": fastcall.layout, "table": fastcall._numpy_table,
    "processor": engine.processor,
    "binding": engine.binding, "addresses": thread_pool._addresses, "blas": gemm.symbols, "lapack": lapack.symbols,
    "beside": thread_pool.parallel_beside_blas, "controls": external_calls.thread_controls,
    "exp": lambda: calls.provide_function("@dragon.exp.double"),
    "combine": lambda: combine_partials.provide_combiner("dragongrad.combine.sum.double"),
}
found = {name: [] for name in makers}
def work(k):
    for name, make in makers.items():
        found[name].append(make())
sys.setswitchinterval(1e-5)
together(work, 8)
for name, values in found.items():
    assert len(values) == 8
    assert all(v is values[0] for v in values), name
""")


def test_long_loops_first_compiled_by_many_threads():
    run("""
x = np.linspace(0, 1, 300_000)
def work(k):
    ad.set_threads(1 + k % 3)
    f = ad.compile(lambda x: np.sum(np.exp(x)) * k)
    for _ in range(4):
        assert_allclose(f(x), np.sum(np.exp(x)) * k, rtol=1e-9)
together(work, 6)
""")


def test_threads_compile_and_call_one_function_at_once():
    run("""
f = ad.compile(lambda x, p: ad.grad(lambda x: np.sum(np.sin(x) * p["a"]))(x) if p["b"] > 0 else x * p["a"])
def work(k):
    for j in range(30):
        n, sign = 3 + j % 4, (-1) ** (j + k)
        x = np.full(n, 0.1 * j)
        want = np.cos(x) * k if sign > 0 else x * k
        assert_allclose(f(x, {"a": float(k), "b": float(sign)}), want, rtol=1e-9)
sys.setswitchinterval(1e-5)
together(work, 8)
assert len(f._versions) == 4 and all(len(v.paths) == 2 for v in f._versions.values())
""")


def test_a_class_is_first_seen_by_many_threads_at_once():
    run("""
import dataclasses
sys.setswitchinterval(1e-5)
for _ in range(30):
    @dataclasses.dataclass
    class Pair:
        u: float
        v: np.ndarray
    f = ad.compile(lambda p: p["q"].u * p["q"].v)
    def work(k):
        assert_allclose(f({"q": Pair(2.0, np.full(3, k))}), np.full(3, 2.0 * k))
    together(work, 8)
""")


def test_a_function_is_dropped_by_one_thread_while_others_call_it():
    run("""
ad.set_threads(2)
x, small = np.linspace(0, 1, 200_000), np.ones(4)
current = [None]
def fresh(k):
    f = ad.compile(lambda x: np.sum(np.exp(x)) * (1 + k))
    f(x), f(small)
    current[0] = (k, f)
fresh(0)
stop = threading.Event()
def call(_):
    while not stop.is_set():
        k, f = current[0]
        assert_allclose(f(x), np.sum(np.exp(x)) * (1 + k), rtol=1e-9)
        assert_allclose(f(small), np.sum(np.exp(small)) * (1 + k), rtol=1e-9)
        del f
def drop(_):
    for k in range(1, 5):
        fresh(k)
        gc.collect()
    stop.set()
together(lambda k: drop(k) if k == 0 else call(k), 4)
""")


def test_a_library_is_closed_while_another_thread_is_in_llvm():
    """The collector frees code in whatever thread it runs in: it must not wait for the one that compiles."""
    run("""
from dragongrad.compiler import process
from dragongrad.compiler.backends.native.jit import engine
check()
f = ad.compile(lambda x: x * 7, backend="native")
f(np.ones(3))
inside, leave = threading.Event(), threading.Event()
def hold():
    with process.exclusive():
        inside.set()
        leave.wait()
thread = threading.Thread(target=hold)
thread.start()
inside.wait()
del f
gc.collect()
waiting = len(engine._CLOSED)
leave.set()
thread.join()
check(2.5)
assert waiting == 1 and not engine._CLOSED, (waiting, engine._CLOSED)
""")


# Forks


@forks
@pytest.mark.parametrize(("threads", "count"), [(1, 3), pytest.param(2, 20, marks=pytest.mark.slow)])
def test_forks_while_another_thread_compiles(threads, count):
    run(f"""
ad.set_threads({threads})
ad.compile(lambda x: np.sum(np.sin(x)))(np.ones(500_000))
busy()
for k in range({count}):
    time.sleep(0.02)
    forked(lambda: check(k + 0.5))
sys.stdout.flush()
os._exit(0)
""")


@forks
@pytest.mark.slow
def test_forks_from_a_thread_while_others_compile():
    run("""
busy(2)
def work(k):
    for j in range(10):
        time.sleep(0.02)
        forked(lambda: check(k + 0.5 + 10 * j))
together(work, 2)
os._exit(0)
""")


@forks
def test_forks_while_workers_run_long_loops():
    run("""
ad.set_threads(2)
x = np.linspace(0, 1, 2_000_000)
f = ad.compile(lambda x: np.sum(np.exp(np.sin(x))))
f(x)
want = f(x)
def work():
    while True: f(x)
threading.Thread(target=work, daemon=True).start()
def child():
    assert f(x) == want
    ad.set_threads(2)
    check(1.5, 400_000)
    assert f(x) == want
for _ in range(2):
    time.sleep(0.01)
    forked(child)
assert f(x) == want
os._exit(0)
""")


@forks
def test_a_child_calls_what_another_thread_was_compiling():
    """The lock of the version that is being traced is held by a thread that the child does not have."""
    run("""
tracing, go_on = threading.Event(), threading.Event()
main = os.getpid()
def f(x):
    if os.getpid() == main:
        tracing.set()
        go_on.wait()
    return np.sum(np.sin(x))
compiled = ad.compile(f, backend="native")
thread = threading.Thread(target=compiled, args=(np.ones(3),))
thread.start()
tracing.wait()
def child():
    for _ in range(2):
        assert_allclose(compiled(np.ones(3)), 3 * np.sin(1), rtol=1e-9)
    assert gc.isenabled()
forked(child)
go_on.set()
thread.join()
assert_allclose(compiled(np.ones(3)), 3 * np.sin(1), rtol=1e-9)
""")


@forks
def test_a_fork_within_a_function_that_is_traced():
    run("""
def f(x):
    forked(check)
    child = os.fork()
    if child:
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    global is_child
    is_child = not child
    return np.sum(x * 2)
compiled = ad.compile(f, backend="native")
for _ in range(2):
    assert compiled(np.ones(3)) == 6.0
check(4.0)
os._exit(0)
""")


@forks
def test_a_fork_amid_nests_that_are_taken_apart():
    """What takes nests apart has locks that no child could free."""
    run("""
from dragongrad.pytrees import tree_is_leaf
x = np.ones(3)
def work():
    while True:
        fresh = type("Fresh", (tuple,), {})
        ad.tree_map(np.sin, {"a": [fresh(), 1.0]})
        for _ in range(100): tree_is_leaf(x, "dragongrad")
for _ in range(3):
    threading.Thread(target=work, daemon=True).start()
def child():
    fresh = type("Fresh", (tuple,), {})
    ad.tree_map(np.sin, [fresh(), (1.0, 2.0)])
    ad.grad(lambda p: p["a"][0] * p["b"])({"a": [1.0, fresh()], "b": 2.0})
sys.setswitchinterval(1e-5)
for _ in range(100):
    forked(child)
os._exit(0)
""")


@forks
def test_a_fork_waits_for_what_it_must_not_come_amid():
    """Those inside may begin again, compile, and fork; others wait until the fork is over."""
    run("""
from dragongrad import forks
said, begun, go_on = [], threading.Event(), threading.Event()
again = forks.waited_for(lambda: said.append("again"))
main = os.getpid()
def work():
    begun.set()
    go_on.wait()
    time.sleep(0.1)
    again()
    check()
    with forks.locked():
        again()
    forked(check)
    said.append("done")
thread = threading.Thread(target=forks.waited_for(work))
thread.start()
begun.wait()
threading.Timer(0.1, go_on.set).start()
def child():
    assert said == ["again", "again", "done"], said
    again()
    assert not forks.STATE.inside and not forks.STATE.closed
    check(2.5)
forked(child)
thread.join()
late = threading.Thread(target=lambda: [again() for _ in range(1000)])
late.start()
for _ in range(20): forked(check)
late.join()
assert said.count("again") == 1002 and not forks.STATE.inside
forks.waited_for(lambda: forked(child))
""")


@forks
def test_ctrl_c_amid_a_fork():
    """It leaves no lock taken, and is not lost in a run; other threads go on."""
    run("""
from dragongrad import forks
from dragongrad.interrupts import interrupts_kept
def work():
    while True: ad.tree_map(np.sin, {"a": [(1.0,), 2.0]})
threading.Thread(target=work, daemon=True).start()
signal.signal(signal.SIGALRM, signal.default_int_handler)
fill = np.ones(10**7)  # so that a fork takes longer
def child():
    assert not forks.STATE.lost
for k in range(60):
    raised, end = False, time.monotonic() + 0.02
    try:
        with interrupts_kept():
            signal.setitimer(signal.ITIMER_REAL, 1e-4 + k * 2e-4)
            while time.monotonic() < end: forked(child)
            time.sleep(0.2)
    except KeyboardInterrupt:
        raised = True
    assert raised, k
    free = []
    def look():
        with forks.locked(): free.append(True)
    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    thread.join(10)
    assert free and not forks.STATE.closed, k
os._exit(0)
""")


@forks
def test_a_fork_amid_properties_of_nests():
    """A property may wait for what the thread that forks holds, and two of them may fork at once."""
    run("""
import dataclasses
from dragongrad import forks
forks.LONGEST = 0.5
main, held, asked, both = os.getpid(), threading.RLock(), threading.Event(), threading.Barrier(2)
class Reading:
    def __init__(self, read): self.read = read
    def __set_name__(self, owner, name): self.name = name
    def __set__(self, one, value): vars(one)[self.name] = value
    def __get__(self, one, owner):
        if one is None: raise AttributeError  # without a default
        if os.getpid() == main: self.read()
        return vars(one)[self.name]
def wait():
    asked.set()
    with held: pass
def fork():
    both.wait()
    forked(child)
@dataclasses.dataclass
class Waiting:
    a: float = Reading(wait)
@dataclasses.dataclass
class Forking:
    a: float = Reading(fork)
def child():
    assert not forks.STATE.lost and set(forks.STATE.inside) <= {threading.get_ident()}
    ad.tree_map(np.sin, [Waiting(1.0), Forking(2.0)])
began = time.monotonic()
with held:
    thread = threading.Thread(target=lambda: ad.tree_map(np.sin, [Waiting(1.0)]))
    thread.start()
    asked.wait()
    for _ in range(3): forked(child)
thread.join()
together(lambda k: ad.tree_map(np.sin, [Forking(1.0)]), 2)
assert time.monotonic() - began < 30 and not forks.STATE.inside and not forks.STATE.closed
""")


@forks
def test_the_collector_runs_in_a_child_of_a_process_that_had_paused_it():
    run("""
from dragongrad.collector import collector_paused
inside, leave = threading.Event(), threading.Event()
def pause():
    with collector_paused():
        inside.set()
        leave.wait()
thread = threading.Thread(target=pause)
thread.start()
inside.wait()
assert not gc.isenabled()
def child():
    assert gc.isenabled()
forked(child)
assert not gc.isenabled()
leave.set()
thread.join()
assert gc.isenabled()
with collector_paused():
    def still():
        assert not gc.isenabled()
    forked(still)
""")


@forks
@pytest.mark.parametrize("lock", ["ours", "llvmlite's"])
def test_a_child_without_llvm_says_so(lock):
    """A lock that is not given back in time leaves the child what is compiled, and NumPy source for the rest."""
    run(f"""
from dragongrad import forks
from dragongrad.compiler import process
known = ad.compile(lambda x: x * 3, backend="native")
for _ in range(2): known(np.ones(3))
forks.PATIENCE = 0.05
inside, leave = threading.Event(), threading.Event()
def hold():
    with process.exclusive() if {lock == "ours"} else forks.llvmlite_lock():
        inside.set()
        leave.wait()
thread = threading.Thread(target=hold)
thread.start()
inside.wait()
def child():
    assert known(np.ones(3)).tolist() == [3, 3, 3]
    try:
        check()
    except ad.CompileError as error:
        assert "forked" in str(error)
    else:
        raise AssertionError("no error")
    other = ad.compile(lambda x: x * 5)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        for _ in range(2): assert other(np.ones(3)).tolist() == [5, 5, 5]
    assert any("NumPy source" in str(w.message) for w in told)
    del other
    gc.collect()
    forked(lambda: known(np.ones(3)))
forked(child)
leave.set()
thread.join()
check()
""")


@forks
def test_a_pool_of_forked_processes_while_a_thread_compiles():
    run("""
def work(k):
    check(k + 0.5)
    return k * 2
busy()
time.sleep(0.05)
with multiprocessing.get_context("fork").Pool(2) as pool:
    assert pool.map_async(work, range(6)).get(60) == [0, 2, 4, 6, 8, 10]
os._exit(0)
""")


def test_a_pool_of_spawned_processes(tmp_path):
    """A compiled function goes to another process as the function that it was made of."""
    program = tmp_path / "program.py"
    program.write_text("""
import multiprocessing
import numpy as np
import dragongrad as ad

@ad.compile
def doubled(x):
    return x * 2.0

def gradient(x):
    return ad.grad(lambda x: np.sum(np.sin(x)))(x)

compiled = ad.compile(gradient, backend="native")

if __name__ == "__main__":
    doubled(np.ones(3)), compiled(np.ones(3))
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        rows = [np.full(3, float(k)) for k in range(4)]
        for f, want in ((doubled, lambda x: x * 2), (compiled, np.cos)):
            for got, row in zip(pool.map(f, rows), rows):
                np.testing.assert_allclose(got, want(row), rtol=1e-9)
""")
    done = subprocess.run([sys.executable, str(program)], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
