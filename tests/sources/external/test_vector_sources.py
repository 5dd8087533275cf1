"""Queries and keys that a source gives in an unusual form, and those that are refused."""

import json
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest

import attnviz
from attnviz.errors import InvalidInputError, MisuseError

RANDOM = np.random.default_rng(8)
Q, K, V = (np.float32(RANDOM.normal(size=(4, 5, 6))) for _ in "qkv")
MAP = attnviz.look("the cat sat", variant="grouped-query", layers=2, with_vectors=True)


def file_of(source, form="json"):
    file = BytesIO()
    if isinstance(source, dict):
        np.savez(file, **source)
    else:
        attnviz.write(source, file, format=form)
    return BytesIO(file.getvalue())


def with_masks():
    """A map whose layers have different masks."""
    n = len(MAP.queries)
    visible = np.ones((2, 1, n, n), dtype=bool)
    visible[1, 0, 0, 1] = False
    weights = np.where(visible, MAP.weights, 0)
    return replace(MAP, weights=weights, visible=visible)


LAYERS = np.stack([Q[None]] * 3)
HEADS = {f"layers.{i}.head.{h}.{n}": Q[h] for i in range(2) for h in range(2) for n in "qk"}
REFUSED = [  # the source; further arguments; what the message says
    ({"q": Q, "k": K}, {"axes": "bdh"}, "one letter per axis"),
    ({"q": Q, "k": K}, {"axes": "dbt"}, "without h, the last axis is that of all heads, d"),
    ({"q": Q, "k": K}, {"axes": "btd", "heads": 4}, "'btd' does not fit queries"),
    ({"q": Q, "k": K[:3]}, {"axes": "htd"}, "'htd' does not fit queries"),
    ({"q": Q[0], "k": K[0], "v": V[0][:, :5]}, {"heads": 2}, "do not fit each other"),
    ({"q": Q[:, :0], "k": K[:, :0]}, {}, "do not fit each other"),
    ((Q,), {}, r"a tuple of 1 arrays should be \(query, key"),
    ((Q, K, V, V), {}, "a tuple of 4 arrays"),
    (HEADS, {}, "queries and keys of single heads, such as 'layers.0.head.0"),
    ({"q": LAYERS, "k": LAYERS[:2]}, {}, "keys and values have different numbers of layers"),
    (
        {"0.q": Q, "0.k": K, "1.q": Q[:, :4], "1.k": K},
        {},
        r"queries of layers have different shapes: \(1, 4, 5, 6\) and \(1, 4, 4, 6\)",
    ),
    (
        {"q": Q, "k": K, "attentions": np.full((2, 1, 4, 5, 5), 0.2)},
        {},
        r"weights of shape \(2, 1, 4, 5, 5\) do not fit queries and keys of 1 layers",
    ),
    (replace(MAP, key_vectors=MAP.key_vectors[..., :3]), {}, "have other heads or dimensions"),
    (with_masks(), {}, "its layers have different masks; explain a file of one layer"),
]


@pytest.mark.parametrize(
    ("source", "options", "message"), REFUSED, ids=lambda case: str(case)[:40]
)
def test_what_does_not_fit_is_refused(source, options, message):
    with pytest.raises((InvalidInputError, MisuseError), match=message) as caught:
        attnviz.explain(source, **options)
    assert "\n" not in str(caught.value)


def test_an_option_of_heads_has_no_effect_on_the_file_of_a_map():
    with pytest.raises(MisuseError, match="heads has no effect: the map in the file states"):
        attnviz.explain(file_of(MAP), heads=2)


@pytest.mark.parametrize("form", ["json", "npz", "safetensors"])
def test_a_file_of_a_map_is_explained_as_the_map(form):
    here, there = (
        attnviz.explain(source, head=1, layer=0) for source in (MAP, file_of(MAP, form))
    )
    first, second = ({step.name: step for step in each.steps} for each in (here, there))
    assert [*first] == [*second]
    np.testing.assert_allclose(first["weights"].numbers, second["weights"].numbers, atol=1e-6)


def test_a_document_as_a_mapping_is_explained_as_the_map():
    document = json.loads(file_of(MAP).getvalue())
    explanations = [attnviz.explain(source, head=1) for source in (document, MAP)]
    first, second = ([step.name for step in each.steps] for each in explanations)
    assert first == second


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ({"query": Q, "value": Q}, "no pair of queries and keys"),
        ({"abc": np.eye(5)}, "weights without the queries and keys"),
        ({"abc": Q, "def": K}, "no queries and keys"),
    ],
)
def test_a_file_without_pairs_of_vectors_states_what_is_missing(named, message):
    with pytest.raises(InvalidInputError, match=message):
        attnviz.explain(file_of(named))


def test_a_file_of_a_newer_version_is_refused_as_by_read():
    newer = file_of(MAP).getvalue().replace(b'"format_version":"', b'"format_version":"9')
    with pytest.raises(InvalidInputError, match="A newer attnviz") as read:
        attnviz.read(BytesIO(newer))
    with pytest.raises(InvalidInputError) as explained:
        attnviz.explain(BytesIO(newer))
    assert str(explained.value) == str(read.value)


def test_a_mask_of_the_caller_replaces_those_of_the_source():
    source = {"q": Q, "k": K, "attention_mask": np.array([[1, 1, 1, 1, 0]])}
    mask = np.array([[0, 1, 1, 1, 1]])
    explanation = attnviz.explain(source, attention_mask=mask, head=0)
    weights = {step.name: step.numbers for step in explanation.steps}["weights"]
    assert np.isnan(weights[:, 0]).all() and (weights[:, 4] > 0).all()


def test_arrays_beside_the_vectors_that_are_no_attention_are_ignored():
    source = {"q": Q, "k": K, "encoder.0.attention": np.full((5, 2), 3.0)}
    explanation = attnviz.explain(source, head=1)
    plain = attnviz.explain({"q": Q, "k": K}, head=1)
    assert [step.name for step in explanation.steps] == [step.name for step in plain.steps]
