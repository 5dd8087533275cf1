"""Memory estimate of a model's forward pass, made before it runs."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from itertools import chain
from typing import TYPE_CHECKING

from attnviz.core.variant import Variant
from attnviz.sources.memory import MemoryEstimate, activation_bytes, map_bytes
from attnviz.sources.model.describe import layer_variants
from attnviz.sources.model.size_checks import layer_pattern
from attnviz.sources.transformer.experts import expert_pattern

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
    layer = max(largest_layer_size(checkpoint, stack) for stack in checkpoint.stacks.values())
    config = checkpoint.config
    d_model = config.get_int("d_model")
    d_inner = max(inner_width(stack) for stack in checkpoint.stacks.values())
    n_number = n_token * (12 * d_model + 3 * d_inner)
    if variants is None:
        kinds = checkpoint.attentions
        variants = chain.from_iterable(layer_variants(checkpoint, kind) for kind in kinds)
    return MemoryEstimate(
        layer=4 * layer,
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


def largest_layer_size(checkpoint: Checkpoint, stack: LayerStack) -> int:
    """Number of parameters in the largest layer of a stack, with one of its experts."""
    experts = stack.spec.feed_forward.experts
    of_layer = layer_pattern(stack.tensor_templates, checkpoint.family.prefixes)
    of_expert = None if experts is None else expert_pattern(experts)
    sizes: Counter[str] = Counter()
    expert_sizes: Counter[str] = Counter()
    for name, tensor in checkpoint.tensors.by_name.items():
        if match := of_layer.match(name):
            is_expert = of_expert is not None and of_expert.fullmatch(name, match.end())
            index = match[match.lastindex or 0]
            (expert_sizes if is_expert else sizes)[index] += math.prod(tensor.shape)
    n_expert = 1 if experts is None else stack.config.get_int("n_expert")
    return max(
        (size + expert_sizes[layer] // n_expert for layer, size in sizes.items()), default=0
    )
