"""effect: what the ablation of each head does to the prediction of a pretrained model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Unpack

import numpy as np

from attnviz.api.blas_threads import use_threads
from attnviz.api.look import library_versions
from attnviz.argument_types import require_type
from attnviz.core.arrays import FloatArray
from attnviz.core.map_metadata import MapMetadata
from attnviz.errors import MisuseError, UnknownNameError
from attnviz.lookup import find_by_name, unknown_name_message
from attnviz.record import Record
from attnviz.sources.forward_pass import build_forward_pass, refuse_predictions
from attnviz.sources.options import Options

HeadEffect = dict[str, Any]


class EffectMeasure(Record):
    """One measure of the effect of a head; signed ones are ranked by their absolute value."""

    name: str
    legend: str
    unit: str = ""
    aliases: tuple[str, ...] = ()
    is_signed: bool = False


EFFECTS = (  # in the order in which heads are ranked by the first that is defined
    EffectMeasure(
        "KL",
        "how far the ablation changes the distribution of the predicted token; "
        "Σ p log₂(p / q), p of the original run, q with the head ablated; 0 or more, bits",
        unit="bits",
    ),
    EffectMeasure(
        "logit change",
        "logit of the token with the head ablated minus that of the original run; negative: the "
        "head supports the token",
        aliases=("logit",),
        is_signed=True,
    ),
    EffectMeasure(
        "cosine distance",
        "1 − cosine of the mean hidden state of all tokens, original and with the head ablated; "
        "0 to 2",
        aliases=("cosine",),
    ),
    EffectMeasure(
        "direct effect",
        "what the output of the head adds to the logit of the token, without the layers after it; "
        "u · norm(o W_O), u the token's row of the output matrix, the final norm divides as in "
        "the original run; 2211.00593",
        aliases=("direct",),
        is_signed=True,
    ),
)
ORDERS = ("layer", *(measure.name.replace(" ", "-") for measure in EFFECTS))


class HeadEffects(Record, kw_only=True, eq=False):
    """Effects of all heads of a model, of one text.

    `values` are the measures by name (EFFECTS), as far as they are defined. `prediction` is the
    one of the original run: its position and most probable tokens, and "of", what is predicted;
    `token` the one whose logit is measured: id, label, logit, probability. Both are None for an
    encoder without mask token. `replacement` is what an ablated head is replaced by. `no_direct`
    is the reason why there is no direct effect; `lens` the logit lens, if requested: one dict per
    layer.
    Shapes: values: each [layer, head]
    """

    text: str
    values: Mapping[str, FloatArray]
    prediction: Mapping[str, Any] | None
    token: Mapping[str, Any] | None
    replacement: str
    no_direct: str | None
    meta: MapMetadata
    lens: Sequence[Mapping[str, Any]] | None = None

    def ranked(self, sort: str | None = None) -> list[HeadEffect]:
        """One dict per head: layer, head, name and measures, the largest effect first.

        `sort` is "layer", or the measure to rank by; None: the first that is defined. Raises
        UnknownNameError for another name, MisuseError for a measure that is not defined.
        """
        shape = next(iter(self.values.values())).shape
        rows = [
            {
                "layer": layer,
                "head": head,
                "name": f"layer {layer} · head {head}",
                "measures": {name: float(a[layer, head]) for name, a in self.values.items()},
            }
            for layer, head in np.ndindex(*shape)
        ]
        measure = find_order(sort)
        if sort is not None and measure is None:
            return rows
        name = next(iter(self.values)) if measure is None else measure.name
        if name not in self.values:
            reason = f": {self.no_direct}" if name == "direct effect" and self.no_direct else ""
            raise MisuseError(
                f"--sort {sort or name!r} is not defined for this model and text{reason}"
            )
        return sorted(rows, key=lambda row: -abs(row["measures"][name]))


def find_order(sort: str | None) -> EffectMeasure | None:
    """The measure of an order; None for "layer" and for the default."""
    if sort is None or sort == "layer":
        return None
    names = " ".join(sort.replace("_", "-").split("-"))
    return find_by_name(EFFECTS, names, "order", "or layer")


@use_threads()
def effect(
    text: str,
    *,
    replace: str = "zero",
    token: str | None = None,
    lens: bool = False,
    on_progress: Callable[[int, int], object] = lambda n_done, n_layer: None,
    **options: Unpack[Options],
) -> HeadEffects:
    """Ablate each head of a model in turn, and measure what this does to its prediction.

    A decoder predicts the token after the text, an encoder the last mask token in it, if there
    is one; of an encoder, the mean of its hidden states is compared, too. An effect is that of
    this text and this prediction: a head without one may matter elsewhere, and other heads may
    take over what an ablated one does.

    Args:
        text: the sentence.
        replace: what the output of a head is replaced by: "zero", or "uniform", the mean of the
            values of all visible keys.
        token: the token whose logit is measured; None: the most probable one.
        lens: add the logit lens: the prediction of the hidden states of each layer.
        on_progress: called with the numbers of layers that have run and that will have run.
        options: `model`, and other options of `attnviz.look`; an intervention is part of the
            original run, too.

    Returns:
        The effects, with arrays by measure, and `ranked()` for a list of heads.

    Raises:
        UnknownNameError: a replacement that there is not.
        MisuseError: no model, a token that is not in its vocabulary, invalid options.

    Source: 1905.10650 (ablation of single heads), 2211.00593 (direct effects on logits)

    >>> effects = effect("apple river seven clock apple river seven", model="induction")
    >>> [row["layer"] for row in effects.ranked()[:2]], effects.token["label"]
    ([1, 1], 'clock')
    """
    from attnviz.sources.model.ablation_runs import REPLACEMENTS

    require_type("token", token, str)
    require_type("lens", lens, bool)
    if replace not in REPLACEMENTS:
        raise UnknownNameError(unknown_name_message(str(replace), REPLACEMENTS, "replacement"))
    refuse_predictions(options, "effect")
    if options.get("model") is None:
        raise MisuseError("effect needs --model: heads without training predict nothing")
    forward = build_forward_pass(text, None, **options)
    forward.check_memory(0)
    from attnviz.sources.model.head_effects import compute_effects
    from attnviz.sources.model.run_model import ModelPass

    assert isinstance(forward, ModelPass)
    found = compute_effects(
        forward,
        replace,  # type: ignore[arg-type]
        token,
        on_progress,
        with_lens=lens,
    )
    prediction = None if found.prediction is None else {"of": found.of, **found.prediction}
    return HeadEffects(
        text=text,
        values={m.name: found.values[m.name] for m in EFFECTS if m.name in found.values},
        prediction=prediction,
        token=found.token,
        replacement=replace,
        no_direct=found.no_direct,
        lens=found.lens,
        meta={**forward.meta(), **library_versions()},
    )
