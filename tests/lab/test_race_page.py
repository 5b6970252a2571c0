"""The page of a race in a browser: steps, keys, playing, what the pointer tells, the picture that is saved."""

import io

import numpy as np
import pytest
from chromium import Watched

from dragongrad import lab

pytestmark = pytest.mark.browser
PIL = pytest.importorskip("PIL.Image", reason="no Pillow")

# Controls without a name, which a reader of the screen could not tell.
NAMELESS = """() => [...document.querySelectorAll("input, select, button, canvas")]
  .filter((e) => !(e.labels?.length || e.ariaLabel || e.textContent.trim())).map((e) => e.outerHTML)"""


@pytest.fixture(scope="module")
def race():
    entries = {"slow": ("gd", {"lr": 0.01}), "adam": ("adam", {"lr": 0.2}), "lost": ("gd", {"lr": 5.0})}
    return lab.race("booth", entries, start=[-3.0, 4.0], steps=40, region=[[-10, 10], [-7, 7]])


@pytest.fixture
def load(browser, race, tmp_path):
    """Opens the race; at the end of a test there must have been no error and no request to anywhere."""
    path = race.to_html(tmp_path / "race.html")
    own = ("data:", "blob:", tmp_path.as_uri())
    watched = Watched(browser, lambda address: address.startswith(own))

    def opened(scheme="light", size=(1280, 800), state="", motion="reduce"):
        return watched.open(path.as_uri() + state, scheme, size, offline=True, reduced_motion=motion)

    yield opened
    watched.close()
    assert not watched.wrong


def count(page):
    return page.locator("#count").inner_text()


def loss(page, name):
    return page.locator("#legend tr", has_text=name).locator("td").last.inner_text().replace("\u2212", "-")


def map_pixels(page):
    """The map as it is on the screen."""
    return np.asarray(PIL.open(io.BytesIO(page.locator("#map").screenshot())).convert("RGB")).astype(int)


def test_keys_step(load, race):
    page = load()
    assert page.title() == page.locator("h1").inner_text() == race.title
    assert count(page) == "0 / 40"
    for key, wanted in (("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1), ("End", 40), ("ArrowRight", 40),
                        ("Home", 0), ("ArrowLeft", 0)):  # fmt: skip
        page.keyboard.press(key)
        assert count(page) == f"{wanted} / 40"
        assert page.locator("#slider").input_value() == str(wanted)
        here = race.runs["adam"].losses[wanted]
        assert float(loss(page, "adam")) == pytest.approx(here, rel=1e-3)
    assert page.locator("#slider").get_attribute("aria-valuetext") == "step 0"


def test_a_click_of_the_slider_goes_to_its_step(load):
    page = load()
    box = page.locator("#slider").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert count(page) == "20 / 40"
    page.keyboard.press("ArrowRight")  # one step, though both the slider and the page hear it
    assert count(page) == "21 / 40"


def test_it_plays_and_pauses(load):
    page = load()
    play = page.locator("#play")
    page.select_option("#speed", "4")
    page.locator("h1").click()
    page.keyboard.press("Space")
    assert play.inner_text() == "Pause"
    page.locator("#count:not(:text-is('0 / 40'))").wait_for()
    play.click()
    assert play.inner_text() == "Play"
    paused = count(page)
    page.wait_for_timeout(400)
    assert count(page) == paused
    play.click()
    page.locator("#count:text-is('40 / 40')").wait_for()
    assert play.inner_text() == "Play"
    play.click()  # from the end it begins anew
    page.keyboard.press("ArrowRight")
    assert play.inner_text() == "Play"
    assert count(page) != "40 / 40"


def test_it_begins_by_itself_where_motion_is_welcome(load):
    page = load(motion="no-preference")
    page.locator("#play:text-is('Pause')").wait_for()
    page.keyboard.press("Home")
    still = load()
    still.wait_for_timeout(1500)
    assert count(still) == "0 / 40"


def test_a_link_holds_the_step(load):
    assert count(load(state="#step=17")) == "17 / 40"
    assert count(load(state="#step=999")) == "40 / 40"


def test_the_pointer_tells_what_it_touches(load, race):
    page = load(state="#step=12")
    point = race.runs["adam"].path[5]
    box = page.locator("#map").bounding_box()
    x, y = page.evaluate("([x, y]) => [px(x), py(y)]", point.tolist())
    page.mouse.move(box["x"] + x, box["y"] + y)
    told = page.locator("#read").inner_text().replace("\u2212", "-")
    assert told.startswith("adam, step 5: (")
    assert float(told.rpartition(" ")[2]) == pytest.approx(race.runs["adam"].losses[5], rel=1e-3)
    assert page.locator("tr.chosen").inner_text().startswith("adam")
    page.keyboard.press("Home")  # there the point is still to come
    assert page.locator("#read").inner_text() == ""
    page.mouse.move(5, 5)
    assert page.locator("tr.chosen").count() == 0


def test_names_hide_and_show_their_path(load):
    page = load(state="#step=30")
    adam = page.get_by_role("button", name="adam")
    color = page.evaluate("data.runs[1].color").lstrip("#")
    color = [int(color[i : i + 2], 16) for i in (0, 2, 4)]
    before = map_pixels(page)
    adam.click()
    page.mouse.move(5, 5)
    page.locator("h1").click()
    without = map_pixels(page)
    assert adam.get_attribute("aria-pressed") == "false"
    assert (before == color).all(axis=-1).sum() > 100
    assert not (without == color).all(axis=-1).any()
    adam.press("Enter")
    page.locator("h1").click()
    page.mouse.move(5, 5)
    np.testing.assert_array_equal(map_pixels(page), before)


def test_standings_say_who_leads_who_ended_and_why(load, race):
    page = load()
    page.keyboard.press("End")
    assert page.locator("tr.lead").inner_text().startswith("adam")
    assert loss(page, "lost") == "not finite" or float(loss(page, "lost")) > 1e6
    assert page.locator("#ends li").count() == 3
    assert race.runs["adam"].message in page.locator("#ends").inner_text()
    page.keyboard.press("Home")
    assert page.locator("#ends li").count() == 0


def test_the_picture_is_saved(load):
    page = load("dark", state="#step=12")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Save picture").click()
    assert waiting.value.suggested_filename == "race-12.png"
    with PIL.open(waiting.value.path()) as picture:
        pixels = np.asarray(picture.convert("RGB"))
    box = page.locator("#map").bounding_box()
    assert pixels.shape[1] == round(box["width"])
    assert pixels.shape[0] > box["height"] + 3 * 20
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 50


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [(360, 780), (1280, 800)])
def test_nothing_is_clipped_or_without_a_name(load, scheme, size):
    page = load(scheme, size, "#step=20")
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    assert page.evaluate(NAMELESS) == []
    for one in ("#map", "#curve", "table", "#slider", "#play", "#speed", "#picture"):
        box = page.locator(one).bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= size[0]
    paper, ink = page.evaluate(
        "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]"
    )
    numbers = [sum(map(int, color[4:-1].split(", "))) for color in (paper, ink)]
    assert (numbers[0] < numbers[1]) == (scheme == "dark")


def test_marks_of_html_stay_text(browser, load, tmp_path):
    name = "<script>document.title='broken'</script><img src=x onerror=alert(1)>"
    made = lab.race({name: lambda x: np.sum(x**2)}, {name: "gd"}, [0.3, 0.5], steps=3)
    path = made.to_html(tmp_path / "other.html")
    page = load()
    page.goto(path.as_uri())
    page.keyboard.press("End")
    assert page.title().startswith(f"Race on {name}")
    assert page.locator("img").count() == 0
    assert name in page.locator("#legend").inner_text()
