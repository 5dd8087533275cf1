"""Sparse Sinkhorn attention: blocks attend to themselves and to one block of sorted keys."""

from __future__ import annotations

from collections.abc import Generator
from math import inf, nan, sqrt
from typing import ClassVar

import numpy as np

from attnviz.core.arithmetic import ArithmeticLine, Lines, MapPair, Piece
from attnviz.core.arithmetic.slots import product_lines, softmax_sum_lines
from attnviz.core.arithmetic.worksheet import Worksheet, sentence, subscript
from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.inputs import Inputs
from attnviz.core.mixers import Mixer
from attnviz.core.numerics import softmax
from attnviz.core.visibility import require_same_for_all, require_self_attention

SMALLEST = 1e-6  # the reference's, added before the logarithm


class SortedBlocks(Mixer):
    """Sparse Sinkhorn attention: a soft permutation of blocks brings each block a distant one.

    Formula: R = Sinkhorn(relu(q̄_u·k̄_v/√d)^(1/temperature)) over blocks u and v, rows and columns
    divided by their sums in turn, columns last; the queries of block u attend to its own keys and
    to the keys k′_us = Σ_v R_uv k_vs, whose weight on slot s goes to token s of each block v by
    R_uv. q̄ and k̄ are the means of a block.
    Paper: 2002.11296 (with a network that sorts; this rule, without Gumbel noise, is that of the
    reference)
    """

    name = "sorted-blocks"
    formula = "softmax over own keys and Σ_v R_uv k_v"
    prefix_stable = False  # a block is sorted by its means
    limits: ClassVar = {"block": (1, inf), "rounds": (0, 10_000), "temperature": (1e-6, 1e6)}
    block: int = 2
    rounds: int = 7
    temperature: float = 0.75

    def __call__(self, inputs: Inputs, visible: BoolArray) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        require_self_attention(inputs, self.name)
        shown = require_same_for_all(inputs, visible, self.name)  # [head, key, 1]
        key = np.where(shown, inputs.key, 0.0)
        n_head, n_token, d = key.shape
        width = self.width(n_token)
        n_block = -(-n_token // width)
        pad = ((0, 0), (0, n_block * width - n_token), (0, 0))
        query, key, shown = (np.pad(a, pad) for a in (inputs.query, key, shown))
        present = shown.reshape(n_head, n_block, width)
        blocks = key.reshape(n_head, n_block, width, d)
        order = self.order(query.reshape(blocks.shape), blocks, present)
        sorted_key = np.einsum("huv,hvsd->husd", order, blocks)
        both = np.concatenate([sorted_key, blocks], axis=2)  # [head, block, 2 width, d]
        slots = np.logical_or.reduce(present, axis=1, keepdims=True)  # [head, 1, width]
        seen = np.concatenate([np.broadcast_to(slots, present.shape), present], axis=2)
        scores = query.reshape(blocks.shape) @ both.swapaxes(-1, -2) / sqrt(d)
        local = softmax(scores, np.broadcast_to(seen[:, :, None], scores.shape))
        distant = np.einsum("huis,huv,hvs->huivs", local[..., :width], order, present)
        for u in range(n_block):
            distant[:, u, :, u] += local[:, u, :, width:]
        weights: FloatArray = distant.reshape(n_head, n_block * width, n_block * width)
        return weights[:, :n_token, :n_token]

    def order(self, query: FloatArray, key: FloatArray, present: BoolArray) -> FloatArray:
        """R, the share of each block in the sorted one.

        Shapes: [head, block, width, d], the same, [head, block, width] -> [head, block, block]
        """
        scores = mean_products(query, key, present) / sqrt(query.shape[-1])
        logs = np.log(np.maximum(scores, 0.0) + SMALLEST) / self.temperature
        for _ in range(self.rounds):
            logs = logs - log_sum(logs, 2)
            logs = logs - log_sum(logs, 1)
        return np.exp(logs)

    def width(self, n_token: int) -> int:
        """The number of tokens of a block."""
        return min(self.block, max(n_token, 1))

    def explain_lines(self, pair: MapPair) -> Lines:
        """R of the query's block, the scores of its slots and own keys, and their softmax"""
        width = self.width(len(pair.inputs.key[0]))
        block, shown = pair.i // width, pair.visible[pair.head, pair.query]
        keys = {t: pair.inputs.key[pair.head, t] for t in np.flatnonzero(shown).tolist()}
        share = yield from self.order_lines(pair, shown, width)
        named = {t: (subscript("k", t), key) for t, key in keys.items()}
        products = yield from product_lines(("q", pair.q), named)
        root, scores = f"√{pair.q.size}", {}
        for slot in range(width):
            members = [t for t in keys if t % width == slot]
            if not members:
                continue
            name = f"S of slot {slot}"
            terms: list[Piece] = []
            for t in members:
                terms += [" + ", share[t // width], f" × {subscript('c', t)}"]
            value = sum(share[t // width] * products[t] for t in members) / sqrt(pair.q.size)
            scores[name] = value
            yield ArithmeticLine(name, ("(", *terms[1:], f") / {root}"), value)
        for t in (t for t in keys if t // width == block):
            name = subscript("S", t)
            scores[name] = products[t] / sqrt(pair.q.size)
            yield ArithmeticLine(name, (f"{subscript('c', t)} / {root}",), scores[name])
        total = yield from softmax_sum_lines(scores)
        mass = total.mass(f"S of slot {pair.j % width}")
        pieces: tuple[Piece, ...] = (share[pair.j // width], f" × {mass} / ", total.value)
        if pair.j // width == block:
            own = total.mass(subscript("S", pair.j))
            pieces += (f" + {own} / ", total.value)
        yield ArithmeticLine("weight", pieces, pair.weight)

    def order_lines(
        self, pair: MapPair, shown: BoolArray, width: int
    ) -> Generator[ArithmeticLine, None, list[float]]:
        """The last two divisions of R, by rows and by columns; the shares of the query's block.

        Shapes: shown [key] -> lines, and a number per block
        """
        n_token = shown.size
        n_block = -(-n_token // width)
        pad = ((0, n_block * width - n_token), (0, 0))
        shape = (1, n_block, width)
        present = np.pad(shown, pad[0]).reshape(shape)
        query, key = (
            np.pad(a[pair.head], pad).reshape(*shape, pair.q.size)
            for a in (pair.inputs.query, pair.inputs.key)
        )
        products = mean_products(query, np.where(present[..., None], key, 0.0), present)[0]
        kernel = (np.maximum(products / sqrt(pair.q.size), 0.0) + SMALLEST) ** (
            1.0 / self.temperature
        )
        row_factor, column_factor = np.ones(n_block), np.ones(n_block)
        for _ in range(self.rounds):
            before = column_factor
            row_factor = 1.0 / (kernel @ before)
            column_factor = 1.0 / (row_factor @ kernel)
        text = (
            f"R: rows and columns of K divided by their sums, {2 * self.rounds} times in all, of "
            "which the last two are shown; q̄ and k̄ are means of blocks, columns are blocks"
        )
        yield sentence(text)
        sheet = Worksheet()
        for u in range(n_block):
            name = f"{subscript('q̄', u)}·k̄"
            sheet.row(name, products[u])
            formula = f"(relu({name} / √{pair.q.size}) + {SMALLEST})^(1 / {self.temperature:g})"
            sheet.row(subscript("K", u), kernel[u], formula)
        block = pair.i // width
        shares = kernel[block]
        if self.rounds:
            sheet.row("b", before)
            for u in range(n_block):
                pieces = (f"1 / Σ ({subscript('K', u)} × b)",)
                yield sheet.line(subscript("a", u), pieces, float(row_factor[u]))
            shares = row_factor[block] * shares * column_factor
            columns = (f"{subscript('a', u)} × {subscript('K', u)}" for u in range(n_block))
            formula = (
                f"{subscript('a', block)} × {subscript('K', block)} / ({' + '.join(columns)})"
            )
            sheet.row("R", shares, formula)
        yield sheet.line("", ("the row of R of the query's block",), nan)
        return shares.tolist()


def mean_products(query: FloatArray, key: FloatArray, present: BoolArray) -> FloatArray:
    """Products of the mean query of each block with the mean key of each.

    Shapes: [head, block, width, d], the same, [head, block, width] -> [head, block, block]
    """
    count = np.maximum(present.sum(-1), 1)[..., None]
    of_query = np.where(present[..., None], query, 0.0).sum(2) / count
    products: FloatArray = of_query @ (key.sum(2) / count).swapaxes(1, 2)
    return products


def log_sum(logs: FloatArray, axis: int) -> FloatArray:
    """log Σ exp over an axis, which stays.    [..., n] -> [..., 1]"""
    peak = logs.max(axis, keepdims=True)
    return peak + np.log(np.exp(logs - peak).sum(axis, keepdims=True))


PARTS = (SortedBlocks,)
