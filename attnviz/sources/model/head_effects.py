"""Head effects: what the ablation of each head does to the prediction of a model."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.core.predictions import NEXT, Prediction
from attnviz.errors import MisuseError
from attnviz.record import Record
from attnviz.sources.model.ablated_predictions import compare_predictions
from attnviz.sources.model.ablation_runs import (
    Computed,
    OriginalRun,
    count_layers,
    run_ablated,
    run_original,
)
from attnviz.sources.model.direct_effects import direct_effects, no_direct_effect
from attnviz.sources.model.logit_lens import LensLayer, logit_lens
from attnviz.sources.model.mean_outputs import MeanOutputs
from attnviz.sources.model.model_tokenizer import model_tokenizer
from attnviz.sources.model.predictions import (
    PredictionRequest,
    check_predictions,
    find_mask_token,
    predict_tokens,
)
from attnviz.sources.model.run_model import ModelPass

N_TOP = 5
WORD_STARTS = ("Ġ", "▁")  # of a token after a space, in vocabularies
OnLayers = Callable[[int, int], object]  # layers that ran so far, of how many


class AblationEffects(Record, kw_only=True, eq=False):
    """Effects of the heads by measure; `prediction` is that of the original run, if any.

    `token` is the chosen token: its id, label, logit and probability. `no_direct` is the reason
    why there is no direct effect; `lens` the prediction after each layer, if requested.
    Shapes: values: each [layer, head]
    """

    values: Mapping[str, FloatArray]
    of: str | None = None
    prediction: Prediction | None = None
    token: Mapping[str, object] | None = None
    no_direct: str | None = None
    lens: list[LensLayer] | None = None


def compute_effects(
    forward: ModelPass,
    replacement: Computed | MeanOutputs,
    token: str | None,
    on_layers: OnLayers,
    *,
    with_lens: bool = False,
) -> AblationEffects:
    """Run the model once per head, with this head ablated, and compare with the original run.

    Raises MisuseError for a token that the vocabulary lacks.
    """
    tokens = forward.target or forward.encoding
    request = find_prediction(forward)
    option = "--token" if token is not None else "--lens" if with_lens else None
    if request is None and option:
        raise MisuseError(
            f"{option} has no effect on {forward.model.name!r}: it predicts no token of this text"
        )
    chosen = None if token is None else find_token_id(forward, token)
    run = run_original(forward, replacement)
    output = run.output
    position = None if request is None else request.positions[-1]
    rows, vectors = run_all(run, position, on_layers)
    shape = run.stack.n_layer, forward.n_head
    values: dict[str, FloatArray] = {}
    if request is None or "encoder" in (forward.kind, forward.model.kind):
        values["cosine distance"] = cosine_distance(mean_vector(output), vectors).reshape(shape)
    if request is None or position is None:
        return AblationEffects(values=values)
    request = PredictionRequest(request.of, (position,), N_TOP)
    predicted = predict_tokens(forward.model, forward.kind, tokens, output, request)
    (prediction,) = predicted["positions"]
    token_id = prediction["top"][0]["id"] if chosen is None else chosen
    compared = compare_predictions(forward.model, run.stack, output[position], rows, token_id)
    changes = compared.logits[1:] - compared.logits[0]
    values = {"KL": compared.kl.reshape(shape), "logit change": changes.reshape(shape), **values}
    if (reason := no_direct_effect(run)) is None:
        values["direct effect"] = direct_effects(run, position, token_id)
    return AblationEffects(
        values=values,
        of=predicted["of"],
        prediction=prediction,
        token={
            "id": token_id,
            "label": forward.model.tokens_of_ids([token_id]).tokens[0].label,
            "logit": float(compared.logits[0]),
            "probability": float(compared.probabilities[0]),
        },
        no_direct=reason,
        lens=logit_lens(run, position, token_id) if with_lens else None,
    )


def run_all(
    run: OriginalRun, position: int | None, on_layers: OnLayers
) -> tuple[FloatArray, FloatArray]:
    """The hidden states of all ablation runs at a position, and their means over tokens.

    Shapes: -> [run, d] twice
    """
    n_done, n_layer = 0, count_layers(run)

    def count(n: int) -> None:
        nonlocal n_done
        n_done += n
        on_layers(n_done, n_layer)

    rows, vectors = [], []
    for _, hidden in run_ablated(run, count):
        rows.append(hidden[:, -1 if position is None else position].copy())
        vectors.append(mean_vector(hidden))
    return np.concatenate(rows), np.concatenate(vectors)


def mean_vector(hidden: FloatArray) -> FloatArray:
    """The sentence vector: the mean over tokens.    [..., token, d] -> [..., d]"""
    vector: FloatArray = hidden.mean(-2, dtype=np.float64)
    return vector


def cosine_distance(original: FloatArray, ablated: FloatArray) -> FloatArray:
    """1 − cosine of two vectors.    [d], [run, d] -> [run]"""
    norms = np.linalg.norm(ablated, axis=-1) * np.linalg.norm(original)
    cosine = np.divide(ablated @ original, norms, out=np.zeros(len(ablated)), where=norms > 0)
    return np.clip(1 - cosine, 0.0, 2.0)


def find_prediction(forward: ModelPass) -> PredictionRequest | None:
    """Where the model predicts a token of this text; None: it has no such prediction.

    Of a decoder, after its last token; of an encoder, at the last mask token.
    """
    model, kind = forward.model, forward.kind
    tokens = forward.target or forward.encoding
    if kind == "encoder" or (model.family.kind != "encoder" and not model.config.is_causal):
        return None
    if model.family.kind == "encoder":
        if model.family.masked_lm_head is None:
            return None
        try:
            mask = find_mask_token(model)
        except MisuseError:
            return None
        if mask not in [token.piece for token in tokens.tokens]:
            return None
    request = check_predictions(model, kind, tokens, N_TOP)
    assert request is not None
    assert request.of != NEXT or request.positions[-1] == len(tokens.ids) - 1
    return request


def find_token_id(forward: ModelPass, text: str) -> int:
    """The id of a token of the vocabulary: as it stands there, or after a space.

    Raises MisuseError for a text that is no single token.
    """
    token_to_id = model_tokenizer(forward.model).token_to_id
    bare = text.removeprefix(" ")
    after_space = [f"{mark}{bare}" for mark in WORD_STARTS]
    pieces = [*after_space, bare] if text != bare else [text, *after_space]
    for piece in pieces if text else ():  # an empty text is not the token of a space
        token_id = token_to_id(piece)
        if token_id is not None:
            return int(token_id)
    raise MisuseError(
        f"--token {text!r} is no single token of {forward.model.name!r}; "
        "`attnviz TEXT --predict 10` shows tokens that it has"
    )
