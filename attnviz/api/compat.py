"""Calls as people know them from BertViz and CircuitsVis: the same arguments, a map comes back.

The map shows itself in a notebook, as those do; what concerns only their looks is taken and
has no effect.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from attnviz.core.attention_map import AttentionMap
from attnviz.core.tokens import Token
from attnviz.errors import MisuseError
from attnviz.sources.external import read
from attnviz.sources.external.token_lists import token_of

Words = Sequence[str]


def head_view(
    attention: Any = None,
    tokens: Words | None = None,
    sentence_b_start: int | None = None,
    prettify_tokens: bool = True,
    layer: int | None = None,
    heads: Sequence[int] | None = None,
    encoder_attention: Any = None,
    decoder_attention: Any = None,
    cross_attention: Any = None,
    encoder_tokens: Words | None = None,
    decoder_tokens: Words | None = None,
    include_layers: Sequence[int] | None = None,
    html_action: str = "view",
) -> AttentionMap:
    """Attention of a model, as BertViz's head_view takes it.

    Args:
        attention: a tensor for each layer, [1, head, query, key], of one text.
        tokens: the tokens of that text.
        sentence_b_start: where the second text of a pair begins.
        prettify_tokens: show tokens without the marks of vocabularies.
        layer: which layer is looked at first; all are kept.
        heads: which heads are looked at first; all are kept.
        encoder_attention: of an encoder-decoder; of several, the cross attention is shown, or
            else the decoder's.
        decoder_attention: see encoder_attention.
        cross_attention: see encoder_attention.
        encoder_tokens: what the encoder read.
        decoder_tokens: what the decoder read.
        include_layers: keep these layers only.
        html_action: has no effect.

    Raises:
        MisuseError: no attention, attention of both kinds, or tokens that are missing.
    """
    return model_view(
        attention,
        tokens,
        sentence_b_start,
        prettify_tokens,
        encoder_attention=encoder_attention,
        decoder_attention=decoder_attention,
        cross_attention=cross_attention,
        encoder_tokens=encoder_tokens,
        decoder_tokens=decoder_tokens,
        include_layers=include_layers,
    )


def model_view(
    attention: Any = None,
    tokens: Words | None = None,
    sentence_b_start: int | None = None,
    prettify_tokens: bool = True,
    display_mode: str = "dark",
    encoder_attention: Any = None,
    decoder_attention: Any = None,
    cross_attention: Any = None,
    encoder_tokens: Words | None = None,
    decoder_tokens: Words | None = None,
    include_layers: Sequence[int] | None = None,
    include_heads: Sequence[int] | None = None,
    html_action: str = "view",
) -> AttentionMap:
    """Attention of a model, as BertViz's model_view takes it.

    The arguments are those of `head_view`; `include_heads` keeps these heads only, and
    `display_mode` has no effect.
    """
    kinds = {
        "attention": (attention, tokens, tokens),
        "cross_attention": (cross_attention, decoder_tokens, encoder_tokens),
        "decoder_attention": (decoder_attention, decoder_tokens, decoder_tokens),
        "encoder_attention": (encoder_attention, encoder_tokens, encoder_tokens),
    }
    there = {name: kind for name, kind in kinds.items() if kind[0] is not None}
    if not there or ("attention" in there and len(there) > 1):
        raise MisuseError("give attention, or one of encoder_, decoder_ and cross_attention")
    name, (array, queries, keys) = next(iter(there.items()))
    if queries is None or keys is None:
        raise MisuseError(f"{name} needs its tokens")
    named = tuple(shown(side, prettify_tokens, sentence_b_start) for side in (queries, keys))
    return read(array, (named[0], named[1])).select(layers=include_layers, heads=include_heads)


def attention_patterns(
    tokens: Words,
    attention: Any,
    attention_head_names: Sequence[str] | None = None,
    max_value: float | None = None,
    min_value: float | None = None,
    negative_color: str | None = None,
    positive_color: str | None = None,
    mask_upper_tri: bool | None = None,
) -> AttentionMap:
    """Heads of one layer, as CircuitsVis's attention_patterns takes them.

    Args:
        tokens: the tokens, as they are to be shown.
        attention: the weights, [head, query, key] or [query, key].
        attention_head_names: what the heads are called.
        max_value: has no effect, as the other four: colours follow the numbers.
        min_value: see max_value.
        negative_color: see max_value.
        positive_color: see max_value.
        mask_upper_tri: see max_value.
    """
    made = read(attention, shown(tokens, False, None))
    return replace(made, names=tuple(attention_head_names or ()))


def shown(words: Words, prettify: bool, second: int | None) -> tuple[Token, ...]:
    """Tokens with their marks or without, those from `second` on in a second text."""
    tokens = (token_of(word) if prettify else Token.of(word) for word in words)
    return tuple(
        replace(token, segment=int(second is not None and at >= second))
        for at, token in enumerate(tokens)
    )
