"""Looking inside: the Graph, its pictures, trace tables and printed rules."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest

import dragongrad as ad
from dragongrad.core.block import BLOCKS
from dragongrad.core.graph import application
from dragongrad.core.node import Node
from dragongrad.views.layout import place


def f(x, y):
    return np.exp(-((np.sin(x) - np.cos(y)) ** 2))


def model(x, p):
    hidden = np.tanh(p["a"] @ x + p["b"])
    return np.sum(hidden**2) * hidden[0]


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
        (lambda x: x * np.ones(2), "x * array(2,)"),
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
    np.testing.assert_allclose(out.saved[0], np.sin([0.5, 1.0]) + np.array([0.5, 1]) * np.cos([0.5, 1.0]))


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


def test_table_in_a_notebook_is_well_formed():
    root = ET.fromstring(ad.trace_table(lambda x: x < 1, 2.0)._repr_html_())
    assert len(root.findall("tbody/tr")) == 2


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
        (np.sum, ["linear", "transpose in x"]),
        (np.linalg.inv, ["-out @ x_dot @ out", "_inv_pullback"]),
        (np.matmul, ["linear in each argument"]),
        (np.mean, ["restated through other Blocks"]),
        (np.floor, ["its derivative is zero"]),
        (np.unique, ["no derivative rule"]),
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
        (line,) = [line for line in str(ad.explain(block)).splitlines() if "d/dx = " in line]
        namespace = {name: getattr(np, name) for name in dir(np) if not name.startswith("_")}
        got = eval(line.split(" = ", 1)[1], namespace, {"x": at})
        np.testing.assert_allclose(got, ad.derivative(block.fn)(at), rtol=1e-9, err_msg=block.name)
        checked += 1
    assert checked > 30


def test_explain_mistakes():
    with pytest.raises(ad.NoRuleError):
        ad.explain(print)
    with pytest.raises(ad.ArgumentError, match="takes a function"):
        ad.explain(3)
    with pytest.raises(ad.ArgumentError, match="takes a function"):
        ad.explain([])
