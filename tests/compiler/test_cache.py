"""The cache of machine code: a later process finds there what an earlier one made, and never anything else."""

import contextlib
import ctypes
import os
import random
import signal
import socket
import subprocess
import sys
import time

import numpy as np
import pytest

import dragongrad as ad
from dragongrad.compiler.backends.native.jit import cache, engine
from dragongrad.compiler.backends.native.jit.engine import Library
from dragongrad.interrupts import interrupts_kept

pytestmark = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="tests the owners and modes of POSIX")

KEY, OTHER = cache.key_of("a text"), cache.key_of("another text")
CODE = bytes(range(256)) * 5


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty cache of this test's own; what is made of the same text twice is made by LLVM twice without it."""
    monkeypatch.setenv("DRAGONGRAD_CACHE", str(tmp_path / "cache"))
    cache.COUNTS.reset()
    return tmp_path / "cache"


def kept(folder):
    return sorted(folder.glob("*/*"))


def constant(value, **options):
    """A library with a function that returns a number."""
    return Library(f"define i64 @f() {{\n  ret i64 {value}\n}}", **options)


def call(library):
    import ctypes

    return ctypes.CFUNCTYPE(ctypes.c_int64)(library.address("f"))()


# Libraries


@pytest.mark.parametrize("quick", [False, True])
def test_the_second_library_is_read(folder, quick):
    first, second = (constant(7, quick=quick) for _ in range(2))
    assert (first.cached, second.cached) == (False, True)
    assert call(first) == call(second) == 7
    assert first.assembly() == second.assembly()
    assert len(kept(folder)) == 1
    assert (ad.cache_info().hits, ad.cache_info().misses) == (1, 1)


@pytest.mark.parametrize("before", [(), ("inner",), ("outer",), ("inner", "outer")])
def test_a_quick_library_that_calls_another_one(folder, before):
    """Either of them may be in the cache alone; what is called has another address in each process."""
    inner = "define i64 @g() {\n  ret i64 4\n}\ndefine i64 @h() {\n  ret i64 5\n}"
    outer = (
        "declare i64 @h() #2\ndeclare i64 @g() #2\ndefine i64 @f() {\n  %a = call i64 @g()\n  %b = call i64 @h()\n"
        "  %c = mul i64 %a, 10\n  %d = add i64 %c, %b\n  ret i64 %d\n}"
    )
    made = Library(inner), Library(outer, quick=True, other=Library(inner))
    assert call(made[1]) == 45
    for path in kept(folder):
        # The code of the second is longer.
        if (
            "outer" if path.stat().st_size == max(p.stat().st_size for p in kept(folder)) else "inner"
        ) not in before:
            path.rename(folder / path.name)
    again = Library(outer, quick=True, other=Library(inner))
    assert again.cached is (before == ("inner", "outer"))
    assert call(again) == 45


def test_all_that_code_follows_from_is_in_the_key(folder, monkeypatch):
    constant(1)
    variants = [{"level": 1}, {"level": 0}, {"quick": True}, {"target": engine.BASELINE}]
    for options in variants:
        assert not constant(1, **options).cached, options
        assert constant(1, **options).cached, options
    assert not constant(2).cached
    for k in range(4):
        # llvmlite, LLVM, the kind of machine, and how LLVM is told.
        monkeypatch.setattr(engine, "_maker", lambda k=k: tuple("x" if i == k else "y" for i in range(4)))
        assert not constant(1).cached
    monkeypatch.undo()


def test_parts_of_a_key_are_told_apart():
    keys = [cache.key_of(*parts) for parts in (("ab", "c"), ("a", "bc"), ("abc",), ("", "abc"), ("abc", ""))]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize("off", ["", "0"])
def test_off(off, monkeypatch, tmp_path):
    monkeypatch.setenv("DRAGONGRAD_CACHE", off)
    monkeypatch.chdir(tmp_path)
    assert not constant(3).cached
    assert not constant(3).cached
    info = ad.cache_info()
    assert (info.folder, info.files, info.bytes) == (None, 0, 0)
    assert info.off == "DRAGONGRAD_CACHE switches it off"
    assert ad.clear_cache() == 0
    assert not list(tmp_path.iterdir())


# Files that are not what was written


def ways_to_spoil(path):
    """Everything that may stand where a good file stood."""
    data, start = path.read_bytes(), len(cache._header(KEY, b""))
    yield from ((f"cut at {n}", data[:n]) for n in (0, 1, start - 1, start, start + 1, len(data) - 1))
    yield "longer", data + b"\0"
    yield "zeros", bytes(len(data))
    yield "a text", b"hello\n"
    yield "of another key", cache._header(OTHER, CODE) + CODE
    yield "of another format", data.replace(b"code 1", b"code 0")
    for place in (0, start - 100, start - 70, start - 40, start - 1, start, len(data) - 1):
        # In the word that all begin with, the key, the length, the hash, the object.
        yield f"a bit at {place}", bytes([*data[:place], data[place] ^ 1, *data[place + 1 :]])


def test_damaged_and_foreign_files_are_replaced(folder):
    cache.store(KEY, CODE)
    (path,) = kept(folder)
    good = path.read_bytes()
    for what, data in ways_to_spoil(path):
        path.write_bytes(data)
        assert cache.load(KEY) is None, what
        cache.store(KEY, CODE)
        assert path.read_bytes() == good, what
        assert cache.load(KEY) == CODE, what


@pytest.mark.parametrize("kind", ["folder", "link", "dangling", "pipe", "socket", "unreadable"])
def test_other_things_in_the_place_of_a_file(folder, tmp_path, kind, monkeypatch):
    cache.store(KEY, CODE)
    (path,) = kept(folder)
    elsewhere = path.rename(tmp_path / "elsewhere")
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        monkeypatch.chdir(path.parent)
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(path.name)
    elif kind == "unreadable":
        path.touch(0)
    else:
        path.symlink_to(elsewhere if kind == "link" else tmp_path / "nowhere")
    assert cache.load(KEY) is None
    assert not constant(5).cached
    cache.store(KEY, CODE)
    assert cache.load(KEY) == (None if kind == "folder" else CODE)
    assert elsewhere.exists()
    assert not list(folder.glob("*/*.part"))


def test_a_program_is_right_whatever_lies_in_the_cache(folder):
    """As above, through the whole of a compiled function: each file is damaged, each in another way."""
    x = np.linspace(0.1, 1.0, 5)
    expected = np.cos(x) * 2
    f = lambda x: np.sum(np.sin(x) * 2)
    assert np.allclose(ad.compile(ad.grad(f), backend="native")(x), expected)
    rng = random.Random(0)
    for _ in range(8):
        for path in kept(folder):
            # What this process has in memory it does not write again: such a file may be empty by now.
            data = bytearray(path.read_bytes()) or bytearray(1)
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
            path.write_bytes(data[: rng.choice([len(data), rng.randrange(len(data))])])
        again = ad.compile(ad.grad(f), backend="native")
        for _ in range(2):
            assert np.allclose(again(x), expected)
        assert "made by LLVM" in again.report()
    last = ad.compile(ad.grad(f), backend="native")
    last(x)
    assert "read from the cache" in last.report()


# Rights


def chmod(path, mode):
    path.chmod(mode)
    return path


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o707, 0o722, 0o1777])
def test_a_folder_that_others_may_write_is_not_used(folder, mode):
    cache.store(KEY, CODE)
    chmod(folder, mode)
    assert cache.load(KEY) is None
    cache.store(OTHER, CODE)
    assert ad.clear_cache() == 0
    assert "others may write" in ad.cache_info().off
    chmod(folder, 0o755)
    assert cache.load(KEY) == CODE
    assert cache.load(OTHER) is None


@pytest.mark.parametrize("mode", [0o666, 0o660, 0o602])
def test_a_file_that_others_may_write_is_not_read(folder, mode):
    cache.store(KEY, CODE)
    (path,) = kept(folder)
    chmod(path, mode)
    assert cache.load(KEY) is None
    cache.store(KEY, CODE)
    assert cache.load(KEY) == CODE


@pytest.mark.parametrize("what", ["folder", "file"])
def test_what_belongs_to_another_user_is_not_read(folder, what, monkeypatch):
    cache.store(KEY, CODE)
    owner, own = os.geteuid(), cache._is_own
    is_file = lambda found: not found.st_mode & 0o100
    stranger = lambda found: os.stat_result([*found[:4], owner + 1, *found[5:]])
    monkeypatch.setattr(
        cache, "_is_own", lambda found: own(stranger(found) if is_file(found) is (what == "file") else found)
    )
    assert cache.load(KEY) is None
    assert bool(ad.cache_info().off) is (what == "folder")


def test_files_are_private_whatever_the_umask(folder):
    before = os.umask(0)
    try:
        cache.store(KEY, CODE)
    finally:
        os.umask(before)
    assert [path.stat().st_mode & 0o777 for path in (folder, *folder.iterdir(), *kept(folder))] == [
        0o700, 0o700, 0o600,
    ]  # fmt: skip


@pytest.mark.skipif(os.name != "nt" and os.geteuid() == 0, reason="nothing is read-only to root")
def test_a_read_only_folder_is_read(folder):
    cache.store(KEY, CODE)
    made = [folder, *folder.iterdir()]
    for path in made:
        chmod(path, 0o500)
    cache.store(OTHER, CODE)
    cache.store(KEY, CODE)
    found = cache.load(KEY), cache.load(OTHER)
    for path in made:
        chmod(path, 0o700)
    assert found == (CODE, None)
    assert len(kept(folder)) == 1


def test_a_disk_that_is_full(folder, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    cache.store(KEY, CODE)
    monkeypatch.setattr(os, "replace", full)
    cache.store(OTHER, CODE)
    assert cache.load(OTHER) is None
    assert not constant(6).cached
    assert len(kept(folder)) == 1


@pytest.mark.parametrize(
    ("given", "off"),
    [
        ("file", "is not a folder"),
        ("file/below", "cannot be used"),
        ("/proc/none", "cannot be used"),
    ],
)
def test_a_folder_that_cannot_be(given, off, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("DRAGONGRAD_CACHE", str(tmp_path / given))
    cache.store(KEY, CODE)
    assert cache.load(KEY) is None
    assert not constant(8).cached
    assert off in cache.find_folder(make=True)[1]


@pytest.mark.parametrize(("user", "home", "made"), [(0, 1000, False), (0, 0, True), (1000, 1000, True)])
def test_root_makes_no_folder_in_the_home_of_another(user, home, made, tmp_path, monkeypatch):
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("DRAGONGRAD_CACHE", str(tmp_path / "home" / "a" / "b"))
    known = os.stat
    monkeypatch.setattr(os, "geteuid", lambda: user)
    monkeypatch.setattr(
        os, "stat", lambda path, **more: os.stat_result([*known(path, **more)[:4], home, *known(path, **more)[5:]])
    )
    _, off = cache.find_folder(make=True)
    assert (tmp_path / "home" / "a").exists() is made
    assert ("another user" in off) is not made


def test_where_it_is(monkeypatch, tmp_path):
    monkeypatch.delenv("DRAGONGRAD_CACHE")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache._default() == str(tmp_path / ".cache" / "dragongrad")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache._default() == str(tmp_path / "xdg" / "dragongrad")
    assert ad.cache_info().folder == tmp_path / "xdg" / "dragongrad"
    assert not list(tmp_path.iterdir())
    monkeypatch.setattr(sys, "platform", "darwin")
    assert cache._default() == str(tmp_path / "Library" / "Caches" / "dragongrad")
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "Local"))
    assert cache._default() == str(tmp_path / "Local" / "dragongrad")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    assert cache._default() == ""
    assert ad.cache_info().off == "this user has no home"


# Size


def test_the_longest_unused_go_first(folder, monkeypatch):
    size = len(cache._header(KEY, CODE)) + len(CODE)
    monkeypatch.setattr(cache, "LIMIT", 16 * 10 * size)
    keys = [b"\0" + k.to_bytes(31, "big") for k in range(40)]
    now = time.time()
    for k, key in enumerate(keys):
        cache.store(key, CODE)
        if k == 5:
            assert cache.load(keys[0]) == CODE
        for path in folder.glob(f"*/{key.hex()}*"):
            os.utime(path, (now, now - 10_000 + k))
        assert ad.cache_info().bytes <= 10 * size
        if k == 5:
            # Used since: it is the youngest.
            cache.load(keys[0])
    found = [k for k, key in enumerate(keys) if cache.load(key) is not None]
    assert 0 in found or len(found) >= 7
    assert found[-7:] == list(range(33, 40))


def test_use_is_marked(folder):
    cache.store(KEY, CODE)
    (path,) = kept(folder)
    os.utime(path, (1e9, 1e9))
    assert cache.load(KEY) == CODE
    assert time.time() - path.stat().st_mtime < 100


def test_an_object_above_its_share_is_not_kept(folder, monkeypatch):
    monkeypatch.setattr(cache, "LIMIT", 16 * len(CODE) - 16)
    cache.store(KEY, CODE)
    assert not list(folder.glob("*/*"))


def test_clearing_removes_our_files_only(folder):
    for key in (KEY, OTHER):
        cache.store(key, CODE)
    path = next(iter(kept(folder)))
    part = path.with_name(f"{path.name}.{'0' * 16}.part")
    foreign = [folder / "notes.txt", path.parent / "notes.txt", path.parent / f"{path.name}.bak"]
    for other in (part, *foreign):
        other.write_text("mine")
    assert ad.cache_info().files == 2
    assert ad.clear_cache() == 3
    assert ad.cache_info().files == 0
    assert all(other.exists() for other in foreign)


def test_unfinished_files_are_given_up(folder):
    cache.store(KEY, CODE)
    (path,) = kept(folder)
    old, young = (path.with_name(f"{path.name}.{digit * 16}.part") for digit in "01")
    for part in (old, young):
        part.write_bytes(b"half")
    os.utime(old, (1e9, 1e9))
    cache.store(KEY, CODE)
    assert not old.exists()
    assert young.exists()


# Processes

PROGRAM = """
import os, sys
import numpy as np
import dragongrad as ad

def rosenbrock(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)

def long(x):
    for k in range(60):
        x = np.sin(x) * 0.4 + 0.4 * np.cos(x[::-1]) + 0.001 * k
    return np.sum(x)

def logistic(w):
    X = np.linspace(-1, 1, 120).reshape(40, 3)
    return np.mean(np.logaddexp(0.0, X @ w) - (X @ w) * (X[:, 0] > 0))

def total(x):
    return np.log(np.sum(np.exp(np.outer(x, np.linspace(0, 1, 40_000)))))

sizes = {rosenbrock: 10, long: 30, logistic: 3, total: 4}
for f in [f for f in sizes if f.__name__ in sys.argv[1:]]:
    g = ad.compile(ad.value_and_grad(f), backend="native")
    x = np.linspace(-0.5, 1.0, sizes[f])
    g(x)
    (value, gradient), (expected, slope) = g(x), ad.value_and_grad(f)(x)
    np.testing.assert_allclose(value, expected, rtol=1e-9)
    np.testing.assert_allclose(gradient, slope, rtol=1e-7, atol=1e-12)
    print(f.__name__, value.hex(), gradient.tobytes().hex())
print(ad.cache_info().hits, ad.cache_info().misses)
"""
NAMES = ("rosenbrock", "long", "logistic", "total")


def start(folder, *names, **more):
    env = {**os.environ, "DRAGONGRAD_CACHE": str(folder), "OMP_NUM_THREADS": "2", **more}
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *names], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def finish(process):
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert not err
    *results, counts = out.splitlines()
    hits, misses = map(int, counts.split())
    return results, hits, misses


def test_a_second_process_finds_all_of_it(folder):
    """Whatever the order of its sets and dicts; all bits are those of the first."""
    results, hits, misses = finish(start(folder, *NAMES, PYTHONHASHSEED="1"))
    assert len(results) == len(NAMES)
    assert misses == ad.cache_info().files
    again, found, missed = finish(start(folder, *NAMES, PYTHONHASHSEED="2"))
    assert again == results
    assert (found, missed) == (hits + misses, 0)


def test_processes_at_once(folder):
    (first, hits, misses), *others = [
        finish(process) for process in [start(folder, "rosenbrock") for _ in range(4)]
    ]
    assert all(results == first for results, _, _ in others)
    assert ad.cache_info().files == hits + misses
    assert not list(folder.glob("*/*.part"))


# The file of the cache needs no other of the library, whose import would take longer than the test.
WRITER = f"""
import importlib.util, sys
spec = importlib.util.spec_from_file_location("cache", {cache.__file__!r})
cache = sys.modules["cache"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(cache)
sizes = [10, 1000, 100_000, 3_000_000]
print("ready", flush=True)
k = 0
while True:
    k += 1
    key = cache.key_of(str(k % 8))
    found = cache.load(key)
    assert found is None or (len(found) in sizes and set(found) == {{k % 8}}), "of another key, or half of one"
    cache.store(key, bytes([k % 8]) * sizes[k % 4])
"""


def test_processes_that_are_killed_while_they_write(folder, monkeypatch):
    rng = random.Random(0)
    for _ in range(3):
        running = [
            subprocess.Popen([sys.executable, "-c", WRITER], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            for _ in range(3)
        ]
        for process in running:
            assert process.stdout.readline() == b"ready\n"
        time.sleep(rng.uniform(0.0, 0.1))
        for process in running:
            process.send_signal(signal.SIGKILL)
        for process in running:
            _, err = process.communicate()
            assert not err
            assert process.returncode == -signal.SIGKILL
        for k in range(8):
            found = cache.load(cache.key_of(str(k)))
            assert found is None or set(found) == {k}
    with contextlib.suppress(FileNotFoundError):
        cache.store(KEY, CODE)
    assert cache.load(KEY) == CODE


def test_a_forked_child_counts_for_itself(folder):
    cache.load(KEY)
    pid = os.fork()
    if not pid:
        os._exit(ad.cache_info().misses)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_ctrl_c_in_a_callback_from_c_is_not_lost(monkeypatch):
    def fail(error):
        raise error

    told = []
    monkeypatch.setattr(sys, "unraisablehook", lambda unraisable: told.append(unraisable.exc_type))
    called = ctypes.CFUNCTYPE(None, ctypes.c_int)(lambda k: fail([ValueError, KeyboardInterrupt][k]))
    with interrupts_kept():
        called(0)
    with pytest.raises(KeyboardInterrupt), interrupts_kept():
        called(1)
    called(1)
    assert told == [ValueError, KeyboardInterrupt]


def test_ctrl_c_amid_what_llvmlite_frees_is_not_lost(monkeypatch):
    class Freed:
        def __del__(self):
            signal.raise_signal(signal.SIGINT)

    def load(key):
        Freed()

    compiled = ad.compile(lambda x: np.sum(x * 1.25), backend="native")
    compiled(np.ones(3))
    with monkeypatch.context() as patched:
        patched.setattr(cache, "load", load)
        with pytest.raises(KeyboardInterrupt):
            ad.compile(lambda x: np.sum(x * 1.375), backend="native")(np.ones(3))
    assert compiled(np.full(3, 2.0)) == 7.5
    assert ad.compile(lambda x: np.sum(x * 1.375), backend="native")(np.ones(3)) == 4.125
