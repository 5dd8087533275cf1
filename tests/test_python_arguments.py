"""Arguments of the public functions that are no valid ones: one line that names the parameter."""

import numpy as np
import pytest

import attnviz
from attnviz.errors import MisuseError, UnknownParameterError
from attnviz.sources.options import TYPES

TEXT = "The cat sat"
AMAP = attnviz.look(TEXT)
WRONG = {int: ("x", 1.5, True), float: ("x", True, [1.0]), str: (3, ["dot"]), bool: ("no", 1)}
CALLS = {
    "look": lambda **options: attnviz.look(TEXT, **options),
    "explain": lambda **options: attnviz.explain(TEXT, **options),
    "compare": lambda **options: attnviz.compare(TEXT, variants=["dot", "hard"], **options),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    ("name", "suggestion"),
    [("temprature", "temperature"), ("layer_count", None), ("positons", "positions")],
)
def test_an_unknown_parameter_is_refused_with_a_suggestion(call, name, suggestion):
    with pytest.raises(UnknownParameterError) as caught:
        CALLS[call](**{name: 2})
    message = str(caught.value)
    assert message.startswith(f"unknown parameter {name!r}")
    assert suggestion is None or f"Did you mean {suggestion!r}" in message
    assert isinstance(caught.value, TypeError)


@pytest.mark.parametrize(
    ("name", "parameter"),
    [
        ("varient", "variant"),
        ("head", "select_heads"),
        ("layer", "select_layers"),
        ("segments", "select_segments"),
        ("with_qk", "with_vectors"),
        ("set", "tunables"),
    ],
)
def test_names_of_options_lead_to_the_parameters_of_look(name, parameter):
    with pytest.raises(UnknownParameterError, match=f"Did you mean '{parameter}'"):
        attnviz.look(TEXT, **{name: 2})


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for kind, names in TYPES.items() for name in names for value in WRONG[kind]],
)
def test_a_value_of_another_type_is_refused(call, name, value):
    with pytest.raises(UnknownParameterError, match=f"^{name}=.* should be ") as caught:
        CALLS[call](**{name: value})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("variant", 3),
        ("mask", [[1, 2], [3, 4]]),
        ("bias", (1.0,)),
        ("score", 1),
        ("normalize", len),
        ("tunables", [("window", 2)]),
        ("pool", "x"),
        ("with_vectors", "no"),
        ("select_segments", 1),
    ],
)
def test_parts_and_parameters_of_look_have_types_too(name, value):
    with pytest.raises(UnknownParameterError, match=f"^{name}=.* should be "):
        attnviz.look(TEXT, **{name: value})


@pytest.mark.parametrize("at", ["0", -1, True, 1.5, [0.5], ["0"], [], {"a": 1}, object()])
def test_layers_of_overrides_are_numbers(at):
    with pytest.raises(UnknownParameterError, match=r"^at=.* should be the number of a layer, or"):
        attnviz.look(TEXT, model="induction", mask="window(2)", at=at)


def test_one_layer_of_overrides_is_a_number():
    one, several = (
        attnviz.look("the cat", model="induction", mask="window(1)", at=at) for at in (0, [0])
    )
    assert one.equals(several)


@pytest.mark.parametrize("text", [3, ["The", 3], {"The", "cat"}, np.eye(2), b"The cat"])
def test_a_text_is_a_text(text):
    for call in (attnviz.look, attnviz.explain):
        with pytest.raises(UnknownParameterError, match=r"^text=.* should be a text"):
            call(text)
        with pytest.raises(UnknownParameterError, match=r"^context=.* should be a text"):
            call(TEXT, text)


@pytest.mark.parametrize(
    "call",
    [
        attnviz.head_stats,
        attnviz.measure,
        attnviz.agreement,
        attnviz.check,
        lambda value: attnviz.reduce(value, "layers:mean"),
        lambda value: attnviz.corpus_stats([value]),
        lambda value: attnviz.diff(value, AMAP),
        lambda value: attnviz.diff(AMAP, value),
        lambda value: attnviz.write(value, "never.json"),
    ],
)
def test_a_map_is_a_map(call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for value in (3, "map.json", AMAP.weights):
        with pytest.raises(UnknownParameterError, match=r"=.* should be of type AttentionMap"):
            call(value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("amap", lambda: attnviz.reduce(None)),
        ("amap", lambda: attnviz.measure(None)),
        ("amap", lambda: attnviz.head_stats(None)),
        ("amap", lambda: attnviz.agreement(None)),
        ("maps", lambda: attnviz.corpus_stats([None])),
        ("maps", lambda: attnviz.corpus_stats(AMAP)),
        ("maps", lambda: attnviz.corpus_stats(3)),
        ("sort", lambda: attnviz.head_stats(AMAP, 5)),
        ("steps", lambda: attnviz.reduce(AMAP, None)),
        ("names", lambda: attnviz.measure(AMAP, None)),
        ("at_most", lambda: attnviz.agreement(AMAP, None)),
        ("contribution", lambda: attnviz.look(TEXT, contribution=5)),
        ("contribution", lambda: attnviz.look(TEXT, contribution=["norm"])),
        ("reduce", lambda: attnviz.look(TEXT, reduce=5)),
        ("steps", lambda: attnviz.look(TEXT, reduce=["layers:mean", None])),
        ("text", lambda: attnviz.look(None, model="induction")),
        ("text", lambda: attnviz.look(None)),
        ("text", lambda: attnviz.expert_choices(None, model="tests/models/mixtral")),
        ("model", lambda: attnviz.expert_choices(TEXT, model=None)),
        ("layers", lambda: attnviz.expert_choices(TEXT, model="tests/models/mixtral", layers=1)),
    ],
)
def test_reductions_measures_and_models_name_the_argument(name, call):
    with pytest.raises(UnknownParameterError, match=f"^{name}=.* should be ") as caught:
        call()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("limit", [-0.1, 1.5, float("nan")])
def test_a_limit_of_clusters_is_a_divergence(limit):
    with pytest.raises(MisuseError, match=r"^at_most.* should be from 0 to 1 bits"):
        attnviz.agreement(AMAP, limit)


def test_an_empty_reduction_is_refused():
    with pytest.raises(MisuseError, match=r"^reduce='' must be one of layers:"):
        attnviz.look(TEXT, reduce="")


def test_numbers_of_numpy_are_residual_weights():
    layers = attnviz.look(TEXT, layers=2)
    for method in (layers.rollout, layers.flow):
        expected = method(0.25).weights
        assert np.array_equal(method(np.float64(0.25)).weights, expected)
        assert np.array_equal(method(np.float32(0.25)).weights, expected)


def test_mechanisms_to_compare_are_a_list():
    with pytest.raises(UnknownParameterError, match=r"^variants='dot' should be a list of names"):
        attnviz.compare(TEXT, variants="dot")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kv_heads": 3, "heads": 4}, "kv_heads=3 does not divide heads=4"),
        ({"ablate": "0.1"}, "ablate needs model"),
        ({"pool": -1}, "pool=-1 should be at least 1"),
        ({"variant": "average", "seed": 1}, "seed has no effect on 'average'"),
    ],
)
def test_messages_name_parameters_and_no_options(options, message):
    with pytest.raises(MisuseError) as caught:
        attnviz.look(TEXT, **options)
    assert message in str(caught.value)
    assert "--" not in str(caught.value)
