"""What type checkers say of users' code, and of the core with NumPy's own stubs."""

import ast
import pathlib
import re
import subprocess
import sys
from inspect import signature

import numpy as np
import pytest
import uses
from declarations import FILE, NUMPY, declared, text
from uses import Model, Params

import dragongrad as ad
from dragongrad.core.block import BLOCKS
from dragongrad.transforms.options import Transform

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parent.parent
USES = (HERE / "uses.py").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """What mypy says of the uses, and of the core with NumPy's stubs.

    To follow stubs or not is a choice for a whole run, not for those who import them, and `make types` does not.
    """
    core = sorted((ROOT / "src" / "dragongrad" / "core").glob("*.py"))
    options = ["--config-file", HERE / "mypy.ini", "--cache-dir", tmp_path_factory.mktemp("mypy"), "--no-pretty"]
    command = [sys.executable, "-m", "mypy", *options, HERE / "uses.py", *core]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 1, run.stdout + run.stderr
    return [line for line in run.stdout.splitlines() if re.search(r"^\S+\.py:\d+: (error|note: Revealed)", line)]


def test_uses(said):
    """Every wrong use is an error, of the kind that stands beside it, and no right use is one."""
    expected = set()
    for number, line in enumerate(USES.splitlines(), 1):
        if found := re.search(r"  # (error: [a-z-]+|is .+)$", line):
            expected.add(f"{number}: {found[1]}")
    assert {_short(line) for line in said if "uses.py:" in line} == expected


def _short(line):
    number, kind, message = re.search(r"uses\.py:(\d+): (error|note): (.*)", line).groups()
    if kind == "error":
        return f"{number}: error: {message.rpartition('[')[2].rstrip(']')}"
    shown = re.sub(r"\b(?:\w+\.)+(?=\w)", "", message.removeprefix("Revealed type is ").strip('"'))
    return f"{number}: is {shown.replace('ndarray[tuple[Any, ...], dtype[float64]]', 'F')}"


ARGUMENTS = {"w": np.array([1.0, 2.0]), "rows": np.ones((3, 2)), "p": Params(np.ones(2), 3.0)}
ARGUMENTS |= {"model": Model(), "f": lambda x, y, a: np.sum(x * y * a)}
KINDS = (np.ndarray, tuple, dict, float, int, str, Params, Transform, ad.Compiled)
CLASSES = {"F": np.ndarray} | {kind.__name__: kind for kind in KINDS}


@pytest.mark.parametrize(("code", "name"), re.findall(r"reveal_type\((.+)\)  # is (.+)$", USES, re.MULTILINE))
def test_what_is_revealed_is_true(code, name):
    _check(eval(code, vars(uses), ARGUMENTS), name)


def _check(value, name):
    kind, _, parts = name.partition("[")
    if kind in CLASSES:
        assert isinstance(value, CLASSES[kind])
    if kind == "F":
        assert value.dtype == np.float64
    if kind == "tuple" and "..." not in name:
        parts = re.findall(r"\w+(?:\[(?:[^][]|\[[^]]*\])*\])?|def .*", parts[:-1])
        for one, part in zip(value, parts, strict=True):
            _check(one, part)


def test_the_core_with_numpys_stubs(said):
    assert not [line for line in said if "uses.py:" not in line]


def test_every_function_of_the_table_is_declared():
    """And nothing else, but for functions that this NumPy does not have yet."""
    found = set(re.findall(r"^def (\w+)\(", FILE.read_text(encoding="utf-8"), re.MULTILINE))
    assert set(declared()) <= found
    assert not [name for name in found - set(declared()) if hasattr(np, name)]


def test_declarations_are_those_of_the_table():
    """Line by line, of the NumPy that the file was made with."""
    lines = FILE.read_text(encoding="utf-8").splitlines()
    wrong = [line for line in text().splitlines() if line not in lines]
    assert not wrong or not np.__version__.startswith(NUMPY)


def test_verbs_are_declared_with_their_arguments():
    path = FILE.with_name("verbs.pyi")
    verbs = [node for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, ast.FunctionDef)]
    assert {verb.name for verb in verbs} == {"constant", "elementwise", "general", "linear", "multilinear"}
    for verb in verbs:
        parts = verb.args.args, [verb.args.vararg], verb.args.kwonlyargs, [verb.args.kwarg]
        assert [a.arg for part in parts for a in part if a] == list(signature(getattr(ad, verb.name)).parameters)
    assert isinstance(BLOCKS[np.sin], ad.Block)
