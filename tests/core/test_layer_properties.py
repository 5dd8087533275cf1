"""Properties by layer: layers selected from a saved map have those of layers that ran alone."""

import io

import pytest

import attnviz
from attnviz.core.layer_properties import CHANGED, select_layer_properties
from attnviz.core.variants import VARIANTS, find_variant

PLANS = [name for name in VARIANTS if find_variant(name).layers]
TEXT, N_LAYER = "the cat sat on the mat", 4
UNEQUAL = next(name for name in PLANS if len({x.row_sum for x in find_variant(name).layers}) > 1)
KEYS = ("algebra", "row_sum", "signed", "layer_properties")


def saved(amap):
    """The map as it is read from a file."""
    file = io.BytesIO()
    attnviz.write(amap, file, format="json")
    return attnviz.read(io.BytesIO(file.getvalue()))


def properties(amap):
    return {name: amap.meta.get(name) for name in KEYS}


@pytest.mark.parametrize("name", PLANS)
def test_layers_of_a_saved_map_have_their_own_properties(name):
    options = {"variant": name, "layers": N_LAYER}
    amap = saved(attnviz.look(TEXT, **options))
    for layers in ([0], [N_LAYER - 1], [0, N_LAYER - 1], [1, 2, 3]):
        alone = attnviz.look(TEXT, **options, select_layers=layers)
        assert properties(amap.select(layers=layers)) == properties(alone)
        assert ("layer_properties" in alone.meta) == (len({*pipelines(name, layers)}) > 1)
    assert amap.select(layers=[2, 3]).select(layers=[3]).meta == amap.select(layers=[3]).meta


def pipelines(name, layers):
    """The pipelines of some layers of a plan."""
    plan = find_variant(name).layers
    return [plan[layer % len(plan)].pipeline for layer in layers]


def test_there_are_plans_whose_layers_obey_other_rules():
    row_sums = {layer.row_sum for name in PLANS for layer in find_variant(name).layers}
    assert len(PLANS) > 3 and len(row_sums) > 1


@pytest.mark.parametrize("key", CHANGED)
def test_a_map_that_was_changed_keeps_what_holds_for_all_its_layers(key):
    """The change may have lowered the row sum of a layer."""
    amap = attnviz.look(TEXT, variant=UNEQUAL, layers=N_LAYER)
    changed = {**amap.meta, key: "changed"}
    assert select_layer_properties(changed, [N_LAYER - 1]) is changed
    assert select_layer_properties(amap.meta, [N_LAYER - 1]) != amap.meta


@pytest.mark.parametrize(
    "change",
    [
        lambda amap: amap.mean("head"),
        lambda amap: amap.words(),
        lambda amap: amap.reduce("special:drop"),
        lambda amap: amap.sel(key=["cat", "mat"]),
        lambda amap: attnviz.look(TEXT, variant=UNEQUAL, layers=N_LAYER, pool=2),
        lambda amap: attnviz.compare(TEXT, variants=[UNEQUAL, "softmax"], layers=N_LAYER),
    ],
)
def test_changes_of_weights_are_known(change):
    """Every operation that lowers row sums leaves one of the keys."""
    amap = change(attnviz.look(TEXT, variant=UNEQUAL, layers=N_LAYER))
    assert not amap.meta.keys().isdisjoint(CHANGED)
    assert amap.select(layers=[amap.layers[-1]]).row_sum == amap.row_sum


@pytest.mark.parametrize("layers", [[0, 1], [0, 1, 2, 3, 3], [0, 1, 2, 7]])
def test_properties_of_other_layers_than_the_map_has_are_left(layers):
    group = {"algebra": "dot", "row_sum": "1", "signed": False, "layers": layers}
    meta = {"row_sum": "any", "layer_properties": [group]}
    assert select_layer_properties(meta, [0, 1, 2, 3]) is meta
