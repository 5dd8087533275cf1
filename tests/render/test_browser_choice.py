"""The browser of the page's tests: one that is there, Playwright's own, or a named skip."""

import subprocess
from contextlib import nullcontext

import pytest

from tests.render import browser

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
OWN = None  # how Playwright's own browser is asked for


class Chromium:
    """A Playwright whose browsers start or do not; it remembers which were tried."""

    def __init__(self, *starting):
        self.starting, self.tried, self.chromium = {*starting}, [], self

    def launch(self, executable_path, args):
        self.tried.append(executable_path)
        if executable_path not in self.starting:
            raise sync_api.Error(f"{executable_path} does not start\nand a long log")
        return self

    def close(self):
        pass


@pytest.fixture
def machine(monkeypatch):
    """Sets what is on this machine and what starts of it; records what is installed."""

    def set_up(programs, *starting, installed=()):
        playwright, installs = Chromium(*starting), []

        def run(command, check):
            installs.append(command[1:])
            playwright.starting.update(installed)

        monkeypatch.setattr(browser.shutil, "which", programs.get)
        monkeypatch.setattr(subprocess, "run", run)
        monkeypatch.setattr(sync_api, "sync_playwright", lambda: nullcontext(playwright))
        return playwright, installs

    return set_up


STUB = {"chromium": "/bin/stub", "google-chrome": "/bin/chrome"}


@pytest.mark.parametrize(
    ("programs", "starting", "tried"),
    [
        (STUB, ["/bin/stub"], ["/bin/stub"]),
        (STUB, ["/bin/chrome", OWN], ["/bin/stub", "/bin/chrome"]),
        (STUB, [OWN], ["/bin/stub", "/bin/chrome", OWN]),
        ({}, [OWN], [OWN]),
    ],
    ids=["first", "second", "own-after-others", "own"],
)
def test_browsers_of_the_machine_are_tried_before_that_of_playwright(
    machine, programs, starting, tried
):
    playwright, installs = machine(programs, *starting)
    with browser.launched() as running:
        assert running is playwright and playwright.tried == tried
    browser.install()
    assert installs == []  # one starts


def test_the_one_of_playwright_is_installed_where_no_other_starts(machine, capsys):
    playwright, installs = machine(STUB, installed=[OWN])
    browser.install()
    assert installs == [("-m", "playwright", "install", "--only-shell", "chromium")]
    assert playwright.tried[-1] is OWN and "installing" in capsys.readouterr().out


def test_without_any_browser_the_reason_names_each_that_was_tried(machine, monkeypatch):
    machine(STUB)
    monkeypatch.delenv("CI", raising=False)
    tried = (
        "/bin/stub: /bin/stub does not start; /bin/chrome: .*; of Playwright: .* does not start"
    )
    skip = pytest.raises(pytest.skip.Exception, match=f"no Chromium starts .{tried}.: apt-get")
    with skip, browser.launched():
        pass
    with pytest.raises(SystemExit, match=f"will be skipped: {tried}"):
        browser.install()
    monkeypatch.setenv("CI", "1")
    with pytest.raises(pytest.fail.Exception, match="no Chromium starts"), browser.launched():
        pass
