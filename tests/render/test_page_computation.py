"""The computation of weights from vectors, and found tokens in pictures, in a browser."""

from __future__ import annotations

import numpy as np
import pytest

from attnviz.core.attention_map import AttentionMap
from attnviz.core.tokens import Token
from attnviz.render.page import data_island
from tests.render import browser as browsers
from tests.render.page_maps import rich, shown

SCALE = 0.5


def softmax_map(n=5, n_dim=3):
    """Causal weights that are softmax(SCALE · q·k), with the vectors."""
    rng = np.random.default_rng(5)
    query, key = rng.normal(size=(2, 1, 2, n, n_dim)).astype(np.float32)
    visible = np.tril(np.ones((n, n), bool))
    scores = np.where(visible, SCALE * np.einsum("lhqd,lhkd->lhqk", query, key), -np.inf)
    mass = np.exp(scores - scores.max(-1, keepdims=True))
    tokens = tuple(Token.of(f"t{i}") for i in range(n))
    weights = mass / mass.sum(-1, keepdims=True)
    return AttentionMap(tokens, tokens, weights, visible, query_vectors=query, key_vectors=key)


@pytest.fixture
def with_scale(monkeypatch):
    """Pages that state the scale of the scores."""
    vector_data = data_island.vector_data
    monkeypatch.setattr(
        data_island,
        "vector_data",
        lambda amap: {**vector_data(amap), "score_steps": [{"scale": SCALE}]},
    )


def cells(page):
    """The rows of the table: key, q·k, score, exponential, weight."""
    rows = page.tab.locator("#computation tbody tr").all()
    return [[cell.inner_text() for cell in row.locator("th, td").all()] for row in rows]


@pytest.mark.usefixtures("with_scale")
def test_the_steps_from_vectors_end_at_the_weights_of_the_map(visit):
    amap = softmax_map()
    page = visit(amap, "view=matrix&head=1&q=3&k=1")
    dots = amap.query_vectors[0, 1, 3] @ amap.key_vectors[0, 1].T
    rows = cells(page)
    assert [row[0] for row in rows] == ["t0", "t1", "t2", "t3", "t4"]
    assert [row[1] for row in rows] == [shown(dot) for dot in dots]
    assert [row[2] for row in rows] == [shown(SCALE * dot) for dot in dots]
    assert [row[4] for row in rows[:4]] == [shown(w) for w in amap.weights[0, 1, 3, :4]]
    assert rows[4][3:] == ["masked"]
    assert page.tab.locator("#computation [aria-current=true] th").inner_text() == "t1"


@pytest.mark.usefixtures("with_scale")
def test_a_key_of_the_computation_is_selected_by_a_click(visit):
    page = visit(softmax_map(), "view=matrix&q=3&k=1")
    page.tab.locator("#computation button", has_text="t2").click()
    assert page.tab.url.endswith("q=3&k=2")
    assert page.text("#key") == "t2"


@pytest.mark.usefixtures("with_scale")
def test_of_many_keys_the_largest_and_the_marked_one_are_listed(visit):
    amap = softmax_map(n=40)
    page = visit(amap, "view=matrix&q=39&k=0")
    listed = [int(row[0][1:]) for row in cells(page)]
    largest = np.argsort(-amap.weights[0, 0, 39])[:16]
    assert listed == sorted({*largest.tolist(), 0})
    assert f"Not listed: {40 - len(listed)} keys" in page.text("#computation caption")


def test_a_mechanism_with_other_steps_states_so(visit):
    page = visit(rich(), "view=matrix&q=2&k=1")
    assert page.tab.locator("#computation").count() == 0
    assert "attnviz explain" in page.text("#other-steps")


def accents(page):
    """Pixels in the color of the accent on the canvas of the pictures."""
    return page.tab.evaluate(
        """() => {
        const probe = document.body.appendChild(document.createElement("i"));
        probe.style.color = "var(--accent)";
        const accent = getComputedStyle(probe).color.match(/\\d+/g).map(Number);
        probe.remove();
        const canvas = document.querySelector(".heads canvas");
        const options = { willReadFrequently: true };
        const copy = document.createElement("canvas").getContext("2d", options);
        Object.assign(copy.canvas, { width: canvas.width, height: canvas.height });
        copy.drawImage(canvas, 0, 0);
        const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
        let n = 0;
        for (let i = 0; i < data.length; i += 4) n += accent.every((c, j) => data[i + j] === c);
        return n;
    }"""
    )


def test_tokens_that_are_found_are_marked_in_the_pictures(visit):
    page = visit(rich(), "view=overview")
    browsers.expect(page.tab.locator(".thumb.drawn")).to_have_count(4)
    assert accents(page) == 0
    page.tab.locator("#find").fill("c")
    browsers.expect(page.tab.locator("search output")).to_have_text("1 found")
    assert any(accents(page) > 4 * 2 * 20 for _ in page.frames())
    page.tab.locator("#find").fill("")
    assert any(accents(page) == 0 for _ in page.frames())


def test_two_heads_beside_each_other_have_their_difference(visit):
    amap = rich()
    page = visit(amap, "view=matrix&layer=3&head=1&q=3&k=1&pins=7.4")
    titles = page.tab.locator(".frame h2").all_inner_texts()
    first, second = (float(amap.weights[layer, layer, 3, 1]) for layer in (0, 1))
    assert len(titles) == 3
    assert titles[2].startswith("3.1 − 7.4")
    assert titles[2].endswith(shown(first - second))


def test_the_difference_is_that_of_the_weights_that_are_shown(visit):
    fragment = "view=matrix&layer=3&head=1&q=3&k=1&pins=7.4&special=false&renormalise=true"
    texts = visit(rich(), fragment).tab.locator(".frame h2 b").all_inner_texts()
    first, second, difference = (float(text.replace("−", "-")) for text in texts)
    assert abs(first - second - difference) < 0.0016
    assert first > rich().weights[0, 0, 3, 1] + 0.01
