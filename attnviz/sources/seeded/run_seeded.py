"""A sentence looked at with seeded numbers: what a mechanism does, without any model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attnviz.core.compose.compose import compose
from attnviz.core.engine.layer_call import Attend, LayerCall
from attnviz.core.masks import Padding
from attnviz.core.part import contains
from attnviz.core.seeded_random import SCHEME
from attnviz.core.token_features import PAD
from attnviz.core.tokens import Tokens
from attnviz.core.variant import Variant
from attnviz.errors import MisuseError, UnknownNameError
from attnviz.lookup import unknown
from attnviz.record import Record
from attnviz.sources.memory import BYTES, Memory, flowing, kept, machine, refuse_too_large
from attnviz.sources.options import PARTS
from attnviz.sources.seeded.layers import EMBEDDINGS, SENTENCE, Seeded

BOUNDS = {"dim": (1, 8192), "layers": (1, 1000), "pad": (0, 10_000)}


def from_seed(text: str, context: str | None, **options: Any) -> FromSeed:
    """The subject; `options` are those of asking.Options that were set.

    Raises MisuseError for what makes no sense, with what is allowed.
    """
    for name, (low, high) in BOUNDS.items():
        if name in options and not low <= options[name] <= high:
            raise MisuseError(f"--{name} {options[name]} should be between {low} and {high}")
    embedding = options.get("embedding", "seeded")
    if embedding not in EMBEDDINGS:
        raise UnknownNameError(unknown(embedding, EMBEDDINGS, "embedding"))
    numbers: dict[str, Any] = {
        name: options[name] for name in ("heads", "kv_heads") if name in options
    }
    variant = compose(
        options.get("variant", "multihead"),
        **{name: options[name] for name in PARTS if name in options},
        tunables={**options.get("tunables", {}), **numbers},
    )
    source = Seeded(
        variant=variant,
        seed=options.get("seed", 0),
        dim=options.get("dim", 32),
        n_layer=options.get("layers", 1),
        embedding=embedding,
    )
    n_pad = options.get("pad", 2 if contains(variant.mask, Padding) else 0)
    tokenizer = options.get("tokenizer", "words")
    asked, others = encoded(text, context, variant, tokenizer, n_pad)
    meta = {"tokenizer": tokenizer, "pad": n_pad, "composed": composed(options)}
    return FromSeed(source, asked, others, meta)


class FromSeed(Record):
    """Tokens, and the seeded layers that they go through."""

    source: Seeded
    queries: Tokens
    others: Tokens | None  # the context's tokens; None: the queries themselves answer
    said: Mapping[str, Any]

    @property
    def keys(self) -> Tokens:
        """Who answers."""
        return self.queries if self.others is None else self.others

    @property
    def n_layer(self) -> int:
        """How many layers are stacked."""
        return self.source.n_layer

    @property
    def n_head(self) -> int:
        """How many heads each layer's map has."""
        return self.source.variant.heads.n_head

    def refuse_too_large(self, n_map: int, most: int | None = None) -> None:
        """Refuse what memory could not hold: a layer as it is computed, and the maps kept."""
        n_query, n_key = len(self.queries), len(self.keys)
        needed = Memory(
            layer=0,
            activations=8 * flowing(self.n_head, n_query, n_key),
            maps=BYTES * n_map * kept(n_query, most) * kept(n_key, most),
        )
        refuse_too_large(needed, max(n_query, n_key), machine())

    def choose(self, call: LayerCall) -> Variant:
        """The one mechanism of all layers."""
        return call.own

    def recast(self, call: LayerCall) -> LayerCall:
        """What this subject asks for where another one did: the same inputs, its own parts."""
        inputs = call.inputs
        if inputs.query_input is None or inputs.key_input is None:
            return call
        return self.source.call(
            call.layer, inputs.query_input, inputs.key_input, inputs.grid.notes
        )

    def run(self, attend: Attend, last_layer: int | None = None) -> None:
        """Run the layers."""
        self.source.run(self.queries, self.others, attend, last_layer, read=False)

    def meta(self) -> dict[str, Any]:
        """How the numbers were made."""
        source, plan = self.source, self.source.variant.heads
        return {
            "source": SCHEME,
            "trained": False,
            "variant": source.variant.name,
            "formula": source.variant.formula,
            **self.said,
            "embedding": source.embedding,
            "seed": source.seed,
            "dim": source.dim,
            "layers": source.n_layer,
            "heads": plan.n_head,
            "kv_heads": plan.n_kv_head,
        }


def composed(options: Mapping[str, Any]) -> str:
    """What was put into the row's slots, as it was asked for."""
    named = [f"{name} {options[name]}" for name in PARTS if name in options]
    return ", ".join(named + [f"{k}={v}" for k, v in options.get("tunables", {}).items()])


def encoded(
    text: str, context: str | None, variant: Variant, name: str, n_pad: int
) -> tuple[Tokens, Tokens | None]:
    """Who asks and who answers; None for the keys means: the queries themselves."""
    from attnviz.sources.tokenizing.tokenizers import tokenizer

    if context is None and variant.context == "required":
        raise MisuseError(
            f"variant {variant.name!r} needs two sequences; give the second with --context TEXT"
        )
    if context is not None and variant.context == "refused":
        raise MisuseError(
            f"variant {variant.name!r} looks at one sequence only; leave out --context, "
            "or use the variant 'cross'"
        )
    encode, padding = tokenizer(name).encode, (PAD,) * n_pad
    asked: Tokens = encode(text).tokens
    others: Tokens | None = None
    if context is None:
        asked += padding
    else:
        others = encode(context).tokens + padding
    if variant.asks == "sentence":
        return (SENTENCE,), asked if others is None else others
    return asked, others
