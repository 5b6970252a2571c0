"""What newcomers write by mistake is answered with the line to write instead."""

import math

import numpy as np
import pytest

import dragongrad as ad


def times(x, y):
    return x * y


def square(x):
    return np.sum(x**2)


def without_return(x):
    np.sum(x**2)


def branching(x):
    return np.sum(x) if x > 0 else 0.0


def asked_to_differentiate(x):
    x.requires_grad = True
    return np.sum(x)


def added_to(x):
    OUTSIDE[0] = x[0]
    return np.sum(OUTSIDE)


def counted(x):
    return sum(x for _ in range(x))


X = np.ones(3)
OUTSIDE = np.zeros(3)
RNG = np.random.default_rng(0)
HERE = r"(?s)test_hints\.py:\d+.*"


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: ad.grad(square, X), ad.ArgumentError, r"ad\.grad\(f\)\(x\), not ad\.grad\(f, x\)"),
        (lambda: ad.value_and_grad(square, 2.0), ad.ArgumentError, r"ad\.value_and_grad\(f\)\(x\), not"),
        (lambda: ad.jacobian(square, [1.0, 2.0]), ad.ArgumentError, r"ad\.jacobian\(f\)\(x\), not"),
        (lambda: ad.hessian(square, {"a": 1.0}), ad.ArgumentError, r"ad\.hessian\(f\)\(x\), not"),
        (lambda: ad.elementwise_grad(np.tanh, X), ad.ArgumentError, r"ad\.elementwise_grad\(f\)\(x\), not"),
        (lambda: ad.hessian(lambda x: x)(X), ad.NotScalarError, r"^hessian needs one number.*\(3,\)"),
        (lambda: ad.hessian(lambda x: "one")(X), ad.NotScalarError, "(?s)^hessian needs one number.*has_aux"),
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
        (
            lambda: ad.vmap(lambda x: x[int(np.argmax(x))])(X[None]),
            ad.ConversionError,
            r"Under vmap.*x\[np\.argmax",
        ),
        (lambda: ad.vmap(lambda x: x.item())(X), ad.ConversionError, "Leave it out"),
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


@pytest.mark.parametrize("transform", [ad.grad, ad.value_and_grad, ad.jacobian, ad.jacfwd, ad.jacrev, ad.hessian])
@pytest.mark.parametrize("wrap", [lambda f: f, ad.compile], ids=["eager", "compiled"])
def test_a_forgotten_return_is_asked_for(transform, wrap):
    with pytest.raises(ad.NotScalarError, match=HERE + "Is its return missing"):
        wrap(transform(without_return))(X)


@pytest.mark.parametrize(
    "call",
    [
        lambda: ad.derivative(without_return)(1.0),
        lambda: ad.derivative(without_return, order=2)(1.0),
        lambda: ad.hvp(without_return, X, X),
        lambda: ad.graph(without_return, X),
        lambda: ad.trace_table(without_return, X),
        lambda: ad.explore(without_return, X),
        lambda: ad.minimize(without_return, X),
    ],
)
def test_a_forgotten_return_is_asked_for_elsewhere_too(call):
    with pytest.raises(ValueError, match=HERE + "Is its return missing") as caught:
        call()
    assert isinstance(caught.value, ad.DragongradError)


# What other libraries have, and what is written here; each with the user's line.
ABSENT = [
    (lambda x: x.at[0].set(1.0).sum(), r"JAX.*x\[i\] = v"),
    (lambda x: np.zeros(3).at[0].set(x[0]).sum(), r"JAX.*x\[i\] = v"),
    (lambda x: (x.detach() * x).sum(), r"PyTorch.*ad\.stop_gradient"),
    (lambda x: x.sum().backward(), r"ad\.grad\(f\)\(x\)"),
    (lambda x: np.sum(x.numpy() * x), "x itself"),
    (asked_to_differentiate, "argnums="),
    (lambda x: x.append(1.0), r"np\.append"),
    (lambda x: np.sum(np.relu(x)), r"nn\.relu"),
]


@pytest.mark.parametrize(("f", "words"), ABSENT)
@pytest.mark.parametrize("transform", [ad.grad, ad.jacfwd, ad.hessian, lambda f: ad.vmap(ad.grad(f))])
def test_names_of_other_libraries_are_translated(transform, f, words):
    x = np.ones((2, 3)) if transform not in (ad.grad, ad.jacfwd, ad.hessian) else X
    with pytest.raises(ad.AbsentError, match=HERE + words):
        transform(f)(x)


@pytest.mark.parametrize(
    ("f", "cure"),
    [
        (lambda x: x.at[0].set(1.0), "Write x[i] = v, or x[i] += v: elements are assigned as in NumPy"),
        (lambda x: np.concatenate([x, x], dim=0), "Write axis=, as in NumPy"),
    ],
)
def test_a_compiled_function_that_fails_as_python_has_it_says_what_to_write(f, cure):
    with pytest.raises((AttributeError, TypeError), match=r"'(at|dim)'") as caught:
        ad.compile(f)(X)
    assert caught.value.__notes__ == [cure]


def test_names_of_other_libraries_are_still_not_there():
    def f(x):
        assert not any(hasattr(x, name) for name in ("at", "detach", "numpy", "requires_grad"))
        return np.sum(x)

    assert ad.grad(f)(X).tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize(
    ("f", "error", "words"),
    [
        (lambda x: np.sum(x, dim=0), ad.DtypeError, "Write axis="),
        (lambda x: x.sum(0, keepdim=True)[0], ad.DtypeError, "Write keepdims="),
        (lambda x: np.sum(np.concatenate([x, x], dim=0)), ad.DtypeError, "Write axis="),
        (lambda x: ad.softmax(x, dim=0)[0], ad.DtypeError, "Write axis="),
        (lambda x: np.sum(x ^ 2), ad.DtypeError, r"x \*\* y for powers"),
        (lambda x: np.sum(x + None), ad.DtypeError, "lack its return"),
        (lambda x: np.sum(x * "a"), ad.DtypeError, r"float\(text\)"),
        (lambda x: np.sum(np.ones((4, 2)) @ x), ad.ShapeError, "of the first, 2, and the first of the second, 3,"),
        (
            lambda x: np.sum(x @ np.ones((2, 4, 5))),
            ad.ShapeError,
            "first, 3, and the last axis but one of the second, 4",
        ),
        (lambda x: x @ 2.0, ad.ShapeError, r"x \* y"),
        (lambda x: np.sum(x + np.ones(2)), ad.ShapeError, r"x\[:, None\]"),
        (lambda x: np.sum(np.concatenate([x[0], x[1]])), ad.ShapeError, r"np\.stack"),
        (lambda x: np.sum(np.concatenate(x, x)), ad.NoRuleError, r"np\.concatenate\(\[x, y\]\)"),
        (lambda x: np.sum(np.stack(x, x)), ad.NoRuleError, r"np\.stack\(\[x, y\]\)"),
        (branching, ad.ShapeError, r"np\.where"),
        (lambda x: np.sum(x) if x else 0.0, ad.ShapeError, r"np\.where"),
        (lambda x: math.sin(x[0]), ad.ConversionError, r"Write np\.sin\."),
        (lambda x: x.sum().item(), ad.ConversionError, "Leave it out"),
        (lambda x: float(x[0]), ad.ConversionError, "Leave the conversion out"),
        (lambda x: np.mean(RNG.normal(x[0], 1.0, size=9)), ad.ConversionError, r"m \+ s \* rng\.normal"),
        (lambda x: counted(x[0]), ad.ConversionError, "plain integer"),
        (lambda x: np.sum(np.zeros(x[0])), ad.ConversionError, "plain integers"),
        (added_to, ad.ConversionError, r"np\.array\(a\)"),
    ],
)
@pytest.mark.parametrize("transform", [ad.grad, ad.jacfwd])
def test_mistakes_within_the_function_are_answered(transform, f, error, words):
    with pytest.raises(error, match=HERE + words):
        transform(f)(X)


def test_keywords_of_functions_of_the_users_own_are_left_to_python():
    def layer(x):
        return x

    with pytest.raises(TypeError, match="dim") as caught:
        ad.grad(lambda x: np.sum(layer(x, dim=0)))(X)
    assert not isinstance(caught.value, ad.DragongradError)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: ad.grad(square)(None), "'x'.* is None"),
        (lambda: ad.grad(square(X)), r"ad\.grad\(f\)\(x\), not ad\.grad\(f\(x\)\)"),
        (lambda: ad.derivative(np.sin, 2)(1.0), r"ad\.derivative\(f, order=2\)"),
    ],
)
def test_mistakes_of_the_call_are_answered(call, words):
    with pytest.raises(ad.DragongradError, match=words):
        call()


@pytest.mark.parametrize(("name", "words"), [("backward", r"compute_gradients"), ("grad", r"x\.gradient")])
def test_a_variable_of_the_classic_interface_knows_them_too(name, words):
    with pytest.raises(ad.AbsentError, match=HERE + words):
        getattr(ad.Variable([1.0, 2.0]) * 2, name)
    assert not hasattr(ad.Variable(1.0), name)
