"""Low-rank attention: Linformer, Nyström, Luna."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from attnviz.core.arithmetic import Lines, MapPair
from attnviz.core.arithmetic.slots import (
    product_lines,
    slot_lines,
    softmax_row_lines,
    softmax_rows,
)
from attnviz.core.arithmetic.worksheet import NamedVector, Worksheet, sentence, subscript
from attnviz.core.arrays import BoolArray, FloatArray, Shape
from attnviz.core.inputs import Inputs, Sizes
from attnviz.core.mixers import Mixer
from attnviz.core.numerics import softmax
from attnviz.core.visibility import require_same_for_all

LARGEST_ERROR = 1e-9  # of an equation that holds


class Linformer(Mixer):
    """Linformer: learned projections of keys and values along the sequence, to `landmarks` rows.

    Formula: A = softmax(Q (E K)ᵀ/√d) F
    Paper: 2006.04768
    """

    name = "linformer"
    formula = "softmax(Q(EK)ᵀ/√d)F"
    signed = True
    prefix_stable: ClassVar[bool] = False
    limits: ClassVar = {"landmarks": (1, 65536)}
    landmarks: int = 4

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """E and F [landmark, key]"""
        shape = (self.landmarks, sizes.n_key)
        return {"e_linformer": shape, "f_linformer": shape}

    def __call__(self, inputs: Inputs, visible: BoolArray) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        unmasked = require_same_for_all(inputs, visible, self.name)
        landmarks = inputs.param("e_linformer") @ np.where(unmasked, inputs.key, 0.0)
        return softmax_attention(inputs.query, landmarks) @ inputs.param("f_linformer")

    def explain_lines(self, pair: MapPair) -> Lines:
        """q·k of each key, the scores of the landmarks, and their softmax times F"""
        keys = visible_keys(pair)
        products = yield from product_lines(("q", pair.q), keys)
        sheet, matrix = Worksheet(), pair.param("e_linformer")
        rows = {t: (subscript("E", t), matrix[:, t]) for t in keys}
        for row in rows.values():
            sheet.row(*row)
        of_key = pair.param("f_linformer")[:, pair.j]
        yield from slot_lines(pair, sheet, products, rows, (subscript("F", pair.j), of_key))


class Nystrom(Mixer):
    """Nyströmformer: the softmax matrix, approximated from segment means (landmarks).

    Formula: A = softmax(Q K̃ᵀ/√d) · softmax(Q̃ K̃ᵀ/√d)⁺ · softmax(Q̃ Kᵀ/√d); Q̃ and K̃ are means of
    segments, ⁺ the pseudo-inverse
    Paper: 2102.03902 (which iterates towards ⁺; here it is exact)
    """

    name = "nystrom"
    formula = "softmax(QK̃ᵀ)softmax(Q̃K̃ᵀ)⁺softmax(Q̃Kᵀ)"
    signed = True
    prefix_stable: ClassVar[bool] = False
    limits: ClassVar = {"landmarks": (1, 65536)}
    landmarks: int = 4

    def __call__(self, inputs: Inputs, visible: BoolArray) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        unmasked = require_same_for_all(inputs, visible, self.name)
        return np.stack(
            [
                self.approximate_head(query, key, shown[:, 0])
                for query, key, shown in zip(inputs.query, inputs.key, unmasked, strict=True)
            ]
        )

    def approximate_head(self, query: FloatArray, key: FloatArray, shown: BoolArray) -> FloatArray:
        """[query, d], [key, d], [key] -> [query, key]"""
        weights = np.zeros((len(query), len(key)), dtype=query.dtype)
        if not shown.any():
            return weights
        key = key[shown]
        query_landmarks = segment_means(query, self.landmarks)
        key_landmarks = segment_means(key, self.landmarks)
        inverse = np.linalg.pinv(softmax_attention(query_landmarks, key_landmarks))
        left = softmax_attention(query, key_landmarks)
        weights[:, shown] = left @ inverse @ softmax_attention(query_landmarks, key)
        return weights

    def explain_lines(self, pair: MapPair) -> Lines:
        """The softmax of q over mean keys, y with y M = that row, and y times the last matrix"""
        shown = pair.visible[pair.head, pair.query]
        key, d = pair.inputs.key[pair.head, shown], pair.q.size
        query_means = segment_means(pair.inputs.query[pair.head], self.landmarks)
        key_means = segment_means(key, self.landmarks)
        segments = segment_text("queries", pair.inputs.grid.n_query, len(query_means))
        of_keys = segment_text("keys", len(key), len(key_means))
        yield sentence(f"q̃ are means of {segments}, k̃ of {of_keys}, ⁺ is the pseudo-inverse")
        sheet = Worksheet()
        left = yield from softmax_row_lines(sheet, ("q·k̃", key_means @ pair.q), d, "left")
        rows = []
        for m, mean in enumerate(query_means):
            name = f"{subscript('q̃', m)}·k̃"
            products = key_means @ mean
            rows.append(
                (yield from softmax_row_lines(sheet, (name, products), d, subscript("M", m)))
            )
        solution = left @ np.linalg.pinv(np.array(rows))
        again = solution @ np.array(rows)
        error = float(np.abs(again - left).max())
        terms = []
        for m, value in enumerate(solution):
            yield sheet.line(subscript("y", m), (f"entry {m} of left M⁺",), float(value))
            terms.append(f"{subscript('y', m)} × ")
        if error < LARGEST_ERROR:
            formula = " + ".join(f"{term}{subscript('M', m)}" for m, term in enumerate(terms))
            sheet.row("left again", again, formula)
            yield sheet.line("error", ("max(abs(left again − left))",), error)
        sheet = Worksheet([pair.columns[t] for t in np.flatnonzero(shown)])
        weights = np.zeros(len(key))
        for m, mean in enumerate(query_means):
            products = (f"{subscript('q̃', m)}·k", key @ mean)
            row = yield from softmax_row_lines(sheet, products, d, subscript("R", m))
            weights += solution[m] * row
        formula = " + ".join(f"{term}{subscript('R', m)}" for m, term in enumerate(terms))
        sheet.row("weights", weights, formula)
        own = float(weights[np.count_nonzero(shown[: pair.key])])
        yield sheet.line("weight", (own,), pair.weight)


class Luna(Mixer):
    """Luna: pack attention from learned vectors to the keys, then unpack attention to these.

    Formula: A = softmax(Q (P K)ᵀ/√d) P, P = softmax(L Kᵀ/√d), L learned
    Paper: 2106.01540 (whose second step projects the packed vectors again; here they keep the
    projection of the keys); the same two steps as the induced set attention block of 1810.00825
    """

    name = "luna"
    formula = "softmax(Q(PK)ᵀ/√d)P, P = softmax(LKᵀ/√d)"
    row_sum = "1"
    prefix_stable: ClassVar[bool] = False
    limits: ClassVar = {"landmarks": (1, 65536)}
    landmarks: int = 4

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """L [landmark, d]"""
        return {"l_luna": (self.landmarks, sizes.d)}

    def __call__(self, inputs: Inputs, visible: BoolArray) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        unmasked = require_same_for_all(inputs, visible, self.name)
        key = np.where(unmasked, inputs.key, 0.0)
        pack = softmax_attention(inputs.param("l_luna"), key, unmasked.swapaxes(1, 2))
        return softmax_attention(inputs.query, pack @ key) @ pack

    def explain_lines(self, pair: MapPair) -> Lines:
        """q·k of each key, the softmax of each learned vector over the keys, and its scores"""
        keys = visible_keys(pair)
        products = yield from product_lines(("q", pair.q), keys)
        sheet, logits = Worksheet(), {}
        for t, (name, key) in keys.items():
            inner = pair.param("l_luna") @ key
            sheet.row(f"L{name}", inner)
            logits[t] = (f"L{name} / √{key.size}", inner / np.sqrt(key.size))
        shares = {
            t: (subscript("P", t), share) for t, share in softmax_rows(sheet, "P", logits).items()
        }
        yield from slot_lines(pair, sheet, products, shares, shares[pair.j])


def visible_keys(pair: MapPair) -> dict[int, NamedVector]:
    """The keys visible to the query, by position, named k₀, k₁, …"""
    positions = np.flatnonzero(pair.visible[pair.head, pair.query]).tolist()
    return {t: (subscript("k", t), pair.inputs.key[pair.head, t]) for t in positions}


def softmax_attention(
    query: FloatArray, key: FloatArray, visible: BoolArray | None = None
) -> FloatArray:
    """softmax(Q Kᵀ/√d), by default without a mask.

    Shapes: [..., query, d], [..., key, d] -> [..., query, key]
    """
    shown = np.ones((1, 1), dtype=bool) if visible is None else visible
    return softmax(query @ key.swapaxes(-1, -2) / np.sqrt(query.shape[-1]), shown)


def segment_means(vectors: FloatArray, n: int) -> FloatArray:
    """Means of at most n segments of nearly equal length.    [token, d] -> [n, d]"""
    segments = np.array_split(vectors, min(n, len(vectors)))
    return np.stack([segment.mean(0) for segment in segments])


def segment_text(name: str, n: int, n_segment: int) -> str:
    """The positions of each segment: queries 0 to 1, 2 to 2

    >>> segment_text("keys", 3, 2)
    'keys 0 to 1, 2 to 2'
    """
    segments = np.array_split(np.arange(n), n_segment)
    return f"{name} {', '.join(f'{part[0]} to {part[-1]}' for part in segments)}"


PARTS = (Linformer, Nystrom, Luna)
