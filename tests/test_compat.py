"""BertViz and CircuitsVis calls take the arguments of the originals."""

import doctest
import inspect

import numpy as np
import pytest

from attnviz.api import compat
from attnviz.api.compat import attention_patterns, head_view, model_view
from attnviz.core.attention_map import AttentionMap
from attnviz.errors import AttnvizWarning, InvalidInputError, MisuseError

TOKENS = ["[CLS]", "Ġcat", "sat", "##s", "[SEP]"]
BERTVIZ = (
    "attention tokens sentence_b_start prettify_tokens {} encoder_attention decoder_attention "
    "cross_attention encoder_tokens decoder_tokens include_layers {} html_action"
)


def layers(n_query=5, n_key=5, n_layer=3, n_head=2):
    raw = np.random.default_rng(0).random((n_layer, 1, n_head, n_query, n_key))
    return tuple(raw / raw.sum(-1, keepdims=True))


def test_the_arguments_are_those_of_the_originals():
    def names(function):
        return list(inspect.signature(function).parameters)

    assert names(head_view) == BERTVIZ.format("layer heads", "").split()
    assert names(model_view) == BERTVIZ.format("display_mode", "include_heads").split()
    assert names(attention_patterns)[:3] == ["tokens", "attention", "attention_head_names"]


@pytest.mark.parametrize("view", [head_view, model_view])
def test_attention_of_one_text(view):
    given = layers()
    made = view(given, TOKENS, sentence_b_start=3)
    assert isinstance(made, AttentionMap) and made.weights.shape == (3, 2, 5, 5)
    assert np.array_equal(made.weights[1, 1], given[1][0, 1])
    assert [token.label for token in made.queries] == ["[CLS]", "cat", "sat", "##s", "[SEP]"]
    assert [token.segment for token in made.keys] == [0, 0, 0, 1, 1]
    assert [t.label for t in view(given, TOKENS, prettify_tokens=False).keys] == TOKENS
    assert view(given, TOKENS, include_layers=[2]).layers == (2,)
    assert {"text/plain", "text/html"} <= set(made._repr_mimebundle_())


def test_heads_can_be_chosen():
    made = model_view(layers(), TOKENS, include_layers=[0, 2], include_heads=[1])
    assert (made.layers, made.heads) == ((0, 2), (1,))


def test_a_head_view_shows_the_layer_and_the_heads_it_is_given():
    given = layers()
    made = head_view(given, TOKENS, layer=2, heads=[1])
    assert (made.layers, made.heads) == ((2,), (1,))
    assert np.array_equal(made[0, 0], given[2][0, 1])
    assert head_view(given, TOKENS, layer=0).shape == (1, 2, 5, 5)
    assert head_view(given, TOKENS, include_layers=[0, 2], layer=2).layers == (2,)
    for wrong in ({"layer": 3}, {"heads": [2]}, {"include_layers": [0], "layer": 1}):
        with pytest.raises(MisuseError, match="there is no"):
            head_view(given, TOKENS, **wrong)


@pytest.mark.parametrize("view", [head_view, model_view])
def test_an_html_action_is_one_of_the_originals(view):
    assert view(layers(), TOKENS, html_action="return").n_layer == 3
    with pytest.raises(MisuseError, match="Did you mean 'return'"):
        view(layers(), TOKENS, html_action="retrun")


def test_appearance_without_effect_is_stated():
    with pytest.warns(AttnvizWarning, match="max_value, mask_upper_tri: no effect"):
        attention_patterns(TOKENS, layers()[0][0], max_value=1.0, mask_upper_tri=True)


def test_the_example():
    results = doctest.testmod(compat)
    assert results.attempted and not results.failed


def test_attention_of_two_texts():
    sides = {"encoder_tokens": TOKENS, "decoder_tokens": ["a", "b"]}
    both = {"decoder_attention": layers(2, 2), "cross_attention": layers(2, 5)}
    assert head_view(**both, **sides).weights.shape == (3, 2, 2, 5)
    del both["cross_attention"]
    assert head_view(**both, **sides).weights.shape == (3, 2, 2, 2)
    assert head_view(encoder_attention=layers(), **sides).weights.shape == (3, 2, 5, 5)


def test_patterns_of_one_layer():
    weights = layers()[0][0]
    made = attention_patterns(TOKENS, weights, ["L0H0", "L0H1"])
    assert made.weights.shape == (1, 2, 5, 5) and made.head_name(0, 1) == "L0H1"
    assert [token.label for token in made.keys] == TOKENS
    assert attention_patterns(tokens=TOKENS, attention=weights[0]).n_head == 1


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (head_view, "give attention, or one of"),
        (lambda: head_view(layers(), TOKENS, cross_attention=layers()), "give attention, or"),
        (lambda: head_view(layers()), "attention needs its tokens"),
        (lambda: model_view(cross_attention=layers(), decoder_tokens=["a"]), "cross_attention"),
        (lambda: model_view(layers(), TOKENS, include_layers=[7]), "there is no layer 7"),
    ],
)
def test_incompatible_arguments_are_refused(wrong, says):
    with pytest.raises(MisuseError, match=says):
        wrong()


def test_a_wrong_number_of_tokens_is_refused():
    with pytest.raises(InvalidInputError, match="4 tokens for 5 positions"):
        head_view(layers(), TOKENS[:4])
