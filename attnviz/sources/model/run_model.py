"""A sentence looked at by a real model, run in NumPy, observed or intervened in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path, PurePath
from typing import Any

from attnviz.core.compose.interventions import Intervention, parse_heads, refuse_unlearned
from attnviz.core.engine.collectors import unkept
from attnviz.core.engine.layer_call import Attend, LayerCall
from attnviz.core.part import Sizes
from attnviz.core.tokens import Tokens
from attnviz.core.variant import Variant
from attnviz.core.variants import find_variant
from attnviz.errors import MisuseError, UnknownNameError
from attnviz.lookup import unknown
from attnviz.record import Record
from attnviz.sources.file_stamp import stamp
from attnviz.sources.memory import machine, refuse_too_large
from attnviz.sources.model.checkpoint import Checkpoint, open_checkpoint
from attnviz.sources.model.describe import describe, mechanisms
from attnviz.sources.model.generate import generate
from attnviz.sources.model.memory_estimate import estimate
from attnviz.sources.options import PARTS
from attnviz.sources.tokenizing.tokenizers import Encoding

WRITTEN = 32  # words that an encoder-decoder writes at most when no target is given


def from_model(text: str, context: str | None, **options: Any) -> FromModel:
    """The subject; `options` are those of asking.Options that were set.

    Raises:
        MisuseError: what this model cannot do, with what it can.
        CouldNotError: no such model, no network.
        InvalidInputError: a model that cannot be read.
    """
    if context is not None:
        raise MisuseError("--context is for seeded numbers; a model reads --pair or --target")
    name = options["model"]
    model = opened(name, options.get("revision"), stamp(Path(name)))
    kind = kind_of(model, options.get("attention"))
    read = model.encode(text, options.get("pair"))
    read = model.fitting(read, truncate=options.get("truncate", False))
    intervention = intervention_of(options)
    if intervention:
        check_intervention(model, kind, intervention)
    target = None
    if kind in ("decoder", "cross"):
        target = written(model, read, options)
    elif "target" in options:
        raise MisuseError(f"--target is for a decoder; the attention looked at is {kind!r}")
    elif "generate" in options:
        read = continued(model, read, options["generate"])
    return FromModel(model, kind, read, target, intervention)


@lru_cache(maxsize=1)
def opened(name: str, revision: str | None, seen: object) -> Checkpoint:
    """The model, opened once for each state of its files: a corpus asks sentence by sentence."""
    return open_checkpoint(name, revision=revision)


class FromModel(Record):
    """Tokens, and the model that they go through."""

    model: Checkpoint
    kind: str
    read: Encoding
    target: Encoding | None
    intervention: Intervention

    @property
    def queries(self) -> Tokens:
        """Who asks."""
        return self.read.tokens if self.target is None else self.target.tokens

    @property
    def keys(self) -> Tokens:
        """Who answers."""
        return self.queries if self.kind == "decoder" else self.read.tokens

    @property
    def n_layer(self) -> int:
        """How many layers have this kind of attention."""
        return self.model.attentions[self.kind]

    @property
    def n_head(self) -> int:
        """How many heads look in each layer."""
        return self.model.tower(self.kind).config.whole("n_head")

    def choose(self, call: LayerCall) -> Variant:
        """The layer's own mechanism, or what the intervention makes of it."""
        return self.intervention(call) if self.intervention else call.own

    def run(self, attend: Attend, last_layer: int | None = None) -> None:
        """Run the layers that are wanted, and those before them."""

        def only_this_kind(call: LayerCall) -> Any:
            return attend(call) if call.kind == self.kind else unkept(call)

        self.model.run(
            self.read, only_this_kind, last_layer=last_layer, target=self.target, read=False
        )

    def refuse_too_large(self, n_map: int, most: int | None = None) -> None:
        """Refuse a run that the machine's memory cannot hold, with the numbers."""
        n_token = max(len(self.queries), len(self.keys))
        refuse_too_large(estimate(self.model, n_token, n_map, most), n_token, machine())

    def meta(self) -> dict[str, Any]:
        """Which model, and what was done to it."""
        facts, short = describe(self.model), "/".join(PurePath(self.model.name).parts[-2:])
        said: Mapping[str, Any] = {
            "source": "model",
            "trained": True,
            "model": self.model.name,
            "variant": short,
            "family": facts["family"],
            "attention": self.kind,
            "dtype": facts["dtype"],
            "layers": self.n_layer,
            "heads": facts["heads"],
            "tokenizer": "the model's own",
        }
        if not self.intervention:
            return dict(said)
        changed = str(self.intervention)
        return {**said, "variant": f"{short}, changed: {changed}", "intervention": changed}


def kind_of(model: Checkpoint, wanted: str | None) -> str:
    """The attention to look at; of an encoder-decoder the cross attention, unless said."""
    there = tuple(model.attentions)
    if wanted is None:
        return "cross" if "cross" in there else there[0]
    if wanted not in there:
        raise UnknownNameError(unknown(wanted, there, f"attention of {model.name!r}"))
    return wanted


def written(model: Checkpoint, read: Encoding, options: Mapping[str, Any]) -> Encoding:
    """What the decoder reads: the target, or what the model writes itself."""
    if "target" in options:
        return model.fitting(
            model.target_of(options["target"]), truncate=options.get("truncate", False)
        )
    words = generate(model, read, options.get("generate", WRITTEN), unkept)
    return model.words([model.start, *words])


def continued(model: Checkpoint, read: Encoding, n: int) -> Encoding:
    """The text with what the model writes next; written words are segment 1."""
    if n < 1:
        raise MisuseError(f"--generate {n} should be at least 1")
    more = model.words(generate(model, read, n, unkept))
    tokens = tuple(replace(token, segment=1) for token in more.tokens)
    return Encoding(read.tokens + tokens, read.ids + more.ids)


def intervention_of(options: Mapping[str, Any]) -> Intervention:
    """What is done to the model's mechanism."""
    parts = {name: options[name] for name in PARTS if name in options}
    if options.get("tunables"):
        parts["tunables"] = options["tunables"]
    row = options.get("variant")
    return Intervention(
        row=find_variant(row) if isinstance(row, str) else row,
        parts=parts,
        ablated=parse_heads(options["ablate"]) if "ablate" in options else {},
        layers=options.get("at"),
    )


def check_intervention(model: Checkpoint, kind: str, change: Intervention) -> None:
    """Refuse, before anything runs, layers, heads and parts that are not there or cannot be.

    A change that leaves every layer as it is is refused too: its picture would say nothing.
    """
    own, config = mechanisms(model, kind), model.tower(kind).config
    n_head = config.whole("n_head")
    for layer in (*(change.layers or ()), *change.ablated):
        if layer >= len(own):
            raise MisuseError(f"there is no layer {layer}; there are 0 to {len(own) - 1}")
    for layer, heads in change.ablated.items():
        for head in heads or ():
            if head >= n_head:
                raise MisuseError(f"layer {layer} has no head {head}; there are 0 to {n_head - 1}")
    d_model = config.whole("d_model")
    sizes = Sizes(d=config.d_head, d_model=d_model, n_head=n_head, n_query=1, n_key=1)
    made = tuple(change.changed(variant, layer) for layer, variant in enumerate(own))
    for before, after in zip(own, made, strict=True):
        refuse_unlearned(before, after, sizes)
    if made == own:
        raise MisuseError(f"{str(change)!r} is what {model.name!r} does anyway")
