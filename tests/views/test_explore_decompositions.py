"""What the explorer's page computes of complex numbers and decompositions, at inputs that were not recorded.

LAPACK's signs of vectors are not those of the page, which keeps them near the recorded ones: functions here do not
depend on signs, phases, or the order of `eig`'s values.
"""

import numpy as np
import pytest
from chromium import Watched

import dragongrad as ad

pytestmark = pytest.mark.browser

_RNG = np.random.default_rng(1)
SQUARE, TALL, WEIGHTS = _RNG.normal(size=(4, 4)), _RNG.normal(size=(5, 3)), _RNG.normal(size=4)
WIDE = np.ascontiguousarray(TALL.T)
COMPLEX = SQUARE + 1j * _RNG.normal(size=(4, 4))
HERMITIAN = COMPLEX @ COMPLEX.conj().T + np.eye(4)


@pytest.fixture(scope="module")
def page(browser):
    watched = Watched(browser, lambda address: address.startswith("file:"))
    yield watched.open("about:blank", "light", (1280, 800), offline=True)
    watched.close()
    assert not watched.wrong


def rows(vectors):
    """A number from vectors as columns, each with a weight of its own, without their signs."""
    m, n = vectors.shape[-2:]
    return np.sum(np.abs(vectors) ** 2 * np.arange(1.0, n + 1) * np.sqrt(np.arange(1.0, m + 1))[:, None])


def eigh(a):
    w, v = np.linalg.eigh(a)
    return np.sum(w[..., :3] * WEIGHTS[:3]) + rows(v)


def eigh_upper(a):
    w, v = np.linalg.eigh(a, "U")
    return w @ WEIGHTS + rows(v)


def svd(a):
    u, s, vh = np.linalg.svd(a, full_matrices=False)
    return rows(u) + np.sum(s**3) + rows(vh)


def qr(a):
    q, r = np.linalg.qr(a)
    return (
        np.sum(np.real(q * np.arange(1.0, q.size + 1).reshape(q.shape))) + np.sum(np.abs(r) ** 3) + np.imag(r[0, 2])
    )


def eig(a):
    w, v = np.linalg.eig(a)
    return np.sum(np.abs(v) ** 4 @ np.abs(w) ** 2 * WEIGHTS)


def lstsq(a):
    x, residuals, *_ = np.linalg.lstsq(a, np.arange(2.0 * len(a)).reshape(len(a), 2) ** 2)
    return np.sum(np.abs(x) ** 3) + np.sum(residuals)


def systems(a):
    both = np.linalg.solve(np.stack([a, a @ a]), COMPLEX)
    return np.sum(np.abs(both) ** 3) + np.sum(np.abs(np.linalg.inv(a)) ** 2) + np.abs(np.linalg.det(a)) ** 3


def slogdet(a):
    phase, log = np.linalg.slogdet(a)
    return log * np.real(phase) + np.imag(phase)


def transforms(x):
    z = x * np.exp(1j * x)
    return (
        np.sum(np.abs(np.fft.fft(z, 11)) ** 3) + np.sum(np.abs(np.fft.rfft(x, norm="ortho")) ** 3)
        + np.sum(np.fft.irfft(z, 5, norm="forward") ** 3) + np.sum(np.real(np.fft.ifft(z, 3)) ** 2)
    )  # fmt: skip


def moves(z):
    chosen = np.where(np.real(z) > 0, z, 2j * z)
    return np.sum(np.abs(chosen[::-1].T.reshape(-1)[3:] ** 2)) + np.sum(np.abs(np.cumsum(z)[[0, 1, 1]]))


def products(z):
    return np.angle(z[0, 0]) + np.abs(np.vdot(z, z @ z.T)) + np.sum(np.abs(np.convolve(z[0], z[1]))) + np.var(z)


def cubes(f):
    return lambda a: np.sum(np.abs(f(a)) ** 3)


TALL_COMPLEX = COMPLEX[:, :2].copy()
CASES = {
    "eigh": (eigh, SQUARE), "eigh of a stack": (eigh, np.stack([SQUARE, SQUARE @ SQUARE.T])),
    "eigh complex": (eigh_upper, HERMITIAN), "equal eigenvalues": (cubes(np.linalg.eigvalsh), np.eye(3)),
    "svd": (svd, SQUARE), "svd tall": (svd, TALL), "svd wide complex": (svd, WIDE + 1j * WIDE[::-1]),
    "svd of a stack": (svd, np.stack([TALL, 2 * TALL[::-1]])),
    "svd single": (lambda a: np.linalg.svdvals(a)[1], TALL.astype(np.float32)),
    "qr": (qr, SQUARE), "qr tall": (qr, TALL), "qr wide": (qr, WIDE), "qr complex": (qr, COMPLEX),
    "eig": (eig, SQUARE), "eig real": (eig, SQUARE @ SQUARE.T), "eig complex": (eig, COMPLEX),
    "pinv": (cubes(np.linalg.pinv), TALL), "pinv complex": (cubes(np.linalg.pinv), TALL_COMPLEX),
    "lstsq": (lstsq, TALL), "lstsq wide": (lstsq, WIDE), "lstsq complex": (lstsq, TALL_COMPLEX),
    "systems": (systems, COMPLEX), "slogdet": (slogdet, COMPLEX),
    "cholesky": (cubes(np.linalg.cholesky), HERMITIAN),
    "length 1": (
        lambda a: np.linalg.eigh(a)[0][0] + np.linalg.svd(a)[1][0] + np.linalg.qr(a)[1][0, 0], np.array([[2.0]])
    ),
    "transforms": (transforms, np.arange(7.0) / 5), "moves": (moves, COMPLEX), "products": (products, COMPLEX),
    "single": (lambda z: np.sum(np.abs(z @ z)), COMPLEX.astype(np.complex64)),
    "one number": (lambda z: z**2 + np.exp(z) * np.conj(z), 1 + 2j),
    "partition": (lambda x: np.partition(x, 2) @ x, np.arange(6.0)[::-1].copy()),
    "second order": (ad.grad(lambda x: np.sum(np.abs(np.fft.fft(x)) ** 3)), np.arange(4.0) + 1),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_the_page_computes_is_what_python_does(page, tmp_path, case):
    f, x = CASES[case]
    page.goto(ad.explore(f, x).save(tmp_path / "page.html").as_uri())
    assert page.evaluate("explorer.fixed(0)") is None
    moved = np.array(x)
    for k in {0, moved.size - 1}:
        moved.flat[k] = moved.flat[k] if case == "equal eigenvalues" else moved.flat[k] + 0.2
        if moved.dtype.kind == "c" and case not in ("eigh complex", "cholesky"):
            moved.flat[k] -= 0.3j
            page.evaluate(f"explorer.move(0, {k}, {float(moved.flat[k].imag)!r}, 'i')")
        page.evaluate(f"explorer.move(0, {k}, {float(moved.flat[k].real)!r})")
    compare_ends(page, ad.explore(f, moved[()]), moved.dtype in (np.float32, np.complex64))


def compare_ends(page, expected, single):
    """The output, its tangent, and the adjoint of the input."""
    graph, found = expected.recording.graph, expected._found
    first, last = graph.inputs[0], graph.nodes[-1]
    wanted = [last.saved[0], found.tangents[0][last], found.swept.bars[first]]
    end = len(graph.nodes)
    got = page.evaluate(
        f"[['value', {end}], ['dot', {end}], ['bar', 0]].map(([kind, i]) => explorer.numbers(kind, i))"
    )
    tolerance = {"rtol": 3e-4, "atol": 1e-4} if single else {"rtol": 1e-9, "atol": 1e-9}
    for numbers, value in zip(got, wanted, strict=True):
        flat = np.ravel(value)
        flat = np.concatenate([flat.real, flat.imag]) if flat.dtype.kind == "c" else flat
        np.testing.assert_allclose(np.array(numbers, float), flat.astype(float), **tolerance)


POINTS = {"inside": 0.3 + 0.4j, "far": -2.5 + 1.5j, "below": 1.5 - 0.7j, "beside the cut": 2.0 + 0j}
UFUNCS = [
    np.sqrt, np.exp, np.exp2, np.expm1, np.log, np.log2, np.log10, np.log1p, np.sin, np.cos, np.tan, np.arcsin,
    np.arccos, np.arctan, np.sinh, np.cosh, np.tanh, np.arcsinh, np.arccosh, np.arctanh, np.reciprocal, np.square,
    np.absolute, np.conjugate,
]  # fmt: skip


@pytest.mark.parametrize("point", POINTS)
def test_every_function_of_complex_numbers(page, tmp_path, point):
    def f(z):
        return np.stack([fn(z) * (1 + k * 1j) for k, fn in enumerate(UFUNCS)]) + z**1.5

    z = POINTS[point]
    page.goto(ad.explore(f, 0.7 + 0.2j).save(tmp_path / "page.html").as_uri())
    page.evaluate(f"explorer.move(0, 0, {z.imag}, 'i'); explorer.move(0, 0, {z.real})")
    compare_ends(page, ad.explore(f, z), False)


def test_signs_stay_near_the_recorded_ones(page, tmp_path):
    a = SQUARE + SQUARE.T
    exploration = ad.explore(lambda a: np.linalg.eigh(a)[1], a)
    page.goto(exploration.save(tmp_path / "page.html").as_uri())
    recorded = np.linalg.eigh(a)[1]
    for step in range(8):
        page.evaluate(f"explorer.move(0, 0, {a[0, 0] + 0.1 * step})")
        now = np.reshape(page.evaluate("explorer.numbers('value', explorer.names.length - 1)"), (4, 4))
        assert np.all(np.sum(now * recorded, axis=0) > 0)


def test_eigenvalues_that_become_complex_are_unknown_where_the_recording_is_of_real_ones(page, tmp_path):
    exploration = ad.explore(lambda a: np.sum(np.linalg.eigvals(a)), np.array([[1.0, 0.5], [0.5, 3.0]]))
    page.goto(exploration.save(tmp_path / "page.html").as_uri())
    page.evaluate("explorer.move(0, 1, -9)")
    assert page.evaluate("explorer.numbers('value', explorer.names.length - 1)") == ["NaN"]


def test_a_complex_input_has_a_slider_for_each_part(page, tmp_path):
    page.goto(ad.explore(lambda z: np.abs(z) ** 2, 1 + 2j).save(tmp_path / "page.html").as_uri())
    assert page.locator("#inputs .slider span").all_inner_texts() == ["z.real", "z.imag"]
    page.get_by_label("z.imag").evaluate(
        "(slider) => { slider.value = 3; slider.dispatchEvent(new Event('input')); }"
    )
    assert page.locator("#rows .row").first.locator(".c-value").inner_text() == "1+2.9963j"
    assert page.evaluate("explorer.numbers('value', explorer.names.length - 1)") == [pytest.approx(10, abs=0.05)]
