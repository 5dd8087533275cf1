"""The most probable next tokens of a decoder, and fillers of the mask tokens of an encoder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attnviz.core.arrays import FloatArray, IntArray
from attnviz.core.predictions import MASK, NEXT, Prediction, Predictions
from attnviz.errors import MisuseError
from attnviz.record import Record
from attnviz.sources.model.logits import logits_chunks, output_matrix
from attnviz.sources.model.model_tokenizer import find_special_token, model_tokenizer
from attnviz.sources.tokenizing.tokenizers import Encoding

if TYPE_CHECKING:
    from attnviz.sources.model.checkpoint import Checkpoint

MAX_TOP = 100
MAX_POSITIONS = 4096  # of a longer text, the last position only
BLOCK = 512  # positions at once: a block of logits is as large as a chunk of the vocabulary
MASK_PIECES = ("[MASK]", "<mask>")


class PredictionRequest(Record):
    """The positions at which tokens are predicted, and how many at each."""

    of: str
    positions: tuple[int, ...]
    n_top: int


def check_predictions(
    checkpoint: Checkpoint, kind: str, encoding: Encoding, n_top: int | None
) -> PredictionRequest | None:
    """The request for the `n_top` most probable tokens, before the model runs; None for None.

    `encoding` holds the tokens of the stack with this kind of attention. Raises MisuseError for
    a model that predicts nothing at them, InvalidInputError for a checkpoint without its head.
    """
    if n_top is None:
        return None
    name, family = checkpoint.name, checkpoint.family
    if not 1 <= n_top <= MAX_TOP:
        raise MisuseError(f"--predict {n_top} should be from 1 to {MAX_TOP}")
    if kind == "encoder":
        raise MisuseError("--predict needs decoder or cross attention, not 'encoder'")
    stack = checkpoint.stack_for(kind)
    if family.kind != "encoder":
        if not checkpoint.config.is_causal:
            raise MisuseError(
                f"{name!r} is bidirectional; --predict needs a causal model or a masked-LM head"
            )
        output_matrix(checkpoint, stack)
        n_token = len(encoding.ids)
        first = 0 if n_token <= MAX_POSITIONS else n_token - 1
        return PredictionRequest(NEXT, tuple(range(first, n_token)), n_top)
    if family.masked_lm_head is None:
        raise MisuseError(f"--predict is not supported for {family.name}: no masked-LM head")
    output_matrix(checkpoint, stack)
    pieces = [token.piece for token in encoding.tokens]
    mask = find_mask_token(checkpoint)
    positions = tuple(i for i, piece in enumerate(pieces) if piece == mask)
    if not positions:
        raise MisuseError(
            f"--predict needs a mask token in the text: write {mask} for the token to predict, "
            f"as in 'The cat {mask} on the mat'"
        )
    return PredictionRequest(MASK, positions[:MAX_POSITIONS], n_top)


def predict_tokens(
    checkpoint: Checkpoint,
    kind: str,
    encoding: Encoding,
    hidden: FloatArray,
    request: PredictionRequest,
) -> Predictions:
    """The predictions at the positions of a request.

    Shapes: hidden [token, d_model], the hidden states after the last layer
    """
    found: list[Prediction] = []
    for start in range(0, len(request.positions), BLOCK):
        positions = request.positions[start : start + BLOCK]
        rows = hidden[list(positions)]
        ids, logits, total = top_logits(checkpoint, kind, rows, request.n_top)
        probabilities = np.exp(logits - total[:, None])
        for i, position in enumerate(positions):
            tokens = checkpoint.tokens_of_ids(ids[i].tolist()).tokens
            columns = zip(tokens, ids[i], logits[i], probabilities[i], strict=True)
            found.append(
                {
                    "position": position,
                    "token": encoding.tokens[position].label,
                    "top": [
                        {
                            "id": int(token_id),
                            "piece": token.piece,
                            "label": token.label,
                            "logit": float(logit),
                            "probability": min(1.0, float(probability)),
                        }
                        for token, token_id, logit, probability in columns
                    ],
                }
            )
    return {"of": "next token" if request.of == NEXT else "masked token", "positions": found}


def top_logits(
    checkpoint: Checkpoint, kind: str, hidden: FloatArray, n_top: int
) -> tuple[IntArray, FloatArray, FloatArray]:
    """The largest logits, and the logarithm of the sum of the exponentials of all.

    Of equal logits among them, the smaller ids come first.
    Shapes: [position, d_model] -> ids [position, top], logits [position, top], [position]
    """
    stack, n = checkpoint.stack_for(kind), len(hidden)
    ids: IntArray = np.empty((n, 0), np.intp)
    values: FloatArray = np.empty((n, 0), np.float64)
    total = np.full(n, -np.inf)
    for start, chunk in logits_chunks(checkpoint, stack, hidden):
        logits = chunk.astype(np.float64)
        peak = logits.max(-1, keepdims=True)
        total = np.logaddexp(total, np.log(np.exp(logits - peak).sum(-1)) + peak[:, 0])
        chunk_ids = np.broadcast_to(np.arange(start, start + chunk.shape[1]), chunk.shape)
        ids, values = keep_largest(np.hstack([ids, chunk_ids]), np.hstack([values, logits]), n_top)
    return ids, values, total


def keep_largest(ids: IntArray, values: FloatArray, n: int) -> tuple[IntArray, FloatArray]:
    """The ids of the n largest values of each row.    [row, any] twice -> [row, n] twice"""
    if values.shape[-1] > n:
        largest = np.sort(np.argpartition(-values, n - 1, axis=-1)[:, :n], axis=-1)
        ids = np.take_along_axis(ids, largest, -1)
        values = np.take_along_axis(values, largest, -1)
    order = np.argsort(-values, axis=-1, kind="stable")
    return np.take_along_axis(ids, order, -1), np.take_along_axis(values, order, -1)


def find_mask_token(checkpoint: Checkpoint) -> str:
    """The mask token: that of tokenizer_config.json, or the usual one in the vocabulary."""
    stated = find_special_token(checkpoint, "mask_token")
    token_to_id = model_tokenizer(checkpoint).token_to_id
    pieces = [piece for piece in MASK_PIECES if token_to_id(piece) is not None]
    if stated or pieces:
        return stated or pieces[0]
    raise MisuseError(
        f"--predict needs a mask token; the tokenizer of {checkpoint.name!r} has none"
    )
