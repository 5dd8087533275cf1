"""Arrays named after the modules that computed them: numbers in names are layers and heads."""

from __future__ import annotations

import json
from io import BytesIO

import numpy as np
import pytest

from attnviz.errors import InvalidInputError, UnknownNameError
from attnviz.sources.external import read
from tests.cli.runner import run

N_LAYER, N_HEAD = 3, 2


def weights(layer, head=None, n_query=4, n_key=5):
    """Rows that sum to 1, different for each layer and head.    -> [head, query, key] or one"""
    heads = range(N_HEAD) if head is None else (head,)
    raw = np.array([np.eye(n_query, n_key, k=layer - h) + 0.1 * (layer + 1) for h in heads])
    made = (raw / raw.sum(-1, keepdims=True)).astype(np.float32)
    return made if head is None else made[0]


LAYER_NAMES = (
    "model.layers.{}.self_attn",
    "blocks.{}.attn.attn_drop",
    "attn_layer_{}",
    "h.{}.attn",
    "{}",
    "bert/encoder/layer_{}/attention/self",
    "encoder.layer.{}.attention.self.dropout",
    "vit.blocks.{}.attn",
    "attn.{}.1",  # a number that does not differ
)


@pytest.mark.parametrize("name", LAYER_NAMES)
@pytest.mark.parametrize("axes", [(), (0,)], ids=["heads", "batch of one"])
def test_a_number_that_differs_is_the_layer(name, axes):
    numbers = (0, 2, 10)  # "10" sorts before "2" as a text
    named = {
        name.format(number): np.expand_dims(weights(layer), axes)
        for layer, number in reversed(list(enumerate(numbers)))
    }
    made = read(named | {"input_ids": np.zeros((1, 5), int)})
    assert made.layers == numbers
    assert np.array_equal(made.weights, np.array([weights(n) for n in range(N_LAYER)]))
    assert made.meta["modules"] == [name.format(number) for number in numbers]


def test_a_second_number_makes_several_attentions():
    named = {
        f"decoder_layer{n}_block{block}": weights(n, n_key=4 + block)[None]
        for n in (1, 2)
        for block in (1, 2)
    }
    made = read(named, which="decoder_layer_block2")
    assert made.layers == (1, 2) and made.weights.shape == (2, N_HEAD, 4, 6)
    assert np.array_equal(made.weights[1], weights(2, n_key=6))
    first = read(named)
    assert first.weights.shape[-1] == 5
    assert "showing 'decoder_layer_block1'" in first.meta["guessed"][0]
    with pytest.raises(UnknownNameError, match="decoder_layer_block1"):
        read(named, which="block3")


@pytest.mark.parametrize("name", ["layer{}.head{}", "L{}H{}", "layer_{}_head_{}.attn"])
def test_a_number_of_a_head_is_the_head(name):
    named = {
        name.format(layer, 2 * head): weights(layer, head) for layer in (0, 1) for head in (0, 1)
    }
    made = read(named)
    assert (made.layers, made.heads) == ((0, 1), (0, 2))
    assert np.array_equal(made.weights, np.array([weights(0), weights(1)]))
    with pytest.raises(InvalidInputError, match="other heads"):
        read({at: array for at, array in named.items() if at != name.format(1, 0)})


def test_the_first_layer_of_keras_has_no_number():
    names = ("multi_head_attention", "multi_head_attention_1", "multi_head_attention_2")
    made = read({name: weights(n)[None] for n, name in enumerate(names)})
    assert made.layers == (0, 1, 2) and made.meta["modules"] == list(names)
    assert np.array_equal(made.weights, np.array([weights(n) for n in range(3)]))
    made = read({name: weights(n)[None] for n, name in enumerate(names[:2])})
    assert made.layers == (0, 1) and np.array_equal(made.weights[1], weights(1))
    deep = [f"encoder/block_{n}/mha{end}" for n in range(2) for end in ("", "_1")]
    made = read({name: weights(n) for n, name in enumerate(deep)}, which="encoder/block/mha_1")
    assert made.meta["modules"] == [deep[1], deep[3]]


def test_attention_goes_before_other_rows_that_sum_to_1():
    named = {f"model.layers.{n}.router": weights(n) for n in range(2)}
    assert read(named).meta["modules"][0] == "model.layers.0.router"
    both = named | {f"model.layers.{n}.attn": weights(n + 1) for n in range(2)}
    made = read(both)
    assert made.meta["modules"] == ["model.layers.0.attn", "model.layers.1.attn"]
    assert any(
        note.endswith("by name or value: model.layers.router") for note in made.meta["guessed"]
    )


def test_what_a_module_returns_and_its_parameters_are_no_weights():
    hidden = np.linspace(-1, 1, 40).reshape(1, 5, 8)
    with pytest.raises(InvalidInputError, match=r"'layers\.self_attn' are not attention weights"):
        read({f"layers.{n}.self_attn": hidden for n in range(2)})
    with pytest.raises(InvalidInputError, match="there is no attention among"):
        read({f"layers.{n}.attn.{part}.weight": np.eye(4) for n in range(2) for part in "qk"})


def test_files_and_lists_of_module_names():
    named = {f"h.{n}.attn": weights(n)[None] for n in range(2)}
    file = BytesIO()
    np.savez(file, **named, tokens=np.array(list("abcde")))
    made = run("render", "-", "-f", "csv", stdin=file.getvalue())
    assert made.status == 0 and made.out.splitlines()[1].startswith("0,0,0,0,b,a,")
    lists = json.dumps({name: array.tolist() for name, array in named.items()})
    assert np.allclose(read(lists.encode()).weights[1], weights(1))


def test_lists_of_strings_named_like_layers_are_no_arrays():
    named = {f"h.{n}.attn": weights(n)[None].tolist() for n in range(2)}
    made = read(
        named | {f"h.{n}.pieces": [list("abcde")] * 2 for n in range(2)} | {"h.2.ids": [[]]}
    )
    assert np.allclose(made.weights[1], weights(1))
    assert not any("not read" in note for note in made.meta.get("guessed", ()))


def test_encoder_attention_of_a_decoder_has_source_and_target_tokens():
    named = {f"decoder.layers.{n}.encoder_attn": weights(n)[None] for n in range(2)}
    tokens = {"source_tokens": list("vwxyz"), "target_tokens": list("abcd")}
    made = read(named | tokens)
    assert [t.label for t in made.keys] == list("vwxyz")
    assert [t.label for t in made.queries] == list("abcd")
