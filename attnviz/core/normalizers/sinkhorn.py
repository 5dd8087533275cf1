"""Normalizers over queries and keys together: Sinkhorn and slot attention."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from attnviz.core.arithmetic import SAFE_LOGIT, ArithmeticLine, Lines, WeightPair
from attnviz.core.arithmetic.worksheet import sentence, subscript
from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.inputs import Inputs
from attnviz.core.normalizers import Normalizer
from attnviz.core.visibility import broadcast_visible

SMALLEST = float(np.finfo(np.float32).tiny)  # exponentials below it are no numbers to write down
TOO_FAR_APART = "computed from logarithms: the scores are too far apart to write exp(S) down"


class Sinkhorn(Normalizer):
    """Sinkhorn iteration: rows and columns of exp(S) normalized alternately, rows last.

    Formula: exp(S), rows to 1, columns to 1, … rows to 1; `rounds` pairs after the first
    Paper: 2110.11773
    """

    name = "sinkhorn"
    row_local = False
    prefix_stable = False
    limits: ClassVar = {"rounds": (0, 10_000)}
    rounds: int = 10

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        shown = broadcast_visible(inputs, visible)
        log_weights = log_normalize(logits, shown, -1)
        for _ in range(self.rounds):
            log_weights = log_normalize(log_normalize(log_weights, shown, -2), shown, -1)
        return np.exp(log_weights)

    def explain_lines(self, pair: WeightPair) -> Lines:
        """The factors of rows and columns, of which the last two divisions are carried out"""
        shown = pair.visible[pair.head]
        kernel, exponent = exponentials(pair)
        if kernel[shown].min() < SMALLEST:
            yield ArithmeticLine("weight", (TOO_FAR_APART,), pair.weight)
            return
        queries = np.flatnonzero(shown.any(axis=1)).tolist()
        names = {i: f"exp({exponent}) of query {i}" for i in queries}
        row_factor: FloatArray = reciprocals(kernel.sum(axis=1))
        column_factor: FloatArray = np.ones(kernel.shape[1])
        for _ in range(self.rounds):
            before = row_factor
            column_factor = reciprocals(before @ kernel)
            row_factor = reciprocals(kernel @ column_factor)
        keys, mass_name, mass = pair.visible_keys, names[pair.query], kernel[pair.query]
        rows = [(name, kernel[i, keys]) for i, name in names.items()]
        if self.rounds:
            yield sentence(
                f"rows and columns of exp(S) are divided by their sums, {2 * self.rounds + 1} "
                "times in all, rows last; the last two divisions are shown. a are the factors of "
                "the rows before them"
            )
            for i in queries:
                pieces = (f"factor of row {i} after {2 * self.rounds - 1} divisions",)
                yield ArithmeticLine(subscript("a", i), pieces, float(before[i]))
            terms = " + ".join(f"{subscript('a', i)} × {name}" for i, name in names.items())
            rows.append((f"b = 1 / ({terms})", column_factor[keys]))
            mass_name, mass = f"{mass_name} × b", mass * column_factor
            rows.append((mass_name, mass[keys]))
        total = float(mass[keys].sum())
        yield ArithmeticLine("row sum", (f"Σ ({mass_name})",), total, pair.table(*rows))
        yield ArithmeticLine("weight", (float(mass[pair.key]), " / ", total), pair.weight)


class SlotAttention(Normalizer):
    """Slot attention: softmax over the queries, then division by the row sum.

    Formula: W = softmax over queries (S), A = W / Σ over keys W
    Paper: 2006.15055 (queries are its slots; one iteration, without its ε)
    """

    name = "slot-attention"
    aliases = ("inverted",)
    row_local = False
    prefix_stable = False

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        shown = broadcast_visible(inputs, visible)
        return np.exp(log_normalize(log_normalize(logits, shown, -2), shown, -1))

    def explain_lines(self, pair: WeightPair) -> Lines:
        """The softmax of each key over the queries, and its share of the row."""
        kernel, exponent = exponentials(pair)
        if kernel[pair.visible[pair.head]].min() < SMALLEST:
            yield ArithmeticLine("weight", (TOO_FAR_APART,), pair.weight)
            return
        mass = kernel[:, pair.visible_keys]
        rows = [(f"exp({exponent}) of query {i}", row) for i, row in enumerate(mass)]
        mine = rows[pair.query][0]
        name = f"{mine} / ({' + '.join(name for name, _ in rows)})"
        shares = mass[pair.query] / mass.sum(0)
        total, table = float(shares.sum()), pair.table(*rows, (name, shares))
        yield ArithmeticLine("row sum", (f"Σ ({name})",), total, table)
        yield ArithmeticLine("weight", (float(shares[pair.at]), " / ", total), pair.weight)


def exponentials(pair: WeightPair) -> tuple[FloatArray, str]:
    """exp(S) of the pair's head, 0 where masked, and how its exponent is written.

    From large scores an integer is subtracted, which changes no normalized weight.
    Shapes: -> [query, key]
    """
    shown, scores = pair.visible[pair.head], pair.logits[pair.head]
    shift, exponent, peak = 0, "S", float(scores[shown].max())
    if abs(peak) > SAFE_LOGIT:
        shift = round(peak)
        exponent = f"S − {shift}" if shift > 0 else f"S + {-shift}"
    masses = np.exp(np.where(shown, scores, -np.inf) - shift)
    return masses, exponent


def reciprocals(sums: FloatArray) -> FloatArray:
    """1 over each sum; 1 for a sum of 0.    [n] -> [n]"""
    return np.divide(1.0, sums, out=np.ones_like(sums), where=sums != 0)


def log_normalize(logits: FloatArray, shown: BoolArray, axis: int) -> FloatArray:
    """Log-softmax along an axis over the visible pairs; −∞ elsewhere.    [...] -> [...]"""
    logits = np.where(shown, logits, -np.inf)
    peak = logits.max(axis, keepdims=True, initial=-np.inf)
    peak = np.where(np.isneginf(peak), 0.0, peak).astype(logits.dtype)
    total = np.exp(logits - peak).sum(axis, keepdims=True)
    log_weights: FloatArray = logits - peak - np.log(np.where(total > 0, total, 1.0))
    return log_weights


PARTS = (Sinkhorn, SlotAttention)
