"""A census of heads on a local Dask cluster: python -m tests.bench.census WORKERS [N]

Texts are sent in chunks; each task returns sums of the measures of all heads, which are added up.
"""

import sys
import time
from functools import cache, partial

import numpy as np

N_SENTENCE, CHUNK = 10_000, 250
N_LAYER, D_MODEL = 6, 384  # of MiniLM
SPECIAL = 2  # tokens that MiniLM adds to a sentence


def count_chunk(texts, model):
    """Sums and counts of all measures over some texts.    -> name: [2, head]"""
    import attnviz

    rows = attnviz.corpus_stats(attnviz.look_many(texts, model=model))
    sums = {}
    for name in rows[0]["measures"]:
        count = np.array([row["count"][name] for row in rows], dtype=float)
        mean = np.array([row["measures"][name] or 0.0 for row in rows])
        sums[name] = np.stack([mean * count, count])
    return sums


def add_sums(chunks):
    """The sums over all chunks; a measure may be undefined in some of them.

    Shapes: name: [2, head] each -> name: [2, head]
    """
    total = {}
    for chunk in chunks:
        for name, sums in chunk.items():
            total[name] = total.get(name, 0.0) + sums
    return total


def census(n_worker, texts, model):
    """The measures of all heads, and the seconds that they took on a cluster that is up."""
    from dask.distributed import Client, LocalCluster

    chunks = [texts[start : start + CHUNK] for start in range(0, len(texts), CHUNK)]
    options = {"n_workers": n_worker, "threads_per_worker": 1, "dashboard_address": None}
    with LocalCluster(**options, processes=True) as cluster, Client(cluster) as client:
        for worker in client.scheduler_info()["workers"]:  # the model is opened before
            client.submit(count_chunk, texts[:1], model, workers=[worker], pure=False).result()
        start = time.perf_counter()
        work = partial(count_chunk, model=model)
        total = add_sums(client.gather(client.map(work, chunks)))
        return total, time.perf_counter() - start


def operations(texts):
    """Multiplications and additions of the cost model, L (24 n d² + 4 n² d) for each text."""
    lengths = np.array([len(text.split()) + SPECIAL for text in texts], dtype=float)
    per_text = 24 * lengths * D_MODEL**2 + 4 * lengths**2 * D_MODEL
    return N_LAYER * float(per_text.sum())


@cache
def corpus():
    """The sentences of the census."""
    from tests.bench.sentences import sentences_of_lengths

    return sentences_of_lengths(N_SENTENCE)


def product_seconds():
    """The operations of the cost model as matrix products of one thread.    -> seconds"""
    from threadpoolctl import threadpool_limits

    n_row, width = 512, 4 * D_MODEL
    numbers = np.random.default_rng(0)
    x = numbers.standard_normal((n_row, D_MODEL), dtype=np.float32)
    w = numbers.standard_normal((width, D_MODEL), dtype=np.float32)
    seconds = []
    with threadpool_limits(1, "blas"):
        for _ in range(50):
            start = time.perf_counter()
            x @ w.T
            seconds.append(time.perf_counter() - start)
    return operations(corpus()) / (2 * n_row * D_MODEL * width) * float(np.median(seconds))


def main():
    from tests.bench.other_programs import minilm

    texts = corpus()[: int(sys.argv[2]) if len(sys.argv) > 2 else N_SENTENCE]
    total, seconds = census(int(sys.argv[1]), texts, minilm())
    assert total["entropy"][1].max() == len(texts)
    print(seconds)


if __name__ == "__main__":
    main()
