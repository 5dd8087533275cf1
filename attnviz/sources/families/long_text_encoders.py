"""Encoders for long texts: Longformer, BigBird."""

from __future__ import annotations

from dataclasses import replace

from attnviz.core.masks import Mask, Window
from attnviz.sources.checkpoint.config import Config, raise_invalid
from attnviz.sources.families.encoders import BERT, ROBERTA
from attnviz.sources.families.slots import Layer, Slots
from attnviz.sources.families.spec import keep_spec


def longformer_mask(layer: Layer) -> Mask:
    """A window of half `attention_window` tokens to each side, one size or one per layer."""
    key, config = "attention_window", layer.config
    value = config.get(key)
    if isinstance(value, list):
        if len(value) != (n_layer := config.get_int("n_layer")):
            n_layer_key = config.find("n_layer")[0]
            raise_invalid(key, value, f"a number, or one per layer ({n_layer_key} = {n_layer})")
        value = value[layer.index]
    size = replace(config, values={key: value}).get_int(key)
    if size % 2:
        raise_invalid(key, size, "even")
    return Window(size // 2 + 1)


LONGFORMER = replace(
    ROBERTA,
    name="longformer",
    paper="2004.05150",
    features="windows to both sides, no global tokens; learned positions",
    prefixes=("longformer.", ""),
    stacks={
        "encoder": replace(
            ROBERTA.stacks["encoder"],
            attention=replace(
                ROBERTA.stacks["encoder"].attention, slots=Slots(mask=longformer_mask)
            ),
        )
    },
    defaults={**ROBERTA.defaults, "attention_window": 512},
    allowed_values={},
    adapt=keep_spec,
)


def dense_length(config: Config) -> int | None:
    """The longest text of BigBird in tokens for which all tokens attend to all."""
    if config.get("attention_type") == "original_full":
        return None
    n_block = 5 + 2 * config.get_int("num_random_blocks")
    return n_block * config.get_int("block_size")


BIG_BIRD = replace(
    BERT,
    name="big_bird",
    paper="2007.14062",
    features="learned positions, segments; up to 704 tokens, which attend to all",
    stacks={
        "encoder": replace(
            BERT.stacks["encoder"],
            embedding=replace(
                BERT.stacks["encoder"].embedding,
                scale="rescale_embeddings",
                max_tokens=dense_length,
            ),
            attention=replace(BERT.stacks["encoder"].attention, bias="use_bias"),
        )
    },
    defaults={
        **BERT.defaults,
        "activation": "gelu_new",
        "attention_type": "block_sparse",
        "block_size": 64,
        "num_random_blocks": 3,
        "use_bias": True,
    },
    allowed_values={
        "attention_type": ("block_sparse", "original_full"),
        "is_decoder": (False,),
        "add_cross_attention": (False,),
    },
    adapt=keep_spec,
)

FAMILIES = (LONGFORMER, BIG_BIRD)
