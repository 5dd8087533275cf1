"""Drop-in versions of BertViz and CircuitsVis calls, which return an attention map.

In a notebook the map is displayed, as theirs is. Arguments that only concern appearance are
accepted; a warning names those that have no effect.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from attnviz.core.attention_map import AttentionMap
from attnviz.core.tokens import Token
from attnviz.errors import AttnvizWarning, MisuseError, UnknownNameError
from attnviz.lookup import unknown_name_message
from attnviz.sources.external import read
from attnviz.sources.external.named_ids import outline
from attnviz.sources.external.token_lists import make_plain_token, make_token

Words = Sequence[str]
HTML_ACTIONS = ("view", "return")  # both return the map, which a notebook displays


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
    """Attention of a model, with the arguments of BertViz's head_view.

    Args:
        attention: one tensor [1, head, query, key] per layer, of one text.
        tokens: the tokens of the text.
        sentence_b_start: position of the first token of the second sentence of a pair.
        prettify_tokens: show tokens without word boundary marks.
        layer: the layer that is shown: the map has this one only; None: all.
        heads: the heads that are shown, likewise.
        encoder_attention: of an encoder-decoder; of several, the cross-attention is shown, or
            else the decoder's.
        decoder_attention: see encoder_attention.
        cross_attention: see encoder_attention.
        encoder_tokens: the tokens of the encoder.
        decoder_tokens: the tokens of the decoder.
        include_layers: keep only these layers.
        html_action: has no effect.

    Raises:
        MisuseError: no attention, both kinds of attention, or missing tokens; a layer or head
            that there is not.

    >>> import numpy as np
    >>> attention = (np.full((1, 2, 2, 2), 0.5), np.full((1, 2, 2, 2), 0.5))
    >>> head_view(attention, ["a", "b"], layer=1, heads=[0]).shape
    (1, 1, 2, 2)
    """
    amap = model_view(
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
        html_action=html_action,
    )
    return amap.select(layers=layer, heads=heads)


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
    """Attention of a model, with the arguments of BertViz's model_view.

    They are those of `head_view`, and `include_heads`, which keeps only these heads;
    `display_mode` has no effect.
    """
    if html_action not in HTML_ACTIONS:
        raise UnknownNameError(unknown_name_message(html_action, HTML_ACTIONS, "html_action"))
    kinds = {
        "attention": (attention, tokens, tokens),
        "cross_attention": (cross_attention, decoder_tokens, encoder_tokens),
        "decoder_attention": (decoder_attention, decoder_tokens, decoder_tokens),
        "encoder_attention": (encoder_attention, encoder_tokens, encoder_tokens),
    }
    given = {name: kind for name, kind in kinds.items() if kind[0] is not None}
    if not given or ("attention" in given and len(given) > 1):
        raise MisuseError("give attention, or one of encoder_, decoder_ and cross_attention")
    name, (array, queries, keys) = next(iter(given.items()))
    if queries is None or keys is None:
        raise MisuseError(f"{name} needs its tokens")
    query_tokens = make_tokens(queries, prettify_tokens, sentence_b_start)
    key_tokens = make_tokens(keys, prettify_tokens, sentence_b_start)
    return read(array, (query_tokens, key_tokens)).select(
        layers=include_layers, heads=include_heads
    )


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
    """Heads of one layer, with the arguments of CircuitsVis's attention_patterns.

    Args:
        tokens: the tokens, shown as they are.
        attention: the weights, [head, query, key] or [query, key].
        attention_head_names: names of the heads.
        max_value: has no effect, like the other four: colors follow the weights, and
            `AttentionMap.figure` takes vmin, vmax and palette.
        min_value: see max_value.
        negative_color: see max_value.
        positive_color: see max_value.
        mask_upper_tri: see max_value.
    """
    axes = "qk" if len(outline(attention)) == len("qk") else "hqk"
    amap = read(attention, make_tokens(tokens, False, None), axes=axes)
    appearance = {
        "max_value": max_value,
        "min_value": min_value,
        "negative_color": negative_color,
        "positive_color": positive_color,
        "mask_upper_tri": mask_upper_tri,
    }
    if given := [name for name, value in appearance.items() if value is not None]:
        message = f"{', '.join(given)}: no effect; amap.figure takes vmin=, vmax= and palette="
        warnings.warn(message, AttnvizWarning, stacklevel=2)
    return replace(amap, names=tuple(attention_head_names or ()))


def make_tokens(words: Words, prettify: bool, segment_b_start: int | None) -> tuple[Token, ...]:
    """Tokens with or without word boundary marks; segment B begins at `segment_b_start`."""
    tokens = (make_token(word) if prettify else make_plain_token(word) for word in words)
    return tuple(
        replace(token, segment=int(segment_b_start is not None and at >= segment_b_start))
        for at, token in enumerate(tokens)
    )
