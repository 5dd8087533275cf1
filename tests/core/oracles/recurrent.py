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


def log_linear(variant, inputs, visible):
    """Mamba-2 of each level apart: the mask of a level times its factor."""
    learned = inputs.params
    plain = mamba(variant, inputs, visible)
    n_head, n_query, n_key = plain.shape
    weights = np.zeros(plain.shape)
    for h in range(n_head):
        for q in range(n_query):
            i = q + n_key - n_query
            x = inputs.query[h, q] if inputs.query_input is None else inputs.query_input[q]
            for j in range(i + 1):
                skip = learned["d_skip"][h] * (i == j)
                drive = (
                    learned["s_levels"][h, level(i, j)] * learned["w_levels"][h, level(i, j)] @ x
                )
                weights[h, q, j] = (plain[h, q, j] - skip) * np.log(1 + np.exp(drive)) + skip
    return weights


def level(i, j):
    """The bucket of key j in the Fenwick tree of query i, by the rule of the reference."""
    if i == j:
        return 0
    for n in range(1, 15):
        half = 1 << (n - 1)
        start = i - i % half
        if i % (2 * half) >= half and start - half <= j < start:
            return n
    raise AssertionError((i, j))


def mamba_3(variant, inputs, visible):
    learned = {name.removesuffix("_mamba3"): array for name, array in inputs.params.items()}
    n_head, n_query, d = inputs.query.shape
    n_key = inputs.key.shape[1]
    weights = np.zeros((n_head, n_query, n_key))

    def prepared(x, bias, angle):
        x = x / np.sqrt(np.mean(x * x) + 1e-5) + bias
        z = x[0] + 1j * x[1]  # of six dimensions, one pair rotates
        z *= np.exp(1j * angle)
        return np.array([z.real, z.imag, *x[2:]])

    for h in range(n_head):
        state, angle = np.zeros((d, n_key)), 0.0
        last_key, last_value = np.zeros(d), np.zeros(n_key)
        for t in range(n_key):
            x, value = source(inputs, h, t), np.eye(n_key)[t]
            raw = learned["w_mamba3_step"][h, 0] @ x + learned["b_mamba3_step"][h]
            step = np.log(1 + np.exp(raw))
            rate = max(np.log(1 + np.exp(learned["w_mamba3_rate"][h, 0] @ x)), 1e-4)
            mix = sigmoid(learned["w_mamba3_trapezoid"][h, 0] @ x)
            angle += np.pi * np.tanh(learned["theta"][0, 0] @ x) * step
            key = prepared(inputs.key[h, t], learned["b_mamba3_key"][h], angle)
            decay = np.exp(-step * rate)
            state = decay * state
            state = state + (1 - mix) * step * decay * np.outer(last_key, last_value)
            state = state + mix * step * np.outer(key, value)
            last_key, last_value = key, value
            i = t - (n_key - n_query)
            if i >= 0:
                query = prepared(inputs.query[h, i], learned["b_mamba3_query"][h], angle)
                weights[h, i] = query @ state + learned["d_mamba3_skip"][h] * value
    return weights


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
    "mamba-3": mamba_3,
    "log-linear": log_linear,
    "delta": delta,
    "gated-delta": delta,
    "kda": delta,
}
