"""Attention from a seed: embeddings and projections that nobody trained, the same everywhere.

What a mechanism does can be seen without a model: tokens get vectors of their own, layers get
matrices of their own, all drawn from the seed (core/draw.py) in float64.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.core.engine.attend import learn
from attnviz.core.engine.layer_call import Attend, LayerCall
from attnviz.core.grid import Grid, Note
from attnviz.core.heads import share
from attnviz.core.part import Inputs, Sizes
from attnviz.core.seeded_random import draw, draw_weights
from attnviz.core.token_features import letter_numbers, notes
from attnviz.core.tokens import Token, Tokens
from attnviz.core.variant import Variant
from attnviz.errors import MisuseError
from attnviz.record import Record

EMBEDDINGS = {
    "seeded": "drawn from seed {seed}, for the same token the same everywhere",
    "letters": "a = 1 … z = 26, one letter a dimension",
}
SENTENCE = Token(piece="[sentence]", label="[sentence]", special=True)


class Seeded(Record, kw_only=True):
    """A stack of attention layers with residuals, its numbers drawn from a seed.

    Formula: x ← x + W_O [head₁ … headₕ] in each layer; no norms, no feed-forward
    """

    variant: Variant
    seed: int = 0
    dim: int = 32
    n_layer: int = 1
    embedding: str = "seeded"

    def __post_init__(self) -> None:
        n_head = self.variant.heads.n_query_head
        if not self.variant.projected and n_head > 1:
            raise MisuseError(f"variant {self.variant.name!r} compares no projections: one head")
        if self.dim % n_head:
            from attnviz.core.heads import divisors

            fits = ", ".join(map(str, divisors(self.dim)))
            raise MisuseError(f"--dim {self.dim} is not divisible by {n_head} heads; try {fits}")

    def run(
        self,
        queries: Tokens,
        keys: Tokens | None,
        attend: Attend,
        last_layer: int | None = None,
        *,
        read: bool = True,
    ) -> FloatArray:
        """Layers over one sequence, or over queries and the keys of another.

        Shapes: -> [query, dim], what comes out of the last layer; not `read`: what goes in
        """
        x = self.embed(queries)
        context = None if keys is None else self.embed(keys)
        grid_notes = notes(queries, queries if keys is None else keys)
        n_layer = self.n_layer if last_layer is None else last_layer + 1
        for layer in range(n_layer):
            seen = x if context is None else context
            call = self.call(layer, x, seen, grid_notes)
            if layer == n_layer - 1 and not read:
                attend(replace(call, read=False))
                break
            x = x + self.joined(layer, attend(call))
        return x

    def call(
        self, layer: int, x: FloatArray, seen: FloatArray, grid_notes: Mapping[str, Note]
    ) -> LayerCall:
        """What this layer asks for.    [query, dim], [key, dim] -> a LayerCall"""
        plan = self.variant.heads
        n_head = plan.n_query_head
        key = share(self.project(seen, "w_key", layer, plan.n_kv_head), n_head)
        sizes = Sizes(
            d=key.shape[-1],
            d_model=self.dim,
            n_head=n_head,
            n_query=len(x),
            n_key=len(seen),
        )
        inputs = Inputs(
            query=self.project(x, "w_query", layer, n_head),
            key=key,
            grid=Grid.of(n_head, len(x), len(seen), grid_notes),
            learned=learn(self.variant, sizes, {}, self.seed, np.float64, layer),
            query_input=x,
            key_input=seen,
            layer=layer,
        )
        views = self.project(seen, "w_value", layer, plan.n_kv_head)
        value = plan.give_values(views, plan.n_head)
        return LayerCall(layer=layer, inputs=inputs, value=value, own=self.variant)

    def embed(self, tokens: Tokens) -> FloatArray:
        """A vector for each token, and where it stands.    -> [token, dim]"""
        if tokens == (SENTENCE,):
            return np.zeros((1, self.dim))
        seen = {(token.piece, token.label): token for token in tokens}  # a word is drawn once
        rows = np.stack([self.vector(token) for token in seen.values()])
        number = {name: i for i, name in enumerate(seen)}
        vectors = rows[[number[token.piece, token.label] for token in tokens]]
        places = np.arange(len(tokens))
        return vectors + self.variant.position.embed(places, self.dim, self.seed)

    def vector(self, token: Token) -> FloatArray:
        """One token's own vector, whatever stands around it.    -> [dim]"""
        if self.embedding == "letters":
            numbers = letter_numbers(token.label)[: self.dim]
            return np.array(numbers + [0] * (self.dim - len(numbers)), dtype=np.float64)
        return draw((self.dim,), self.seed, "token", token.piece)

    def project(self, x: FloatArray, name: str, layer: int, n_head: int) -> FloatArray:
        """Each head's own view of the input.    [token, dim] -> [head, token, d]"""
        if not self.variant.projected:
            return x[None]
        d = self.dim // self.variant.heads.n_query_head
        views = [
            x @ draw_weights((d, self.dim), self.seed, name, layer, head).T
            for head in range(n_head)
        ]
        return np.stack(views)

    def joined(self, layer: int, output: FloatArray) -> FloatArray:
        """The heads put together and mixed by W_O.    [head, query, d] -> [query, dim]"""
        if not self.variant.projected:
            return output[0]
        side_by_side = np.concatenate(list(output), axis=-1)
        shape = (self.dim, side_by_side.shape[-1])
        return side_by_side @ draw_weights(shape, self.seed, "w_output", layer).T
