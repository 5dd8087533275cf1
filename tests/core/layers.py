"""Random layers for tests, of distinct sizes, so that no two axes can be confused."""

import numpy as np

from attnviz.core.engine.attention import apply_positions
from attnviz.core.grid import Grid
from attnviz.core.heads.grouped_query import repeat_kv
from attnviz.core.inputs import Inputs, Sizes
from attnviz.core.seeded_random import draw_uniform, draw_weights

HEAD, QUERY, KEY, D, D_MODEL = 2, 5, 7, 6, 11


def make_layer(variant, n_query=QUERY, n_key=KEY, d=D, seed="layer", **changed):
    """Seeded random inputs of one layer of this mechanism, in float64.

    The first rows of a longer layer are those of a shorter one. With `n_query == n_key` the
    layer is self-attention: queries and keys have the same inputs.
    """
    variant = variant.with_tunables(heads=HEAD) if variant.has_projections else variant
    heads = variant.heads
    n_head = heads.n_query_head
    query = np.stack([draw_uniform((n_query, d), seed, "query", h) for h in range(n_head)])
    key = np.stack([draw_uniform((n_key, d), seed, "key", h) for h in range(heads.n_kv_head)])
    hidden = draw_uniform((max(n_query, n_key), D_MODEL), seed, "input")
    sizes = Sizes(d=d, d_model=D_MODEL, n_head=n_head, n_query=n_query, n_key=n_key)
    numbers = np.arange(max(n_query, n_key) + 3)
    features = {
        "pad": ((numbers[:n_query] % 4 == 3) * 1, (numbers[:n_key] % 4 == 3) * 1),
        "segment": (numbers[:n_query] // 3, numbers[:n_key] // 3),
        "letters": (numbers[:n_query] % 5, numbers[:n_key] % 5),
    }
    arguments = {
        "query": query,
        "key": repeat_kv(key, n_head),
        "grid": Grid.of(n_head, n_query, n_key, features),
        "params": arbitrary_params(variant, sizes),
        "query_input": hidden[-n_query:],
        "key_input": hidden[:n_key],
    } | changed
    return variant, apply_positions(variant, Inputs(**arguments))


def arbitrary_params(variant, sizes):
    """Parameters of all sizes and signs, as after training: an initial 0 or 1 hides a fault."""
    return {
        name: np.stack([draw_weights(shape, 3, name, 0, head) for head in range(sizes.n_head)])
        for name, shape in variant.param_shapes(sizes).items()
    }


def mask_pairs(variant, inputs):
    """The pairs that the mask leaves.    -> [head, query, key]"""
    shape = (inputs.query.shape[0], inputs.query.shape[1], inputs.key.shape[1])
    return np.broadcast_to(variant.mask(inputs.grid), shape)
