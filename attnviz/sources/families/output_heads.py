"""Masked-LM heads of encoders: names of their layers, between hidden states and logits."""

from __future__ import annotations

from typing import Any

from attnviz.record import Record


class MaskedLMHead(Record, kw_only=True):
    """The masked-LM head of an encoder: dense layer, activation, layer norm and output matrix.

    Formula: logits = norm(activation(dense(x))) Wᵀ + b, W the token embeddings if tied

    `activation` is a setting of the config, or of a head whose activation is fixed its name.
    `dense_bias` and `bias_if` are a value or the config key that holds it. `bias` are names of
    the vector, of which the first that exists counts.
    """

    dense: str
    norm: str
    output: str
    bias: tuple[str, ...]
    activation: str = "activation"
    dense_bias: bool | str = True
    bias_if: bool | str = True


def bias_names(prefix: str) -> tuple[str, ...]:
    """The names of a bias that the output matrix shares with the head."""
    return f"{prefix}.bias", f"{prefix}.decoder.bias"


def predictions_head(prefix: str, **changes: Any) -> MaskedLMHead:
    """The head of BERT and its like, below `prefix`."""
    names: dict[str, Any] = {
        "dense": f"{prefix}.dense",
        "norm": f"{prefix}.LayerNorm",
        "output": f"{prefix}.decoder",
        "bias": bias_names(prefix),
    }
    return MaskedLMHead(**(names | changes))


BERT_HEAD = predictions_head(
    "cls.predictions",
    dense="cls.predictions.transform.dense",
    norm="cls.predictions.transform.LayerNorm",
)
ROBERTA_HEAD = predictions_head("lm_head", norm="lm_head.layer_norm", activation="gelu")
DISTILBERT_HEAD = MaskedLMHead(
    dense="vocab_transform",
    norm="vocab_layer_norm",
    output="vocab_projector",
    bias=("vocab_projector.bias",),
)
ELECTRA_HEAD = predictions_head(
    "generator_predictions",
    output="generator_lm_head",
    bias=("generator_lm_head.bias",),
    activation="gelu",
)
ALBERT_HEAD = predictions_head("predictions")
MODERNBERT_HEAD = MaskedLMHead(
    dense="head.dense",
    norm="head.norm",
    output="decoder",
    bias=("decoder.bias",),
    activation="classifier_activation",
    dense_bias="classifier_bias",
    bias_if="decoder_bias",
)
