"""Layers to test mechanisms with: distinct prime sizes, so that no two axes can be mixed up."""

import numpy as np

from attnviz.core.engine.attend import learn
from attnviz.core.engine.attention import turned
from attnviz.core.grid import Grid
from attnviz.core.heads import share
from attnviz.core.part import Inputs, Sizes
from attnviz.core.seeded_random import draw

HEAD, QUERY, KEY, D, D_MODEL = 2, 5, 7, 6, 11


def layer(variant, n_query=QUERY, n_key=KEY, d=D, seed="layer", **changed):
    """Inputs of one layer of this mechanism, drawn from a seed, in float64.

    The first rows of a longer layer are those of a shorter one. With `n_query == n_key` the
    layer looks at itself: queries and keys are made of the same inputs.
    """
    variant = variant.set(heads=HEAD) if variant.projected else variant
    plan = variant.heads
    n_head = plan.n_query_head
    query = np.stack([draw((n_query, d), seed, "query", h) for h in range(n_head)])
    key = np.stack([draw((n_key, d), seed, "key", h) for h in range(plan.n_kv_head)])
    own = draw((max(n_query, n_key), D_MODEL), seed, "input")
    sizes = Sizes(d=d, d_model=D_MODEL, n_head=n_head, n_query=n_query, n_key=n_key)
    numbers = np.arange(max(n_query, n_key) + 3)
    notes = {
        "pad": ((numbers[:n_query] % 4 == 3) * 1, (numbers[:n_key] % 4 == 3) * 1),
        "segment": (numbers[:n_query] // 3, numbers[:n_key] // 3),
        "letters": (numbers[:n_query] % 5, numbers[:n_key] % 5),
    }
    made = {
        "query": query,
        "key": share(key, n_head),
        "grid": Grid.of(n_head, n_query, n_key, notes),
        "learned": learn(variant, sizes, {}, 3, np.float64),
        "query_input": own[-n_query:],
        "key_input": own[:n_key],
    } | changed
    return variant, turned(variant, Inputs(**made))


def sees(variant, inputs):
    """What the mask lets each query see.    -> [head, query, key]"""
    shape = (inputs.query.shape[0], inputs.query.shape[1], inputs.key.shape[1])
    return np.broadcast_to(variant.mask(inputs.grid), shape)
