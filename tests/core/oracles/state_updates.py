"""Oracles of recurrences that rewrite their state, run token by token on unit vectors."""

import numpy as np

from tests.core.oracles.recurrent import of_recurrence, sigmoid, source


def unit(x):
    length = np.sqrt(sum(x * x))
    return x / length if length else x


def silu(x):
    return x / (1 + np.exp(-x))


def delta_product(variant, inputs, visible):
    write, d = inputs.params["w_product_write"], inputs.query.shape[-1]

    def step(h, t, state, query, key, value):
        x = source(inputs, h, t)
        later = inputs.params["w_product_key"][h] @ x
        for m, raw in enumerate([key, later[:d]]):  # two steps per token
            k = unit(silu(raw))
            beta = 2 / (1 + np.exp(-write[h, m] @ x))
            state = state + beta * np.outer(k, value - k @ state)
        return unit(silu(query)) @ state, state

    return of_recurrence(inputs, step)


def rwkv_7(variant, inputs, visible):
    learned = {name.replace("_rwkv7", ""): array for name, array in inputs.params.items()}

    def step(h, t, state, r, k, value):
        x = source(inputs, h, t)
        raw = learned["b_decay"][h] + learned["w_decay"][h] @ np.tanh(learned["v_decay"][0] @ x)
        w = np.exp(-np.exp(-np.log1p(np.exp(-raw)) - 0.5))
        a = sigmoid(learned["b_rate"][h] + learned["w_rate"][h] @ (learned["v_rate"][0] @ x))
        removed = unit(k * learned["xi"][h])
        k = k * (1 + (a - 1) * learned["alpha"][h])
        transposed = state.T  # [value, channel], as in the reference
        transposed = (
            transposed * w + transposed @ np.outer(-removed, removed * a) + np.outer(value, k)
        )
        output = transposed @ r + np.sum(r * k * learned["rho"][h]) * value
        return output, transposed.T

    return of_recurrence(inputs, step)


def mesa(variant, inputs, visible):
    learned = {name.removesuffix("_mesa"): array for name, array in inputs.params.items()}
    n_head, n_query, d = inputs.query.shape
    n_key = inputs.key.shape[1]
    weights = np.zeros((n_head, n_query, n_key))
    for h in range(n_head):
        ridge = np.diag(0.25 + np.log(1 + np.exp(learned["lambda"][h])))
        of_keys, of_values = np.zeros((d, d)), np.zeros((d, n_key))
        for t in range(n_key):
            x, k = source(inputs, h, t), unit(silu(inputs.key[h, t]))
            forget, write = (
                sigmoid(learned[f"w_mesa_{gate}"][h, 0] @ x + learned[f"b_mesa_{gate}"][h])
                for gate in ("forget", "write")
            )
            of_keys = forget * of_keys + write * np.outer(k, k)
            of_values = forget * of_values + write * np.outer(k, np.eye(n_key)[t])
            i = t - (n_key - n_query)
            if i >= 0:
                read = np.linalg.inv(of_keys + ridge) @ unit(silu(inputs.query[h, i]))
                weights[h, i] = read @ of_values
    return weights


def two_passes(inputs, gates, scale, feature):
    """A pass that fills slots with keys, a softmax over slots, a pass that fills them with values.

    `gates(h)` are what each token keeps and writes, both [token, slot].
    """
    n_head, n_query, d = inputs.query.shape
    n_key = inputs.key.shape[1]
    weights = np.zeros((n_head, n_query, n_key))
    for h in range(n_head):
        keep, write = gates(h)
        keys, values = np.zeros((d, keep.shape[1])), np.zeros((keep.shape[1], n_key))
        for t in range(n_key):
            keys = keys * keep[t] + np.outer(feature(inputs.key[h, t]), write[t])
            values = keep[t][:, None] * values + np.outer(write[t], np.eye(n_key)[t])
            i = t - (n_key - n_query)
            if i >= 0:
                mass = np.exp(feature(inputs.query[h, i]) @ keys * scale)
                weights[h, i] = mass / sum(mass) @ values
    return weights


def gated_slots(variant, inputs, visible):
    def gates(h):
        rows = [source(inputs, h, t) for t in range(inputs.key.shape[1])]
        keep = sigmoid(np.array(rows) @ inputs.params["w_gated_slots"][h].T) ** (1 / 8)
        return keep, 1 - keep

    return two_passes(inputs, gates, 1.0, silu)


def bounded_memory(variant, inputs, visible):
    def gates(h):
        rows = [source(inputs, h, t) for t in range(inputs.key.shape[1])]
        mass = np.exp(np.array(rows) @ inputs.params["w_bounded_slots"][h].T)
        total = np.cumsum(mass, axis=0)
        return (total - mass) / total, mass / total

    return two_passes(inputs, gates, inputs.query.shape[-1] ** -0.5, lambda x: x)


ORACLES = {
    "delta-product": delta_product,
    "rwkv-7": rwkv_7,
    "mesa": mesa,
    "gated-slots": gated_slots,
    "bounded-memory": bounded_memory,
}
