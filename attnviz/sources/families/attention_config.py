"""Attention settings of a config, as core parts: masks, scales, biases and scores of a layer."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

from attnviz.core.biases import Alibi, Bias, SoftCap
from attnviz.core.biases.t5_buckets import T5Buckets
from attnviz.core.masks import Causal, Full, Mask, Window
from attnviz.core.scales import Factor, RootDim, Scale, Unscaled
from attnviz.core.scales.fixed import RootSumDim
from attnviz.core.scores.disentangled import Disentangled
from attnviz.core.scores.relative_position import RelativeKeys
from attnviz.errors import InvalidInputError
from attnviz.sources.checkpoint.config import format_value, raise_invalid
from attnviz.sources.families.slots import Layer

FULL_ATTENTION, SLIDING_ATTENTION = "full_attention", "sliding_attention"
LAYER_TYPES = {
    "global": FULL_ATTENTION,
    "local": SLIDING_ATTENTION,
    FULL_ATTENTION: FULL_ATTENTION,
    SLIDING_ATTENTION: SLIDING_ATTENTION,
}


def causal_mask(layer: Layer) -> Mask:
    """Causal mask: each token attends to itself and earlier tokens; none if bidirectional."""
    return Causal() if layer.config.is_causal else Full()


def sliding_window_mask(layer: Layer) -> Mask:
    """Causal mask, with a sliding window in the layers that have one.

    A bidirectional window reaches as many tokens to each side, and the token itself: one key
    more to the left than the causal one.
    """
    if not is_sliding(layer):
        return causal_mask(layer)
    window = layer.config.get_int("window")
    return Causal() & Window(window) if layer.config.is_causal else Window(window + 1)


def symmetric_window_mask(layer: Layer) -> Mask:
    """No mask, or half a sliding window to each side in the layers that have one."""
    if not is_sliding(layer):
        return Full()
    half = layer.config.get_optional_int("half_window")
    return Window((layer.config.get_int("window") // 2 if half is None else half) + 1)


def is_sliding(layer: Layer) -> bool:
    """Whether a layer has a sliding window, by a list of layer types or by a rule."""
    config = layer.config
    if config.get_explicit("window") is None:
        return False
    if not config.get_bool("use_sliding_window", default=True):
        return False
    for key in ("layer_types", "attention_layers"):
        if types := config.get_list(key, config.get_int("n_layer")):
            return layer_type(types, layer.index, key) == SLIDING_ATTENTION
    if config.get("attention_types") is not None:
        types = expand_attention_types(config.get("attention_types"), config.get_int("n_layer"))
        return layer_type(types, layer.index, "attention_types") == SLIDING_ATTENTION
    if config.get("global_attn_every_n_layers") is not None:
        return layer.index % config.get_int("global_attn_every_n_layers") != 0
    if config.get("window_period") is not None:  # every n-th layer has full attention
        return (layer.index + 1) % config.get_int("window_period") != 0
    if pattern := config.defaults.get("layer_pattern"):
        end = config.get_optional_int("window_end")
        if end is not None and layer.index >= end:
            return False
        at = layer.index % len(pattern)
        return layer_type(pattern, at, "layer_pattern") == SLIDING_ATTENTION
    return layer.index >= (config.get_optional_int("max_window_layers") or 0)


def layer_type(types: Any, index: int, key: str) -> str:
    """Full or sliding attention: the type of one layer in a list."""
    kind = types[index] if index < len(types) else None
    if not isinstance(kind, str) or kind not in LAYER_TYPES:
        allowed = ", ".join(LAYER_TYPES)
        raise InvalidInputError(
            f"config.json: {key}: layer {index} has type {format_value(kind)}; "
            f"supported: {allowed}"
        )
    return LAYER_TYPES[kind]


def expand_attention_types(types: Any, n_layer: int) -> list[str]:
    """GPT-Neo's types per layer: [[["global", "local"], 2]] -> global, local, global, local."""
    try:
        repeated = (kind for kinds, times in types for _ in range(times) for kind in list(kinds))
        expanded = list(islice(repeated, n_layer))
    except (TypeError, ValueError):
        expanded = []
    if len(expanded) < n_layer:
        raise_invalid(
            "attention_types",
            types,
            f'like [[["global", "local"], 12]], with a type for each of {n_layer} layers',
        )
    return expanded


def no_scale(layer: Layer) -> Scale:
    """No scaling of scores."""
    del layer
    return Unscaled()


def gpt2_scale(layer: Layer) -> Scale:
    """GPT-2's scale: 1/√d, optionally divided by the index of the layer, from 1."""
    config = layer.config
    scale = config.d_head**-0.5 if config.get_bool("scale_attn_weights") else 1.0
    if config.get_bool("scale_attn_by_inverse_layer_idx"):
        return Factor(scale=scale / (layer.index + 1))
    return RootDim() if config.get_bool("scale_attn_weights") else Unscaled()


def query_pre_attn_scale(layer: Layer) -> Scale:
    """Gemma 2's scale: 1/√query_pre_attn_scalar."""
    return Factor(scale=layer.config.get_float("query_pre_attn_scalar") ** -0.5)


def softcap_bias(layer: Layer) -> tuple[Bias, ...]:
    """Soft cap of the logits, where the config has one."""
    if layer.config.get_explicit("attn_logit_softcapping") is None:
        return ()
    return (SoftCap(cap=layer.config.get_float("attn_logit_softcapping")),)


def alibi_bias(layer: Layer) -> tuple[Bias, ...]:
    """ALiBi: a linear distance penalty, one slope per head."""
    del layer
    return (Alibi(),)


def bucket_bias(sides: str) -> Any:
    """T5's relative position bias: a learned bias per bucket of distances."""

    def build(layer: Layer) -> tuple[Bias, ...]:
        config = layer.config
        n_bucket = config.get_int("relative_attention_num_buckets")
        max_distance = config.get_int("relative_attention_max_distance")
        n_exact = n_bucket // (4 if sides == "both" else 2)
        if max_distance <= n_exact:
            raise_invalid(
                "relative_attention_max_distance",
                max_distance,
                f"above {n_exact}, the distances with buckets of their own among "
                f"relative_attention_num_buckets = {n_bucket}",
            )
        return (T5Buckets(buckets=n_bucket, max_distance=max_distance, sides=sides),)

    return build


def relative_key_score(layer: Layer) -> RelativeKeys:
    """Shaw's relative keys, with a vector for each distance that the model has."""
    return RelativeKeys(max_distance=layer.config.get_int("n_position") - 1)


DISENTANGLED_TERMS: Mapping[frozenset[str], str] = {
    frozenset(("c2p", "p2c")): "both",
    frozenset(("c2p",)): "c2p",
    frozenset(("p2c",)): "p2c",
    frozenset(): "none",
}


def disentangled_score(layer: Layer) -> Disentangled:
    """DeBERTa's disentangled attention: content and relative positions compared apart."""
    config = layer.config
    key, max_distance = "max_relative_positions", config.get_int("max_relative_positions")
    if max_distance < 1:
        key, max_distance = config.find("n_position")[0], config.get_int("n_position")
    if max_distance < 2:
        raise_invalid(key, max_distance, "at least 2")
    n_bucket = config.get_int("position_buckets")
    if n_bucket > 0 and not 1 <= n_bucket // 2 < max_distance - 1:
        allowed = f"-1 or an integer from 2 to {2 * max_distance - 3} with {key} = {max_distance}"
        raise_invalid("position_buckets", n_bucket, allowed)
    return Disentangled(
        max_distance=max_distance,
        log_buckets=max(n_bucket, 0),
        terms=DISENTANGLED_TERMS[position_terms(layer)],
    )


def position_terms(layer: Layer) -> frozenset[str]:
    """The terms of the score beside q·k, which configs give as "p2c|c2p" or as a list."""
    value = layer.config.get("pos_att_type")
    names = value.lower().split("|") if isinstance(value, str) else value
    if names is None:
        return frozenset()
    if isinstance(names, list) and all(isinstance(name, str) for name in names):
        terms = frozenset(name.strip() for name in names if name)
        if terms in DISENTANGLED_TERMS:
            return terms
    raise InvalidInputError(
        f"config.json: pos_att_type = {format_value(value)} should list c2p, p2c or both"
    )


def disentangled_scale(layer: Layer) -> Scale:
    """1/√(number of terms · d), which keeps the variance of a sum of terms."""
    return RootSumDim(products=1 + len(position_terms(layer)))
