"""GD and Adam as the classic interface describes them."""

import contextlib

import numpy as np
import pytest

import dragongrad as ad
from dragongrad.optimize import GD, Adam, Optimizer
from dragongrad.variable import Variable

MODES = ("forward", "reverse")


def constructed(x, y):
    s = x + y
    return np.cos(s / 2) * np.exp(-(x**2 + y**2) / 10) + s / 10 + np.exp((3 - s) / 10)


def rosenbrock(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


@pytest.fixture(params=MODES)
def mode(request):
    with ad.mode(request.param):
        yield request.param


def classic_loss(params):
    x = Variable(params)
    v = (x[0] - 1) ** 2 + 3 * (x[1] + 2) ** 2
    return v.data, v.gradient


def numpy_loss(params):
    return (params[0] - 1) ** 2 + 3 * (params[1] + 2) ** 2


def multi_loss(params):
    x, y = Variable.multi_variables(*params)
    v = (x - 1) ** 2 + 3 * (y + 2) ** 2
    return v.data, v.gradient


def variable_loss(params):
    x = Variable(params)
    return (x[0] - 1) ** 2 + 3 * (x[1] + 2) ** 2


@pytest.mark.parametrize("loss", [classic_loss, numpy_loss, multi_loss, variable_loss])
@pytest.mark.parametrize("method", [GD, Adam])
def test_every_form_of_loss_arrives(mode, loss, method):
    found = method(loss, [0.0, 0.0], lr=0.1).solve()
    np.testing.assert_allclose(found, [1, -2], atol=1e-5)


def test_first_steps_of_gd_by_hand(mode):
    _, steps = GD(numpy_loss, [0.0, 0.0], lr=0.1, max_iter=2).solve(return_steps=True)
    first = np.array([0.2, -1.2])
    second = first - 0.1 * np.array([2 * (first[0] - 1), 6 * (first[1] + 2)])
    np.testing.assert_allclose(steps, [[0, 0], first, second], rtol=1e-14)


def test_first_steps_of_adam_by_hand(mode):
    _, steps = Adam(numpy_loss, [0.0, 0.0], lr=0.1, max_iter=3).solve(return_steps=True)
    x, m, v = np.zeros(2), np.zeros(2), np.zeros(2)
    expected = [x]
    for t in (1, 2, 3):
        g = np.array([2 * (x[0] - 1), 6 * (x[1] + 2)])
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        x = x - 0.1 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        expected.append(x)
    np.testing.assert_allclose(steps, expected, rtol=1e-13)


def test_stops_when_the_loss_changes_by_less_than_tol():
    optimizer = GD(numpy_loss, [0.0, 0.0], lr=0.1, tol=1e-3)
    _, steps = optimizer.solve(return_steps=True)
    losses = [numpy_loss(s) for s in steps]
    assert abs(losses[-1] - losses[-2]) < 1e-3 <= abs(losses[-2] - losses[-3])
    assert optimizer.loss == losses[-1]


def test_stops_after_max_iter():
    assert len(GD(numpy_loss, [0.0, 0.0], lr=1e-6, max_iter=7).solve(return_steps=True)[1]) == 8


def test_rosenbrock_in_both_modes(mode):
    found = Adam(rosenbrock, np.array([-1.2, 1.0]), lr=0.05, max_iter=20000).solve()
    np.testing.assert_allclose(found, [1, 1], atol=1e-3)


def test_gradient_descent_fails_where_adam_arrives(mode):
    def loss(p):
        return constructed(p[0], p[1])

    options = {"lr": 0.1, "max_iter": 600, "tol": 1e-12}
    slow, fast = (method(loss, [3.0, -3.0], **options) for method in (GD, Adam))
    slow.solve()
    np.testing.assert_allclose(fast.solve(), [2.3263, 2.3263], atol=2e-2)
    assert fast.loss < 1.081
    assert slow.loss > 1.2


def test_a_subclass_gives_step():
    class Signs(Optimizer):
        def step(self):
            self.params = self.params - self.lr * np.sign(self.gradient)

    np.testing.assert_allclose(Signs(numpy_loss, [0.0, 0.0], lr=0.5, max_iter=4).solve(), [1, -2])
    with pytest.raises(NotImplementedError, match="needs step"):
        Optimizer(numpy_loss, [0.0, 0.0]).solve()


def test_parameters_keep_their_shape_and_dtype():
    assert GD(lambda x: x**2, 3.0, max_iter=1).solve().shape == ()
    start = np.ones((2, 3), np.float32)
    found = Adam(lambda x: np.sum(x**2), start, max_iter=2).solve()
    assert found.shape == (2, 3)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(start, np.ones((2, 3)))
    assert GD(variable_loss, Variable([1, 1]), max_iter=1).solve().dtype == np.float64


@pytest.mark.parametrize(
    ("make", "error", "match"),
    [
        (lambda: GD(numpy_loss, [0.0, 0.0], lr=-1), ad.ArgumentError, "must be positive"),
        (lambda: GD(numpy_loss, [0.0, 0.0], max_iter=0), ad.ArgumentError, "max_iter must be a positive whole"),
        (lambda: GD(3, [0.0]), ad.ArgumentError, "must be callable"),
        (lambda: GD(numpy_loss, ["a"]), ad.DtypeError, "the start"),
        (lambda: Adam(numpy_loss, [0.0, 0.0], beta1=1), ad.ArgumentError, "beta1"),
        (lambda: GD(lambda x: x, [0.0, 0.0]).solve(), ad.ArgumentError, "one number"),
        (lambda: GD(lambda x: (x, x), [0.0, 0.0]).solve(), ad.ArgumentError, "one number"),
        (lambda: GD(lambda x: (1.0, x[:1]), [0.0, 0.0]).solve(), ad.ShapeError, "1 numbers"),
        (lambda: GD(lambda x: (1.0, x, x), [0.0, 0.0]).solve(), ad.ArgumentError, "a tuple of 3"),
        (lambda: GD(lambda x: np.sum(x**4), [5.0, 1.0], lr=1.0).solve(), ad.NonFiniteError, "learning rate"),
    ],
)
@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning", "ignore:invalid:RuntimeWarning")
def test_messages(make, error, match):
    with pytest.raises(error, match=match):
        make()


@pytest.mark.parametrize(
    ("chosen", "used"), [(None, "pullback"), ("reverse", "pullback"), ("forward", "pushforward")]
)
def test_a_plain_function_is_differentiated_in_reverse_unless_a_mode_is_chosen(chosen, used):
    """Forward mode takes a pass for each of many parameters."""
    seen = set()

    @ad.custom_rule
    def sine(x):
        return np.sin(x)

    @sine.pullback
    def pull(out_bar, out, x):
        seen.add("pullback")
        return out_bar * np.cos(x)

    @sine.pushforward
    def push(x_dot, out, x):
        seen.add("pushforward")
        return x_dot * np.cos(x)

    with contextlib.nullcontext() if chosen is None else ad.mode(chosen):
        optimizer = Adam(lambda p: np.sum(sine(p["w"])) + p["b"] ** 2, {"w": np.ones(4), "b": 1.0})
        optimizer.evaluate()
    assert seen == {used}
    # The nest is one vector inside, in the order of the keys.
    np.testing.assert_allclose(optimizer.gradient, np.r_[2.0, np.full(4, np.cos(1.0))])
