"""Arguments as NumPy reads them: the same value, shape and dtype, or the same refusal."""

import operator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import dragongrad as ad

# Older NumPy takes a float64 scalar for a number without a precision here, though not in np.percentile.
FROM_2_4 = pytest.mark.skipif(np.lib.NumpyVersion(np.__version__) < "2.4.0", reason="NumPy's own change")
X = np.random.default_rng(8).normal(size=(2, 3, 4))


def under(f, x):
    """The value under reverse mode, under forward mode, and of the program that the first call has compiled."""
    compiled = ad.compile(f, backend="numpy")
    compiled(x)
    return ad.vjp(f, x)[0], ad.jvp(f, (x,), (x,))[0], compiled(x)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.sum(x, axis=0, keepdims=1),
        lambda x: np.median(x, axis=1, keepdims=1),
        lambda x: np.std(x, axis=(0, -1), keepdims=1),
        lambda x: np.linalg.norm(x, axis=0, keepdims=1),
        lambda x: x.compress([True, False, True], axis=1),
        lambda x: np.diff(x, 0, prepend=1.0),
        lambda x: np.vecdot(x, x, axis=0),
        lambda x: np.logspace(0, 1, 3, base=x[0] ** 2 + 1),
        lambda x: x[[]],
        lambda x: np.take(x, [], axis=1),
        lambda x: x.mT,
        lambda x: x.real + x.imag,
        lambda x: x.astype(float, copy=False),
        lambda x: np.prod(x[0, 0, 0], axis=0),
        lambda x: np.linspace(x, -3.0, 4, dtype=int) * x,
        lambda x: np.quantile(x, [0.1, 0.7], axis=1, method="nearest"),
        pytest.param(lambda x: np.quantile(x, np.float64(0.3), axis=1), marks=FROM_2_4),
        lambda x: np.average(x, axis=1, returned=True)[1],
        lambda x: np.sum(x, axis=np.int64(1)) + np.mean(x, axis=np.array(1)),
        lambda x: np.transpose(x[0, 0], 0) + x[0, 0].transpose(np.int64(0)),
        lambda x: np.roll(x, [1, 2], axis=[0, 0]) + np.roll(x, (1, 0), (0, 1)) + np.roll(x, 1, {0, 1}),
        lambda x: np.fft.fftshift(x, [0, -1]) + np.fft.ifftshift(x, 1) + np.fft.fftshift(x, ()),
        lambda x: np.expand_dims(x, [0, 2]) + np.tensordot(x, True, axes=0),
        lambda x: np.clip(x, -1.0, 0.5, order="F") + np.clip(x, min=0, subok=False, where=True),
        lambda x: np.cumulative_sum(x, axis=(0,)) + np.multiply.accumulate(x, axis=(np.int64(-1),)),
        lambda x: np.maximum.reduceat(x, [0, 1], axis=(1,)),
        lambda x: np.tensordot(x, np.ones((4, 2)), axes=np.array(1)),
        lambda x: np.cumsum(x, axis=1, dtype=">f8") + np.cumprod(x, axis=1, dtype=">f8"),
        lambda x: np.trace(x, dtype=">f8"),
        lambda x: np.linalg.vector_norm(x, axis=0, keepdims="yes"),
        lambda x: np.any(x > 1, axis=0, where=x[:, :1] > 0) * x[0],
        lambda x: np.all(x > -1, where=[True, False, True, True], keepdims=True) * x,
        lambda x: (x[0] > 0).any(axis=1, where=x[0] < 1) * x[0, :, 0] + np.logical_and.reduce(x, where=x < 0)[0, 0],
        lambda x: np.linalg.svd(x[0, :2, :2] * 0, hermitian=True).Vh,
    ],
)
def test_like_numpy(f, dtype):
    x = X.astype(dtype)
    for value in under(f, x):
        np.testing.assert_allclose(value, f(x), rtol=1e-5)
        assert np.asarray(value).dtype == np.asarray(f(x)).dtype


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.prod(x, axis=5),
        lambda x: np.prod(x, axis=[0]),
        lambda x: np.squeeze(x[:1], axis=[0]),
        lambda x: np.squeeze(x[:1], axis=b""),
        lambda x: np.expand_dims(x, {0}),
        lambda x: np.expand_dims(x, ""),
        lambda x: np.fft.fftn(x, axes={0}),
        lambda x: np.fft.fft2(x, axes="01"),
        lambda x: np.fft.ifftshift(x[0, 0, 0], axes=""),
        lambda x: np.roll(x, [[1]]),
        lambda x: x.transpose(""),
        lambda x: np.tensordot(x, {1, 2}, axes=0),
        lambda x: np.tensordot(x, x, axes={}),
        lambda x: np.cumprod(x, axis=-4),
        lambda x: np.median(x, axis=(0, 0)),
        lambda x: np.take(x, [0], axis=3),
        lambda x: np.repeat(x, 2, axis=3),
        lambda x: np.diff(x, axis=3),
        lambda x: np.gradient(x, axis=3),
        lambda x: np.linalg.norm(x, axis=3),
        lambda x: np.rot90(x, 1, (0, 0)),
        lambda x: np.linspace(x, 1.0, -1),
        lambda x: np.choose([[[0, 1, -1, 0]]], [x, x]),
        lambda x: np.clip(x, 0.0, 1.0, min=0.0),
        lambda x: np.select([x], [x]),
        lambda x: np.average(x, axis=2, weights=np.zeros(4)),
        lambda x: np.linalg.cross(x[..., :2], x[..., 2:]),
        lambda x: np.linalg.matrix_power(x[:, :, :3], 2.0),
        lambda x: np.einsum("...i->i", x),
        lambda x: np.einsum("ii->i", x[0, :1]),
        lambda x: np.polyder(x[0, 0], -1),
        lambda x: np.interp(x, [0.0, 1.0], [0.0, 1.0], period=0),
        lambda x: np.put(x[:0] * 1.0, [0, 0], []),
    ],
)
def test_refused_as_by_numpy(f):
    for call in (lambda: f(X), lambda: ad.vjp(f, X), lambda: ad.jvp(f, (X,), (X,))):
        with pytest.raises((ValueError, IndexError, TypeError, ZeroDivisionError)):
            call()


def test_whole_numbers_are_constants():
    x = np.array([1.5, -2.5])
    for f in (lambda x: x.astype(int) * x, lambda x: np.cumsum(x, dtype=int)[0] * x):
        slope = ad.jacfwd(f)(x)
        np.testing.assert_array_equal(slope, ad.jacrev(f)(x))
        np.testing.assert_array_equal(np.diag(slope), f(x) / x)


def test_a_method_writes_into_no_plain_array():
    outside = np.zeros(4)
    with pytest.raises(ad.ConversionError, match="drop out="):
        ad.grad(lambda x: np.sum(x.sum(axis=0, out=outside)))(X)


def test_out_keeps_its_shape_and_dtype():
    def add(x, y):
        np.add(x, 1.0, out=y)
        return y

    x = X.astype(np.float32)
    out, dot = ad.jvp(lambda x: add(x, np.zeros((2, 2, 3, 4), like=x)), (x,), (x,))
    np.testing.assert_array_equal(out, add(x, np.zeros((2, 2, 3, 4))))
    assert out.dtype == dot.dtype == np.float64
    with pytest.raises(ValueError, match="broadcast"):
        ad.grad(lambda x: np.sum(add(x, np.zeros(3, like=x))))(X)
    with pytest.raises(ad.DtypeError, match="cannot write"):
        ad.grad(lambda x: np.sum(add(x, np.zeros(X.shape, dtype=int, like=x))))(X)


def test_norms_of_whole_numbers_are_inexact_under_every_transform():
    x = np.arange(6).reshape(2, 3)
    for order in (0, 1, 2, np.inf):
        for f in (
            lambda r, order=order: np.linalg.vector_norm(r, ord=order),
            lambda r, order=order: np.linalg.norm(r, order),
        ):
            expected = np.stack([f(r) for r in x])
            assert ad.vmap(f)(x).dtype == expected.dtype
            np.testing.assert_allclose(ad.vmap(f)(x), expected)


def test_geometric_sequences_of_infinities_and_nan_are_those_of_numpy():
    x = np.array([np.inf, -np.inf, np.nan, 2.0, -3.0])
    with np.errstate(all="ignore"):
        for f in (
            lambda a: np.geomspace(a, 5.0, 3),
            lambda a: np.geomspace(2.0, a, 3),
            lambda a: np.geomspace(a, a * 2, 2),
        ):
            for value in under(f, x):
                np.testing.assert_allclose(value, f(x), rtol=1e-12)


LISTS = {
    "grad": ad.grad,
    "value_and_grad": ad.value_and_grad,
    "jacfwd": ad.jacfwd,
    "jacrev": ad.jacrev,
    "hessian": ad.hessian,
    "jvp": lambda f: lambda x: ad.jvp(f, (x,), (x,)),
    "vjp": lambda f: lambda x: ad.vjp(f, x)[1](1.0),
    "linearize": lambda f: lambda x: ad.linearize(f, x)[1](x),
    "compiled": lambda f: ad.compile(ad.grad(f), backend="numpy"),
    "inside": lambda f: ad.jacfwd(lambda x: ad.grad(f)([x[0], x[1] * 2])),
    "rows": lambda f: lambda x: ad.vmap(lambda a: ad.grad(f)([a, a]))(np.array(x)),
}


@pytest.mark.parametrize("name", LISTS)
def test_a_list_of_numbers_is_an_array(name):
    transformed = LISTS[name](lambda x: np.sum(np.sin(x) ** 2) * x[0])
    for x in ([1.0, 2.0], [1, 2]):
        for _ in range(2):
            got, expected = transformed(x), transformed(np.array(x, float))
            assert seen(got) == seen(expected)


def seen(nest):
    """A nest of arrays as something that compares classes, shapes and elements."""
    if isinstance(nest, (tuple, list)):
        return type(nest), [seen(part) for part in nest]
    return type(nest), np.shape(nest), np.asarray(nest).tolist()


def test_other_lists_are_nests():
    product = ad.grad(lambda p: np.sum(p[0] * p[1]))
    assert [np.shape(g) for g in product([np.ones(2), np.ones(2)])] == [(2,), (2,)]
    assert [np.shape(g) for g in product([2.0, np.ones(2)])] == [(), (2,)]
    assert product((2.0, 3.0)) == (3.0, 2.0)
    assert product({0: 2.0, 1: 3.0}) == {0: 3.0, 1: 2.0}
    assert ad.grad(lambda m: np.sum(m @ m))([[1.0, 2.0], [3.0, 4.0]]).tolist() == [[7.0, 11.0], [9.0, 13.0]]
    with pytest.raises(ad.ShapeError, match=r"argument 0 \('p'\) is a list of lists of different lengths"):
        product([[1.0, 2.0], [3.0]])


@dataclass
class Layer:
    w: Any
    stride: int = 2
    activation: Any = "relu"
    scale: float = 1


@pytest.mark.parametrize("activation", ["relu", np.tanh, len])
@pytest.mark.parametrize("compiled", [False, True])
def test_whole_numbers_and_names_in_dataclasses_are_not_trained(activation, compiled):
    def loss(p):
        assert (type(p.stride), p.activation) == (int, activation)
        return np.sum((p.w[:: p.stride] * p.scale - 3) ** 2)

    def wrap(f):
        return ad.compile(f, backend="numpy") if compiled else f

    layer = Layer(np.ones(4), activation=activation)
    for _ in range(2):
        got = wrap(ad.grad(loss))(layer)
        assert seen((got.stride, got.activation)) == seen((2, activation))
        assert got.w.tolist() == [-4, 0, -4, 0]
        assert got.scale == -8
    rows = wrap(ad.jacfwd(lambda p: p.w * p.stride))(layer)
    assert type(rows.stride) is int
    assert rows.w.tolist() == (2 * np.eye(4)).tolist()


def test_what_is_minimized_keeps_its_whole_numbers():
    found = ad.minimize(lambda p: np.sum((p.w[:: p.stride] * p.scale - 3) ** 2), Layer(np.ones(4))).x
    assert (type(found.stride), found.stride, found.activation) == (int, 2, "relu")
    assert np.shape(found.scale) == ()
    with pytest.raises(ad.DtypeError, match="Layer without parameters: whole numbers"):
        ad.grad(lambda p: p.stride**2)(Layer(3, scale=np.tanh))


NAMES = (
    "all", "any", "sum", "prod", "max", "min", "mean", "std", "var", "argmax", "argmin", "cumsum", "cumprod", "ptp",
    "nansum", "nanmax", "nanmean", "nanstd", "count_nonzero", "argsort", "concatenate",
)  # fmt: skip
OF_AN_AXIS = {name: lambda x, axis, name=name: getattr(np, name)(x, axis=axis) for name in NAMES} | {
    "take": lambda x, axis: np.take(x, [0], axis=axis), "repeat": lambda x, axis: np.repeat(x, 2, axis=axis),
    "compress": lambda x, axis: np.compress([True], x, axis=axis),
    "reduce": lambda x, axis: np.add.reduce(x, axis=axis),
}  # fmt: skip


@pytest.mark.parametrize("axis", [True, False, (True,)], ids=str)
@pytest.mark.parametrize("name", OF_AN_AXIS)
def test_a_truth_value_is_no_axis(name, axis):
    f, x = lambda x: OF_AN_AXIS[name](x, axis), np.ones((2, 3))
    for run in (f, lambda x: ad.jvp(f, (x,), (x,)), lambda x: ad.vmap(f)(x[None]), ad.compile(f), ad.vjp):
        with pytest.raises(TypeError):
            run(x) if run is not ad.vjp else ad.vjp(f, x)


@pytest.mark.parametrize("name", ["sum", "mean", "max", "prod", "var"])
def test_an_argument_of_another_library_is_refused_in_the_function_s_own_name(name):
    with pytest.raises(ad.DtypeError, match=rf" failed: {name}\(\) got an unexpected keyword argument 'dim'"):
        ad.grad(lambda x: getattr(x, name)(dim=0))(np.ones(3))


@pytest.mark.parametrize("where", [2, 1.5, [1, 0], [True, False], 0])
@pytest.mark.parametrize("fn", [np.mean, np.var, np.std])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_mean_counts_as_numpy_does_what_is_no_mask(fn, where):
    x = np.array([[1.0, 2.0], [4.0, 8.0]])
    f = lambda x: fn(x, axis=0, where=where)
    compiled = ad.compile(f)
    for got in (ad.jvp(f, (x,), (x,))[0], ad.vmap(f)(x[None])[0], compiled(x), compiled(x)):
        np.testing.assert_allclose(got, f(x))


def _written(x, write):
    y = np.array(x)
    write(y)
    return y


SINGLE, NONE, NUMBER = np.ones(3, np.float32), np.ones((0, 3)), np.float64(1.0)
REFUSED = {
    "norm of a list": (lambda x: np.linalg.norm(x, axis=[0]), X),
    "norm of an array": (lambda x: np.linalg.norm(x, axis=np.array([0, 1])), X),
    "norm that keeps a text": (lambda x: np.linalg.norm(x, axis=0, keepdims="yes"), X),
    "a mask of floats": (lambda x: np.sin(x, where=np.ones(x.shape), out=np.zeros(x.shape, like=x)), X),
    "a mask of whole numbers": (lambda x: np.var(x, where=np.ones(x.shape, int)), X),
    **{
        f"{fn.__name__} where={where!r:.20}": (lambda x, fn=fn, where=where: fn(x, where=where), X)
        for fn in (np.mean, np.var, np.std)
        for where in ("a", None, 10**30)
    },
    "a mean by a mask of floats": (lambda x: np.nanmean(x, where=np.ones(x.shape)), X),
    "norm of a truth": (lambda x: np.linalg.norm(x, axis=(True,)), X),
    "vector_norm of no list": (lambda x: np.linalg.vector_norm(x, axis=[]), X),
    "vector_norm of a float": (lambda x: np.linalg.vector_norm(x, axis=0.0, keepdims=True), X),
    "vecdot": (lambda x: np.vecdot(x, x, axis=(0,)), X),
    "vecdot of a truth": (lambda x: np.linalg.vecdot(x, x, axis=True), X),
    "cross": (lambda x: np.cross(x, x, axis=[1]), X),
    "tensorsolve": (lambda x: np.linalg.tensorsolve(x, x[0], axes=(-1,)), np.eye(2)[:, None]),
    "trapezoid": (lambda x: np.trapezoid(x, axis=True), X),
    "average of no rows": (lambda x: np.average(x, axis=1), NONE),
    "transpose": (lambda x: np.transpose(x, {0}), SINGLE),
    "argmax": (lambda x: np.argmax(x, axis=(0,)), X),
    "sort in place": (lambda x: _written(x, lambda y: y.sort(axis=None)), X),
    "partition in place": (lambda x: _written(x, lambda y: y.partition(0, axis=None)), X),
    "lexsort of a number": (lambda x: np.lexsort((x, x), axis=[0]), NUMBER),
    "fft2": (lambda x: np.fft.fft2(x, axes=""), NUMBER),
    "place": (lambda x: _written(x, lambda y: np.place(y, y > 0, np.ones(1))), SINGLE),
    "place of nothing": (lambda x: _written(x, lambda y: np.place(y, y > 0, np.ones(1))), SINGLE[:0]),
    "putmask": (lambda x: _written(x, lambda y: np.putmask(y, [False] * 3, np.array(1))), SINGLE),
    "put of a text": (lambda x: _written(x, lambda y: np.put(y, [], "a")), SINGLE),
    "flat text": (lambda x: _written(x, lambda y: y.flat.__setitem__([], "a")), SINGLE),
    "diagonal text": (lambda x: _written(x, lambda y: np.fill_diagonal(y, "a")), NONE),
    "a mask of nothing": (lambda x: _written(x, lambda y: y.__setitem__([False] * 3, np.ones((2, 0)))), SINGLE),
    "a mask of all": (lambda x: _written(x, lambda y: y.__setitem__(np.full(y.shape, True), [[1.0]])), X),
    "nan_to_num": (lambda x: np.nan_to_num(x, nan=1j), SINGLE),
    **{
        f"a ufunc's {name}": (lambda x, name=name: np.sin(x, **{name: "none such"}), X)
        for name in ("casting", "order", "subok")
    },
    **{
        f"{fn.__name__} keepdims {keepdims}": (lambda x, fn=fn, keepdims=keepdims: fn(x, keepdims=keepdims), X)
        for fn in (np.sum, np.mean, np.std, np.ptp, np.nanmax, np.average, np.add.reduce, np.hypot.reduce)
        for keepdims in ("yes", None, 1.0, 2**31, -(10**20))
    },
    "ufunc of objects": (lambda x: np.sin(x, dtype=object), X),
    **{
        f"{fn.__name__} in another order of bytes": (lambda x, fn=fn: fn(x, dtype=">f8"), X)
        for fn in (np.sum, np.mean, np.prod, np.var, np.std, np.nansum, np.nanmean, np.add.reduce)
    },
    "asarray": (lambda x: np.asarray(x, order="Z"), X),
    "array": (lambda x: np.array(x, order="Z"), X),
    "einsum": (lambda x: np.einsum("ijk->kij", x, order="Z"), X),
    "clip": (lambda x: np.clip(x, 0, 1, order="Z"), X),
    "stack casting": (lambda x: np.stack([x, x], casting="none such"), X),
    "vstack casting": (lambda x: np.vstack([x, x], dtype=np.float32, casting="no"), X),
    "tile": (lambda x: np.tile(x, 1.5), X),
    "split": (lambda x: np.split(x, [0.5]), X),
    "polyint": (lambda x: np.polyint(x, -1), SINGLE),
    "polyval": (lambda x: np.polyval(3, x), SINGLE),
    "apply_along_axis": (lambda x: np.apply_along_axis(np.sum, [1], x), X),
    "vander": (lambda x: np.vander(x, -1), SINGLE),
    "no quantiles": (lambda x: np.quantile(x, np.ones((2, 0))), X),
    "trim_zeros": (lambda x: np.trim_zeros(x[0, 0], "z"), np.ones((1, 1, 1, 3))[0]),
    "unravel_index": (lambda x: np.unravel_index(x, (2, 3)), SINGLE),
    "fftn": (lambda x: np.fft.fftn(x, s=(2.0, 3.0, 4.0), axes=(0, 1, 2)), X),
    "pinv": (lambda x: np.linalg.pinv(x, hermitian=True), SINGLE),
    "pinv of limits": (lambda x: np.linalg.pinv(x, rcond=[0.1, 0.2]), X[0]),
    "choose": (lambda x: np.choose(x, [x, x]), SINGLE),
    "compress": (lambda x: np.compress(x > 0, x), X),
    "cov": (lambda x: np.cov(x, dtype=int), X[0]),
    "nan_to_num shape": (lambda x: np.nan_to_num(x, nan=np.ones(2)), SINGLE),
    "inserted": (lambda x: np.insert(x, 0, 300), np.ones(3, np.int8)),
    "padded": (lambda x: np.pad(x, 1, constant_values=300), np.ones(3, np.int8)),
    **{
        f"{fn.__name__} scaled {norm!r}": (lambda x, fn=fn, norm=norm: fn(x, norm=norm), X)
        for fn in (np.fft.fft, np.fft.hfft, np.fft.ihfft) for norm in ("ORTHO", 1, ["ortho"])
    },
    **{
        f"{fn.__name__} where {np.shape(where)}": (lambda x, fn=fn, where=where: fn(x, where=where), X)
        for fn in (np.any, np.all, np.nanmean, np.nanvar)
        for where in (np.ones((2, 2, 3, 4), bool), np.ones(4), np.ones(3, bool))
    },
    "pinv of a wide matrix": (lambda x: np.linalg.pinv(x, hermitian=True), X),
    "median along no axis": (lambda x: np.median(x, axis=()), NONE),
    "median along two": (lambda x: np.median(x, axis=(0, 2)), np.ones((2, 0, 4))),
    **{
        f"quantile {axes}": (lambda x, axes=axes: np.quantile(x, 0.5, axis=axes, keepdims=True), np.ones((0, 3)))
        for axes in ((), [])
    },
    **{
        f"{fn.__name__} {axis!r}": (lambda x, fn=fn, axis=axis: fn(x, 2.0, 3, axis=axis), X * 0 + 1)
        for fn in (np.linspace, np.logspace, np.geomspace) for axis in (None, ())
    },
    **{
        f"{name} {axis!r}": (lambda x, name=name, axis=axis: getattr(np, name)(x, axis=axis), X)
        for name in ("cumulative_sum", "cumulative_prod") for axis in ([0], {0})
    },
    "clip of truths without limits": (lambda x: np.clip(x > 0, None, None), X),
    "deleted at a float": (lambda x: np.delete(np.arange(5.0), x[0, 0, 0]), X),
    "deleted at floats": (lambda x: np.delete(x, x[0, 0]), X),
    "derivative of a cube": (lambda x: np.polyder(x), X),
    "integral of a cube": (lambda x: np.polyint(x), X),
    "too few constants": (lambda x: np.polyint(x[0, 0], 3, k=[1.0, 2.0]), X),
    "too large a number": (lambda x: _written(x, lambda y: y.__setitem__(0, 10**400)), X),
    "too large a number into nothing": (lambda x: _written(x, lambda y: y.__setitem__(slice(0, 0), 10**400)), X),
    **{
        f"{write.__name__} with a function": (
            lambda x, write=write: x * write(np.zeros((2, 3, 4), like=x)[...], len), X
        )
        for write in (operator.iadd, operator.imul, operator.itruediv, operator.ipow)
    },
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_numpy_refuses_is_refused_by_the_same_kind_of_error(name):
    f, x = REFUSED[name]
    with pytest.raises((TypeError, ValueError, IndexError, OverflowError, ZeroDivisionError)) as found:
        f(x)
    kinds = (TypeError, ValueError, IndexError, ZeroDivisionError)
    # Ours for a number that is too great is no OverflowError.
    kind = next((k for k in kinds if isinstance(found.value, k)), (IndexError, OverflowError))
    runs = [ad.compile(f, backend="numpy"), lambda x: ad.vmap(f)(x[None]), lambda x: ad.vmap(f)(x[None][:0])]
    if x.dtype.kind == "f":
        runs += [lambda x: ad.vjp(f, x), lambda x: ad.jvp(f, (x,), (x,))]
    for run in runs:
        with pytest.raises(kind):
            run(x)


@pytest.mark.parametrize("fn", [np.fft.fft, np.fft.irfft, np.fft.hfft, lambda x, axis: np.stack([x, x], axis)])
@pytest.mark.parametrize("axis", [True, False])
def test_a_truth_value_is_the_number_of_an_axis_to_these(fn, axis):
    rows = np.stack([X, 2 * X])
    np.testing.assert_allclose(ad.vmap(lambda x: fn(x, axis=axis))(rows), [fn(x, axis=axis) for x in rows])


@pytest.mark.skipif(np.lib.NumpyVersion(np.__version__) < "2.4.0", reason="NumPy's own change")
def test_the_number_of_elements_along_several_axes():
    assert ad.vjp(lambda x: np.size(x, (0, -1)) * x, X)[0][0, 0, 0] == 8 * X[0, 0, 0]


@pytest.mark.parametrize("fn", [np.var, np.std])
@pytest.mark.parametrize("dtype", [int, bool])
def test_spreads_in_whole_numbers_are_refused(fn, dtype):
    f = lambda x: fn(x, axis=0, dtype=dtype) * 1.0
    for run in (lambda: ad.jvp(f, (X,), (X,)), lambda: ad.vmap(f)(X[None])):
        with pytest.raises(ad.NoRuleError, match=r"truncate(.|\n)*astype"):
            run()
    # Of whole numbers they are constants.
    counts = np.arange(4)
    assert ad.grad(lambda x: x * fn(counts, dtype=dtype))(2.0) == fn(counts, dtype=dtype)


def test_a_range_written_into_one_element_under_vmap_is_refused_as_an_array_is():
    def filled(x):
        v = np.zeros_like(x)
        v[...] = range(3)
        return v * x

    with pytest.raises(ad.ShapeError, match="could not broadcast"):
        ad.vmap(filled)(np.ones(2))


def test_one_place_that_differs_from_row_to_row_is_deleted():
    x = np.arange(12.0).reshape(3, 4) ** 2
    left_out = lambda row, i: np.sum(np.delete(row, i) ** 2)
    for i in ([0, 2, 3], [-1, -4, 1]):
        i = np.array(i)
        rows = np.stack([np.delete(row, k) for row, k in zip(x, i, strict=True)])
        np.testing.assert_array_equal(ad.vmap(np.delete)(x, i), rows)
        np.testing.assert_array_equal(
            ad.vmap(lambda k: np.delete(x, k, axis=1))(i)[:, 0], [np.delete(x[0], k) for k in i]
        )
        gradients = np.stack([2 * np.where(np.arange(4) == k % 4, 0, row) for row, k in zip(x, i, strict=True)])
        batched = ad.vmap(ad.grad(left_out))
        for backend in ("native", "numpy"):
            compiled = ad.compile(batched, backend=backend)
            for got in (batched(x, i), compiled(x, i), compiled(x, i)):
                np.testing.assert_array_equal(got, gradients)
    with pytest.raises(IndexError, match="out of bounds"):
        ad.vmap(np.delete)(x, np.array([0, 4, 1]))
    with pytest.raises(ad.DragongradError, match="one number of many"):
        ad.vmap(np.delete)(x, np.array([[0, 1], [2, 2], [1, 3]]))


@pytest.mark.parametrize("name", ["common_type", "min_scalar_type"])
def test_the_dtype_of_a_list_is_that_of_its_array(name):
    f = lambda x: x * (getattr(np, name)([x, 2 * x] if name == "min_scalar_type" else x) == np.float32)
    for dtype, want in ((np.float32, 1.0), (np.float64, 0.0)):
        assert ad.grad(lambda x: np.sum(f(x)))(np.ones(2, dtype)).tolist() == [want] * 2


@pytest.mark.parametrize("axis", [-1, 0, 1, -2, 2])
@pytest.mark.parametrize("of_places", [(3,), (2, 3), (2, 2, 3), (1, 3), (1,), (3, 1), (4, 1, 3)])
def test_trapezoids_over_places_of_other_axes_count_the_axis_as_it_is_given(of_places, axis):
    rng = np.random.default_rng(3)
    x = rng.normal(size=of_places)
    for shape in ((3,), (2, 3), (2, 2, 3), (1, 3), (3, 1), (1,)):
        y = rng.normal(size=shape)
        f = lambda x, y=y: np.trapezoid(y * np.mean(np.cos(x)), x, axis=axis)
        try:
            want = f(x)
        except (ValueError, IndexError):
            for run in (lambda f=f: ad.vjp(f, x), lambda f=f: ad.vmap(f)(x[None])):
                with pytest.raises((ValueError, IndexError)):
                    run()
            continue
        for got in (*under(f, x), ad.vmap(f)(x[None])[0]):
            assert np.shape(got) == np.shape(want)
            np.testing.assert_allclose(got, want)


def test_a_spacing_of_zero_gives_infinities_of_numpys_signs():
    x = np.array([[0.5, 1.2], [0.3, 2.0]])
    for spacing in ((0,), (0, 1.5), (-2.0,), (np.array([1.0, 1.0]), 1)):
        f = lambda x, spacing=spacing: np.stack(np.gradient(x, *spacing))
        with np.errstate(all="ignore"):
            for got in (*under(f, x), ad.vmap(f)(x[None])[0]):
                np.testing.assert_array_equal(got, f(x))


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.dsplit([1, 0], x), lambda x: np.split([1, 0], x), lambda x: np.array_split([1, 0], x),
        lambda x: np.hsplit(0, x), lambda x: np.vsplit([1, 0], x), lambda x: np.cross(x, 0),
        lambda x: np.linalg.tensorsolve(0, x),
    ],
)  # fmt: skip
def test_lists_and_numbers_where_arrays_are_meant_are_refused_as_arrays_are(f):
    for run in (lambda: ad.jvp(f, (X[0, :2, :2],), (X[0, :2, :2],)), lambda: ad.vmap(f)(X[:, :2, :2])):
        with pytest.raises(ad.DragongradError, match=r"test_arguments.py:\d+"):
            run()


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.polyval(range(3), x), lambda x: np.polyder(range(3)) * x[0],
        lambda x: np.polyint(range(3)) * x[0], lambda x: np.add(x, range(3)), lambda x: np.dot(range(3), x),
        lambda x: np.concatenate([x, range(2)]),
        lambda x: np.interp(x, range(3), range(3)), lambda x: np.average(x, weights=range(3)),
        lambda x: np.polyint(x, 2, k=x), lambda x: np.polyint(x, 1, k=[1.0, 2.0]), lambda x: np.polyder(x, 1.7),
    ],
)  # fmt: skip
def test_a_range_is_an_array_and_polynomials_have_more_constants_than_they_need(f):
    x = np.array([1.0, 2.0, 3.5])
    for got in (*under(f, x), ad.vmap(f)(x[None])[0]):
        np.testing.assert_allclose(got, f(x))


@pytest.mark.parametrize("right", [False, True])
def test_bins_that_rise_in_some_rows_and_fall_in_others(right):
    up, x = np.array([1.0, 2.0, 3.0]), np.array([0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5])
    f = lambda x, bins: np.digitize(x, bins, right)
    for rows in ([up], [up[::-1]], [up, up + 1], [up[::-1], up[::-1] + 1], [up, up[::-1]], [up * 0, up[::-1], up]):
        bins, want = np.stack(rows), np.stack([f(x, row) for row in rows])
        batched = ad.vmap(f, in_axes=(None, 0))
        compiled = ad.compile(batched, backend="numpy")
        for got in (
            batched(x, bins),
            ad.vmap(f)(np.stack([x] * len(rows)), bins),
            compiled(x, bins),
            compiled(x, bins),
        ):
            np.testing.assert_array_equal(got, want)
    with pytest.raises(ValueError, match="increase or decrease"):
        ad.vmap(f, in_axes=(None, 0))(x, np.array([[1.0, 3.0, 2.0], [1.0, 2.0, 3.0]]))


@pytest.mark.parametrize("fn", [np.argmin, np.argmax, np.max, np.sort, np.ptp])
def test_a_list_of_rows_and_truths_that_numpy_itself_compares_is_refused_in_our_words(fn):
    # Held by this parameter, it is NumPy's own: it goes on comparing after the first refusal, a SystemError.
    of_both = lambda x: fn([x, np.array([True, False, True])], axis=0)
    with pytest.raises(ad.BatchError, match=r"row to row\n  at .*test_arguments.py:\d+"):
        ad.vmap(of_both)(np.array([[0.3, 0.1, 0.2]]))
