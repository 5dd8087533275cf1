"""PaTH attention: a product of Householder-like matrices between key and query."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from attnviz.core.arithmetic import ArithmeticLine, Lines, Pair
from attnviz.core.arithmetic.recurrence import reflection_lines, unit_lines
from attnviz.core.arithmetic.worksheet import Worksheet, sentence, subscript
from attnviz.core.arrays import FloatArray, Shape
from attnviz.core.inputs import Inputs, Sizes
from attnviz.core.numerics import sigmoid, unit_vectors
from attnviz.core.scores import Score


class PathHouseholder(Score):
    """PaTH: q and k compared through a product of Householder-like matrices, one per token.

    Formula: q_iᵀ H_i H_(i-1) … H_(j+1) k_j for j ≤ i, H_t = I - β_t w_t w_tᵀ,
    w_t = W x_t / ‖W x_t‖, β_t = 2 σ(uᵀ x_t + b), x the input of the layer
    Paper: 2505.16381 (PaTH; its w passes a short convolution first)
    """

    name = "path"
    aliases = ("reflected",)
    key_local = False  # the tokens between key and query enter the product
    needs_hidden_keys = True  # those that no query attends to do not
    formula = "qᵢᵀHᵢ…Hⱼ₊₁kⱼ"

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """W [d, d_model], u [d_model], b []"""
        d, d_model = sizes.d, sizes.d_model
        return {"w_reflect": (d, d_model), "u_reflect": (d_model,), "b_reflect": ()}

    def __call__(self, inputs: Inputs) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        source = inputs.visible_key_source  # w of a hidden token is 0, its H the identity
        normal = unit_vectors(inputs.project("w_reflect", source))  # [head, key, d]
        beta = 2.0 * sigmoid(self.drive(inputs) + inputs.param("b_reflect")[:, None, None])
        position = inputs.grid.q[0, :, 0]
        vectors: FloatArray = inputs.query.copy()  # q_iᵀ H_i … H_(j+1), while j decreases
        logits = np.zeros((*vectors.shape[:-1], inputs.grid.n_key), dtype=vectors.dtype)
        for j in reversed(range(inputs.grid.n_key)):
            later = position >= j
            logits[:, later, j] = np.einsum("hqd,hd->hq", vectors[:, later], inputs.key[:, j])
            along = np.einsum("hqd,hd->hq", vectors[:, later], normal[:, j])
            vectors[:, later] -= (along * beta[:, j])[..., None] * normal[:, j, None]
        return logits

    def drive(self, inputs: Inputs) -> FloatArray:
        """u·x of each token.    -> [head, key, 1]"""
        drive: FloatArray = inputs.visible_key_source @ inputs.param("u_reflect")[..., None]
        return drive

    def explain_lines(self, pair: Pair) -> Lines:
        """The query after the matrix H of each token from the query down to the key's follower"""
        if pair.j > pair.i:
            yield ArithmeticLine("score", (0, " (a later key)"), 0.0)
            return
        hidden = pair.inputs.hidden_keys
        tokens = [
            t
            for t in range(pair.i, pair.j, -1)
            if hidden is None or not bool(pair.of_head(hidden)[t])
        ]
        bias = pair.learned("b", "b_reflect")
        drive = pair.of_head(self.drive(pair.inputs))[:, 0]
        sheet = Worksheet(list(map(str, tokens)))
        if tokens:
            yield bias
            sheet.row("u·x", drive[tokens])
        strengths = {}
        for t in tokens:
            name = subscript("β", t)
            strengths[t] = (name, 2.0 * sigmoid(drive[t] + bias.value))
            pieces = ("2 × σ(", float(drive[t]), " + ", bias.value, ")")
            yield sheet.line(name, pieces, float(strengths[t][1]))
        sheet, carried = Worksheet(), pair.q
        if tokens:
            yield sentence(
                "r is the query, multiplied by H = I − β w wᵀ of each token after the key, from "
                "the query on"
            )
            sheet.row("q", carried)
            sheet.row("r₀", carried, "q")
        source = pair.of_head(pair.inputs.visible_key_source)
        for n, t in enumerate(tokens):
            projected, name = pair.param("w_reflect") @ source[t], subscript("w", t)
            sheet.row(subscript("Wx", t), projected)
            normal = yield from unit_lines(sheet, name, subscript("Wx", t), projected)
            carried = yield from reflection_lines(
                sheet, carried, (n, subscript("s", t)), (name, normal), strengths[t]
            )
        last = subscript("r", len(tokens)) if tokens else "q"
        yield sheet.sum_of_products("score", {last: carried, "k": pair.k})


PARTS: tuple[type[Score], ...] = (PathHouseholder,)
