"""Oracles of layer plans: the parts of a plan are those of its first layer."""

from tests.core.oracles.loops import by_rows, scaled_dot, softmax_row
from tests.core.oracles.recurrent import delta


def rms(x):
    size = (sum(float(v) ** 2 for v in x) / len(x) + 1e-6) ** 0.5
    return [float(v) / size for v in x]


def normed(variant, inputs, h, q, k):
    pairs = zip(rms(inputs.query[h, q]), rms(inputs.key[h, k]), strict=True)
    return sum(a * b for a, b in pairs) / inputs.query.shape[-1] ** 0.5


ORACLES = {
    "swan": by_rows(scaled_dot, softmax_row),
    "gemma-3": by_rows(normed),
    "llama-4": by_rows(normed),
    "qwen3-next": delta,
    "kimi-hybrid": delta,
}
