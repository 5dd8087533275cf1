"""Memory estimate of a model's forward pass, made before it runs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from attnviz.sources.memory import MemoryEstimate, activation_bytes, map_bytes

if TYPE_CHECKING:
    from attnviz.sources.model.checkpoint import Checkpoint
    from attnviz.sources.transformer.stack import LayerStack


def estimate_memory(
    checkpoint: Checkpoint, n_token: int, n_map: int, max_side: int | None = None
) -> MemoryEstimate:
    """Memory of a run over n_token tokens that records n_map maps (layers times heads).

    Activations: per token a dozen vectors and three of the feed-forward layer's inner ones,
    and the blocks of weights. Maps are pooled to at most `max_side` cells per side.
    """
    layer = max(largest_layer_size(checkpoint, stack) for stack in checkpoint.stacks.values())
    config = checkpoint.config
    d_model = config.get_int("d_model")
    d_inner = max(stack.config.inner_size() for stack in checkpoint.stacks.values())
    n_number = n_token * (12 * d_model + 3 * d_inner)
    return MemoryEstimate(
        layer=4 * layer,
        activations=4 * n_number + activation_bytes(checkpoint.n_head, n_token, n_token, 4),
        maps=map_bytes(n_map, n_token, n_token, max_side),
    )


def largest_layer_size(checkpoint: Checkpoint, stack: LayerStack) -> int:
    """Number of parameters in the largest layer of a stack."""
    prefixes = checkpoint.family.prefixes
    layers = {stack.layer_prefix(i) for i in range(stack.n_layer)}
    starts = [tuple(prefix + layer for prefix in prefixes) for layer in layers]
    tensors = checkpoint.tensors.by_name.items()
    sizes = [(name, math.prod(tensor.shape)) for name, tensor in tensors]
    return max(sum(size for name, size in sizes if name.startswith(start)) for start in starts)
