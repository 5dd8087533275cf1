"""Accessibility of the page: axe finds nothing in any view, and the tree names what is drawn."""

from __future__ import annotations

import pytest

from tests.layers import ROOT
from tests.render import browser as browsers
from tests.render.page_maps import VIEWS, rich

AXE = ROOT / "render" / "page" / "script" / "node_modules" / "axe-core" / "axe.min.js"
RULES = {"rules": {"target-size": {"enabled": True}}, "resultTypes": ["violations"]}
CONTRAST = {"runOnly": ["color-contrast"], "resultTypes": ["violations"]}  # of another scheme
PHONE = {"width": 390, "height": 800}


@pytest.fixture
def axe():
    if not AXE.exists():
        browsers.missing("axe is not installed (make page-packages)")
    return AXE.read_text("utf-8")


def violations(page, axe, rules=RULES):
    """What axe finds, as text."""
    page.tab.evaluate(f"globalThis.axe ?? (() => {{ {axe} }})(); undefined")
    found = page.tab.evaluate("(rules) => axe.run(document, rules)", rules)["violations"]
    return [f"{v['id']}: {[node['html'] for node in v['nodes'][:3]]}" for v in found]


@pytest.mark.parametrize(
    ("more", "rules"), [({"viewport": PHONE}, RULES), ({"color_scheme": "dark"}, CONTRAST)]
)
def test_axe_finds_nothing_in_any_view(visit, axe, more, rules):
    maps = [rich(meta={"variant": "one"}), rich(meta={"variant": "two"})]
    page = visit(maps, "view=matrix&q=3&k=1", **more)
    for view in VIEWS:
        page.tab.locator(f"[data-view={view}]").click()
        page.tab.wait_for_selector(f"body[data-ready={view}]")
        assert violations(page, axe, rules) == [], view


def test_axe_finds_nothing_in_what_opens(visit, axe):
    page = visit(rich(), "view=matrix&table=true&q=3&k=1", viewport=PHONE)
    page.tab.locator("summary").first.click()
    page.tab.get_by_text("Save ▾").click()
    assert violations(page, axe) == []
    page.tab.keyboard.press("Escape")
    page.tab.locator("#open-heads").click()
    assert violations(page, axe) == []
    page.tab.keyboard.press("Escape")
    page.tab.locator("#help").click()
    assert violations(page, axe) == []


def test_axe_finds_a_button_without_a_name(visit, axe):
    page = visit(rich(), "view=matrix")
    page.tab.evaluate("document.querySelector('main').append(document.createElement('button'))")
    assert any(found.startswith("button-name") for found in violations(page, axe))


def test_the_accessibility_tree_has_landmarks_and_names_what_is_drawn(visit):
    page = visit(rich(), "view=matrix&layer=3&head=1&q=2&k=1")
    for role in ("banner", "navigation", "main", "complementary"):
        assert page.tab.get_by_role(role).count() == 1, role
    heads = page.tab.get_by_role("group", name="Grid of heads").get_by_role("button")
    assert heads.nth(3).get_attribute("aria-label") == "layer 7, head 4"
    heads.nth(3).focus()
    label = heads.nth(3).get_attribute("aria-label")
    assert label.startswith("layer 7, head 4: weight of the pair 0.")
    map_label = page.tab.get_by_role("application").get_attribute("aria-label")
    assert map_label.startswith("layer 3, head 1: 5 queries by 5 keys.")
    key = page.tab.get_by_role("group", name="keys", exact=True).get_by_role("button").nth(1)
    assert key.get_attribute("aria-label").startswith("a 0.")
