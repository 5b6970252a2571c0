"""Calls of NumPy's functions as users write them, by chapter: options, axes, lists and numbers among the arguments.

Each is a function of one array, tried with every dtype and shape of its chapter; NumPy says what it gives.
"""

import numpy as np

# For the arrays of a chapter: many functions mind an axis that is missing, empty or of length one.
ARRAYS = [(3, 4), (1, 4), (0, 4), (4,), (1,), ()]
VECTORS = [(4,), (1,), (0,), (2, 4), ()]
SQUARES = [(3, 3), (1, 1), (2, 3, 3), (3, 4), (4,)]


def _changed(x, write):
    """What an array is after something was written into a copy."""
    y = x.copy()
    write(y)
    return y


REDUCTIONS = {
    f"{fn.__name__} {options}": lambda x, fn=fn, options=options: fn(x, **options)
    for fn in (np.sum, np.prod, np.max, np.min, np.mean, np.var, np.std, np.median, np.all, np.any, np.ptp,
               np.nansum, np.nanprod, np.nanmax, np.nanmin, np.nanmean, np.nanvar, np.nanstd, np.count_nonzero)
    for options in ({}, {"axis": 0}, {"axis": -1, "keepdims": True}, {"axis": ()}, {"axis": (0, -2)}, {"axis": 5})
    # Where there is nothing, NumPy's median stumbles over no axis.
    if not (fn is np.median and options.get("axis") == ())
}  # fmt: skip

OPTIONS = {
    **{
        f"{fn.__name__} initial {start!r}": lambda x, fn=fn, start=start: fn(x, axis=-1, initial=start)
        for fn in (np.sum, np.prod, np.max, np.min, np.nanmax)
        for start in (0, 1.5, True, np.float32(2.5))
    },
    **{
        f"{fn.__name__} where": lambda x, fn=fn: fn(x, initial=1, where=np.arange(x.size).reshape(x.shape) % 2 == 0)
        for fn in (np.sum, np.prod, np.max, np.min, np.nansum)
    },
    "sum in int8": lambda x: np.sum(x, dtype=np.int8),
    "sum of truths": lambda x: np.sum(x, dtype=bool),
    "mean where": lambda x: np.mean(x, axis=0, where=np.ones(x.shape, bool)),
    "mean in integers": lambda x: np.mean(x, dtype=int),
    "mean in float32": lambda x: np.mean(x, dtype=np.float32),
    "var ddof": lambda x: np.var(x, ddof=1, axis=-1),
    "var correction": lambda x: np.var(x, axis=0, correction=0.5),
    "var mean": lambda x: np.var(x, axis=0, mean=np.mean(x, axis=0, keepdims=True)),
    "std in float64": lambda x: np.std(x, dtype=np.float64),
    "cumsum": lambda x: np.cumsum(x),
    "cumsum axis": lambda x: np.cumsum(x, axis=-1, dtype=np.int8),
    "cumprod": lambda x: np.cumprod(x, axis=0),
    "nancumsum": lambda x: np.nancumsum(x, axis=0),
    "argmax": lambda x: np.argmax(x, keepdims=True),
    "argmin axis": lambda x: np.argmin(x, axis=0, keepdims=True),
    "argsort": lambda x: np.argsort(x, axis=None),
    "average": lambda x: np.average(x, axis=0, weights=np.arange(x.shape[0]) + 1, returned=True),
    "average of all": lambda x: np.average(x, keepdims=True),
    "cov": lambda x: np.cov(x, ddof=0),
    "cov of columns": lambda x: np.cov(x, rowvar=False, bias=True),
    "cov weights": lambda x: np.cov(x, fweights=np.arange(4) + 1, aweights=np.ones(4), ddof=0),
    **{
        f"quantile {method}": lambda x, method=method: np.quantile(x, [0.0, 0.1, 0.5, 0.93], axis=-1, method=method)
        for method in ("linear", "lower", "higher", "nearest", "midpoint", "inverted_cdf", "averaged_inverted_cdf",
                       "closest_observation", "interpolated_inverted_cdf", "hazen", "weibull", "median_unbiased",
                       "normal_unbiased", "none such")
    },
    "quantile number": lambda x: np.quantile(x, 0.3),
    "quantile whole": lambda x: np.quantile(x, [0, 1], axis=0),
    "quantile of float32": lambda x: np.quantile(x, np.float32(0.3)),
    "quantile outside": lambda x: np.quantile(x, 1.2),
    "percentile": lambda x: np.percentile(x, [10, 70], axis=0, keepdims=True),
    "nanquantile": lambda x: np.nanquantile(x, [0.1, 0.7], axis=0, keepdims=True),
    "nanmedian": lambda x: np.nanmedian(x, axis=-1),
    **{
        f"{fn.__name__}.reduce {options}": lambda x, fn=fn, options=options: fn.reduce(x, **options)
        for fn in (np.fmax, np.hypot, np.subtract, np.logical_xor)
        for options in ({}, {"axis": (0, -1), "keepdims": True}, {"axis": -1, "initial": 1}, {"dtype": np.float32})
    },
    "maximum.accumulate": lambda x: np.maximum.accumulate(x, axis=-1),
    "divide.accumulate": lambda x: np.divide.accumulate(x, dtype=np.float64),
    "add.reduceat": lambda x: np.add.reduceat(x, [0, 2, 1], axis=0),
    "add.at": lambda x: _changed(x, lambda y: np.add.at(y, [0, 0, -1], 1)),
    "maximum.outer": lambda x: np.maximum.outer(x, [1, 2], dtype=np.float64),
    "put": lambda x: _changed(x, lambda y: np.put(y, [0, -1], 2.5)),
    "putmask": lambda x: _changed(x, lambda y: np.putmask(y, np.arange(x.size) % 2 == 0, [2.5, 1])),
    "placed": lambda x: _changed(x, lambda y: np.place(y, np.arange(x.size) % 2 == 0, [2.5, 1])),
    "copied into": lambda x: _changed(x, lambda y: np.copyto(y, 2.5, casting="unsafe", where=x != x)),
    "sorted in place": lambda x: _changed(x, lambda y: y.sort()),
    "filled diagonal": lambda x: _changed(x, lambda y: np.fill_diagonal(y, 3)),
    "written by flat": lambda x: _changed(x, lambda y: y.flat.__setitem__([0, 0], [1, 2])),
}  # fmt: skip

SHAPING = {
    "reshape": lambda x: np.reshape(x, (-1, 2)),
    "reshape list": lambda x: np.reshape(x, [-1]),
    "reshape F": lambda x: np.reshape(x, (2, -1), order="F"),
    "transpose": lambda x: np.transpose(x, (-1, 0)),
    "moveaxis": lambda x: np.moveaxis(x, [0, 1], [-1, 0]),
    "rollaxis": lambda x: np.rollaxis(x, -1, 0),
    "rollaxis of a list": lambda x: np.rollaxis(x, [0]),
    "rollaxis far": lambda x: np.rollaxis(x, 0, 3),
    "swapaxes": lambda x: np.swapaxes(x, 0, -1),
    "swapaxes of lists": lambda x: np.swapaxes(x, [0], [-1]),
    "expand_dims": lambda x: np.expand_dims(x, (0, -1)),
    "expand_dims twice": lambda x: np.expand_dims(x, (0, 0)),
    "squeeze": lambda x: np.squeeze(x, 0),
    "broadcast_to": lambda x: np.broadcast_to(x, (2, *x.shape)),
    "atleast": lambda x: (np.atleast_1d(x), np.atleast_2d(x), np.atleast_3d(x)),
    "flip": lambda x: np.flip(x, (0, -1)),
    "rot90": lambda x: np.rot90(x, 3),
    "roll": lambda x: np.roll(x, (1, -2), (0, -1)),
    "roll flat": lambda x: np.roll(x, 3),
    "resize": lambda x: np.resize(x, (2, 5)),
    "resize negative": lambda x: np.resize(x, -1),
    "tile": lambda x: np.tile(x, (2, 1, 2)),
    "repeat": lambda x: np.repeat(x, 3, axis=-1),
    "repeat counts": lambda x: np.repeat(x, [1, 2, 0], 0),
    "windows": lambda x: np.lib.stride_tricks.sliding_window_view(x, 2, 0),
    "windows of one axis": lambda x: np.lib.stride_tricks.sliding_window_view(x, (2, 1), (0, 0)),
    "copy": lambda x: [x.copy()],
    "conj": lambda x: x.conj(),
}

JOINING = {
    "concatenate": lambda x: np.concatenate([x, x], -1),
    "concatenate numbers": lambda x: np.concatenate([x, np.ones(x.shape, np.int8)]),
    "concatenate in float32": lambda x: np.concatenate([x, x], dtype=np.float32),
    "concatenate far": lambda x: np.concatenate([x, x], 5),
    "stack": lambda x: np.stack([x, x], -1),
    "stack far": lambda x: np.stack([x, x], 7),
    "hstack": lambda x: np.hstack([x, 1.0]),
    "column_stack": lambda x: np.column_stack([x, x]),
    "block": lambda x: np.block([[x, x], [x, x]]),
    "block of depths": lambda x: np.block([[x], x]),
    "append": lambda x: np.append(x, [1, 2]),
    "split": lambda x: np.split(x, [1, 3]),
    "array_split": lambda x: np.array_split(x, 3),
    **{f"delete {obj!r}": lambda x, obj=obj: np.delete(x, obj)
       for obj in (0, -1, 9, [0, -1], [], slice(None, None, 2), slice(3, 0, -1), [True, False, True, True])},
    **{f"delete {obj!r} of rows": lambda x, obj=obj: np.delete(x, obj, 0)
       for obj in (0, [0, 0], slice(0, 2), np.array([True]), np.array([], int))},
    **{f"insert {obj!r}": lambda x, obj=obj: np.insert(x, obj, 5.5)
       for obj in (0, 1, -1, 99, [0, 2], [], [3, 1, 1], slice(0, 2), np.array([True, False, True]), [[0]],
                   np.array(1))},
    **{f"insert {obj!r} into rows": lambda x, obj=obj: np.insert(x, obj, [1, 2, 3, 4], 0)
       for obj in (1, [1], [0, 0], -1)},
    "insert a matrix": lambda x: np.insert(x, 1, np.ones((2, 4)), 0),
    "insert columns": lambda x: np.insert(x, 1, np.ones((x.shape[0], 2)), 1),
    "insert a column": lambda x: np.insert(x, [1], np.ones((x.shape[0], 1)), 1),
    "insert itself": lambda x: np.insert(x, 0, x, 0),
    "insert an imaginary number": lambda x: np.insert(x, 0, 1j),
    "meshgrid": lambda x: np.meshgrid(x, [1.0, 2.0]),
    "meshgrid sparse": lambda x: np.meshgrid(x, x, indexing="ij", sparse=True),
}  # fmt: skip

CHOOSING = {
    "where": lambda x: np.where(np.arange(x.size).reshape(x.shape) % 2 == 0, x, 1.5),
    "where in the dtype": lambda x: np.where([True, False, True, True], x, 2),
    "select": lambda x: np.select([x != 0, x == 0], [x, x * 2], 7),
    "choose": lambda x: np.choose(np.array([5, -1, 0, 1]), [x, 1.0], mode="clip"),
    "clip": lambda x: np.clip(x, 0, 1),
    "clip one side": lambda x: np.clip(x, None, 0.5),
    "clip mixed": lambda x: np.clip(x, 0.0, np.float32(1)),
    "clip far": lambda x: np.clip(x, -1000, 1000),
    "clip in float64": lambda x: np.clip(x, 0, 1, dtype=np.float64),
    "take": lambda x: np.take(x, [[0, 0], [0, 0]], axis=-1),
    "take wrapped": lambda x: np.take(x, [7, -9], mode="wrap"),
    "take clipped": lambda x: np.take(x, [7, -9], mode="clip"),
    "take_along_axis": lambda x: np.take_along_axis(x, np.zeros((1,) * x.ndim, int), 0),
    "diagonal": lambda x: np.diagonal(x, 1),
    "diag": lambda x: np.diag(x, -1),
    "triu": lambda x: np.triu(x, 1),
    "sort": lambda x: np.sort(x, 0),
    "sort flat": lambda x: np.sort(x, None),
    "sort by nothing": lambda x: np.sort(x, kind="none such"),
    "partition": lambda x: np.partition(x, 0),
    "sort_complex": lambda x: np.sort_complex(x),
    "compress": lambda x: np.compress([True, False, True], x),
    "nan_to_num": lambda x: np.nan_to_num(x * np.inf if x.dtype.kind == "f" else x, posinf=2.0),
    "unwrap": lambda x: np.unwrap(x, period=3),
    "piecewise": lambda x: np.piecewise(x, [x != 0, x == 0], [lambda t: t * t, 3.7]),
    "round": lambda x: np.round(x, 1),
    "modf": lambda x: np.modf(x),
    "frexp": lambda x: np.frexp(x),
    "divmod": lambda x: np.divmod(x, 2),
    "fmin": lambda x: np.fmin(x, True),
    "angle": lambda x: np.angle(x, deg=True),
    "isclose": lambda x: np.isclose(x, x),
    "array_equal": lambda x: np.array_equal(x, x),
    "digitize": lambda x: np.digitize(x, [2.0, 1.0, 0.0], right=True),
    "isposinf": lambda x: np.isposinf(x),
    "astype": lambda x: x.astype(np.float32),
    "full_like": lambda x: np.full_like(x, 2.7),
}

DIFFERENCES = {
    "diff": lambda x: np.diff(x, 2),
    "diff ends": lambda x: np.diff(x, prepend=0, append=x[..., -1:]),
    "ediff1d": lambda x: np.ediff1d(x, to_end=[1, 2]),
    "gradient": lambda x: np.gradient(x, edge_order=2, axis=-1),
    "gradient points": lambda x: np.gradient(x, np.arange(x.shape[-1]) ** 2 * 1.0, axis=-1),
    "interp": lambda x: np.interp(x, [-1.0, 0.0, 2.0], [1.0, 3.0, 2.0], left=-7),
    "interp periodic": lambda x: np.interp(np.real(x), [0.5, 1.5, 2.5], [1.0, 3.0, 2.0], period=3),
    "trapezoid": lambda x: np.trapezoid(x, dx=0.5, axis=0),
    "linspace": lambda x: np.linspace(x, 2, 4, axis=-1),
    "linspace step": lambda x: np.linspace(x, 9, 3, endpoint=False, retstep=True),
    "linspace whole": lambda x: np.linspace(x, 9, 4, dtype=int),
    "logspace": lambda x: np.logspace(0, x, 3, base=2),
    "geomspace": lambda x: np.geomspace(np.abs(x) + 1, 10.0, 3),
    "apply_over_axes": lambda x: np.apply_over_axes(np.sum, x, 0),
    **{f"pad {mode}": lambda x, mode=mode: np.pad(x, ((1, 2),) * x.ndim, mode)
       for mode in ("constant", "edge", "reflect", "symmetric", "wrap", "linear_ramp", "mean", "maximum",
                    "median")},
    "pad half": lambda x: np.pad(x, 1.5),
}  # fmt: skip

OF_VECTORS = {
    "polyval": lambda x: np.polyval([1, 2, 3], x),
    "polymul": lambda x: np.polymul(x, [1.0, 2.0]),
    "polyint": lambda x: np.polyint(x, 2, 3),
    "poly": lambda x: np.poly(x),
    "vander": lambda x: np.vander(x, 3),
    "convolve": lambda x: np.convolve(x, [1, 2, 3], "valid"),
    "correlate": lambda x: np.correlate(x, [1j, 2.0], "same"),
    "correlate itself": lambda x: np.correlate(x, x),
    "bincount": lambda x: np.bincount([0, 1, 1, 3], x),
    "histogram": lambda x: np.histogram(x, 3),
    "histogram weights": lambda x: np.histogram([0.1, 0.2, 0.9, 0.3], [0.0, 0.25, 1.0], weights=x),
    "histogram of one value": lambda x: np.histogram(x * 0, 2, density=True),
    "histogram2d": lambda x: np.histogram2d(x, x, [2, 3], range=[[-1, 1], [-2, 2]]),
    "unique": lambda x: np.unique(x, True, True, True),
    "unique rows": lambda x: np.unique(x, axis=0, return_index=True, return_inverse=True),
    "unique with NaN": lambda x: np.unique(np.where(x == x[0], np.nan, x), equal_nan=False, return_counts=True),
    "unique_all": lambda x: tuple(np.unique_all(x)),
    "intersect1d": lambda x: np.intersect1d(x, x[:2], return_indices=True),
    "setxor1d": lambda x: np.setxor1d(x, x[:1]),
    "lexsort": lambda x: np.lexsort((x, x * 0)),
    "roots": lambda x: np.abs(np.roots(x)),
    **{f"emath.{fn.__name__}": lambda x, fn=fn: fn(x * x)
       for fn in (np.emath.sqrt, np.emath.log2)},
    "emath.power": lambda x: np.emath.power(x * x, np.array(-1)),
    "i0": lambda x: np.i0(x),
    "outer": lambda x: np.linalg.outer(x, x),
    "vector_norm": lambda x: np.linalg.vector_norm(x, ord=3, keepdims=True),
    **{f"norm {order}": lambda x, order=order: np.linalg.norm(x, order) for order in (1, 3, 0, -1, np.inf, "nuc")},
    **{f"{fn.__name__} {options}": lambda x, fn=fn, options=options: fn(x, **options)
       for fn in (np.fft.fft, np.fft.rfft, np.fft.ihfft)
       for options in ({}, {"n": 6}, {"n": 2, "norm": "ortho"}, {"axis": 0}, {"axis": -4}, {"n": 0})},
    "fftn": lambda x: np.fft.fftn(x),
    "fftshift": lambda x: np.fft.fftshift(x, (0, -1)),
}  # fmt: skip

OF_MATRICES = {
    "matmul": lambda x: x @ x.T,
    "dot number": lambda x: np.dot(x, 2.0),
    "vdot": lambda x: np.vdot(x, x),
    "vecdot": lambda x: np.vecdot(x, x),
    "tensordot": lambda x: np.tensordot(x, x, ([-1], [0])),
    "kron": lambda x: np.kron(x, x),
    "trace": lambda x: np.trace(x, 1, dtype=np.float32),
    "einsum": lambda x: np.einsum("ii", x),
    "einsum in float64": lambda x: np.einsum("ij->j", x, dtype=np.float64),
    "det": lambda x: np.linalg.det(x),
    "inv": lambda x: np.linalg.inv(x + 9 * np.eye(3)),
    "svdvals": lambda x: np.linalg.svdvals(x),
    "matrix_rank": lambda x: np.linalg.matrix_rank(x),
    "cond": lambda x: np.linalg.cond(x + 9 * np.eye(3), 1),
    "multi_dot": lambda x: np.linalg.multi_dot([x, x]),
    "multi_dot of three": lambda x: np.linalg.multi_dot([x, x, x]),
    "eigvalsh": lambda x: np.linalg.eigvalsh(x, "none such"),
    "tensorinv": lambda x: np.linalg.tensorinv(x, 0),
    **{f"matrix norm {order}": lambda x, order=order: np.linalg.norm(x, order, keepdims=True)
       for order in (None, 1, -1, 2, "fro", "nuc", np.inf, 0.5)},
}  # fmt: skip

CHAPTERS = [
    (ARRAYS, REDUCTIONS), (ARRAYS, OPTIONS), (ARRAYS, SHAPING), (ARRAYS, JOINING), (ARRAYS, CHOOSING),
    (ARRAYS, DIFFERENCES), (VECTORS, OF_VECTORS), (SQUARES, OF_MATRICES),
]  # fmt: skip
