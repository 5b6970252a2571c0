"""The table of cases: functions of one array, by chapter; a test file for each property runs over all of them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.polynomial

import dragongrad as ad

rng = np.random.default_rng(0)
M = rng.normal(size=(3, 4))
V = rng.normal(size=4)
MASK = M > 0


@dataclass(frozen=True)
class Case:
    """A function of one array, a point, and how exactly finite differences can know its derivative."""

    f: Callable[[Any], Any]
    x: Any
    rtol: float = 1e-6
    batches: bool = True
    second: bool = True


def at(x: Any, table: dict[str, Callable[[Any], Any]], **options: Any) -> dict[str, Case]:
    """Cases at one point."""
    return {name: Case(f, x, **options) for name, f in table.items()}


X = rng.normal(size=(3, 4))


def assign(x):
    """Item assignment, of Variables and of numbers."""
    y = x * 1.0
    y[0] = x[1] * x[2]
    y[:, 1] = 3.0
    y[[0, 0], [2, 2]] = x[1, :2]
    return y * y


def buffer(x):
    """A buffer filled in a loop."""
    out = np.zeros(x.shape[0], like=x)
    for i in range(len(x)):
        out[i] = np.sum(x[i] ** 2)
    return out


REDUCTIONS = at(X, {
    "sum": lambda x: np.sum(x),
    "sum axis": lambda x: np.sum(x, axis=1) ** 2,
    "sum keepdims": lambda x: np.sum(x, axis=(0, -1), keepdims=True) * x,
    "mean": lambda x: x.mean(axis=0) ** 2,
    "var": lambda x: np.var(x, axis=1),
    "std": lambda x: x.std(),
    "max": lambda x: np.max(x, axis=0),
    "min keepdims": lambda x: np.min(x, axis=1, keepdims=True) * x,
    "sum where": lambda x: np.sum(x, axis=0, where=MASK, initial=2.0) ** 2,
    "max where": lambda x: np.max(x, axis=0, where=MASK, initial=-9.0) ** 2,
    "prod": lambda x: np.prod(x),
    "prod axis": lambda x: np.prod(x, axis=0),
    "prod with zeros": lambda x: np.prod(np.where(M > 0.9, 0.0, x), axis=(0,), keepdims=True),
    "cumprod": lambda x: np.cumprod(x),
    "cumprod axis": lambda x: np.cumprod(np.where(M > 0.9, 0.0, x), axis=1),
    "ptp": lambda x: np.ptp(x, axis=1) ** 2,
    "average": lambda x: np.average(x, axis=0, weights=x[:, 0] ** 2 + 1.0),
    "median": lambda x: np.median(x, axis=1) ** 2,
    "median all": lambda x: np.median(x) ** 2,
    "percentile": lambda x: np.percentile(x, [10, 50, 77], axis=1) ** 2,
    "quantile midpoint": lambda x: np.quantile(x, 0.3, method="midpoint", keepdims=True) * x,
    "nansum": lambda x: np.nansum(np.where(MASK, np.nan, x), axis=0) ** 2,
    "nanmean": lambda x: np.nanmean(np.where(MASK, np.nan, x), axis=1) ** 2,
    "nanvar": lambda x: np.nanvar(np.where(M > 1, np.nan, x), axis=1, ddof=1),
    "nanstd": lambda x: np.nanstd(np.where(M > 1, np.nan, x)),
    "nanprod": lambda x: np.nanprod(np.where(MASK, np.nan, x), axis=0),
    "nanmax": lambda x: np.nanmax(np.where(MASK, np.nan, x)) ** 2,
    "nanmin": lambda x: np.nanmin(np.where(MASK, np.nan, x), axis=1) ** 2,
    "nancumsum": lambda x: np.nancumsum(np.where(MASK, np.nan, x)) ** 2,
    "nancumprod": lambda x: np.nancumprod(np.where(MASK, np.nan, x), axis=0),
    "cov": lambda x: np.cov(x),
    "corrcoef": lambda x: np.corrcoef(x),
    "add.reduce": lambda x: np.add.reduce(x, axis=1) ** 2,
    "multiply.outer": lambda x: np.multiply.outer(x[0], x[:, 1]),
    "logsumexp": lambda x: ad.logsumexp(x, axis=1),
    "logsumexp all": lambda x: ad.logsumexp(x),
    "softmax": lambda x: ad.softmax(x, axis=0),
    "log_softmax": lambda x: ad.log_softmax(x, axis=-1),
    "modf": lambda x: np.modf(x * 3)[0] ** 2,
    "divmod": lambda x: np.divmod(x, 0.4)[1] ** 2,
    "frexp": lambda x: np.frexp(x)[0] ** 2,
    "fmax.reduce": lambda x: np.fmax.reduce(x, axis=1, where=MASK, initial=-9.0) ** 2,
    "hypot.reduce": lambda x: np.hypot.reduce(x, axis=(0, 1), initial=0.5),
    "divide.reduce": lambda x: np.divide.reduce(x, axis=0, keepdims=True),
    "subtract.reduce": lambda x: np.subtract.reduce(x * x, axis=-1, where=MASK, initial=1.0) ** 2,
    "maximum.accumulate": lambda x: np.maximum.accumulate(x, axis=1) ** 2,
    "logaddexp.accumulate": lambda x: np.logaddexp.accumulate(x),
    "power.accumulate": lambda x: np.power.accumulate(x**2 + 0.5, axis=0),
    "add.reduceat": lambda x: np.add.reduceat(x, [0, 3, 1], axis=1) ** 2,
    "multiply.reduceat": lambda x: np.multiply.reduceat(x, [1, 0]),
    "nanmedian": lambda x: np.nanmedian(np.where(M > 1, np.nan, x), axis=1) ** 2,
    "nanquantile": lambda x: np.nanquantile(np.where(M > 1, np.nan, x), [0.2, 0.7], axis=1) ** 2,
    "nanpercentile": lambda x: np.nanpercentile(np.where(MASK, np.nan, x), 40, method="lower") ** 2,
    "quantile weights": lambda x: np.quantile(x, 0.6, axis=1, method="inverted_cdf", weights=M**2) ** 2,
    "cumsum": lambda x: np.cumsum(x) ** 2,
    "cumsum axis": lambda x: np.cumsum(x, axis=1) ** 2,
})  # fmt: skip

SHAPING = at(X, {
    "reshape": lambda x: x.reshape(4, 3) @ M,
    "reshape -1": lambda x: np.reshape(x, (2, -1)) ** 2,
    "reshape F": lambda x: np.reshape(x, (2, 6), order="F") ** 2,
    "ravel": lambda x: np.ravel(x)[::2] ** 2,
    "ravel F": lambda x: np.ravel(x, order="F")[::2] ** 2,
    "transpose": lambda x: x.T @ x,
    "transpose axes": lambda x: np.transpose(x[None], (2, 0, 1)) ** 2,
    "moveaxis": lambda x: np.moveaxis(x[None], 0, -1) ** 2,
    "rollaxis": lambda x: np.rollaxis(x[None], 2, 0) ** 2,
    "swapaxes": lambda x: np.swapaxes(x, 0, 1) ** 2,
    "matrix_transpose": lambda x: np.matrix_transpose(x) ** 2,
    "expand_dims": lambda x: np.expand_dims(x, (0, 2)) ** 2,
    "squeeze": lambda x: np.squeeze(x[:, :1]) ** 2,
    "broadcast_to": lambda x: np.broadcast_to(x, (2, 3, 4)) ** 2,
    "broadcast_arrays": lambda x: np.multiply(*np.broadcast_arrays(x[:, :1], x[0])),
    "atleast_2d": lambda x: np.atleast_2d(x[0]) ** 2,
    "atleast_3d": lambda x: np.atleast_3d(x) ** 2,
    "flip": lambda x: np.flip(x, 0) * x,
    "flip all": lambda x: np.flip(x) * x,
    "fliplr": lambda x: np.fliplr(x) * x,
    "flipud": lambda x: np.flipud(x) * x,
    "rot90": lambda x: np.rot90(x) @ x,
    "rot90 twice": lambda x: np.rot90(x, 2) * x,
    "rot90 back": lambda x: np.rot90(x, -1) ** 2,
    "roll": lambda x: np.roll(x, 2) * x,
    "roll axis": lambda x: np.roll(x, (1, -1), (0, 1)) * x,
    "resize": lambda x: np.resize(x, (5, 3)) ** 2,
})  # fmt: skip

JOINING = at(X, {
    "concatenate": lambda x: np.concatenate([x, 2 * x, np.ones((1, 4))]) ** 2,
    "concatenate None": lambda x: np.concatenate([x, x[0]], axis=None) ** 2,
    "stack": lambda x: np.stack([x, x * x], axis=-1) ** 2,
    "vstack": lambda x: np.vstack([x, x[0]]) ** 2,
    "hstack": lambda x: np.hstack([x, x * x]) ** 2,
    "dstack": lambda x: np.dstack([x, x * x]) ** 2,
    "column_stack": lambda x: np.column_stack([x, x[:, 0]]) ** 2,
    "block": lambda x: np.block([[x, x * x], [x, np.ones((3, 4))]]) ** 2,
    "append": lambda x: np.append(x, x[:1], axis=0) ** 2,
    "split": lambda x: np.split(x, 2, axis=1)[1] ** 2,
    "array_split": lambda x: np.array_split(x, [1, 3], axis=1)[1] ** 2,
    "hsplit": lambda x: np.hsplit(x, 2)[0] ** 2,
    "vsplit": lambda x: np.vsplit(x, 3)[1] ** 2,
    "dsplit": lambda x: np.dsplit(x[None], 2)[1] ** 2,
    "tile": lambda x: np.tile(x, (2, 1, 2)) ** 2,
    "repeat": lambda x: np.repeat(x, 2, axis=1) ** 2,
    "repeat flat": lambda x: np.repeat(x, 2) ** 2,
    "repeat counts": lambda x: np.repeat(x, [1, 0, 2], axis=0) ** 2,
    "delete": lambda x: np.delete(x, 1, axis=0) ** 2,
    "insert": lambda x: np.insert(x, 1, x[:, 0] ** 2, axis=1) ** 2,
    "insert places": lambda x: np.insert(x, [0, 2], 5.0, axis=1) ** 2,
    "meshgrid": lambda x: np.multiply(*np.meshgrid(x[0], x[:, 1])),
    "meshgrid ij": lambda x: np.multiply(*np.meshgrid(x[0], x[:, 1], indexing="ij")),
    "array like": lambda x: np.array([[x[0, 0], 1.0], [x[1, 1] ** 2, x[2, 2]]], like=x) ** 2,
    "object array": lambda x: np.array([x[0, 0] * x[0, 1], np.sin(x[1, 0])]),
})  # fmt: skip

PADDING = at(X, {
    "pad": lambda x: np.pad(x, 1) ** 2,
    "pad constant": lambda x: np.pad(x, ((0, 2), (1, 0)), constant_values=3.0) ** 2,
    "pad edge": lambda x: np.pad(x, 2, mode="edge") ** 2,
    "pad reflect": lambda x: np.pad(x, ((2, 1), (0, 5)), mode="reflect") ** 2,
    "pad reflect odd": lambda x: np.pad(x, 2, mode="reflect", reflect_type="odd") ** 2,
    "pad symmetric": lambda x: np.pad(x, 2, mode="symmetric") ** 2,
    "pad wrap": lambda x: np.pad(x, 2, mode="wrap") ** 2,
    "pad linear_ramp": lambda x: np.pad(x, 2, mode="linear_ramp", end_values=1.0) ** 2,
    "pad mean": lambda x: np.pad(x, 2, mode="mean", stat_length=2) ** 2,
    "pad maximum": lambda x: np.pad(x, 1, mode="maximum") ** 2,
})  # fmt: skip

CHOOSING = at(X, {
    "where": lambda x: np.where(MASK, x * x, np.sin(x)),
    "where of itself": lambda x: np.where(x > 0, x * x, np.sin(x)),
    "select": lambda x: np.select([x > 1, x > 0], [x * x, np.sin(x)], x),
    "choose": lambda x: np.choose(np.arange(12).reshape(3, 4) % 2, [x, x * x]),
    "piecewise": lambda x: np.piecewise(x, [x < 0, x >= 0], [lambda t: t * t, lambda t: np.sin(t)]),
    "clip": lambda x: np.clip(x, -0.5, 0.7) * x,
    "clip method": lambda x: x.clip(0.1) * x,
    "take": lambda x: np.take(x, [0, 2, 2], axis=1) ** 2,
    "take flat": lambda x: np.take(x, [[0, 5], [5, 7]]) ** 2,
    "take wrap": lambda x: np.take(x, [5, -6], axis=0, mode="wrap") ** 2,
    "take_along_axis": lambda x: np.take_along_axis(x, np.argsort(M, axis=1), 1) ** 2,
    "diagonal": lambda x: np.diagonal(x, 1) ** 2,
    "diag of matrix": lambda x: np.diag(x, -1) ** 2,
    "diag of vector": lambda x: np.diag(x[0], 1) @ np.ones(5) * 2,
    "diagflat": lambda x: np.diagflat(x[:, :2]) ** 2,
    "triu": lambda x: np.triu(x, 1) ** 2,
    "tril": lambda x: np.tril(x) ** 2,
    "sort": lambda x: np.sort(x, axis=0) * M,
    "sort flat": lambda x: np.sort(x, axis=None) ** 2,
    "partition": lambda x: np.sort(np.partition(x, 2, axis=1)[:, :2], axis=1) * M[:, :2],
    "compress": lambda x: np.compress([True, False, True], x, axis=0) ** 2,
    "nan_to_num": lambda x: np.nan_to_num(x) ** 2,
})  # fmt: skip

INDEXING = at(X, {
    "getitem basic": lambda x: x[1, None, ::2] ** 2,
    "getitem ellipsis": lambda x: x[..., 1] ** 2,
    "getitem mask": lambda x: x[MASK] ** 2,
    "getitem row mask": lambda x: x[np.array([True, False, True])] ** 2,
    "getitem integers": lambda x: x[[0, 0, 2], [1, 1, 3]] ** 2,
    "getitem separated": lambda x: x[None][:, [0, 0], :][0, :, [1, 1]] ** 2,
    "getitem by argmax": lambda x: x[np.arange(3), np.argmax(x, axis=1)] ** 2,
    "setitem": assign,
    "setitem mask": lambda x: _masked(x),
    "buffer": buffer,
    "iteration": lambda x: sum(row * i for i, row in enumerate(x)) ** 2,
})  # fmt: skip


def _written(write):
    def f(x):
        y = x * x
        write(y, x)
        return y * x

    return f


WRITING = at(X, {
    name: _written(write)
    for name, write in {
        "add.at": lambda y, x: np.add.at(y, ([0, 0, 2], [1, 1, 2]), x[1, :3] ** 2),
        "multiply.at": lambda y, x: np.multiply.at(y, [0, 0, -1], x[1]),
        "exp.at": lambda y, x: np.exp.at(y, (0, [1, 1])),
        "copyto": lambda y, x: np.copyto(y, x[0], where=x > 0),
        "put": lambda y, x: np.put(y, [0, -1, 5, 5], x[0, :2], mode="wrap"),
        "place": lambda y, x: np.place(y, x > 0.2, x[0, :3]),
        "putmask": lambda y, x: np.putmask(y, MASK, x[0, :3]),
        "fill_diagonal": lambda y, x: np.fill_diagonal(y, x[1]),
        "put_along_axis": lambda y, x: np.put_along_axis(y, np.argmax(M, 1, keepdims=True), x[:, :1], 1),
        "x.sort": lambda y, x: y.sort(axis=0),
        "x.partition": lambda y, x: y.partition(1),
        "x.fill": lambda y, x: y.fill(x[0, 0]),
        "x.resize": lambda y, x: (y.resize(16, refcheck=False), y.resize((3, 4), refcheck=False)),
        "x.flat": lambda y, x: y.flat.__setitem__(slice(1, 9, 2), x.flat[3:5]),
    }.items()
})  # fmt: skip


def _masked(x):
    y = +x
    y[MASK] = 0.0
    y[x > 1] = 2.0
    return y * y


DIFFERENCES = at(X, {
    "diff": lambda x: np.diff(x) ** 2,
    "diff twice": lambda x: np.diff(x, 2, axis=0) ** 2,
    "diff prepend": lambda x: np.diff(x, prepend=x[:, :1] * 2, append=1.0) ** 2,
    "ediff1d": lambda x: np.ediff1d(x, to_end=1.0) ** 2,
    "gradient": lambda x: np.gradient(x, axis=1) ** 2,
    "gradient spacing": lambda x: np.stack(np.gradient(x, 0.5, 2.0)) ** 2,
    "gradient points": lambda x: np.gradient(x, np.array([0.0, 1.0, 1.5, 3.0]), axis=1, edge_order=2) ** 2,
    "gradient edge": lambda x: np.gradient(x, edge_order=2, axis=0) ** 2,
    "interp values": lambda x: np.interp([0.3, 1.7, 2.5], np.arange(4.0), x[0]) ** 2,
    "interp places": lambda x: np.interp(x, np.array([-2.0, -0.3, 0.4, 2.0]), V) ** 2,
    "trapezoid over places": lambda x: np.trapezoid([1.0, 3.0, 2.0, 5.0], x[0] ** 2),
    "trapezoid": lambda x: np.trapezoid(x, dx=0.1) ** 2,
    "trapezoid x": lambda x: np.trapezoid(x, x * x, axis=0) ** 2,
    "linspace": lambda x: np.linspace(x[0], x[1], 5) ** 2,
    "logspace": lambda x: np.logspace(x[0], x[1], 3),
    "geomspace": lambda x: np.geomspace(x[0] ** 2 + 1, x[1] ** 2 + 2, 3),
    "polyval": lambda x: np.polyval(x[0], x[1]),
    "polyadd": lambda x: np.polyadd(x[0], x[1, :2]) ** 2,
    "polysub": lambda x: np.polysub(x[0, :2], x[1]) ** 2,
    "polymul": lambda x: np.polymul(x[0], x[1]),
    "polyder": lambda x: np.polyder(x[0], 2) ** 2,
    "polyint": lambda x: np.polyint(x[0], 2, k=[1.0, 2.0]) ** 2,
    "poly": lambda x: np.poly(x[0]),
    "roots": lambda x: np.roots(np.stack([x[0, 0] ** 2 + 1, x[1, 0] ** 2 + 6, 0.1 * x[2, 0], 0.0 * x[1, 1]])),
    # Of float32 some rows have a remainder above NumPy's limit of 1e-8 before the highest power, and some have not.
    "polydiv": lambda x: np.concatenate(np.polydiv(x[0].astype(float), x[1, :2].astype(float))),
    "polydiv exact": lambda x: np.polydiv(np.polymul(x[0], [1.0, 2.0]), [1.0, 2.0])[1],
    "polyfit full": lambda x: np.concatenate(np.polyfit(np.arange(4.0), x[0], 1, full=True)[:2]),
    "polyfit cov": lambda x: np.polyfit(np.arange(4.0), x[0], 1, cov=True)[1],
    "polyval2d": lambda x: np.polynomial.polynomial.polyval2d(x[0], x[1], x),
    "polygrid2d": lambda x: np.polynomial.polynomial.polygrid2d(x[0], x[1, :2], x[:2]),
    "chebval": lambda x: np.polynomial.chebyshev.chebval(x[1], x[0]),
    "chebval of columns": lambda x: np.polynomial.chebyshev.chebval(x[0], x[:2]),
    "hermegrid2d": lambda x: np.polynomial.hermite_e.hermegrid2d(x[0], x[1, :2], x[:2]),
    "polyvalfromroots": lambda x: np.polynomial.polynomial.polyvalfromroots(x[0], x[1:]),
    "i0": lambda x: np.i0(x * 2),
    "kaiser": lambda x: np.kaiser(5, x[0, 0] * 3),
    "emath": lambda x: np.imag(np.emath.sqrt(x)) + np.real(np.emath.log(x)) + np.real(np.emath.arcsin(1.5 * x)),
    "emath.power": lambda x: np.real(np.emath.power(x, 0.3)) + np.emath.power(np.abs(x) + 1, np.array(-2)),
    "emath.logn": lambda x: np.real(np.emath.logn(3.0, x)),
    "histogram": lambda x: np.histogram(x[0], 3, weights=x[1] ** 2)[0],
    "histogram edges": lambda x: np.histogram(x, 4, density=True)[1] ** 2,
    "histogram density": lambda x: np.histogram(x, [-3.0, 0.0, 3.0], weights=x**2, density=True)[0],
    "histogram2d": lambda x: np.histogram2d(x[0], x[1], 2, weights=x[2] ** 2)[0],
    "histogramdd": lambda x: np.histogramdd(x.T, [2, 1, 2], weights=x[0] ** 2, density=True)[0],
    "fromfunction": lambda x: np.fromfunction(lambda i, j: x[0, 0] ** i * j, (3, 2), like=x),
    "unwrap": lambda x: np.unwrap(x * 4) ** 2,
    "round": lambda x: np.round(x, 1) * x,
    "digitize": lambda x: np.digitize(x, [-1.0, 0.0, 1.0]) * x,
    "isin": lambda x: np.isin(np.floor(x), [0.0, 1.0]) * x,
    "isclose": lambda x: np.isclose(x, 0.0, atol=0.5) * x,
    "bincount": lambda x: np.bincount(np.array([0, 2, 2, 1]), weights=x[0], minlength=5) ** 2,
    "sliding_window_view": lambda x: np.lib.stride_tricks.sliding_window_view(x, (2, 3)) ** 2,
    "unravel_index": lambda x: x[np.unravel_index(np.argmax(x), (3, 4))] ** 2,
    "angle": lambda x: np.angle(x + 1j * x**2),
    "vander": lambda x: np.vander(x[0], 3) ** 2,
    "apply_along_axis": lambda x: np.apply_along_axis(lambda r: r * r[0], 1, x),
    "zeros_like": lambda x: np.zeros_like(x) + x * np.ones_like(x) * np.full_like(x, 2.0),
    "full like": lambda x: np.full((2, 2), x[0, 0], like=x) ** 2,
    "astype": lambda x: x.astype(np.float64) ** 2,
})  # fmt: skip


def _parts(z):
    return np.stack([np.real(z), np.imag(z)])


FOURIER = at(X, {
    "fft": lambda x: np.abs(np.fft.fft(x)) ** 2,
    "fft long": lambda x: _parts(np.fft.fft(x, n=6, axis=0)) ** 2,
    "fft short": lambda x: _parts(np.fft.fft(x, n=3, norm="ortho")) ** 2,
    "ifft": lambda x: _parts(np.fft.ifft(x + 1j * x**2)) ** 2,
    "rfft": lambda x: _parts(np.fft.rfft(x)) ** 2,
    "rfft odd": lambda x: _parts(np.fft.rfft(x, axis=0)) ** 2,
    "rfft of one": lambda x: _parts(np.fft.rfft(x, n=True)) ** 2,
    "irfft": lambda x: np.fft.irfft(x + 1j * x**2) ** 2,
    "irfft odd": lambda x: np.fft.irfft(x + 1j * x**2, n=5, axis=0) ** 2,
    "fft2": lambda x: _parts(np.fft.fft2(x)) ** 2,
    "ifft2": lambda x: _parts(np.fft.ifft2(x)) ** 2,
    "fftn": lambda x: _parts(np.fft.fftn(x, s=(2, 5), axes=(0, 1))) ** 2,
    "ifftn": lambda x: _parts(np.fft.ifftn(x)) ** 2,
    "rfft2": lambda x: _parts(np.fft.rfft2(x)) ** 2,
    "rfftn": lambda x: _parts(np.fft.rfftn(x)) ** 2,
    "irfft2": lambda x: np.fft.irfft2(x + 1j * x**2) ** 2,
    "irfftn": lambda x: np.fft.irfftn(x + 1j * x**2, s=(3, 5), axes=(0, 1)) ** 2,
    "hfft": lambda x: np.fft.hfft(x + 1j * x**2) ** 2,
    "ihfft": lambda x: _parts(np.fft.ihfft(x)) ** 2,
    "fftshift": lambda x: np.fft.fftshift(x) * x,
    "ifftshift": lambda x: np.fft.ifftshift(x, axes=1) * x,
})  # fmt: skip

CONTRACTIONS = at(X, {
    "matmul": lambda x: x @ M.T @ x,
    "matvec": lambda x: x @ x[0] * 2,
    "vecmat": lambda x: x[:, 0] @ x,
    "vecvec": lambda x: x[0] @ x[1],
    "stacked matmul": lambda x: np.stack([x, x * x]) @ x.T,
    "dot": lambda x: np.dot(x, x.T),
    "dot 3-d": lambda x: np.dot(x, np.stack([x.T, M.T])),
    "vdot": lambda x: np.vdot(x, x * x),
    "inner": lambda x: np.inner(x, x * x),
    "inner vectors": lambda x: np.inner(x[0], x[1]),
    "outer": lambda x: np.outer(x[0], x[:, 1]),
    "tensordot": lambda x: np.tensordot(x, M, axes=([1], [1])) ** 2,
    "tensordot 2": lambda x: np.tensordot(x, x * M),
    "tensordot 0": lambda x: np.tensordot(x[0], x[1], axes=0),
    "kron": lambda x: np.kron(x, x[:2, :2]),
    "kron vector": lambda x: np.kron(x, x[0]),
    "cross": lambda x: np.cross(x[:, :3], x[:, 1:]),
    "cross axis": lambda x: np.cross(x, x[:, ::-1], axis=0),
    "trace": lambda x: np.trace(x @ x.T, 1) ** 2,
    "vecdot": lambda x: np.vecdot(x, x * M),
    "convolve": lambda x: np.convolve(x[0], x[1, :3]),
    "convolve same": lambda x: np.convolve(x[0, :3], x[1], "same"),
    "convolve valid": lambda x: np.convolve(x[0, :2], x[1], "valid"),
    "correlate": lambda x: np.correlate(x.ravel(), x[1], "full"),
    "correlate same": lambda x: np.correlate(x[0, :3], x[1], "same"),
    "correlate valid": lambda x: np.correlate(x[0], x[1, :2]),
    "einsum matmul": lambda x: np.einsum("ij,kj->ik", x, x * M),
    "einsum implicit": lambda x: np.einsum("ij,jk", x, x.T),
    "einsum trace": lambda x: np.einsum("ii", x[:, :3]) ** 2,
    "einsum diagonal": lambda x: np.einsum("ii->i", x[:, :3]) ** 2,
    "einsum sum": lambda x: np.einsum("ij->j", x) ** 2,
    "einsum outer": lambda x: np.einsum("i,j->ji", x[0], x[:, 1]),
    "einsum dots": lambda x: np.einsum("...j,...j", x, x[0]),
    "einsum batch": lambda x: np.einsum("bij,bjk->bik", np.stack([x, x * x]), np.stack([x.T, M.T])),
    "einsum three": lambda x: np.einsum("ij,jk,kl->il", x, x.T, M * x),
    "einsum lists": lambda x: np.einsum(x, [0, 1], x, [2, 1], [0, 2]),
    "einsum stretched": lambda x: np.einsum("ij,ij->ij", x[:1], x),
})  # fmt: skip


def definite(x):
    """A positive definite matrix."""
    return x @ x.T + np.eye(3)


def turned(x):
    """A complex Hermitian matrix."""
    z = x[:, :3] + 1j * np.sin(x[:, 1:])
    return z @ np.conj(z.T) + np.eye(3)


S = np.array([1.0, 2.0, -1.0])

LINALG = at(X, {
    "solve": lambda x: np.linalg.solve(definite(x), x),
    "solve vector": lambda x: np.linalg.solve(x[:, :3], x[:, 3]),
    "solve stacked": lambda x: np.linalg.solve(np.stack([definite(x), x[:, :3]]), x),
    "inv": lambda x: np.linalg.inv(x[:, :3]),
    "det 2": lambda x: np.linalg.det(x[:2, :2]),
    "det 3": lambda x: np.linalg.det(x[:, 1:]),
    "det 4": lambda x: np.linalg.det(np.concatenate([x, x[:1] ** 2])),
    "slogdet": lambda x: np.linalg.slogdet(x[:, :3])[1],
    "slogdet complex": lambda x: np.real(np.linalg.slogdet(x[:, :3] + 1j * x[:, 1:])[0]),
    "cholesky": lambda x: np.linalg.cholesky(definite(x)),
    "cholesky upper": lambda x: np.linalg.cholesky(definite(x), upper=True),
    "cholesky complex": lambda x: _parts(np.linalg.cholesky(turned(x))),
    "eigh values": lambda x: np.linalg.eigh(definite(x))[0],
    "eigh vectors": lambda x: np.linalg.eigh(definite(x))[1] ** 2,
    "eigh complex": lambda x: np.abs(np.linalg.eigh(turned(x)).eigenvectors @ S) ** 2 @ np.ones(3),
    "eigvalsh": lambda x: np.linalg.eigvalsh(turned(x), UPLO="U"),
    "eig": lambda x: np.real(np.linalg.eig(definite(x) @ np.diag(S[:2].sum() + S)).eigenvalues),
    "eigvals": lambda x: np.abs(np.linalg.eigvals(x[:, :3])) ** 2,
    "qr": lambda x: np.linalg.qr(x.T)[0] * np.linalg.qr(x.T).R[0],
    "qr wide": lambda x: np.linalg.qr(x)[1] ** 2,
    "qr r": lambda x: np.linalg.qr(x.T, mode="r") ** 2,
    "qr complex": lambda x: _parts(np.linalg.qr(x.T + 1j * x.T**2)[0]),
    "svd values": lambda x: np.linalg.svd(x, compute_uv=False),
    "svd vectors": lambda x: np.linalg.svd(x, full_matrices=False)[0] ** 2,
    "svd tall": lambda x: np.linalg.svd(x.T, full_matrices=False)[0] ** 2,
    "svd right": lambda x: np.linalg.svd(x, full_matrices=False).Vh ** 2,
    "svd square": lambda x: np.linalg.svd(x[:, :3])[2] ** 2,
    "svd complex": lambda x: np.abs(np.linalg.svd(x + 1j * x**2, full_matrices=False)[2]) ** 2,
    "svdvals": lambda x: np.linalg.svdvals(x),
    "pinv": lambda x: np.linalg.pinv(x),
    "pinv tall": lambda x: np.linalg.pinv(x.T),
    "lstsq": lambda x: np.linalg.lstsq(x.T, x.T[:, 0] ** 2)[0],
    "lstsq residuals": lambda x: np.linalg.lstsq(x.T, x.T**2)[1],
    "matrix_power": lambda x: np.linalg.matrix_power(x[:, :3], 5),
    "matrix_power negative": lambda x: np.linalg.matrix_power(x[:, :3], -2),
    "multi_dot": lambda x: np.linalg.multi_dot([x[0], x.T, x, M.T, x[:, 0]]),
    "tensorsolve": lambda x: np.linalg.tensorsolve(definite(x).reshape(3, 3, 1), x[:, 0]),
    "tensorinv": lambda x: np.linalg.tensorinv(definite(x).reshape(3, 1, 3), ind=2),
    "cond": lambda x: np.linalg.cond(x),
    "cond 1": lambda x: np.linalg.cond(x[:, :3], 1),
    "norm": lambda x: np.linalg.norm(x),
    "norm axis": lambda x: np.linalg.norm(x, axis=1, keepdims=True) * x,
    "norm 1": lambda x: np.linalg.norm(x, 1, axis=0) ** 2,
    "norm 3": lambda x: np.linalg.norm(x[0], 3),
    "norm inf": lambda x: np.linalg.norm(x[0], np.inf) ** 2,
    "norm nuc": lambda x: np.linalg.norm(x, "nuc"),
    "norm matrix 2": lambda x: np.linalg.norm(x, 2),
    "norm matrix 1": lambda x: np.linalg.norm(x, 1) ** 2,
    "norm complex": lambda x: np.linalg.norm(x + 1j * x**2),
    "vector_norm": lambda x: np.linalg.vector_norm(x, ord=4),
    "matrix_norm": lambda x: np.linalg.matrix_norm(np.stack([x, x * x]), ord="nuc"),
    "linalg.trace": lambda x: np.linalg.trace(np.stack([x, x * x])),
    "linalg.outer": lambda x: np.linalg.outer(x[0], x[1]),
}, rtol=3e-6)  # fmt: skip

# Axes of length one: what is repeated along them, spread behind them or read through them.
ROW = at(rng.normal(size=(1, 4)), {
    "repeat a row": lambda x: np.repeat(np.sin(x), 3, axis=1) ** 2,
    "repeat rows": lambda x: np.repeat(x, 2, axis=0) * x,
    "tile a row": lambda x: np.tile(x, (1, 2, 2)) ** 2,
    "kron of a row": lambda x: np.kron(np.array([[1.0, 2.0]]), x) * np.kron(x, np.array([[1.0, 3.0]])),
    "sums of a row": lambda x: x * np.sum(x, axis=0) - np.mean(x, axis=1, keepdims=True) * np.max(x, axis=0),
    "softmax of a row": lambda x: ad.softmax(x, axis=1) * ad.logsumexp(x, axis=0),
    "product of a row": lambda x: (x @ x.T) * x + x.T @ x,
    "stack of a row": lambda x: np.stack([x, np.sin(x)], axis=2).reshape(1, 8) ** 2,
})  # fmt: skip
COLUMN = at(rng.normal(size=(3, 1)), {
    "repeat a column": lambda x: np.repeat(np.sin(x), 3, axis=1) ** 2,
    "tile a column": lambda x: np.tile(x, (2, 3)) ** 2,
    "sums of a column": lambda x: x * np.sum(x, axis=1, keepdims=True) - np.mean(x, axis=0) * np.max(x, axis=1),
    "running sum of a column": lambda x: np.cumsum(x, axis=0) * np.cumsum(x, axis=1),
})  # fmt: skip
IMAGE = at(rng.normal(size=(1, 2, 3)), {
    "upsample an image": lambda x: np.repeat(np.repeat(np.tanh(x), 2, axis=-1), 2, axis=-2) ** 2,
    "pool an image": lambda x: np.max(np.pad(x, ((0, 0), (1, 1), (0, 1))).reshape(1, 2, 2, 2, 2), axis=(2, 4)) ** 2,
    "spread an image": lambda x: np.broadcast_to(x[:, :, None], (1, 2, 3, 3)).reshape(1, 18) ** 2,
})  # fmt: skip
ELEMENT = at(rng.normal(size=(1, 1)), {
    "repeat an element": lambda x: np.repeat(np.sin(x), 3, axis=0) ** 2,
    "sums of an element": lambda x: (x - np.sum(x, axis=0)) * x + np.max(x, axis=1) ** 2,
    "product of an element": lambda x: x @ x @ np.tile(x, (1, 3)),
})  # fmt: skip

CASES: dict[str, Case] = {
    **REDUCTIONS, **SHAPING, **JOINING, **PADDING, **CHOOSING, **INDEXING, **WRITING, **DIFFERENCES, **FOURIER,
    **CONTRACTIONS, **LINALG, **ROW, **COLUMN, **IMAGE, **ELEMENT,
}  # fmt: skip
