"""Chromium as the system has it, for the tests of pages and for pictures of them."""

import shutil

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
NO_CHROMIUM = None if CHROMIUM else "no Chromium, in which the pages are tried: apt-get install chromium"


def launched(playwright):
    """A browser, to be closed by who asked for it."""
    return playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"])


class Watched:
    """Pages of which is noted what they must not do: errors, words on the console, requests.

    `allowed` says of an address whether a page may ask for it.
    """

    def __init__(self, browser, allowed):
        self.browser, self.allowed, self.contexts, self.wrong = browser, allowed, [], []

    def open(self, address, scheme="light", size=(1280, 800), **options):
        """A page in a context of its own."""
        viewport = {"width": size[0], "height": size[1]}
        context = self.browser.new_context(viewport=viewport, color_scheme=scheme, **options)
        self.contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("console", lambda message: self.wrong.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.on("request", lambda sent: None if self.allowed(sent.url) else self.wrong.append(sent.url))
        page.goto(address)
        return page

    def close(self):
        """Close them all; what was wrong is in `wrong`."""
        for context in self.contexts:
            context.close()
