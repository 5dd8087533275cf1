"""Raw attention: what a reader found in a source, before axes, tokens and masks are settled."""

from __future__ import annotations

from dataclasses import field

from attnviz.core.arrays import BoolArray, FloatArray, IntArray
from attnviz.core.map_metadata import MapMetadata
from attnviz.record import Record
from attnviz.sources.external.alignment_words import SentencePair
from attnviz.sources.external.attention_mask import NamedMask
from attnviz.sources.external.band import Band
from attnviz.sources.external.named_tokens import Found


class RawAttention(Record, kw_only=True, eq=False):
    """Attention as read from a source, before it becomes an AttentionMap.

    Shapes: weights and visible have the axes that the letters of `axes` name, of "lbhqk"; ids
    (of tokens) and segments are [batch, token] or [token]; `masks` are applied to the
    batch item. `band`: the keys are offsets in a window. `key_times`: the keys are frames.

    `is_document`: from a document of attnviz, whose meta is kept as it is. `is_single`: one
    batch item has been selected already. `pair`: the words of an alignment, which `assemble`
    makes tokens of where the caller gives none. `guesses` holds one sentence per assumption.
    """

    weights: FloatArray
    axes: str
    visible: BoolArray | None = None
    queries: Found = None
    keys: Found = None
    layers: tuple[int, ...] = ()
    heads: tuple[int, ...] = ()
    names: tuple[str, ...] = ()
    text: str | None = None
    context: str | None = None
    meta: MapMetadata = field(default_factory=MapMetadata)
    query_vectors: FloatArray | None = None
    key_vectors: FloatArray | None = None
    ids: IntArray | None = None
    segments: IntArray | None = None
    is_cross: bool = False
    masks: tuple[NamedMask, ...] = ()
    band: Band | None = None
    key_times: FloatArray | float | None = None
    guesses: tuple[str, ...] = ()
    pair: SentencePair | None = None
    is_document: bool = False
    is_single: bool = False
    has_order: bool = True  # the order of its axes is known from the format
    is_generation: bool = False  # its last token was generated, and is no query
    is_vector: bool = False  # one weight per word: a single list of tokens is of the keys
