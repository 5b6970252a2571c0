"""The classic interface, sentence by sentence, in both modes."""

import abc
import copy
import gc
import math
import pickle
import threading
import weakref

import numpy as np
import pytest

import dragongrad as ad
from dragongrad.variable import Block, Constant, SimpleBlock, Variable

PI = np.pi


@pytest.fixture(params=["forward", "reverse"])
def mode(request):
    with ad.mode(request.param):
        yield request.param


@pytest.fixture
def reverse():
    with ad.mode("reverse"):
        yield


# Variable


@pytest.mark.parametrize("data", [2, 2.0, [1, 2], (1.0, 2.0), np.arange(3), np.float32(2), [[1, 2], [3, 4]], True])
def test_data_is_an_array_of_floats(mode, data):
    x = Variable(data)
    assert isinstance(x.data, np.ndarray)
    assert x.data.dtype == (np.float32 if isinstance(data, np.float32) else np.float64)
    np.testing.assert_array_equal(x.data, data)


def test_the_input_is_copied(mode):
    data = np.array([1.0, 2.0])
    x = Variable(data)
    data[0] = 9.0
    assert x.data[0] == 1


@pytest.mark.parametrize(
    ("shape", "f", "expected"),
    [
        ((), lambda x: x * 2, (1, 1)),
        ((3,), lambda x: x[0], (1, 3)),
        ((), lambda x: x * np.ones(2), (2, 1)),
        ((3,), lambda x: x[:2], (2, 3)),
        ((2, 3), lambda x: np.sum(x), (2, 3)),
        ((2, 3), lambda x: x.T, (3, 2, 2, 3)),
        ((2, 3), lambda x: np.sum(x, axis=0), (3, 2, 3)),
        ((2,), lambda x: np.outer(x, x), (2, 2, 2)),
    ],
)
def test_shape_of_the_gradient(mode, shape, f, expected):
    rng = np.random.default_rng(0)
    data = rng.standard_normal(shape)
    out = f(Variable(data))
    assert out.gradient.shape == expected
    np.testing.assert_allclose(out.gradient.ravel(), np.ravel(ad.jacobian(f)(data)), atol=1e-14)


def test_an_input_has_the_identity(mode):
    np.testing.assert_array_equal(Variable([1.0, 2.0]).gradient, np.eye(2))
    np.testing.assert_array_equal(Variable(3).gradient, [[1]])


def test_print_shows_data_and_gradient_on_lines_of_their_own(mode):
    assert str(Variable(3) * 2) == "data :\n[6.]\ngrad :\n[[2.]]"
    assert str(Variable([1, 2])) == "data :\n[1. 2.]\ngrad :\n[[1. 0.]\n [0. 1.]]"


def test_known_values_vector(mode):
    x = Variable([1, PI])
    b3 = np.sin(x) + np.cos(x)
    b4 = (b3 + x) ** x
    np.testing.assert_allclose(b4.data, [2.38177329, 10.94058428], atol=5e-9)
    np.testing.assert_allclose(b4.gradient, [[2.76584205, 0], [0, 8.33179958]], atol=5e-9)


def test_known_values_by_indexing(mode):
    v = Variable([1, 3, 64])
    out = v[0] + 7 * v[1] - v[2]
    np.testing.assert_array_equal(np.atleast_1d(out.data), [-42])
    np.testing.assert_array_equal(out.gradient, [[1, 7, -1]])


def test_known_values_by_multi_variables(mode):
    x, y, z = Variable.multi_variables(1, 3, 64)
    got = (x + 7 * y - z).compute_gradients()
    assert isinstance(got, list)
    np.testing.assert_array_equal(got, [[[1]], [[7]], [[-1]]])


def test_an_input_that_does_not_matter_gets_zeros(mode):
    x, y, _ = Variable.multi_variables([1.0, 2.0], 3.0, [4.0, 5.0, 6.0])
    got = (x * y).compute_gradients()
    assert [g.shape for g in got] == [(2, 2), (2, 1), (2, 3)]
    np.testing.assert_array_equal(got[2], np.zeros((2, 3)))


def test_compute_gradients_stores(mode):
    x = Variable([1.0, 2.0])
    y = x * x
    got = y.compute_gradients()
    assert y.gradient is got


def test_independent_variables_mix(mode):
    x, y = Variable([1.0, 2.0]), Variable(3.0)
    by_x, by_y = (x * y).compute_gradients()
    np.testing.assert_array_equal(by_x, 3 * np.eye(2))
    np.testing.assert_array_equal(by_y, [[1], [2]])
    np.testing.assert_array_equal((y * y).compute_gradients(), [[6]])


def test_order_of_jacobians_is_the_order_of_making(mode):
    x, y = Variable(2.0), Variable(5.0)
    got = (y * y * x).compute_gradients()
    np.testing.assert_array_equal(got, [[[25]], [[20]]])


def test_constant(mode):
    c = Constant([1.0, 2.0])
    assert isinstance(c, Variable)
    np.testing.assert_array_equal(c.gradient, np.zeros((2, 2)))
    x = Variable([3.0, 4.0])
    for out in (c * x, x * c, np.multiply(c, x), c.data * x):
        np.testing.assert_array_equal(out.gradient, np.diag([1, 2]))
    for out in (c + 1, 2 * c, np.sin(c), c[0], -c, np.sum(c), c + Constant(1)):
        assert isinstance(out, Constant)
        assert not np.any(out.compute_gradients())
    assert str(Constant(1)) == "data :\n[1.]\ngrad :\n[[0.]]"


@pytest.mark.parametrize("other", [2, 2.0, np.float64(2), np.array(2.0), np.array([2.0, 3.0]), [2.0, 3.0]])
def test_plain_numbers_and_arrays_mix_on_either_side(mode, other):
    x = Variable([1.0, 2.0])
    for f in (
        lambda a, b: a + b,
        lambda a, b: a - b,
        lambda a, b: a * b,
        lambda a, b: a / b,
        lambda a, b: a**b,
        lambda a, b: b + a,
        lambda a, b: b - a,
        lambda a, b: b * a,
        lambda a, b: b / a,
        lambda a, b: b**a,
    ):
        out = f(x, other)
        np.testing.assert_allclose(out.data, f(x.data, np.asarray(other)))
        np.testing.assert_allclose(out.gradient, ad.jacobian(lambda a, f=f: f(a, other))(x.data))


def test_operators(mode):
    x = Variable([1.5, 2.0])
    a = np.array([[1.0, 2.0], [3.0, 4.0]])
    np.testing.assert_array_equal((a @ x).gradient, a)
    np.testing.assert_array_equal((x @ a).gradient, a.T)
    np.testing.assert_array_equal((-x).gradient, -np.eye(2))
    np.testing.assert_array_equal(abs(-x).gradient, np.eye(2))
    np.testing.assert_allclose((x**x).gradient, np.diag(x.data**x.data * (np.log(x.data) + 1)))
    np.testing.assert_allclose((2**x).gradient, np.diag(2**x.data * np.log(2)))


def test_comparison(mode):
    x = Variable([1.0, 2.0])
    for got, expected in (
        (x > 1, [False, True]),
        (x >= x, [True, True]),
        (x < 2, [True, False]),
        (x >= 1, [True, True]),
        (x == [1.0, 3.0], [True, False]),
        (x != Variable(1.0), [False, True]),
    ):
        assert isinstance(got, np.ndarray)
        np.testing.assert_array_equal(got, expected)
    assert Variable(1) < Variable(2)


def test_indexing_and_slicing(mode):
    x = Variable(np.arange(4.0))
    np.testing.assert_array_equal(x[1].gradient, [[0, 1, 0, 0]])
    np.testing.assert_array_equal(x[1:3].gradient, np.eye(4)[1:3])
    np.testing.assert_array_equal(x[::-1].gradient, np.eye(4)[::-1])
    np.testing.assert_array_equal(x[[3, 3]].gradient, np.eye(4)[[3, 3]])
    assert len(x) == 4
    np.testing.assert_array_equal(sum(x).gradient, np.ones((1, 4)))


NAMED = [
    ("sin", math.cos, 0.3), ("cos", lambda t: -math.sin(t), 0.3), ("tan", lambda t: 1 / math.cos(t) ** 2, 0.3),
    ("arcsin", lambda t: 1 / math.sqrt(1 - t * t), 0.3), ("arccos", lambda t: -1 / math.sqrt(1 - t * t), 0.3),
    ("arctan", lambda t: 1 / (1 + t * t), 0.3), ("sinh", math.cosh, 0.3), ("cosh", math.sinh, 0.3),
    ("tanh", lambda t: 1 / math.cosh(t) ** 2, 0.3), ("exp", math.exp, 0.3), ("log", lambda t: 1 / t, 0.3),
    ("sqrt", lambda t: 0.5 / math.sqrt(t), 0.3), ("sum_elts", lambda t: 1.0, 0.3),
    ("logistic", lambda t: math.exp(-t) / (1 + math.exp(-t)) ** 2, 0.3), ("absolute", lambda t: 1.0, 0.3),
]  # fmt: skip


@pytest.mark.parametrize(("name", "derivative", "at"), NAMED)
def test_functions_by_name(mode, name, derivative, at):
    out = getattr(ad, name)(Variable(at))
    np.testing.assert_allclose(out.gradient, [[derivative(at)]], rtol=1e-14)
    assert not isinstance(getattr(ad, name)(at), Variable)


@pytest.mark.parametrize("base", [None, 2, 10, 3, math.e, 0.5])
def test_logarithm_to_a_base(mode, base):
    out = ad.log(Variable(5.0), base=base)
    scale = 1 if base is None else math.log(base)
    np.testing.assert_allclose(out.data, math.log(5) / scale, rtol=1e-15)
    np.testing.assert_allclose(out.gradient, [[1 / (5 * scale)]], rtol=1e-14)
    assert ad.log(8, base=2) == 3


def test_power_takes_variables_on_both_sides(mode):
    x, y = Variable.multi_variables(2.0, 3.0)
    np.testing.assert_allclose(ad.power(x, y).compute_gradients(), [[[12]], [[8 * math.log(2)]]])


def test_sum_elts(mode):
    np.testing.assert_array_equal(ad.sum_elts(Variable([[1, 2], [3, 4]])).gradient, np.ones((2, 2)))


def test_whole_table_by_name():
    assert "sin" in dir(ad)
    assert ad.logaddexp(1.0, 2.0) == np.logaddexp(1.0, 2.0)
    with pytest.raises(AttributeError, match="no_such_function"):
        _ = ad.no_such_function


class _Doubled(SimpleBlock):
    def data_fn(self, x):
        return 2 * x.data

    def gradient_fn(self, x):
        return 2.0


class _OfMine(Variable):
    __slots__ = ()


@pytest.mark.parametrize("call", [
    lambda f: ad.grad(f)(np.ones(2)), lambda f: ad.jacfwd(f)(np.ones(2)), lambda f: ad.vmap(f)(np.ones((3, 2))),
    lambda f: ad.hessian(f)(np.ones(2)), lambda f: ad.compile(f)(np.ones(2)), lambda f: ad.graph(f, np.ones(2)),
])  # fmt: skip
def test_what_a_transform_gives_is_a_variable(call):
    found = []

    def f(x):
        found.extend([(isinstance(x, kind), issubclass(type(x), kind)) for kind in (Variable, Constant, _OfMine)])
        return np.sum(x**2)

    call(f)
    assert found[:3] == [(True, True), (False, False), (False, False)]


def test_what_is_a_variable_or_a_block(mode):
    made = [Variable(1.0), Constant(1.0), _OfMine(1.0), np.sin(Variable(1.0))]
    assert [isinstance(x, Variable) for x in made] == [True] * 4
    assert [isinstance(x, Constant) for x in made] == [False, True, False, False]
    assert not any(isinstance(x, (Variable, Block)) for x in (1.0, np.ones(2), np.sin, ad.sin, None))
    block = ad.elementwise(lambda x: 2 * x, 2.0, dispatches=False)
    assert [isinstance(block, kind) for kind in (Block, SimpleBlock)] == [True, False]
    assert isinstance(_Doubled(), Block)
    assert not isinstance(block, _Doubled)

    # Users' classes may have abstract methods of their own.
    class Abstract(Block, abc.ABC):
        pass

    assert isinstance(Abstract(), Block)


def test_item_assignment_rebinds(mode):
    x = Variable([1.0, 2.0])
    y = x * 1
    old = y * 1
    y[0] = x[1] ** 2
    np.testing.assert_array_equal(y.gradient, [[0, 4], [0, 1]])
    np.testing.assert_array_equal(old.gradient, np.eye(2))
    buffer = ad.zeros(2)
    buffer[1] = 3 * x[0]
    np.testing.assert_array_equal(buffer.gradient, [[0, 0], [3, 0]])
    np.testing.assert_array_equal((buffer * 2).gradient, [[0, 0], [6, 0]])


@pytest.mark.parametrize("make", [ad.zeros, ad.ones, ad.empty, lambda n: ad.full(n, 2.0)])
def test_buffers_under_transforms(make):
    def f(x):
        out = make(3)
        out[0] = np.sin(x[0])
        out[1:] = x * x[0]
        return out

    x = np.array([0.5, 2.0])
    expected = [[np.cos(0.5), 0], [1, 0], [2, 0.5]]
    for transform in (ad.jacobian, ad.jacfwd, ad.jacrev):
        np.testing.assert_allclose(transform(f)(x), expected)
    assert ad.vmap(f)(np.ones((4, 2))).shape == (4, 3)


def test_copies(mode):
    x = Variable([1.0, 2.0]) * 3
    for y in (copy.copy(x), copy.deepcopy(x)):
        np.testing.assert_array_equal(y.gradient, 3 * np.eye(2))


# Modes


def test_forward_is_the_default():
    def check():
        modes.append(ad.Variable(1.0).node.childrens)
        x = ad.Variable(1.0)
        modes.append((x * x).node.childrens)

    modes = []
    thread = threading.Thread(target=check)
    thread.start()
    thread.join()
    assert modes == [[], []]


def test_set_mode_is_per_thread():
    seen = []

    def other():
        ad.set_mode("reverse")
        seen.append(len((Variable(1.0) * 2).node.childrens))

    thread = threading.Thread(target=other)
    thread.start()
    thread.join()
    assert seen == [1]
    assert (Variable(1.0) * 2).node.childrens == []


@pytest.mark.parametrize("name", ["Forward", "backward", None, ""])
def test_unknown_mode(name):
    with pytest.raises(ValueError, match="unknown mode"):
        ad.set_mode(name)
    with pytest.raises(ad.ArgumentError, match="'forward', 'reverse'"), ad.mode(name):
        pass


def test_modes_do_not_mix():
    x = Variable(1.0)
    with ad.mode("reverse"):
        y = Variable(2.0)
    for f in (lambda: x * y, lambda: y * x, lambda: np.stack([x, y]), lambda: np.stack([y, x])):
        with pytest.raises(ad.ArgumentError, match="cannot be mixed"):
            f()


def test_both_modes_give_the_same_numbers():
    def f(v):
        a = np.reshape(v, (2, 2))
        return np.linalg.solve(a + 3 * np.eye(2), np.sin(a)) @ v[:2] / np.max(v)

    outs = []
    for name in ("forward", "reverse"):
        with ad.mode(name):
            outs.append(f(Variable([0.5, -1.0, 2.0, 0.1])))
    np.testing.assert_allclose(outs[0].gradient, outs[1].gradient, rtol=1e-12)


def test_strong_zeros(mode):
    x = Variable([0.0, 4.0])
    out = np.where(x.data > 0, np.sqrt(x), 0.0)
    np.testing.assert_array_equal(out.gradient, np.diag([0, 0.25]))


def test_several_outputs(mode):
    a = np.array([[2.0, 1.0], [1.0, 3.0]])
    values, vectors = np.linalg.eigh(Variable(a))
    np.testing.assert_allclose(values.gradient, ad.jacobian(lambda a: np.linalg.eigh(a)[0])(a), atol=1e-14)
    np.testing.assert_allclose(vectors.gradient, ad.jacobian(lambda a: np.linalg.eigh(a)[1])(a), atol=1e-14)


# Users' Blocks


class Sine(SimpleBlock):
    def data_fn(self, x):
        return np.sin(x.data)

    def gradient_fn(self, x):
        return np.cos(x.data)


class Product(Block):
    def data_fn(self, x, y):
        return x.data * y.data

    def get_jacobians(self, x, y):
        return [np.diag(y.data), np.diag(x.data)]


class Scaled(SimpleBlock):
    def data_fn(self, x, by=1.0):
        return by * x.data**2

    def gradient_fn(self, x, by=1.0):
        return 2 * by * x.data


def through_blocks(x):
    return Product()(Sine()(x), Scaled()(x, by=3.0))


def in_numpy(x):
    return np.sin(x) * 3 * x**2


DATA = np.array([0.3, 1.2])


def test_block_in_both_modes(mode):
    x = Variable(DATA)
    out = through_blocks(x)
    assert isinstance(out, Variable)
    np.testing.assert_allclose(out.data, in_numpy(DATA))
    np.testing.assert_allclose(out.gradient, ad.jacobian(in_numpy)(DATA))


@pytest.mark.parametrize(
    "transform",
    [
        lambda f: ad.grad(lambda x: np.sum(f(x))),
        lambda f: ad.jacfwd(f),
        lambda f: ad.jacrev(f),
        lambda f: ad.hessian(lambda x: np.sum(f(x))),
        lambda f: ad.jacfwd(ad.jacfwd(f)),
        lambda f: ad.jacrev(ad.jacrev(f)),
        lambda f: lambda x: ad.vmap(ad.grad(lambda x: np.sum(f(x))))(np.stack([x, 2 * x])),
        lambda f: lambda x: ad.vmap(f)(np.stack([x, 2 * x])),
        lambda f: lambda x: ad.jvp(f, (x,), (x,))[1],
    ],
)
def test_block_under_transforms(transform):
    np.testing.assert_allclose(transform(through_blocks)(DATA), transform(in_numpy)(DATA), atol=1e-12)


def test_block_of_a_matrix(mode):
    class Determinant(Block):
        def data_fn(self, x):
            return np.linalg.det(x.data)

        def get_jacobians(self, x):
            return [np.linalg.det(x.data) * np.linalg.inv(x.data).T]

    a = np.array([[2.0, 1.0], [0.5, 3.0]])
    np.testing.assert_allclose(Determinant()(Variable(a)).gradient, ad.grad(np.linalg.det)(a))


def test_block_of_plain_arrays_gives_the_value():
    np.testing.assert_allclose(through_blocks(DATA), in_numpy(DATA))
    assert not isinstance(Sine()(0.5), Variable)


def test_block_of_scalars(mode):
    class Add(Block):
        def data_fn(self, x, y):
            return x.data + y.data

        def get_jacobians(self, x, y):
            return [1.0, [[1.0]]]

    x, y = Variable.multi_variables(1.0, 2.0)
    np.testing.assert_array_equal(Add()(x, y).compute_gradients(), [[[1]], [[1]]])
    np.testing.assert_array_equal(Add()(x, 5).compute_gradients(), [[[1]], [[0]]])


def test_gradient_forward_pushes_the_gradient():
    x = Variable(DATA)
    np.testing.assert_allclose(Sine().gradient_forward(x), np.diag(np.cos(DATA)))


def test_gradient_forward_can_be_overridden():
    class Doubled(Sine):
        def gradient_forward(self, x):
            return 2 * np.cos(x.data) * x.gradient

    x = Variable(DATA)
    np.testing.assert_allclose((Doubled()(x) * 1).gradient, np.diag(2 * np.cos(DATA)))
    a, b = Variable.multi_variables(0.5, 0.7)

    class Sum(Product):
        def gradient_forward(self, x, y):
            return [y.data * g + x.data * h for g, h in zip(x.gradient, y.gradient, strict=True)]

        def get_jacobians(self, x, y):
            return [y.data, x.data]

    np.testing.assert_allclose(Sum()(a, b).compute_gradients(), [[[0.7]], [[0.5]]])


def test_block_errors(mode):
    class NoValue(Block):
        pass

    class NoDerivative(Block):
        def data_fn(self, x):
            return x.data

    class Wrong(NoDerivative):
        def get_jacobians(self, x):
            return [np.ones(3)]

    class TooMany(NoDerivative):
        def get_jacobians(self, x):
            return [1.0, 2.0]

    class NoGradient(SimpleBlock):
        def data_fn(self, x):
            return x.data

    for block, error, match in (
        (NoValue, NotImplementedError, "needs data_fn"),
        (NoDerivative, ad.NoRuleError, "NoDerivative has no derivative"),
        (Wrong, ad.ShapeError, r"shape \(3,\)"),
        (TooMany, ad.ArgumentError, "2 Jacobians for 1"),
        (NoGradient, ad.NoRuleError, "NoGradient has no derivative"),
    ):
        with pytest.raises(error, match=match):
            block()(Variable([1.0, 2.0])).compute_gradients()


# Nodes and the graph


def test_no_graph_in_forward_mode():
    x = Variable([1.0, 2.0])
    assert np.sin(x * x).node.childrens == []
    assert not isinstance(np.sin(x * x).link, type(x.node))


def test_childrens(reverse):
    x = Variable(2)
    y = np.sin(x)
    z = x + y
    (only,) = y.node.childrens
    np.testing.assert_allclose(only["jacobian"], [[-0.41614684]], atol=5e-9)
    assert only["node"] is x.node
    first, second = z.node.children
    np.testing.assert_array_equal(first["jacobian"], [[1]])
    np.testing.assert_array_equal(second["jacobian"], [[1]])
    assert first["node"] is x.node
    assert second["node"] is y.node
    assert x.node.childrens == []


def test_jacobians_of_childrens_are_dense_and_2d(reverse):
    x = Variable(np.ones((2, 3)))
    a = np.arange(3.0)
    (child,) = (x @ a).node.childrens
    assert child["jacobian"].shape == (2, 6)
    np.testing.assert_array_equal(child["jacobian"], np.kron(np.eye(2), a))
    (child,) = np.linalg.eigh(Variable(np.diag([1.0, 2.0])))[0].node.childrens
    assert child["jacobian"].shape == (2, 4)
    (child,) = np.concatenate([np.zeros(1), Variable([1.0])]).node.childrens
    np.testing.assert_array_equal(child["jacobian"], [[0], [1]])


def test_node_gradients_after_the_pass(reverse):
    x = Variable(2)
    y = np.sin(x)
    z = x * y
    assert x.node.gradient is None
    got = z.compute_gradients()
    np.testing.assert_allclose(x.node.gradient, [[np.sin(2) + 2 * np.cos(2)]])
    np.testing.assert_allclose(got, x.node.gradient)
    np.testing.assert_array_equal(y.node.gradient, [[2]])
    np.testing.assert_array_equal(z.node.gradient, [[1]])


def test_ready_for_another_pass(reverse):
    x = Variable([1.0, 2.0])
    y = np.sin(x) * x
    first, second = y.compute_gradients().copy(), y.compute_gradients()
    np.testing.assert_array_equal(first, second)
    np.testing.assert_allclose((y * 2).compute_gradients(), 2 * first)
    np.testing.assert_array_equal(y.compute_gradients(), first)


def test_reset_graph(reverse):
    x = Variable([1.0, 2.0])
    y = np.sin(x)
    z = y * x
    z.compute_gradients()
    z.reset_graph()
    assert x.node.gradient is None
    assert y.node.gradient is None
    assert z.node.gradient is None
    np.testing.assert_allclose(z.compute_gradients(), np.diag(np.sin(x.data) + x.data * np.cos(x.data)))


def test_each_node_is_passed_once(reverse):
    x = Variable(1.0)
    y = x
    for _ in range(60):
        y = y + y
    np.testing.assert_array_equal(y.compute_gradients(), [[2.0**60]])


@pytest.mark.parametrize("steps", [100_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
def test_many_operations_without_recursion(reverse, steps):
    x = Variable(0.5)
    y = x
    for _ in range(steps):
        y = y * 0.999999
    np.testing.assert_allclose(y.compute_gradients(), [[0.999999**steps]], rtol=1e-9)
    gc.collect()
    del y


# With the transforms


def test_a_transform_around_a_variable(mode):
    x = Variable([1.0, 2.0])
    gradient = ad.grad(lambda v: np.sum(v**3))(x)
    np.testing.assert_allclose(gradient.data, [3, 12])
    np.testing.assert_allclose(gradient.gradient, np.diag([6, 12]))


def test_no_variable_of_a_variable(mode):
    x = Variable(1.0)
    with pytest.raises(ad.ConversionError, match="given a Variable"):
        Variable(x)
    with pytest.raises(ad.ConversionError, match="given a Variable"):
        ad.grad(lambda t: Variable(t))(1.0)
    with pytest.raises(ad.DtypeError):
        Variable("a")


def test_debug_nans(mode):
    found = pytest.raises(ad.NonFiniteError, match="log made an infinity")
    with ad.debug_nans(), np.errstate(divide="ignore"), found:
        np.log(Variable(0.0))


class Multiplied(ad.SimpleBlock):
    def __init__(self, factor):
        self.factor = factor

    def data_fn(self, x):
        return self.factor * x.data

    def gradient_fn(self, x):
        return self.factor * np.ones_like(x.data)


def test_a_used_block_pickles_copies_and_keeps_nothing_alive():
    block = Multiplied(2.0)
    assert block(ad.Variable(1.0)).gradient == 2.0
    twin = copy.copy(block)
    twin.factor = 3.0
    assert (twin(ad.Variable(1.0)).gradient, block(ad.Variable(1.0)).gradient) == (3.0, 2.0)
    assert pickle.loads(pickle.dumps(block))(ad.Variable(1.0)).gradient == 2.0
    gone = weakref.ref(twin)
    gc.disable()
    try:
        del twin
        assert gone() is None
    finally:
        gc.enable()


def test_jacobians_of_children_have_strong_zeros():
    with ad.mode("reverse"):
        y = np.sqrt(ad.Variable([0.0, 4.0]))
    np.testing.assert_array_equal(y.node.children[0]["jacobian"], [[np.inf, 0.0], [0.0, 0.25]])


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_debug_nans_stops_at_a_derivative(mode):
    with ad.mode(mode), ad.debug_nans(), pytest.raises(ad.NonFiniteError, match=r"sqrt(.|\n)*test_classic"):
        np.sqrt(ad.Variable([0.0, 4.0])).compute_gradients()


@pytest.mark.parametrize(("data", "error"), [(None, ad.DtypeError), ([[1], [1, 2]], ad.ShapeError)])
def test_a_variable_of_what_is_no_array_is_refused(data, error):
    with pytest.raises(error):
        ad.Variable(data)
