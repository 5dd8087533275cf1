"""Explanations of terms on the page: by pointer, keyboard and touch, as in the glossary."""

from __future__ import annotations

from attnviz.api.complete_style import complete_style
from tests.render import browser as browsers
from tests.render.page_maps import rich

expect = browsers.expect


def terms(page, name):
    return page.tab.locator(".term", has_text=name)


def test_a_term_is_explained_on_hover_and_on_focus_until_escape(visit):
    amap = rich()
    page = visit(amap, "view=matrix&q=2&k=1", complete_style(amap, {}))
    shown = page.tab.locator("#explanation")
    expect(shown).to_have_count(0)
    terms(page, "rank").hover()
    expect(shown).to_contain_text("The place of a key among all visible keys")
    page.tab.mouse.move(0, 0)
    expect(shown).to_have_count(0)
    masked = terms(page, "masked").first
    masked.focus()
    expect(shown).to_contain_text("Its weight is exactly 0")
    described = page.tab.evaluate(
        "document.getElementById(document.activeElement.getAttribute('aria-describedby'))"
        ".textContent"
    )
    assert described in shown.inner_text()
    page.tab.keyboard.press("Escape")  # the explanation alone: the pair stays
    expect(shown).to_have_count(0)
    assert page.tab.url.endswith("q=2&k=1")
    page.tab.keyboard.press("Escape")
    assert "q=" not in page.tab.url


def test_every_explanation_is_that_of_the_glossary(visit):
    amap = rich()
    style = complete_style(amap, {})
    assert style.measures and style.patterns
    page = visit(amap, "view=matrix", style, has_touch=True)
    texts = dict(
        page.tab.locator("[id^=term-]").evaluate_all(
            "nodes => nodes.map((node) => [node.id, node.textContent])"
        )
    )
    used = page.tab.locator(".term").evaluate_all(
        "nodes => nodes.map((node) => node.getAttribute('aria-describedby'))"
    )
    assert set(used) <= set(texts)
    kinds = {id.split("-")[1] for id in used}
    assert kinds == {"term", "measure", "pattern"}
    terms(page, "keys").first.tap()
    expect(page.tab.locator("#explanation")).to_contain_text(texts["term-term-key"])
    page.tab.locator("#value").tap()
    expect(page.tab.locator("#explanation")).to_have_count(0)
    page.tab.locator("#help").click()
    lines = page.tab.locator("#glossary dd").all_inner_texts()
    assert lines[: len(texts)] == list(texts.values())
