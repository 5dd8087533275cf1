"""The options of the page in a browser: tokens left out, words merged, segments, tables."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from attnviz.core.attention_map import AttentionMap
from attnviz.core.tokens import Token
from tests.conftest import make_map
from tests.render import browser as browsers
from tests.render.page_maps import WORD_PAIRS, crossed, make_map_of, rich, shown


def test_weight_on_no_key_and_row_sums_are_shown(visit):
    weights = np.array([[[[0.25, 0.5], [0.0, 0.125]]]])
    page = visit(make_map_of(weights, meta={"row_sum": "at most 1"}), "view=matrix&q=1")
    assert "on no key ∅ 0.875" in page.text("#side")
    page = visit(make_map_of(weights * -3, meta={"row_sum": "any"}), "view=matrix&q=0")
    assert "row sum Σ −2.250" in page.text("#side")
    assert page.text(".ticks").split() == ["−1.500", "0", "1.500"]


def test_omitted_tokens_and_renormalization_are_noted_and_right(visit):
    amap = rich()
    page = visit(amap, "view=matrix&q=4&k=2&special=false")
    assert "Omitted: 1 query and 1 key." in page.text("#notes")
    assert "Rows are not renormalized" in page.text("#notes")
    assert f"row sum Σ {shown(amap.weights[0, 0, 4, 1:].sum())}" in page.text("#side")
    page.tab.locator("summary").first.click()
    page.tab.get_by_label("renormalize").check()
    browsers.expect(page.tab.locator("#notes")).to_contain_text("Rows are renormalized")
    row = amap.weights[0, 0, 4]
    assert page.text("#value") == shown(row[2] / row[1:].sum())
    assert "special=false&renormalise=true" in page.tab.url


def test_pieces_of_words_are_merged(visit):
    amap = rich()
    page = visit(amap, "view=matrix&q=2&k=1&words=true")
    row = amap.weights[0, 0, 2:4].mean(0)  # the mean of its pieces, as queries
    assert page.text("#pair") == "bc → a"
    assert page.text("#value") == shown(row[1])
    page.tab.locator(".panel").focus()
    page.tab.keyboard.press("ArrowRight")
    assert page.text("#value") == shown(row[2:4].sum())  # the sum of its pieces, as keys
    assert "Word pieces merged: summed over keys, averaged" in page.text("#notes")


def test_controls_write_the_state_and_follow_it(visit):
    page = visit(rich(), "view=matrix")
    page.tab.get_by_label("next layer").click()
    page.tab.get_by_label("next layer").click()  # there is no next layer
    browsers.expect(page.tab.locator("#caption")).to_have_text("layer 7, head 1")
    page.tab.get_by_label("head", exact=True).select_option("head 4")
    page.tab.locator("summary").first.click()
    page.tab.get_by_label("palette").first.select_option("magma")
    top = page.tab.get_by_label("top keys per query")
    for text in ("2", "99"):  # above the maximum: ignored
        top.fill(text)
    page.tab.locator("[name=threshold]").fill("50")
    # half the way of the slider is an eighth of the largest weight, which is 1
    output = page.tab.locator("#option-list output")
    browsers.expect(output).to_have_text("≥ 0.13")
    fragment = "layer=7&head=4&threshold=0.13&top=2&palette=magma"
    assert page.tab.url.partition("#")[2] == fragment
    page.tab.evaluate("location.hash = 'view=matrix'")
    browsers.expect(output).to_have_text("all")
    assert page.tab.locator("[name=threshold]").input_value() == "0"
    assert page.tab.locator("[name=palette]").input_value() == "Blues"


def segments_map():
    """Two segments with other labels, on both sides."""
    tokens = tuple(
        Token(label, label, segment=segment)
        for label, segment in zip("abcde", (0, 0, 1, 1, 1), strict=True)
    )
    return replace(make_map("abcde", n_head=1), queries=tokens, keys=tokens)


def table_of(page):
    """The table of weights: its names of columns, of rows, and its cells."""
    head, *rows = [row.split("\t") for row in page.text("table").splitlines()[1:] if row]
    return head[1:], [row[0] for row in rows], [row[1:] for row in rows]


SEGMENTS = {
    "qs=0": (slice(0, 2), slice(0, 5)),
    "ks=0": (slice(0, 5), slice(0, 2)),
    "qs=1&ks=0": (slice(2, 5), slice(0, 2)),
    "qs=0&ks=1": (slice(0, 2), slice(2, 5)),
}


def test_a_segment_filter_keeps_the_tokens_of_that_segment(visit):
    amap = segments_map()
    page = visit(amap, "view=matrix&table=true")
    for fragment, (queries, keys) in SEGMENTS.items():
        page.tab.evaluate(f"location.hash = 'view=matrix&table=true&{fragment}'")
        browsers.expect(page.tab.locator("table tr")).to_have_count(1 + len("abcde"[queries]))
        columns, rows, weights = table_of(page)
        n_key = len("abcde"[keys])
        assert (rows, columns[:n_key]) == (list("abcde"[queries]), list("abcde"[keys]))
        expected = [[shown(w) for w in row] for row in amap.weights[0, 0, queries, keys]]
        assert [row[:n_key] for row in weights] == expected


def test_the_segment_controls_name_the_segments(visit):
    page = visit(segments_map(), "view=matrix&table=true")
    page.tab.locator("summary").first.click()
    page.tab.get_by_label("query segment").select_option("segment B")
    page.tab.get_by_label("key segment").select_option("segment A")
    browsers.expect(page.tab.locator("table tr")).to_have_count(4)
    columns, rows, _ = table_of(page)
    assert (rows, columns[:2]) == (list("cde"), list("ab"))
    assert page.tab.url.endswith("table=true") and "qs=1&ks=0" in page.tab.url


def test_the_table_has_the_same_weights(visit):
    amap = rich()
    page = visit(amap, "view=matrix&table=true&layer=7&head=4")
    columns, _, rows = table_of(page)
    assert columns == ["<s>", *"abcd"]
    for q, row in enumerate(rows):
        masked = ["masked"] * (4 - q)
        assert row == [shown(w) for w in amap.weights[1, 1, q, : q + 1]] + masked


def test_the_table_names_queries_by_row_and_keys_by_column(visit):
    amap = crossed()
    page = visit(amap, "view=matrix&table=true")
    columns, rows, weights = table_of(page)
    assert (tuple(rows), tuple(columns[:4])) == tuple(WORD_PAIRS.values())
    assert page.text("table th") == "query \\ key"
    assert page.text("caption") == "Rows: queries. Columns: keys."
    assert [row[:4] for row in weights] == [[shown(w) for w in row] for row in amap.weights[0, 0]]
    assert columns[4] == "Σ row sum"
    assert [row[4] for row in weights] == [shown(w) for w in amap.weights[0, 0].sum(-1)]


def test_the_table_of_a_large_head_lists_the_keys_of_the_selected_query(visit):
    queries, keys = [f"q{i}" for i in range(51)], [f"k{i}" for i in range(50)]
    amap = make_map(queries, keys, n_head=1)
    page = visit(amap, "view=matrix&table=true&q=7")
    columns, names, cells = table_of(page)
    assert page.text("caption") == "Weights of query q7, largest first."
    assert columns == ["column", "weight"] and page.text("table th") == "key"
    order = np.argsort(-amap.weights[0, 0, 7], kind="stable")
    assert names == [f"k{k}" for k in order]
    assert cells == [[str(k), shown(amap.weights[0, 0, 7, k])] for k in order]


def sink_map():
    """Rows with an attention sink on a special token, 0.96, and a spread over 60 other keys."""
    rng = np.random.default_rng(2)
    rest = rng.dirichlet(np.full(60, 0.3), size=(1, 1, 4)) * 0.04
    rest[0, 0, 3] = [0.04] + [0.0] * 59
    weights = np.concatenate([np.full((1, 1, 4, 1), 0.96), rest], axis=-1)
    keys = (Token("[CLS]", "[CLS]", special=True), *(Token.of(f"k{i}") for i in range(60)))
    return AttentionMap(tuple(Token.of(f"q{i}") for i in range(4)), keys, weights)


def go(page, fragment):
    """Another address of an open page, once its value is shown."""
    page.tab.evaluate(f"location.hash = '{fragment}'")
    page.tab.evaluate("new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(r)))")


def test_weights_beside_a_sink_are_right_in_8_bits(visit, monkeypatch):
    monkeypatch.setattr("attnviz.render.page.quantize.MAX_16_BIT_VALUES", 100)
    amap = sink_map()
    key = int(amap.weights[0, 0, 1, 1:].argmax()) + 1
    share = amap.weights[0, 0, 1, key] / amap.weights[0, 0, 1, 1:].sum()
    page = visit(amap, f"view=matrix&q=1&k={key}")
    assert abs(float(page.text("#value")) - amap.weights[0, 0, 1, key]) <= 0.002
    go(page, f"view=matrix&q=1&k={key}&special=false&renormalise=true")
    assert abs(float(page.text("#value")) - share) < 0.05
    go(page, f"view=matrix&q=1&k={key}&special=false")
    assert "row sum Σ 0.04" in page.text("#rank")


def test_weights_below_the_precision_are_bounded_tied_and_not_renormalized(visit, monkeypatch):
    monkeypatch.setattr("attnviz.render.page.quantize.MAX_16_BIT_VALUES", 100)
    amap = sink_map()
    weights = np.full(amap.weights.shape, 3e-6)
    weights[..., 0] = 1 - 60 * 3e-6
    page = visit(replace(amap, weights=weights), "view=matrix&q=1&k=5")
    assert page.text("#value") == "< 3.9e−6"
    assert "rank 2 of 61, tied with 59 others" in page.text("#rank")
    go(page, "view=matrix&q=1&k=5&special=false&renormalise=true")
    assert page.text("#value") == "< 3.9e−6"
    assert "Not renormalized: 4 rows" in page.text("#notes")


def test_signed_rows_whose_magnitudes_sum_to_1_have_no_remainder(visit):
    weights = np.array([[[[0.75, -0.25], [-0.5, -0.5]]]])
    whole = replace(
        make_map("ab", n_head=1),
        weights=weights,
        meta={"row_sum": "at most 1", "signed": True},
    )
    assert "∅" not in visit(whole).text("#app")
    page = visit(replace(whole, weights=weights / 2), "view=matrix&q=0&k=0")
    assert "on no key ∅ 0.500" in page.text("#rank")


def test_the_switch_in_sight_leaves_out_special_tokens_and_sinks_and_states_it(visit):
    amap = rich()
    page = visit(amap, "view=matrix&q=4&k=2")
    assert "Omitted" not in page.text("#stage")
    page.tab.get_by_label("without special tokens and sinks").check()
    note = "Omitted: 1 query and 1 key (special tokens and attention sinks)."
    browsers.expect(page.tab.locator("#notes")).to_contain_text(note)
    assert "not renormalized" in page.text("#notes")
    assert page.text("#value") == shown(amap.weights[0, 0, 4, 2])  # the same weight as before
