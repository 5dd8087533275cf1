"""The pairs of tokens that a mask expression allows."""

from __future__ import annotations

import numpy as np

from attnviz.core.arrays import BoolArray
from attnviz.core.grid import Grid
from attnviz.core.masks import Mask, align_queries
from attnviz.core.token_features import compute_token_features
from attnviz.core.tokens import Tokens


def allowed_pairs(mask: Mask, queries: Tokens, keys: Tokens, n_head: int) -> BoolArray:
    """Which keys each query may attend to, by the positions and the features of the tokens.

    Shapes: -> [head, query, key]
    """
    shape = (n_head, len(queries), len(keys))
    grid = align_queries(mask, Grid.of(*shape, compute_token_features(queries, keys)))
    return np.broadcast_to(mask(grid), shape)
