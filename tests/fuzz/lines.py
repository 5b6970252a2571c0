"""Lines of NumPy from which programs are made: one for each way to write a call.

A hole in braces is filled by `arguments.py`. A letter is a value made before, by its kind:

    x  a number or array        v  a vector           b  of booleans
    r  a real one               p  of two axes        i  of integers
    c  a complex one            m  of two or more     q  square in its last two axes
    s  of no axis               t  a buffer of the program's own

The same hole is the same value; `x2` is another, `{x2~x}` one that broadcasts with x, `{x2=x}` one of its shape. A
word is an argument of a call, after a colon that of which value: `{axis:x}`. Words between bars are a choice:
`{sum|prod}`.
"""

import numpy as np

from dragongrad.core.block import BLOCKS


def _inside(low: float, high: float, hole: str) -> str:
    """A hole brought into the domain of a function."""
    if np.isfinite([low, high]).all():
        return f"{(low + high) / 2:g} + {0.45 * (high - low):g} * np.sin({hole})"
    return f"{hole} ** 2 + {low + 0.5:g}" if np.isfinite(low) else hole


def _elementwise() -> list[str]:
    """A line for each elementwise Block, in its domain and as it comes."""
    lines = []
    for fn, block in BLOCKS.items():
        if block.kind != "elementwise" or not isinstance(fn, np.ufunc | type(np.sinc)) or fn.__name__[0] == "_":
            continue
        holes = ["{x}", "{x2~x}"][: len(block.names)]
        domain = [*block.domain, *[(-np.inf, np.inf)] * len(holes)]
        placed = [_inside(*limits, hole) for limits, hole in zip(domain, holes, strict=False)]
        lines += [f"np.{fn.__name__}({', '.join(given)})" for given in dict.fromkeys((tuple(placed), tuple(holes)))]
    return lines


# No three equal numbers for clip: their slopes are right together, and not each by itself.
ELEMENTWISE = [
    *_elementwise(),
    "{x} + {x2~x}", "{x} - {x2~x}", "{x} * {x2~x}", "{x} / ({x2~x} ** 2 + 1)", "-{x}", "+{x}", "abs({x})",
    "{x} ** {2|3|0|1|-1|0.5}", "(1 + {x} ** 2) ** np.tanh({x2~x})", "{2|0.5|-1} ** {x}", "{x} % {1.5|-0.7}",
    "{x} // {0.7|2}", "np.ldexp({r}, {1|-3|0})", "np.exp(np.sin({x}))", "ad.logistic({x})", "{x} * {number}",
    "{number} - {x}", "{x} * 1j", "np.clip({r}, {-0.5|None|0}, {0.5|None|1})",
    "np.clip({r}, {r2~r} - 0.25, {r3~r})", "{r}.clip({-0.5|0})", "np.where({r} > 0, {x~r}, {x2~x})",
    "np.where({b}, {x~b}, {number})",
    "np.maximum({r}, {0|0.5})", "np.real({c})", "np.imag({c})", "np.conj({c})", "np.angle({c})", "{c}.real",
    "{c}.imag", "{c}.conj()", "np.nan_to_num({x})", "np.modf({r})[{0|1}]", "np.divmod({r}, {0.7|2})[{0|1}]",
    "np.frexp({r})[{0|1}]", "np.{round|around}({x}, {0|1|-1})", "{x}.round()",
    "np.{fix|trunc|floor|ceil|rint|sign|signbit|spacing|isposinf|isneginf}({r})", "np.{isfinite|isnan|isinf}({x})",
    "np.floor_divide({r}, {0.7|2})", "np.isclose({x}, {x2~x})", "np.{isreal|iscomplex|real_if_close}({x})",
    "{x} {==|!=} {x2~x}", "{r} {<|<=|>|>=} {r2~r}",
    "np.{less|greater|equal|not_equal|less_equal|greater_equal}({r}, 0)",
    "np.logical_{and|or|xor}({b}, {b2~b})", "np.logical_not({b})", "~{b}", "{b} & {b2~b}", "{b} | {b2~b}",
    "{i} & {i2~i}", "{i} | {i2~i}", "{i} ^ {i2~i}", "np.{gcd|lcm}({i}, {i2~i})",
    "np.{left_shift|right_shift}({i}, {0|1|2})",
    "np.bitwise_{and|or|xor}({i}, 3)", "np.bitwise_count({i})", "np.invert({i})", "{i} * {i2~i}",
    "{x} * {b~x}", "{x} + {i~x}",
    "{x}.astype({dtype})", "np.astype({x}, {dtype})", "np.{positive|negative}({x})",
]  # fmt: skip

REDUCTIONS = [
    "np.{sum|prod|mean|max|min}({x}, axis={axes:x}, keepdims={bool})", "np.{amax|amin|sum|std|ptp|median}({r})",
    "{x}.{sum|mean|max|min|prod|std|var}(axis={axes:x})", "{x}.{sum|mean|cumsum}()",
    "np.{sum|prod|max|min}({x}, axis={axes:x}, where={mask:x}, initial={0.5|1|-1})",
    "np.{mean|var}({x}, axis={axes:x}, where={mask:x})", "np.sum({x}, axis={axes:x}, dtype={dtype})",
    "np.{std|var}({x}, axis={axes:x}, ddof={0|1}, keepdims={bool})", "np.{nanstd|nanvar}({x}, axis={axes:x})",
    "np.{nansum|nanprod|nanmean|nanmax|nanmin}({x}, axis={axes:x})",
    "np.{nansum|nanmean|nanmax|nanvar|nancumsum}(np.where({mask:x}, np.nan, {x}), axis={axis:x})",
    "np.{cumsum|cumprod|nancumsum|nancumprod}({x}, axis={axis:x})", "np.{cumsum|cumprod|cumulative_prod}({v})",
    "np.cumulative_{sum|prod}({x}, axis={axis:x}, include_initial={bool})", "np.ptp({x}, axis={axis:x})",
    "np.average({x}, axis={axis:x})", "np.average({x}, weights=np.abs({x}) + 1)", "np.median({r}, axis={axes:r})",
    "np.quantile({r}, {0.3|1|0}, axis={axes:r}, keepdims={bool})", "np.percentile({r}, [20, 77], axis={axis:r})",
    "np.quantile({r}, [0.2, 0.7], axis={axis:r}, method={'lower'|'higher'|'midpoint'|'hazen'|'nearest'})",
    "np.nanquantile({r}, {0.3|0.7})", "np.nanmedian({r})",
    "np.{add|multiply|maximum|logaddexp|hypot|fmin|subtract}.reduce({r}, axis={axis:r})",
    "np.{add|multiply|subtract}.accumulate({x}, axis={axis:x})",
    "np.{maximum|logaddexp|fmin}.accumulate({r}, axis={axis:r})",
    "np.{add|multiply|maximum}.reduceat({r}, [0], axis={axis:r})",
    "np.{add|multiply|subtract|maximum}.outer({v}, {v2})", "ad.{softmax|log_softmax|logsumexp}({x}, axis={axis:x})",
    "np.trapezoid({x}, axis={axis:x})", "np.trapezoid({x}, dx=0.3)", "np.trapezoid({v}, {m})",
    "np.trapezoid({m}, {v} * 2, axis={-1|0})", "np.trapezoid({x}, {x2=x} * 2, axis={axis:x})",
    "np.{any|all}({b}, axis={axes:b})", "np.{argmax|argmin}({r}, axis={axis:r})", "np.{nanargmax|nanargmin}({r})",
    "np.count_nonzero({x}, axis={axes:x})", "np.{cov|corrcoef}({p})", "np.apply_over_axes(np.sum, {x}, {axis:x})",
    "np.apply_along_axis(lambda r: r * r[0], {axis:x}, {x})", "np.{size|ndim}({x}) * {x}", "np.allclose({x}, {x})",
]  # fmt: skip

SHAPING = [
    "np.reshape({x}, {shape:x})", "{x}.reshape({shape:x})", "np.reshape({x}, {shape:x}, order={'F'|'C'})",
    "np.ravel({x})",
    "{x}.ravel('F')", "{x}.flatten()", "{x}.T", "np.{transpose|permute_dims}({x}, {perm:x})",
    "{x}.transpose({perm:x})",
    "np.moveaxis({x}, {axis:x}, {axis:x})", "np.swapaxes({x}, {axis:x}, {axis:x})",
    "np.rollaxis({x}, {axis:x}, {axis:x})",
    "np.{matrix_transpose|linalg.matrix_transpose}({m})", "np.expand_dims({x}, {axis:x})", "{x}[None].squeeze(0)",
    "np.squeeze({x})", "np.broadcast_to({x}, {wider:x})", "np.broadcast_arrays({x}, {x2~x})[{0|1}]",
    "np.atleast_{1|2|3}d({x})",
    "np.flip({x}, {axes:x})", "np.{fliplr|flipud}({p})", "np.rot90({p}, {1|2|3|-1})",
    "np.roll({x}, {1|-2|3}, axis={axis:x})",
    "np.roll({x}, {1|-2|3})", "np.resize({x}, {2|(3, 2)|(2, 1, 2)})", "np.full_like({x}, {number}) * {x}",
    "np.copy({x})", "np.{zeros|ones}_like({x}) + {x}", "{x}.copy()",
    "np.fft.{fftshift|ifftshift}({x}, axes={axis:x})", "np.zeros_like({x}) * 0 + {x}",
]  # fmt: skip

JOINING = [
    "np.concatenate([{x}, {x2=x}], axis={axis:x})", "np.concatenate([{x}, {x}, {number} * {x}], axis={axis:x})",
    "np.concatenate([{x}, {x2}], axis=None)", "np.stack([{x}, {x2=x}], axis={axis:x})",
    "np.{vstack|hstack|dstack|column_stack}([{x}, {x2=x}])", "np.block([[{p}, {p} * 2], [{p}, {p2=p}]])",
    "np.append({x}, {x2=x}, axis={axis:x})", "np.append({x}, {x2})",
    "np.{split|array_split}({x}, {1|2|[1]}, axis={axis:x})[{0|-1}]",
    "np.{hsplit|vsplit|dsplit}({x}, {1|[1]})[-1]", "np.unstack({x}, axis={axis:x})[-1]",
    "np.tile({x}, {2|(1, 2)|(2, 1, 1)|0})",
    "np.repeat({x}, {2|3|1|0}, axis={axis:x})", "np.repeat({x}, 2)", "np.delete({x}, 0, axis={axis:x})",
    "{x}.repeat(2)",
    "np.insert({x}, {0|1}, {number}, axis={axis:x})", "np.insert({v}, [0, 1], {number})",
    "np.meshgrid({v}, {v2}, indexing={'ij'|'xy'})[{0|1}]", "np.array([[{s}, 1.0], [{s}, {s2}]], like={s})",
    "np.array([{s}, {s2}])", "np.pad({x}, {1|0|2|(1, 0)})", "np.pad({x}, 1, constant_values={number})",
    "np.pad({x}, {1|(1, 0)|(0, 2)|3}, mode={'edge'|'reflect'|'symmetric'|'wrap'})",
    "np.pad({x}, {1|(0, 2)}, mode={'linear_ramp'|'mean'|'maximum'|'minimum'|'median'})", "np.kron({m}, {m2})",
    "np.kron({v}, {x})", "np.{outer|linalg.outer}({v}, {v2})", "np.vander({v}, 3)", "np.trim_zeros({v})",
    "np.ix_({v} > 0)[0]",
    "{v}[np.r_[0:{n:v}]]", "np.full(3, {s}, like={s})", "np.{zeros|ones}(2, like={x}) + {s}",
]  # fmt: skip

CHOOSING = [
    "{x}[{index:x}]", "{x}[{index:x}] * 2", "np.sin({x}[{index:x}])", "{x}[{r=x} > 0]", "{v}[np.argmax({v})]",
    "{x}[np.argsort({x}, axis=0)]", "np.take({x}, {0|-1|1}, axis={axis:x})",
    "np.take({x}, [0, -1, 0], axis={axis:x})",
    "np.take({x}, [[0, 5], [-7, 1]], axis={axis:x}, mode={'wrap'|'clip'})", "{x}.take([0, 0])",
    "np.take_along_axis({x}, np.argsort({x}, axis=-1), axis=-1)", "np.compress([True], {x}, axis={axis:x})",
    "np.extract({r} > 0, {r})", "np.diagonal({m}, {0|1|-1})", "np.diag({p}, {0|1|-1})", "np.diag({v}, {0|1|-1})",
    "np.diagflat({x})", "np.{triu|tril}({m}, {0|1|-1})", "np.{trace|linalg.trace}({m})", "np.trace({m}, 1)",
    "np.sort({x}, axis={axis:x})", "np.sort({x}, axis=None)", "np.partition({x}, 0, axis={axis:x})",
    "np.sort_complex({v})",
    "np.choose({b} * 1, [{x~b}, {x2~b}])", "np.select([{r} > 1, {r} > 0], [{r}, {r2=r}], {number})",
    "np.piecewise({r}, [{r} < 0, {r} >= 0], [lambda t: t * t, lambda t: t * 2])",
    "np.digitize({r}, [-1.0, 0.0, 1.0])",
    "np.searchsorted(np.sort({v}), {x})", "np.isin({x}, [0.0, 1.0])",
    "np.interp({r}, [-1.0, 0.0, 2.0], [1.0, 3.0, -1.0])",
    "np.interp([0.3, 1.5], np.arange({n:v}), {v})",
    "np.bincount([0, 2, 1], weights={v}[:1] * np.ones(3), minlength=4)",
    "np.argsort({x}, axis={axis:x})", "np.argpartition({x}, 0, axis={axis:x})", "np.nonzero({x})[0]",
    "np.flatnonzero({x})",
    "np.argwhere({x})", "np.lib.stride_tricks.sliding_window_view({x}, {1|2}, axis={axis:x})",
    "np.unwrap({r} * 3, axis={axis:r})",
    "np.diff({x}, {1|2|0}, axis={axis:x})", "np.ediff1d({x}, to_end=1.0)", "np.gradient({x}, axis={axis:x})",
    "np.gradient({x}, 0.5, axis={axis:x}, edge_order=2)", "np.linspace({x}, {x2~x}, {4|1|0}, axis={0|-1})",
    "np.geomspace({r} ** 2 + 1, {r2~r} ** 2 + 2, 3)", "np.logspace(np.tanh({r}), np.sin({r2~r}), 3)",
    "np.polyval({v}, {x})",
    "np.{polyadd|polysub|polymul}({v}, {v2})", "np.polyder({v})", "np.polyint({v})", "np.poly({v})",
    "np.diff({v}, prepend={number})",
    "np.unravel_index(np.argmax({r}), {r}.shape or (1,))[0] * {r}", "np.tri(3) @ np.resize({x}, 3)",
    "np.array_equal({x}, {x2=x})",
    "sum(row * k for k, row in enumerate({m}))", "np.stack([np.sum(row) for row in {m}])",
    "np.sum({x}[..., None] * {v}, axis=-1)",
]  # fmt: skip

PRODUCTS = [
    "{m} @ np.matrix_transpose({m2=m})", "{x} @ {v}", "{v} @ {m}", "{v} @ {v2=v}",
    "np.matmul({m}, np.swapaxes({m}, -1, -2))",
    "np.dot({p}, {p2=p}.T)", "np.dot({v}, {v2=v})", "np.dot({x}, {2|-0.5|1j})", "np.vdot({x}, {x2=x})",
    "np.inner({x}, {x2=x})",
    "np.{vecdot|linalg.vecdot}({x}, {x2=x})", "np.matvec({m}, {v})", "np.vecmat({v}, {m})",
    "np.tensordot({x}, {x2}, axes=0)",
    "np.tensordot({p}, {p2=p}.T, axes=1)", "np.tensordot({x}, {x2=x}, axes={ndim:x})",
    "np.linalg.multi_dot([{p}, {p2=p}.T, {p}])",
    "np.einsum('ij,kj->ik', {p}, {p2=p})", "np.einsum('...j,...j', {x}, {x2=x})", "np.einsum('i,j->ji', {v}, {v2})",
    "np.einsum('...ii', {q})", "np.einsum('...ii->...i', {q})", "np.einsum('ij->j', {p})",
    "np.einsum('...ij->...ji', {m})",
    "np.einsum('ij,kj,kl->il', {p}, {p2=p}, {p})", "np.einsum('i...,i...->...', {x}, {x2=x})",
    "np.einsum('i,ij,j', {v}, {q}, {v})",
    "np.einsum({p}, [0, 1], {p2=p}, [2, 1], [0, 2])", "np.cross({x}[..., :3], {x2=x}[..., :3])",
    "np.trace({q} @ {q2=q})",
    "np.{convolve|correlate}({v}, {v2}, {'full'|'same'|'valid'})", "np.linalg.matrix_power({q}, {0|1|2|3})",
    "{q} @ {q} @ {q2=q}",
]  # fmt: skip

# A matrix without large elements: of what is singular to the last bit the inverse is as one happens to round.
_SMALL = "{q} / (1 + abs({q}) ** 2)"
LINALG = [line.replace("SMALL", _SMALL) for line in [
    "np.linalg.solve(SMALL + 4 * np.eye({n:q}), {q2=q})",
    "np.linalg.solve(SMALL + 4 * np.eye({n:q}), {v})",
    "np.linalg.inv(SMALL + 4 * np.eye({n:q}))",
    "np.linalg.det(SMALL)",
    "np.linalg.slogdet(SMALL + 4 * np.eye({n:q}))[1]",
    "np.linalg.svdvals({m})", "np.linalg.pinv({m} + 4 * np.eye(*{m}.shape[-2:]))",
    "np.linalg.cholesky({q} @ np.conj(np.matrix_transpose({q})) + np.eye({n:q}))",
    "np.linalg.svd({m}, compute_uv=False)",
    "np.linalg.eigvalsh({q} + np.conj(np.matrix_transpose({q})))",
    "np.linalg.eigh({q} + np.conj(np.matrix_transpose({q}))).eigenvalues",
    "np.linalg.eigh({q}, UPLO={'L'|'U'})[0]", "np.linalg.qr({m})[{0|1}]", "np.linalg.qr({m}, mode='r')",
    "np.linalg.lstsq({p}, {p2=p})[0]", "np.linalg.norm({x}, axis={axis:x})", "np.linalg.norm({x})",
    "np.linalg.norm({x}) ** 2",
    "np.linalg.norm({p}, {1|2|'fro'|'nuc'|np.inf|-1})", "np.linalg.norm({v}, {1|2|3|0|np.inf|-np.inf|0.5})",
    "np.linalg.matrix_norm({m})",
    "np.linalg.vector_norm({x}, axis={axes:x}, ord={1|2|3})",
    "np.linalg.cond(SMALL + 4 * np.eye({n:q}))",
    "np.linalg.matrix_rank({m})", "np.linalg.diagonal({m})",
    "np.linalg.eigvals({q} + 4 * np.eye({n:q}))",
    "np.linalg.tensorsolve({p} @ {p}.T + np.eye({p}.shape[0]), {p}[:, 0])",
]]  # fmt: skip

FOURIER = [
    "np.fft.{fft|ifft}({x}, axis={axis:x})", "np.fft.{fft|ifft}({x}, n={3|1|4}, norm={'ortho'|'forward'|None})",
    "np.fft.rfft({r}, axis={axis:r})", "np.fft.irfft({x}, axis={axis:x})",
    "np.fft.irfft({x}, n={3|1|4}) if np.size({x}) else {x}",  # NumPy's of nothing is what memory holds
    "np.fft.ihfft({r})", "np.fft.hfft({x})", "np.fft.{fft2|ifft2}({m})",
    "np.fft.{fftn|ifftn}({x})", "np.fft.{rfft2|rfftn}({m}.real)",
    "np.fft.{irfft2|irfftn}({m})", "np.abs(np.fft.fft({x}))",
]  # fmt: skip

# Transforms within a program.
NESTED = [
    "ad.grad(lambda a: np.sum(np.sin(a) * a))({r})", "ad.jvp(np.tanh, ({r},), (np.cos({r}),))[1]",
    "ad.checkpoint(lambda a: np.sin(a) * a)({x})",
    "ad.vmap(lambda a: np.sin(a) * np.sum(a))({x})",
    "ad.vmap(lambda a, b: a * b, in_axes=(0, None))({x}, {number})",
    "ad.hvp(lambda a: np.sum(a ** 3), ({r},), ({r},))", "ad.jacobian(lambda a: a * a[..., :1])({v})",
    "ad.vjp(np.sin, {r})[1]({r})[0]",
]  # fmt: skip

# Statements that change a buffer.
WRITES = [
    "np.add.at({t}, np.s_[{index:t}], 2)", "np.maximum.at({t}, np.s_[{index:t}], 1)",
    "np.copyto({t}, {x~t})", "np.put({t}, [0, 0], {v})", "np.putmask({t}, {mask:t}, {number})",
    "np.place({t}, {mask:t}, {v})", "{t}.fill({s})", "{t}.sort()", "{t}.flat[0] = {s}",
    "{t}[{index:t}] = {number}", "{t}[{index:t}] = {x}", "{t}[{index:t}] += {x}",
    "{t}[{index:t}] *= {number}", "{t}[...] = {x~t}",
    "{t}[...] -= {x~t}", "{t}[...] *= {number}", "{t}[{t} > 0] = {number}", "{t}[{t} > 0] *= 2",
    "{t}[{mask:t}] = {number}", "{t}[0] = {t}[-1]",
]  # fmt: skip

CHAPTERS = [
    ELEMENTWISE,
    ELEMENTWISE,
    REDUCTIONS,
    SHAPING,
    JOINING,
    CHOOSING,
    CHOOSING,
    PRODUCTS,
    LINALG,
    FOURIER,
    NESTED,
]
