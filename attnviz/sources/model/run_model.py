"""Forward pass of a pretrained model in NumPy, with optional interventions."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import field
from pathlib import PurePath
from typing import Any

from attnviz.core.compose.interventions import Intervention
from attnviz.core.engine.collectors import run_unrecorded
from attnviz.core.engine.layer_call import AttendCallback, LayerCall
from attnviz.core.map_metadata import MapMetadata
from attnviz.core.predictions import Predictions
from attnviz.core.tokens import Tokens
from attnviz.core.variant import Variant
from attnviz.errors import MisuseError, UnknownNameError
from attnviz.lookup import unknown_name_message
from attnviz.record import Record
from attnviz.sources.memory import MapFormat, check_memory, machine_memory, with_writer
from attnviz.sources.model.chat import Chat
from attnviz.sources.model.checkpoint import Checkpoint
from attnviz.sources.model.expert_records import describe_experts, routing_records
from attnviz.sources.model.memory_estimate import estimate_memory
from attnviz.sources.model.model_input import decoder_input, encode_input, with_generated
from attnviz.sources.model.model_intervention import build_intervention, check_intervention
from attnviz.sources.model.model_name import short_model_name
from attnviz.sources.model.open_model import open_model
from attnviz.sources.model.predictions import (
    PredictionRequest,
    check_predictions,
    predict_tokens,
)
from attnviz.sources.model.truncation import fit_length
from attnviz.sources.model.weights_version import find_revision, fingerprint
from attnviz.sources.tokenizing.tokenizers import Encoding
from attnviz.sources.transformer.experts import Routing

MAX_CHOICES = 20_000  # of experts in the metadata: layers times tokens times experts per token


def build_model_pass(text: str, context: str | None, **options: Any) -> ModelPass:
    """The forward pass; `options` are the items of sources.options.Options that are set.

    Raises:
        MisuseError: options that this model does not support, with those that it does.
        CouldNotError: no such model, no network.
        InvalidInputError: a damaged or unsupported model.
    """
    if context is not None:
        raise MisuseError("--context cannot be combined with --model; use --pair or --target")
    model = open_model(options)
    kind = choose_attention(model, options.get("attention"))
    encoding, chat = encode_input(model, text, options)
    truncated: dict[str, list[int]] = {}
    encoding = fit_length(model, encoding, options, "text", truncated)
    intervention = build_intervention(options)
    if intervention:
        check_intervention(model, kind, intervention)
    target, n_generated = None, 0
    if kind in ("decoder", "cross"):
        target = decoder_input(model, encoding, options, truncated)
    elif side := next((name for name in ("target", "target_lang") if name in options), None):
        option = f"--{side.replace('_', '-')}"
        raise MisuseError(f"{option} needs decoder or cross attention, not {kind!r}")
    elif "generate" in options:
        n_text = len(encoding.tokens)
        encoding = with_generated(model, encoding, options["generate"], chat)
        n_generated = len(encoding.tokens) - n_text
    request = check_predictions(model, kind, target or encoding, options.get("predict"))
    return ModelPass(
        model,
        kind,
        encoding,
        target,
        intervention,
        options.get("pair"),
        truncated,
        options.get("adapter"),
        request,
        chat,
        n_generated,
    )


class ModelPass(Record):
    """Tokens and the pretrained model that they run through."""

    model: Checkpoint
    kind: str
    encoding: Encoding
    target: Encoding | None
    intervention: Intervention
    pair: str | None = None  # the second sentence
    truncated: Mapping[str, list[int]] = field(default_factory=dict)
    adapter: str | None = None
    request: PredictionRequest | None = None
    chat: Chat | None = None
    n_generated: int = 0  # of the tokens
    predicted: list[Predictions] = field(default_factory=list)  # of the run, if requested
    routings: list[Routing] = field(default_factory=list)  # of the run, one per layer with experts

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
        """Run the layers up to and including `last_layer` (None: all); all for predictions."""

        def attend_this_kind(call: LayerCall) -> Any:
            return attend(call) if call.kind == self.kind else run_unrecorded(call)

        self.routings.clear()
        hidden = self.model.run(
            self.encoding,
            attend_this_kind,
            last_layer=None if self.request else last_layer,
            target=self.target,
            needs_output=self.request is not None,
            on_routing=self.record_routing,
        )
        if self.request is not None:
            tokens = self.encoding if self.target is None else self.target
            self.predicted[:] = [
                predict_tokens(self.model, self.kind, tokens, hidden, self.request)
            ]

    def record_routing(self, routing: Routing) -> None:
        """Keep the router's choice in a layer for the metadata, if all layers fit into it."""
        if routing.experts.size * self.n_layer <= MAX_CHOICES:
            self.routings.append(routing)

    def check_last_layer(self, last: int) -> None:
        """Raise MisuseError for an intervention in layers after the last one that runs."""
        if self.request is not None:  # all layers run
            return
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
        variants = None
        if self.intervention:
            own = enumerate(self.model.variants(self.kind))
            variants = [self.intervention.apply(variant, layer) for layer, variant in own]
        estimate = estimate_memory(self.model, n_token, n_map, max_side, variants)
        estimate = with_writer(estimate, formats, n_map, n_token, n_token, max_side)
        check_memory(estimate, n_token, machine_memory())

    def meta(self) -> MapMetadata:
        """The model and its intervention, for a map's metadata."""
        model, short = self.model, short_model_name(self.model.name)
        all_experts = describe_experts(next(iter(model.stacks.values())))
        meta: MapMetadata = {
            "source": "model",
            "trained": True,
            "model": model.name,
            "variant": short,
            "family": model.family.name,
            "attention": self.kind,
            "dtype": model.tensors.dtype,
            "layers": self.n_layer,
            "heads": model.n_head,
            "tokenizer": "the model's own",
        }
        weights = tuple(model.files.weights)
        meta["fingerprint"] = fingerprint(weights)
        if (revision := find_revision(weights)) is not None:
            meta["revision"] = revision
        if self.pair is not None:
            meta["pair"] = self.pair
        if self.chat is not None:
            meta["roles"] = list(self.chat.roles)
            meta["prompt"] = self.chat.prompt
        if self.n_generated:
            meta["generated"] = self.n_generated
        if self.adapter is not None:
            meta["adapter"] = self.adapter
            short += f" with adapter {PurePath(self.adapter).name or self.adapter}"
            meta["variant"] = short
        if self.truncated:
            meta["truncated"] = dict(self.truncated)
        if all_experts:
            experts = {name: all_experts[name] for name in ("count", "per_token")}
            routing = routing_records(self.routings)
            meta["experts"] = {**experts, "routing": routing} if routing else experts
        if self.predicted:
            meta["predictions"] = self.predicted[0]
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
