"""Ties, zeros, infinities and NaN: what we promise there."""

import itertools

import numpy as np
import pytest
from grid import BACKENDS

import dragongrad as ad
from dragongrad.testing import check_derivatives

GUARDED = [
    (lambda x: np.where(x > 0, np.sqrt(x), 0.0), [0.0, 4.0], [0, 0.25]),
    (lambda x: np.where(x > 0, np.log(x), 0.0), [0.0, 2.0], [0, 0.5]),
    (lambda x: np.where(x > 0, 1 / x, 0.0), [0.0, 2.0], [0, -0.25]),
    (lambda x: np.where(x > 0, x**0.5, 0.0), [0.0, 4.0], [0, 0.25]),
    (lambda x: np.where(x < 1, np.arcsin(x), 0.0), [1.0, 0.0], [0, 1]),
    (lambda x: np.where(x < 1, np.arctanh(x), 0.0), [1.0, 0.0], [0, 1]),
    (lambda x: np.where(x > 0, np.cbrt(x), x), [0.0, 8.0], [1, 1 / 12]),
    (lambda x: np.where(x > 0, x * np.log(x), 0.0), [0.0, 1.0], [0, 1]),
    (lambda x: np.where(np.abs(x) > 0, np.sin(x) / x, 1.0), [0.0, np.pi], [0, -1 / np.pi]),
    (lambda x: np.where(x > 0, np.sqrt(np.sqrt(x)), 0.0), [0.0, 1.0], [0, 0.25]),
    (lambda x: np.sqrt(np.maximum(x, 0)), [-1.0, 4.0], [0, 0.25]),
    (lambda x: np.clip(np.log(x), -10, None), [0.0, 2.0], [0, 0.5]),
    (lambda x: np.sqrt(x**2), [0.0, 2.0], [0, 1]),
    (lambda x: np.sqrt(np.abs(x)) * np.array([0, 1]), [0.0, 4.0], [0, 0.25]),
]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(("f", "x", "expected"), GUARDED)
def test_strong_zeros(f, x, expected):
    x, expected = np.array(x), np.array(expected)

    def total(x):
        return np.sum(f(x))

    np.testing.assert_allclose(ad.grad(total)(x), expected, atol=1e-15)
    np.testing.assert_allclose(ad.jvp(f, (x,), (np.ones(2),))[1], expected, atol=1e-15)
    np.testing.assert_allclose(ad.jacfwd(f)(x), np.diag(expected), atol=1e-15)
    np.testing.assert_allclose(ad.jacrev(f)(x), np.diag(expected), atol=1e-15)
    np.testing.assert_allclose(ad.vmap(ad.grad(total))(np.stack([x, x])), [expected] * 2, atol=1e-15)
    for hessian in (ad.hessian, lambda f: ad.jacrev(ad.grad(f)), lambda f: ad.jacfwd(ad.jacfwd(f))):
        assert not np.any(np.isnan(hessian(total)(x)))


@pytest.mark.parametrize(
    ("f", "x", "expected"),
    [
        (lambda x: np.maximum(x[0], x[1]), [1.0, 1.0], [0.5, 0.5]),
        (lambda x: np.minimum(x[0], x[1]), [1.0, 1.0], [0.5, 0.5]),
        (lambda x: np.max(x), [2.0, 1.0, 2.0], [0.5, 0, 0.5]),
        (lambda x: np.min(x), [1.0, 1.0, 1.0], [1 / 3] * 3),
        (lambda x: np.sum(np.abs(x)), [0.0, -1.0], [0, -1]),
        (lambda x: np.linalg.norm(x), [0.0, 0.0], [0, 0]),
        (lambda x: np.hypot(x[0], x[1]), [0.0, 0.0], [0, 0]),
        (lambda x: np.sum(np.sinc(x)), [0.0, 1.0], [0, -1]),
        (lambda x: np.sum(np.sign(x)), [0.0, 3.0], [0, 0]),
        (lambda x: np.sum(np.floor(x) + np.round(x)), [1.0, 2.5], [0, 0]),
        (lambda x: np.prod(x), [0.0, 3.0, 2.0], [6, 0, 0]),
        (lambda x: np.prod(x), [0.0, 0.0, 2.0], [0, 0, 0]),
        (lambda x: np.sum(x**2), [0.0, 1.0], [0, 2]),
        (lambda x: np.sum(x**0), [0.0, 1.0], [0, 0]),
        (lambda x: np.sum(x**1), [0.0, 1.0], [1, 1]),
        (lambda x: np.sum(0.0**x), [1.0, 2.0], [0, 0]),
        (lambda x: np.std(x), [1.0, 1.0], [0, 0]),
        (lambda x: np.logaddexp(x[0], x[1]), [-np.inf, 0.0], [0, 1]),
        (lambda x: ad.logsumexp(x), [-np.inf, 0.0], [0, 1]),
        (lambda x: ad.logsumexp(x), [1000.0, 1000.0], [0.5, 0.5]),
        (lambda x: np.sum(ad.logistic(x)), [-1000.0, 1000.0], [0, 0]),
        (lambda x: np.sum(np.tanh(x)), [-1e6, np.inf], [0, 0]),
        (lambda x: np.sum(np.exp(-x)), [np.inf, 0.0], [0, -1]),
        (lambda x: np.sum(np.arctan(x)), [np.inf, 0.0], [0, 1]),
        (lambda x: np.sum(np.clip(x, 0.0, 1.0)), [-1.0, 0.5, 2.0], [0, 1, 0]),
        (lambda x: np.nansum(x), [np.nan, 2.0], [0, 1]),
        (lambda x: np.nanmean(x**2), [np.nan, 3.0], [0, 6]),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_promised_values(f, x, expected):
    x = np.array(x)
    np.testing.assert_allclose(ad.grad(f)(x), expected, atol=1e-15)
    got = [ad.jvp(f, (x,), (e,))[1] for e in np.eye(len(x))]
    np.testing.assert_allclose(got, expected, atol=1e-15)


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda x: np.sum(np.abs(x)), [0.0, -1.0]),
        (lambda x: np.sum(np.logaddexp(x, 0.0)), [-np.inf, np.inf]),
    ],
)
def test_second_order_at_edges(f, x):
    for hessian in (ad.hessian, lambda f: ad.jacrev(ad.grad(f)), lambda f: ad.jacfwd(ad.jacfwd(f))):
        np.testing.assert_array_equal(hessian(f)(np.array(x)), 0.0)


@pytest.mark.parametrize(
    "f", [np.sum, np.max, np.nanmean, lambda x, axis: ad.softmax(x, axis), np.cumsum, np.argmax]
)
@pytest.mark.parametrize("axis", [0, -1, None])
def test_numbers_under_vmap_have_no_axis(f, axis):
    xs = np.array([0.5, -1.0, 2.0])
    np.testing.assert_allclose(ad.vmap(lambda x: f(x, axis=axis))(xs), np.stack([f(x, axis=axis) for x in xs]))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_no_elements_and_zero_divisors_as_numpy_has_them():
    assert ad.grad(lambda x: x / 0)(1.0) == np.inf
    empty = np.zeros((0, 3))
    assert ad.vjp(lambda x: np.max(x, initial=1.5), empty)[0] == 1.5
    np.testing.assert_array_equal(ad.vjp(lambda x: np.min(x, axis=0, initial=1.5), empty)[0], np.full(3, 1.5))
    assert np.isnan(ad.vjp(np.mean, empty)[0])
    assert ad.jvp(np.unwrap, (empty.T,), (empty.T,))[1].shape == (3, 0)
    assert ad.vmap(np.linalg.svdvals)(np.zeros((2, 0, 0))).shape == (2, 0)


@pytest.mark.parametrize("shape", [(0, 3), (0, 0), (2, 0), (3,), (0,), (2, 0, 3), (0, 2, 3)], ids=str)
@pytest.mark.parametrize("backend", BACKENDS)
def test_places_beside_an_empty_array_are_taken_where_numpy_takes_them(shape, backend):
    x = np.zeros(shape)
    for axis, condition in itertools.product((None, *range(len(shape))), ([True], [0, 0, 0, 1], [False], [])):
        for f in (
            lambda y, axis=axis, condition=condition: np.compress(condition, y, axis=axis),
            lambda y, axis=axis, condition=condition: np.take(y, np.nonzero(condition)[0], axis=axis),
            lambda y, axis=axis, condition=condition: np.take(y, np.nonzero(condition)[0], axis=axis, mode="clip"),
        ):
            runs = [lambda x, f=f: ad.jvp(f, (x,), (x,))[0], lambda x, f=f: ad.vmap(f)(np.stack([x, x]))[1],
                    lambda x, f=f: ad.jacrev(f)(x)[..., *[0] * x.ndim] if x.size else ad.vjp(f, x)[0],
                    ad.compile(f, backend=backend)]  # fmt: skip
            try:
                expected = f(x)
            except IndexError:
                for run in runs:
                    with pytest.raises(IndexError):
                        run(x)
                continue
            for run in runs:
                assert run(x).shape == expected.shape


# A label has length one in one array, and another, perhaps none, in the others.
STRETCHED = [("i,ij,j", (0,), (1, 1), (0,)), ("ij,jk", (2, 1), (0, 2)), ("ij,ij->j", (1, 4), (0, 1)),
             ("i,ij,j", (1,), (4, 4), (1,)), ("ij,ij->ij", (1, 3), (2, 1))]  # fmt: skip


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(("text", "shapes"), [(t, s) for t, *s in STRETCHED])
def test_labels_that_einsum_stretches(text, shapes):
    f = lambda *given: np.einsum(text, *given)
    for values in ([1.0, -2.0, 0.5], [np.inf, np.nan]):
        given = tuple(np.resize(np.roll(values, k), shape) for k, shape in enumerate(shapes))
        compiled = ad.compile(f, backend="numpy")
        for got in (ad.jvp(f, given, given)[0], ad.vjp(f, *given)[0], compiled(*given), compiled(*given)):
            np.testing.assert_allclose(got, f(*given))
        if np.isfinite(values).all():
            check_derivatives(f, *given)


def test_the_angle_of_real_numbers_is_constant():
    x = np.array([-2.0, 0.0, -0.0, 3.0])
    for f in (np.angle, lambda x: np.angle(x, deg=True)):
        total = lambda x, f=f: np.sum(f(x) * np.arange(1.0, 5.0))
        for second in (ad.hessian(total), ad.compile(ad.hessian(total)), ad.jacfwd(ad.jacfwd(total))):
            np.testing.assert_array_equal(second(x), np.zeros((4, 4)))
        np.testing.assert_array_equal(ad.vmap(f)(x), f(x))
        np.testing.assert_array_equal(ad.compile(f)(x), f(x))


@pytest.mark.parametrize("dtype", [np.complex64, np.complex128])
@pytest.mark.parametrize("backend", BACKENDS)
def test_the_sign_of_infinite_complex_numbers(backend, dtype):
    """Where one part is infinite alone, it is that direction; no warning is given."""
    parts = [0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan]
    z = np.array([complex(a, b) for a, b in itertools.product(parts, parts)]).astype(dtype)
    with np.errstate(all="ignore"):
        expected = np.sign(z)
        compiled = ad.compile(np.sign, backend=backend)
        for got in (ad.jvp(np.sign, (z,), (z,))[0], ad.vmap(np.sign)(z), compiled(z), compiled(z)):
            assert got.dtype == dtype
            np.testing.assert_allclose(got, expected, rtol=1e-6 if dtype is np.complex64 else 1e-14)
    infinite = np.array([complex(np.inf, 1.0), complex(2.0, -np.inf)])
    weighted = lambda z: np.sum(np.real(np.sign(z)) + 2 * np.imag(np.sign(z)))
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(ad.grad(weighted)(infinite), [0, 0])
        np.testing.assert_array_equal(ad.jvp(np.sign, (infinite,), (np.ones(2, complex),))[1], [0, 0])


def test_nan_in_nan_out():
    gradient = ad.grad(lambda x: np.sum(np.sin(x) * x))(np.array([np.nan, 0.0]))
    assert np.isnan(gradient[0])
    assert gradient[1] == 0


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_true_infinity_stays():
    assert ad.grad(lambda x: np.sqrt(x))(0.0) == np.inf
    assert ad.grad(lambda x: 1 / x)(0.0) == -np.inf
    assert ad.jvp(np.sqrt, (0.0,), (1.0,))[1] == np.inf


# What asks how the memory lies is answered where that makes no difference, and refused elsewhere

GRID = np.arange(6.0).reshape(2, 3)
LAYOUTS = {
    "ravel": lambda x, order: np.ravel(x.T, order=order),
    "method": lambda x, order: x.T.ravel(order),
    "flatten": lambda x, order: x.T.flatten(order),
    "reshape": lambda x, order: np.reshape(x.T, (1, -1), order),
}


@pytest.mark.filterwarnings("ignore::dragongrad.CompileWarning")
@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.parametrize("order", [None, "C", "f", "A", "K", "Z"])
def test_the_order_of_elements(name, order):
    f = lambda x: LAYOUTS[name](x, order)
    runs = (
        lambda x: ad.jvp(f, (x,), (x,))[0],
        lambda x: ad.vjp(f, x)[0],
        lambda x: ad.vmap(f)(np.stack([2 * x, x]))[1],
    )
    invalid = order == "Z" or (order, name) == ("K", "reshape")
    for run in runs:
        if invalid or order in ("A", "K"):
            with pytest.raises(ValueError if invalid else ad.NoRuleError, match="order") as found:
                run(GRID)
            assert isinstance(found.value, ad.DragongradError)
        else:
            np.testing.assert_array_equal(run(GRID), f(GRID))
        if not invalid:
            np.testing.assert_array_equal(run(GRID[:1]), f(GRID[:1]))
    if not invalid:
        for compiled in (ad.compile(f), ad.compile(f, backend="numpy")):
            np.testing.assert_array_equal(compiled(GRID), f(GRID))
            np.testing.assert_array_equal(compiled(GRID), f(GRID))


@pytest.mark.parametrize(
    "use", [lambda x: x.copy("Z"), lambda x: x.astype(float, order="Z"), lambda x: np.copy(x, "Z")]
)
def test_an_order_that_numpy_does_not_know(use):
    with pytest.raises(ad.ShapeError, match="order"):
        ad.jvp(use, (GRID,), (GRID,))


@pytest.mark.parametrize("shape", [(-5,), (0, -1), (-1, 2), 6, (3, -2), (5, -1), (), (-1, -1), (4,)])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("x", [GRID, np.zeros((0, 3)), np.ones(())], ids=["six", "none", "one"])
def test_open_axes(x, shape, order):
    f = lambda x: np.reshape(x, shape, order)
    try:
        expected = f(x)
    except ValueError:
        for run in (lambda: ad.jvp(f, (x,), (x,)), lambda: ad.vmap(f)(np.stack([x, x]))):
            with pytest.raises(ad.ShapeError):
                run()
        return
    np.testing.assert_array_equal(ad.jvp(f, (x,), (x,))[1], expected)
    np.testing.assert_array_equal(ad.vmap(f)(np.stack([x, 2 * x])), np.stack([expected, 2 * expected]))


def test_a_cast_that_a_rule_forbids():
    with pytest.raises(ad.DtypeError, match=r"astype(.|\n)*safe(.|\n)*test_edges"):
        ad.jvp(lambda x: x.astype(np.float32, casting="safe"), (GRID,), (GRID,))


# debug_nans


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
class TestDebugNans:
    def test_forward_names_block_and_line(self):
        def f(x):
            y = x - 1.0
            return np.sum(np.log(y))  # the guilty line

        with (
            ad.debug_nans(),
            pytest.raises(ad.NonFiniteError, match=r"(?s)log made an infinity \(forward\).*guilty"),
        ):
            ad.grad(f)(np.array([1.0, 2.0]))

    def test_backward_names_block_and_line(self):
        def f(x):
            return np.sum(np.sqrt(x))  # the guilty line

        with ad.debug_nans(), pytest.raises(ad.NonFiniteError, match=r"(?s)sqrt made .*\(backward\).*guilty"):
            ad.grad(f)(np.array([0.0, 2.0]))

    def test_tangents(self):
        with ad.debug_nans(), pytest.raises(ad.NonFiniteError, match="tangent"):
            ad.jvp(np.sqrt, (0.0,), (1.0,))

    def test_what_was_in_the_input_is_no_alarm(self):
        with ad.debug_nans():
            assert np.isnan(ad.grad(lambda x: np.sin(x))(np.nan))

    def test_strong_zeros_are_no_alarm(self):
        with ad.debug_nans():
            gradient = ad.grad(lambda x: np.sum(np.where(x > 0, np.sqrt(x), 0.0)))(np.array([0.0, 4.0]))
        np.testing.assert_array_equal(gradient, [0, 0.25])

    def test_off_again_outside(self):
        with ad.debug_nans():
            pass
        assert ad.grad(np.sqrt)(0.0) == np.inf

    def test_finite_code_is_untouched(self):
        x = np.array([0.5, 1.0])
        plain = ad.hessian(lambda x: np.prod(np.sin(x)))(x)
        with ad.debug_nans():
            np.testing.assert_array_equal(ad.hessian(lambda x: np.prod(np.sin(x)))(x), plain)


# As many axes as an array can have

MANY = np.full((1,) * 63 + (2,), 0.5)


@pytest.mark.parametrize(
    "run",
    [
        lambda: ad.jacfwd(lambda x: x * x)(MANY),
        lambda: ad.hessian(lambda x: np.sum(x * x))(MANY),
        lambda: ad.jacrev(lambda x: x * x)(MANY),
        lambda: ad.jacobian(lambda x: np.sum(x * x))(MANY),
        lambda: ad.vmap(lambda a: MANY)(np.ones(2)),
        lambda: ad.vmap(lambda a: MANY * a)(np.ones(2)),
        lambda: ad.grad(lambda x: np.sum(np.stack([x, x])))(MANY),
    ],
)
def test_one_axis_too_many_is_an_error_that_says_so(run):
    with pytest.raises(ad.DragongradError, match=r"64(.|\n)*test_edges"):
        run()


@pytest.mark.filterwarnings("ignore::dragongrad.CompileWarning")
def test_many_axes():
    f = lambda x: np.sum(np.sin(x) * np.sort(x, -1)) + np.sum(np.tile(x, 3)) + np.sum(np.repeat(x, 2, -1) ** 2)
    expected = ad.grad(lambda x: f(x[None]))(MANY.reshape(2)).reshape(MANY.shape)
    np.testing.assert_allclose(ad.grad(f)(MANY), expected, rtol=1e-14)
    for _ in range(2):
        np.testing.assert_allclose(ad.compile(ad.grad(f))(MANY), expected, rtol=1e-14)
