"""What a config says of a layer's mechanism, as parts of the core."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attnviz.core.biases import Alibi, Bias, SoftCap
from attnviz.core.biases.t5_buckets import RelativeBuckets
from attnviz.core.masks import Causal, Full, Mask, Window
from attnviz.core.scales import Factor, RootWidth, Scale, Unscaled
from attnviz.core.scores.disentangled import Disentangled
from attnviz.errors import InvalidInputError
from attnviz.sources.checkpoint.config import shown
from attnviz.sources.families.spec import Layer

FULL, SLIDING = "full_attention", "sliding_attention"
GLOBAL = {"global": FULL, "local": SLIDING, FULL: FULL, SLIDING: SLIDING}


def causal(layer: Layer) -> Mask:
    """A token sees itself and the past."""
    del layer
    return Causal()


def causal_window(layer: Layer) -> Mask:
    """The past, and in layers that slide no more of it than the window."""
    return Causal() & Window(layer.config.whole("window")) if slides(layer) else Causal()


def both_sides_window(layer: Layer) -> Mask:
    """Everything, and in layers that slide half a window to each side."""
    return Window(layer.config.whole("window") // 2 + 1) if slides(layer) else Full()


def slides(layer: Layer) -> bool:
    """Whether this layer looks through a window: a list says so, or a rule."""
    config = layer.config
    if config.stated("window") is None or config.get("use_sliding_window") is False:
        return False
    listed = config.list("layer_types", config.whole("n_layer"))
    listed = listed or config.list("attention_layers", config.whole("n_layer"))
    if listed is None and config.get("attention_types") is not None:
        listed = spelled_out(config.get("attention_types"))
    if listed is not None:
        return kind_of(listed, layer.index) == SLIDING
    if config.get("global_attn_every_n_layers") is not None:
        return layer.index % config.whole("global_attn_every_n_layers") != 0
    if config.get("layer_pattern") is not None:
        pattern = config.get("layer_pattern")
        return kind_of(pattern, layer.index % len(pattern)) == SLIDING
    return layer.index >= (config.get("max_window_layers") or 0)


def kind_of(listed: Any, index: int) -> str:
    """What a list of layers says of one."""
    kind = listed[index] if index < len(listed) else None
    if not isinstance(kind, str) or kind not in GLOBAL:
        allowed = ", ".join(GLOBAL)
        raise InvalidInputError(
            f"config.json: layer {index} is of type {shown(kind)}; there are {allowed}"
        )
    return GLOBAL[kind]


def spelled_out(types: Any) -> list[str]:
    """[[["global", "local"], 2]] -> ["global", "local", "global", "local"]"""
    try:
        return [
            kind for kinds, times in types for _ in range(min(times, 10_000)) for kind in kinds
        ]
    except (TypeError, ValueError):
        raise InvalidInputError(
            f"config.json: attention_types = {shown(types)} should be like "
            '[[["global", "local"], 12]]'
        ) from None


def unscaled(layer: Layer) -> Scale:
    """Scores are not scaled."""
    del layer
    return Unscaled()


def unless_told(layer: Layer) -> Scale:
    """1/√d, divided again by the number of the layer, as GPT-2's config may ask."""
    config = layer.config
    plain = config.d_head**-0.5 if config.flag("scale_attn_weights") else 1.0
    if config.flag("scale_attn_by_inverse_layer_idx"):
        return Factor(scale=plain / (layer.index + 1))
    return RootWidth() if config.flag("scale_attn_weights") else Unscaled()


def own_query_scale(layer: Layer) -> Scale:
    """1/√ of a number that the config states."""
    return Factor(scale=layer.config.number("query_pre_attn_scalar") ** -0.5)


def soft_cap(layer: Layer) -> tuple[Bias, ...]:
    """Scores are capped, where the config says at what."""
    if layer.config.stated("attn_logit_softcapping") is None:
        return ()
    return (SoftCap(cap=layer.config.number("attn_logit_softcapping")),)


def alibi(layer: Layer) -> tuple[Bias, ...]:
    """Distance costs score."""
    del layer
    return (Alibi(),)


def buckets(sides: str) -> Any:
    """Distances have learned prices, in buckets."""

    def bias(layer: Layer) -> tuple[Bias, ...]:
        config = layer.config
        part = RelativeBuckets(
            buckets=config.whole("relative_attention_num_buckets"),
            farthest=config.whole("relative_attention_max_distance"),
            sides=sides,
        )
        return (part,)

    return bias


TERMS: Mapping[frozenset[str], str] = {
    frozenset(("c2p", "p2c")): "both",
    frozenset(("c2p",)): "content-to-place",
    frozenset(("p2c",)): "place-to-content",
    frozenset(): "neither",
}


def disentangled(layer: Layer) -> Disentangled:
    """Content and places, compared apart."""
    config = layer.config
    farthest = config.get("max_relative_positions")
    if farthest is None or farthest < 1:
        farthest = config.whole("n_position")
    return Disentangled(
        farthest=farthest,
        log_buckets=max(config.get("position_buckets") or 0, 0),
        terms=TERMS[terms(layer)],
    )


def terms(layer: Layer) -> frozenset[str]:
    """Which terms the score has beside q·k; configs write "p2c|c2p" or a list."""
    said = layer.config.get("pos_att_type")
    words = said.lower().split("|") if isinstance(said, str) else said or []
    named = frozenset(word.strip() for word in words if word)
    if named not in TERMS:
        raise InvalidInputError(
            f"config.json: pos_att_type = {shown(said)} should be of c2p and p2c"
        )
    return named


def over_terms(layer: Layer) -> Scale:
    """1/√(terms · d), which keeps the spread of a sum of terms."""
    return Factor(scale=((1 + len(terms(layer))) * layer.config.d_head) ** -0.5)
