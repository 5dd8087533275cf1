"""Keys that the content picks, listed one by one."""

import math

import numpy as np

from tests.core.oracles.loops import inner, matvec, scaled_dot, softmax_row


def picked(choose):
    """An oracle from a rule for the keys of one query: choose(…, h, q, seen) -> positions."""

    def oracle(variant, inputs, visible):
        n_head, n_query, n_key = visible.shape
        weights = np.zeros(visible.shape)
        for h in range(n_head):
            for q in range(n_query):
                seen = [k for k in range(n_key) if visible[h, q, k]]
                kept = choose(variant, inputs, h, q, seen)
                scores = [scaled_dot(variant, inputs, h, q, k) for k in range(n_key)]
                weights[h, q] = softmax_row(scores, [k in kept for k in range(n_key)])
        return weights

    return oracle


def top_k(variant, inputs, h, q, seen):
    return sorted(seen, key=lambda k: -scaled_dot(variant, inputs, h, q, k))[:3]


def indexed(variant, inputs, h, q, seen):
    own = {name: inputs.learned[f"{name}_indexer"][0] for name in "wug"}

    def index(k):
        small_key = matvec(own["u"], inputs.key_input[k])
        total = 0.0
        for t in range(2):
            small_query = matvec(own["w"][t], inputs.query_input[q])
            trust = inner(own["g"][t], inputs.query_input[q])
            total += trust * max(inner(small_query, small_key), 0.0)
        return total

    ranked = sorted(seen, key=lambda k: -index(k))
    last = index(ranked[min(3, len(ranked)) - 1])
    return [k for k in seen if index(k) >= last]


def bucket(cuts, vector):
    sides = matvec(cuts, vector)
    sides += [-x for x in sides]
    return sides.index(max(sides))


def same_hash(variant, inputs, h, q, seen):
    cuts = inputs.learned["r_hash"][h]
    own = bucket(cuts, inputs.query[h, q])
    alike = [k for k in seen if bucket(cuts, inputs.key[h, k]) == own]
    itself = q + inputs.key.shape[1] - inputs.query.shape[1]
    return [k for k in alike if k != itself] or alike


def cluster(centres, vector):
    mean = sum(float(x) for x in vector) / len(vector)
    spread = math.sqrt(sum((float(x) - mean) ** 2 for x in vector) / len(vector))
    fit = matvec(centres, [(float(x) - mean) / spread for x in vector])
    return fit.index(max(fit))


def same_cluster(variant, inputs, h, q, seen):
    centres = inputs.learned["centroids"][h]
    own = cluster(centres, inputs.query[h, q])
    return [k for k in seen if cluster(centres, inputs.key[h, k]) == own]


def best_blocks(variant, inputs, h, q, seen):
    """Blocks of two; its own always, and the best of those that are wholly past."""
    n_key = inputs.key.shape[1]
    i = q + n_key - inputs.query.shape[1]
    own = i // 2

    def fit(b):
        keys = [inputs.key[h, k] for k in (2 * b, 2 * b + 1)]
        mean = [(float(x) + float(y)) / 2 for x, y in zip(*keys, strict=True)]
        return inner(inputs.query[h, q], mean)

    best = max(range(own), key=fit, default=own)
    return [k for k in seen if k // 2 in (own, best)]


def adaptive_span(variant, inputs, visible):
    n_head, n_query, n_key = visible.shape
    weights = np.zeros(visible.shape)
    ramp = variant.normalize.ramp
    for h in range(n_head):
        span = variant.normalize.longest / (1 + math.exp(-float(inputs.learned["z_span"][h])))
        for q in range(n_query):
            i = q + n_key - n_query
            mass = []
            for k in range(i + 1):
                soft = min(max((span + ramp - (i - k)) / ramp, 0.0), 1.0)
                mass.append(soft * math.exp(scaled_dot(variant, inputs, h, q, k)))
            for k, m in enumerate(mass):
                weights[h, q, k] = m / sum(mass)
    return weights


ORACLES = {
    "top-k": picked(top_k),
    "indexed": picked(indexed),
    "lsh": picked(same_hash),
    "routing": picked(same_cluster),
    "moba": picked(best_blocks),
    "adaptive-span": adaptive_span,
}
