"""Slots by hand: keys are mixed into a few slots, and a query attends to the slots.

A slot's score is the mixture of the keys' products with the query, so that the mixed keys
themselves are never written down. Tables have a column per slot.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from math import sqrt
from typing import NamedTuple

import numpy as np

from attnviz.core.arithmetic import SAFE_LOGIT, ArithmeticLine, Lines, MapPair
from attnviz.core.arithmetic.worksheet import LinesTo, NamedVector, Worksheet, subscript
from attnviz.core.arrays import FloatArray

NumbersTo = Generator[ArithmeticLine, None, dict[int, float]]  # lines that lead to numbers


def product_lines(query: NamedVector, keys: Mapping[int, NamedVector]) -> NumbersTo:
    """c, the product of a query with each of some keys.

    Shapes: query [d], keys [d] by position -> lines, and a number by position
    """
    sheet, values = Worksheet(), {}
    for vector in (query, *keys.values()):
        sheet.row(*vector)
    for t, (name, key) in keys.items():
        values[t] = float(query[1] @ key)
        yield sheet.line(subscript("c", t), (f"Σ ({query[0]} × {name})",), values[t])
    return values


def softmax_rows(
    sheet: Worksheet, share: str, logits: Mapping[int, NamedVector]
) -> dict[int, FloatArray]:
    """Rows of a softmax over keys, by column of the sheet; `share` names the result.

    Shapes: [column] by position -> the same
    """
    values = np.array([vector for _, vector in logits.values()])
    peak, shift = np.zeros(values.shape[1]), ""
    if np.abs(values).max() > SAFE_LOGIT:
        peak, shift = values.max(axis=0), " − peak"
        sheet.row("peak", peak, f"max({', '.join(name for name, _ in logits.values())})")
    mass = {t: (f"exp({name}{shift})", np.exp(v - peak)) for t, (name, v) in logits.items()}
    total = np.exp(values - peak).sum(axis=0)
    sheet.row("total", total, " + ".join(name for name, _ in mass.values()))
    shares = {t: vector / total for t, (_, vector) in mass.items()}
    for t, (name, _) in mass.items():
        sheet.row(subscript(share, t), shares[t], f"{name} / total")
    return shares


def softmax_row_lines(
    sheet: Worksheet, products: NamedVector, divisor: int, share: str
) -> LinesTo:
    """The softmax of a row of products over √divisor; `share` names the result.

    Shapes: [column] -> lines, and the shares [column]
    """
    name, values = products
    sheet.row(name, values)
    name, logits, shift, peak = f"{name} / √{divisor}", values / sqrt(divisor), "", 0.0
    if np.abs(logits).max() > SAFE_LOGIT:
        peak, shift = float(logits.max()), f" − max {share}"
        yield sheet.line(f"max {share}", (f"max({name})",), peak)
    mass_name, mass = f"exp({name}{shift})", np.exp(logits - peak)
    sheet.row(mass_name, mass)
    total = float(mass.sum())
    yield sheet.line(f"total {share}", (f"Σ {mass_name}",), total)
    shares: FloatArray = mass / total
    sheet.row(share, shares, f"{mass_name} / total {share}")
    return shares


class ExponentialSum(NamedTuple):
    """A sum of exponentials, and the number that was subtracted from the exponents."""

    value: float
    shift: str = ""

    def mass(self, name: str) -> str:
        """The term of one score: exp(S₁), or exp(S₁ − max)"""
        return f"exp({name}{self.shift})"


def softmax_sum_lines(
    scores: Mapping[str, float],
) -> Generator[ArithmeticLine, None, ExponentialSum]:
    """The sum of the exponentials of scores that lines have named."""
    peak, shift = max(scores.values()), ""
    if max(map(abs, scores.values())) > SAFE_LOGIT:
        shift = " − max"
        yield ArithmeticLine("max", (f"max({', '.join(scores)})",), peak)
    total = float(sum(np.exp(s - (peak if shift else 0.0)) for s in scores.values()))
    row_sum = ExponentialSum(total, shift)
    terms = " + ".join(map(row_sum.mass, scores))
    yield ArithmeticLine("row sum", (terms,), total)
    return row_sum


def slot_lines(
    pair: MapPair,
    sheet: Worksheet,
    products: Mapping[int, float],
    shares: Mapping[int, NamedVector],
    read: NamedVector,
    *,
    scaled: bool = True,
) -> Lines:
    """The scores of the slots, their softmax, and the weight of the key in all slots together.

    Shapes: products [] and shares [slot] by position, read [slot] -> lines
    """
    d = pair.q.size
    score = np.sum([products[t] * share for t, (_, share) in shares.items()], axis=0)
    terms = " + ".join(f"{subscript('c', t)} × {name}" for t, (name, _) in shares.items())
    if scaled:
        score, terms = score / sqrt(d), f"({terms}) / √{d}"
    sheet.row("score", score, terms)
    peak, exponent = 0.0, "score"
    if np.abs(score).max() > SAFE_LOGIT:
        peak, exponent = float(score.max()), "score − max"
        yield sheet.line("max", ("max(score)",), peak)
    mass = np.exp(score - peak)
    sheet.row(f"exp({exponent})", mass)
    total = float(mass.sum())
    yield sheet.line("Σ exp", (f"Σ exp({exponent})",), total)
    name, _ = sheet.product({f"exp({exponent})": mass, read[0]: read[1]})
    yield sheet.line("weight", (f"Σ ({name}) / ", total), pair.weight)
