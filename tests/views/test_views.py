"""Looking inside: the Graph, its pictures, trace tables and printed rules."""

import io
import re
import sys
import xml.etree.ElementTree as ET
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.special import i1

import dragongrad as ad
from dragongrad.core.block import BLOCKS
from dragongrad.core.node import Node
from dragongrad.views.layout import place
from dragongrad.views.notebook import framed
from dragongrad.views.palette import drawing
from dragongrad.views.table import number
from dragongrad.views.text import application

pytestmark = pytest.mark.smoke


def f(x, y):
    return np.exp(-((np.sin(x) - np.cos(y)) ** 2))


def model(x, p):
    hidden = np.tanh(p["a"] @ x + p["b"])
    return np.sum(hidden**2) * hidden[0]


@ad.custom_rule
def cubed(x):
    return x**3


@cubed.pullback
def _(out_bar, x):
    return 3 * x**2 * out_bar


class Twice(ad.SimpleBlock):
    def data_fn(self, x):
        return 2 * x.data

    def gradient_fn(self, x):
        return np.full_like(x.data, 2.0)


MODEL = (np.ones(3), {"a": np.full((2, 3), 0.1), "b": np.zeros(2)})


# The Graph


def test_graph_prints_as_code():
    assert str(ad.graph(f, 1.0, np.ones(2))).splitlines() == [
        "f(x: float64 (), y: float64 (2,))",
        "    v1 = sin(x)   float64 ()",
        "    v2 = cos(y)   float64 (2,)",
        "    v3 = v1 - v2  float64 (2,)",
        "    v4 = v3 ** 2  float64 (2,)",
        "    v5 = -v4      float64 (2,)",
        "    v6 = exp(v5)  float64 (2,)",
        "    return v6",
    ]


def test_inputs_are_named_as_the_user_reaches_them():
    graph = ad.graph(model, *MODEL)
    assert [graph.names[n] for n in graph.inputs] == ["x", "p['a']", "p['b']"]
    assert "p['a'] @ x" in str(graph)


def test_graph_computes_what_the_function_does():
    graph = ad.graph(model, *MODEL)
    (out,) = graph.outputs
    assert isinstance(out, Node)
    np.testing.assert_allclose(out.saved[0], model(*MODEL))


@pytest.mark.parametrize(
    ("function", "line"),
    [
        (lambda x: x[1:, None], "x[1:, None]"),
        (lambda x: x[::2], "x[::2]"),
        (lambda x: x[..., 0], "x[..., 0]"),
        (lambda x: np.sum(x, axis=0), "sum(x, axis=0)"),
        (lambda x: np.where(x > 0, x, 0.0), "where(v1, x, 0)"),
        (lambda x: 2 ** x, "2 ** x"),
        (lambda x: np.linalg.svd(np.outer(x, x))[1], "[1]"),
        (lambda x: x[np.argsort(x)], "x[v3[0]]"),
        (lambda x: cubed(x) + 1, "cubed(x)"),
        (lambda x: Twice()(x), "Twice(x)"),
        (lambda x: x * np.ones(2), "x * <array (2,)>"),
    ],
)  # fmt: skip
def test_operations_read_as_numpy(function, line):
    assert line in str(ad.graph(function, np.array([1.0, 2.0])))


def test_control_flow_takes_the_branch_of_the_value():
    def g(x):
        return np.sin(x) if x > 0 else np.cos(x)

    assert "sin(x)" in str(ad.graph(g, 1.0))
    assert "cos(x)" in str(ad.graph(g, -1.0))


def test_constant_output():
    assert str(ad.graph(lambda x: 3.0, 1.0)).endswith("return 3")
    assert "constant: 3" in ad.graph(lambda x: 3.0, 1.0).svg()


def test_graph_of_a_gradient():
    graph = ad.graph(ad.grad(lambda x: np.sum(np.sin(x) * x)), np.array([0.5, 1.0]))
    (out,) = graph.outputs
    assert graph.title == "grad(f)"
    np.testing.assert_allclose(out.saved[0], np.sin([0.5, 1.0]) + np.array([0.5, 1]) * np.cos([0.5, 1.0]))


def test_titles_say_what_is_seen():
    def energy(x):
        return np.sum(x**2)

    x = np.ones(2)
    assert ad.graph(ad.jacobian(ad.grad(energy)), x).title == "jacobian(grad(energy))"
    assert "grad(energy)</text>" in ad.graph(ad.grad(energy), x).svg()
    assert ad.trace_table(ad.grad(energy), x).title == "trace of grad(energy), forward"
    assert ad.explore(ad.grad(energy), x).title == "grad(energy)"
    assert ad.grad(energy).__name__ == "energy"


def test_shape_errors_name_the_user_line():
    with pytest.raises(ad.ShapeError, match=r"x \+ np.ones\(3\)"):
        ad.graph(lambda x: x + np.ones(3), np.ones(2))


def test_non_numeric_argument():
    with pytest.raises(ad.DtypeError, match="the argument x"):
        ad.graph(lambda x: x, "text")


# Pictures


@pytest.mark.parametrize(
    "function",
    [lambda x: x * x, lambda x: np.sum(np.linalg.eigh(np.outer(x, x))[1]), lambda x: x < 1, lambda x: 1],
)
def test_svg_is_well_formed_and_complete(function):
    graph = ad.graph(function, np.ones(2))
    root = ET.fromstring(graph.svg())
    boxes = root.findall("{*}g")
    assert len(boxes) == len(graph.inputs) + len(graph.nodes)
    assert graph._repr_svg_() == graph.svg()
    edges = [p for n in graph.nodes for p in n.parents if p is not None]
    assert len(root.findall("{*}path")) == 2 * len(edges)


def test_pictures_of_graphs_have_no_ground_and_take_the_colour_of_the_text_around_them():
    text = ad.graph(f, 1.0, 2.0).svg()
    root = ET.fromstring(text)
    assert not root.findall("{*}rect"), "no card"
    assert {t.get("fill") for t in root.findall(".//{*}text")} == {"currentColor"}
    assert "#fff" not in text
    # As a file it asks the reader's system; inline, where it is not the root, nothing of the page is touched.
    assert "@media (prefers-color-scheme:dark){svg:root{" in root.find("{*}style").text


@pytest.mark.parametrize(
    ("transform", "args"),
    [
        (ad.grad(lambda x, y: np.exp(-x * x) * np.sin(x + y)), (0.5, 1.0)),
        (ad.grad(lambda x: np.sum(x**2)), (np.ones(3),)),
        (ad.grad(lambda x: x * 3.0), (2.0,)),
        (ad.value_and_grad(lambda x: np.sin(x) * x), (0.5,)),
        (ad.hessian(lambda x: x[0] ** 3 * x[1]), (np.ones(2),)),
        (ad.vmap(ad.grad(lambda x: np.sin(x) * x)), (np.ones(4),)),
        (ad.jacobian(lambda x: np.sin(x) * x), (np.ones((1, 2)),)),
        (ad.grad(lambda x: np.sum(x * 1)), (np.ones(0),)),
    ],
)
def test_graphs_of_derivatives_show_neither_dead_nodes_nor_products_with_one(transform, args):
    graph = ad.graph(transform, *args)
    used = {p for n in graph.nodes for p in n.parents} | {o for o in graph.outputs if isinstance(o, Node)}
    assert set(graph.nodes) <= used
    assert not re.search(r"= 1(\.0)? \* |\* 1(\.0)? ", str(graph))
    assert [graph.names[n] for n in graph.nodes] == [f"v{k}" for k in range(1, len(graph.nodes) + 1)]
    ET.fromstring(graph.svg())


def test_what_a_user_writes_is_shown_as_it_is():
    def wasteful(x):
        np.cos(x)
        return 1.0 * x * np.ones(2)

    assert [n.block.name for n in ad.graph(wasteful, np.ones(2)).nodes] == ["cos", "multiply", "multiply"]


def test_svg_escapes():
    assert "v1 = x &lt; 1" in ad.graph(lambda x: x < 1, 1.0).svg()


def test_dot_has_every_edge():
    graph = ad.graph(f, 1.0, 2.0)
    assert graph.to_dot().count(" -> ") == 7
    assert graph.to_dot().count("[label=") == 8


def test_boxes_do_not_overlap():
    rng = np.random.default_rng(0)
    parents = [[]] + [sorted(rng.choice(i, size=min(i, 2)).tolist()) for i in range(1, 60)]
    layout = place(parents, [50.0] * 60)
    for i, a in enumerate(layout.boxes):
        assert a.width / 2 <= a.x <= layout.width - a.width / 2
        assert a.y + a.height / 2 <= layout.height
        assert all(a.y > layout.boxes[p].y for p in parents[i])
        for b in layout.boxes[:i]:
            assert abs(a.y - b.y) >= a.height or abs(a.x - b.x) >= (a.width + b.width) / 2 - 1e-9


def test_arrows_do_not_cross_boxes():
    rng = np.random.default_rng(1)
    parents = [[]] + [sorted(rng.choice(i, size=min(i, 2), replace=False).tolist()) for i in range(1, 40)]
    layout = place(parents, [60.0] * 40)
    assert any(layout.routes.values())
    for route in layout.routes.values():
        # Each row is passed straight down, from its top to its bottom.
        for (x, top), (again, bottom) in zip(route[::2], route[1::2], strict=True):
            assert x == again
            row = [b for b in layout.boxes if top < b.y < bottom]
            assert row
            assert all(abs(b.x - x) > b.width / 2 for b in row)


def test_a_huge_graph_is_drawn_without_lanes():
    count = 1000
    parents = [[]] + [[i - 1, 0] if i > 1 else [0] for i in range(1, count)]
    layout = place(parents, [50.0] * count)
    assert not any(layout.routes.values())


# Trace tables


def test_forward_table():
    table = ad.trace_table(f, 0.5, 1.5)
    assert table.columns == ["name", "operation", "value", "derivative", "d/dx", "d/dy"]
    assert [row[0] for row in table.rows] == ["x", "y", "v1", "v2", "v3", "v4", "v5", "v6"]
    assert table.rows[2][1:4] == ["sin(x)", "0.479426", "cos(x) * x_dot"]
    assert table.rows[5][3] == "2 * v3 * v3_dot"
    value, by_x, by_y = table.values["v6"]
    np.testing.assert_allclose(value, f(0.5, 1.5))
    np.testing.assert_allclose((by_x, by_y), ad.grad(f, argnums=(0, 1))(0.5, 1.5))


def test_reverse_table():
    table = ad.trace_table(f, 0.5, 1.5, mode="reverse")
    assert table.columns == ["name", "operation", "value", "adjoint", "passes back"]
    assert table.rows[4][4] == "v1_bar += v3_bar, v2_bar += -v3_bar"
    np.testing.assert_allclose([table.values["x"][1], table.values["y"][1]], ad.grad(f, argnums=(0, 1))(0.5, 1.5))


@pytest.mark.parametrize(
    ("function", "args", "pushed", "pulled"),
    [
        (lambda x, y: x @ y, (np.eye(2), np.eye(2)), "x_dot @ y + x @ y_dot",
         "x_bar += v1_bar @ y.mT, y_bar += x.mT @ v1_bar"),
        (np.linalg.solve, (np.eye(2), np.ones((2, 1))), "solve(x, y_dot - x_dot @ v1)",
         "x_bar += -solve(x.mT, v1_bar) @ v1.mT, y_bar += solve(x.mT, v1_bar)"),
        (lambda x: x[1:], (np.ones(3),), "x_dot[1:]", "x_bar[1:] += v1_bar"),
        (lambda x: np.sum(x), (np.ones(3),), "sum(x_dot)", "x_bar += v1_bar"),
        (lambda x: x.T, (np.ones((2, 2)),), "T(x_dot)", "x_bar += v1_bar.T"),
        (np.log, (2.0,), "x_dot / x", "x_bar += v1_bar / x"),
        (lambda x: x * 1e308, (1.0,), "1e+308 * x_dot", "x_bar += 1e+308 * v1_bar"),
        (lambda x: np.concatenate([x, x]), (np.ones(2),), "concatenate(x_dot, x_dot)",
         "x_bar += transpose of concatenate on v1_bar, x_bar += transpose of concatenate on v1_bar"),
        (lambda x: np.cumsum(x), (np.ones(2),), "cumsum(x_dot)",
         "x_bar += reshape(flip(cumsum(flip(v1_bar))), (2,))"),
    ],
)  # fmt: skip
def test_every_operation_says_its_derivative(function, args, pushed, pulled):
    def named(x, y):
        return function(x, y)

    f = named if len(args) == 2 else lambda x: function(x)
    # Until NumPy 2.3 the defaults of its compiled functions are not known, and an axis of 0 is written out.
    assert ad.trace_table(f, *args).rows[-1][3].replace(", axis=0", "") == pushed
    assert ad.trace_table(f, *args, mode="reverse").rows[-1][4] == pulled


def test_a_condition_has_no_tangent():
    table = ad.trace_table(lambda x: np.where(x > 0, np.sqrt(x), 0.0), 4.0)
    assert table.rows[-1][3] == "where(v1, v2_dot, 0)"


def test_several_outputs_have_a_row_together():
    table = ad.trace_table(lambda x: np.linalg.eigh(x)[0], np.eye(2), mode="reverse")
    assert [row[1] for row in table.rows] == ["input", "eigh(x)", "v1[0]", "v1[1]"]
    assert table.rows[2][4] == "v1_bar[0] += v2_bar"


@pytest.mark.parametrize(
    ("value", "text"),
    [(-0.0, "0"), (1 - 2j, "1-2j"), ([[1.0, -0.5]], "[[1 -0.5]]"), (1e-5, "1e-05"), (True, "True"), (np.inf, "inf"),
     (np.ones(9), "float64 (9,)"), (1 / 3, "0.333333")],
)  # fmt: skip
def test_numbers_are_short(value, text):
    assert number(value) == text


FUNCTIONS = [
    lambda x: np.sum(np.linalg.eigh(np.outer(x, x) + np.diag(x))[0] * x),
    lambda x: np.linalg.svd(np.outer(x, x) + np.eye(2))[1][0],
    lambda x: np.where(x > 0, np.sqrt(x), 0.0)[1] + x[0],
    lambda x: np.concatenate([x, x[:1] * 3])[2] * np.max(x) + np.floor(x[0]),
    lambda x: x[0] + 0 * x[1] + np.argmax(x),
]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_tables_agree_with_the_gradient(function):
    x = np.array([0.5, 2.0])
    expected = ad.grad(function)(x)
    forward, reverse = ad.trace_table(function, x), ad.trace_table(function, x, mode="reverse")
    np.testing.assert_allclose([float(d) for d in forward.values[forward.rows[-1][0]][1:]], expected)
    np.testing.assert_allclose(reverse.values["x"][1], expected)
    assert str(forward)
    assert str(reverse)


def test_many_inputs_share_a_column():
    table = ad.trace_table(lambda x: np.sum(x**2), np.arange(10.0))
    assert table.columns[-1] == "tangent along ones"
    np.testing.assert_allclose(table.values[table.rows[-1][0]][1], 90)


def test_given_directions():
    table = ad.trace_table(f, 0.5, 1.5, tangent=[2.0, -1.0])
    by_x, by_y = ad.grad(f, argnums=(0, 1))(0.5, 1.5)
    np.testing.assert_allclose(table.values["v6"][1], 2 * by_x - by_y)
    reverse = ad.trace_table(lambda x: x**2, np.array([1.0, 2.0]), mode="reverse", cotangent=[1.0, 0.0])
    np.testing.assert_allclose(reverse.values["x"][1], [2, 0])


@pytest.mark.parametrize(("mode", "derivative"), [("forward", ["", "0"]), ("reverse", ["1", ""])])
def test_outputs_that_depend_on_nothing_have_a_row(mode, derivative):
    table = ad.trace_table(lambda x: (2.5, np.ones(2), 3, x * 2), 1.0, mode=mode)
    assert table.rows[-3:] == [
        ["output", "constant", "2.5", *derivative],
        ["output", "constant", "[1 1]", *derivative],
        ["output", "constant", "3", "", ""],
    ]


def test_table_in_a_notebook_is_well_formed():
    root = ET.fromstring(ad.trace_table(lambda x: x < 1, 2.0)._repr_html_())
    assert len(root.findall("table/tbody/tr")) == 2
    assert all("border-collapse" in t.get("style") for t in root.findall("table"))
    assert "color: inherit" in root.find("table").get("style"), "it follows a dark page"


class Formatter:
    """What IPython asks for a picture of each type."""

    def __init__(self):
        self.type_printers = {}

    def for_type(self, kind, printer):
        self.type_printers[kind] = printer


def test_a_notebook_draws_figures_as_files_have_them(monkeypatch):
    matplotlib = pytest.importorskip("matplotlib.figure")
    matplotlib.Figure().savefig(io.BytesIO())  # old releases ask IPython about more when the first one is drawn
    formatter = Formatter()
    shell = SimpleNamespace(display_formatter=SimpleNamespace(formatters={"image/png": formatter}))
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell, version_info=(9, 0)))
    with drawing() as drawn:
        figure = drawn.figure.Figure()
    picture = formatter.type_printers[matplotlib.Figure](figure)
    assert picture.startswith(b"\x89PNG")
    # IHDR: the width in dots, those of a picture that is saved.
    assert int.from_bytes(picture[16:20], "big") == figure.get_figwidth() * 150
    # A format that the user has chosen is kept.
    formatter.type_printers[matplotlib.Figure] = chosen = object()
    with drawing():
        assert formatter.type_printers[matplotlib.Figure] is chosen


def test_a_page_in_a_frame_reads_as_the_page():
    page = '<p title="a & b">it\'s</p><script>1 < 2</script>'
    frame = ET.fromstring(framed(page, 300))
    assert (frame.get("srcdoc"), frame.get("sandbox")) == (page, "allow-scripts allow-downloads")
    assert "height: 300px" in frame.get("style")


def test_table_mistakes():
    with pytest.raises(ad.ArgumentError, match="unknown mode"):
        ad.trace_table(f, 1.0, 2.0, mode="sideways")
    with pytest.raises(ad.ShapeError, match="tangent has shapes"):
        ad.trace_table(f, 1.0, 2.0, tangent=[1.0])
    with pytest.raises(ad.ShapeError, match="cotangent has shape"):
        ad.trace_table(f, 1.0, 2.0, mode="reverse", cotangent=[1.0])
    with pytest.raises(ad.ArgumentError, match="several"):
        ad.trace_table(lambda x: (x, x + 1), 1.0, mode="reverse", cotangent=1.0)


# Rules as formulas


@pytest.mark.parametrize(
    ("function", "lines"),
    [
        (np.arcsin, ["d/dx = 1 / sqrt((1 - x) * (1 + x))", "-1 < x < 1"]),
        (np.multiply, ["x * y: elementwise", "d/dx = y", "d/dy = x"]),
        (np.tanh, ["d/dx = (1 - tanh(x)) * (1 + tanh(x))"]),
        (np.log2, ["d/dx = 1 / (log(2) * x)"]),
        (np.subtract, ["d/dx = 1", "d/dy = -1"]),
        (np.divide, ["domain: y != 0"]),
        (np.sqrt, ["domain: 0 < x"]),
        (np.sinc, ["4.049947847e-06 * t - 9.766", "where t = "]),
        (np.linalg.det, ["        out_bar[..., None, None] * _cofactors(x)"]),
        (np.imag, ["-1j * out_bar"]),
        (ad.logistic, ["logistic(x): elementwise"]),
        (cubed, ["cubed(x): a rule of its own", "pullback:", "3 * x**2 * out_bar"]),
        (Twice, ["Twice: a Block as a class", "gradient_fn"]),
        (Twice(), ["np.full_like(x.data, 2.0)"]),
        (ad.logsumexp, ["restated through other Blocks"]),
        (np.sum, ["linear", "transpose in x"]),
        (np.linalg.inv, ["-out @ x_dot @ out", "_inv_pullback"]),
        (np.matmul, ["linear in each argument"]),
        (np.mean, ["restated through other Blocks"]),
        (np.floor, ["its derivative is zero"]),
        (np.packbits, ["no derivative rule"]),
    ],
)
def test_explain(function, lines):
    text = str(ad.explain(function))
    for line in lines:
        assert line in text


@pytest.mark.parametrize("block", list(BLOCKS.values()), ids=lambda b: b.name)
def test_every_block_can_be_explained(block):
    heading = str(ad.explain(block)).splitlines()[0]
    assert heading == f"{application(block, list(block.names), {})}: {heading.split(': ')[1]}"
    assert ("d/dx" in str(ad.explain(block))) == (block.kind == "elementwise")


def test_printed_formulas_are_the_derivatives():
    """The text of every elementwise rule, evaluated as Python, is the derivative."""
    checked = 0
    for block in BLOCKS.values():
        if not block.partials or getattr(np, block.name, None) is not block.fn or len(block.names) != 1:
            continue
        low, high = block.domain[0] if block.domain else (-np.inf, np.inf)
        at = 0.4 if low < 0.4 < high else 1.4
        lines = [line.strip().removeprefix("where ").split(" = ") for line in str(ad.explain(block)).splitlines()]
        found = {pair[0]: pair[1] for pair in lines if len(pair) == 2}
        namespace = {name: getattr(np, name) for name in dir(np) if not name.startswith("_")} | {"bessel_i1": i1}
        parts = {name: eval(text, namespace, {"x": at}) for name, text in found.items() if name != "d/dx"}
        got = eval(found["d/dx"], namespace, {"x": at} | parts)
        np.testing.assert_allclose(got, ad.derivative(block.fn)(at), rtol=1e-9, err_msg=block.name)
        checked += 1
    assert checked > 30


def branching(x):
    return np.cos(x) if x > 1 else 1.0


def unseen(text):
    """A function whose source is in no file."""
    namespace = {"np": np}
    exec(f"made = {text}", namespace)
    return namespace["made"]


@pytest.mark.parametrize(
    ("rule", "line"),
    [
        (unseen("lambda x: np.cos(x)"), "d/dx = cos(x)"),
        (lambda x: np.array(2.0) * x, "d/dx = 2 * x"),
        (lambda x: 1 * x, "d/dx = x"),
        (lambda x: 0 * x, "d/dx = 0"),
        (lambda x: x - -np.sin(x), "d/dx = x + sin(x)"),
    ],
)
def test_rules_without_source_and_with_constants(rule, line):
    assert line in str(ad.explain(ad.elementwise(lambda x: np.sin(x), rule, dispatches=False)))


@pytest.mark.parametrize(
    ("rule", "line"),
    [
        (unseen("lambda x: np.cos(x) if x.ndim < 5 else x"), "d/dx = partial(x)"),
        (lambda out, x: np.cos(x) if out.ndim < 5 else x, "d/dx = partial(<lambda>(x), x)"),
        (branching, "d/dx = branching(x)"),
    ],
)
def test_rules_that_cannot_be_run_on_symbols_are_named(rule, line):
    made = ad.elementwise(lambda x: np.sin(x), rule, dispatches=False)
    assert line in str(ad.explain(made))
    for mode in ("forward", "reverse"):
        assert "-0.416147" in str(ad.trace_table(lambda x: made(x), 2.0, mode=mode))


def test_a_transpose_without_source_says_so():
    made = ad.linear(
        lambda x: 2 * x, unseen("lambda out_bar: 2 * out_bar if out_bar.ndim < 5 else out_bar"), dispatches=False
    )
    assert "a function without source" in str(ad.explain(made))


def test_explain_mistakes():
    with pytest.raises(ad.NoRuleError):
        ad.explain(print)
    with pytest.raises(ad.ArgumentError, match="takes a function"):
        ad.explain(3)
    with pytest.raises(ad.ArgumentError, match="takes a function"):
        ad.explain([])


def test_pictures_of_the_laboratory_answer_to_their_old_names():
    from dragongrad.lab.figures import race as moved
    from dragongrad.views import race

    assert race is moved
    with pytest.raises(ImportError, match="nothing"):
        from dragongrad.views import nothing  # noqa: F401
