"""A browser for the tests of the page: Chromium, offline, with its requests and errors."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import contextmanager

import pytest

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
INSTALL = (sys.executable, "-m", "playwright", "install", "--only-shell", "chromium")


class NoBrowserError(Exception):
    """No browser starts; why, browser by browser."""


def expect(locator):
    """Playwright's retrying assertions; the policy of the page forbids to evaluate conditions."""
    from playwright.sync_api import expect as expecting

    return expecting(locator)


def missing(what: str) -> None:
    """Fail in CI, else skip with the reason."""
    reason = f"the page is not tested in a browser: {what}"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def launch(playwright):
    """The first Chromium that starts: one of this machine, else Playwright's own."""
    from playwright.sync_api import Error

    problems = []
    for program in (*filter(None, map(shutil.which, NAMES)), None):  # None: Playwright's own
        try:
            return playwright.chromium.launch(executable_path=program, args=FLAGS)
        except Error as error:
            problems.append(f"{program or 'of Playwright'}: {error.message.splitlines()[0]}")
    raise NoBrowserError("; ".join(problems))


@contextmanager
def launched():
    """A running browser, closed at the end of the context."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("playwright is not installed (pip install playwright)")
    with sync_playwright() as playwright:
        try:
            browser = launch(playwright)
        except NoBrowserError as error:
            missing(f"no Chromium starts ({error}): apt-get install chromium-headless-shell")
        yield browser


def install() -> None:
    """Install the headless Chromium of Playwright where no other starts; say what failed."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        try:
            launch(playwright).close()
            return
        except NoBrowserError:
            print("no Chromium starts: installing the one of Playwright")
        subprocess.run(INSTALL, check=False)
        try:
            launch(playwright).close()
        except NoBrowserError as error:
            sys.exit(f"the tests of the page in a browser will be skipped: {error}")


class Visit:
    """An open page with its requests and its console messages and errors."""

    def __init__(self, browser, path, **context):
        context = {"offline": True, "viewport": {"width": 1280, "height": 900}} | context
        self.context = browser.new_context(**context)
        self.tab = self.context.new_page()
        self.tab.set_default_timeout(10_000)
        self.path, self.requests, self.complaints = path, [], []
        self.tab.on("request", lambda request: self.requests.append(request.url))
        self.tab.on("console", lambda message: self.complaints.append(message.text))
        self.tab.on("pageerror", lambda error: self.complaints.append(str(error)))

    def go(self, fragment="", ready=True):
        """Open the page at a fragment, and wait until it is drawn."""
        self.tab.goto(f"{self.path.as_uri()}#{fragment}")
        if ready:
            self.tab.wait_for_selector("body[data-ready]")
        return self.tab

    def close(self):
        """Close the page."""
        self.context.close()

    def text(self, selector):
        """The text of the first element that matches."""
        return self.tab.locator(selector).first.inner_text()

    def frames(self):
        """Up to 100 frames of the page, for what is drawn after a while."""
        for _ in range(100):
            self.tab.evaluate("new Promise(requestAnimationFrame)")
            yield

    def wait_for(self, condition):
        """Wait until a JavaScript expression is true.

        Playwright's wait_for_function evaluates text inside the page, which the page's policy
        refuses: it only works where the expression is true at once.
        """
        if not any(self.tab.evaluate(condition) for _ in self.frames()):
            raise AssertionError(f"{condition} is {self.tab.evaluate(condition)} after 100 frames")


if __name__ == "__main__":
    install()
