"""Pretrained models: an opened checkpoint, and its forward pass layer by layer."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from attnviz.core.arrays import FloatArray
from attnviz.core.engine.layer_call import AttendCallback
from attnviz.core.token_features import compute_token_features
from attnviz.core.variant import Variant
from attnviz.errors import AttnvizWarning, InvalidInputError, MisuseError
from attnviz.record import Record
from attnviz.sources.checkpoint.config import Config
from attnviz.sources.checkpoint.files import CONFIG
from attnviz.sources.checkpoint.model_path import find_model_path
from attnviz.sources.checkpoint.quantized_tensors import join_scales
from attnviz.sources.checkpoint.source import CheckpointSource, find_source
from attnviz.sources.checkpoint.tensors import Tensors
from attnviz.sources.families import find_family
from attnviz.sources.families.spec import Family, Kind
from attnviz.sources.model.feature_checks import check_features
from attnviz.sources.model.generation_config import GenerationConfig, read_generation_config
from attnviz.sources.model.quantization import scale_block
from attnviz.sources.model.size_checks import check_sizes, check_token_id
from attnviz.sources.model.stacks import build_stacks
from attnviz.sources.model.tensor_prefixes import find_prefixes
from attnviz.sources.model.tokenizer_config import find_contradictions, read_settings
from attnviz.sources.tokenizing.tokenizers import Encoding, TextTokenizer
from attnviz.sources.transformer.attention import AttentionContext
from attnviz.sources.transformer.embedding import embed_tokens, max_positions
from attnviz.sources.transformer.experts import RoutingCallback
from attnviz.sources.transformer.stack import LayerStack


class Checkpoint(Record):
    """A pretrained model. Tensors are read when a layer needs them."""

    name: str
    files: CheckpointSource
    family: Family
    config: Config
    tensors: Tensors

    @cached_property
    def stacks(self) -> Mapping[str, LayerStack]:
        """The stacks of layers by side: "encoder", "decoder", or both."""
        return build_stacks(self.family, self.config, self.tensors)

    @property
    def kind(self) -> Kind:
        """Encoder, decoder or encoder-decoder, by the stacks that it has."""
        return "encoder" if list(self.stacks) == ["encoder"] else self.family.kind

    @property
    def attentions(self) -> Mapping[str, int]:
        """Number of layers of each kind of attention: self, or encoder, decoder and cross."""
        if len(self.stacks) == 1:
            kind = "encoder" if self.family.kind == "encoder-decoder" else "self"
            return {kind: next(iter(self.stacks.values())).n_layer}
        counts = {side: stack.n_layer for side, stack in self.stacks.items()}
        return counts | {"cross": counts["decoder"]}

    def variants(self, kind: str) -> tuple[Variant, ...]:
        """The model's own mechanism of each layer, for a kind of attention."""
        stack = self.stack_for(kind)
        return stack.cross_variants if kind == "cross" else stack.variants

    def stack_for(self, kind: str) -> LayerStack:
        """The stack that contains a kind of attention."""
        first = next(iter(self.stacks.values()))
        return self.stacks.get("decoder" if kind == "cross" else kind, first)

    @property
    def n_layer(self) -> int:
        """Number of layers; of an encoder-decoder, the larger of its two stacks."""
        return max(self.attentions.values())

    @property
    def n_head(self) -> int:
        """Number of heads in each layer."""
        return max(stack.config.get_int("n_head") for stack in self.stacks.values())

    @property
    def n_position(self) -> int | None:
        """Maximum length of the text in tokens; None: unlimited."""
        return self.max_length("encoder")

    def max_length(self, side: str) -> int | None:
        """Maximum length in tokens of one side, of which some models have one; None: unlimited."""
        stack = self.stacks.get(side) or next(iter(self.stacks.values()))
        return max_positions(stack.spec.embedding, stack.weights)

    @cached_property
    def tokenizer_settings(self) -> Mapping[str, object]:
        """Settings of the tokenizer that its tokens may contradict."""
        return read_settings(self.files)

    @cached_property
    def generation(self) -> GenerationConfig:
        """The settings of greedy decoding."""
        return read_generation_config(self.files, self.config.values)

    @property
    def start_id(self) -> int:
        """The token id that a decoder input begins with."""
        for key, token_id in (
            ("decoder_start_token_id", self.generation.decoder_start_token_id),
            ("bos_token_id", self.config.get_optional_int("bos_token_id")),
        ):
            if token_id is not None:
                check_token_id(self.stack_for("decoder"), key, token_id)
                return token_id
        raise InvalidInputError(
            "config.json: decoder_start_token_id is missing, and bos_token_id, its default"
        )

    @property
    def eos_ids(self) -> tuple[int, ...]:
        """The token ids that end a sequence."""
        return self.generation.eos_token_id

    def encode(self, text: str, pair: str | None = None, *, is_target: bool = False) -> Encoding:
        """Tokens and token ids of a text, or of a sentence pair, by the model's own tokenizer.

        With `is_target`, by that of the target language, if there are two. Warns where
        tokenizer_config.json contradicts tokenizer.json. Raises CouldNotError without a tokenizer.
        """
        library = self.files.load_tokenizer(is_target=is_target)
        tokenizer = TextTokenizer(library.name, "the model's own", lambda texts: library)
        encoding = tokenizer.encode(text, pair)
        for contradiction in find_contradictions(self.tokenizer_settings, text, encoding.tokens):
            warnings.warn(f"{contradiction}; tokenizer.json is followed", AttnvizWarning, 2)
        return encoding

    def tokens_of_ids(self, ids: Sequence[int], *, is_sequence: bool = False) -> Encoding:
        """Token ids as an encoding that covers no text; `is_sequence`: they follow each other."""
        from attnviz.sources.tokenizing.tokenizer_json import tokens_of_ids

        tokens = tokens_of_ids(self.files.load_tokenizer(), ids, is_sequence=is_sequence)
        return Encoding(tokens, tuple(ids), (0,) * len(ids))

    def encode_target(self, text: str) -> Encoding:
        """A text as decoder input: the start token, then the text without its end token."""
        encoding = self.encode(text, is_target=True)
        if encoding.ids[-1] in self.eos_ids:
            encoding = encoding.select(range(len(encoding.ids) - 1))
        return self.tokens_of_ids([self.start_id]).join(encoding)

    def fit_to_positions(
        self, encoding: Encoding, side: str = "encoder", *, truncate: bool = False
    ) -> Encoding:
        """The encoding, truncated to the maximum length of a side if `truncate` is set.

        Truncation keeps the special tokens at the end. Raises MisuseError, with both lengths,
        for a text that is too long.
        """
        max_length = self.max_length(side)
        if max_length is None or len(encoding.ids) <= max_length:
            return encoding
        if not truncate:
            raise MisuseError(
                f"the text has {len(encoding.ids)} tokens; {self.name!r} accepts at most "
                f"{max_length} tokens; shorten the text or use --truncate"
            )
        n_tail = 0
        while encoding.tokens[-1 - n_tail].special and n_tail < max_length:
            n_tail += 1
        n_token = len(encoding.ids)
        return encoding.select([*range(max_length - n_tail), *range(n_token - n_tail, n_token)])

    def run(
        self,
        encoding: Encoding,
        attend: AttendCallback,
        *,
        last_layer: int | None = None,
        target: Encoding | None = None,
        needs_output: bool = True,
        on_routing: RoutingCallback | None = None,
    ) -> FloatArray:
        """Run the model up to `last_layer` (None: all layers); `attend` is called in each.

        An encoder-decoder runs its encoder; with a `target` (see `encode_target`), the whole
        encoder and then the decoder up to that layer. Without `needs_output`, the last layer
        stops after its attention. `on_routing` is called with the router's choice in each layer
        that has experts; only decoders have them.
        Shapes: -> [token, d_model], the hidden states after the last layer that ran

        Raises:
            MisuseError: a text that is too long, a target for a model without cross-attention.
            InvalidInputError: tensors that are missing or misshapen, token ids out of range.
        """
        first = next(iter(self.stacks))
        if len(self.stacks) == 1:
            if target is not None:
                raise MisuseError(f"{self.name!r} is no encoder-decoder; it takes no target")
            kind = next(iter(self.attentions))
            context = AttentionContext(
                attend=attend, kind=kind, needs_output=needs_output, on_routing=on_routing
            )
            return self.run_stack(first, encoding, context, last_layer)
        needs_states = needs_output or target is not None
        context = AttentionContext(attend=attend, kind=first, needs_output=needs_states)
        if target is None:
            return self.run_stack(first, encoding, context, last_layer)
        cross_context = AttentionContext(
            attend=attend,
            kind="cross",
            encoder_states=self.run_stack(first, encoding, context, None),
            token_features=compute_token_features(target.tokens, encoding.tokens),
        )
        context = AttentionContext(attend=attend, kind="decoder", needs_output=needs_output)
        return self.run_stack("decoder", target, context, last_layer, cross_context)

    def run_stack(
        self,
        side: str,
        encoding: Encoding,
        context: AttentionContext,
        last_layer: int | None,
        cross_context: AttentionContext | None = None,
    ) -> FloatArray:
        """Embed the tokens and run one stack.    -> [token, d_model]"""
        tokens, ids, type_ids = self.fit_to_positions(encoding, side)
        stack = self.stacks[side]
        x = embed_tokens(stack.spec.embedding, stack.weights, ids, type_ids)
        context = replace(context, token_features=compute_token_features(tokens, tokens))
        return stack.run(x, context, last_layer=last_layer, cross_context=cross_context)


def open_checkpoint(folder_or_id: str, *, revision: str | None = None) -> Checkpoint:
    """A pretrained model from a local folder or file, or by its name on the Hugging Face Hub.

    Raises:
        CouldNotError: no such path, no model of that name, no network, missing files.
        InvalidInputError: an unsupported family or setting, damaged or pickled files.
    """
    files = find_source(find_model_path(folder_or_id, revision))
    values = files.read_document(CONFIG) or {}
    family = find_family(values.get("model_type"))
    config = family.config(values)
    check_features(config, family)
    by_name = join_scales(files.read_tensors(), scale_block(config))
    tensors = Tensors(by_name, find_prefixes(by_name, family))
    checkpoint = Checkpoint(folder_or_id, files, family, config, tensors)
    check_sizes(checkpoint.stacks, tensors)
    return checkpoint
