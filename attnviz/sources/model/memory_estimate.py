"""How much memory a run will take, before it takes it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from attnviz.sources.memory import BYTES, Memory, flowing, kept

if TYPE_CHECKING:
    from attnviz.sources.model.checkpoint import Checkpoint
    from attnviz.sources.transformer.stack import Tower


def estimate(checkpoint: Checkpoint, n_token: int, n_map: int, most: int | None = None) -> Memory:
    """What a run over n_token tokens takes that keeps n_map maps (layers times heads).

    Activations: a dozen vectors a token, three widths of the feed-forward layer, and the
    weights of the blocks that are computed at once. `most` is the side of a pooled map.
    """
    layer = max(largest_layer(checkpoint, tower) for tower in checkpoint.towers.values())
    config = checkpoint.config
    d_model = config.whole("d_model")
    wide = max(t.config.whole("d_inner", 4 * d_model) for t in checkpoint.towers.values())
    vectors = n_token * (12 * d_model + 3 * wide)
    return Memory(
        layer=4 * layer,
        activations=4 * (vectors + flowing(checkpoint.n_head, n_token, n_token)),
        maps=BYTES * n_map * kept(n_token, most) ** 2,
    )


def largest_layer(checkpoint: Checkpoint, tower: Tower) -> int:
    """How many numbers the largest layer of a stack has."""
    prefixes = checkpoint.family.prefixes
    places = {tower.prefix(i) for i in range(tower.n_layer)}
    begins = [tuple(prefix + place for prefix in prefixes) for place in places]
    sizes = [(name, math.prod(tensor.shape)) for name, tensor in checkpoint.tensors.have.items()]
    return max(sum(size for name, size in sizes if name.startswith(begin)) for begin in begins)
