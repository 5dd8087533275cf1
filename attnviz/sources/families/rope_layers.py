"""RoPE with interleaved pairs, of a width in the config, or in some of the layers only."""

from __future__ import annotations

from dataclasses import replace

from attnviz.core.positions import NoPosition, Position, Rope
from attnviz.sources.checkpoint.config import raise_invalid
from attnviz.sources.families.attention_config import is_sliding
from attnviz.sources.families.rope_config import rope_position
from attnviz.sources.families.slots import Layer


def interleaved_rope(layer: Layer) -> Position:
    """RoPE that rotates adjacent pairs of dimensions."""
    position = rope_position(layer)
    return replace(position, pairs="interleaved") if isinstance(position, Rope) else position


def rotary_dim_rope(layer: Layer) -> Position:
    """GPT-J's RoPE: `rotary_dim` dimensions of each head are rotated, in adjacent pairs."""
    width, d = layer.config.get_int("rotary_dim"), layer.config.d_head
    if width > d or width % 2:
        raise_invalid("rotary_dim", width, f"even, and at most the head dimension {d}")
    return Rope(pairs="interleaved", rotary_dim=0 if width == d else width)


def rope_in_listed_layers(layer: Layer) -> Position:
    """SmolLM3's RoPE: no position encoding in layers with a 0 in the list, or every fourth."""
    config = layer.config
    marks = config.get_list("no_rope_layers", config.get_int("n_layer"))
    if marks is None:
        has_rope = (layer.index + 1) % config.get_int("no_rope_layer_interval") != 0
    elif marks[layer.index] in (0, 1) and type(marks[layer.index]) is int:
        has_rope = marks[layer.index] == 1
    else:
        raise_invalid("no_rope_layers", marks, "a list of 0 and 1, one entry per layer")
    return rope_position(layer) if has_rope else NoPosition()


def interleaved_rope_in_windows(layer: Layer) -> Position:
    """Command R7B's RoPE: in the layers with a sliding window; the others have no positions."""
    return interleaved_rope(layer) if is_sliding(layer) else NoPosition()


def rope_in_windows(layer: Layer) -> Position:
    """EXAONE 4's RoPE: in the layers with a sliding window, or in all where there is no window."""
    has_rope = is_sliding(layer) or layer.config.get_explicit("window") is None
    return rope_position(layer) if has_rope else NoPosition()
