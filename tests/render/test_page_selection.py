"""One selection on the page: hover previews, click selects, Escape releases; all parts follow."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from attnviz.render.style import Style
from tests.conftest import make_map
from tests.render import browser as browsers
from tests.render.page_maps import center_of, colors_on_light, crossed, make_map_of, rich, shown
from tests.render.pages import html

expect = browsers.expect


def peaked(n_layer=3, n_head=4, words=("The", "animal", "and", "it")):
    """Every head has another weight for every pair."""
    n = len(words)
    rng = np.random.default_rng(5)
    weights = rng.dirichlet(np.full(n, 5.0), size=(n_layer, n_head, n))
    return replace(make_map(words, n_layer=n_layer, n_head=n_head), weights=weights)


def test_two_clicks_rank_all_heads_by_the_weight_of_a_pair(visit):
    amap = peaked()
    page = visit(amap)
    page.tab.locator(".queries .token").nth(3).click()
    page.tab.locator(".keys .token").nth(1).click()
    weights = {
        f"{layer}.{head}": amap.weights[i, h, 3, 1]
        for i, layer in enumerate(amap.layers)
        for h, head in enumerate(amap.heads)
    }
    best = sorted(weights, key=lambda name: -weights[name])
    entries = page.tab.locator("#ranked li button")
    expect(entries).to_have_count(len(weights))
    expect(entries.first).to_contain_text(best[0])
    names, numbers = zip(*(text.split() for text in entries.all_inner_texts()), strict=True)
    assert list(names) == best
    assert list(numbers) == [shown(weights[name]) for name in best]
    assert page.text("#pair") == "it → animal"
    page.tab.locator("#ranked [type=search]").fill(f"> {weights[best[1]] - 1e-6:.7f}")
    expect(entries).to_have_count(2)


def test_hover_previews_click_holds_and_escape_releases(visit):
    amap = peaked()
    page = visit(amap, "view=matrix")
    pair = page.tab.locator("#pair")
    keys = page.tab.locator(".keys .token")
    page.tab.locator(".queries .token").nth(2).hover()
    expect(pair).to_contain_text("and → ")
    page.tab.locator(".queries .token").nth(3).click()
    keys.nth(1).hover()
    expect(pair).to_have_text("it → animal")
    statement = page.tab.locator("#statement")
    percent = f"{100 * amap.weights[0, 0, 3, 1]:.1f} % of its attention"
    expect(statement).to_contain_text(f"it attends to animal with {percent}")
    keys.nth(0).click()
    keys.nth(2).hover()  # the pair is held
    expect(pair).to_have_text("it → The")
    page.tab.keyboard.press("Escape")
    expect(pair).to_contain_text("The → ")
    assert "k=" not in page.tab.url


def test_keyboard_and_pointer_move_the_same_mark(visit):
    """With the pointer resting on a cell, the arrow keys move what is shown."""
    amap = crossed()
    page = visit(amap, "view=matrix")
    x, y = center_of(page, colors_on_light(amap.weights[0, 0, 0, 1], 1.0))
    page.tab.locator("#figure canvas").first.click(position={"x": x, "y": y})
    page.tab.keyboard.press("ArrowDown")
    page.tab.keyboard.press("ArrowDown")
    assert page.text("#live") == f"dort → cat: {shown(amap.weights[0, 0, 2, 1])}"
    assert page.text("#pair") == "dort → cat"
    assert page.text("#value") == shown(amap.weights[0, 0, 2, 1])


def test_a_change_of_view_by_keyboard_leaves_no_previewed_pair(visit):
    amap = crossed()
    page = visit(amap, "view=matrix&q=0&k=0")
    page.tab.keyboard.press("Escape")
    x, y = center_of(page, colors_on_light(amap.weights[0, 0, 1, 2], 1.0))
    page.tab.locator("#figure canvas").first.hover(position={"x": x, "y": y})
    expect(page.tab.locator("#pair")).to_have_text("chat → is")
    page.tab.locator("[data-view=lines]").press("Enter")
    page.tab.wait_for_selector("body[data-ready=lines]")
    best = ("The", "cat", "is", "asleep")[int(amap.weights[0, 0, 0].argmax())]
    expect(page.tab.locator("#pair")).to_have_text(f"Le → {best}")


def test_hover_in_the_lines_is_the_pair_in_the_details(visit):
    page = visit(crossed(), "view=lines")
    page.tab.locator(".links .query button").nth(2).hover()
    expect(page.tab.locator("#pair")).to_contain_text("dort → ")
    expect(page.tab.locator("#statement")).to_contain_text("dort")


@pytest.mark.parametrize("view", ["matrix", "overview"])
def test_an_address_is_followed_wherever_the_focus_is(visit, view):
    page = visit(rich(), f"view={view}")
    page.tab.locator("[data-view=lines]").click()
    page.tab.wait_for_selector("body[data-ready=lines]")
    page.tab.evaluate("location.hash = 'view=overview&layer=7'")
    page.tab.wait_for_selector("body[data-ready=overview]")
    assert page.tab.evaluate("location.hash") == "#view=overview&layer=7"


def test_the_focus_stays_on_the_head_that_opens(visit):
    page = visit(rich(), "view=overview")
    page.tab.locator(".thumb").first.focus()
    page.tab.keyboard.press("ArrowRight")
    page.tab.keyboard.press("Enter")
    page.tab.wait_for_selector("body[data-ready=matrix]")
    focused = page.tab.locator("#heads .thumb[aria-current=true]")
    expect(focused).to_be_focused()
    page.tab.keyboard.press("ArrowDown")
    page.tab.keyboard.press("Enter")
    expect(page.tab.locator("#caption")).to_have_text("layer 7, head 4")


def test_heads_are_never_blank_while_options_change(visit):
    page = visit(rich(), "view=matrix")
    thumbs = page.tab.locator(".thumb.drawn")
    expect(thumbs).to_have_count(4)
    page.tab.locator("summary").first.click()
    slider = page.tab.locator("[name=threshold]")
    for position in ("30", "60", "90"):
        slider.fill(position)
        assert thumbs.count() == 4
    page.tab.locator("[data-view=overview]").click()
    expect(thumbs).to_have_count(4)


def test_the_legend_is_of_what_is_shown(visit):
    page = visit(make_map("ab", n_head=2), "view=overview")
    assert "one scale for all heads" in page.text("#legend")
    page = visit(make_map("ab", n_head=2), "view=matrix&scale=head")
    assert "the scale of this head" in page.text("#legend")
    legend = visit(make_map("ab", n_head=1), "view=matrix").text("#legend")
    assert "all heads" not in legend and "this head" not in legend


def broken(browser, tmp_path, page, wait=True):
    path = tmp_path / "broken.html"
    path.write_bytes(page)
    seen = browsers.Visit(browser, path)
    seen.go(ready=False)
    return seen


def test_a_file_without_its_end_states_that_it_is_incomplete(browser, tmp_path):
    whole = html(make_map(), Style())
    page = broken(browser, tmp_path, whole[: whole.index(b'id="data">') + 200])
    expect(page.tab.locator("#incomplete")).to_be_visible()
    page.context.close()


@pytest.mark.parametrize("damage", [b'"AAAA"', b'"!"'])
def test_a_damaged_layer_states_which_layer_it_is(browser, tmp_path, damage):
    whole = html(make_map(), Style())
    start = whole.index(b'"layers":["') + len(b'"layers":[')
    page = broken(browser, tmp_path, whole[:start] + damage + whole[whole.index(b"]", start) :])
    expect(page.tab.locator("[role=alert]")).to_contain_text("layer 0")
    page.context.close()


def test_back_and_forward_walk_through_selections(visit):
    page = visit(rich(), "view=matrix")
    page.tab.locator(".queries .token").nth(1).click()
    page.tab.locator("[data-view=lines]").click()
    page.tab.wait_for_selector("body[data-ready=lines]")
    page.tab.locator("summary").first.click()
    page.tab.locator("[name=threshold]").fill("50")  # no step of the history
    page.tab.go_back()
    page.tab.wait_for_selector("body[data-ready=matrix]")
    assert "q=1" in page.tab.url
    page.tab.go_back()
    expect(page.tab).not_to_have_url(re.compile("q=1"))
    page.tab.go_forward()
    expect(page.tab).to_have_url(re.compile("q=1"))
    expect(page.tab.locator(".queries .token").nth(1)).to_have_attribute("aria-pressed", "true")


def test_slash_finds_a_token(visit):
    page = visit(peaked(), "view=matrix")
    page.tab.keyboard.press("/")
    page.tab.keyboard.type("ANIM")
    expect(page.tab.locator(".queries .found")).to_have_count(1)
    expect(page.tab.locator(".queries .found")).to_contain_text("animal")
    page.tab.keyboard.press("Enter")
    expect(page.tab.locator("#pair")).to_contain_text("animal → ")


def test_the_question_mark_opens_a_glossary(visit):
    page = visit(rich())
    page.tab.set_viewport_size({"width": 900, "height": 300})  # its end is not in view
    page.tab.keyboard.press("?")
    expect(page.tab.locator("#glossary h2").first).to_be_in_viewport()
    page.tab.keyboard.press("Escape")
    expect(page.tab.locator("#glossary")).to_have_count(0)


def test_pinned_heads_are_side_by_side_under_one_cursor(visit):
    amap = peaked()
    page = visit(amap, "view=matrix&q=3&k=1")
    page.tab.keyboard.press("p")
    page.tab.locator(".thumb[aria-label^='layer 2, head 3']").click()
    titles = page.tab.locator(".frame h2")
    expect(titles).to_have_count(3)
    first, second = amap.weights[2, 3, 3, 1], amap.weights[0, 0, 3, 1]
    assert titles.all_inner_texts() == [
        f"layer 2, head 3{shown(first)}",
        f"layer 0, head 0{shown(second)}",
        f"2.3 − 0.0{shown(first - second)}",
    ]


def test_the_mean_of_the_heads_of_a_layer_is_a_map(visit):
    amap = peaked()
    page = visit(amap, "view=matrix&layer=1&q=3&k=1")
    page.tab.locator("[name=combine]").select_option("mean of the layer")
    expect(page.tab.locator("#caption")).to_have_text("layer 1, mean of its heads")
    expect(page.tab.locator("#value")).to_have_text(shown(amap.weights[1, :, 3, 1].mean()))
    page.tab.locator("[name=combine]").select_option("maximum of all heads")
    expect(page.tab.locator("#value")).to_have_text(shown(amap.weights[:, :, 3, 1].max()))
    assert "rows do not sum to 1" in page.text("#notes")


def test_a_change_of_height_is_followed(visit):
    n = 40
    page = visit(make_map_of(np.full((1, 1, n, n), 1 / n)), "view=matrix")
    canvas = page.tab.locator("#figure canvas").first
    before = canvas.bounding_box()["height"]
    page.tab.set_viewport_size({"width": 1280, "height": 640})
    expect(page.tab.locator("#figure canvas").first).not_to_have_css("height", f"{before}px")


def test_the_selected_cell_stays_in_view_while_zooming(visit):
    n = 120
    page = visit(make_map_of(np.full((1, 1, n, n), 1 / n)), "view=matrix&q=100&k=90")
    page.tab.locator(".panel").focus()
    for _ in range(6):
        page.tab.keyboard.press("+")
    canvas = page.tab.locator("#figure canvas").first.bounding_box()
    page.tab.mouse.move(0, 0)

    def cell_at(x, y):
        page.tab.mouse.move(canvas["x"] + x, canvas["y"] + y)
        tooltip = page.tab.locator("#tooltip")
        text = tooltip.inner_text() if tooltip.count() else ""
        return [int(n) for n in re.findall(r"\((\d+)\)", text)[:2]]

    width, height = int(canvas["width"]), int(canvas["height"])
    row = next(y for y in range(60, height, 40) if cell_at(width / 2, y)[:1] == [100])
    assert [100, 90] in [cell_at(x, row) for x in range(60, width, 40)]


def test_an_address_with_a_zoom_opens_at_it(visit):
    n = 120
    page = visit(make_map_of(np.full((1, 1, n, n), 1 / n)), "view=matrix&q=100&k=90&zoom=3")
    expect(page.tab.locator("#minimap")).to_be_visible()
    page.tab.evaluate("location.hash = 'view=matrix&q=100&k=90'")
    expect(page.tab.locator("#minimap")).to_be_hidden()


def test_differences_stand_below_their_maps_in_cells_of_one_size(visit):
    names = ("one", "two", "three", "two − one", "three − one")
    maps = [make_map("abc", n_head=1, meta={"variant": name}) for name in names]
    maps[1] = replace(maps[1], meta={"variant": "two", "row_sum": "any"})
    signed = {"signed": True, "row_sum": "any"}
    for i in (3, 4):
        maps[i] = replace(maps[i], weights=maps[i].weights - 0.5, meta=maps[i].meta | signed)
    page = visit(maps, "view=compare")
    boxes = [frame.bounding_box() for frame in page.tab.locator(".frame").all()]
    assert boxes[0]["y"] == boxes[1]["y"] == boxes[2]["y"] < boxes[3]["y"] == boxes[4]["y"]
    assert [boxes[3]["x"], boxes[4]["x"]] == [boxes[1]["x"], boxes[2]["x"]]
    sizes = {
        tuple(c.bounding_box()[side] for side in ("width", "height"))
        for c in page.tab.locator(".panel canvas:first-child").all()
    }
    assert len(sizes) == 1
    assert "Differences: another scale." in page.text("#legend")
    assert page.tab.locator("#legend .palette").count() == 2


def test_escape_leaves_the_search_and_a_filter_without_a_match_is_stated(visit):
    page = visit(rich(), "view=matrix")
    page.tab.keyboard.press("/")
    page.tab.keyboard.type("zebra")
    expect(page.tab.locator("#find")).to_be_focused()
    page.tab.keyboard.press("Escape")
    expect(page.tab.locator("#find")).not_to_be_focused()
    expect(page.tab.locator("#find")).to_have_value("")
    page.tab.get_by_label("filter heads").fill("> 7")
    expect(page.tab.locator("#ranked")).to_contain_text("No head matches.")


def test_the_heads_of_a_narrow_page_are_a_drawer(visit):
    amap = rich()
    page = visit(amap, "view=matrix&q=2&k=1", viewport={"width": 390, "height": 800})
    heads, opener = page.tab.locator("#heads"), page.tab.locator("#open-heads")
    expect(heads).to_be_hidden()
    opener.click()
    expect(page.tab.locator("#close-heads")).to_be_focused()
    expect(page.tab.locator(".thumb.drawn")).to_have_count(4)
    assert page.tab.locator("#stage").get_attribute("inert") is not None
    page.tab.keyboard.press("Escape")
    expect(heads).to_be_hidden()
    expect(opener).to_be_focused()
    assert page.tab.url.endswith("q=2&k=1")
    opener.click()
    page.tab.mouse.click(385, 500)  # beside it
    expect(heads).to_be_hidden()
    opener.click()
    page.tab.locator("#ranked li button").first.click()
    expect(heads).to_be_hidden()
    assert page.tab.locator("#stage").get_attribute("inert") is None
    opener.click()
    page.tab.set_viewport_size({"width": 1280, "height": 800})
    expect(opener).to_be_hidden()
    expect(heads).to_be_visible()
    expect(page.tab.locator("[inert]")).to_have_count(0)


def test_the_frame_of_the_last_head_of_a_row_is_inside_the_drawer(visit):
    amap = make_map("abc", n_layer=2, n_head=8)
    page = visit(amap, "view=matrix&layer=0&head=7", viewport={"width": 390, "height": 800})
    page.tab.locator("#open-heads").click()
    expect(page.tab.locator(".thumb.drawn")).to_have_count(16)
    last = page.tab.locator(".thumb[aria-current=true]").bounding_box()
    grid = page.tab.locator("#heads .heads").bounding_box()
    frame = 3  # outline and its offset, in CSS pixels
    assert last["x"] + last["width"] + frame <= grid["x"] + grid["width"] + 0.01


def test_a_requested_scale_colors_the_map_and_is_stated(visit):
    amap = crossed()
    page = visit(amap, "view=matrix", Style(vmin=0.2, vmax=0.8, norm="sqrt"))
    sentences = page.text("#legend")
    assert "Requested scale: 0.200 to 0.800; outside the scale: " in sentences
    assert page.text(".ticks").split() == ["0.200", "0.350", "0.800"]
    share = np.sqrt(np.clip((amap.weights[0, 0, 0, 1] - 0.2) / 0.6, 0, 1))
    x, y = center_of(page, colors_on_light(share, 1.0))
    page.tab.locator("#figure canvas").first.hover(position={"x": x, "y": y})
    page.tab.locator("summary").first.click()
    page.tab.get_by_label("color scale").first.select_option("shared")
    expect(page.tab.locator("#legend")).not_to_contain_text("Requested")
