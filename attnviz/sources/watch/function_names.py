"""Names of the torch functions that attention is written with."""

from __future__ import annotations

from attnviz.sources.watch.contraction import MATRIX_PRODUCTS

SOFTMAX = {"softmax", "gumbel_softmax", "_softmax"}
DROPOUT = {"dropout", "dropout_", "alpha_dropout", "feature_alpha_dropout"}
CHANGES = {  # functions that make weights of scores
    "exp", "exp_", "sigmoid", "sigmoid_", "relu", "relu_", "square", "pow", "__pow__", "softplus",
    "elu", "tanh", "gelu", "silu", "masked_fill", "masked_fill_", "where", "tril", "triu",
    "tril_", "triu_", "clamp", "clamp_min", "scatter", "threshold",
}  # fmt: skip
RESET = {"linear", "layer_norm", "rms_norm", "group_norm", "batch_norm", "conv1d", "embedding"}
STARTERS = {*MATRIX_PRODUCTS, *SOFTMAX, "einsum", "linear"}
MULTIPLICATIONS = {"mul", "__mul__", "__rmul__", "multiply", "mul_", "__imul__"}
