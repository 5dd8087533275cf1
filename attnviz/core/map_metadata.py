"""Metadata of a map: how its weights were computed, as typed keys.

The document's `meta` object holds the same keys. Files of other programs and later versions may
hold further keys; attnviz writes them back unchanged and acts on those below only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypedDict, cast

from attnviz.core.predictions import Predictions

RowSum = Literal["1", "at most 1", "any"]  # of a row with at least one visible key


class LayerProperties(TypedDict):
    """Pipeline, row sum and sign of the mechanism of some layers, by their original indices."""

    algebra: str
    row_sum: RowSum
    signed: bool
    layers: list[int]


class MechanismMetadata(TypedDict, total=False):
    """The mechanism and the rules that its weights obey.

    variant: name of the mechanism, of the model, or of what else the map shows.
    algebra: its pipeline, "dot → root-d → softmax".
    row_sum: sum of a row that is not fully masked.
    signed: whether weights may be negative.
    composed: parts and tunables that override the variant's own.
    simplified: what the mechanism leaves out of its source.
    layer_properties: where layers differ in these three, those of each group of equal layers.
    layer_plans: for mechanisms that alternate by layer, the names of the mechanisms of layers 0,
        1, 2 …, repeated over the depth; by the name of the plan.
    """

    variant: str
    formula: str
    algebra: str
    row_sum: RowSum
    signed: bool
    layer_properties: list[LayerProperties]
    composed: str
    simplified: str
    layer_plans: dict[str, list[str]]


class SourceMetadata(TypedDict, total=False):
    """Where the weights come from: seed, model or file.

    source: the scheme of the seed ("seeded-v1"), "model", "foreign", "mask" or "difference".
    trained: False for untrained weights, which a seed determines; None: unknown.
    intervention: what was changed in a pretrained model before it ran.
    adapter: the folder of the LoRA adapter that was merged into the model.
    revision: the commit of a model of the Hub; fingerprint: a hash of the size and parts of its
        files of weights, which differs between versions of a local model.
    producer: the program that wrote the file; guessed: what had to be guessed to read it.
    padding: positions of padding among the keys; nan_rows: queries whose rows were NaN in the
        file, as [layer, head, queries].
    truncated: numbers of tokens before and after truncation, of the "text" and of the "target".
    roles: of a chat, whose turn each segment is: "system", "user", "assistant".
    prompt: the text that the chat template made, in which tokens have their positions.
    experts: of a mixture of experts, their "count", the number "per_token", and for texts that are
        not long the "routing": the experts of each token and their weights, by layer.
    predictions: the most probable next tokens after each query, or fillers of mask tokens;
        predictions_by_map: those of each map of a comparison, by its name.
    generated: of a text that the model continued, the number of tokens that it generated.
    effects: of ablating each head on the prediction, see core/effects.py.
    modules: the qualified name of the module of each layer, in a program that was watched; step,
        run: the number of the call of the model, and of the call of these modules.
    """

    source: str
    trained: bool
    attnviz: str
    numpy: str
    seed: int
    embedding: str
    projections: str
    tokenizer: str
    dim: int
    pad: int
    layers: int
    heads: int
    kv_heads: int
    model: str
    family: str
    attention: str
    pair: str
    dtype: str
    intervention: str
    adapter: str
    revision: str
    fingerprint: str
    producer: str
    guessed: list[str]
    padding: list[int]
    nan_rows: list[list[Any]]
    truncated: dict[str, list[int]]
    roles: list[str]
    prompt: str
    predictions: Predictions
    experts: dict[str, Any]
    predictions_by_map: dict[str, Predictions]
    effects: Any
    generated: int
    modules: list[str]
    step: int
    run: int


class DerivedMetadata(TypedDict, total=False):
    """What was done with the weights afterwards: selection, pooling, measures, comparison.

    id: identifier of the sentence in a batch; request: the options of the batch, by name.
    segments: the segments that remain, "A attends to B".
    dropped: numbers of queries and keys that were removed.
    key_positions: positions of the keys in their text, where some of them were selected.
    pooled, reduced: how cells, or layers, heads and tokens were combined.
    words: whether tokens were merged into words.
    reduced_layers, reduced_heads: label of the one layer or head that combines several, as in
        "mean of 12 heads".
    comparison: one entry per head of a comparison, see core/comparison.py.
    other_text: the second of two compared sentences.
    alignment: how the tokens of two texts were aligned, "aligned by position, …".
    divergence: Jensen–Shannon divergence in bits, [layer][head], by map in a comparison;
        row_divergence: that of the row that changed most.
    layer, head: the head that an explanation is about; stored_weights: the largest difference
        of its weights from those in the file that holds its queries and keys.
    """

    id: str
    request: dict[str, Any]
    name: str
    text: str
    segments: str
    dropped: list[int]
    key_positions: list[int]
    pooled: str
    reduced: str
    words: bool
    reduced_layers: str
    reduced_heads: str
    mask: str
    density: float
    compared: list[str]
    comparison: list[dict[str, Any]]
    other_text: str
    alignment: str
    divergence: Any
    row_divergence: list[list[float]]
    difference_from: dict[str, Any]
    before: str
    after: str
    most_changed: list[dict[str, Any]]
    layer: int
    head: int
    stored_weights: dict[str, Any]


class MapMetadata(MechanismMetadata, SourceMetadata, DerivedMetadata, total=False):
    """All keys that attnviz writes or acts on; each is optional."""


def without_predictions(meta: MapMetadata) -> MapMetadata:
    """The metadata without predictions, which are those of one map."""
    return cast("MapMetadata", {k: v for k, v in meta.items() if k != "predictions"})


def weakest_row_sum(row_sums: Iterable[RowSum]) -> RowSum:
    """The row sum that all of several mechanisms keep."""
    found = set(row_sums)
    laws: tuple[RowSum, ...] = ("any", "at most 1", "1")
    return next(law for law in laws if law in found)


def layer_mechanism(meta: Mapping[str, Any], name: str, layer: int) -> str:
    """The mechanism of a layer in the plan `name`; "" where there is no such plan."""
    plans = meta.get("layer_plans")
    plan = plans.get(name) if isinstance(plans, Mapping) else None
    if not plan or not isinstance(plan, list | tuple):
        return ""
    return str(plan[layer % len(plan)])
