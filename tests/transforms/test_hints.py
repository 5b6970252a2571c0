"""What newcomers write by mistake is answered with the line to write instead."""

import numpy as np
import pytest

import dragongrad as ad


def times(x, y):
    return x * y


def square(x):
    return np.sum(x**2)


X = np.ones(3)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: ad.grad(square, X), ad.ArgumentError, r"ad\.grad\(f\)\(x\), not ad\.grad\(f, x\)"),
        (lambda: ad.value_and_grad(square, 2.0), ad.ArgumentError, r"ad\.value_and_grad\(f\)\(x\), not"),
        (lambda: ad.jacobian(square, [1.0, 2.0]), ad.ArgumentError, r"ad\.jacobian\(f\)\(x\), not"),
        (lambda: ad.hessian(square, {"a": 1.0}), ad.ArgumentError, r"ad\.hessian\(f\)\(x\), not"),
        (lambda: ad.elementwise_grad(np.tanh, X), ad.ArgumentError, r"ad\.elementwise_grad\(f\)\(x\), not"),
        (lambda: ad.hessian(lambda x: x)(X), ad.NotScalarError, r"^hessian needs one number.*\(3,\)"),
        (lambda: ad.hessian(lambda x: None)(X), ad.NotScalarError, "^hessian needs one number.*has_aux"),
        (lambda: ad.hessian(square)(1j * X), ad.DtypeError, "^hessian needs real inputs"),
        (lambda: ad.hvp(lambda x: x, X, X), ad.NotScalarError, "^hvp needs one number"),
        (lambda: ad.compile(ad.hessian(lambda x: x))(X), ad.NotScalarError, "^hessian needs"),
        (lambda: ad.vmap(ad.hessian(lambda x: x))(np.ones((2, 3))), ad.NotScalarError, "^hessian needs"),
        (lambda: ad.vmap(times)(X, 2.0), ad.BatchError, r"(?s)test_hints\.py.*in_axes=\(0, None\)"),
        (lambda: ad.vmap(times)({"a": X}, {"b": 2.0}), ad.BatchError, r"in_axes=\(0, None\)"),
        (lambda: ad.vmap(times, (1, 0))(np.ones((2, 3)), 2.0), ad.BatchError, r"in_axes=\(1, None\)"),
        (lambda: ad.vmap(times)(X, y=2.0), ad.BatchError, r"in_axes=\(0, None\)\), called by position"),
        (lambda: ad.vmap(times)(1.0, 2.0), ad.BatchError, "call the function itself"),
        (lambda: ad.vmap(times, (0, 1))(X, X), ad.BatchError, r"axis 1 of an array of shape \(3,\)"),
        (lambda: ad.vmap(lambda x: ad.vmap(times)(x, 2.0))(np.ones((2, 3))), ad.BatchError, r"\(0, None\)"),
        (lambda: ad.compile(square, static_argnums=0), ad.ArgumentError, r"static=0"),
        (lambda: ad.compile(static_argnames="n"), ad.ArgumentError, 'static="n"'),
        (lambda: ad.jvp(np.vectorize(np.sin, otypes=[float]), (X,), (X,)), ad.ConversionError, "otypes out"),
        (lambda: ad.vmap(np.vectorize(np.sin, otypes=[float]))(X[None]), ad.ConversionError, "otypes out"),
        (lambda: ad.vmap(lambda x: "%g" % x)(X), ad.ConversionError, r"(?s)test_hints\.py.*Under vmap.*:\.3f"),  # noqa: UP031
        (lambda: ad.vmap(ad.grad(lambda x: x * len("%g" % x)))(X), ad.ConversionError, "Under vmap"),  # noqa: UP031
        (lambda: ad.vmap(lambda x: x * float(x))(X), ad.ConversionError, "one number of many"),
        (lambda: ad.jvp(np.frombuffer, (X,), (X,)), ad.ConversionError, "which has none"),
        (lambda: ad.jvp(lambda x: np.nditer([x, None]), (X,), (X,)), ad.NoRuleError, "zeros_like"),
        (lambda: ad.compile(square, nopython=True), ad.ArgumentError, "one of static, backend"),
    ],
)
def test_what_to_write_instead(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_positions_that_are_of_another_kind_are_no_data():
    with pytest.raises(ad.ArgumentError) as caught:
        ad.grad(square, "x")
    assert "ad.grad(f)" not in str(caught.value)


def test_the_hessian_of_a_complex_number_is_still_found():
    np.testing.assert_array_equal(ad.hessian(lambda x: 1j * square(x))(X), 2j * np.eye(3))
