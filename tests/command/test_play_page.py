"""The play ground in Chromium: every view draws, answers pointer and keys, and its link has its state."""

import re
import time
from urllib.parse import unquote

import pytest
from chromium import Watched

from dragongrad.command.play.server import Playground

pytestmark = pytest.mark.browser

VIEWS = ["explorer", "race", "losses", "surface", "basins", "network", "convolution"]
# Controls without a name, which a reader of the screen could not tell.
NAMELESS = """() => [...document.querySelectorAll("input, select, button, canvas, iframe, progress, [role=img]")]
  .filter((e) => !(e.labels?.length || e.ariaLabel || e.title || e.textContent.trim() || e.ariaHidden))
  .map((e) => e.outerHTML)"""


# Words in selects and hints in fields that are wider than what is there for them.
CUT = """() => [...document.querySelectorAll("main select, main input[placeholder]")].flatMap((e) => {
  const pen = document.createElement("canvas").getContext("2d"), style = getComputedStyle(e);
  pen.font = `${style.fontSize} ${style.fontFamily}`;
  const beside = parseFloat(style.paddingLeft) + parseFloat(style.paddingRight) + (e.options ? 16 : 0);
  const words = e.options ? [...e.options].map((o) => o.text) : [e.placeholder];
  return words.filter((text) => pen.measureText(text).width > e.clientWidth - beside);
})"""


@pytest.fixture
def ground():
    made = Playground()
    made.start()
    yield made
    made.stop()


@pytest.fixture
def load(browser, ground):
    """Opens views; at the end of a test there must have been no error, and no request to anywhere else."""
    origin = ground.url.split("/")[2]
    watched = Watched(browser, lambda address: address.startswith("data:") or address.split("/")[2] == origin)

    def opened(state, scheme="light", size=(1280, 900)):
        return watched.open(f"{ground.url}#{state}", scheme, size, reduced_motion="reduce")

    opened.watched = watched
    yield opened
    watched.close()
    # A refusal that a test asks for is an answer with the status 400, which the console mentions.
    assert [line for line in watched.wrong if "status of 400" not in line] == []


def wait(page, script, arg=None):
    """Wait for a function or an expression to be true; Playwright's own waiting is against the page's policy."""
    until = time.monotonic() + 15
    while not page.evaluate(script, arg):
        assert time.monotonic() < until, script
        page.wait_for_timeout(30)


def drawn(page, selector="main canvas"):
    """Whether something is drawn: a canvas whose pixels are not all alike."""
    wait(
        page,
        """(selector) => { const c = document.querySelector(selector); if (!c?.width) return false;
        const copy = new OffscreenCanvas(200, 200).getContext("2d", { willReadFrequently: true });
        copy.drawImage(c, 0, 0, 200, 200);
        return new Set(new Uint32Array(copy.getImageData(0, 0, 200, 200).data.buffer)).size > 5; }""",
        selector,
    )


def hash_of(page, wanted):
    """The state in the link, once it matches."""
    wait(page, "(text) => RegExp(text).test(decodeURIComponent(location.hash))", arg=wanted)


def field(page, label):
    return page.get_by_label(label, exact=True)


# Every view


@pytest.mark.parametrize(("scheme", "size"), [("light", (1280, 900)), ("dark", (360, 780))])
@pytest.mark.parametrize("view", VIEWS)
def test_a_view(load, view, scheme, size):
    page = load(view, scheme, size)
    if view == "explorer":
        assert page.frame_locator("iframe").locator("#rows .row").nth(2).inner_text().startswith("v1")
    elif view == "convolution":
        page.locator(".cell.now").first.wait_for()
    else:
        drawn(page)
    assert page.locator("nav a[aria-current=page]").inner_text().lower() == view
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert page.evaluate(NAMELESS) == []
    assert page.evaluate(CUT) == []
    assert page.locator("#trouble").is_hidden()


@pytest.mark.parametrize("view", VIEWS)
def test_its_code_is_shown(load, view):
    page = load(view)
    page.get_by_role("button", name="Python code").click()
    page.locator("#program").wait_for()
    assert "import dragongrad as ad" in page.locator("#program-text").inner_text()
    page.keyboard.press("Escape")
    assert page.locator("#program").is_hidden()


def test_views_change_with_the_tabs_and_keep_the_function(load):
    page = load("race?f=booth")
    drawn(page)
    field(page, "Function").fill("x**2 + 2*y**2")
    hash_of(page, "f=x.*2.*y")
    page.get_by_role("link", name="Surface").click()
    assert field(page, "Function").input_value() == "x**2 + 2*y**2"
    page.get_by_role("link", name="Convolution").click()
    page.go_back()
    # The page is drawn after the browser says that it has gone back.
    page.locator("nav a[aria-current=page]", has_text="Surface").wait_for()


# The race


def test_the_start_is_placed_on_the_map(load):
    page = load("race?f=booth&o=gd:lr=0.01&steps=20")
    drawn(page)
    page.locator("main tbody tr").first.wait_for()
    box = page.locator("main canvas").first.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 3)
    hash_of(page, r"start=-?\d+\.\d+,\d")
    before = field(page, "Start").input_value()
    page.locator("main canvas").first.press("ArrowRight")
    wait(page, "(old) => !decodeURIComponent(location.hash).includes(old)", arg=before)
    assert float(field(page, "Start").input_value().split(",")[0]) > float(before.split(",")[0])
    # Another page with this link is in the same state.
    again = load(page.url.partition("#")[2])
    assert field(again, "Start").input_value() == field(page, "Start").input_value()


def test_runners_and_rates_are_chosen(load):
    page = load("race?f=booth&o=gd")
    page.locator("main tbody tr").first.wait_for()
    field(page, "adam").check()
    hash_of(page, "o=gd,adam$")
    wait(page, "document.querySelectorAll('main tbody tr').length === 2")
    # The answer for another rate draws the race anew, from its end.
    with page.expect_response(lambda answer: "lr=0.01" in unquote(answer.url)):
        field(page, "learning rate of adam").press("ArrowRight")
    hash_of(page, r"adam:lr=0\.01[12]")
    page.wait_for_timeout(300)
    page.keyboard.press("Tab")
    page.locator("#intro").click()
    page.keyboard.press("Home")
    wait(page, "document.querySelector('output').innerText.startsWith('0 of')")
    page.keyboard.press("ArrowRight")
    wait(page, "document.querySelector('output').innerText.startsWith('1 of')")


# The others


def test_what_is_wrong_is_told(load):
    page = load("race?f=sin(x")
    wait(page, "document.getElementById('trouble').textContent.includes('to close the (')")
    field(page, "Function").fill("<script>alert(1)</script> + y")
    wait(page, "document.getElementById('trouble').textContent.includes('not part of a formula')")
    field(page, "Function").fill("x**2 + y**2")
    page.locator("#trouble").wait_for(state="hidden")
    drawn(page)


@pytest.mark.parametrize(
    ("link", "told"),
    [
        ("race?start=a", "'a' is not a number"),
        ("race?region=1,2", "four numbers, got 2"),
        ("race?o=nobody", "unknown method 'nobody'"),
    ],
)
def test_what_is_wrong_in_a_link_is_told_though_the_rest_is_right(load, link, told):
    """The contours and the runs are two requests; that one is answered does not hide that the other is refused."""
    page = load(link)
    wait(page, "document.querySelector('#trouble').textContent !== ''")
    page.wait_for_load_state("networkidle")
    assert told in page.locator("#trouble").inner_text()


def test_losses_have_orders(load):
    page = load("losses?f=rosenbrock&o=newton")
    drawn(page)
    assert float(page.locator("main tbody td").nth(2).inner_text()) > 1.5
    field(page, "Shown").select_option("gaps")
    hash_of(page, "of=gaps")


@pytest.mark.parametrize("function", ["log(x)*y", "maximum(x, y) - 3", "0*x + 0*y", "1e200*x*y"])
def test_functions_with_gaps_plains_and_heights(load, function):
    for view in ("surface", "race"):
        drawn(load(f"{view}?f={function}&o=gd,newton&steps=20"))


def test_the_surface_turns(load):
    page = load("surface")
    drawn(page, "canvas.turns")
    box = page.locator("canvas.turns").bounding_box()
    page.mouse.move(box["x"] + 100, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + 160, box["y"] + 130)
    page.mouse.up()
    hash_of(page, "turn=-10.*tilt=45")
    page.locator("canvas.turns").press("ArrowLeft")
    hash_of(page, "turn=-15")


def test_basins_are_cancelled_and_computed(load):
    page = load("basins?f=rosenbrock&o=adam:lr=0.0001&grid=300&steps=5000")
    page.get_by_role("button", name="Cancel").click()
    assert "cancelled" in page.locator("main .stage").inner_text()
    page = load("basins?f=himmelblau&grid=20&steps=100")
    drawn(page)
    page.get_by_role("button", name="Compute again").wait_for()
    shares = page.locator("main tbody td:last-child").all_inner_texts()
    assert sum(float(share.rstrip(" %")) for share in shares) == pytest.approx(100, abs=0.3)


def test_many_basins_have_colours_and_patterns_of_their_own(load):
    page = load("basins?f=sin(3*x)*sin(3*y)&grid=40&steps=100")
    page.get_by_role("button", name="Compute again").wait_for()
    rows = page.locator("main tbody tr")
    assert rows.count() == 12 + 3  # the largest, the others together, those under way, those that diverged
    keys = page.evaluate("[...document.querySelectorAll('main tbody canvas.key')].map((c) => c.toDataURL())")
    assert len(set(keys)) == len(keys) == 14
    shares = [float(text.rstrip(" %")) for text in page.locator("main tbody td:last-child").all_inner_texts()]
    assert sum(shares) == pytest.approx(100, abs=0.8)
    assert shares[:12] == sorted(shares[:12], reverse=True)
    assert "others" in rows.nth(12).inner_text()
    # The colour of a start in the middle of the largest basin is that of its row.
    point = [float(v.replace("\u2212", "-")) for v in rows.first.locator("th").inner_text().strip("()").split(", ")]
    canvas = page.locator("main canvas").first
    canvas.press("ArrowRight")
    told = page.locator(".stage .hint").inner_text()
    assert re.match(r"from \(.*\): (to \(.*\) by about step \d+|still under way)$", told)
    assert page.locator("#live").inner_text() == told
    assert max(map(abs, point)) < 3


def test_the_play_ground_is_used_from_the_keyboard_alone(load):
    page = load("race?f=booth&o=gd&steps=20")
    page.locator("main tbody tr").first.wait_for()
    focused, seen = "document.activeElement", []
    for _ in range(45):
        page.keyboard.press("Tab")
        seen.append(page.evaluate(f"{focused}.id || {focused}.textContent || {focused}.tagName"))
        assert page.evaluate(
            f"{focused} === document.body || getComputedStyle({focused}).outlineStyle !== 'none'"
        ), seen
    for wanted in ("to-race", "to-basins", "link", "code", "CANVAS", "m-gd", "m-rmsprop"):
        assert wanted in seen
    page.locator("#m-newton").press("Space")
    wait(page, "document.querySelectorAll('main tbody tr').length === 2")
    page.locator("#code").press("Enter")
    page.locator("#program-text").wait_for()
    assert page.evaluate("document.querySelector('dialog').contains(document.activeElement)")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.id") == "code"
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    wait(page, "document.getElementById('live').textContent.startsWith('Step 1: gd')")


def test_a_network_trains(load):
    page = load("network?data=xor&hidden=8&points=60&lr=0.1")
    status = page.locator(".sum")
    drawn(page)
    page.get_by_role("button", name="Step").click()
    wait(page, "document.querySelector('.sum').textContent.startsWith('Step 1:')")
    page.get_by_role("button", name="Start").click()
    wait(page, "+document.querySelector('.sum').textContent.match(/\\d+/)[0] > 30")
    page.get_by_label("Learning rate").press("ArrowRight")
    hash_of(page, r"lr=0\.11")
    wait(page, "+document.querySelector('.sum').textContent.match(/\\d+/)[0] > 60")
    page.get_by_role("button", name="Pause").click()
    paused = status.inner_text()
    page.wait_for_timeout(300)
    assert status.inner_text() == paused
    page.get_by_role("button", name="Reset").click()
    wait(page, "document.querySelector('.sum').textContent.startsWith('Step 0:')")
    page.get_by_label("Hidden units").press("ArrowRight")
    hash_of(page, "hidden=9")


def test_a_kernel_slides(load):
    page = load("convolution?image=edge&kernel=1,0,-1,1,0,-1,1,0,-1")
    page.locator(".cell.now").first.wait_for()
    page.get_by_role("button", name="One position on").click()
    hash_of(page, "at=1")
    page.locator("#intro").click()
    page.keyboard.press("ArrowRight")
    assert page.locator(".sum").inner_text() == "sum: \u22123"
    field(page, "Kernel, row 1, column 1").fill("5")
    wait(page, "document.querySelector('.sum').textContent === 'sum: \u22123'")
    hash_of(page, "kernel=5,0,-1")
    page.locator("[data-pixel='0']").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("9")
    hash_of(page, "image=0900")
    field(page, "Padding").press("ArrowRight")
    wait(page, "document.querySelectorAll('.cell.outside').length === 40")
    field(page, "Gradient of").select_option("all")
    page.get_by_role("heading", name="Gradient of all sums: kernel").wait_for()


def test_the_explorer_plays_in_its_frame(load):
    page = load("explorer?f=x*y&values=x=3 y=4")
    frame = page.frame_locator("iframe")
    frame.get_by_role("button", name="To the end").click()
    assert "4" in frame.locator("#rows .row").first.inner_text()
    field(page, "Formula").fill("exp(z)")
    assert field(page, "z").input_value() == "1"
    hash_of(page, "values=z=1")
    field(page, "z").fill("1,2,oh")
    wait(page, "document.getElementById('trouble').textContent.includes('not a number')")


def test_a_server_that_has_ended_is_told(load, ground):
    page = load("surface")
    drawn(page)
    ground.stop()
    field(page, "Points per side").press("ArrowRight")
    wait(page, "document.getElementById('trouble').textContent.includes('the server does not answer')")
    wrong = load.watched.wrong
    wrong[:] = [line for line in wrong if not re.search("ERR_CONNECTION|Failed to load", line)]
