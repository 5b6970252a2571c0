"""Lists of Variables where NumPy does not ask what is in a list: `np.sum([x > 0, x > 1])`.

NumPy makes an array of objects of such a list, and does to it what Python's operators do to the objects one after
another: they know nothing of the dtype that the list has as an array. While a transform runs, functions of ours
answer (see `namespace.py`), and give NumPy's functions the array that the list stands for.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from inspect import signature
from typing import Any

import numpy as np

from ..core.block import TABLE
from ..core.dispatch import AS_METHODS, answer
from ..core.variable import Variable, holds_variable
from ..namespace import is_answering, replace
from .creation import assembled
from .views import array_of_no_axes

# How many of a function's first arguments are arrays, where it does not look for Variables in lists by itself.
_ARRAYS = {
    1: """
    all amax amin angle any argmax argmin argpartition argsort argwhere around array_split bincount broadcast_to
    choose count_nonzero cumprod cumsum delete diag diagflat diagonal diff ediff1d expand_dims fix flatnonzero flip
    fliplr flipud gradient histogram histogram_bin_edges i0 imag max mean median min moveaxis nan_to_num nanargmax
    nanargmin nancumprod nancumsum nanmax nanmean nanmedian nanmin nanpercentile nanprod nanquantile nanstd nansum
    nanvar nonzero packbits pad partition percentile piecewise poly polyder polyint prod ptp quantile ravel real
    repeat reshape resize roll rot90 round sort sort_complex split squeeze std sum swapaxes tile trace transpose
    trapezoid tril triu unique unwrap vander var isneginf isposinf iscomplex isreal cumulative_sum cumulative_prod
    linalg.cholesky linalg.cond linalg.det linalg.eig linalg.eigh linalg.eigvals linalg.eigvalsh linalg.inv
    linalg.matrix_norm linalg.matrix_power linalg.matrix_rank linalg.norm linalg.pinv linalg.qr linalg.slogdet
    linalg.svd linalg.svdvals linalg.tensorinv linalg.trace linalg.vector_norm fft.fft fft.fft2 fft.fftn
    fft.fftshift fft.hfft fft.ifft fft.ifft2 fft.ifftn fft.ifftshift fft.ihfft fft.irfft fft.irfft2 fft.irfftn
    fft.rfft fft.rfft2 fft.rfftn min_scalar_type sinc
    """,
    2: """
    allclose append array_equal array_equiv compress convolve corrcoef correlate cov cross digitize dot extract
    geomspace inner intersect1d isclose isin kron linspace logspace outer polyadd polymul polysub polyval
    searchsorted setdiff1d setxor1d take take_along_axis tensordot union1d vdot linalg.cross linalg.lstsq
    linalg.solve
    """,
    3: "average clip insert interp ix_ polyfit where",
}


def _taking_lists(original: Any, count: int) -> Callable[..., Any]:
    """As a function of NumPy's whose first arguments, as many as `count`, are arrays or lists of Variables."""
    call = TABLE.get(original)
    name = original.__name__
    # Also of numbers; in our own rules, where nobody writes into what it gives, each row of a batch gets a number.
    gives_arrays = original is np.where

    def taking(*args: Any, **kwargs: Any) -> Any:
        if args and args[0].__class__ is Variable and call is not None:
            # NumPy would ask the Variable in the end, and takes its time to find it.
            out = answer(name, call, args, kwargs)
            level = args[0].level
            out = level.from_numpy(out) if level.stages and original not in AS_METHODS else out
            return array_of_no_axes(out) if gives_arrays else out
        if count > 1 or not args or type(args[0]) is not np.ndarray:
            names = _names(original)[:count] if kwargs else ()
            given = [*args[:count], *[kwargs[n] for n in names if n in kwargs]]
            if any([_holds(v) for v in given]) and is_answering():
                args = (*[assembled(v) if _holds(v) else v for v in args[:count]], *args[count:])
                kwargs |= {n: assembled(kwargs[n]) for n in names if _holds(kwargs.get(n))}
        out = original(*args, **kwargs)
        return array_of_no_axes(out) if gives_arrays else out

    return taking


def _holds(value: Any) -> bool:
    return value.__class__ in (list, tuple) and holds_variable(value)


@cache
def _names(function: Any) -> tuple[str, ...]:
    try:
        return tuple(signature(function).parameters)
    except (TypeError, ValueError):
        return ()


def install() -> None:
    """Let functions answer for NumPy's, once the table is complete."""
    for count, names in _ARRAYS.items():
        for name in names.split():
            part, _, last = name.rpartition(".")
            original = getattr(getattr(np, part) if part else np, last, None)
            if original is not None:
                replace(name, _taking_lists(original, count))
