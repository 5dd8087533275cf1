"""Recurrences by hand: a query carried back, token by token, to the key that it reads.

The state of a delta rule or of a product of Householder matrices is linear in the values. The
weight of a key is the key times the query, after the query has passed the transition of every
later token.
"""

from __future__ import annotations

import numpy as np

from attnviz.core.arithmetic.worksheet import LinesTo, NamedVector, Worksheet, subscript
from attnviz.core.arrays import FloatArray
from attnviz.core.numerics import silu


def unit_lines(sheet: Worksheet, name: str, formula: str, vector: FloatArray) -> LinesTo:
    """The norm of a vector that the sheet names `formula`, and its unit vector, named `name`.

    Shapes: [d] -> lines, and the unit vector [d]; of a zero vector, the zero vector
    """
    length = float(np.linalg.norm(vector))
    yield sheet.line(f"‖{formula}‖", (f"√(Σ ({formula}²))",), length)
    if length == 0.0:
        sheet.row(name, vector, f"0 × {formula}")
        return vector
    unit: FloatArray = vector / length
    sheet.row(name, unit, f"{formula} / ‖{formula}‖")
    return unit


def reflection_lines(
    sheet: Worksheet,
    carried: FloatArray,
    step: tuple[int, str],
    key: NamedVector,
    strength: NamedVector,
    decay: NamedVector | None = None,
) -> LinesTo:
    """The carried query r after (I − β k kᵀ), and after a decay: α ∘ (r − β (r·k) k).

    `step` are the index of r and the name of the product r·k; `decay` is a vector or a number.
    Shapes: carried [d], key [d], strength [], decay [d] or [] -> lines, and the next r [d]
    """
    index, product = step
    before = subscript("r", index)
    inner = sheet.sum_of_products(product, {before: carried, key[0]: key[1]})
    yield inner
    formula = f"{before} − {strength[0]} × {product} × {key[0]}"
    after: FloatArray = carried - strength[1] * inner.value * key[1]
    if decay is not None:
        formula, after = f"{decay[0]} × ({formula})", decay[1] * after
    sheet.row(subscript("r", index + 1), after, formula)
    return after


def silu_unit_lines(sheet: Worksheet, name: str, source: str, vector: FloatArray) -> LinesTo:
    """The unit vector, named `name`, of silu(x); the vector x is named `source`.

    Shapes: [d] -> lines, and the unit vector [d]
    """
    formula, activated = f"silu({source})", silu(vector)
    sheet.row(source, vector)
    sheet.row(formula, activated)
    unit = yield from unit_lines(sheet, name, formula, activated)
    return unit
