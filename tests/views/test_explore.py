"""The explorer: what a recording knows, what its page holds, and what is written for paper."""

import base64
import json
import re
import sys
import tracemalloc
import xml.etree.ElementTree as ET
from pathlib import Path

import explorer_picture
import numpy as np
import pytest
from scipy.special import gammaln

import dragongrad as ad
from dragongrad import nn
from dragongrad.views.explore import forms, page
from dragongrad.views.explore.encode import MOST, encode
from dragongrad.views.explore.recording import record

WEB = Path(page.__file__).parent / "web"


def product(x, y):
    a = np.sin(x)
    return a * y


def helper(x):
    return np.sin(x) * x


def loops(x, y):
    s = x
    for i in range(2):
        for v in [x, y]:
            s = s + v * i
        s = s * 2
    while s < 5000:
        s = s * s
    return helper(helper(s))


def data_of(f, *args, **options):
    """What the page reads, as it reads it."""
    html = ad.explore(f, *args, **options).html
    found = re.search(r'<script id="data" type="application/json">(.*?)</script>', html, re.DOTALL)
    return json.loads(found[1])


def numbers(value):
    return np.frombuffer(base64.b64decode(value["d"]), "<f8")


def groups_of(recording):
    """For each Node the names of the groups around it, outermost first."""
    paths = []
    for group in recording.group_of:
        path = []
        while group >= 0:
            path.insert(0, recording.groups[group].name)
            group = recording.groups[group].parent
        paths.append(path)
    return paths


# The recording


def test_places_are_the_expressions_that_ran():
    data = data_of(product, 0.5, 2.0)
    lines = data["sources"][0]["lines"]
    spots = [node["at"] for node in data["nodes"] if "at" in node]
    assert [lines[line][start:end] for _, line, start, _, end in spots] == ["np.sin(x)", "a * y"]


def test_groups_are_loops_steps_and_calls():
    paths = groups_of(record(loops, (1.0, 2.0), {}))
    outer, inner = "for i in range(2)", "for v in [x, y]"
    assert paths[:4] == [[outer, "i = 0", inner, f"step {k}"] for k in (1, 1, 2, 2)]
    assert paths[4] == [outer, "i = 0"]
    assert paths[5] == [outer, "i = 1", inner, "step 1"]
    steps = [path[1] for path in paths if path[:1] == ["while s < 5000"]]
    assert steps == sorted(steps)
    assert len(set(steps)) == 3
    assert paths[-4:] == [["helper()"]] * 4
    recording = record(loops, (1.0, 2.0), {})
    assert len({g for g in recording.group_of[-4:]}) == 2


def test_a_loop_over_equal_numbers_has_a_step_for_each():
    def f(x):
        for _ in [1, 1, 1]:
            x = x * 2.0
        return x

    assert [path[-1] for path in groups_of(record(f, (1.0,), {}))] == ["_ = 1"] * 3
    assert len(set(record(f, (1.0,), {}).group_of)) == 3


def test_layers_are_groups():
    model = nn.Chain(hidden=nn.Dense(3), relu=nn.relu, head=nn.Dense(2))
    params = model.init(np.random.default_rng(0), (4,))
    paths = groups_of(record(lambda p, x: np.sum(model(p, x)), (params, np.ones((2, 4))), {}))
    assert paths == [["hidden: Dense(3)"]] * 2 + [["relu: relu"]] * 2 + [["head: Dense(2)"]] * 2 + [[]]


def test_a_derivative_is_recorded_too():
    data = data_of(ad.grad(product), 0.5, 2.0)
    assert data["nodes"][-1]["o"]
    values = [encode(v) for v in (ad.grad(product)(0.5, 2.0),)]
    assert data["nodes"][data["outputs"][0]]["v"] == pytest.approx(values[0])


def test_functions_without_source():
    space = {"np": np}
    exec("def f(x):\n    return np.sin(x)", space)
    assert data_of(space["f"], 1.0)["sources"][0]["lines"] == ["f  # no source"]
    assert data_of(np.sin, 1.0)["sources"] == [{"file": "", "name": "", "first": 1, "lines": ["sin"]}]


# The numbers


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("shape", [(), (1,), (0,), (3,), (2, 3)])
def test_derivatives_are_those_of_the_transforms(shape, dtype, rng):
    x, y = rng.normal(size=shape).astype(dtype), np.asarray(rng.normal(), dtype)

    def f(x, y):
        return np.sum(np.tanh(x * y) + x)

    found = ad.explore(f, x, y)
    by_name = dict(zip([n["n"] for n in found.data["nodes"]], found.data["bars"], strict=True))
    for name, wanted in zip("xy", ad.grad(f, argnums=(0, 1))(x, y), strict=True):
        assert by_name[name] == encode(wanted)
    # What arrives adds up to the adjoint.
    for i, bar in enumerate(found.data["bars"]):
        parts = [g for given in found.data["given"] for p, g in given if p == i]
        start = [g for p, g in found.data["start"] if p == i]
        if bar is not None and not isinstance(bar, dict):
            assert sum(parts) + sum(start) == pytest.approx(bar, rel=1e-6)
    wanted = ad.jvp(f, (x, y), (np.ones_like(x), np.ones_like(y)))[1]
    along = ad.explore(f, x, y, tangent=[np.ones_like(x), np.ones_like(y)]).data["seeds"][0]["dots"]
    assert along[-1] == encode(wanted)


def test_complex_integer_and_several_outputs():
    assert data_of(lambda z: np.abs(z) ** 2, 1 + 2j)["nodes"][0]["v"]["i"] == encode(np.array([2.0]))["d"]
    assert data_of(lambda x: np.argmax(x), np.arange(3.0))["nodes"][-1]["t"] == "int64"
    data = data_of(lambda a: np.linalg.slogdet(a)[1], np.eye(2) * 2)
    assert any("several" in node for node in data["nodes"])
    assert np.array_equal(numbers(data["bars"][0]), [0.5, 0, 0, 0.5])


def test_large_arrays_are_pictures():
    made = encode(np.arange(MOST + 1.0))
    assert made["p"] == [1, 48]
    assert (made["low"], made["high"]) == (0, MOST)
    assert "p" not in encode(np.zeros(MOST))
    images = encode(np.zeros((10, 32, 32, 3)))
    assert images["p"] == [32, 32]


def test_cost_counts_passes_and_the_tape():
    weights = np.arange(5.0)
    cost = ad.explore(lambda x: np.sum(np.exp(np.sin(x)) * weights), np.ones(5)).data["cost"]
    assert (cost["forward"], cost["reverse"]) == (5, 1)
    # The sine keeps its argument and the product the weights, which are there anyway; the exponential its value.
    assert cost["kept"] == [0, 40, 0, 0]


def test_the_tape_is_as_large_as_that_of_vjp():
    def f(x):
        for _ in range(10):
            x = np.tanh(x) * 2.0 + np.exp(-x)
        return np.sum(x)

    x = np.linspace(0, 1, 10_000)
    expected = sum(ad.explore(f, x).data["cost"]["kept"])
    ad.vjp(f, x)
    tracemalloc.start()
    try:
        kept = ad.vjp(f, x)
        assert tracemalloc.get_traced_memory()[0] == pytest.approx(expected, rel=0.05)
    finally:
        tracemalloc.stop()
    assert len(kept) == 2


@pytest.mark.parametrize(
    ("f", "x", "kind", "words"),
    [
        (
            lambda x: np.sum(np.log(x) * x),
            np.array([1.0, 0.0]),
            "value",
            "log(x) made an infinity at [1]: log(0) is",
        ),
        (lambda x: np.sqrt(x - 1.0), 0.5, "value", "sqrt(v1) made a NaN: sqrt(-0.5) is nan"),
        (lambda x: np.sqrt(x), 0.0, "tangent", "the tangent of sqrt(x) is an infinity"),
        (lambda x: x * 1.0, np.nan, "value", "x came in with a NaN"),
    ],
)
def test_the_first_that_is_not_finite_is_named(f, x, kind, words):
    trouble = ad.explore(f, x).data["trouble"]
    assert trouble["in"] == kind
    assert words in trouble["why"]


def test_finite_recordings_have_no_trouble():
    assert ad.explore(product, 0.5, 2.0).data["trouble"] is None


def test_decisions_are_kept():
    data = data_of(loops, 1.0, 2.0)
    assert [taken for _, taken, _ in data["decisions"]] == [1, 1, 0]


# JavaScript


@pytest.mark.parametrize("name", ["ELEMENTWISE", "COMPLEX"])
def test_the_tables_of_elementwise_blocks_agree(name):
    text = (WEB / f"{name.lower()}.js").read_text()
    table = text[text.index(f"const {name} = {{") :]
    assert set(re.findall(r"(\w+): \[", table[: table.index("\n};")])) == getattr(forms, name)


def form_of(f, *args):
    return forms.form(ad.graph(f, *args).nodes[-1])


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x[::-1], lambda x: x.T, lambda x: np.squeeze(x[None]), lambda x: np.concatenate([x, x]),
        lambda x: x[np.array([1, 0, 1])], lambda x: np.broadcast_to(x, (2, *x.shape)), lambda x: np.diag(x[0]),
        lambda x: np.swapaxes(x, 0, 1), lambda x: np.stack([x, x], axis=1),
    ],
)  # fmt: skip
def test_what_moves_elements_is_a_gather(f):
    form = form_of(f, np.arange(4.0).reshape(2, 2) + 1)
    assert form["f"] in ("gather", "same")


@pytest.mark.parametrize(
    ("f", "words"),
    [
        (lambda x: gammaln(x), "this page cannot compute gammaln"),
        (lambda x: np.max(x * 1j), "this page cannot compute max of complex numbers"),
        (lambda x: np.linalg.pinv(x, 0.6), "pinv that leaves singular values out"),
        (lambda x: np.sum(x, where=np.eye(2) > 0), "cannot compute|gather"),
    ],
)
def test_what_javascript_cannot_says_why(f, words):
    form = form_of(f, np.array([[2.0, 1.0], [0.0, 3.0]]))
    assert "f" in form or re.search(words, form["no"])
    assert "no" in form or words.endswith("gather")


# The page


def test_the_page_is_one_file_that_asks_for_nothing():
    html = ad.explore(product, 0.5, 2.0).html
    assert not re.search(r"""(?:src|href)\s*=\s*["'](?!data:,)""", html)
    assert "http:" not in html.replace("http://www.w3.org/2000/svg", "")
    assert "https:" not in html
    assert "default-src 'none'" in html
    assert not re.search(r"\b(?:fetch|XMLHttpRequest|WebSocket|import)\s*\(", html)
    assert len(html) < 200_000


HOSTILE = "</script><script>document.title='broken'</script><!-- <b>&"


def test_marks_of_html_are_harmless():
    def f(p):
        return p[HOSTILE] * 2.0

    f.__name__ = HOSTILE
    html = ad.explore(f, {HOSTILE: 1.0}).html
    assert html.count("</script>") == 2
    assert "broken'<" not in html
    assert HOSTILE in data_of(f, {HOSTILE: 1.0})["title"]
    ET.fromstring(ad.explore(f, {HOSTILE: 1.0}).picture().svg())


def test_no_folder_of_this_machine_is_in_the_page():
    assert str(Path(__file__).parent) not in ad.explore(product, 0.5, 2.0).html


def test_exercises_leave_blanks_and_have_solutions():
    sheet = ad.explore(product, 0.5, 2.0, exercise=True)
    kinds = {kind for kind, _ in sheet.data["blanks"]}
    assert kinds == {"value", "dot", "bar"}
    assert "blanks" not in sheet.solution.data
    assert sheet.solution.data["bars"] == sheet.data["bars"]


def test_save_writes_what_the_ending_says(tmp_path):
    found = ad.explore(product, 0.5, 2.0)
    assert found.save(tmp_path / "page.html").read_text() == found.html
    ET.parse(found.save(tmp_path / "page.svg"))
    tex = found.save(tmp_path / "page.tex").read_text()
    assert r"\texttt{x\_bar += cos(x) * v1\_bar}" in tex
    assert r"\draw[->] (n0) -- (n2);" in tex
    pytest.importorskip("matplotlib")
    assert found.save(tmp_path / "page.pdf").read_bytes().startswith(b"%PDF")
    with pytest.raises(ad.ArgumentError, match=r"\.html, \.svg, \.pdf, \.tex, not as 'page.png'"):
        found.save(tmp_path / "page.png")


@pytest.mark.parametrize("mode", ["value", "forward", "reverse"])
def test_pictures_show_the_step_that_is_asked_for(mode):
    found = ad.explore(product, 0.5, 2.0, mode=mode)
    texts = [node.text for node in ET.fromstring(found.picture("v1").svg()).iter() if node.tag.endswith("text")]
    assert "sin(x)" in texts
    assert ("+ 1.755165" in texts) == (mode == "reverse")
    with pytest.raises(ad.ArgumentError, match="no row is called 'v9'"):
        found.picture("v9")


def test_a_picture_shows_what_one_of_several_outputs_passes_back():
    found = ad.explore(lambda a: 3.0 * np.sum(np.linalg.svd(a, full_matrices=False).S), np.eye(3, 2))
    picture = found.picture("v3").svg()
    assert "svd(a)" in picture
    assert re.findall(r">(\+ .*?)</text>", picture) == ["+ [3 3]"]


def test_pictures_of_long_recordings_are_refused():
    def long(x):
        for _ in range(300):
            x = np.sin(x)
        return x

    with pytest.raises(ad.ArgumentError, match=r"at most 200 rows, the recording has 301: save it as .html"):
        ad.explore(long, 1.0).picture()


def test_the_picture_of_the_manual_is_what_the_library_draws():
    assert explorer_picture.PICTURE.read_text(encoding="utf-8") == explorer_picture.drawn()


def test_wrong_arguments_are_refused():
    with pytest.raises(ad.ArgumentError, match="unknown mode 'both'"):
        ad.explore(product, 0.5, 2.0, mode="both")
    with pytest.raises(ad.ShapeError, match="the cotangent has shape"):
        ad.explore(product, 0.5, 2.0, cotangent=np.ones(3))
    with pytest.raises(ad.DtypeError):
        ad.explore(product, "word", 2.0)


def test_notebooks_show_a_frame():
    shown = ad.explore(product, 0.5, 2.0)._repr_html_()
    assert shown.startswith("<iframe srcdoc=")
    assert "sandbox" in shown


def test_functions_of_nothing_and_constant_outputs():
    assert ad.explore(lambda: 2.0).data["constants"] == ["2"]
    assert ad.explore(lambda x: 3.0, 1.0).data["constants"] == ["3"]
    with pytest.raises(ad.ArgumentError, match="nothing to draw"):
        ad.explore(lambda: 2.0).picture()


def test_latex_has_no_command_that_a_name_makes():
    table = ad.trace_table(lambda p: p["a_{b}$%&#~^\\"] * 1.0, {"a_{b}$%&#~^\\": 1.0})
    text = table.to_latex()
    assert r"a\_\{b\}\$\%\&\#\textasciitilde{}\textasciicircum{}" in text


def test_recordings_are_let_go():
    before = sys.getrefcount(product)
    for _ in range(20):
        record(product, (0.5, 2.0), {})
    assert sys.getrefcount(product) <= before + 2


def test_every_colour_of_a_picture_has_one_for_the_dark():
    pictures = [ad.explore(product, 0.5, 2.0).picture("v2").svg(), explorer_picture.drawn()]
    for text in pictures:
        style, shapes = text.split("</style>", 1)
        used = set(re.findall(r'(?:fill|stroke)="(#\w+)"', shapes))
        assert len(used) > 5
        assert used == {c for c in used if f"[fill='{c}']" in style}
    # Three steps forward and three back, of which one is seen where nothing moves.
    assert pictures[1].count("<g ") == 6
    assert pictures[1].count('opacity="0"') == 5
