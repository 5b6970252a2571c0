"""Chromium as the system has it, for the tests of pages and for pictures of them."""

import shutil

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
NO_CHROMIUM = None if CHROMIUM else "no Chromium, in which the pages are tried: apt-get install chromium"


def launched(playwright):
    """A browser, to be closed by who asked for it."""
    return playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"])
