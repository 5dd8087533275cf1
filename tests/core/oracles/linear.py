"""Oracles of linear attention: kernels and landmarks by the algorithms of their papers."""

from __future__ import annotations

import numpy as np

from attnviz.core.seeded_random import draw_uniform


def by_features(features):
    """φ(q)·φ(k) over its sum for the visible keys, pair by pair."""

    def oracle(variant, inputs, visible):
        n_head, n_query = inputs.query.shape[:2]
        n_key = inputs.key.shape[1]
        weights = np.zeros((n_head, n_query, n_key))
        for h in range(n_head):
            for i in range(n_query):
                q = features(inputs, h, i + max(n_key - n_query, 0), inputs.query[h, i], "query")
                for j in range(n_key):
                    if visible[h, i, j]:
                        k = features(inputs, h, j, inputs.key[h, j], "key")
                        weights[h, i, j] = np.sum(q * k)
                weights[h, i] /= weights[h, i].sum() or 1.0
        return weights

    return oracle


def elu(inputs, h, place, x, side):
    return np.array([a + 1 if a > 0 else np.exp(a) for a in x])


def cosine(inputs, h, place, x, side):
    angle = np.pi / 2 * place / max(inputs.query.shape[1], inputs.key.shape[1])
    x = np.maximum(x, 0)
    return np.concatenate([x * np.sin(angle), x * np.cos(angle)])


def taylor(inputs, h, place, x, side):
    x = x / len(x) ** 0.25
    return np.concatenate([[1.0], x, np.outer(x, x).ravel() / np.sqrt(2)])


def square(inputs, h, place, x, side):
    x = (x - np.mean(x)) / np.sqrt(np.var(x) + 1e-5)
    x = inputs.params[f"gamma_{side}"][h] * x + inputs.params[f"beta_{side}"][h]
    return np.outer(x, x).ravel()


def positive(inputs, h, place, x, side):
    """exp(w·x − ‖x‖²/2) for directions orthogonalized by Gram–Schmidt."""
    d, rows = len(x), []
    for block in range(64 // d + 1):
        basis = []
        for angle in draw_uniform((12, d, d), "features", "angle", block).sum(0).T:
            rest = angle - sum(((angle @ b) * b for b in basis), np.zeros(d))
            basis.append(rest / np.sqrt(rest @ rest))
        lengths = draw_uniform((12, d, d), "features", "length", block).sum(0) / np.sqrt(12)
        rows += [a * np.sqrt(b @ b) for a, b in zip(basis, lengths, strict=True)]
    x = x / d**0.25
    return np.exp(np.array(rows[:64]) @ x - x @ x / 2)


def exponentials(scores):
    mass = np.exp(scores - np.max(scores))
    return mass / mass.sum()


def efficient(variant, inputs, visible):
    query, key = inputs.query, inputs.key
    result = [[exponentials(q) for q in head] for head in query]
    over_keys = [[exponentials(head[:, c]) for c in range(head.shape[1])] for head in key]
    return np.einsum("hqd,hdk->hqk", np.array(result), np.array(over_keys))


def soft(query, key):
    return np.array([exponentials(key @ q / np.sqrt(len(q))) for q in query])


def linformer(variant, inputs, visible):
    e, f = inputs.params["e_linformer"], inputs.params["f_linformer"]
    pairs = zip(inputs.query, inputs.key, e, f, strict=True)
    return np.stack([soft(q, e_h @ k) @ f_h for q, k, e_h, f_h in pairs])


def nystrom(variant, inputs, visible):
    """Least squares in place of the pseudo-inverse."""
    n, result = variant.mixer.landmarks, []
    for q, k in zip(inputs.query, inputs.key, strict=True):
        few_q, few_k = (
            np.array([part.sum(0) / len(part) for part in np.array_split(x, min(n, len(x)))])
            for x in (q, k)
        )
        middle = np.linalg.lstsq(soft(few_q, few_k), soft(few_q, k), rcond=1e-15)[0]
        result.append(soft(q, few_k) @ middle)
    return np.stack(result)


def luna(variant, inputs, visible):
    result = []
    for q, k, vectors in zip(inputs.query, inputs.key, inputs.params["l_luna"], strict=True):
        pack = soft(vectors, k)
        result.append(soft(q, pack @ k) @ pack)
    return np.stack(result)


def aft(variant, inputs, visible):
    n_head, n_query, d = inputs.query.shape
    weights = np.zeros((n_head, n_query, inputs.key.shape[1]))
    for h in range(n_head):
        for i in range(n_query):
            for c in range(d):
                raw = inputs.key[h, :, c] + inputs.params["w_pair"][h, i]
                weights[h, i] += exponentials(raw) / d
    return weights


ORACLES = {
    "linear": by_features(elu),
    "efficient": efficient,
    "performer": by_features(positive),
    "cosformer": by_features(cosine),
    "based": by_features(taylor),
    "rebased": by_features(square),
    "linformer": linformer,
    "nystrom": nystrom,
    "luna": luna,
    "aft": aft,
}
