"""What no file can hold, calls that no saved version answers, and files that are damaged or none: each is said."""

import io
import json
import pickle
import zipfile
from collections import namedtuple
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

import numpy as np
import pytest
from grid import BACKENDS, assert_same
from test_saved import assert_equal_bits, branch, pytestmark, same_blocks, saved  # noqa: F401 - pytest finds two of them

import dragongrad as ad


@pytest.fixture
def path(tmp_path):
    return tmp_path / "program.npz"


# What is not saved is said


def test_other_arguments_are_refused_with_what_it_takes(path):
    compiled = ad.compile(lambda x, p, n=3: x * p["w"] * n, backend="numpy")
    compiled(np.ones(2), {"w": 1.0}, n=2)
    loaded = saved(compiled, path, "numpy")
    with pytest.raises(ad.SavedProgramError) as told:
        loaded(np.ones(3), {"w": 1.0}, n=4)
    text = str(told.value)
    assert "x: float64 (3,)" in text
    assert "x: float64 (2,), p['w']: float, n: int 2" in text
    assert "test_saved_files.py" in text
    for args in ((), (1.0,), (np.ones(2), [1.0]), (np.ones(2), {"w": "a"}), (np.ones(2), {"w": 1.0}, 2, 3)):
        with pytest.raises(ad.SavedProgramError, match="was not saved for such arguments"):
            loaded(*args)
    itself = []
    itself.append(itself)
    with pytest.raises(ad.SavedProgramError, match="holds itself"):
        loaded(itself, {"w": 1.0})
    with pytest.raises(ad.SavedProgramError, match=r"Model|\.w"):
        loaded(Model(), {"w": 1.0})
    with pytest.raises(ad.SavedProgramError, match="was not saved for such arguments"):
        ad.vmap(loaded, (0, None))(np.ones((2, 3)), {"w": 1.0})
    with pytest.raises(ad.SavedProgramError, match=r"means by its operators"):
        loaded(np.ma.ones(2), {"w": 1.0}, n=2)


def test_static_arguments_are_told_by_their_values(path):
    compiled = ad.compile(lambda x, *static: x * 2, backend="numpy", static=(1, 2, 3))
    compiled(np.ones(2), 2.5, np.arange(3), "up")
    with pytest.raises(ad.SavedProgramError, match=r"float 2.5, .*int64 \(3,\), .*str 'up'"):
        saved(compiled, path)(np.ones(2))


@pytest.mark.parametrize("backend", BACKENDS)
def test_another_decision_is_refused(backend, path):
    compiled = ad.compile(branch, backend=backend)
    compiled(np.ones(2))
    loaded = saved(compiled, path, backend)
    for _ in range(2):
        with pytest.raises(ad.SavedProgramError, match=r"decides otherwise(.|\n)*np.sum\(x\) > 0"):
            loaded(-np.ones(2))
        assert_same(loaded(np.ones(2)), np.full(2, 2.0))
    with pytest.raises(ad.SavedProgramError, match="decides otherwise"):
        ad.grad(lambda x: np.sum(loaded(x)))(-np.ones(2))
    gradient = ad.compile(ad.grad(lambda x: np.sum(np.sqrt(x) ** 2)), backend=backend)
    gradient(np.ones(2))
    with pytest.raises(ad.SavedProgramError, match="a derivative may be NaN"):
        saved(gradient, path, backend)(np.zeros(2))


Pair = namedtuple("Pair", "a b")


@dataclass
class Weights:
    w: float = 1.0


class Colour(Enum):
    RED = 1


class Model:
    scale = 2.0

    def __init__(self):
        self.w = np.ones(2)

    def __call__(self, x):
        return x * self.w


@ad.custom_rule
def clipped(x):
    return np.clip(x, -1.0, 1.0)


@clipped.pullback
def straight_through(out_bar):
    return out_bar


def by_a_lambda(x):
    return ad.elementwise(lambda x: x * 2, lambda x: 2.0, dispatches=False)(x)


X = np.ones(2)
REFUSED = {
    "rule of one's own": (clipped, (X,), r"clipped, a function with a rule of its own"),
    "lambda Block": (by_a_lambda, (X,), r"the Block <lambda>"),
    "namedtuple": (lambda p: p.a * p.b, (Pair(X, X),), "takes an instance of Pair"),
    "dataclass": (lambda p: p.w * X, (Weights(2.0),), "takes an instance of Weights"),
    "instance": (lambda m, x: m(x), (Model(), X), "takes an instance of Model"),
    "namedtuple returned": (lambda x: Pair(x, x), (X,), "returns an instance of Pair"),
    "dataclass returned": (lambda x: Weights(x), (X,), "returns an instance of Weights"),
    "enum": (lambda x, c: x, (X, Colour.RED), "takes a Colour"),
    "decimal": (lambda x, c: x, (X, Decimal(1)), "takes a Decimal"),
    "class": (lambda x, c: x, (X, float), "takes a type"),
    "function": (lambda x, c: x, (X, len), "takes a builtin"),
    "object returned": (lambda x: (x, Colour.RED), (X,), "holds a Colour"),
    "static array with gaps": (lambda x, s: x, (X, np.array(["a", "b", "c"])[::2]), "gaps in memory"),
    "method": (Model().__call__, (X,), "is bound to Model"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_no_file_can_hold_is_refused_by_name(name, path):
    f, args, why = REFUSED[name]
    compiled = ad.compile(f, backend="numpy")
    compiled(*args)
    with pytest.raises(ad.SavedProgramError, match=why) as told:
        compiled.save(path)
    assert "test_saved_files.py" in str(told.value)
    assert not path.exists()


def test_what_is_not_compiled_is_not_saved(path, tmp_path):
    compiled = ad.compile(lambda x: x[x > 0])
    with pytest.raises(ad.SavedProgramError, match="has not compiled anything yet"):
        compiled.save(path)
    with pytest.warns(ad.CompileWarning, match="runs eagerly"):
        compiled(np.ones(2))
    with pytest.raises(ad.SavedProgramError, match="runs eagerly: the shape of nonzero"):
        compiled.save(path)
    compiled = ad.compile(np.sin, backend="numpy")
    compiled(1.0)
    with pytest.raises(ad.ArgumentError, match="cannot write into"):
        compiled.save(tmp_path / "nowhere" / "file")


# Files that are none


@pytest.fixture
def content(path):
    table = np.arange(100.0)
    compiled = ad.compile(
        lambda x, n: (np.cumsum(x * table)[: n + 2] if np.sum(x) > 0 else -x, {"a": 1.0}), backend="numpy"
    )
    for n in (2, 3):
        compiled(np.ones(100), n)
    compiled(-np.ones(100), 2)
    compiled.save(path)
    return path.read_bytes()


def refused(path, data, match=None):
    path.write_bytes(data)
    with pytest.raises(ad.SavedProgramError, match=match) as told:
        ad.load(path)
    assert str(path) in str(told.value)


def edited(content, edit, compression=zipfile.ZIP_STORED, **more):
    """The file with another document, and with more members."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as known, zipfile.ZipFile(out, "w", compression) as made:
        for name in known.namelist():
            data = known.read(name)
            if name == "program.json":
                document = json.loads(data)
                data = json.dumps(edit(document) or document)
            made.writestr(name, data)
        for name, data in more.items():
            made.writestr(name, data)
    return out.getvalue()


def test_cut_and_foreign_files(path, content, tmp_path):
    for length in [*range(0, len(content), 101), len(content) - 1]:
        refused(path, content[:length])
    for foreign in (b"", b"text", pickle.dumps({}), b"PK\x05\x06" + bytes(18)):
        refused(path, foreign)
    np.savez(path, np.ones(3))
    refused(path, path.read_bytes(), "holds no program.json")
    with pytest.raises(FileNotFoundError):
        ad.load(tmp_path / "nowhere")
    with pytest.raises(ad.ArgumentError, match="is a folder"):
        ad.load(tmp_path)
    with pytest.raises(ad.ArgumentError, match="backend must be one of"):
        ad.load(path, backend="cuda")


def test_flipped_bits_are_found_or_mean_nothing(path, content, rng):
    path.write_bytes(content)
    expected = ad.load(path, backend="numpy")(np.ones(100), 2)
    for place in rng.choice(len(content), 300, replace=False):
        data = bytearray(content)
        data[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(bytes(data))
        try:
            loaded = ad.load(path, backend="numpy")
        except ad.SavedProgramError:
            continue
        assert_equal_bits(loaded(np.ones(100), 2), expected)


def set_in(*keys, value):
    def edit(document):
        inner = document
        for key in keys[:-1]:
            inner = inner[key]
        assert inner[keys[-1]] != value
        inner[keys[-1]] = value

    return edit


GRAPH = ("versions", 0, "paths", 0, "graph")
EDITS = {
    "format": (set_in("format", value="dragongrad program 0"), "of the format"),
    "no format": (lambda d: [d], "of the format"),
    "Block": (set_in(*GRAPH, "blocks", 0, value="numpy.nothing"), "numpy.nothing"),
    "Block of rules": (set_in(*GRAPH, "blocks", 0, value="custom"), "custom"),
    "input": (set_in(*GRAPH, "inputs", 0, 1, value=[101]), "damaged"),
    "input dtype": (set_in(*GRAPH, "inputs", 0, 2, value="<f4"), "damaged"),
    "shape": (set_in(*GRAPH, "rows", 0, 2, value=[10**9, 10**9]), "damaged"),
    "negative": (set_in(*GRAPH, "rows", 0, 2, value=[-1]), "damaged"),
    "not whole": (set_in(*GRAPH, "rows", 0, 2, value=[1.0]), "damaged"),
    "dtype": (set_in(*GRAPH, "rows", 0, 3, value="<f4"), "damaged"),
    "objects": (set_in(*GRAPH, "rows", 0, 3, value="|O"), "damaged"),
    "operand after": (set_in(*GRAPH, "rows", 0, 1, 0, value=5), "damaged"),
    "operand before": (set_in(*GRAPH, "rows", 0, 1, 0, value=-1), "damaged"),
    "rows": (set_in(*GRAPH, "rows", value=[]), "damaged"),
    "outputs": (set_in(*GRAPH, "outputs", value=[0]), "damaged"),
    "decision": (set_in("versions", 0, "paths", 0, "guards", 0, 0, value=0.5), "damaged"),
    "forms": (set_in("versions", 0, "paths", 0, "forms", value=["array"]), "damaged"),
    "structure": (set_in("versions", 0, "structure", value={"tuple": [1, 0]}), "damaged"),
    "node": (set_in("versions", 0, "structure", value={"set": [1, 0]}), "damaged"),
    "leaves": (set_in("versions", 0, "leaves", value=[]), "damaged"),
    "plain": (set_in("versions", 0, "paths", 0, "plain", value=9), "damaged"),
    "versions": (set_in("versions", value=[]), "damaged"),
    "option": (set_in("fast_math", value="yes"), "damaged"),
    "parameter": (set_in("parameters", 0, 0, value="1x"), "damaged"),
    "key": (lambda d: d.pop("versions") and None, "damaged"),
    "array": (lambda d: json.loads(json.dumps(d).replace('{"array": [0, ', '{"array": [7, ')), "damaged"),
}  # fmt: skip


@pytest.mark.parametrize("name", EDITS)
def test_documents_that_do_not_fit_together(name, path, content):
    edit, match = EDITS[name]
    refused(path, edited(content, edit), match)


def test_documents_changed_at_random_never_do_more_than_raise(path, content, rng):
    """Each number or text of the document, one at a time, is another."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        document = json.loads(archive.read("program.json"))
    places = list(_places(document, ()))
    others = [0, 1, 2, -1, 3.5, None, True, "x", "<f8", [], {}, [2], 10**12, {"tuple": []}]
    for place in places[:: max(1, len(places) // 300)]:
        value = others[int(rng.integers(len(others)))]
        path.write_bytes(edited(content, lambda d, place=place, value=value: _set(d, place, value)))
        try:
            loaded = ad.load(path, backend="numpy")
            loaded(np.ones(100), 2)
        except ad.DragongradError:
            continue


def _places(inner, above):
    if isinstance(inner, (dict, list)):
        for key, value in inner.items() if isinstance(inner, dict) else enumerate(inner):
            yield from _places(value, (*above, key))
    else:
        yield above


def _set(document, place, value):
    for key in place[:-1]:
        document = document[key]
    document[place[-1]] = value


LARGE = {
    "solve": (np.linalg.solve, (np.eye(70), np.ones(70)), "numpy.linalg.solve"),
    "solve matrix": (np.linalg.solve, (np.eye(70), np.ones((2, 70, 3))), "numpy.linalg.solve"),
    "cholesky": (np.linalg.cholesky, (np.eye(70),), "numpy.linalg.cholesky"),
    "inv": (np.linalg.inv, (np.stack([np.eye(50)] * 3),), "numpy.linalg.inv"),
    "gather": (lambda x, i: x[np.argsort(i)], (np.ones(5000), np.arange(5000.0)), "gather"),
    "write": (lambda x, y: np.concatenate([write(x, y), x]), (np.ones(5000), np.ones(2)), "setitem"),
    "matmul": (lambda x: x @ x, (np.ones((80, 80)),), "numpy.matmul"),
}  # fmt: skip


def write(x, y):
    x = x * 1.0
    x[:2] = y
    return x


@pytest.mark.parametrize("name", LARGE)
def test_shapes_that_machine_code_believes(name, path):
    f, args, block = LARGE[name]
    compiled = ad.compile(f)
    compiled(*args)
    assert_equal_bits(saved(compiled, path)(*args), compiled(*args))
    content = path.read_bytes()

    def smaller(document):
        graph = document["versions"][0]["paths"][0]["graph"]
        row = next(row for row in graph["rows"] if graph["blocks"][row[0]] == block)
        row[2] = [n - 1 for n in row[2]]

    refused(path, edited(content, smaller), "damaged")


def test_archives_that_would_grow(path, content):
    refused(path, edited(content, lambda d: None, zipfile.ZIP_DEFLATED), "compressed")
    refused(path, edited(content, lambda d: None, **{"more.txt": "x"}), "other members")
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (10**12,)})
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        with zipfile.ZipFile(io.BytesIO(content)) as known:
            made.writestr("program.json", known.read("program.json"))
        made.writestr("arrays/0.npy", header.getvalue())
    refused(path, out.getvalue())
    objects = io.BytesIO()
    np.save(objects, np.array([{}], object), allow_pickle=True)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        with zipfile.ZipFile(io.BytesIO(content)) as known:
            made.writestr("program.json", known.read("program.json"))
        made.writestr("arrays/0.npy", objects.getvalue())
    refused(path, out.getvalue())
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr("program.json", "[" * 100_000)
    refused(path, out.getvalue())
