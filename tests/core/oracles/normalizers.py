"""Oracles of normalizers: rows of weights from rows of scores, by enumeration."""

import math
from itertools import combinations, pairwise, product

import numpy as np

from tests.core.oracles.loops import by_rows, dot, scaled_dot


def scatter(values, positions, n):
    """A row with these values at these positions, else 0."""
    row = [0.0] * n
    for value, k in zip(values, positions, strict=True):
        row[k] = value
    return row


def over_visible(make):
    """A function of the visible scores as a function of the row."""

    def row(scores, seen):
        positions = [k for k, may in enumerate(seen) if may]
        if not positions:
            return [0.0] * len(scores)
        return scatter(make([scores[k] for k in positions]), positions, len(scores))

    return row


def softmax_one(scores):
    return [math.exp(s) / (1 + sum(math.exp(x) for x in scores)) for s in scores]


def learned_sink(variant, inputs, visible):
    n_head, n_query, n_key = visible.shape
    weights = np.zeros(visible.shape)
    for h in range(n_head):
        sink = math.exp(float(inputs.params["b_sink"][h]))
        for q in range(n_query):
            mass = [math.exp(scaled_dot(variant, inputs, h, q, k)) for k in range(n_key)]
            total = sink + sum(m for k, m in enumerate(mass) if visible[h, q, k])
            weights[h, q] = [m / total * visible[h, q, k] for k, m in enumerate(mass)]
    return weights


def sparsemax(scores):
    """Tries every support; the right one is the set of scores above its own threshold."""
    for size in range(len(scores), 0, -1):
        for winners in combinations(range(len(scores)), size):
            level = (sum(scores[k] for k in winners) - 1) / size
            if all((scores[k] > level) == (k in winners) for k in range(len(scores))):
                return [max(s - level, 0.0) for s in scores]
    raise AssertionError("no support fits")


def sparsegen(scores):
    return sparsemax([s / 0.5 for s in scores])


def entmax15(scores):
    """Σ (S/2 - τ)² = 1 over the support: a quadratic equation, for every support."""
    halves = [s / 2 for s in scores]
    for size in range(len(scores), 0, -1):
        for winners in combinations(halves, size):
            mean = sum(winners) / size
            rest = 1 - sum((s - mean) ** 2 for s in winners)
            if rest < 0:
                continue
            level = mean - math.sqrt(rest / size)
            if sorted(s for s in halves if s > level) == sorted(winners):
                return [max(s - level, 0.0) ** 2 for s in halves]
    raise AssertionError("no support fits")


def bisect_level(row_sum, low, high):
    """The threshold at which a falling row sum reaches 1."""
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if row_sum(middle) > 1 else (low, middle)
    return low


def alpha_entmax(scores):
    scaled = [0.33 * s for s in scores]

    def mass(level):
        return [max(s - level, 0.0) ** (1 / 0.33) for s in scaled]

    row = mass(bisect_level(lambda level: sum(mass(level)), max(scaled) - 1, max(scaled)))
    return [m / sum(row) for m in row]


def normmax(scores):
    """p/‖p‖ = max(S - τ, 0), whose squares sum to 1."""
    level = bisect_level(
        lambda at: sum(max(s - at, 0.0) ** 2 for s in scores), max(scores) - 1, max(scores)
    )
    direction = [max(s - level, 0.0) for s in scores]
    return [d / sum(direction) for d in direction]


def solve_capped(scores, most, total):
    """Each weight is 0, its upper bound or S - τ: tries every combination."""
    if sum(most) <= total:
        return list(most)
    for way in product(["none", "some", "full"], repeat=len(scores)):
        some = [k for k, w in enumerate(way) if w == "some"]
        left = total - sum(m for m, w in zip(most, way, strict=True) if w == "full")
        if some:
            level = (sum(scores[k] for k in some) - left) / len(some)
        elif abs(left) < 1e-14 and "full" in way:
            level = min(scores[k] - most[k] for k, w in enumerate(way) if w == "full")
        else:
            continue
        row = [min(max(s - level, 0.0), m) for s, m in zip(scores, most, strict=True)]
        if abs(sum(row) - total) < 1e-13:
            return row
    raise AssertionError("no combination fits")


def budget(scores):
    return solve_capped(scores, [1.0] * len(scores), 2.0)


def with_fertility(share):
    """Rows in order; each key has a total weight of 1, and `share` normalizes a row under it."""

    def oracle(variant, inputs, visible):
        n_head, n_query, n_key = visible.shape
        weights = np.zeros(visible.shape)
        for h in range(n_head):
            left = [1.0] * n_key
            for q in range(n_query):
                scores = [scaled_dot(variant, inputs, h, q, k) for k in range(n_key)]
                weights[h, q] = share(scores, left)
                left = [max(a - float(w), 0.0) for a, w in zip(left, weights[h, q], strict=True)]
        return weights

    return oracle


def constrained_sparsemax(scores, left):
    return solve_capped(scores, left, 1.0)


def constrained_softmax(scores, left):
    """Tries every set of keys at their upper bound."""
    keys = range(len(scores))
    for size in range(len(scores)):
        for full in combinations(keys, size):
            mass = sum(math.exp(scores[k]) for k in keys if k not in full)
            z = mass / (1 - sum(left[k] for k in full))
            if all((math.exp(scores[k]) / z > left[k]) == (k in full) for k in keys):
                return [min(math.exp(scores[k]) / z, left[k]) for k in keys]
    raise AssertionError("no set fits")


def fusedmax(scores):
    """Steps go up, down or are 0: tries every combination, and takes the one of least cost."""
    penalty, best = 0.5, None
    for steps in product((-1, 0, 1), repeat=len(scores) - 1):
        values = flat_runs(scores, steps, penalty)
        cost = sum((v - s) ** 2 for v, s in zip(values, scores, strict=True)) / 2
        cost += penalty * sum(abs(b - a) for a, b in pairwise(values))
        if best is None or cost < best[0]:
            best = (cost, values)
    return sparsemax(best[1])


def flat_runs(scores, steps, penalty):
    """Per run without a step, its mean, moved by the penalty of the steps at its ends."""
    runs, start = [], 0
    for k, step in enumerate([*steps, None]):
        if step != 0:
            runs.append((start, k + 1))
            start = k + 1
    values = []
    for first, end in runs:
        before = steps[first - 1] if first else 0
        behind = steps[end - 1] if end < len(scores) else 0
        mean = sum(scores[first:end]) / (end - first)
        values += [mean + penalty * (behind - before) / (end - first)] * (end - first)
    return values


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


def softpick(scores):
    excess = [math.exp(s) - 1 for s in scores]
    total = sum(abs(e) for e in excess) + 1e-6
    return [max(e, 0.0) / total for e in excess]


def stick_breaking(variant, inputs, visible):
    n_head, n_query, n_key = visible.shape
    weights = np.zeros(visible.shape)
    for h in range(n_head):
        for q in range(n_query):
            left = 1.0
            for k in reversed(range(q + n_key - n_query)):
                share = sigmoid(scaled_dot(variant, inputs, h, q, k))
                weights[h, q, k] = left * share
                left *= 1 - share
    return weights


def cog(scores):
    total = sum(math.exp(abs(s)) for s in scores)
    return [math.copysign(math.exp(abs(s)), s) / total for s in scores]


ORACLES = {
    "softmax-one": by_rows(scaled_dot, over_visible(softmax_one)),
    "learned-sink": learned_sink,
    "sparsemax": by_rows(scaled_dot, over_visible(sparsemax)),
    "sparsegen": by_rows(scaled_dot, over_visible(sparsegen)),
    "entmax15": by_rows(scaled_dot, over_visible(entmax15)),
    "alpha-entmax": by_rows(scaled_dot, over_visible(alpha_entmax)),
    "normmax": by_rows(scaled_dot, over_visible(normmax)),
    "budget": by_rows(scaled_dot, over_visible(budget)),
    "fusedmax": by_rows(scaled_dot, over_visible(fusedmax)),
    "constrained-sparsemax": with_fertility(constrained_sparsemax),
    "constrained-softmax": with_fertility(constrained_softmax),
    "sigmoid": by_rows(scaled_dot, over_visible(lambda s: [sigmoid(x - math.log(7)) for x in s])),
    "relu": by_rows(scaled_dot, over_visible(lambda s: [max(x, 0.0) / 7 for x in s])),
    "squared-relu": by_rows(dot, over_visible(lambda s: [max(x / 7, 0.0) ** 2 for x in s])),
    "rectified": by_rows(scaled_dot, over_visible(lambda s: [max(x, 0.0) for x in s])),
    "softpick": by_rows(scaled_dot, over_visible(softpick)),
    "stick-breaking": stick_breaking,
    "cog": by_rows(scaled_dot, over_visible(cog)),
}
