"""Oracles of head layouts, head by head and pair by pair."""

from __future__ import annotations

import numpy as np


def softmax_rows(scores, visible):
    """Softmax over the visible keys, row by row.    [query, key] -> [query, key]"""
    weights = np.zeros(scores.shape)
    for i, row in enumerate(scores):
        keys = np.flatnonzero(visible[i])
        if len(keys):
            mass = np.exp(row[keys] - max(row[keys]))
            weights[i, keys] = mass / sum(mass)
    return weights


def rotate(x, position):
    """RoPE: pairs (t, t + d/2) as complex numbers."""
    half = len(x) // 2
    z = (x[:half] + 1j * x[half : 2 * half]) * np.exp(
        1j * position * 10000.0 ** (-np.arange(half) / half)
    )
    return np.concatenate([z.real, z.imag, x[2 * half :]])


def scaled_dot_scores(inputs):
    """q·k/√d, one product at a time.    -> [head, query, key]"""
    n_head, n_query, d = inputs.query.shape
    n_key = inputs.key.shape[1]
    scores = np.zeros((n_head, n_query, n_key))
    for h in range(n_head):
        for i in range(n_query):
            for j in range(n_key):
                scores[h, i, j] = sum(inputs.query[h, i] * inputs.key[h, j]) / np.sqrt(d)
    return scores


def scaled_dot(variant, inputs, visible):
    return np.stack(
        [softmax_rows(s, v) for s, v in zip(scaled_dot_scores(inputs), visible, strict=True)]
    )


def layer_input(inputs, h, i, side):
    """The layer's input of a token, else its projection."""
    source = inputs.query_input if side == "query" else inputs.key_input
    projected = inputs.query if side == "query" else inputs.key
    return projected[h, i] if source is None else source[i]


def softmax_of(inputs, visible, score):
    n_head, n_query = inputs.query.shape[:2]
    n_key = inputs.key.shape[1]
    scores = [
        [[score(h, i, j) for j in range(n_key)] for i in range(n_query)] for h in range(n_head)
    ]
    return np.stack([softmax_rows(s, v) for s, v in zip(np.array(scores), visible, strict=True)])


def rms(x):
    return x / np.sqrt(np.mean(x * x) + 1e-6)


def mla(variant, inputs, visible):
    learned, d = inputs.params, inputs.query.shape[-1]
    first = max(inputs.key.shape[1] - inputs.query.shape[1], 0)

    def score(h, i, j):
        x_i, x_j = layer_input(inputs, h, i, "query"), layer_input(inputs, h, j, "key")
        key = learned["u_latent"][h] @ rms(learned["w_latent"][0] @ x_j)
        latent = rms(learned["w_query_latent"][0] @ x_i)
        query = learned["u_query_latent"][h] @ latent
        rope_query = rotate(learned["w_query_turned"][h] @ latent, first + i)
        rope_key = rotate(learned["w_key_turned"][0] @ x_j, j)
        query = np.concatenate([query, rope_query])
        return query @ np.concatenate([key, rope_key]) / np.sqrt(d + len(rope_key))

    return softmax_of(inputs, visible, score)


def latent_nope(variant, inputs, visible):
    """Kimi Linear: the query is projected at once, and one more key serves all heads."""
    learned = inputs.params

    def score(h, i, j):
        x_i, x_j = layer_input(inputs, h, i, "query"), layer_input(inputs, h, j, "key")
        of_head = learned["u_latent"][h] @ rms(learned["w_latent"][0] @ x_j)
        key = np.concatenate([of_head, learned["w_key_turned"][0] @ x_j])
        query = np.concatenate([inputs.query[h, i], learned["w_query_turned"][h] @ x_i])
        return query @ key * len(key) ** -0.5

    return softmax_of(inputs, visible, score)


def gated(variant, inputs, visible):
    weights = scaled_dot(variant, inputs, visible)
    for h, i in np.ndindex(*weights.shape[:2]):
        weights[h, i] /= 1 + np.exp(-inputs.params["w_output_gate"][h] @ inputs.query_input[i])
    return weights


def differential_v2(variant, inputs, visible):
    maps = scaled_dot(variant, inputs, visible)
    difference = maps[0::2].copy()
    for h, i in np.ndindex(*difference.shape[:2]):
        drive = inputs.params["w_lambda"][2 * h] @ inputs.query_input[i]
        difference[h, i] -= maps[2 * h + 1, i] / (1 + np.exp(-drive))
    return difference


def tensor_product(variant, inputs, visible):
    learned, d = inputs.params, inputs.query.shape[-1]
    first = max(inputs.key.shape[1] - inputs.query.shape[1], 0)

    def vector(h, i, side):
        position = first + i if side == "query" else i
        x = layer_input(inputs, h, i, side)
        factors = learned[f"a_{side}"][h] @ x
        total = np.zeros(d)
        for r, a in enumerate(factors):
            total += a * rotate(learned[f"b_{side}"][0, r * d : (r + 1) * d] @ x, position)
        return total / len(factors)

    def score(h, i, j):
        return vector(h, i, "query") @ vector(h, j, "key") / np.sqrt(d)

    return softmax_of(inputs, visible, score)


def collaborative(variant, inputs, visible):
    n_head, _, d = inputs.query.shape
    mix = inputs.params["m_collaborative"]

    def score(h, i, j):
        terms = [
            mix[h, g * d + c] * inputs.query[g, i, c] * inputs.key[g, j, c]
            for g in range(n_head)
            for c in range(d)
        ]
        return sum(terms) / np.sqrt(d)

    return softmax_of(inputs, visible, score)


def talking_heads(variant, inputs, visible):
    before, after = inputs.params["talk_logits"], inputs.params["talk_weights"]
    scores = scaled_dot_scores(inputs)
    n_head = len(scores)
    mixed = [sum(before[h, g] * scores[g] for g in range(n_head)) for h in range(n_head)]
    weights = [softmax_rows(s, v) for s, v in zip(mixed, visible, strict=True)]
    return np.stack([sum(after[h, g] * weights[g] for g in range(n_head)) for h in range(n_head)])


def differential(variant, inputs, visible):
    learned, maps = inputs.params, scaled_dot(variant, inputs, visible)
    factor = (
        np.exp(sum(learned["lambda_q1"][0] * learned["lambda_k1"][0]))
        - np.exp(sum(learned["lambda_q2"][0] * learned["lambda_k2"][0]))
        + (0.8 - 0.6 * np.exp(-0.3 * ((inputs.layer + 1) - 1)))
    )
    return np.stack([maps[2 * h] - factor * maps[2 * h + 1] for h in range(len(maps) // 2)])


def multi_token(variant, inputs, visible):
    theta, groups = inputs.params["theta"], inputs.params["mix_group"]
    scores = np.where(visible, scaled_dot_scores(inputs), 0.0)
    n_head, _, n_key = scores.shape
    _, n_a, n_b = theta.shape
    filtered = np.zeros_like(scores)
    for h, i, j in np.ndindex(*scores.shape):
        for a in range(n_a):
            for b in range(-(n_b // 2), n_b - n_b // 2):
                if i - a >= 0 and 0 <= j - b < n_key:
                    filtered[h, i, j] += theta[h, a, b + n_b // 2] * scores[h, i - a, j - b]
    weights = [softmax_rows(s, v) for s, v in zip(filtered, visible, strict=True)]
    size = groups.shape[1]
    return np.stack(
        [
            sum(groups[h, g % size] * weights[g] for g in range(n_head) if g // size == h // size)
            for h in range(n_head)
        ]
    )


def selective(variant, inputs, visible):
    scores = scaled_dot_scores(inputs)
    masked = scores.copy()
    for i in range(scores.shape[1]):
        for j in range(1, scores.shape[2]):
            for earlier in range(j + 1, i):
                masked[:, i, j] -= max(scores[0, earlier, j], 0.0)
    return np.stack([softmax_rows(s, v) for s, v in zip(masked, visible, strict=True)])


def memory_slots(variant, inputs, visible):
    scores, d = scaled_dot_scores(inputs), inputs.query.shape[-1]
    weights = np.zeros_like(scores)
    for h, i in np.ndindex(*scores.shape[:2]):
        slot_mass = sum(
            np.exp(inputs.query[h, i] @ m / np.sqrt(d)) for m in inputs.params["m_slots"][h]
        )
        mass = np.exp(scores[h, i]) * visible[h, i]
        weights[h, i] = mass / (slot_mass + sum(mass))
    return weights


ORACLES = {
    "multi-query": scaled_dot,
    "grouped-query": scaled_dot,
    "latent": mla,
    "latent-nope": latent_nope,
    "gated": gated,
    "differential-v2": differential_v2,
    "tensor-product": tensor_product,
    "collaborative": collaborative,
    "talking-heads": talking_heads,
    "differential": differential,
    "multi-token": multi_token,
    "selective": selective,
    "memory-slots": memory_slots,
    "co-attention": scaled_dot,
}
