"""Content-based key selection: softmax over top-k, indexed or block-wise chosen keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import inf
from typing import ClassVar

import numpy as np

from attnviz.core.arithmetic import (
    ArithmeticLine,
    Lines,
    Piece,
    WeightPair,
    key_table,
)
from attnviz.core.arithmetic.worksheet import Worksheet, sentence, subscript
from attnviz.core.arrays import BoolArray, FloatArray, IntArray, Shape
from attnviz.core.inputs import Inputs, Sizes
from attnviz.core.normalizers import Softmax
from attnviz.core.positions import Rope
from attnviz.core.scores.kernel_features import standardize


class TopK(Softmax):
    """Top-k attention: softmax over the `top` largest scores, ties with the last included.

    Paper: 1912.11637
    """

    name = "top-k"
    limits: ClassVar = {"top": (1, inf)}
    top: int = 3

    def restrict_visible(
        self, logits: FloatArray, visible: BoolArray, inputs: Inputs
    ) -> BoolArray:
        """Keys that score no less than the k-th best.    -> [head, query, key]"""
        del inputs
        return top_k_mask(logits, visible, self.top)

    def selection_lines(self, pair: WeightPair) -> Lines:
        """The k-th largest score of the row, and whether the key's is as large."""
        unmasked = pair.unmasked[pair.head, pair.query]
        row, top = pair.all_logits[unmasked], min(self.top, int(unmasked.sum()))
        table = key_table(pair.columns, unmasked, ("logit", row))
        threshold = float(np.sort(row)[-top])
        yield ArithmeticLine("threshold", ("min(largest(", top, ", logit))"), threshold, table)
        pieces = ("[", pair.logit, " ≥ ", threshold, "]")
        yield ArithmeticLine("selected", pieces, float(pair.logit >= threshold))


class LightningIndexer(Softmax):
    """Lightning indexer of DeepSeek sparse attention: low-dimensional scores select `top` keys.

    Formula: I_ij = Σ_t w_t(x_i) relu(R(i) W_t x_i · R(j) n(U x_j)), x the input of the layer,
    n the layer norm, R the RoPE rotation of the first half of the dimensions; softmax over the
    `top` keys with the largest I, of equal ones the first. The `index_heads` heads of
    `index_dim` dimensions select for all attention heads: the first head's parameters are used.
    Paper: 2512.02556
    """

    name = "lightning-indexer"
    aliases = ("indexed",)
    tunable_aliases: ClassVar = {"pickers": "index_heads", "thin": "index_dim"}
    head_local = False  # the first head's parameters serve all
    limits: ClassVar = {"top": (1, inf), "index_heads": (1, inf), "index_dim": (1, inf)}
    top: int = 3
    index_heads: int = 2
    index_dim: int = 4

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """W [index_heads, index_dim, d_model], U [index_dim, d_model], w [index_heads, d_model]"""
        return {
            "w_indexer": (self.index_heads, self.index_dim, sizes.d_model),
            "u_indexer": (self.index_dim, sizes.d_model),
            "g_indexer": (self.index_heads, sizes.d_model),
        }

    def restrict_visible(
        self, logits: FloatArray, visible: BoolArray, inputs: Inputs
    ) -> BoolArray:
        """The keys with the largest I.    -> [head, query, key]"""
        key = self.index_keys(inputs)
        index = np.zeros((1, *logits.shape[1:]), dtype=logits.dtype)
        for query, gate in self.index_queries(inputs):
            index += gate * np.maximum(query @ key.swapaxes(-1, -2), 0.0)
        return first_top_k_mask(index, visible, self.top)

    def index_keys(self, inputs: Inputs) -> FloatArray:
        """R(j) n(U x_j)    -> [1, key, index_dim]"""
        key: FloatArray = inputs.key_source[:1] @ inputs.param("u_indexer")[:1].swapaxes(-1, -2)
        return self.rotate(standardize(key, eps=1e-6), inputs.grid.k)

    def index_queries(self, inputs: Inputs) -> Iterator[tuple[FloatArray, FloatArray]]:
        """For each index head R(i) W x_i and w·x_i.    -> [1, query, index_dim], [1, query, 1]"""
        source = inputs.query_source[:1]
        for t in range(self.index_heads):
            query: FloatArray = source @ inputs.param("w_indexer")[:1, t].swapaxes(-1, -2)
            gate = source @ inputs.param("g_indexer")[:1, t, :, None]
            yield self.rotate(query, inputs.grid.q), gate

    def selection_lines(self, pair: WeightPair) -> Lines:
        """I of each visible key, the `top`-th largest, and whether the key's is as large"""
        keys = np.flatnonzero(pair.unmasked[pair.head, pair.query]).tolist()
        vectors = {t: self.index_keys(pair.inputs)[0, t] for t in keys}
        heads = [
            (q[0, pair.query], g[0, pair.query, 0]) for q, g in self.index_queries(pair.inputs)
        ]
        yield sentence(
            "RWx and RnUx are the vectors of the index heads: products of learned matrices with "
            "the layer's input, those of the keys layer-normed, and rotated by position"
        )
        columns = Worksheet()
        columns.row("w·x", np.array([gate for _, gate in heads]))
        for n, (_, gate) in enumerate(heads):
            yield columns.line(subscript("w", n), (float(gate),), float(gate))
        sheet = Worksheet()
        for n, (query, _) in enumerate(heads):
            sheet.row(subscript("RWx", n), query)
        for t, vector in vectors.items():
            sheet.row(subscript("RnUx", t), vector)
        scores = {}
        for t, vector in vectors.items():
            terms = []
            for n in range(len(heads)):
                product = f"Σ ({subscript('RWx', n)} × {subscript('RnUx', t)})"
                terms.append(f"{subscript('w', n)} × relu({product})")
            scores[t] = float(sum(g * max(float(q @ vector), 0.0) for q, g in heads))
            yield sheet.line(subscript("I", t), (" + ".join(terms),), scores[t])
        row = np.array(list(scores.values()))
        sheet = Worksheet([pair.columns[t] for t in keys])
        sheet.row("I", row)
        yield from first_top_k_lines(sheet, "I", row, keys.index(pair.key), self.top)

    def rotate(self, vectors: FloatArray, positions: IntArray) -> FloatArray:
        """RoPE of the first half of the dimensions.    [1, token, d] -> [1, token, d]"""
        width = self.index_dim // 4 * 2
        if not width:
            return vectors
        return Rope(rotary_dim=width).rotate(vectors, positions.reshape(-1), "query")


class BlockTopK(Softmax):
    """Mixture of block attention (MoBA): the `top` blocks by q · mean key, the own block included.

    Formula: block score q·mean(k in block); blocks that are masked in part, except the query's
    own, are not candidates; of equal blocks the first
    Paper: 2502.13189
    """

    name = "block-top-k"
    aliases = ("best-blocks",)
    key_local = False  # blocks are counted from the first key
    limits: ClassVar = {"top": (1, inf), "block": (1, inf)}
    top: int = 2
    block: int = 2

    def restrict_visible(
        self, logits: FloatArray, visible: BoolArray, inputs: Inputs
    ) -> BoolArray:
        """Keys of the selected blocks.    -> [head, query, key]"""
        visible = np.broadcast_to(visible, logits.shape)
        starts = np.arange(0, inputs.grid.n_key, self.block)
        sizes = np.diff(starts, append=inputs.grid.n_key)
        means = np.add.reduceat(inputs.key, starts, axis=1) / sizes[:, None]
        scores = inputs.query @ means.swapaxes(-1, -2)  # [head, query, block]
        unmasked = np.logical_and.reduceat(visible, starts, axis=-1)
        own = inputs.grid.q // self.block == np.arange(starts.size)
        selected = first_top_k_mask(np.where(own, np.inf, scores), unmasked | own, self.top)
        return visible & selected[..., np.arange(inputs.grid.n_key) // self.block]

    def selection_lines(self, pair: WeightPair) -> Lines:
        """The mean key of each complete block, its score, and the best of them"""
        own, at, keys = pair.i // self.block, pair.key // self.block, pair.inputs.key[pair.head]
        if own == at:
            yield ArithmeticLine("selected", (1, " (the block of the query)"), 1.0)
            return
        unmasked = pair.unmasked[pair.head, pair.query]
        blocks = {
            b: range(b * self.block, min((b + 1) * self.block, unmasked.size))
            for b in range(-(-unmasked.size // self.block))
        }
        blocks = {b: part for b, part in blocks.items() if b != own and unmasked[part].all()}
        if at not in blocks:
            yield ArithmeticLine("selected", (0, " (a block that is masked in part)"), 0.0)
            return
        sheet, scores = Worksheet(), []
        sheet.row("q", pair.q)
        for b, part in blocks.items():
            for t in part:
                sheet.row(subscript("k", t), keys[t])
            terms = " + ".join(subscript("k", t) for t in part)
            name, mean = subscript("m", b), keys[part].mean(axis=0)
            sheet.row(name, mean, f"({terms}) / {len(part)}")
            scores.append(float(pair.q @ mean))
            yield sheet.line(f"block {b}", (f"Σ (q × {name})",), scores[-1])
        sheet = Worksheet(list(map(str, blocks)))
        sheet.row("block", np.array(scores))
        rank, top = list(blocks).index(at), self.top - 1  # the query's own block is one of them
        yield from first_top_k_lines(sheet, "block", np.array(scores), rank, top)


def first_top_k_lines(sheet: Worksheet, name: str, scores: FloatArray, at: int, top: int) -> Lines:
    """The `top`-th largest of a row of scores, and whether one of them is selected.

    The sheet has printed the scores as `name`. Shapes: scores [candidate]
    """
    selected = bool(first_top_k_mask(scores, np.ones(scores.size, dtype=bool), top)[at])
    if top < 1:
        yield ArithmeticLine("selected", (0, " (no other is selected)"), 0.0)
        return
    n_selected, own = min(top, scores.size), float(scores[at])
    threshold = float(np.sort(scores)[-n_selected])
    pieces: tuple[Piece, ...] = ("min(largest(", n_selected, f", {name}))")
    yield sheet.line("threshold", pieces, threshold)
    pieces = ("[", own, " ≥ ", threshold, "]")
    if own == threshold and not selected:
        pieces = (0, " (of equal scores the first are selected)")
    yield ArithmeticLine("selected", pieces, float(selected))


def top_k_mask(scores: FloatArray, visible: BoolArray, top: int) -> BoolArray:
    """The visible keys that score no less than the `top`-th best.

    Shapes: [..., key], [..., key] -> [..., key]
    """
    scores = np.where(visible, scores, -np.inf)
    visible = np.broadcast_to(visible, scores.shape)
    if top >= scores.shape[-1]:
        return visible
    threshold = np.sort(scores, axis=-1)[..., -top, None]
    return visible & (scores >= threshold)


def first_top_k_mask(scores: FloatArray, visible: BoolArray, top: int) -> BoolArray:
    """The `top` visible keys of the largest scores, exactly; of equal ones the first.

    Shapes: [..., key], [..., key] -> [..., key]
    """
    scores = np.where(visible, scores, -np.inf)
    order = np.argsort(-scores, axis=-1, kind="stable")
    selected = np.zeros(scores.shape, dtype=bool)
    np.put_along_axis(selected, order[..., :top], values=True, axis=-1)
    return visible & selected


PARTS: tuple[type[Softmax], ...] = (TopK, LightningIndexer, BlockTopK)
