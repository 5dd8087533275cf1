"""Untrained attention layers: random embeddings and projections, reproducible from a seed.

They show how a mechanism behaves without a model. Embeddings and matrices are drawn from the
seed (core/seeded_random.py) in float64, the same on every machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from attnviz.core.arrays import FloatArray, Shape
from attnviz.core.engine.attend import init_params
from attnviz.core.engine.layer_call import DEFAULT_FORMULAS, AttendCallback, LayerCall
from attnviz.core.engine.output_path import OutputPath
from attnviz.core.grid import Grid, TokenFeature
from attnviz.core.heads.grouped_query import repeat_kv
from attnviz.core.inputs import Inputs, Sizes
from attnviz.core.seeded_random import draw_uniform, draw_weights
from attnviz.core.token_features import compute_token_features, letter_numbers
from attnviz.core.tokens import Token, Tokens
from attnviz.core.variant import Variant
from attnviz.errors import MisuseError
from attnviz.record import Record
from attnviz.sources.seeded.embedding_table import EmbeddingTable

EMBEDDINGS = {
    "seeded": "random, seed {seed}",
    "letters": "a = 1 … z = 26, one letter per dimension",
}
PROJECTIONS = ("random", "identity")
SENTENCE_TOKEN = Token(piece="[sentence]", label="[sentence]", special=True)


class SeededLayers(Record, kw_only=True):
    """A stack of untrained attention layers with residual connections.

    Formula: x ← x + W_O [head₁ … headₕ] in each layer; no layer norm, no feed-forward
    layer
    """

    variant: Variant
    seed: int = 0
    dim: int = 32
    n_layer: int = 1
    embedding: str = "seeded"  # of EMBEDDINGS, or the name of the table
    projections: str = "random"
    table: EmbeddingTable | None = None

    def __post_init__(self) -> None:
        n_head = self.variant.heads.n_query_head
        if not self.variant.has_projections and n_head > 1:
            raise MisuseError(
                f"variant {self.variant.name!r} has no projections and so a single head"
            )
        if self.dim % n_head and self.table is not None:
            raise MisuseError(
                f"--embedding {self.table.name} has vectors of {self.dim} numbers, which "
                f"{n_head} heads do not share evenly; try --heads 1"
            )
        if self.dim % n_head:
            from attnviz.core.heads import divisors

            allowed = ", ".join(map(str, divisors(self.dim)))
            raise MisuseError(
                f"--dim {self.dim} is not divisible by {n_head} heads; try {allowed}"
            )

    def run(
        self,
        queries: Tokens,
        keys: Tokens | None,
        attend: AttendCallback,
        last_layer: int | None = None,
        *,
        needs_output: bool = True,
    ) -> FloatArray:
        """Run the layers over one sequence, or over the queries of one and the keys of another.

        Shapes: -> [query, dim], the output of the last layer that ran. Without `needs_output`
        the last layer stops after its attention, and its input is returned.
        """
        x = self.embed(queries)
        context = None if keys is None else self.embed(keys)
        features = compute_token_features(queries, queries if keys is None else keys)
        n_layer = self.n_layer if last_layer is None else last_layer + 1
        for layer in range(n_layer):
            key_input = x if context is None else context
            call = self.build_call(layer, x, key_input, features)
            if layer == n_layer - 1 and not needs_output:
                attend(replace(call, needs_output=False))
                break
            x = x + self.merge_heads(layer, attend(call))
        return x

    def build_call(
        self,
        layer: int,
        query_input: FloatArray,
        key_input: FloatArray,
        features: Mapping[str, TokenFeature],
    ) -> LayerCall:
        """Queries, keys and values of a layer.    [query, dim], [key, dim] -> a LayerCall"""
        variant = self.variant.for_layer(layer)
        plan = variant.heads
        n_head = plan.n_query_head
        key = repeat_kv(self.project(key_input, "w_key", layer, plan.n_kv_head), n_head)
        sizes = Sizes(
            d=key.shape[-1],
            d_model=self.dim,
            n_head=n_head,
            n_query=len(query_input),
            n_key=len(key_input),
        )
        inputs = Inputs(
            query=self.project(query_input, "w_query", layer, n_head),
            key=key,
            grid=Grid.of(n_head, len(query_input), len(key_input), features),
            params=init_params(variant, sizes, {}, self.seed, np.float64, layer),
            query_input=query_input,
            key_input=key_input,
            layer=layer,
        )
        value, formula = self.compute_values(variant, inputs, sizes)
        value = plan.expand_values(value, plan.n_head)
        formulas = {**DEFAULT_FORMULAS, "v": formula}
        if query_input is not key_input:  # keys and values come from the context, c
            formulas["k"] = "c W_K"
            formulas["v"] = "c W_V" if formula == DEFAULT_FORMULAS["v"] else formula
        return LayerCall(
            layer=layer,
            inputs=inputs,
            value=value,
            variant=variant,
            formulas=formulas,
            output_path=self.build_output_path(layer, value.shape, query_input, key_input),
        )

    def build_output_path(
        self, layer: int, shape: Shape, query_input: FloatArray, key_input: FloatArray
    ) -> OutputPath:
        """Projection W_O and the residual connection; there is no bias and no layer norm.

        `shape` is that of the values, [head, key, d].    [query, dim], [key, dim] -> a path
        """
        is_one_text = query_input is key_input

        def projection() -> tuple[FloatArray, FloatArray]:
            n_head, _, d = shape
            if not self.variant.has_projections:
                return np.eye(d)[None], np.zeros(d)
            matrix = self.output_projection(layer, n_head * d)
            return matrix.reshape(n_head, d, self.dim), np.zeros(self.dim)

        return OutputPath(
            projection=projection,
            residual=query_input if is_one_text else None,
            no_residual="queries and keys are different texts, so that no key is the query's own",
            no_norm="untrained layers have no layer norm",
        )

    def compute_values(
        self, variant: Variant, inputs: Inputs, sizes: Sizes
    ) -> tuple[FloatArray, str]:
        """The values of a layer, and how they are computed: by the mechanism, or projected.

        Shapes: -> [kv_head | head, key, d]
        """
        key_input, layer = inputs.key_input, inputs.layer
        assert key_input is not None  # this source knows the inputs of its layers
        shapes = {} if variant.mixer is not None else variant.score.value_shapes(sizes)
        if not shapes:
            projected = self.project(key_input, "w_value", layer, variant.heads.n_kv_head)
            return projected, DEFAULT_FORMULAS["v"]
        drawn = {
            name: np.stack(
                [draw_weights(s, self.seed, name, layer, h) for h in range(sizes.n_head)]
            )
            for name, s in shapes.items()
        }
        with_params = replace(inputs, params={**inputs.params, **drawn})
        return variant.score.compute_values(with_params), variant.score.value_formula

    def embed(self, tokens: Tokens) -> FloatArray:
        """Token embeddings plus position encoding, if any.    -> [token, dim]"""
        return self.embed_tokens(tokens) + self.embed_positions(tokens)

    def embed_positions(self, tokens: Tokens) -> FloatArray:
        """The position encoding of each token; 0 without one.    -> [token, dim]"""
        if tokens == (SENTENCE_TOKEN,):
            return np.zeros((1, self.dim))
        return self.variant.position.embed(np.arange(len(tokens)), self.dim, self.seed)

    def embed_tokens(self, tokens: Tokens) -> FloatArray:
        """Token embeddings without positions.    -> [token, dim]"""
        if tokens == (SENTENCE_TOKEN,):
            return np.zeros((1, self.dim))
        if self.table is not None:
            return self.table.embed(tokens)
        distinct = {(token.piece, token.label): token for token in tokens}  # each is drawn once
        table = np.stack([self.token_vector(token) for token in distinct.values()])
        row_of = {name: i for i, name in enumerate(distinct)}
        vectors: FloatArray = table[[row_of[token.piece, token.label] for token in tokens]]
        return vectors

    def token_vector(self, token: Token) -> FloatArray:
        """The embedding of one token, independent of its context.    -> [dim]"""
        if self.embedding == "letters":
            numbers = letter_numbers(token.label)[: self.dim]
            return np.array(numbers + [0] * (self.dim - len(numbers)), dtype=np.float64)
        return draw_uniform((self.dim,), self.seed, "token", token.piece)

    def project(self, x: FloatArray, name: str, layer: int, n_head: int) -> FloatArray:
        """A projection of the input per head.    [token, dim] -> [head, token, d]"""
        if not self.variant.has_projections:
            return x[None]
        return np.stack([x @ self.projection(name, layer, head) for head in range(n_head)])

    def projection(self, name: str, layer: int, head: int) -> FloatArray:
        """W_Q, W_K or W_V of a head: "w_query", "w_key", "w_value".    -> [dim, d]"""
        d = self.dim // self.variant.heads.n_query_head
        if self.projections == "identity":  # a head sees its own dimensions of the input
            return np.eye(self.dim)[:, head * d : (head + 1) * d]
        return draw_weights((d, self.dim), self.seed, name, layer, head).T

    def merge_heads(self, layer: int, output: FloatArray) -> FloatArray:
        """Heads concatenated and projected by W_O.    [head, query, d] -> [query, dim]"""
        if not self.variant.has_projections:
            return output[0]
        joined = np.concatenate(list(output), axis=-1)
        return joined @ self.output_projection(layer, joined.shape[-1])

    def output_projection(self, layer: int, width: int) -> FloatArray:
        """W_O, for concatenated heads of this width.    -> [width, dim]"""
        if self.projections == "identity":
            return np.eye(width, self.dim)
        return draw_weights((self.dim, width), self.seed, "w_output", layer).T
