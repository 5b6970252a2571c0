"""Draw docs/playground.png and docs/playground-network.png: two views of the play ground, as Chromium shows them.

python tools/playground_pictures.py
"""

import io
import re
from pathlib import Path

from chromium import CHROMIUM, launched
from PIL import Image
from playwright.sync_api import sync_playwright

import dragongrad as ad

DOCS = Path(__file__).parent.parent / "docs"
RACE = "race?f=himmelblau&start=-0.2,-0.9&o=gd,momentum,adam:lr=0.2,l-bfgs&steps=100"
NETWORK = "network?data=spirals&hidden=32&lr=0.03&points=240&noise=0.02&speed=10"


def _save(page, name):
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    # Half the size; k-means keeps the colours of what is small, as the paths are.
    picture.quantize(256, kmeans=3, dither=Image.Dither.NONE).save(DOCS / name, optimize=True)


def draw():
    """Take both pictures."""
    ground = ad.play(show=False)
    with sync_playwright() as playwright:
        browser = launched(playwright)
        page = browser.new_page(
            viewport={"width": 1120, "height": 740}, color_scheme="light", reduced_motion="reduce"
        )
        page.goto(f"{ground.url}#{RACE}")
        page.locator("main tbody tr").first.wait_for()
        page.wait_for_timeout(500)
        _save(page, "playground.png")
        page = browser.new_page(viewport={"width": 1120, "height": 560}, color_scheme="dark")
        page.goto(f"{ground.url}#{NETWORK}")
        page.get_by_role("button", name="Start").click()
        page.get_by_text(re.compile("Step [6-9][0-9]0:")).wait_for(timeout=60_000)
        page.get_by_role("button", name="Pause").click()
        page.wait_for_timeout(300)
        _save(page, "playground-network.png")
        browser.close()
    ground.stop()


if __name__ == "__main__":
    if CHROMIUM is None:
        print("the pictures of the play ground stay as they are: there is no Chromium")
    else:
        draw()
