"""Logit lens: the prediction of the hidden states of each layer, through final norm and output."""

from __future__ import annotations

from typing import TypedDict

import numpy as np

from attnviz.sources.model.ablated_predictions import compare_predictions
from attnviz.sources.model.ablation_runs import OriginalRun
from attnviz.sources.model.predictions import top_logits


class LensLayer(TypedDict):
    """The prediction after a layer; -1: of the embeddings.

    `top` is the label of the most probable token, `top_probability` its probability; `logit` and
    `probability` are those of the measured token, `kl` is KL(prediction of the model ‖ this one)
    in bits.
    """

    layer: int
    top: str
    top_probability: float
    logit: float
    probability: float
    kl: float


def logit_lens(run: OriginalRun, position: int, token_id: int) -> list[LensLayer]:
    """The predictions at a position, of the embeddings and after each layer.

    Formula: softmax(norm(x) Wᵀ), x the hidden state, norm the final one, W the output matrix
    Paper: 2303.08112 (which describes the logit lens and tunes it)
    """
    model, stack = run.forward.model, run.stack
    hidden = stack.final_norm(np.stack([x[position] for x in run.inputs]))
    ids, logits, totals = top_logits(model, run.forward.kind, hidden, 1)
    compared = compare_predictions(model, stack, hidden[-1], hidden, token_id)
    tokens = model.tokens_of_ids(ids[:, 0].tolist()).tokens
    return [
        {
            "layer": i - 1,
            "top": tokens[i].label,
            "top_probability": min(1.0, float(np.exp(logits[i, 0] - totals[i]))),
            "logit": float(compared.logits[i + 1]),
            "probability": min(1.0, float(compared.probabilities[i + 1])),
            "kl": float(compared.kl[i]),
        }
        for i in range(len(hidden))
    ]
