"""Forward passes: tokens that run through attention layers, with untrained weights or a model."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Protocol, Unpack

from attnviz.argument_types import require_given, require_type
from attnviz.core.engine.layer_call import AttendCallback, LayerCall
from attnviz.core.map_metadata import MapMetadata
from attnviz.core.tokens import Tokens
from attnviz.core.variant import Variant
from attnviz.errors import MisuseError
from attnviz.sources.memory import MapFormat
from attnviz.sources.options import Options, validate_options
from attnviz.sources.token_text import TokenText

EMBEDDING_OPTIONS = ("seed", "dim", "embedding", "projections", "positions")


class ForwardPass(Protocol):
    """A tokenized text and the stack of attention layers that it runs through."""

    @property
    def queries(self) -> Tokens:
        """The query tokens."""

    @property
    def keys(self) -> Tokens:
        """The key tokens."""

    @property
    def n_layer(self) -> int:
        """Number of layers."""

    @property
    def n_head(self) -> int:
        """Number of heads in each layer."""

    def check_last_layer(self, last: int) -> None:
        """Raise MisuseError for options that only act on layers after this last one."""

    def check_memory(
        self, n_map: int, max_side: int | None = None, formats: Collection[MapFormat] = ()
    ) -> None:
        """Raise MisuseError where `n_map` maps need more memory than there is.

        `max_side` is the number of cells per side that maps are pooled to; None: not pooled.
        `formats` are those that the maps are written in.
        """

    def variant_for(self, call: LayerCall) -> Variant:
        """The mechanism that computes a layer."""

    def run(self, attend: AttendCallback, last_layer: int | None = None) -> None:
        """Run the layers up to and including `last_layer` (None: all)."""

    def meta(self) -> MapMetadata:
        """The options and facts that describe the pass, apart from the mechanism's own."""


def check_request(
    forward_pass: ForwardPass,
    layers: Collection[int] | None,
    heads: Collection[int] | None,
    max_side: int | None = None,
    n_copy: int = 1,
    formats: Collection[MapFormat] = (),
) -> None:
    """Raise MisuseError for options that act on no recorded layer, and for too little memory.

    The layers and heads exist. `n_copy` is the number of maps in memory per recorded one.
    """
    if layers:
        forward_pass.check_last_layer(max(layers))
    n_layer = forward_pass.n_layer if layers is None else len(layers)
    n_head = forward_pass.n_head if heads is None else len(heads)
    forward_pass.check_memory(n_layer * n_head * n_copy, max_side, formats)


def build_forward_pass(text: str, context: str | None, **options: Unpack[Options]) -> ForwardPass:
    """The pass that the options describe: untrained weights, or a pretrained model."""
    require_given("text", text, str)
    require_type("context", context, str)
    settings = validate_options(options)
    if "model" in settings:
        if isinstance(text, TokenText) or isinstance(context, TokenText):
            raise MisuseError("--model makes tokens of the text itself; pass a text, no list")
        from attnviz.sources.model.run_model import build_model_pass

        return build_model_pass(text, context, **settings)
    from attnviz.sources.seeded.run_seeded import build_seeded_pass

    return build_seeded_pass(text, context, **settings)


def find_unused_options(
    text: str, context: str | None, **options: Unpack[Options]
) -> tuple[str, ...]:
    """The names of options on which the weights of the mechanism do not depend.

    With a pretrained model there are none: options of untrained weights are refused before.
    """
    names = {*EMBEDDING_OPTIONS, "temperature", "softcap", "scale"}
    settings = validate_options(options)
    if "model" in settings or names.isdisjoint(settings):
        return ()
    from attnviz.sources.seeded import option_effects

    return option_effects.find_unused_options(text, context, settings)


def refuse_predictions(options: Mapping[str, Any], function: str) -> None:
    """Raise MisuseError for predictions, which are part of maps only."""
    if "predict" in validate_options(options):
        raise MisuseError(f"--predict has no effect on {function}; use look or compare")


def refuse_unused(names: Collection[str], variant: str, has_vectors: bool = False) -> None:
    """Raise MisuseError for the first of these options, which do not act on a mechanism.

    `has_vectors`: the result holds queries, keys or outputs beside the weights; options of the
    embeddings act on those.
    """
    for name in names:
        if has_vectors and name in EMBEDDING_OPTIONS:
            continue
        raise MisuseError(
            f"--{name} has no effect on {variant!r}: its weights do not depend on it"
        )
