"""The public check passes what is right, and names what is wrong."""

import gc
from contextvars import copy_context

import numpy as np
import pytest

import dragongrad as ad
from dragongrad.testing import check_derivatives

X = np.array([[0.3, 0.7], [1.1, -0.4]])


def test_right_derivatives_pass():
    check_derivatives(lambda x, y: {"a": np.sin(x) @ y, "b": x[0] * 2}, X, X + 1.0)
    check_derivatives(lambda x: np.exp(np.sin(x)), X, method="complex")
    check_derivatives(lambda x: np.sum(x**3), np.linspace(0, 1, 100))
    check_derivatives(lambda z: np.exp(z) * np.conj(z), X + 1j * X.T)
    check_derivatives(lambda x, n: x**n, X.astype(np.float32) + 2, 3)
    check_derivatives(lambda p, *, k: p["x"] * k, {"x": X}, k=2.0)


def wrong(kind):
    f = ad.custom_rule(lambda x: np.sin(x))
    right_pull, right_push = (lambda out_bar, x: out_bar * np.cos(x)), (lambda x_dot, x: x_dot * np.cos(x))
    spoiled = np.array([[1.0, 1.0], [1.01, 1.0]])
    f.pullback(right_pull if kind != "pullback" else lambda out_bar, x: out_bar * np.cos(x) * spoiled)
    f.pushforward(right_push if kind != "pushforward" else lambda x_dot, x: x_dot * np.cos(x) * spoiled)
    return f


def test_a_wrong_pushforward_is_named():
    with pytest.raises(ad.DerivativeError, match=r"input 0\[1, 0\](.|\n)*output 0\[1, 0\]"):
        check_derivatives(wrong("pushforward"), X)


def test_a_wrong_pullback_is_named():
    with pytest.raises(ad.DerivativeError, match=r"reverse(.|\n)*input 0\[1, 0\]"):
        check_derivatives(wrong("pullback"), X)


def test_a_wrong_second_derivative_is_found():
    @ad.custom_rule
    def f(x):
        return x**2

    f.pullback(lambda out_bar, x: out_bar * 2 * ad.stop_gradient(x))
    f.pushforward(lambda x_dot, x: x_dot * 2 * x)
    check_derivatives(f, X, order=1)
    with pytest.raises(ad.DerivativeError, match="second order"):
        check_derivatives(f, X)


def test_unusable_arguments():
    with pytest.raises(ad.ArgumentError, match="floating-point"):
        check_derivatives(np.sin, 1)
    with pytest.raises(ad.ArgumentError, match="order"):
        check_derivatives(np.sin, 1.0, order=3)
    with pytest.raises(ad.ArgumentError, match="method"):
        check_derivatives(np.sin, 1.0, method="magic")
    with pytest.raises(ad.ArgumentError, match="real"):
        check_derivatives(np.sin, 1j, method="complex")


@pytest.mark.parametrize(("f", "x"), [(np.log, [1e-5, 1e5]), (np.square, [1e8]), (np.exp, [30.0, -30.0])])
def test_numbers_of_any_size_can_be_checked(f, x):
    check_derivatives(f, np.array(x))


def test_nothing_is_left_that_sets_a_context_variable_when_it_is_collected():
    """Collected in the middle of a `ContextVar.set` it would crash Python 3.11 (python/cpython#148891)."""
    gc.collect()
    gc.disable()
    try:
        # The first step does not suit both numbers, so that another is tried, or not all.
        check_derivatives(np.log, np.array([1e-5, 1e5]))
        with np.errstate(all="ignore"):
            before = copy_context()
            gc.collect()
            assert all(before[name] is value for name, value in copy_context().items())
    finally:
        gc.enable()
