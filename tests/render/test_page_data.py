"""Numbers of a page: those of the map, within the stated error, for every mechanism."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

import attnviz
from attnviz.api.complete_style import complete_style
from attnviz.api.look import look
from attnviz.core.subset import visible_pairs
from attnviz.core.variants import VARIANTS
from attnviz.measures.values import measure_heads
from attnviz.render.page.data_island import map_data, page_data
from attnviz.render.page.score_fits import find_steps
from attnviz.render.page.score_steps import ScoreSteps, compute_weights, masked_softmax
from attnviz.render.page.split_comparison import split_maps
from attnviz.render.style import Style
from attnviz.sources.external.attnviz_html import parse_packed_header, unpack_values
from tests.cli.runner import run
from tests.conftest import make_map
from tests.measure.maps import causal, gated, signed
from tests.render.pages import html, stored

TEXT = "the cat sat on the mat"
pytestmark = pytest.mark.filterwarnings("ignore::attnviz.errors.AttnvizWarning")


@cache
def map_of(variant):
    context = "der Hund saß" if variant.context == "required" else None
    return look(TEXT, context, variant=variant, with_vectors=True)


def island_of(page):
    return json.loads(re.search(rb'id="data">([^<]*)<', page)[1])


def page_map(amap):
    """What the page has of a map."""
    return stored(map_data(amap, complete_style(amap, {}), several=False))


def values_of(record, name="weights"):
    return unpack_values(parse_packed_header(record[name], name), name)[0].astype(np.float64)


def stated_error(record, weights):
    """The error that the page states: half a step of the largest weight of each row."""
    steps = int(re.search(r"within 1/([\d,]+) of the largest", record["kept"])[1].replace(",", ""))
    return np.abs(weights).max(-1, keepdims=True) / steps


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("variant", list(VARIANTS.values()), ids=lambda row: row.name)
def test_weights_and_measures_of_every_mechanism_are_those_of_the_map(variant, bits, monkeypatch):
    monkeypatch.setattr("attnviz.render.page.quantize.MAX_16_BIT_VALUES", (bits == 16) << 22)
    amap = map_of(variant)
    record = page_map(amap)
    assert record["weights"]["codes"].endswith("16" if bits == 16 or amap.signed else "8")
    shown = values_of(record)
    # The sums of rows are given back, which moves weights by half a step at most.
    limit = 2 * stated_error(record, amap.weights) + 1e-7
    assert (np.abs(shown - amap.weights) <= limit).all()
    assert not shown[~visible_pairs(amap)].any()
    measures = measure_heads(amap)
    of_page = measure_heads(replace(amap, weights=shown))
    for row in record["measures"]:
        name, values = row["name"], np.array(row["values"], dtype=float)  # null is NaN
        np.testing.assert_allclose(values, measures[name], atol=1e-5)
        np.testing.assert_allclose(values, of_page[name], atol=2e-4 if bits == 16 else 0.05)


STEP_BY_STEP = {  # mechanisms of each kind of steps
    (): ("scaled-dot", "dot", "causal", "rope", "rope-partial", "grouped-query", "temperature"),
    ("bias",): ("alibi", "t5", "kerple-log", "log-cpb", "sandwich"),
    ("cap",): ("softcap",),
    ("sink",): ("softmax-one", "learned-sink"),
    ("bias", "sigmoid"): ("sigmoid",),
    ("cosine",): ("cosine", "qk-rmsnorm"),
}


def test_steps_from_queries_and_keys_are_those_of_the_mechanism_or_left_out():
    kinds = {name: kind for kind, names in STEP_BY_STEP.items() for name in names}
    for name, row in VARIANTS.items():
        amap = map_of(row)
        record = page_map(amap)
        steps, *_ = record.get("score_steps", [None])
        if steps is None:
            assert name not in kinds
            assert amap.query_vectors is None or "not shown" in record["no_steps"], name
            continue
        kind = tuple(key for key in ("cap", "bias", "sink", "sigmoid", "cosine") if steps[key])
        assert kinds.get(name, kind) == kind, name
        query, key = (values_of(record, f"{side}_vectors") for side in ("query", "key"))
        arrays = {n: None if steps[n] is None else np.array(steps[n]) for n in ("bias", "sink")}
        found = ScoreSteps(steps["scale"], steps["cap"], **arrays, is_sigmoid=steps["sigmoid"])
        products = np.einsum("hqd,hkd->hqk", query[0], key[0])
        if steps["cosine"]:
            lengths = [np.linalg.norm(vectors[0], axis=-1) for vectors in (query, key)]
            products /= lengths[0][..., None] * lengths[1][:, None]
        weights = compute_weights(found, products, visible_pairs(amap)[0])
        assert np.abs(weights - amap.weights[0]).max() < 4e-4, name


def test_steps_that_too_few_weights_determine_are_left_out():
    """Two tokens agree with any scale, or any bias."""
    for variant in ("causal", "alibi"):
        record = page_map(look("the cat", variant=variant, with_vectors=True))
        assert record["score_steps"] == [None] and "not shown" in record["no_steps"]
    assert "score_steps" not in page_map(look(TEXT, variant="causal"))


def test_a_distance_without_weights_leaves_the_bias_out():
    """Its bias could be any number: the weights would agree with 0, too."""
    products = np.random.default_rng(3).normal(0, 3, (1, 6, 6))
    distance = np.subtract.outer(np.arange(6), np.arange(6))
    visible = distance[None] >= 0
    bias = np.array([0.0, -0.5, -1.0, -1.5, 2.0, -2.5])
    steps = find_steps(products, masked_softmax(products + bias[distance], visible), visible)
    np.testing.assert_allclose(steps.bias[0, :6], bias[::-1], atol=1e-6)
    products[0, distance == 4] = -40.0
    weights = masked_softmax(products + bias[distance], visible)
    assert find_steps(products, weights, visible) is None


@pytest.mark.parametrize("make", [causal, gated, signed], ids=lambda make: make.__name__)
def test_measures_that_are_not_defined_are_null(make):
    amap = make()
    rows = {row["name"]: row for row in page_map(amap)["measures"]}
    assert ("entropy" in rows) == (make is causal)
    assert rows["distance"]["unit"] == "tokens" and rows["distance"]["high"] is None
    assert np.shape(rows["distance"]["values"]) == amap.weights.shape[:2]


def test_heads_have_their_patterns_and_measures_wherever_a_page_is_written(tmp_path):
    amap = make_map("abcdef", n_layer=2, n_head=3)
    weights = np.zeros((2, 3, 6, 6))
    weights[..., 0, 0], weights[..., range(1, 6), range(5)] = 1.0, 1.0
    weights[1, 2] = 1 / 6
    amap = attnviz.AttentionMap(amap.queries, amap.keys, weights, layers=(4, 7), heads=(0, 1, 5))
    attnviz.write(amap, tmp_path / "a.html")
    (record,) = island_of((tmp_path / "a.html").read_bytes())["maps"]
    assert record["patterns"][0][1] == {"name": "previous token", "score": 1.0}
    assert record["patterns"][1][2] == {"name": "diffuse", "score": 1.0}
    entropy = next(row for row in record["measures"] if row["name"] == "entropy")
    assert entropy["values"] == [[0.0, 0.0, 0.0], [0.0, 0.0, round(np.log2(6), 5)]]
    assert entropy["lowest_first"] is True
    assert "measures" in attnviz.AttentionMap._repr_mimebundle_(amap, ["text/html"])["text/html"]


def test_masks_pooled_maps_and_differences_have_no_measures():
    pooled = look("a b c d e f g h", variant="causal", pool=3)
    assert page_map(pooled)["measures"] == []
    difference = make_map(meta={"source": "difference"})
    assert page_map(difference)["measures"] == []


def test_each_map_of_a_comparison_has_the_measures_of_its_heads():
    """Their row sums are those of float32, whatever the differences beside them are."""
    amap = attnviz.compare(TEXT, variants=["scaled-dot", "causal"], heads=2)
    maps = island_of(html(amap, complete_style(amap, {})))["maps"]
    for record, part in zip(maps[:2], split_maps(amap)[:2], strict=True):
        alone = measure_heads(part)
        rows = {row["name"]: row["values"] for row in record["measures"]}
        np.testing.assert_allclose(rows["entropy"], alone["entropy"], atol=1e-5)
    for record in maps[:2]:
        assert record["head_names"] == ["head 0", "head 1"]
    assert [name[:12] for name in maps[2]["head_names"]] == ["head 0 · JS ", "head 1 · JS "]
    assert maps[2]["name"] == "causal − scaled-dot"
    assert all(row["values"] == [[None, None]] for row in maps[2]["measures"])


def title_of(amap, **style):
    return island_of(html(amap, Style(**style)))["title"]


def test_the_title_names_both_texts_or_the_file_that_is_rendered(tmp_path):
    assert title_of(look("the cat", "le chat", variant="cross")) == "the cat · le chat"
    paired = make_map(text="the cat", meta={"pair": "a dog", "model": "m"})
    assert title_of(paired) == "the cat · a dog"
    assert title_of(paired, title="mine") == "mine"
    two = attnviz.compare("the cat", other_text="the dog", variants=["causal"])
    assert title_of(two) == "the cat vs. the dog"
    np.save(tmp_path / "heads.npy", np.full((2, 3, 3), 1 / 3))
    foreign = attnviz.read(tmp_path / "heads.npy")
    assert title_of(foreign) == "attention"
    assert title_of(foreign, source_name="heads.npy") == "heads.npy"
    done = run("render", str(tmp_path / "heads.npy"), "-o", str(tmp_path / "a.html"))
    assert done.status == 0
    data = island_of((tmp_path / "a.html").read_bytes())
    assert data["title"] == "heads.npy" and data["maps"][0]["name"] == "attention"


def test_signed_maps_are_compared_on_a_page(tmp_path):
    target = tmp_path / "c.html"
    done = run("compare", TEXT, "-v", "scaled-dot", "-v", "cog", "-o", str(target))
    assert done.status == 0, done.err
    maps = island_of(target.read_bytes())["maps"]
    assert [one["signed"] for one in maps] == [False, True, True]
    assert [one["name"] for one in maps] == ["scaled-dot", "cog", "cog − scaled-dot"]


def test_a_page_opens_at_a_head_that_it_has_and_its_scale_ends_at_the_largest_weight():
    weights = np.full((2, 1, 3, 3), 0.1, np.float32)
    weights[1, 0, 2, 0] = 0.8  # in the second layer
    amap = replace(make_map(n_layer=2, n_head=1), weights=weights, layers=(1, 4), heads=(3,))
    data = page_data([amap], Style())
    assert (data["start"]["layer"], data["start"]["head"]) == (1, 3)
    assert data["largest"] == pytest.approx(0.8)
