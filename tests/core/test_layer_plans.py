"""Layer plans: mechanisms that alternate by layer."""

import json
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import attnviz
from attnviz.api.captions import make_captions
from attnviz.core.masks import Causal
from attnviz.core.positions import Sinusoidal
from attnviz.core.variant import Variant
from attnviz.core.variants import VARIANTS
from attnviz.core.variants.layer_plans import layer_plan
from attnviz.errors import MisuseError
from attnviz.sources.forward_pass import build_forward_pass
from tests.cli.runner import run

TEXT = "the cat sat on the mat and the dog lay by the door"
PLANS = [row for row in VARIANTS.values() if row.layers]
every_plan = pytest.mark.parametrize("row", PLANS, ids=lambda row: row.name)

# The rule of each reference: whether layer i is one of the cheaper ones.
RULES = {
    "swan": lambda i: i % 4 != 0,
    "gemma-3": lambda i: (i + 1) % 6 != 0,
    "llama-4": lambda i: (i + 1) % 4 != 0,
    "qwen3-next": lambda i: (i + 1) % 4 != 0,
    "kimi-hybrid": lambda i: (i + 1) % 4 != 0,
}
CHEAP = {"sliding-window", "chunked", "gated-delta", "kda"}


def plain(name, **parts):
    return Variant(name=name, summary="", formula="", **parts)


def test_every_plan_has_the_rule_of_its_reference():
    assert RULES.keys() == {row.name for row in PLANS}
    for row in PLANS:
        for i in range(24):
            assert (row.for_layer(i).name in CHEAP) == RULES[row.name](i), (row.name, i)


@every_plan
def test_each_layer_runs_its_own_mechanism(row):
    """Given the inputs of its layer, each map is what the layer's mechanism alone computes."""
    calls = []
    n_layer = len(row.layers) + 1
    forward = build_forward_pass(TEXT, None, variant=row, layers=n_layer)
    weights = attnviz.look(TEXT, variant=row, layers=n_layer).weights
    assert weights.shape[0] == n_layer

    def attend(call):
        calls.append(call)
        return attnviz_output(call)

    forward.run(attend)
    for i, call in enumerate(calls):
        assert call.variant == row.layers[i % len(row.layers)]
        alone, _ = computed(call)
        assert_array_equal(np.asarray(weights)[i], alone.astype(np.float32))


def computed(call):
    from attnviz.core.engine.attention import apply_positions, apply_weights, compute_weights

    block = compute_weights(call.variant, apply_positions(call.variant, call.inputs))
    return block.weights, apply_weights(block.weights, call.value)


def attnviz_output(call):
    return computed(call)[1]


@every_plan
def test_a_plan_shows_one_round_by_default(row):
    assert attnviz.look("a b c", variant=row).n_layer == len(row.layers) == row.default_depth


def test_a_plan_of_one_mechanism_is_that_mechanism():
    window = plain("window", mask=Causal())
    twice = layer_plan(window, window, name="twice")
    expected = attnviz.look(TEXT, variant=window, layers=4)
    made = attnviz.look(TEXT, variant=twice, layers=4)
    assert_array_equal(made.weights, expected.weights)
    assert made.meta["row_sum"] == expected.meta["row_sum"]


def test_captions_and_metadata_name_the_mechanism_of_a_layer():
    amap = attnviz.look(TEXT, variant="gemma-3", layers=7)
    assert amap.meta["layer_plans"] == {"gemma-3": ["sliding-window"] * 5 + ["full"]}
    captions = make_captions(amap.select(layers=[0, 5, 6]))
    starts = {layer: text.split(" · ")[0] for (layer, _), text in captions.items()}
    assert starts == {0: "sliding-window", 5: "full", 6: "sliding-window"}
    assert "layer_plans" not in attnviz.look(TEXT, variant="causal").meta


@pytest.mark.parametrize("wrong", [3, {"gemma-3": 3}, {"gemma-3": []}, {"other": ["a"]}, None])
def test_invalid_plans_of_a_file_are_ignored(wrong):
    amap = attnviz.look("a b", variant="gemma-3", layers=1)
    changed = replace(amap, meta={**amap.meta, "layer_plans": wrong})
    assert make_captions(changed)[0, 0].startswith("max weight")


def test_pooled_maps_name_the_mechanism_only():
    amap = attnviz.look(TEXT, variant="swan", pool=4)
    assert make_captions(amap) == {
        (0, 0): "full",
        **{(layer, 0): "sliding-window" for layer in (1, 2, 3)},
    }


def test_tunables_and_overrides_act_in_every_layer():
    amap = attnviz.look(TEXT, variant="swan", tunables={"window": 2, "heads": 2})
    counts = (np.asarray(amap.weights) > 0).sum(-1)
    assert amap.n_head == 2
    assert counts[1:].max() == 2 and counts[0].max() == 13
    banded = attnviz.look(TEXT, variant="swan", mask="window(1)")
    assert ((np.asarray(banded.weights) > 0).sum(-1) <= 1).all()


def test_the_parts_of_a_recurrent_layer_cannot_be_overridden():
    with pytest.raises(MisuseError, match="'kda' computes its weights without scores"):
        attnviz.look(TEXT, variant="kimi-hybrid", score="cosine")


def test_compare_runs_one_round_and_names_the_layers():
    amap = attnviz.compare(TEXT, variants=["causal", "swan"])
    assert amap.n_layer == 4
    captions = make_captions(amap)
    assert captions[0, 1].startswith("full · ") and captions[1, 1].startswith("sliding-window · ")
    assert captions[0, 0].startswith("max weight"), "causal has no plan"


def test_explain_names_the_layer():
    explanation = attnviz.explain(TEXT, variant="swan", layer=1)
    assert explanation.title.startswith("swan, layer 1 (sliding-window), head 0: rope")


@every_plan
def test_the_description_of_a_plan_lists_its_layers(row):
    (facts,) = json.loads(run("variants", row.name, "--json").out)
    assert facts["layers"] == [layer.name for layer in row.layers]
    shown = run("variants", row.name, width=120).out
    assert "repeated over the depth" in shown
    for layer in row.layers:
        assert layer.name in shown
    assert "layers" not in json.loads(run("variants", "rope", "--json").out)[0]


def test_layers_that_do_not_fit_together_are_refused():
    one, other = plain("one"), plain("other", position=Sinusoidal())
    with pytest.raises(MisuseError, match="embeddings"):
        layer_plan(one, other, name="mixed")
    two_heads = one.with_tunables(heads=2)
    with pytest.raises(MisuseError, match="different numbers of heads"):
        layer_plan(one, two_heads, name="mixed")
