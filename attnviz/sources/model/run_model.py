"""Forward pass of a pretrained model in NumPy, with optional interventions."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import field, replace
from functools import lru_cache
from pathlib import Path, PurePath
from typing import Any

from attnviz.core.compose.interventions import Intervention, parse_heads, require_trained_params
from attnviz.core.engine.collectors import run_unrecorded
from attnviz.core.engine.layer_call import AttendCallback, LayerCall
from attnviz.core.inputs import Sizes
from attnviz.core.map_metadata import MapMetadata
from attnviz.core.tokens import Tokens
from attnviz.core.variant import Variant
from attnviz.core.variants import find_variant
from attnviz.errors import MisuseError, UnknownNameError
from attnviz.lookup import unknown_name_message
from attnviz.record import Record
from attnviz.sources.file_stamp import read_stamp
from attnviz.sources.memory import MapFormat, check_memory, machine_memory, with_writer
from attnviz.sources.model.checkpoint import Checkpoint, open_checkpoint
from attnviz.sources.model.describe import describe, layer_variants
from attnviz.sources.model.generate import generate
from attnviz.sources.model.memory_estimate import estimate_memory
from attnviz.sources.model.truncation import fit_length
from attnviz.sources.options import PART_OPTIONS
from attnviz.sources.tokenizing.tokenizers import Encoding

MAX_NEW_TOKENS = 32  # of an encoder-decoder without a target


def build_model_pass(text: str, context: str | None, **options: Any) -> ModelPass:
    """The forward pass; `options` are the items of sources.options.Options that are set.

    Raises:
        MisuseError: options that this model does not support, with those that it does.
        CouldNotError: no such model, no network.
        InvalidInputError: a damaged or unsupported model.
    """
    if context is not None:
        raise MisuseError("--context cannot be combined with --model; use --pair or --target")
    name = options["model"]
    if "revision" in options and Path(name).is_dir():
        raise MisuseError(f"--revision has no effect on the local folder {name!r}")
    model = open_cached(name, options.get("revision"), read_stamp(Path(name)))
    kind = choose_attention(model, options.get("attention"))
    encoding = model.encode(text, options.get("pair"))
    truncated: dict[str, list[int]] = {}
    encoding = fit_length(model, encoding, options, "text", truncated)
    intervention = build_intervention(options)
    if intervention:
        check_intervention(model, kind, intervention)
    target = None
    if kind in ("decoder", "cross"):
        target = decoder_input(model, encoding, options, truncated)
    elif "target" in options:
        raise MisuseError(f"--target needs decoder or cross attention, not {kind!r}")
    elif "generate" in options:
        encoding = with_generated(model, encoding, options["generate"])
    return ModelPass(model, kind, encoding, target, intervention, options.get("pair"), truncated)


@lru_cache(maxsize=1)
def open_cached(name: str, revision: str | None, stamp: object) -> Checkpoint:
    """The model, kept open for the next sentence as long as its files do not change."""
    return open_checkpoint(name, revision=revision)


class ModelPass(Record):
    """Tokens and the pretrained model that they run through."""

    model: Checkpoint
    kind: str
    encoding: Encoding
    target: Encoding | None
    intervention: Intervention
    pair: str | None = None  # the second sentence
    truncated: Mapping[str, list[int]] = field(default_factory=dict)

    @property
    def queries(self) -> Tokens:
        """The query tokens."""
        return self.encoding.tokens if self.target is None else self.target.tokens

    @property
    def keys(self) -> Tokens:
        """The key tokens."""
        return self.queries if self.kind == "decoder" else self.encoding.tokens

    @property
    def n_layer(self) -> int:
        """Number of layers with this kind of attention."""
        return self.model.attentions[self.kind]

    @property
    def n_head(self) -> int:
        """Number of heads in each layer."""
        return self.model.stack_for(self.kind).config.get_int("n_head")

    def variant_for(self, call: LayerCall) -> Variant:
        """The layer's own mechanism, with the intervention applied."""
        return self.intervention(call) if self.intervention else call.variant

    def run(self, attend: AttendCallback, last_layer: int | None = None) -> None:
        """Run the layers up to and including `last_layer` (None: all)."""

        def attend_this_kind(call: LayerCall) -> Any:
            return attend(call) if call.kind == self.kind else run_unrecorded(call)

        self.model.run(
            self.encoding,
            attend_this_kind,
            last_layer=last_layer,
            target=self.target,
            needs_output=False,
        )

    def check_last_layer(self, last: int) -> None:
        """Raise MisuseError for an intervention in layers after the last one that runs."""
        for name, layers in (
            ("ablate", self.intervention.ablated),
            ("at", self.intervention.layers),
        ):
            if above := [layer for layer in layers or () if layer > last]:
                raise MisuseError(
                    f"--{name} has no effect on layer {above[0]}: layer {last} is the last to run"
                )

    def check_memory(
        self, n_map: int, max_side: int | None = None, formats: Collection[MapFormat] = ()
    ) -> None:
        """Raise MisuseError for a run that needs more memory than there is."""
        n_token = max(len(self.queries), len(self.keys))
        estimate = estimate_memory(self.model, n_token, n_map, max_side)
        estimate = with_writer(estimate, formats, n_map, n_token, n_token, max_side)
        check_memory(estimate, n_token, machine_memory())

    def meta(self) -> MapMetadata:
        """The model and its intervention, for a map's metadata."""
        facts, short = describe(self.model), "/".join(PurePath(self.model.name).parts[-2:])
        meta: MapMetadata = {
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
        if self.pair is not None:
            meta["pair"] = self.pair
        if self.truncated:
            meta["truncated"] = dict(self.truncated)
        if not self.intervention:
            return meta
        intervention = str(self.intervention)
        variant = f"{short}, modified: {intervention}"
        return {**meta, "variant": variant, "intervention": intervention}


def choose_attention(model: Checkpoint, kind: str | None) -> str:
    """The kind of attention to show; None: of an encoder-decoder, cross-attention."""
    kinds = tuple(model.attentions)
    if kind is None:
        return "cross" if "cross" in kinds else kinds[0]
    if kind not in kinds:
        raise UnknownNameError(unknown_name_message(kind, kinds, f"attention of {model.name!r}"))
    return kind


def decoder_input(
    model: Checkpoint,
    encoding: Encoding,
    options: Mapping[str, Any],
    truncated: dict[str, list[int]],
) -> Encoding:
    """The decoder input: the target, or what the model generates by greedy decoding."""
    if "target" in options:
        if "generate" in options:
            raise MisuseError("--generate has no effect with --target: the decoder input is given")
        target = model.encode_target(options["target"])
        return fit_length(model, target, options, "target", truncated)
    ids = generate(model, encoding, options.get("generate", MAX_NEW_TOKENS), run_unrecorded)
    return model.tokens_of_ids([model.start_id, *ids])


def with_generated(model: Checkpoint, encoding: Encoding, n: int) -> Encoding:
    """The text and n generated tokens; these are segment 1."""
    generated = model.tokens_of_ids(generate(model, encoding, n, run_unrecorded))
    tokens = tuple(replace(token, segment=1) for token in generated.tokens)
    return encoding.join(generated._replace(tokens=tokens))


def build_intervention(options: Mapping[str, Any]) -> Intervention:
    """The intervention that the options describe; false where they describe none."""
    parts = {name: options[name] for name in PART_OPTIONS if name in options}
    if options.get("tunables"):
        parts["tunables"] = options["tunables"]
    variant = options.get("variant")
    if "at" in options and not parts and variant is None:
        raise MisuseError("--at has no effect without a part to override, as in --at 0 -v hard")
    return Intervention(
        variant=find_variant(variant) if isinstance(variant, str) else variant,
        parts=parts,
        ablated=parse_heads(options["ablate"]) if "ablate" in options else {},
        layers=options.get("at"),
    )


def check_intervention(model: Checkpoint, kind: str, intervention: Intervention) -> None:
    """Raise MisuseError for an intervention that this model does not allow.

    That is one with layers or heads that do not exist, with parts whose trained parameters the
    model lacks, or one that changes nothing.
    """
    own, config = layer_variants(model, kind), model.stack_for(kind).config
    n_head = config.get_int("n_head")
    for layer in (*(intervention.layers or ()), *intervention.ablated):
        if layer >= len(own):
            raise MisuseError(f"there is no layer {layer}; there are 0 to {len(own) - 1}")
    for layer, heads in intervention.ablated.items():
        for head in heads or ():
            if head >= n_head:
                raise MisuseError(f"layer {layer} has no head {head}; there are 0 to {n_head - 1}")
    d_model = config.get_int("d_model")
    sizes = Sizes(d=config.d_head, d_model=d_model, n_head=n_head, n_query=1, n_key=1)
    modified = tuple(intervention.apply(variant, layer) for layer, variant in enumerate(own))
    for before, after in zip(own, modified, strict=True):
        require_trained_params(before, after, sizes)
    if modified == own:
        raise MisuseError(f"{str(intervention)!r} changes nothing in {model.name!r}")
