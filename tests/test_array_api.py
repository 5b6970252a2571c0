"""The array API standard on Variables, and libraries that are written for it or label arrays."""

import inspect
import os
import subprocess
import sys

import numpy as np
import pytest

import dragongrad as ad
from dragongrad import array_api as xp
from dragongrad.core.variable import Variable, value_of

X = np.array([[0.3, 0.7], [0.2, 0.9]])
B = np.array([[0.5, 0.1], [0.4, 0.8]])
WHOLE = np.array([[1, 2], [3, 4]])
# How each function is called, where not with one array.
TWO = "add atan2 copysign divide equal floor_divide greater greater_equal hypot less less_equal logaddexp maximum \
minimum multiply nextafter not_equal pow remainder subtract matmul vecdot tensordot meshgrid \
broadcast_arrays logical_and logical_or logical_xor solve"
CALLS = {
    **dict.fromkeys(TWO.split(), lambda f, x: f(x, B)),
    **{n: (lambda f, x: f(WHOLE, WHOLE + 1)) for n in xp.ELEMENTWISE if n.startswith("bitwise")},
    "bitwise_invert": lambda f, x: f(WHOLE), "acosh": lambda f, x: f(x + 1),
    "meshgrid": lambda f, x: f(x[0], B[0]), "clip": lambda f, x: f(x, 0.25, 0.75),
    "broadcast_to": lambda f, x: f(x, (3, 2, 2)), "concat": lambda f, x: f([x, B], axis=1),
    "cumulative_sum": lambda f, x: f(x, axis=1), "cumulative_prod": lambda f, x: f(x, axis=1),
    "expand_dims": lambda f, x: f(x, axis=0), "moveaxis": lambda f, x: f(x, 0, 1),
    "permute_dims": lambda f, x: f(x, (1, 0)), "repeat": lambda f, x: f(x, 2), "reshape": lambda f, x: f(x, (4,)),
    "roll": lambda f, x: f(x, 1, axis=0), "searchsorted": lambda f, x: f(np.sort(x[0]), B[0]),
    "squeeze": lambda f, x: f(x[None], axis=0), "stack": lambda f, x: f([x, B]),
    "take": lambda f, x: f(x, np.array([1, 0]), axis=1),
    "take_along_axis": lambda f, x: f(x, np.array([[0, 1], [1, 1]]), axis=1), "tile": lambda f, x: f(x, (2, 1)),
    "where": lambda f, x: f(B > 0.4, x, B), "astype": lambda f, x: f(x, np.float32),
    "can_cast": lambda f, x: f(x, np.float64), "finfo": lambda f, x: f(x.dtype).eps,
    "iinfo": lambda f, x: f(WHOLE.dtype).max, "isdtype": lambda f, x: f(x.dtype, "real floating"),
    "result_type": lambda f, x: f(x, np.float32, x.dtype) == np.float64,
    "arange": lambda f, x: f(3), "asarray": lambda f, x: f(x, dtype=np.float32), "eye": lambda f, x: f(2, 3, k=1),
    "linspace": lambda f, x: f(0.0, 1.0, 5), "full": lambda f, x: f((2, 2), 3.0),
    "from_dlpack": lambda f, x: f(B), **dict.fromkeys(("ones", "zeros"), lambda f, x: f((2, 3))),
    "empty": lambda f, x: f((2, 3)).shape, "empty_like": lambda f, x: f(x).shape,
    "full_like": lambda f, x: f(x, 2.0), "outer": lambda f, x: f(x[0], B[0]), "matrix_power": lambda f, x: f(x, 3),
    "cross": lambda f, x: f(np.concatenate([x, x[:, :1]], axis=1), np.ones((2, 3))),
    **{n: (lambda f, x: f(x @ x.T + np.eye(2))) for n in ("cholesky", "eigh", "eigvalsh")},
    **dict.fromkeys(("fftfreq", "rfftfreq"), lambda f, x: f(5, d=0.5)),
}  # fmt: skip
PARTS = {
    "": (xp, np, (*xp.TYPES, *xp.CREATION, *xp.ELEMENTWISE, *xp.OTHERS)),
    "linalg": (xp.linalg, np.linalg, xp.LINALG), "fft": (xp.fft, np.fft, xp.FFT),
}  # fmt: skip
NAMES = [(part, name) for part, (_, _, names) in PARTS.items() for name in names]


def _flat(out):
    return [leaf for part in out for leaf in _flat(part)] if isinstance(out, (list, tuple)) else [out]


@pytest.mark.parametrize(("part", "name"), NAMES)
def test_each_name_of_the_standard_gives_what_numpy_gives(part, name):
    ours, theirs, _ = PARTS[part]
    if not hasattr(theirs, name):
        pytest.skip("this NumPy has no such function")
    call = CALLS.get(name, lambda f, x: f(x))
    wanted, seen = _flat(call(getattr(theirs, name), X)), []

    def f(x):
        seen[:] = _flat(call(getattr(ours, name), x))
        assert not [out for out in seen if isinstance(out, np.ndarray)], "an array of another namespace"
        return np.sum(x)

    ad.grad(f)(X)
    for got, value in zip(seen, wanted, strict=True):
        got = value_of(got)
        np.testing.assert_allclose(got, value, rtol=1e-12)
        assert getattr(got, "dtype", None) == getattr(value, "dtype", None)


@pytest.mark.parametrize(("part", "name"), NAMES)
def test_signatures_have_the_words_of_numpys(part, name):
    ours, theirs, _ = PARTS[part]
    function = getattr(theirs, name, None)
    try:
        wanted = inspect.signature(function)
    except (TypeError, ValueError):  # a builtin or a ufunc does not tell
        return
    got = inspect.signature(getattr(ours, name)).parameters
    if any(p.kind is p.VAR_KEYWORD for p in got.values()):
        return
    standard = {"dtype", "device", "copy"}
    assert standard & set(wanted.parameters) <= set(got)


def test_the_namespace_and_what_it_asks_for():
    def f(x):
        assert x.__array_namespace__() is xp
        assert x.__array_namespace__(api_version="2023.12") is xp
        assert x.device == "cpu"
        assert x.to_device("cpu") is x
        assert xp.asarray(x) is x
        assert xp.asarray(x, copy=True) is not x
        assert isinstance(xp.asarray([1.0, 2.0]), Variable)
        assert xp.float64 is np.float64
        assert xp.finfo(x).eps == np.finfo(float).eps
        assert xp.can_cast(x, np.complex128)
        assert xp.__array_namespace_info__().default_device() == "cpu"
        for error, call in (
            (ad.ArgumentError, lambda: x.__array_namespace__(api_version="1999")),
            (ad.ArgumentError, lambda: xp.zeros(2, device="gpu")),
            (ad.ArgumentError, lambda: xp.asarray(x, dtype=np.float32, copy=False)),
            (ad.NoRuleError, lambda: x.to_device("gpu")),
            (AttributeError, lambda: xp.no_such_name),
        ):
            with pytest.raises(error):
                call()
        return xp.sum(xp.full(3, x[0, 0]) * xp.asarray(x[0, 1]))

    np.testing.assert_allclose(ad.grad(f)(X), [[3 * X[0, 1], 3 * X[0, 0]], [0, 0]])


def _generic(x):
    """A function of the standard alone, as libraries write them."""
    xp = x.__array_namespace__()
    scale = xp.asarray([1.0, 2.0], dtype=x.dtype)
    y = xp.concat([xp.matmul(x, xp.permute_dims(x, (1, 0))) * scale, xp.zeros((1, 2))])
    y = xp.where(xp.isnan(y), xp.zeros_like(y), xp.acos(y / 4))
    return xp.linalg.vector_norm(y) + xp.real(xp.fft.fft(x[0, :]))[1]


@pytest.mark.parametrize("backend", ["native", "numpy"])
def test_generic_code_in_every_transform(backend):
    known = np.stack([[(_generic(X + 1e-6 * e) - _generic(X - 1e-6 * e)) / 2e-6 for e in row]
                      for row in np.eye(4).reshape(2, 2, 2, 2)])  # fmt: skip
    close = lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-6)
    close(ad.grad(_generic)(X), known)
    close(ad.jacfwd(_generic)(X), known)
    close(ad.vmap(ad.grad(_generic))(X[None])[0], known)
    close(ad.hessian(_generic)(X), np.swapaxes(ad.hessian(_generic)(X).reshape(4, 4), 0, 1).reshape(2, 2, 2, 2))
    compiled = ad.compile(ad.grad(_generic), backend=backend)
    close(compiled(X), known)
    close(compiled(X), known)


_SCIPY = """
import numpy as np, dragongrad as ad
from scipy import special, stats, integrate, optimize, signal, fft, cluster
X = np.array([0.3, 1.2, 0.7, 2.1, 0.9])
CASES = dict(
    logsumexp=special.logsumexp, softmax=lambda x: special.softmax(x)[0],
    zscore=lambda x: np.sum(stats.zscore(x) ** 3),
    skew=stats.skew, kurtosis=stats.kurtosis, moment=lambda x: stats.moment(x, 3), gmean=stats.gmean,
    hmean=stats.hmean, pmean=lambda x: stats.pmean(x, 3), sem=stats.sem, trapezoid=integrate.trapezoid,
    simpson=integrate.simpson, rosen=optimize.rosen, fft=lambda x: np.abs(fft.fft(x)[1]),
    detrend=lambda x: np.sum(signal.detrend(x, type="constant") ** 2), whiten=lambda x: np.sum(
        cluster.vq.whiten(x[:, None]) ** 3), boxcox_llf=lambda x: stats.boxcox_llf(0.5, x),
)
for name, f in CASES.items():
    try:
        gradient = ad.grad(f)(X)
    except (TypeError, AttributeError, ImportError, NotImplementedError) as error:
        # Which functions know the standard differs from release to release.
        print("refused", name)
        continue
    steps = 1e-6 * np.eye(5)
    assert np.allclose(gradient, [(f(X + s) - f(X - s)) / 2e-6 for s in steps], rtol=1e-4, atol=1e-6), name
    print("right", name)
"""


def test_scipys_functions_of_the_standard():
    environment = {**os.environ, "SCIPY_ARRAY_API": "1"}
    found = subprocess.run(
        [sys.executable, "-c", _SCIPY], capture_output=True, text=True, env=environment, check=False
    )
    assert found.returncode == 0, found.stderr
    assert found.stdout.count("right") >= 10, found.stdout


# Libraries that label or rearrange arrays

V = np.array([0.3, 1.2, 0.7])


def _agrees(f, known):
    for got in (ad.grad(f)(V), ad.jacfwd(f)(V), ad.vmap(ad.grad(f))(V[None])[0]):
        np.testing.assert_allclose(got, known, rtol=1e-12)


def test_einops():
    einops = pytest.importorskip("einops.array_api")
    f = lambda x: np.sum(einops.rearrange(x * np.ones((2, 1)), "a b -> b a")[0] ** 2)
    _agrees(f, [4 * V[0], 0, 0])
    _agrees(lambda x: np.sum(einops.repeat(einops.reduce(x[None] ** 2, "a b -> b", "sum"), "b -> b 2")), 4 * V)


def test_pandas():
    pandas = pytest.importorskip("pandas")
    s = pandas.Series([1.0, 2.0, 3.0], index=["a", "b", "c"])
    table = pandas.DataFrame({"u": s, "v": s**2})
    k = s.to_numpy()
    for f in (
        lambda x: np.sum(s * x), lambda x: np.sum(x * s), lambda x: (s * x).sum(), lambda x: sum(s * x),
        lambda x: np.sum(np.multiply(s, x)), lambda x: s @ x, lambda x: np.dot(x, s), lambda x: -np.sum(-s * x),
        lambda x: np.sum(x - (-s) * x - x), lambda x: np.sum(table["u"] * x),
    ):  # fmt: skip
        _agrees(f, k)
    _agrees(lambda x: np.sum(s * x[0]), [6.0, 0.0, 0.0])
    _agrees(lambda x: np.sum(np.sin(s / x)), -k / V**2 * np.cos(k / V))
    _agrees(lambda x: np.sum(np.where(s > 1.5, x, 0.0)), [0.0, 1.0, 1.0])
    _agrees(lambda x: np.sum(table["u"] * x[0] + table["v"] * x[1]), [6.0, 14.0, 0.0])
    assert ad.grad(lambda w, s: np.sum(s * w))(2.0, s) == 6.0
    np.testing.assert_allclose(ad.compile(ad.grad(lambda x: np.sum(s * x)))(V), k)
    with pytest.raises(ad.ShapeError, match="test_array_api"):
        ad.grad(lambda x: np.sum(s * x[:2]))(V)


def test_xarray():
    xarray = pytest.importorskip("xarray")
    d = xarray.DataArray([1.0, 2.0, 3.0], dims="i")
    of = lambda x: xarray.DataArray(x, dims="i")
    for f in (
        lambda x: np.sum(x * d), lambda x: np.sum(d * x), lambda x: (d * x).sum(), lambda x: (of(x) * d).sum().data,
        lambda x: (of(x) * d).sum(), lambda x: 3 * (of(x) * d).mean(),
    ):  # fmt: skip
        _agrees(f, d.data)
    _agrees(lambda x: (of(x).isel(i=slice(1, 3)) ** 2).sum(), [0.0, 2 * V[1], 2 * V[2]])
    # What comes back labelled has a derivative all the same.
    np.testing.assert_allclose(ad.jacobian(lambda x: of(x) * d)(V), np.diag(d.data))
    np.testing.assert_allclose(ad.jvp(lambda x: of(x) * d, (V,), (V,))[1], V * d.data)
    np.testing.assert_allclose(ad.vjp(lambda x: of(x) * d, V)[1](V)[0], V * d.data)
    np.testing.assert_allclose(ad.compile(ad.grad(lambda x: (of(x) * d).sum()))(V), d.data)


class Labelled:
    """A container as labelled arrays are: it has an array, and no function of NumPy's asks it."""

    def __init__(self, data):
        self.data = data

    dtype = np.dtype(float)
    shape = ()

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.data)


def test_what_a_container_holds_is_differentiated():
    assert ad.grad(lambda x: Labelled(x**2))(3.0) == 6.0
    assert ad.derivative(lambda x: Labelled(x**2))(3.0) == 6.0
    np.testing.assert_allclose(ad.vmap(lambda x: Labelled(x**2))(np.array([1.0, 2.0])), [1.0, 4.0])
    assert ad.compile(ad.grad(lambda x: Labelled(x**2)))(3.0) == 6.0
