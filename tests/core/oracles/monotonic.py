"""Oracles of monotonic attention, query by query, as in its papers."""

from __future__ import annotations

import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softplus(x):
    return np.log(1 + np.exp(x))


def softmax_over(energies, seen):
    """softmax over the visible keys."""
    result = np.zeros(len(energies))
    positions = [j for j in range(len(energies)) if seen[j]]
    mass = [np.exp(energies[j]) for j in positions]
    for j, m in zip(positions, mass, strict=True):
        result[j] = m / sum(mass)
    return result


def by_rows(step):
    """Head by head; step(variant, inputs, h, i, scores, seen, last) -> the next row."""

    def oracle(variant, inputs, visible):
        n_head, n_query, d = inputs.query.shape
        n_key = inputs.key.shape[1]
        weights = np.zeros((n_head, n_query, n_key))
        for h in range(n_head):
            last = np.eye(n_key)[0]
            for i in range(n_query):
                scores = inputs.key[h] @ inputs.query[h, i] / np.sqrt(d)
                last = step(variant, inputs, h, i, scores, visible[h, i], last)
                weights[h, i] = last
        return weights

    return oracle


def monotonic(variant, inputs, h, i, scores, seen, last):
    """By definition: for each start k, pass every key before j and stop at j."""
    p = sigmoid(scores + inputs.params["b_monotonic"][h]) * seen
    result = np.zeros(len(scores))
    for j in range(len(scores)):
        for k in range(j + 1):
            result[j] += last[k] * np.prod(1 - p[k:j]) * p[j]
    return result


def lookback(variant, inputs, visible):
    stops = by_rows(monotonic)(variant, inputs, visible)
    n_head, n_query, n_key = stops.shape
    width = variant.normalize.chunk or n_key
    weights = np.zeros_like(stops)
    for h, i in np.ndindex(n_head, n_query):
        w = inputs.params["w_chunk"][h]
        u = [inputs.query[h, i] @ w @ k / np.sqrt(len(k)) for k in inputs.key[h]]
        for k in range(n_key):
            near = [k - width < j <= k and visible[h, i, j] for j in range(n_key)]
            weights[h, i] += stops[h, i, k] * softmax_over(u, near)
    return weights


def stepwise(variant, inputs, h, i, scores, seen, last):
    p, result = sigmoid(scores), np.zeros(len(scores))
    for j in range(len(scores)):
        result[j] = last[j] * p[j] + (last[j - 1] * (1 - p[j - 1]) if j else 0.0)
    return result * seen


def forward(variant, inputs, h, i, scores, seen, last):
    y = softmax_over(scores, seen)
    result = np.array([(last[j] + (last[j - 1] if j else 0.0)) * y[j] for j in range(len(y))])
    return result / result.sum()


def graves(variant, inputs, visible):
    def window(h, i, where):
        q = inputs.query[h, i]
        alpha, beta, push = (
            np.exp(inputs.params[n][h] @ q) for n in ("w_alpha", "w_beta", "w_kappa")
        )
        where += push
        return lambda j: sum(alpha * np.exp(-beta * (where - (j + 1)) ** 2))

    return accumulate(inputs, window, variant.mixer.mixtures)


def gmm(variant, inputs, visible):
    def window(h, i, where):
        q = inputs.query[h, i]
        share, push, spread = (inputs.params[n][h] @ q for n in ("w_share", "w_shift", "w_spread"))
        share, spread = np.exp(share) / sum(np.exp(share)), softplus(spread) + 1e-5
        where += softplus(push)
        height = share / np.sqrt(2 * np.pi * spread**2)
        return lambda j: sum(height * np.exp(-((j - where) ** 2) / (2 * spread**2)))

    return accumulate(inputs, window, variant.mixer.mixtures)


def accumulate(inputs, window, n):
    n_head, n_query = inputs.query.shape[:2]
    n_key = inputs.key.shape[1]
    weights = np.zeros((n_head, n_query, n_key))
    for h in range(n_head):
        where = np.zeros(n)
        for i in range(n_query):
            at = window(h, i, where)
            weights[h, i] = [at(j) for j in range(n_key)]
    return weights


def ntm(variant, inputs, visible):
    n_head, n_query = inputs.query.shape[:2]
    n_key = inputs.key.shape[1]
    weights = np.zeros((n_head, n_query, n_key))
    for h in range(n_head):
        last = np.full(n_key, 1 / n_key)
        for i in range(n_query):
            q, keys = inputs.query[h, i], inputs.key[h]
            strength, gate, turn, power = (
                inputs.params[f"w_ntm_{n}"][h] @ q for n in ("strength", "gate", "shift", "power")
            )
            alike = [k @ q / np.sqrt((k @ k) * (q @ q)) for k in keys]
            content = softmax_over(softplus(strength) * alike, visible[h, i])
            mixed = sigmoid(gate) * content + (1 - sigmoid(gate)) * last
            shifts = np.exp(turn) / sum(np.exp(turn))
            result = [
                sum(shifts[a + 1] * mixed[(j - a) % n_key] for a in (-1, 0, 1))
                for j in range(n_key)
            ]
            sharp = np.array(result) ** (1 + softplus(power))
            last = weights[h, i] = sharp / sum(sharp)
    return weights


ORACLES = {
    "monotonic": by_rows(monotonic),
    "mocha": lookback,
    "milk": lookback,
    "stepwise": by_rows(stepwise),
    "forward": by_rows(forward),
    "graves": graves,
    "gmm": gmm,
    "ntm": ntm,
}
