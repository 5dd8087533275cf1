"""How widely a query spreads its weight."""

from __future__ import annotations

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.core.attention_map import AttentionMap
from attnviz.measure.row_mass import mean_over, n_visible, outcomes, require_shares


def entropy(amap: AttentionMap) -> FloatArray:
    """The entropy of each row, in bits: 0 where one key has all, more the wider it spreads.

    Formula: −Σ p log₂ p over the keys and "nothing", which has what the row does not spend.
    A row that sees nothing has 0.
    Shapes: -> [layer, head, query]
    Raises MisuseError for rows that are no shares of one whole.
    """
    require_shares(amap, "entropy")
    return bits(outcomes(amap))


def bits(shares: FloatArray) -> FloatArray:
    """−Σ p log₂ p.    [..., outcome] -> [...]"""
    logs = np.log2(shares, out=np.zeros_like(shares), where=shares > 0)
    return np.abs((shares * logs).sum(-1))  # no −0.0, and no −1e-17 from a share of 1 + 1e-16


def most_entropy(amap: AttentionMap) -> FloatArray:
    """The highest entropy each row could have.

    Formula: log₂(visible keys), one more outcome where a row may spend on nothing; 0 for a
    row that sees nothing.
    Shapes: -> [layer, head, query]
    """
    n = n_visible(amap)
    may_keep = amap.row_sum == "at most 1"
    return np.log2(np.where(n > 0, n + may_keep, 1).astype(np.float64))


def head_entropy(amap: AttentionMap) -> FloatArray:
    """The mean entropy of the rows that look at anything.    -> [layer, head]"""
    return mean_over(entropy(amap), amap.spent > 0)


def reach(amap: AttentionMap) -> FloatArray:
    """How many keys, equally shared, would spread as widely as each row does.

    Formula: 2^H; 0 for a row that spends nothing.    Shapes: -> [layer, head, query]
    """
    return np.where(amap.spent > 0, 2.0 ** entropy(amap), 0.0)
