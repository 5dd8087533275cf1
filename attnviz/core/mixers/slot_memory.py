"""Bounded memory: tokens are written to a few slots, and queries attend to the slots."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import sqrt
from typing import ClassVar

import numpy as np

from attnviz.core.arithmetic import Lines, MapPair
from attnviz.core.arithmetic.slots import NumbersTo, product_lines, slot_lines, softmax_rows
from attnviz.core.arithmetic.worksheet import NamedVector, Worksheet, subscript
from attnviz.core.arrays import BoolArray, FloatArray, Shape
from attnviz.core.inputs import Inputs, Sizes
from attnviz.core.map_metadata import RowSum
from attnviz.core.mixers import CausalMixer
from attnviz.core.mixers.gated_recurrence import causal_part, decay_scores, select_query_steps
from attnviz.core.numerics import sigmoid, silu, softmax, softplus
from attnviz.core.visibility import causal_history


class SlotMemory(CausalMixer):
    """Attention to `slots` memory slots, each a weighted sum of the past keys and values.

    Formula: A_ij = Σ_m softmax over m (q_i·Σ_l W_iml k_l) W_imj, W the weights of the slots
    """

    limits: ClassVar = {"slots": (1, 1024)}
    n_array = 6
    scaled: ClassVar[bool] = True  # scores are divided by √d
    slots: int = 4

    def features(self, inputs: Inputs, unmasked: BoolArray) -> tuple[FloatArray, FloatArray]:
        """Queries and keys whose products are the scores.

        Shapes: -> [head, query, d], [head, key, d]
        """
        raise TypeError(f"{type(self).__name__} does not define features")

    def slot_weights(self, inputs: Inputs, unmasked: BoolArray) -> Iterator[FloatArray]:
        """For each slot, the weights of the tokens in it.    -> [head, query, key]"""
        raise TypeError(f"{type(self).__name__} does not define slot_weights")

    def __call__(self, inputs: Inputs, visible: BoolArray) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        unmasked = causal_history(inputs, visible, self.name)
        query, key = self.features(inputs, unmasked)
        pairs = query @ key.swapaxes(1, 2)
        scores = np.stack(
            [(pairs * of_slot).sum(-1) for of_slot in self.slot_weights(inputs, unmasked)], axis=-1
        )  # [head, query, slot]
        reads = softmax(scores, np.ones((1, 1, 1), dtype=bool))
        weights = np.zeros_like(pairs)
        for m, of_slot in enumerate(self.slot_weights(inputs, unmasked)):
            weights += reads[..., m, None] * of_slot
        return weights

    def past_lines(self, pair: MapPair, tokens: list[int]) -> Lines:
        """The products of the query and the past keys, the slots' scores, and their softmax"""
        del tokens
        past = [t for t in range(pair.i + 1) if pair.visible[pair.head, pair.query, t]]
        keys = {t: (subscript("k", t), pair.inputs.key[pair.head, t]) for t in past}
        products = yield from self.query_lines(pair, keys)
        sheet = Worksheet()
        shares = {
            t: (subscript("P", t), share)
            for t, share in self.share_rows(pair, sheet, past).items()
        }
        read = shares[pair.j]
        yield from slot_lines(pair, sheet, products, shares, read, scaled=self.scaled)

    def query_lines(self, pair: MapPair, keys: dict[int, NamedVector]) -> NumbersTo:
        """The product of the query with each key    [d] by position -> lines, and the products"""
        products = yield from product_lines(("q", pair.q), keys)
        return products

    def share_rows(
        self, pair: MapPair, sheet: Worksheet, past: list[int]
    ) -> dict[int, FloatArray]:
        """Rows that lead to the weights of the past tokens in the slots.    -> [slot] each"""
        raise TypeError(f"{type(self).__name__} does not define share_rows")


class GatedSlots(SlotMemory):
    """Gated slot attention (GSA): a forget gate per slot; what it lets go, it writes.

    Formula: W_imj = (1 − α_jm) Π_{j<l≤i} α_lm, α = σ(w_m·x)^(1/tau), q and k after SiLU
    Paper: 2409.07146 (without layer inputs, x is the key)
    """

    name = "gated-slots"
    formula = "Σ_m softmax_m(qᵢ·K̃ᵢ)(1−α_jm) Π α_lm, j<l≤i"
    row_sum: ClassVar[RowSum] = "at most 1"
    scaled = False
    limits: ClassVar = SlotMemory.limits | {"tau": (1e-6, 1e6)}
    tau: float = 8.0

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """w [slot, d_model]"""
        return {"w_gated_slots": (self.slots, sizes.d_model)}

    def features(self, inputs: Inputs, unmasked: BoolArray) -> tuple[FloatArray, FloatArray]:
        """After SiLU, unscaled.    -> [head, query, d], [head, key, d]"""
        return silu(inputs.query), silu(np.where(unmasked, inputs.key, 0.0))

    def slot_weights(self, inputs: Inputs, unmasked: BoolArray) -> Iterator[FloatArray]:
        """-> [head, query, key] for each slot"""
        drive = inputs.project("w_gated_slots", inputs.key_source)
        log_gate = -softplus(-np.where(unmasked, drive, np.inf)) / self.tau
        total = np.cumsum(log_gate, axis=1)
        at_query, written = select_query_steps(total, inputs), -np.expm1(log_gate)
        one = np.ones((*at_query.shape[:2], 1), dtype=total.dtype)
        for m in range(self.slots):
            slot = slice(m, m + 1)
            yield causal_part(
                decay_scores(one, written[..., slot], at_query[..., slot], total[..., slot]),
                inputs,
            )

    def query_lines(self, pair: MapPair, keys: dict[int, NamedVector]) -> NumbersTo:
        """The products after SiLU    [d] by position -> lines, and the products"""
        sheet = Worksheet()
        sheet.row("q", pair.q)
        for name, key in keys.values():
            sheet.row(name, key)
        sheet.row("silu(q)", silu(pair.q))
        products = {}
        for t, (name, key) in keys.items():
            factors = {"silu(q)": silu(pair.q), f"silu({name})": silu(key)}
            line = sheet.sum_of_products(subscript("c", t), factors)
            products[t] = line.value
            yield line
        return products

    def share_rows(
        self, pair: MapPair, sheet: Worksheet, past: list[int]
    ) -> dict[int, FloatArray]:
        """1 − α of a token, times the α of the tokens after it.    -> [slot] each"""
        inputs, gates, shares = pair.inputs, {}, {}
        drive = pair.of_head(inputs.project("w_gated_slots", inputs.key_source))
        for t in past:
            name = subscript("Wx", t)
            gates[t] = sigmoid(drive[t]) ** (1.0 / self.tau)
            sheet.row(name, drive[t])
            sheet.row(subscript("α", t), gates[t], f"σ({name})^(1 / {self.tau:g})")
        for n, t in enumerate(past):
            later = past[n + 1 :]
            shares[t] = np.prod([1.0 - gates[t], *(gates[later_t] for later_t in later)], axis=0)
            names = (subscript("α", later_t) for later_t in later)
            formula = " × ".join([f"(1 − {subscript('α', t)})", *names])
            sheet.row(subscript("P", t), shares[t], formula)
        return shares


class BoundedSlots(SlotMemory):
    """Attention with bounded-memory control (ABC): a softmax over the past for each slot.

    Formula: W_imj = softmax over j ≤ i (w_m·x_j), scores divided by √d
    Paper: 2110.02488 (its learned control, ABC-MLP; without layer inputs, x is the key)
    """

    name = "bounded-slots"
    formula = "Σ_m softmax_m(qᵢ·K̃ᵢ/√d) softmaxⱼ(w_m·xⱼ)"
    row_sum: ClassVar[RowSum] = "1"
    clamp: ClassVar[float] = 32.0  # the reference's bound of a slot's scores

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """w [slot, d_model]"""
        return {"w_bounded_slots": (self.slots, sizes.d_model)}

    def features(self, inputs: Inputs, unmasked: BoolArray) -> tuple[FloatArray, FloatArray]:
        """Queries divided by √d.    -> [head, query, d], [head, key, d]"""
        return inputs.query / sqrt(inputs.query.shape[-1]), np.where(unmasked, inputs.key, 0.0)

    def slot_weights(self, inputs: Inputs, unmasked: BoolArray) -> Iterator[FloatArray]:
        """-> [head, query, key] for each slot"""
        drive = np.where(unmasked, inputs.project("w_bounded_slots", inputs.key_source), 0.0)
        drive = np.clip(drive, -self.clamp, self.clamp).swapaxes(1, 2)  # [head, slot, key]
        past = unmasked.swapaxes(1, 2) & (inputs.grid.k <= inputs.grid.q)
        for m in range(self.slots):
            yield softmax(np.broadcast_to(drive[:, m, None], past.shape), past)

    def share_rows(
        self, pair: MapPair, sheet: Worksheet, past: list[int]
    ) -> dict[int, FloatArray]:
        """A softmax over the past for each slot.    -> [slot] each"""
        inputs, logits = pair.inputs, {}
        drive = pair.of_head(inputs.project("w_bounded_slots", inputs.key_source))
        for t in past:
            name = subscript("Wx", t)
            sheet.row(name, drive[t])
            if np.abs(drive[t]).max() > self.clamp:
                name = f"max(min({name}, {self.clamp:g}), −{self.clamp:g})"
            logits[t] = (name, np.clip(drive[t], -self.clamp, self.clamp))
        return softmax_rows(sheet, "P", logits)


PARTS: tuple[type[CausalMixer], ...] = (GatedSlots, BoundedSlots)
