"""Native sparse attention (NSA): block means, selected blocks and a window, gated and added."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import replace
from math import inf
from typing import ClassVar

import numpy as np

from attnviz.core.arithmetic import ArithmeticLine, Lines, Piece, WeightPair, softmax_lines
from attnviz.core.arithmetic.slots import softmax_sum_lines
from attnviz.core.arithmetic.worksheet import Worksheet, sentence
from attnviz.core.arrays import BoolArray, FloatArray, Shape
from attnviz.core.inputs import Inputs, Sizes
from attnviz.core.normalizers import Normalizer
from attnviz.core.normalizers.key_selection import first_top_k_mask
from attnviz.core.numerics import sigmoid, softmax
from attnviz.core.visibility import broadcast_visible


class NativeSparse(Normalizer):
    """Native sparse attention (NSA): three branches, each with a gate per head and query.

    Formula: A = g_c A_c + g_s A_s + g_w A_w, g = σ(W x_i); A_c is the softmax over the mean
    scores of blocks that end before or at the query, shared by the keys of a block; A_s the
    softmax over the keys of the `top` blocks: the first, the query's own, the one before it, and
    the best of A_c; A_w the softmax over the last `window` keys
    Paper: 2502.11089 (where an MLP compresses a block; the mean is that of the reference)
    """

    name = "native-sparse"
    row_sum = "any"
    key_local = False  # a block is complete whatever its keys
    limits: ClassVar = {"block": (1, inf), "top": (1, inf), "window": (1, inf)}
    block: int = 2
    top: int = 4
    window: int = 3

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """W [3, d_model]: compressed, selected, window"""
        return {"w_branches": (3, sizes.d_model)}

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        grid = inputs.grid
        shown = broadcast_visible(inputs, visible) & (grid.k <= grid.q) & (logits > -np.inf)
        gates = sigmoid(inputs.project("w_branches", inputs.query_source))[..., None, :]
        block_of_key = np.arange(grid.n_key) // self.block
        compressed, n_shown = self.compressed(np.where(shown, logits, 0.0), shown, inputs)
        share = np.divide(compressed, n_shown, out=np.zeros_like(compressed), where=n_shown > 0)
        weights = gates[..., 0] * np.where(shown, share[..., block_of_key], 0.0)
        selected = self.selected(compressed, n_shown, inputs)[..., block_of_key]
        weights += gates[..., 1] * softmax(logits, shown & selected)
        near = grid.q - grid.k < self.window
        return weights + gates[..., 2] * softmax(logits, shown & near)

    def compressed(
        self, logits: FloatArray, shown: BoolArray, inputs: Inputs
    ) -> tuple[FloatArray, FloatArray]:
        """Weights of complete blocks, and the number of visible keys of each.

        Shapes: [head, query, key], [head, query, key] -> [head, query, block], the same
        """
        starts = np.arange(0, inputs.grid.n_key, self.block)
        n_shown = np.add.reduceat(shown, starts, axis=-1, dtype=logits.dtype)
        scores = np.add.reduceat(logits, starts, axis=-1) / np.maximum(n_shown, 1.0)
        complete = starts + self.block - 1 <= inputs.grid.q
        return softmax(scores, complete & (n_shown > 0)), n_shown

    def selected(self, compressed: FloatArray, n_shown: FloatArray, inputs: Inputs) -> BoolArray:
        """The selected blocks, of equal weights the first.    -> [head, query, block]"""
        blocks = np.arange(compressed.shape[-1])
        own = inputs.grid.q // self.block
        forced = (blocks == 0) | (blocks == own) | (blocks == own - 1)
        scores = np.where(forced, 2.0, compressed)  # above every weight
        return first_top_k_mask(scores, (blocks <= own) & (n_shown > 0), self.top)

    def explain_lines(self, pair: WeightPair) -> Lines:
        """The gates, the share of the key in each branch, and their sum"""
        drive = pair.param("w_branches") @ pair.query_source
        sheet, gates = Worksheet(["compressed", "selected", "window"]), []
        sheet.row("Wx", drive)
        for name, value in zip("csw", drive.tolist(), strict=True):
            gates.append(float(sigmoid(np.array(value))))
            yield sheet.line(f"gate {name}", ("σ(", value, ")"), gates[-1])
        positions = np.arange(pair.all_logits.size)
        shown = pair.visible_keys & (positions <= pair.i)
        blocks, compressed = yield from self.block_lines(pair, shown)
        selected = shown & np.isin(positions // self.block, blocks)
        near = shown & (pair.i - positions < self.window)
        terms: list[Piece] = [gates[0], " × ", compressed]
        for gate, label, keys in ((gates[1], "selected", selected), (gates[2], "window", near)):
            share = 0.0
            if keys[pair.key]:
                branch = replace(pair, visible=np.broadcast_to(keys, pair.visible.shape))
                *lines, line = softmax_lines(branch, ("logit", branch.row), label=label)
                yield from (*lines, line)
                share = line.value
            else:
                yield ArithmeticLine(label, (0, " (not among its keys)"), share)
            terms += [" + ", gate, " × ", share]
        yield ArithmeticLine("weight", tuple(terms), pair.weight)

    def block_lines(
        self, pair: WeightPair, shown: BoolArray
    ) -> Generator[ArithmeticLine, None, tuple[list[int], float]]:
        """The softmax over complete blocks, and the blocks that it selects.

        Shapes: shown [key] -> lines, the selected blocks and the compressed weight of the key
        """
        sheet, means, members = Worksheet([pair.columns[t] for t in np.flatnonzero(shown)]), {}, {}
        sheet.row("logit", pair.all_logits[shown])
        for b in range(pair.i // self.block + 1):
            keys = [t for t in range(b * self.block, (b + 1) * self.block) if t < shown.size]
            members[b] = [t for t in keys if shown[t]]
            if members[b] and (b + 1) * self.block - 1 <= pair.i:
                logits = pair.all_logits[members[b]].tolist()
                terms: list[Piece] = [piece for logit in logits for piece in (" + ", logit)]
                means[b] = float(np.mean(logits))
                pieces: tuple[Piece, ...] = ("(", *terms[1:], ") / ", len(logits))
                yield sheet.line(f"block {b}", pieces, means[b])
        weights, at = {}, pair.key // self.block
        if means:
            total = yield from softmax_sum_lines({f"block {b}": m for b, m in means.items()})
            peak = max(means.values()) if total.shift else 0.0
            for b, mean in means.items():
                weights[b] = float(np.exp(mean - peak)) / total.value
                pieces = (total.mass(f"block {b}"), " / ", total.value)
                yield ArithmeticLine(f"weight of block {b}", pieces, weights[b])
        compressed = weights.get(at, 0.0) / len(members[at])
        pieces = (
            (weights[at], " / ", len(members[at]))
            if at in weights
            else (0, " (no complete block)")
        )
        yield ArithmeticLine("compressed", pieces, compressed)
        own = pair.i // self.block
        scores = np.array(
            [2.0 if b in (0, own, own - 1) else weights.get(b, 0.0) for b in members]
        )
        present = np.array([bool(keys) for keys in members.values()])
        best = np.flatnonzero(first_top_k_mask(scores, present, self.top)).tolist()
        names = ", ".join(map(str, best))
        yield sentence(
            f"selected are the keys of the blocks {names}: the first, the query's own, the one "
            f"before it, and those of the largest weights, up to {self.top} blocks"
        )
        return best, compressed


PARTS: tuple[type[Normalizer], ...] = (NativeSparse,)
