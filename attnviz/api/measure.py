"""measure: numbers about every head, by name; agreement: similarity of each two heads."""

from __future__ import annotations

from attnviz.argument_types import require_given
from attnviz.core.arrays import FloatArray
from attnviz.core.attention_map import AttentionMap
from attnviz.measures.agreement import CLUSTER_LIMIT, Agreement
from attnviz.measures.agreement import agreement as compute_agreement
from attnviz.measures.table import find_measure
from attnviz.measures.values import measure_heads


def measure(amap: AttentionMap, *names: str) -> dict[str, FloatArray]:
    """Measure every head of a map: entropy, distance, induction and others.

    Each measure is a row of `attnviz.measures.table.MEASURES`, with its formula, source (arXiv
    id), range and unit. Weights are never renormalized; "previous token without sink" and the
    like are shares of the weight on keys other than the first token and special tokens.

    Args:
        amap: the map.
        names: the measures, as in "entropy", "effective keys" or "induction"; none: all that
            are defined for the map.

    Returns:
        The values by name, each an array [layer, head], NaN for heads for which a measure is not
        defined.

    Raises:
        UnknownNameError: a name that no measure has.
        MisuseError: a named measure that is not defined for this map, such as the distance
            between two texts.

    >>> import attnviz
    >>> amap = attnviz.look("the cat saw the cat", variant="causal", heads=2)
    >>> {name: value.shape for name, value in measure(amap, "entropy", "induction").items()}
    {'entropy': (1, 2), 'induction': (1, 2)}
    """
    require_given("amap", amap, AttentionMap)
    for name in names:
        require_given("names", name, str)
    return measure_heads(amap, [find_measure(name) for name in names] if names else None)


def agreement(amap: AttentionMap, at_most: float = CLUSTER_LIMIT) -> Agreement:
    """Compare each two heads of a map, and group similar ones.

    Formula: the Jensen–Shannon divergence H((p + q)/2) − (H(p) + H(q))/2, in bits, averaged over
    rows; clusters by average linkage. Source: 1906.04341.

    Args:
        amap: the map.
        at_most: the largest mean divergence between two clusters that are joined, in bits.

    Returns:
        `divergence`, an array [head, head] over all layers, 0 for equal heads and 1 for
        disjoint ones; and `clusters`, the number of the cluster of each head.

    Raises:
        MisuseError: rows that are not distributions, or `at_most` that is not from 0 to 1.

    >>> import attnviz
    >>> agreement(attnviz.read([[[1.0, 0.0]], [[0.0, 1.0]], [[1.0, 0.0]]])).clusters
    (0, 1, 0)
    """
    require_given("amap", amap, AttentionMap)
    require_given("at_most", at_most, float)
    return compute_agreement(amap, at_most)
