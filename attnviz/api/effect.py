"""effect: what the ablation of each head does to the prediction of a pretrained model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Unpack

from attnviz.api.blas_threads import use_threads
from attnviz.api.head_effects import EFFECTS, HeadEffects
from attnviz.api.pending_map import library_versions
from attnviz.argument_types import require_callable, require_given, require_type
from attnviz.core.arrays import FloatArray
from attnviz.errors import MisuseError, UnknownNameError
from attnviz.lookup import unknown_name_message
from attnviz.sources.forward_pass import build_forward_pass, refuse_predictions
from attnviz.sources.options import Options

if TYPE_CHECKING:
    from attnviz.sources.model.mean_outputs import MeanOutputs
    from attnviz.sources.model.run_model import ModelPass


@use_threads()
def effect(
    text: str,
    *,
    replace: str | MeanOutputs = "zero",
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
        replace: what the output of a head is replaced by: "zero"; "uniform", the mean of the
            values of all visible keys; or its mean over other texts (`attnviz.mean_outputs`).
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
    ([0, 1], 'clock')
    """
    from attnviz.sources.model.ablation_runs import REPLACEMENTS
    from attnviz.sources.model.head_effects import compute_effects
    from attnviz.sources.model.mean_outputs import MeanOutputs

    require_type("token", token, str)
    require_type("lens", lens, bool)
    require_given("replace", replace, str, MeanOutputs)
    require_callable("on_progress", on_progress)
    if replace == "mean":
        raise MisuseError("replace='mean' needs texts: replace=attnviz.mean_outputs(texts, …)")
    if not isinstance(replace, MeanOutputs) and replace not in REPLACEMENTS:
        names = (*REPLACEMENTS, "mean")
        raise UnknownNameError(unknown_name_message(str(replace), names, "replacement"))
    forward = build_model_pass(text, options)
    found = compute_effects(
        forward,
        replace,  # type: ignore[arg-type]
        token,
        on_progress,
        with_lens=lens,
    )
    prediction = None if found.prediction is None else {"of": found.of, **found.prediction}
    n_text = replace.n_text if isinstance(replace, MeanOutputs) else None
    return HeadEffects(
        text=text,
        values={m.name: found.values[m.name] for m in EFFECTS if m.name in found.values},
        prediction=prediction,
        token=found.token,
        replacement="mean" if isinstance(replace, MeanOutputs) else replace,
        n_text=n_text,
        no_direct=found.no_direct,
        lens=found.lens,
        meta={**forward.meta(), **library_versions()},
    )


@use_threads()
def mean_outputs(
    texts: Iterable[str],
    *,
    on_text: Callable[[int], object] = lambda n_text: None,
    **options: Unpack[Options],
) -> MeanOutputs:
    """The mean output of each head of a model over texts, for mean ablation.

    Formula: the mean of o = A V, before W_O, over all tokens of all texts, special tokens included

    Args:
        texts: sentences like those whose predictions are analyzed, read one by one.
        on_text: called with the number of texts that have run.
        options: `model`, and other options of `attnviz.look`.

    Returns:
        The means, for `replace` of `attnviz.effect`. Memory does not depend on the number of
        texts.

    Raises:
        MisuseError: no text, no model, invalid options.

    Source: 2211.00593 (mean ablation)

    >>> means = mean_outputs(["the cat sat", "a dog ran"], model="induction")
    >>> effects = effect("river seven river", replace=means, model="induction")
    >>> effects.replacement, effects.n_text
    ('mean', 2)
    """
    from attnviz.sources.model.ablation_runs import run_original
    from attnviz.sources.model.mean_outputs import average_outputs

    require_given("texts", texts, Iterable)
    require_callable("on_text", on_text)
    if isinstance(texts, str):
        raise MisuseError("texts should be several texts, got one: put it into a list")

    def outputs() -> Iterator[list[FloatArray]]:
        for n_text, text in enumerate(texts, start=1):
            yield run_original(build_model_pass(text, options)).heads
            on_text(n_text)

    return average_outputs(outputs())


def build_model_pass(text: str, options: Options) -> ModelPass:
    """The forward pass of a pretrained model; MisuseError without one."""
    from attnviz.sources.model.run_model import ModelPass

    refuse_predictions(options, "effect")
    if options.get("model") is None:
        raise MisuseError("effect needs --model: heads without training predict nothing")
    forward = build_forward_pass(text, None, **options)
    forward.check_memory(0)
    assert isinstance(forward, ModelPass)
    return forward
