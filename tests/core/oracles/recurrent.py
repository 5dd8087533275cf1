"""Oracles of recurrences, run token by token; with unit vectors as values, outputs are weights."""

from __future__ import annotations

import numpy as np


def of_recurrence(inputs, step):
    """Run `step(head, t, state, query, key, value)` over all tokens, values being unit vectors."""
    n_head, n_query, d = inputs.query.shape
    n_key = inputs.key.shape[1]
    weights = np.zeros((n_head, n_query, n_key))
    for h in range(n_head):
        state = np.zeros((d, n_key))
        for t in range(n_key):
            i = t - (n_key - n_query)
            query = inputs.query[h, i] if i >= 0 else np.zeros(d)
            output, state = step(h, t, state, query, inputs.key[h, t], np.eye(n_key)[t])
            if i >= 0:
                weights[h, i] = output
    return weights


def source(inputs, h, t):
    """The layer input of token t."""
    return inputs.key[h, t] if inputs.key_input is None else inputs.key_input[t]


def retention(variant, inputs, visible):
    d = inputs.query.shape[-1]

    def step(h, t, state, query, key, value):
        state = (1 - 2.0 ** (-5 - h)) * state + np.outer(key, value)
        return query @ state / np.sqrt(d), state

    return of_recurrence(inputs, step)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def gla(variant, inputs, visible):
    low, w, b = (inputs.params[f"{n}_gla"] for n in "vwb")

    def step(h, t, state, query, key, value):
        alpha = sigmoid(w[h] @ (low[0] @ source(inputs, h, t)) + b[h]) ** (1 / variant.mixer.tau)
        state = np.diag(alpha) @ state + np.outer(key, value)
        return query @ state, state

    return of_recurrence(inputs, step)


def rwkv(variant, inputs, visible):
    low, w, b, u = (inputs.params[f"{n}_rwkv"] for n in "vwbu")

    def step(h, t, state, query, key, value):
        now = np.outer(key, value)
        output = query @ (state + np.diag(u[h]) @ now)
        mixed = w[h] @ np.tanh(low[0] @ source(inputs, h, t))
        decay = np.exp(-np.exp(b[h] + mixed))
        return output, np.diag(decay) @ state + now

    return of_recurrence(inputs, step)


def mamba(variant, inputs, visible):
    learned = inputs.params

    def step(h, t, state, query, key, value):
        drive = learned["w_step"][h] @ source(inputs, h, t) + learned["b_step"][h]
        delta = np.log(1 + np.exp(drive[0]))
        state = np.exp(-np.exp(learned["log_rate"][h]) * delta) * state
        state = state + delta * np.outer(key * sigmoid(key), value)
        return (query * sigmoid(query)) @ state + learned["d_skip"][h] * value, state

    return of_recurrence(inputs, step)


def delta(variant, inputs, visible):
    learned, gate = inputs.params, variant.mixer.gate

    def unit(x):
        x = x * sigmoid(x)
        return x / max(np.sqrt(np.sum(x * x)), 1e-300)

    def step(h, t, state, query, key, value):
        x, key = source(inputs, h, t), unit(key)
        beta = sigmoid(learned["w_write"][h, 0] @ x)
        alpha = np.ones(len(key))
        if gate != "none":
            drive = np.log(1 + np.exp(learned["w_decay"][h] @ x + learned["b_decay"][h]))
            alpha = alpha * np.exp(-np.exp(learned["rate_decay"][h]) * drive)
        erase = np.eye(len(key)) - beta * np.outer(key, key)
        state = erase @ np.diag(alpha) @ state + beta * np.outer(key, value)
        return unit(query) @ state, state

    return of_recurrence(inputs, step)


def lightning(variant, inputs, visible):
    n_head = inputs.query.shape[0]

    def step(h, t, state, query, key, value):
        decay = np.exp(-(2.0 ** (-8 * (h + 1) / n_head)))  # for a power of two of heads
        state = decay * state + np.outer(key * sigmoid(key), value)
        return (query * sigmoid(query)) @ state, state

    return of_recurrence(inputs, step)


def hgrn2(variant, inputs, visible):
    def step(h, t, state, query, key, value):
        forget = sigmoid(key)
        state = np.diag(forget) @ state + np.outer(1 - forget, value)
        return (query * sigmoid(query)) @ state, state

    return of_recurrence(inputs, step)


ORACLES = {
    "lightning": lightning,
    "hgrn2": hgrn2,
    "retention": retention,
    "gla": gla,
    "rwkv": rwkv,
    "mamba-2": mamba,
    "delta": delta,
    "gated-delta": delta,
    "kda": delta,
}
