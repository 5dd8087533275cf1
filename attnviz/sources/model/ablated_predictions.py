"""Ablated predictions: KL divergence and logits of a token, of hidden states of ablation runs."""

from __future__ import annotations

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.record import Record
from attnviz.sources.model.checkpoint import Checkpoint
from attnviz.sources.model.logits import logits_chunks
from attnviz.sources.transformer.stack import LayerStack

BLOCK = 512  # ablation runs whose logits are computed at once


class AblatedPredictions(Record, eq=False):
    """What the ablation runs predict, beside the original run.

    `kl` is in bits, `logits` are those of one token, `probabilities` its probabilities; the first
    of them is that of the original run.
    Shapes: kl [run]; logits, probabilities [1 + run]
    """

    kl: FloatArray
    logits: FloatArray
    probabilities: FloatArray


def compare_predictions(
    checkpoint: Checkpoint,
    stack: LayerStack,
    original: FloatArray,
    ablated: FloatArray,
    token_id: int,
) -> AblatedPredictions:
    """Compare the predictions of ablation runs with those of the original run.

    Formula: KL(p ‖ q) = Σ p log₂(p / q), p of the original run, q of an ablation run
    Shapes: original [d], ablated [run, d]
    """
    total = float(log_sum(checkpoint, stack, original[None])[0])
    parts = [
        compare_block(checkpoint, stack, np.vstack([original[None], block]), total, token_id)
        for block in (ablated[i : i + BLOCK] for i in range(0, len(ablated), BLOCK))
    ]
    first = parts[0]
    return AblatedPredictions(
        np.concatenate([part.kl for part in parts]),
        np.concatenate([first.logits[:1], *(part.logits[1:] for part in parts)]),
        np.concatenate([first.probabilities[:1], *(part.probabilities[1:] for part in parts)]),
    )


def compare_block(
    checkpoint: Checkpoint, stack: LayerStack, hidden: FloatArray, total: float, token_id: int
) -> AblatedPredictions:
    """The same for some runs, after the original one.

    `total` is the logarithm of the sum of the exponentials of the original logits.
    Shapes: hidden [1 + run, d]
    """
    difference, logits = np.zeros(len(hidden)), np.zeros(len(hidden))
    totals = np.full(len(hidden), -np.inf)
    for start, chunk in logits_chunks(checkpoint, stack, hidden):
        z = chunk.astype(np.float64)
        difference += (z[:1] - z) @ np.exp(z[0] - total)
        totals = np.logaddexp(totals, log_sum_exp(z))
        if start <= token_id < start + z.shape[1]:
            logits = z[:, token_id - start]
    kl = (difference + totals - totals[0]) / np.log(2)
    return AblatedPredictions(np.maximum(kl[1:], 0.0), logits, np.exp(logits - totals))


def log_sum(checkpoint: Checkpoint, stack: LayerStack, hidden: FloatArray) -> FloatArray:
    """The logarithm of the sum of the exponentials of all logits.    [run, d] -> [run]"""
    total = np.full(len(hidden), -np.inf)
    for _, chunk in logits_chunks(checkpoint, stack, hidden):
        total = np.logaddexp(total, log_sum_exp(chunk.astype(np.float64)))
    return total


def log_sum_exp(z: FloatArray) -> FloatArray:
    """log Σ exp(z) of each row.    [row, column] -> [row]"""
    peak = z.max(-1, keepdims=True)
    result: FloatArray = np.log(np.exp(z - peak).sum(-1)) + peak[:, 0]
    return result
