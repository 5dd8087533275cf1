"""Settings in the name of a mechanism: NAME:KEY=VALUE,…"""

import numpy as np
import pytest

import attnviz
from attnviz.errors import MisuseError
from attnviz.sources.options import NAMES
from attnviz.sources.variant_settings import SETTINGS, expand_variant
from tests.cli.runner import run
from tests.sources.reference import MODELS

TEXT = "The cat sat"


def weights(variant, **options):
    """The weights of a mechanism."""
    return attnviz.look(TEXT, variant=variant, **options).weights


def test_settings_are_options_of_look():
    assert set(SETTINGS) < set(NAMES)


@pytest.mark.parametrize(
    ("variant", "name", "options"),
    [
        ("scaled-dot:temperature=0.5", "scaled-dot", {"temperature": 0.5}),
        ("sdpa: temperature = 2 , softcap=3", "sdpa", {"temperature": 2.0, "softcap": 3.0}),
        ("multihead:heads=2,kv-heads=1", "multihead", {"heads": 2, "kv_heads": 1}),
        ("sliding-window:window=1", "sliding-window", {"tunables": {"window": 1}}),
        ("dot:mask=causal & window(2),normalize=hard", "dot",
         {"mask": "causal & window(2)", "normalize": "hard"}),
        (":temperature=2", None, {"temperature": 2.0}),
    ],
)  # fmt: skip
def test_a_setting_is_the_option_of_its_name(variant, name, options):
    assert np.array_equal(weights(variant), weights(name, **options))


@pytest.mark.parametrize(
    ("variant", "says"),
    [
        ("scaled-dot:temprature=2", "Did you mean 'temperature'"),
        ("sliding-window:windwo=2", "Did you mean 'window'"),
        ("scaled-dot:seed=2", "unknown setting of scaled-dot 'seed'"),
        ("scaled-dot:temperature=x", "temperature=x should be a number"),
        ("scaled-dot:temperature", "should be NAME:KEY=VALUE"),
        ("scaled-dot:", "should be NAME:KEY=VALUE"),
        ("scaled-dot:softcap=1,softcap=2", "sets softcap twice"),
    ],
)
def test_what_is_refused(variant, says):
    with pytest.raises(MisuseError) as error:
        weights(variant)
    assert says in str(error.value)


def test_an_option_and_a_setting_of_one_name_are_refused():
    for options in ({"softcap": 3.0}, {"tunables": {"window": 3}}):
        name = next(iter(options.get("tunables", options)))
        with pytest.raises(MisuseError, match=f"sets {name} too"):
            expand_variant({"variant": f"sliding-window:{name}=1", **options})


def test_settings_of_one_mechanism_are_compared():
    names = ["scaled-dot:temperature=0.5", "scaled-dot:temperature=2"]
    amap = attnviz.compare(TEXT, variants=names)
    assert amap.meta["compared"] == names and amap.title == " vs. ".join(names)
    for index, temperature in enumerate((0.5, 2.0)):
        expected = weights("scaled-dot", temperature=temperature)
        assert np.allclose(amap.weights[0, index], expected[0, 0], atol=1e-6)
    said = run("compare", TEXT, "-v", names[0], "-v", names[1])
    assert all(f"{name} · head 0" in said.out for name in names)


def test_a_setting_without_effect_is_refused_in_a_comparison_too():
    refused = run("compare", TEXT, "-v", "hard:temperature=2", "-v", "dot")
    assert refused.status == 2 and "--temperature has no effect on" in refused.err
    twice = run("compare", TEXT, "-v", "dot:softcap=1", "-v", "dot:softcap=1")
    assert twice.status == 2 and "duplicate mechanism: dot:softcap=1" in twice.err


def test_numbers_of_heads_are_compared_by_their_mean():
    amap = attnviz.compare(
        TEXT, variants=["multihead:heads=2", "multihead:heads=4"], select_heads="mean"
    )
    assert amap.names[:2] == (
        "multihead:heads=2 · mean of 2 heads",
        "multihead:heads=4 · mean of 4 heads",
    )
    assert amap.meta["reduced"] == "mean of 2 heads; mean of 4 heads"


def test_settings_of_a_pretrained_model():
    model = str(MODELS / "bert")
    made = attnviz.compare(TEXT, variants=[":temperature=2", ":temperature=4"], model=model)
    assert len(made.meta["compared"]) == 3
    assert np.array_equal(
        weights(":temperature=2", model=model), weights(None, temperature=2.0, model=model)
    )
    refused = run("compare", TEXT, "-m", model, "-v", "scaled-dot:heads=2")
    assert refused.status == 2 and "--heads cannot be combined with --model" in refused.err
