"""Explanation of attention from queries and keys that a program saved.

The scores, mask and weights are computed from them as for a sentence. Weights that the source
holds too are compared with the result.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple, Unpack

import numpy as np

from attnviz.api.pending_map import library_versions
from attnviz.api.vector_mechanism import choose_mechanism
from attnviz.argument_types import require_type
from attnviz.core.arrays import FloatArray
from attnviz.core.attention_map import AttentionMap
from attnviz.core.engine.layer_call import LayerCall
from attnviz.core.explain.arithmetic import explain_weight
from attnviz.core.explain.explanation import Explanation, Step
from attnviz.core.explain.steps import explain_steps, labels_of
from attnviz.core.explain.trace import Trace
from attnviz.core.grid import Grid
from attnviz.core.heads.grouped_query import repeat_kv
from attnviz.core.inputs import Inputs
from attnviz.core.map_metadata import MapMetadata
from attnviz.core.selection import HeadSelection
from attnviz.core.token_features import compute_token_features
from attnviz.core.tokens import find_token
from attnviz.core.variant import Variant
from attnviz.errors import MisuseError
from attnviz.measures.row_mass import row_sum_tolerance
from attnviz.sources.external.selection import Selection
from attnviz.sources.external.vector_files import read_vectors
from attnviz.sources.external.vectors import QueriesKeys
from attnviz.sources.options import SEEDED_OPTIONS, Options, validate_options

FILES = (".npz", ".safetensors", ".json", ".html", ".htm", ".npy", ".parquet")


class Agreement(NamedTuple):
    """The largest difference of the computed weights from those in the source, and where it is."""

    difference: float
    tolerance: float
    query: int
    key: int

    @property
    def holds(self) -> bool:
        """Whether the weights are equal, as far as their precision allows."""
        return self.difference <= self.tolerance


def is_source(value: Any) -> bool:
    """Whether a value is a file or arrays, no sentence and no list of tokens.

    >>> is_source("The cat sat"), is_source("attention.npz")
    (False, True)
    """
    if isinstance(value, str):
        suffix = Path(value.lower().removesuffix(".gz").removesuffix(".zst")).suffix
        return suffix in FILES and not any(map(str.isspace, value))
    is_of_arrays = isinstance(value, tuple) and any(hasattr(part, "shape") for part in value)
    kinds = (PathLike, Mapping, AttentionMap)
    return isinstance(value, kinds) or hasattr(value, "read") or is_of_arrays


def explain_arrays(
    source: Any,
    *,
    layer: int | str | None = None,
    head: int | str | None = None,
    cell: tuple[str, str] | None = None,
    tokens: Any = None,
    axes: str | None = None,
    which: str | int | None = None,
    attention_mask: Any = None,
    **options: Unpack[Options],
) -> Explanation:
    """Explain one head from its queries and keys, and compare with stored weights.

    Args:
        source: a file, a mapping of names to arrays, a tuple (query, key[, value]) of arrays
            [head, token, d], or a map with vectors.
        layer, head, cell: as for `attnviz.explain`.
        tokens, axes, which, attention_mask: as for `attnviz.read`; the letters of `axes` are
            b(atch), h(ead), t(oken) and d.
        options: the mechanism and its parts, as for `attnviz.look`; `heads` is the number of
            heads of arrays [batch, token, heads · d].

    Raises InvalidInputError for a source without queries and keys.
    """
    require_type("axes", axes, str)
    settings = validate_options(options)
    refuse_other_options(settings)
    choice = Selection.parse(which, axes, attention_mask=attention_mask)
    stored = read_vectors(source, choice, tokens, settings.get("heads"))
    n_head = len(stored.query[0])
    numbers = stored.heads or tuple(range(n_head))
    layer, head = HeadSelection.parse(layer, head).resolve_single(stored.layers, numbers)
    index, at = stored.layers.index(layer), numbers.index(head)
    variant, notes = choose_mechanism(stored, index, settings)
    trace = Trace.record(build_call(stored, index, variant), variant)
    agreement = compare_weights(trace.weights[at], stored, index, at)
    pair = cell and (
        find_token(cell[0], stored.queries, "query"),
        find_token(cell[1], stored.keys, "key"),
    )
    name = Path(source).name if isinstance(source, str | PathLike) else "arrays"
    return Explanation(
        title=f"{name}, layer {layer}, head {head}: {variant.pipeline}",
        steps=(
            token_step(stored),
            *explain_steps(trace, at, stored.queries, stored.keys),
            *([] if agreement is None else [agreement_step(agreement, stored, trace, index, at)]),
        ),
        cell=explain_weight(trace, at, stored.queries, stored.keys, *pair) if pair else None,
        meta={
            **library_versions(),
            **describe(stored, variant, agreement, (*stored.guesses, *notes)),
            "layer": layer,
            "head": head,
        },
    )


def refuse_other_options(settings: Mapping[str, Any]) -> None:
    """Raise MisuseError for options of sentences, which queries and keys do not depend on."""
    for name in settings:
        if name in ("model", *(each for each in SEEDED_OPTIONS if each != "heads")):
            option = f"--{name.replace('_', '-')}"
            raise MisuseError(f"{option} has no effect on queries and keys from a file")


def build_call(stored: QueriesKeys, index: int, variant: Variant) -> LayerCall:
    """The layer at `index` as a call; without values, those have no dimensions."""
    query, key = (a[index].astype(np.float64) for a in (stored.query, stored.key))
    n_head = len(query)
    value = np.zeros((*key.shape[:2], 0))
    if stored.value is not None:
        value = stored.value[index].astype(np.float64)
    features = compute_token_features(stored.queries, stored.keys)
    return LayerCall(
        layer=stored.layers[index],
        inputs=Inputs(
            query=query,
            key=repeat_kv(key, n_head),
            grid=Grid.of(n_head, query.shape[1], key.shape[1], features),
            layer=stored.layers[index],
        ),
        value=repeat_kv(value, n_head),
        variant=variant,
        formulas={side[0]: f"array {name}" for side, name in stored.names.items()},
    )


def token_step(stored: QueriesKeys) -> Step:
    """The tokens of queries and keys."""
    queries, keys = (" ".join(labels_of(side)) for side in (stored.queries, stored.keys))
    same = stored.queries == stored.keys
    return Step("tokens", f"tokens: {queries}" if same else f"queries {queries}; keys {keys}")


def compare_weights(
    weights: FloatArray, stored: QueriesKeys, index: int, head: int
) -> Agreement | None:
    """How far computed weights are from those in the source; None without the latter.

    Shapes: weights [query, key]
    """
    if stored.weights is None:
        return None
    own = stored.weights[index, head]
    error = np.abs(weights - own)
    query, key = (int(i) for i in np.unravel_index(error.argmax(), error.shape))
    of_each = (own, stored.query[index][head], stored.key[index])
    tolerance = max(map(row_sum_tolerance, of_each))
    return Agreement(float(error[query, key]), tolerance, query, key)


def describe_agreement(agreement: Agreement, stored: QueriesKeys) -> str:
    """The sentence about the weights in the source."""
    query, key = stored.queries[agreement.query].label, stored.keys[agreement.key].label
    place = f"query {query} ({agreement.query}) on key {key} ({agreement.key})"
    if agreement.holds:
        return (
            f"equal to the computed weights: the largest difference is {agreement.difference:.2g} "
            f"(tolerance {agreement.tolerance:.2g})"
        )
    return (
        f"different from the computed weights: up to {agreement.difference:.4g}, of {place} "
        f"(tolerance {agreement.tolerance:.2g}); the source has another scale, mask, bias or "
        "normalizer"
    )


def agreement_step(
    agreement: Agreement, stored: QueriesKeys, trace: Trace, index: int, head: int
) -> Step:
    """The weights in the source, and their differences where they are not equal."""
    assert stored.weights is not None
    own = stored.weights[index, head].astype(np.float64)
    numbers = None if agreement.holds else own - trace.weights[head]
    rows, columns = labels_of(stored.queries), labels_of(stored.keys)
    formula = "" if agreement.holds else "stored − computed"
    meaning = describe_agreement(agreement, stored)
    shape = f"[query {len(rows)}, key {len(columns)}]"
    return Step("weights in the source", meaning, formula, numbers, rows, columns, shape)


def describe(
    stored: QueriesKeys, variant: Variant, agreement: Agreement | None, notes: Sequence[str]
) -> MapMetadata:
    """The metadata: where the arrays come from, the mechanism, and the agreement of weights."""
    meta: MapMetadata = {
        "source": "foreign",
        "variant": variant.name,
        "algebra": variant.pipeline,
        "row_sum": variant.row_sum,
        "signed": variant.signed,
    }
    if stored.meta.get("trained") is False:
        meta["trained"] = False
    if notes:
        meta["guessed"] = list(notes)
    if agreement is not None:
        meta["stored_weights"] = {**agreement._asdict(), "equal": agreement.holds}
    return meta
