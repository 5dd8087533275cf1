"""The table of measures: what each says about a head, its formula, source, range and unit.

A measure maps an attention map to one number per head, [layer, head]: NaN for a head, None for a
map for which it is not defined. `measures/values.py` computes all of them.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.core.attention_map import AttentionMap
from attnviz.lookup import find_by_name, normalize_name
from attnviz.measures.agreement import layer_agreement
from attnviz.measures.distance import mean_distance, offsets
from attnviz.measures.entropy import entropy
from attnviz.measures.geometry import positional_share, symmetry
from attnviz.measures.measure import Measure
from attnviz.measures.patterns import PATTERNS, Cells, diffuseness, mean_weight_on
from attnviz.measures.segments import segment_mass
from attnviz.measures.sink import sink_cells, without_sink
from attnviz.measures.spread import (
    effective_keys,
    for_distributions,
    gini_index,
    normalized_entropy,
    top_mass,
    top_share,
)
from attnviz.measures.token_patterns import delimiter_keys, punctuation_keys, same_word_keys

WITHOUT_SINK = " without sink"  # ends the name of a measure of what is left without the sink
ON_CELLS = "mean of Σ A over such keys, of the rows that have one and a choice"
ON_CELLS_OF_REST = "Σ A over such keys / Σ A over keys that are no sinks"


def on_cells(cells: Cells) -> Callable[[AttentionMap], FloatArray | None]:
    """The measure of the weight on cells.    cells: -> [query, key]; it: -> [layer, head]"""
    return lambda amap: mean_weight_on(amap, cells(amap))


def distance_or_none(amap: AttentionMap) -> FloatArray | None:
    """The mean distance; None for maps between two texts, NaN without weight.  -> [layer, head]"""
    if offsets(amap) is None:
        return None
    return np.where(amap.weights.any((-2, -1)), mean_distance(amap), np.nan)


SPREAD = (
    Measure(
        name="entropy",
        summary="how spread out attention is over keys",
        formula="mean of H = −Σ p log₂ p over the keys and the remainder",
        compute=for_distributions(entropy),
        paper="1906.04341",
        high=np.inf,
        unit="bits",
        is_lowest_first=True,
    ),
    Measure(
        name="normalized entropy",
        summary="entropy as a share of the highest that the row could have",
        formula="mean of H / log₂(visible keys)",
        compute=for_distributions(normalized_entropy),
        is_lowest_first=True,
    ),
    Measure(
        name="effective keys",
        summary="number of equally weighted keys with the same entropy",
        formula="mean of 2^H",
        compute=for_distributions(effective_keys),
        low=1.0,
        high=np.inf,
        unit="keys",
        is_lowest_first=True,
    ),
    Measure(
        name="diffuse",
        summary="effective keys as a share of the visible keys",
        formula="mean of 2^H / 2^H_max over the rows with a choice",
        compute=diffuseness,
    ),
    Measure(
        name="top-1 mass",
        summary="largest weight of a row (confidence)",
        formula="mean of max A",
        compute=for_distributions(top_mass(1)),
        paper="1905.09418",
        aliases=("confidence",),
    ),
    Measure(
        name="top-5 mass",
        summary="weight on the five largest weights of a row",
        formula="mean of the sum of the 5 largest A",
        compute=for_distributions(top_mass(5)),
        paper="1905.09418",
    ),
    Measure(
        name="top-1 share",
        summary="share of the largest entry in the sum of its row, of norms and other maps "
        "whose rows are no distributions",
        formula="mean of max |A| / Σ |A|; of ‖α v W_O‖, what the strongest key contributes",
        compute=top_share,
        paper="2004.10102",
    ),
    Measure(
        name="sparsity",
        summary="inequality of the weights on visible keys (Gini index)",
        formula="mean of 1 − 2 Σ_r (w_(r) / Σ w) (N − r + ½) / N, weights in ascending order",
        compute=for_distributions(gini_index),
        paper="0811.4706",
        aliases=("gini",),
    ),
)

GEOMETRY = (
    Measure(
        name="distance",
        summary="mean distance between query and key",
        formula="Σ A |i−j| / Σ A",
        compute=distance_or_none,
        paper="1906.04284",
        high=np.inf,
        unit="tokens",
        aliases=("mean distance",),
        is_lowest_first=True,
    ),
    Measure(
        name="positional share",
        summary="share of the variance of weights explained by relative position alone",
        formula="Σ_o n_o (mean_o − mean)² / Σ (A − mean)², o = j − i, over visible pairs",
        compute=positional_share,
    ),
    Measure(
        name="symmetry",
        summary="how much queries and keys attend to each other",
        formula="Σ A_ij A_ji / Σ A_ij² over pairs visible both ways, i ≠ j",
        compute=symmetry,
        paper="2502.10927",
    ),
    Measure(
        name="agreement",
        summary="similarity to the other heads of the layer",
        formula="1 − mean Jensen–Shannon divergence from them, in bits",
        compute=layer_agreement,
        paper="1906.04341",
    ),
)

# Keys of a kind, by name; PATTERNS has the others. Sinks are the last row.
TOKEN_KEYS: tuple[tuple[str, str, Cells, str], ...] = (
    ("delimiter", "attends to ends of clauses, sentences and segments", delimiter_keys,
     "1906.04341"),
    ("punctuation", "attends to punctuation", punctuation_keys, "1906.04341"),
    ("same word", "attends to other pieces of the same word", same_word_keys, "1906.04341"),
    ("sink", "attends to the first token or to special tokens", sink_cells, "2309.17453"),
)  # fmt: skip
SINK_PATTERNS = ("first token", "special tokens", "sink")  # of keys that are sinks
KEYS = (
    *((p.name, p.summary, p.cells, p.paper) for p in PATTERNS if p.cells is not None),
    *TOKEN_KEYS,
)
ALIASES = {"self": ("diagonal",), "first token": ("bos",)}

SEGMENTS = tuple(
    Measure(
        name=f"{'AB'[a]} to {'AB'[b]}",
        summary=f"weight of segment {'AB'[a]} on segment {'AB'[b]}, without special tokens",
        formula=f"mean over the queries of {'AB'[a]} of Σ A over the keys of {'AB'[b]}",
        compute=segment_mass(a, b),
    )
    for a, b in ((0, 1), (1, 0))
)

MEASURES: tuple[Measure, ...] = (
    *SPREAD,
    *GEOMETRY,
    *(
        Measure(
            name=name, summary=summary, formula=ON_CELLS, compute=on_cells(cells), paper=paper,
            aliases=ALIASES.get(name, ()),
        )
        for name, summary, cells, paper in KEYS
    ),
    *(
        Measure(
            name=name + WITHOUT_SINK, summary=f"{summary}, of the weight off the sinks",
            formula=ON_CELLS_OF_REST, compute=without_sink(cells), paper="2309.17453", base=name,
        )
        for name, summary, cells, _ in KEYS
        if name not in SINK_PATTERNS
    ),
    *SEGMENTS,
)  # fmt: skip


def find_measure(name: str) -> Measure:
    """The measure of this name; UnknownNameError suggests similar names.

    >>> find_measure("Gini").name, find_measure("previous-token").name
    ('sparsity', 'previous token')
    """
    for row in MEASURES:
        if hyphenated(name) in map(hyphenated, (row.name, *row.aliases)):
            return row
    return find_by_name(MEASURES, name, "measure")


def hyphenated(name: str) -> str:
    """A name in lower case, with hyphens for spaces."""
    return normalize_name(name).replace(" ", "-")
