"""Forward pass through untrained layers: a mechanism at work without a model."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from attnviz.core.compose.compose import compose
from attnviz.core.engine.layer_call import AttendCallback, LayerCall
from attnviz.core.map_metadata import MapMetadata
from attnviz.core.masks import Padding
from attnviz.core.part import contains
from attnviz.core.seeded_random import SCHEME
from attnviz.core.token_features import PAD
from attnviz.core.tokens import Tokens
from attnviz.core.variant import Variant
from attnviz.errors import MisuseError, UnknownNameError
from attnviz.lookup import unknown_name_message
from attnviz.record import Record
from attnviz.sources.memory import MapFormat, check_memory, machine_memory, with_writer
from attnviz.sources.options import PART_OPTIONS
from attnviz.sources.seeded.embedding_table import EmbeddingTable, is_table, read_table
from attnviz.sources.seeded.layers import (
    EMBEDDINGS,
    PROJECTIONS,
    SENTENCE_TOKEN,
    SeededLayers,
)
from attnviz.sources.seeded.memory_estimate import estimate_memory
from attnviz.sources.token_text import TokenText

OPTION_RANGES = {"dim": (1, 8192), "layers": (1, 1000), "pad": (0, 10_000)}


def build_seeded_pass(text: str, context: str | None, **options: Any) -> SeededPass:
    """The forward pass; `options` are the items of sources.options.Options that are set.

    Raises MisuseError for values that are not allowed, with those that are.
    """
    for name, (low, high) in OPTION_RANGES.items():
        if name in options and not low <= options[name] <= high:
            raise MisuseError(f"--{name} {options[name]} should be between {low} and {high}")
    embedding, dim = options.get("embedding", "seeded"), options.get("dim", 32)
    table = read_table(embedding) if is_table(embedding) else None
    if table is not None:
        embedding, dim = table.name, check_width(table, options.get("dim"))
    elif embedding not in EMBEDDINGS:
        raise UnknownNameError(unknown_name_message(embedding, EMBEDDINGS, "embedding"))
    projections = options.get("projections", "random")
    if projections not in PROJECTIONS:
        raise UnknownNameError(unknown_name_message(projections, PROJECTIONS, "projections"))
    head_counts: dict[str, Any] = {
        name: options[name] for name in ("heads", "kv_heads") if name in options
    }
    variant = compose(
        options.get("variant", "multihead"),
        **{name: options[name] for name in PART_OPTIONS if name in options},
        tunables={**options.get("tunables", {}), **head_counts},
    )
    layers = SeededLayers(
        variant=variant,
        seed=options.get("seed", 0),
        dim=dim,
        n_layer=options.get("layers", variant.default_depth),
        embedding=embedding,
        projections=projections,
        table=table,
    )
    n_pad = options.get("pad", 2 if contains(variant.mask, Padding) else 0)
    tokenizer = options.get("tokenizer")
    queries, keys = encode_texts(text, context, variant, tokenizer, n_pad)
    meta: MapMetadata = {
        "tokenizer": tokenizer_name((text, context), tokenizer),
        "pad": n_pad,
        "composed": describe_overrides(options),
    }
    return SeededPass(layers, queries, keys, meta)


def check_width(table: EmbeddingTable, dim: int | None) -> int:
    """The width of the vectors; MisuseError where --dim is another."""
    if dim not in (None, table.dim):
        raise MisuseError(
            f"--dim {dim} does not match --embedding {table.name}, whose vectors have "
            f"{table.dim} numbers; leave --dim out"
        )
    return table.dim


class SeededPass(Record):
    """Tokens and the untrained layers that they run through."""

    layers: SeededLayers
    queries: Tokens
    context: Tokens | None  # tokens of another sequence; None: self-attention
    meta_fields: MapMetadata

    @property
    def keys(self) -> Tokens:
        """The key tokens."""
        return self.queries if self.context is None else self.context

    @property
    def n_layer(self) -> int:
        """Number of layers."""
        return self.layers.n_layer

    @property
    def n_head(self) -> int:
        """Number of heads in each layer's map."""
        return self.layers.variant.heads.n_head

    def check_last_layer(self, last: int) -> None:
        """Nothing to check: every layer runs its own mechanism."""

    def check_memory(
        self, n_map: int, max_side: int | None = None, formats: Collection[MapFormat] = ()
    ) -> None:
        """Raise MisuseError where a layer, or the maps and their writer, need too much memory."""
        n_query, n_key = len(self.queries), len(self.keys)
        estimate = estimate_memory(self.layers, n_query, n_key, n_map, max_side)
        estimate = with_writer(estimate, formats, n_map, n_query, n_key, max_side)
        check_memory(estimate, max(n_query, n_key), machine_memory(), sets_heads=True)

    def variant_for(self, call: LayerCall) -> Variant:
        """The mechanism of this layer."""
        return call.variant

    def rebuild_call(self, call: LayerCall) -> LayerCall:
        """The call of another pass with this one's mechanism: the same inputs, its own parts."""
        inputs = call.inputs
        if inputs.query_input is None or inputs.key_input is None:
            return call
        return self.layers.build_call(
            call.layer, inputs.query_input, inputs.key_input, inputs.grid.token_features
        )

    def run(self, attend: AttendCallback, last_layer: int | None = None) -> None:
        """Run the layers."""
        self.layers.run(self.queries, self.context, attend, last_layer, needs_output=False)

    def meta(self) -> MapMetadata:
        """Options and facts, for a map's metadata."""
        layers, plan = self.layers, self.layers.variant.heads
        simplified = layers.variant.simplified
        identity: MapMetadata = {}
        if layers.projections != "random":
            identity = {"projections": layers.projections}
        stated: MapMetadata = {"simplified": simplified} if simplified else {}
        if layers.variant.layers:
            names = [layer.name for layer in layers.variant.layers]
            stated["layer_plans"] = {layers.variant.name: names}
        return {
            "source": SCHEME,
            "trained": False,
            "variant": layers.variant.name,
            "formula": layers.variant.formula,
            **stated,
            **self.meta_fields,
            "embedding": layers.embedding,
            **identity,
            "seed": layers.seed,
            "dim": layers.dim,
            "layers": layers.n_layer,
            "heads": plan.n_head,
            "kv_heads": plan.n_kv_head,
        }


def describe_overrides(options: Mapping[str, Any]) -> str:
    """The parts and tunables that override the variant's own, as they were given."""
    parts = [f"{name} {options[name]}" for name in PART_OPTIONS if name in options]
    return ", ".join(parts + [f"{k}={v}" for k, v in options.get("tunables", {}).items()])


def encode_texts(
    text: str, context: str | None, variant: Variant, name: str | None, n_pad: int
) -> tuple[Tokens, Tokens | None]:
    """Query tokens and key tokens; None for the keys: self-attention."""
    if context is None and variant.context == "required":
        raise MisuseError(f"variant {variant.name!r} needs a second sequence: --context TEXT")
    if context is not None and variant.context == "refused":
        raise MisuseError(
            f"variant {variant.name!r} is self-attention only; leave out --context, "
            "or use the variant 'cross'"
        )
    padding = (PAD,) * n_pad
    queries = encode_text(text, name)
    keys: Tokens | None = None
    if context is None:
        queries += padding
    else:
        keys = encode_text(context, name) + padding
    if variant.queries == "single":
        return (SENTENCE_TOKEN,), queries if keys is None else keys
    return queries, keys


def encode_text(text: str, name: str | None) -> Tokens:
    """The tokens of a text by this tokenizer (None: words), or those that are given."""
    if isinstance(text, TokenText):
        from attnviz.sources.external.token_lists import make_tokens

        return make_tokens(list(text.tokens))
    from attnviz.sources.tokenizing.tokenizers import find_tokenizer

    tokens: Tokens = find_tokenizer(name or "words").encode(text).tokens
    return tokens


def tokenizer_name(texts: Iterable[str | None], name: str | None) -> str:
    """What makes tokens of the texts, for the metadata.

    Raises MisuseError for a tokenizer without any text to act on.
    """
    if any(text is not None and not isinstance(text, TokenText) for text in texts):
        return name or "words"
    if name is not None:
        raise MisuseError("--tokenizer has no effect on a list of tokens")
    return "given"
