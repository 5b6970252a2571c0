"""The explorer's page in a browser: steps, keys, sliders, groups, exercises, and that it asks for nothing."""

from types import SimpleNamespace

import numpy as np
import pytest
from cases import CASES as CASES_OF_BLOCKS
from chromium import Watched
from scipy.special import erfc, gamma

import dragongrad as ad
from dragongrad.views.explore import forms

pytestmark = pytest.mark.browser


@pytest.fixture
def load(browser, tmp_path):
    """Opens explorations; at the end of a test there must have been no error and no request."""
    watched = Watched(browser, lambda address: address.startswith(tmp_path.as_uri()))

    def opened(exploration, scheme="light", size=(1280, 800)):
        path = exploration.save(tmp_path / f"page{len(watched.contexts)}.html")
        return watched.open(path.as_uri(), scheme, size, offline=True)

    def again(page, exploration):
        path = tmp_path / "page0.html"
        exploration.save(path)
        page.goto(path.as_uri())
        return page

    opened.again = again
    yield opened
    watched.close()
    assert not watched.wrong


def product(x, y):
    a = np.sin(x)
    return a * y + x


def helper(x):
    return np.tanh(x) * 0.5


def loops(x):
    for _ in range(40):
        x = helper(x) + 0.3
    return np.sum(x)


def where(page):
    return SimpleNamespace(**page.evaluate("window.explorer.position()"))


def row(page, name):
    return page.locator("#rows .row", has=page.locator(f".c-name b:text-is('{name}')"))


def cell(page, name, column):
    return row(page, name).locator(f".c-{column}").inner_text().replace("\u2212", "-")


# The player


def test_views_move_in_step(load):
    page = load(ad.explore(product, 0.5, 2.0))
    assert where(page).at == 0
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert page.locator("mark").inner_text() == "a * y"
    assert page.locator(".row.now .c-name").inner_text() == "v2"
    assert page.locator(".box.now title").text_content() == "v2 = v1 * y"
    assert "v2 = v1 * y = 0.95885" in page.locator("#status").inner_text()
    assert page.locator("#live").inner_text() == page.locator("#status").inner_text()
    page.keyboard.press("ArrowLeft")
    assert page.locator("mark").inner_text() == "np.sin(x)"


def test_keys_go_to_the_ends_and_play(load):
    page = load(ad.explore(product, 0.5, 2.0))
    page.keyboard.press("End")
    assert where(page).at == where(page).last == 3 + 1 + 3
    page.keyboard.press("Home")
    assert where(page).at == 0
    page.select_option("#speed", "60")
    page.locator("#title").click()
    page.keyboard.press("Space")
    page.locator("#count:text-is('7 / 7')").wait_for()
    assert page.locator("#play").inner_text() == "▶ Play"


def test_contributions_add_up(load):
    page = load(ad.explore(product, 0.5, 2.0))
    page.evaluate("explorer.go(3 + 1 + 1)")  # the sum has passed its adjoint to v2 and x
    assert (cell(page, "x", "bar"), cell(page, "v2", "bar"), cell(page, "v1", "bar")) == ("1", "1", "0")
    assert page.locator(".contribution text").all_text_contents() == ["+ 1", "+ 1"]
    page.keyboard.press("End")
    assert cell(page, "x", "bar") == f"{1 + 2 * np.cos(0.5):.4f}"
    panel = page.locator("#panel").inner_text()
    assert "to x: + 1.7552 = 0.8776 · 2" in panel


def test_sums_are_right_however_a_step_is_come_to(load):
    def often(x):
        s = 1.0
        for k in range(4):
            s = s + x * (k + 1.0)
        return s

    page = load(ad.explore(often, 0.5))
    last = where(page).last  # the products pass on 4, 3, 2, 1, each behind its sum
    for k, wanted in ((0, 10), (2, 9), (6, 4), (4, 7), (0, 10), (7, 0)):
        page.evaluate(f"explorer.go({last - k})")
        assert cell(page, "x", "bar") == str(wanted)


def test_rows_lines_and_boxes_are_ways_to_a_step(load):
    page = load(ad.explore(product, 0.5, 2.0, mode="value"))
    row(page, "v2").click()
    assert where(page).at == 2
    page.locator("button.line").first.click()
    assert page.locator(".row.now .c-name").inner_text() == "v1"
    page.locator(".box[data-node='4']").click()
    assert page.locator(".row.now .c-name").inner_text() == "v3"


def test_partners_light_up(load):
    page = load(ad.explore(product, 0.5, 2.0))
    row(page, "v2").hover()
    assert page.locator(".box.partner title").text_content() == "v2 = v1 * y"
    assert "return a * y" in page.locator("button.line.partner").inner_text()
    page.locator(".box[data-node='2']").hover()
    assert page.locator(".row.partner .c-name").inner_text() == "v1"


def test_forward_mode_has_the_seed_that_is_chosen(load):
    page = load(ad.explore(product, 0.5, 2.0, mode="forward"))
    page.keyboard.press("End")
    assert cell(page, "v3", "dot") == f"{2 * np.cos(0.5) + 1:.4f}"
    page.select_option("#seed", label="d/dy")
    assert cell(page, "v3", "dot") == f"{np.sin(0.5):.5f}"


def test_any_element_is_a_seed_where_the_page_can_compute_it(load):
    w, x = np.array([[1.0, 0.5, 2.0], [-0.3, 2.0, 0.1]]), np.array([0.3, -1.0, 0.7])
    page = load(ad.explore(lambda w, x: np.sum(np.tanh(w @ x)), w, x, mode="forward"))
    assert page.locator("#seed option").all_inner_texts()[:2] == ["tangent along ones", "d/dw[0, 0]"]
    page.select_option("#seed", label="d/dw[1, 2]")
    unit = np.zeros((2, 3))
    unit[1, 2] = 1
    wanted = ad.jvp(lambda w: np.sum(np.tanh(w @ x)), (w,), (unit,))[1]
    assert page.evaluate("explorer.numbers('dot', explorer.names.length - 1)") == [pytest.approx(wanted, rel=1e-12)]
    page.select_option("#seed", label="tangent along ones")
    wanted = ad.jvp(lambda w, x: np.sum(np.tanh(w @ x)), (w, x), (np.ones((2, 3)), np.ones(3)))[1]
    assert page.evaluate("explorer.numbers('dot', explorer.names.length - 1)") == [pytest.approx(wanted, rel=1e-12)]


# Groups


def test_groups_open_and_close(load):
    page = load(ad.explore(loops, np.array([0.1, 0.2])))
    assert page.locator(".row").count() == 3  # the input, the loop, the sum
    page.keyboard.press("ArrowRight")  # a step over what is closed
    page.keyboard.press("ArrowRight")
    assert page.locator(".row.now .c-name").inner_text() == "v121"
    page.locator(".row.group").click()
    assert page.locator(".row.group").count() >= 15
    page.locator(".row.group", has_text="_ = 1").first.click()
    page.locator(".row.group", has_text="helper()").first.click()
    assert page.locator(".row", has_text="tanh(v3)").count() == 1
    assert page.locator(".box", has_text="tanh").count() == 1
    page.locator("#fold-all").click()
    assert page.locator(".row").count() == 3


def test_search_opens_what_it_finds(load):
    page = load(ad.explore(loops, np.array([0.1, 0.2])))
    page.keyboard.press("/")
    page.keyboard.type("tanh(v6)")
    assert page.locator("#found").inner_text() == "1 found"
    page.keyboard.press("Enter")
    assert page.locator(".row.now .c-operation").inner_text() == "tanh(v6)"


def test_rows_are_reached_by_keys(load):
    page = load(ad.explore(loops, np.array([0.1, 0.2])))
    page.locator(".row.group").focus()
    page.keyboard.press("Enter")
    assert page.locator(".row.group").count() > 1
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.dataset.row") == "2"


def test_zoom_pan_and_minimap(load):
    page = load(ad.explore(loops, np.array([0.1, 0.2])))
    page.locator("#open-all").click()
    before = page.locator("#canvas > g").get_attribute("transform")
    box = page.locator("#graph").bounding_box()
    page.mouse.move(box["x"] + 30, box["y"] + 300)
    page.mouse.down()
    page.mouse.move(box["x"] + 80, box["y"] + 200)
    page.mouse.up()
    moved = page.locator("#canvas > g").get_attribute("transform")
    assert moved != before
    page.locator("#zoom-in").click()
    assert (
        page.locator("#canvas > g").get_attribute("transform").partition("scale")[2] != moved.partition("scale")[2]
    )
    assert page.locator("#minimap").is_visible()
    page.locator("#minimap").click(position={"x": 5, "y": 100})
    assert page.locator("#canvas > g").get_attribute("transform") != moved


# Sliders


def conditional(x):
    return x * 2.0 if x > 0 else x * 3.0


def arithmetic(x, y):
    return x * y - x / y + x**2 + x**3 - (-y) % 2.0


def vectors(x, y):
    return np.sum(np.exp(-x) * y) + np.max(x) - np.min(x * y) + np.prod(x)


def matrices(w, x):
    return np.tanh(w @ x) @ x + np.sum(w @ w.T, axis=0) @ x


def moves(x):
    return np.concatenate([x[::-1], x[1:]]) * np.stack([x, x]).reshape(-1)[:5]


def broadcast(x, y):
    return np.sum(x[:, None] * y[None, :], axis=1, keepdims=True) / np.mean(y)


def choices(x, y):
    return np.sum(np.where(x > 0.2, np.sqrt(np.abs(x)), x * y)) + np.maximum(x, y)[0]


def softmax(x):
    return np.log(np.sum(np.exp(x))) + ad.softmax(x)[0] + ad.logsumexp(x)


def of_two(x, y):
    return np.arctan2(x, y) + np.hypot(x, y) + np.logaddexp(x, y) + np.log1p(x) + np.expm1(y)


def inverses(a, b):
    return np.linalg.inv(a) @ b + np.linalg.solve(a @ a, b) + np.linalg.det(a)


def gaussian(a, x):
    covariance = a @ a.T + np.eye(4)
    lower = np.linalg.cholesky(covariance)
    white = np.linalg.solve(lower, x)
    return 0.5 * white @ white + np.sum(np.log(np.diag(lower))) + np.linalg.slogdet(a)[1] * np.linalg.slogdet(a)[0]


def stacks_of_matrices(a, b):
    return np.sum(np.linalg.solve(a, b)) + np.sum(np.linalg.inv(a)[0]) + np.sum(np.linalg.det(a) ** 2)


def sorted_and_found(x, y):
    ranked = np.sort(x, axis=0)[::-1] + x[np.argmax(x[:, 0])] * np.cumsum(x, axis=1)
    return np.sum(np.median(x, axis=1)) * np.interp(y, np.sort(x[:, 0]), x[:, 1]) + np.sum(ranked * y)


def added_at(x):
    places = np.argsort(-x)
    return np.sum(np.add.reduceat(x, [0, 2]) * x[places][:2]) + np.sum(np.bincount([0, 1, 1], x[:3]) ** 2)


def truths(x):
    inside = (x > 0.2) & ~(x > 1.0) | (x < -0.5)
    return np.sum(x[1:] * np.round(x[:-1], 1) + np.count_nonzero(inside) * x[0]) + np.all(x > 0) + x[0] // 0.25


def special(x, y):
    return (
        erfc(x)
        + erfc(-y) * erfc(y * 4)
        + np.i0(x) * np.sinc(y)
        + np.ldexp(x, 3)
        + np.frexp(y)[0]
        + np.sinc(x * 0.1)
    )


SQUARE = np.array([[2.0, 0.3, -0.5, 0.1], [0.2, 1.5, 0.4, -0.3], [0.7, -0.2, -1.8, 0.5], [0.1, 0.6, 0.2, 1.1]])
CASES = {
    "inverses": (inverses, [SQUARE, np.arange(8.0).reshape(4, 2)]),
    "gaussian": (gaussian, [SQUARE, np.array([0.3, -1.0, 0.7, 2.0])]),
    "stacks of matrices": (
        stacks_of_matrices,
        [np.stack([SQUARE, SQUARE.T @ SQUARE]), np.arange(8.0).reshape(4, 2)],
    ),
    "singular": (
        np.linalg.det,
        [np.array([[1.0, 2.0, 0.0, 1.0], [2.0, 4.0, 0.0, 2.0], [0.0, 0.5, 1.0, 0.0], [0.3, 0.0, 1.0, 1.0]])],
    ),
    "single matrices": (lambda a: np.linalg.inv(a)[0, 1] + np.linalg.det(a), [SQUARE.astype(np.float32)]),
    "sorted and found": (sorted_and_found, [np.array([[0.1, 0.9], [0.5, -0.2], [0.3, 0.3]]), 0.2]),
    "added at places": (added_at, [np.array([0.5, -0.2, 0.9, 0.1])]),
    "truths": (truths, [np.array([0.37, 0.9, -0.61, 1.42])]),
    "convolutions": (
        lambda x, y: np.convolve(x, y)[:4] @ np.convolve(x, [1.0, y[0]], "same"),
        [np.array([0.5, -0.2, 0.9, 0.1]), np.array([1.0, 0.3])],
    ),
    "special functions": (special, [0.4, 0.7]),
    "arithmetic": (arithmetic, [0.5, 2.0]),
    "vectors": (vectors, [np.array([0.5, 1.5, -0.3]), 2.0]),
    "matrices": (matrices, [np.array([[1.0, 0.5], [-0.3, 2.0]]), np.array([0.3, -1.0])]),
    "stacks": (lambda a, b: np.sum(a @ b, axis=(0, 2)), [np.arange(8.0).reshape(2, 2, 2), np.full((2, 2), 1.5)]),
    "moves": (moves, [np.array([1.0, 2.0, 3.0])]),
    "broadcast": (broadcast, [np.array([1.0, 2.0]), np.array([3.0, 4.0, 5.0])]),
    "choices": (choices, [np.array([0.1, 0.9]), 0.2]),
    "softmax": (softmax, [np.array([0.3, -0.4, 0.5])]),
    "indices": (lambda x: np.sum(x[np.array([0, 2, 0])] ** 2), [np.array([1.0, 2.0, 3.0])]),
    "float32": (lambda x: np.sum(np.sin(x) * x), [np.array([0.5, 1.5], np.float32)]),
    "norm": (lambda x: np.linalg.norm(x) + np.var(x) + np.std(x), [np.array([0.5, 1.5, 4.0])]),
    "ties": (lambda x: np.max(x) + np.sum(np.maximum(x, 0.7)) + np.sum(np.abs(x)), [np.array([0.7, 0.7, 0.0])]),
    "second order": (ad.grad(lambda x: np.sum(np.sin(x) * x**3)), [np.array([0.5, 1.5])]),
    "length 1": (lambda x: np.sum(x * x) / x[0], [np.array([1.5])]),
    "two arguments": (of_two, [0.3, 0.8]),
}


@pytest.mark.parametrize("case", CASES)
def test_what_the_page_computes_is_what_python_does(load, case):
    f, args = CASES[case]
    page = load(ad.explore(f, *args))
    moved = [np.array(a) for a in args]
    for i, a in enumerate(moved):
        assert page.evaluate(f"explorer.fixed({i})") is None
        a.reshape(-1)[-1:] = a.reshape(-1)[-1:] * 0.75 + 0.125
        page.evaluate(f"explorer.move({i}, {a.size - 1}, {float(a.reshape(-1)[-1])})")
    compare(page, ad.explore(f, *[a[()] for a in moved]))


def compare(page, expected):
    """All values, tangents and adjoints of the page with those of a recording that Python made there."""
    graph, found = expected.recording.graph, expected._found
    single = any(n.dtype in (np.float32, np.complex64) for n in graph.inputs)
    tolerance = {"rtol": 2e-5, "atol": 1e-6} if single else {"rtol": 1e-9, "atol": 1e-11}
    shown = page.evaluate(
        "explorer.names.map((_, i) => ['value', 'dot', 'bar'].map((kind) => explorer.numbers(kind, i)))"
    )
    for node, (value, dot, bar) in zip([*graph.inputs, *graph.nodes], shown, strict=True):
        if isinstance(node.dtype, tuple):  # the Nodes that pick its outputs follow
            continue
        pairs = [(value, node.saved[0])]
        if node.dtype.kind in "fc":
            pairs += [(dot, found.tangents[0][node]), (bar, found.swept.bars.get(node))]
        for got, wanted in pairs:
            if wanted is not None:
                wanted = np.ravel(wanted)
                if node.dtype.kind == "c":
                    wanted = np.concatenate([np.real(wanted), np.imag(wanted)])
                wanted = wanted.astype(float)
                np.testing.assert_allclose(np.array(got, float), wanted, err_msg=graph.names[node], **tolerance)


ARGUMENTS = {"arccosh": (1.5, 2.5)}
# Neither is a ufunc of NumPy's, or its second argument is a whole number; CASES and the table have them.
OTHERWISE = {"stop_gradient", "logistic", "ldexp", "erfc", "i1", "frexp_exponent"}


@pytest.mark.parametrize("name", sorted(forms.ELEMENTWISE - OTHERWISE))
def test_every_elementwise_block(load, name):
    fn = getattr(np, name)
    x, new = ARGUMENTS.get(name, (0.3, 0.8))
    rest = () if getattr(fn, "nin", 1) == 1 else (0.6,)
    page = load(ad.explore(lambda x, *y: fn(x, *y) * 1.0, x, *rest))
    page.evaluate(f"explorer.move(0, 0, {new})")
    compare(page, ad.explore(lambda x, *y: fn(x, *y) * 1.0, new, *rest))


@pytest.mark.parametrize("part", range(6))
def test_the_page_computes_the_whole_table_as_recorded(load, part):
    """Every case of the table of Blocks, computed in the browser where it was recorded."""
    page = None
    for name in list(CASES_OF_BLOCKS)[part::6]:
        case = CASES_OF_BLOCKS[name]
        exploration = ad.explore(case.f, case.x)
        page = load(exploration) if page is None else load.again(page, exploration)
        assert page.evaluate("explorer.fixed(0)") is None
        page.evaluate(f"explorer.move(0, 0, {float(np.ravel(case.x)[0])!r})")
        compare(page, exploration)


def test_a_slider_moves_all_views(load):
    page = load(ad.explore(product, 0.5, 2.0))
    page.keyboard.press("End")
    page.locator("input[data-input='1']").evaluate(
        "(slider) => { slider.value = 4; slider.dispatchEvent(new Event('input')); }"
    )
    assert cell(page, "y", "value") == "4"
    assert cell(page, "x", "bar") == f"{1 + 4 * np.cos(0.5):.4f}"
    page.locator("#reset").click()
    assert cell(page, "y", "value") == "2"


def test_a_slider_that_cannot_move_says_why(load):
    def f(a, b):
        scaled = 1.0 * a
        return np.sum(gamma(scaled)) * b

    page = load(ad.explore(f, np.eye(2) + 1, 3.0))
    assert page.locator("input[data-input='0']").is_disabled()
    line = f.__code__.co_firstlineno + 2
    why = f"Fixed: this page cannot compute gamma (v2 = gamma(v1), line {line})."
    assert why in page.locator("#inputs").inner_text()
    assert page.locator("input[data-input='1']").is_enabled()
    page.evaluate("explorer.move(1, 0, 5)")
    assert page.evaluate("explorer.numbers('value', explorer.names.length - 1)") == [20.0]
    # What the page cannot compute it does not claim to know: the adjoint of `a`, behind the gamma function.
    assert page.evaluate("explorer.numbers('bar', 0)") is None
    assert page.evaluate("explorer.numbers('bar', 1)") == [4.0]


def test_an_if_that_would_turn_is_told(load):
    page = load(ad.explore(conditional, 1.0))
    assert page.locator("#notes").is_hidden()
    page.evaluate("explorer.move(0, 0, -1)")
    assert "is False: Python would take another path" in page.locator("#notes").inner_text()


# What goes wrong


def test_the_first_that_is_not_finite_is_shown(load):
    page = load(ad.explore(lambda x: np.sum(np.log(x) * x), np.array([1.0, 0.0])))
    assert "log(x) made an infinity at [1]" in page.locator("#notes").inner_text()
    assert page.locator(".row.now.trouble .c-name").inner_text() == "v1"
    page.evaluate("explorer.move(0, 1, 2)")
    assert page.locator("#notes").is_hidden()


def test_the_first_adjoint_that_is_not_finite_is_shown_on_the_way_back(load):
    page = load(ad.explore(lambda x: np.sqrt(x * x), 0.0))
    assert "sqrt(v1) passed an infinity back to v1" in page.locator("#notes").inner_text()
    assert page.locator("#status").inner_text() == "Backward: v2 = sqrt(v1) passes its adjoint back"
    assert cell(page, "v1", "bar") == "∞"


def test_an_input_that_makes_an_infinite_adjoint_is_told(load):
    page = load(ad.explore(lambda x: np.sqrt(x * x), 2.0))
    page.evaluate("explorer.move(0, 0, 0)")
    assert (
        "sqrt(v1) is the first that passes back what is not finite, to v1: ∞."
        in page.locator("#notes").inner_text()
    )


def test_marks_of_html_stay_text(load):
    name = "<script>document.title='broken'</script><img src=x onerror=alert(1)>"

    def f(p):
        return p[name] * 2.0

    f.__name__ = name
    page = load(ad.explore(f, {name: 1.0}))
    page.keyboard.press("End")
    assert page.title() == f"{name}: explorer"
    assert page.locator("img").count() == 0
    assert name in page.locator("#title").inner_text()


# Exercises


def test_exercises_are_checked(load):
    page = load(ad.explore(product, 0.5, 2.0, exercise=True))
    field = page.get_by_label("value of v1")
    field.fill("0.5")
    field.press("Enter")
    assert field.get_attribute("aria-invalid") == "true"
    field.fill("0.479")
    field.press("Enter")
    assert page.locator("#exercise span").inner_text().startswith("1 of")
    assert cell(page, "v1", "value") == "0.47943"
    assert "?" in page.locator(".box[data-node='0']").text_content()
    page.locator("#reveal").click()
    assert page.locator("input.blank").count() == 0
    assert page.locator("#inputs input:enabled").count() == 0


# Large, small, dark


def test_only_what_is_in_view_is_in_the_document(load):
    def long(x):
        for _ in range(2500):
            x = np.sin(x) + 0.5
        return x

    exploration = ad.explore(long, 0.3)
    page = load(exploration)
    page.locator("#open-all").click()
    page.evaluate("explorer.go(4000)")
    assert page.locator(".row.now").count() == 1
    assert page.locator(".row").count() < 80
    assert page.locator(".box").count() < 80


def test_far_away_boxes_are_one_shape_that_can_be_clicked(load):
    def long(x):
        for _ in range(1000):
            x = np.sin(x)
        return x

    page = load(ad.explore(long, 0.3))
    page.locator("#open-all").click()
    assert page.locator(".far").count() == 0
    page.locator("#fit").click()
    assert page.locator(".far").count() == 1
    box = page.locator("#graph").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert 450 < where(page).at < 550
    assert page.locator(".box.now").count() == 1


def test_the_printed_page_has_source_and_table(load):
    page = load(ad.explore(product, 0.5, 2.0, exercise=True))
    page.emulate_media(media="print")
    assert page.locator("footer").is_hidden()
    assert page.locator("#code").is_visible()
    assert row(page, "v3").is_visible()
    assert page.locator("#table").bounding_box()["height"] > 5 * 30


@pytest.mark.parametrize("width", [1000, 1120, 1200, 1280])
def test_all_columns_of_the_table_are_seen(load, width):
    page = load(ad.explore(product, 0.5, 2.0), size=(width, 800))
    table = page.locator("#table").bounding_box()
    last = page.locator("#columns > *").last.bounding_box()
    assert last["x"] + last["width"] <= table["x"] + table["width"] + 1
    assert page.locator(".tools").bounding_box()["height"] < 60
    for view in ("#code", "#table", "#graph"):
        assert page.locator(view).bounding_box()["height"] > 60


def test_names_are_whole_however_deep_they_stand(load):
    def f(x):
        for _ in range(12):
            for _ in range(12):
                x = np.sin(x) * np.cos(x) - x
        return x

    page = load(ad.explore(f, 0.5))
    page.locator("#open-all").click()
    page.evaluate("explorer.select(500)")
    assert clipped(row(page, "v500").locator(".c-name, .c-operation")) == []
    page = load(
        ad.explore(lambda p: np.sum(p["conv1"]["w"]) * p["conv1"]["b"], {"conv1": {"w": np.ones(3), "b": 2.0}})
    )
    assert clipped(page.locator(".row.input .c-name")) == []


def clipped(cells):
    assert cells.count()
    return cells.evaluate_all("all => all.filter(e => e.scrollWidth > e.clientWidth).map(e => e.textContent)")


def test_what_is_marked_in_a_long_line_is_in_sight(load):
    def f(x):
        a_name_that_is_long = np.sin(x)
        return a_name_that_is_long * a_name_that_is_long * a_name_that_is_long - np.exp(a_name_that_is_long)

    page = load(ad.explore(f, 0.5))
    page.keyboard.press("ArrowRight")
    for _ in range(4):
        page.keyboard.press("ArrowRight")
        shown, mark = page.locator("#code").bounding_box(), page.locator("#code mark").bounding_box()
        assert mark["x"] + mark["width"] <= shown["x"] + shown["width"]


def test_forced_colours_show_the_mode_and_the_step(load):
    page = load(ad.explore(product, 0.5, 2.0))
    page.emulate_media(forced_colors="active")
    page.keyboard.press("ArrowRight")
    colour = "e => getComputedStyle(e).backgroundColor"
    for chosen, other in [
        (".modes input:checked + span", ".modes input:not(:checked) + span"),
        (".row.now", ".row.input"),
    ]:
        assert page.locator(chosen).evaluate(colour) != page.locator(other).first.evaluate(colour)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [(360, 800), (1280, 800)])
def test_nothing_is_wider_than_the_screen(load, scheme, size):
    page = load(ad.explore(loops, np.array([0.1, 0.2])), scheme, size)
    page.keyboard.press("End")
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    for view in ("#code", "#table", "#graph"):
        assert page.locator(view).bounding_box()["height"] > 60


# In a notebook


def test_the_widget_hears_and_says_the_step(browser, load):
    widget = pytest.importorskip("anywidget") and ad.explore(product, 0.5, 2.0).widget()
    assert widget.html.startswith("<!DOCTYPE html>")
    page = browser.new_page()
    page.set_content("<div id='place'></div>")
    page.evaluate(
        """async ([esm, html]) => {
          const source = new Blob([esm], { type: "text/javascript" });
          const { default: widget } = await import(URL.createObjectURL(source));
          const values = { html, height: 600, step: 0 }, heard = {};
          window.model = {
            values, get: (key) => values[key], set: (key, value) => { values[key] = value; },
            save_changes: () => {},
            on: (name, f) => { heard[name] = f; }, off: () => {}, say: (name) => heard[name](),
          };
          widget.render({ model: window.model, el: document.getElementById("place") });
        }""",
        [widget._esm, widget.html],
    )
    frame = page.frame_locator("iframe")
    frame.locator("#next").click()
    page.wait_for_function("model.values.step === 1 && model.values.mode === 'reverse'")
    page.evaluate("model.values.step = 3; model.say('change:step')")
    frame.locator("#status", has_text="v3 = v2 + x").wait_for()
    page.close()


def test_notebooks_get_the_widget_and_the_frame():
    pytest.importorskip("anywidget")
    data, _ = ad.explore(product, 0.5, 2.0)._repr_mimebundle_()
    assert {"text/html", "application/vnd.jupyter.widget-view+json"} <= set(data)
