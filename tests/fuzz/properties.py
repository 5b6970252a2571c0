"""What must hold of every program: each property is a function of `f` and its `inputs`, and silent where it holds.

A failure is printed with the source of its property, so that it runs without this folder: what stands here uses
NumPy, dragongrad and the names of this file only.
"""

import numpy as np

import dragongrad as ad

# How far two results may be apart, relative to their size: set by the coarsest floats of a program.
TOLERANCE = 1e-8


def leaves(nest):
    """The arrays of a nest of tuples, lists and dicts."""
    if isinstance(nest, dict):
        nest = list(nest.values())
    return [leaf for part in nest for leaf in leaves(part)] if isinstance(nest, (tuple, list)) else [nest]


def same(got, want, dtypes=True):
    """The same shapes and dtypes, and nearly the same numbers."""
    assert len(leaves(got)) == len(leaves(want)), f"{len(leaves(got))} results, should be {len(leaves(want))}"
    for a, b in zip(leaves(got), leaves(want), strict=True):
        a, b = np.asarray(a), np.asarray(b)
        assert a.shape == b.shape, f"shape {a.shape}, should be {b.shape}"
        assert not dtypes or a.dtype == b.dtype, f"dtype {a.dtype}, should be {b.dtype}"
        if b.dtype.kind == "c":
            # The other part of a product that is infinite is as BLAS, or a loop, happens to multiply.
            lost = ~np.isfinite(a) & ~np.isfinite(b)
            a, b = np.where(lost, 0.0, a), np.where(lost, 0.0, b)
        size = np.max(np.abs(b), initial=1.0, where=np.isfinite(b)) if b.dtype.kind in "fc" else 0.0
        np.testing.assert_allclose(a, b, rtol=TOLERANCE, atol=TOLERANCE * size)


def dtype_of(a):
    """The dtype of an array, a Variable or a number."""
    return a.dtype if hasattr(a, "dtype") else np.asarray(a).dtype


def moving(f, args):
    """The function of its inexact arguments alone, and these: under differentiation a number is one of NumPy's."""
    places = [k for k, a in enumerate(args) if dtype_of(a).kind in "fc"]

    def g(*moved):
        full = list(args)
        for place, value in zip(places, moved, strict=True):
            full[place] = value
        return f(*full)

    return g, tuple(args[k] if hasattr(args[k], "dtype") else np.asarray(args[k])[()] for k in places)


def total(f):
    """One real number that every element of every output has a part in."""

    def weighted(*args):
        parts = [np.real(out) + 0.5 * np.imag(out) for out in leaves(f(*args))]
        return sum(np.sum(part * np.cos(1.0 + np.arange(np.size(part)).reshape(np.shape(part)))) for part in parts)

    return weighted


def directions(args, seed=1):
    """A direction for each argument, of its shape and dtype."""
    rng = np.random.default_rng(seed)
    found = []
    for a in args:
        v = rng.normal(size=np.shape(a)) + 1j * rng.normal(size=np.shape(a))
        # What is added to it lies in memory as it does.
        like = np.empty_like(a)
        like[...] = v if dtype_of(a).kind == "c" else v.real
        found.append(like if np.ndim(a) else like[()])
    return tuple(found)


def gradient(f, args):
    """The gradient by reverse mode, a tuple."""
    return ad.grad(f, argnums=tuple(range(len(args))))(*args)


def along(grads, vs):
    """The derivative along directions that a gradient says, and the size of its terms."""
    terms = [np.asarray(np.real(np.asarray(g) * v), float) for g, v in zip(grads, vs, strict=True)]
    return sum(np.sum(t) for t in terms), 1 + sum(np.sum(np.abs(t)) for t in terms)


def shapes(f):
    """The shapes of the outputs of a function."""
    return lambda *args: [np.shape(out) for out in leaves(f(*args))]


def differences(g, args, vs, shapes):
    """The derivative of a function along directions; None where it does not look smooth, or shapes change."""
    h = 5e-4
    at, formed = {}, []
    for k in (-4, -2, -1, 0, 1, 2, 4):
        # Sums of arrays of no axis are numbers.
        moved = [a + k * h * v for a, v in zip(args, vs, strict=True)]
        point = [np.asarray(m) if isinstance(a, np.ndarray) else m for a, m in zip(args, moved, strict=True)]
        at[k] = g(*point)
        formed.append(shapes(*[p.copy("K") if isinstance(p, np.ndarray) else p for p in point]))
    coarse, fine = [(8 * (at[k] - at[-k]) - (at[2 * k] - at[-2 * k])) / (12 * k * h) for k in (2, 1)]
    middle = (4 * (at[1] + at[-1]) - (at[2] + at[-2])) / 6
    smooth = (
        np.isfinite(at[0])
        and abs(middle - at[0]) <= 1e-8 * (1 + abs(at[0]))
        and abs(coarse - fine) <= 1e-6 * (1 + abs(fine))
    )
    return fine if smooth and formed == [formed[0]] * len(formed) else None


def may_be_unknown(f):
    """Whether a program factorizes matrices: where these lack rank NaN may be all there is to say."""
    factorized = {"qr", "svd", "svdvals", "eigh", "eigvalsh", "pinv", "lstsq", "cond", "norm", "matrix_norm"}
    return bool(factorized & {*f.__code__.co_names})


def beside_zero(f, got, want):
    """What is wanted of a program; BLAS leaves infinities out where it is given the number zero as a matrix."""
    names = f.__code__.co_names if hasattr(f, "__code__") else ()
    products = {"dot", "inner", "outer", "matmul", "tensordot", "kron"} & {*names}
    if not products or list(map(np.shape, leaves(got))) != list(map(np.shape, leaves(want))):
        return want
    pairs = [(np.asarray(a), np.asarray(b)) for a, b in zip(leaves(got), leaves(want), strict=True)]
    return [np.where((b == 0) & (a != a), a, b).astype(b.dtype) for a, b in pairs]


def doubles(args):
    """Whether differences of functions of these arguments have the digits of float64."""
    return {dtype_of(a) for a in args} <= {np.dtype(float), np.dtype(complex)}


def rows(inputs, seeds):
    """The arguments of some seeds, stacked."""
    found = [inputs(seed) for seed in seeds]
    return tuple(np.stack([np.asarray(row[k]) for row in found]) for k in range(len(found[0])))


def gradient_and_product(f):
    """The gradient of a function's `total`, and the product of its Hessian with a direction."""

    def both(*args):
        g, xs = moving(total(f), args)
        return gradient(g, xs), ad.jvp(lambda *xs: gradient(g, xs), xs, directions(xs))[1]

    return both


# The properties


def value(f, inputs):
    """Under differentiation a function has NumPy's value, shape and dtype."""
    (g, xs), (again, fresh) = moving(f, inputs(0)), moving(f, inputs(0))
    if xs:
        want = again(*fresh)
        for got in (ad.jvp(g, xs, directions(xs))[0], ad.vjp(g, *xs)[0]):
            same(got, beside_zero(f, got, want))


def forward_and_reverse(f, inputs):
    """Forward and reverse mode give one derivative."""
    g, xs = moving(total(f), inputs(0))
    vs = directions(xs)
    if xs:
        forward = ad.jvp(g, xs, vs)[1]
        reverse, size = along(gradient(g, xs), vs)
        # Infinities of both signs leave a NaN behind in the order in which one mode meets them.
        assert np.isfinite(forward) == np.isfinite(reverse), f"forward {forward}, reverse {reverse}"
        assert not abs(forward - reverse) > TOLERANCE * size, f"forward {forward}, reverse {reverse}"


def exact(f, inputs):
    """The derivative is that which differences come to."""
    g, xs = moving(total(f), inputs(0))
    vs = directions(xs)
    if xs and doubles(xs):
        want = differences(g, xs, vs, shapes(moving(f, inputs(0))[0]))
        got, size = along(gradient(g, xs), vs)
        unknown = want is None or (np.isnan(got) and may_be_unknown(f))
        assert unknown or abs(got - want) <= 1e-4 * (size + abs(want)), f"reverse {got}, differences {want}"


def of_directions(f, inputs):
    """The Jacobian by a few numbers has pushforwards for columns; so has the Hessian."""
    g, xs = moving(f, inputs(0))
    vs, ws = directions(xs), directions(xs, 2)

    def moved(h, p):
        sums = [x + (p[0] * v + p[1] * w).astype(dtype_of(x)) for x, v, w in zip(xs, vs, ws, strict=True)]
        # A sum of arrays of no axes is a number, which cannot be written into.
        return h(*[np.array(s) if isinstance(x, np.ndarray) else s for x, s in zip(xs, sums, strict=True)])

    if xs and all(dtype_of(x).kind == "f" for x in xs):
        for h in (g, lambda *xs: along(gradient(total(g), xs), vs)[0]):
            want = np.stack([np.asarray(ad.jvp(h, xs, ds)[1]) for ds in (vs, ws)], -1)
            got = ad.jacfwd(lambda p, h=h: moved(h, p))(np.zeros(2))
            if h is not g:
                # Where equal numbers meet in a maximum, rounding of their tangents decides what is known beyond.
                known = ~(np.isnan(got) | np.isnan(want))
                got, want = np.where(known, got, 0.0), np.where(known, want, 0.0)
            same(got, want, dtypes=False)


def second_order(f, inputs):
    """Hessians are symmetric, the same forward over reverse and back, and those which differences come to."""
    g, xs = moving(total(f), inputs(0))
    if not xs:
        return
    vs, ws = directions(xs), directions(xs, 2)
    product, size = along(ad.jvp(lambda *xs: gradient(g, xs), xs, vs)[1], ws)
    swapped, other = along(ad.jvp(lambda *xs: gradient(g, xs), xs, ws)[1], vs)
    back, _ = along(gradient(lambda *xs: ad.jvp(g, xs, vs)[1], xs), ws)
    size += other
    assert not abs(product - swapped) > 100 * TOLERANCE * size, f"not symmetric: {product} and {swapped}"
    assert not abs(product - back) > 100 * TOLERANCE * size, f"forward over reverse {product}, back {back}"
    if doubles(xs):
        shaped = shapes(moving(f, inputs(0))[0])
        want = differences(lambda *xs: along(gradient(g, xs), ws)[0], xs, vs, shaped)
        # Where the function itself jumps, its gradient may not show it.
        want = None if differences(g, xs, vs, shaped) is None else want
        unknown = want is None or (np.isnan(product) and may_be_unknown(f))
        assert unknown or abs(product - want) <= 1e-3 * (size + abs(want)), f"{product}, differences {want}"


def unwritten(f, inputs):
    """What a function writes into its arguments stays its own."""
    g, xs = moving(f, inputs(0))
    stacked = rows(inputs, (0, 1))
    kept, kept_rows = [np.copy(x) for x in xs], [np.copy(x) for x in stacked]
    if xs:
        ad.jvp(g, xs, directions(xs))
        gradient(total(g), xs)
        same(xs, tuple(kept))
    if len({np.shape(f(*inputs(seed))) for seed in (0, 1)}) == 1:
        ad.vmap(f)(*stacked)
        same(stacked, tuple(kept_rows))


def batched(f, inputs, seeds=(0, 1, 2)):
    """vmap is the loop over rows."""
    stacked = rows(inputs, seeds)
    if len({np.shape(f(*inputs(seed))) for seed in seeds}) == 1:
        want = outcome(lambda: [f(*[np.copy(a[k])[()] for a in stacked]) for k in range(len(seeds))])
        if not is_of_numbers(want):
            got = outcome(lambda: ad.vmap(f)(*stacked))
            if isinstance(want, Exception):
                # A row holds no numbers of Python's: NumPy's may refuse what these do.
                assert isinstance(got, Exception), f"{got}, but NumPy refuses rows: {want!r}"
            elif isinstance(got, Exception):
                raise got
            else:
                want = np.stack(want)
                same(got, beside_zero(f, got, want))


def batched_gradient(f, inputs, seeds=(0, 1, 2)):
    """So is that of a gradient."""
    stacked = rows(inputs, seeds)
    _, xs = moving(f, inputs(0))
    if len({np.shape(f(*inputs(seed))) for seed in seeds}) == 1 and len(xs) == len(stacked):
        want = [gradient(total(f), tuple(a[k] for a in stacked)) for k in range(len(seeds))]
        got = ad.vmap(lambda *xs: gradient(total(f), xs))(*stacked)
        same(got, tuple(np.stack(column) for column in zip(*want, strict=True)))


def batch_of_one(f, inputs):
    """And over a batch of one."""
    batched(f, inputs, seeds=(0,))
    batched_gradient(f, inputs, seeds=(0,))


def compiled(f, inputs, backend="native"):
    """Compiled, a function gives what it gives uncompiled: where it is traced, on other numbers, and again."""
    g = ad.compile(f, backend=backend)
    for seed in (0, 0, 1, 0):
        got, want = g(*inputs(seed)), f(*inputs(seed))
        same(got, beside_zero(f, got, want))


def compiled_gradient(f, inputs, backend="native"):
    """So do the gradient and a product with the Hessian."""
    if moving(f, inputs(0))[1]:
        compiled(gradient_and_product(f), inputs, backend)


def compiled_batch(f, inputs, backend="native"):
    """So does vmap, over three rows and over one."""
    # A row holds no numbers of Python's: NumPy's may refuse what these do.
    row = outcome(lambda: f(*[np.copy(a[0])[()] for a in rows(inputs, (0,))]))
    if not isinstance(row, Exception) and len({np.shape(f(*inputs(seed))) for seed in range(4)}) == 1:
        for count in (3, 1):
            compiled(ad.vmap(f), lambda seed, count=count: rows(inputs, range(seed, seed + count)), backend)


def numpy_compiled(f, inputs):
    """The NumPy backend gives what the function gives."""
    compiled(f, inputs, "numpy")


def numpy_compiled_gradient(f, inputs):
    """And what its gradient gives."""
    compiled_gradient(f, inputs, "numpy")


def refused(f, inputs):
    """What NumPy refuses is refused, by an error of the library or of NumPy's class; all else has NumPy's value."""
    g, xs = moving(f, inputs(0))
    native, source = ad.compile(f, backend="native"), ad.compile(f, backend="numpy")
    want = outcome(lambda: f(*inputs(0)))
    for call in ("first", "second"):
        as_numpy(f, f"native, {call} call", outcome(lambda: native(*inputs(0))), want)
        as_numpy(f, f"numpy, {call} call", outcome(lambda: source(*inputs(0))), want)
    stacked = rows(inputs, (0,))
    want = outcome(lambda: f(*[np.copy(a[0])[()] for a in stacked]))
    as_numpy(f, "vmap", outcome(lambda: [v[0] for v in leaves(ad.vmap(f)(*stacked))]), want)
    if xs:
        again, fresh = moving(f, inputs(0))
        want = outcome(lambda: again(*fresh))
        as_numpy(f, "jvp", outcome(lambda: ad.jvp(g, xs, directions(xs))[0]), want)
        as_numpy(f, "vjp", outcome(lambda: ad.vjp(g, *xs)[0]), want)


def outcome(call):
    """The value, or the error."""
    try:
        return call()
    except Exception as error:
        return error


def is_of_numbers(error):
    """Whether NumPy refuses a number what it lets an array do, and so a Variable that stands for a number.

    Numbers answer no protocol and are not written into; and NumPy stumbles over averages of nothing.
    """
    let = (
        "`like` argument", "not subscriptable", "item assignment", "must be numpy.ndarray", "division by zero",
        "object has no attribute", "must be a numpy.ndarray", "argument must be an array",
    )  # fmt: skip
    return isinstance(error, Exception) and any(text in str(error) for text in let)


def as_numpy(f, how, got, want):
    """One outcome, beside NumPy's."""
    if isinstance(got, Exception):
        known = (ad.DragongradError, type(want)) if isinstance(want, Exception) else (ad.DragongradError,)
        # What is refused of a number for being one may be refused of an array for what is done to it.
        known = (*known, ValueError, TypeError, IndexError) if is_of_numbers(want) else known
        # An array in place of a number is a value of the wrong kind to NumPy, and one of the wrong type to `int`.
        known = (*known, TypeError) if "setting an array element" in str(want) else known
        if not isinstance(got, known):
            got.args = (f"{how}: {got}; NumPy: {want!r}",)
            raise got
    elif isinstance(want, Exception):
        assert is_of_numbers(want), f"{how}: {got!r}, but NumPy raises {want!r}"
    elif all(np.asarray(v).dtype.kind in "fciub" for v in leaves(want)):
        try:
            same(got, beside_zero(f, got, want))
        except AssertionError as error:
            raise AssertionError(f"{how}: {error}") from None
