"""Oracles of content-based key selection, key by key."""

import math

import numpy as np

from tests.core.oracles.loops import inner, matvec, scaled_dot, softmax_row


def over_selection(choose):
    """An oracle from the selection of one query: choose(variant, inputs, h, q, seen) -> keys."""

    def oracle(variant, inputs, visible):
        n_head, n_query, n_key = visible.shape
        weights = np.zeros(visible.shape)
        for h in range(n_head):
            for q in range(n_query):
                seen = [k for k in range(n_key) if visible[h, q, k]]
                selected = choose(variant, inputs, h, q, seen)
                scores = [scaled_dot(variant, inputs, h, q, k) for k in range(n_key)]
                weights[h, q] = softmax_row(scores, [k in selected for k in range(n_key)])
        return weights

    return oracle


def top_k(variant, inputs, h, q, seen):
    return sorted(seen, key=lambda k: -scaled_dot(variant, inputs, h, q, k))[:3]


def indexed(variant, inputs, h, q, seen):
    own = {name: inputs.params[f"{name}_indexer"][0] for name in "wug"}

    i = q + inputs.key.shape[1] - inputs.query.shape[1]

    def turned(vector, position):
        """The first two of four dimensions rotate by one radian per position."""
        a, b, *others = vector
        cos, sin = math.cos(position), math.sin(position)
        return [a * cos - b * sin, b * cos + a * sin, *others]

    def index(k):
        plain = matvec(own["u"], inputs.key_input[k])
        mean = sum(plain) / 4
        spread = math.sqrt(sum((x - mean) ** 2 for x in plain) / 4 + 1e-6)
        index_key = turned([(x - mean) / spread for x in plain], k)
        total = 0.0
        for t in range(2):
            index_query = turned(matvec(own["w"][t], inputs.query_input[q]), i)
            gate = inner(own["g"][t], inputs.query_input[q])
            total += gate * max(inner(index_query, index_key), 0.0)
        return total

    ranked = sorted(seen, key=lambda k: -index(k))
    return ranked[:3]


def bucket(directions, vector):
    sides = matvec(directions, vector)
    sides += [-x for x in sides]
    return sides.index(max(sides))


def same_bucket(variant, inputs, h, q, seen):
    directions = inputs.params["r_hash"][h]
    own = bucket(directions, inputs.query[h, q])
    alike = [k for k in seen if bucket(directions, inputs.key[h, k]) == own]
    itself = q + inputs.key.shape[1] - inputs.query.shape[1]
    return [k for k in alike if k != itself] or alike


def cluster(centres, vector):
    mean = sum(float(x) for x in vector) / len(vector)
    spread = math.sqrt(sum((float(x) - mean) ** 2 for x in vector) / len(vector))
    fit = matvec(centres, [(float(x) - mean) / spread for x in vector])
    return fit.index(max(fit))


def same_cluster(variant, inputs, h, q, seen):
    centres = inputs.params["centroids"][h]
    own = cluster(centres, inputs.query[h, q])
    return [k for k in seen if cluster(centres, inputs.key[h, k]) == own]


def block_top_k(variant, inputs, h, q, seen):
    """Blocks of two: the query's own, and the best of those entirely before it."""
    n_key = inputs.key.shape[1]
    i = q + n_key - inputs.query.shape[1]
    own = i // 2

    def fit(b):
        keys = [inputs.key[h, k] for k in (2 * b, 2 * b + 1)]
        mean = [(float(x) + float(y)) / 2 for x, y in zip(*keys, strict=True)]
        return inner(inputs.query[h, q], mean)

    best = max(range(own), key=fit, default=own)
    return [k for k in seen if k // 2 in (own, best)]


def sparse_sinkhorn(variant, inputs, visible):
    """Blocks of two, seven rounds, temperature 0.75; the last block may have one token."""
    n_head, n, d = inputs.query.shape
    blocks = [list(range(start, min(start + 2, n))) for start in range(0, n, 2)]
    size = range(len(blocks))
    weights = np.zeros(visible.shape)
    for h in range(n_head):
        queries, keys = inputs.query[h], inputs.key[h]
        mean = [(queries[b].mean(0), keys[b].mean(0)) for b in blocks]
        order = np.array(
            [
                [(max(inner(mean[u][0], mean[v][1]) / d**0.5, 0) + 1e-6) ** (4 / 3) for v in size]
                for u in size
            ]
        )
        for _ in range(7):
            order = order / order.sum(1, keepdims=True)
            order = order / order.sum(0, keepdims=True)
        for i in range(n):
            u = i // 2
            slots = []  # logit, and the tokens that share its weight
            for s in (0, 1):
                holders = [(blocks[v][s], order[u, v]) for v in size if s < len(blocks[v])]
                key = sum(share * keys[j] for j, share in holders)
                slots.append((inner(queries[i], key) / d**0.5, holders))
            slots += [(inner(queries[i], keys[j]) / d**0.5, [(j, 1.0)]) for j in blocks[u]]
            mass = softmax_row([logit for logit, _ in slots], [True] * len(slots))
            for p, (_, holders) in zip(mass, slots, strict=True):
                for j, share in holders:
                    weights[h, i, j] += p * share
    return weights


def native_sparse(variant, inputs, visible):
    """Blocks of two, four of them selected, a window of three: the outputs of three branches."""
    n_head, n_query, n_key = visible.shape
    weights = np.zeros(visible.shape)
    for h in range(n_head):
        for q in range(n_query):
            i = q + n_key - n_query
            x = inputs.query[h, q] if inputs.query_input is None else inputs.query_input[q]
            gates = [1 / (1 + math.exp(-inner(row, x))) for row in inputs.params["w_branches"][h]]
            scores = [scaled_dot(variant, inputs, h, q, k) for k in range(i + 1)]
            n_complete = (i + 1) // 2
            means = [(scores[2 * b] + scores[2 * b + 1]) / 2 for b in range(n_complete)]
            coarse = softmax_row(means, [True] * n_complete)
            forced = {0, i // 2, max(i // 2 - 1, 0)}
            others = sorted(set(range(n_complete)) - forced, key=lambda b: -coarse[b])
            chosen = forced | set(others[: 4 - len(forced)])
            fine = softmax_row(scores, [k // 2 in chosen for k in range(i + 1)])
            near = softmax_row(scores, [i - k < 3 for k in range(i + 1)])
            for k in range(i + 1):
                of_block = coarse[k // 2] / 2 if k // 2 < n_complete else 0.0
                parts = (of_block, fine[k], near[k])
                weights[h, q, k] = sum(g * a for g, a in zip(gates, parts, strict=True))
    return weights


def adaptive_span(variant, inputs, visible):
    n_head, n_query, n_key = visible.shape
    weights = np.zeros(visible.shape)
    ramp = variant.normalize.ramp
    for h in range(n_head):
        span = variant.normalize.longest / (1 + math.exp(-float(inputs.params["z_span"][h])))
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
    "top-k": over_selection(top_k),
    "indexed": over_selection(indexed),
    "lsh": over_selection(same_bucket),
    "routing": over_selection(same_cluster),
    "moba": over_selection(block_top_k),
    "native-sparse": native_sparse,
    "sparse-sinkhorn": sparse_sinkhorn,
    "adaptive-span": adaptive_span,
}
