"""Memory estimate of a model's forward pass, made before it runs."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import TYPE_CHECKING

from attnviz.core.variant import Variant
from attnviz.sources.memory import MemoryEstimate, activation_bytes, map_bytes

if TYPE_CHECKING:
    from attnviz.sources.model.checkpoint import Checkpoint
    from attnviz.sources.transformer.stack import LayerStack


def estimate_memory(
    checkpoint: Checkpoint,
    n_token: int,
    n_map: int,
    max_side: int | None = None,
    variants: Iterable[Variant] | None = None,
) -> MemoryEstimate:
    """Memory of a run over n_token tokens that records n_map maps (layers times heads).

    `variants` are the mechanisms of the layers; None: the model's own.

    Activations: per token a dozen vectors and three of the feed-forward layer's inner ones,
    and the blocks of weights. Maps are pooled to at most `max_side` cells per side.
    """
    config, stacks = checkpoint.config, checkpoint.stacks.values()
    d_model = config.get_int("d_model")
    d_inner = max(inner_width(stack) for stack in stacks)
    n_number = n_token * (12 * d_model + 3 * d_inner)
    if variants is None:
        variants = chain.from_iterable(map(checkpoint.variants, checkpoint.attentions))
    return MemoryEstimate(
        layer=4 * max(stack.largest_layer for stack in stacks),
        activations=4 * n_number
        + activation_bytes(variants, checkpoint.n_head, n_token, n_token, 4),
        maps=map_bytes(n_map, n_token, n_token, max_side),
    )


def inner_width(stack: LayerStack) -> int:
    """Width of a feed-forward layer; with experts, of one of them and of the router."""
    experts, config = stack.spec.feed_forward.experts, stack.config
    if experts is None:
        return config.inner_size()
    shared = experts.shared
    width = 0 if shared is None else config.get_int(shared.d_inner)
    return width + config.get_int("d_expert") + config.get_int("n_expert")
