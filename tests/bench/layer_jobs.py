"""One layer on arrays: attention with its weights, and pooled maps of long texts."""

import time
from functools import cache, partial

import numpy as np

from attnviz import attend
from tests.bench import tasks
from tests.bench.measure import Job, peak
from tests.bench.other_programs import Rival
from tests.bench.references import weights_by_hand


def layer(n_head, n_token, d):
    """Random arrays of one layer.    -> three of [head, token, d]"""
    numbers = np.random.default_rng(0)
    return [numbers.standard_normal((n_head, n_token, d), dtype=np.float32) for _ in range(3)]


SMALL, MIDDLE, LARGE = (layer(12, n, 64) for n in (128, 512, 2048))


def on(made, action):
    """An action on what is made once, in its time alone."""
    made = cache(made)

    def run():
        given = made()
        start = time.perf_counter()
        action(given)
        return time.perf_counter() - start

    return run


WINDOW = partial(tasks.layer, "sliding-window", window=256)

LAYERS = (
    Job(
        "attend with weights [12, 128, 64] float32",
        "two products, exp, the map",
        lambda: attend(*SMALL),
        weights_by_hand(*SMALL),
        2.0,
        31,
    ),
    Job(
        "attend with weights [12, 2048, 64] float32",
        "two products, exp, the map",
        lambda: attend(*LARGE),
        weights_by_hand(*LARGE),
        1.4,
        31,
    ),
    Job(
        "attend with weights [12, 2048, 64] float32",
        "torch, eager, with weights",
        lambda: attend(*LARGE),
        Rival("eager 2048"),
        0.55,
        21,
    ),
    Job(
        "a pooled map of 32,768 tokens, 4 heads",
        "torch, fused attention, no map",
        on(partial(tasks.layer, "softmax"), tasks.pooled),
        Rival("fused"),
        2.5,
        5,
        warm=False,
    ),
    Job(
        "memory of a pooled map of 32,768 tokens",
        "300 MB",
        peak("pooled"),
        lambda: 300e6,
        1.0,
        5,
        "B",
        warm=False,
    ),
    Job(
        "a window of 256 of 32,768 tokens, pooled",
        "all of the past",
        on(WINDOW, tasks.pooled),
        on(partial(tasks.layer, "causal"), tasks.pooled),
        0.1,
        5,
        warm=False,
    ),
    Job(
        "attend with weights [12, 128, 64] float32",
        "torch, eager, with weights",
        lambda: attend(*SMALL),
        Rival("eager 128"),
        1.3,
        101,
    ),
    Job(
        "attend with weights [12, 512, 64] float32",
        "torch, eager, with weights",
        lambda: attend(*MIDDLE),
        Rival("eager 512"),
        0.8,
        41,
    ),
)
