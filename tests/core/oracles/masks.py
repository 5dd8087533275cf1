"""Oracles of masks over text: the visible keys of each query."""

import math

import numpy as np

from attnviz.core.seeded_random import draw_uniform
from tests.core.oracles.loops import scaled_dot
from tests.core.oracles.patterns import over


def window(i, n, reach):
    return range(max(i - reach, 0), min(i + reach + 1, n))


def sliding(i, n, h):
    return [i - 3, i - 2, i - 1, i]


def dilated(i, n, h):
    return [i - 4, i - 2, i, i + 2, i + 4]


def longformer(i, n, h):
    return range(n) if i == 0 else [0, *window(i, n, 2)]


def bigbird(i, n, h):
    if i == 0:
        return range(n)
    numbers = draw_uniform((n,), 0, "random keys", h, i - n + 5)  # queries are the last 5
    lowest = sorted(range(n), key=lambda k: numbers[k])[:2]
    return [0, *window(i, n, 1), *lowest]


def streaming(i, n, h):
    return [k for k in (0, i - 2, i - 1, i) if 0 <= k <= i]


def block(i, n, h):
    start = 4 * (i // 4)
    return range(start, start + 4)


def chunk(i, n, h):
    return range(4 * (i // 4), i + 1)


def block_causal(i, n, h):
    return range(2 * (i // 2) + 2)


def block_diffusion(i, n, h):
    """Of 7 positions, 0 to 2 are noisy and 3 to 6 clean; blocks of 2."""
    noisy, clean = {0: [0, 1], 1: [2, 3]}, {0: [3, 4], 1: [5, 6]}
    if i < 3:
        block_index = i // 2
        before = [k for b in range(block_index) for k in clean[b]]
        return [k for k in noisy[block_index] if k < 3] + before
    return [k for b in range((i - 3) // 2 + 1) for k in clean[b]]


def strided(i, n, h):
    near = range(max(0, i - 4), i + 1)
    return [*near, *(k for k in range(i + 1) if (i - k) % 4 == 0)]


def fixed(i, n, h):
    return [k for k in range(i + 1) if k // 4 == i // 4 or k % 4 == 3]


def prefix(i, n, h):
    return [0, 1, 2, *range(i + 1)]


def document(i, n, h):
    """Documents of the tests have three tokens; queries are counted from 0 in their own axis."""
    return [k for k in range(i + 1) if k // 3 == (i - n + 5) // 3]


def shared_prefix(i, n, h):
    return [k for k in range(i + 1) if k // 3 in (0, (i - n + 5) // 3)]


def permutation(i, n, h):
    rank = draw_uniform((n,), 0, "order of tokens")
    order = sorted(range(n), key=lambda k: rank[k])
    return order[: order.index(i) + 1]


def tree(i, n, h):
    """Parent 0 of positions 1, 2; parent 1 of 3, 4; parent 2 of 5, 6."""
    return {0: [0], 1: [0, 1], 2: [0, 2], 3: [0, 1, 3], 4: [0, 1, 4], 5: [0, 2, 5], 6: [0, 2, 6]}[
        i
    ]


def longnet(variant, inputs, visible):
    """Each branch by itself, then averaged by the sums of their exponentials."""
    n_head, n_query, n_key = visible.shape
    weights = np.zeros(visible.shape)
    for h in range(n_head):
        for q in range(n_query):
            i = q + n_key - n_query
            masses = []
            for length, dilation in ((4, 1), (8, 2), (16, 4)):
                start = i - i % length
                kept = range(start + h % dilation, start + length, dilation)
                keys = [k for k in kept if k <= i] if i in kept else []
                masses.append({k: math.exp(scaled_dot(variant, inputs, h, q, k)) for k in keys})
            sums = [sum(mass.values()) for mass in masses]
            for mass, total in zip(masses, sums, strict=True):
                for k, m in mass.items():
                    weights[h, q, k] += total / sum(sums) * m / total
    return weights


ORACLES = {
    "longnet": longnet,
    "sliding-window": over(sliding),
    "dilated-window": over(dilated),
    "longformer": over(longformer),
    "bigbird": over(bigbird),
    "streaming": over(streaming),
    "block-local": over(block),
    "chunked": over(chunk),
    "block-causal": over(block_causal),
    "block-diffusion": over(block_diffusion),
    "sparse-strided": over(strided),
    "sparse-fixed": over(fixed),
    "prefix-lm": over(prefix),
    "document": over(document),
    "shared-prefix": over(shared_prefix),
    "permutation": over(permutation),
    "tree": over(tree),
}
