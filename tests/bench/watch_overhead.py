"""The overhead of watch: an sdpa model of 12 layers × 12 heads on 512 tokens against eager maps.

Run by `make bench-watch`, in the environment of make test-torch. Fails above the limit.
"""

import statistics
import time

import torch
from transformers import BertConfig, BertModel

import attnviz

LIMIT, ROUNDS = 2.0, 9


def main():
    torch.manual_seed(0)
    model = BertModel(BertConfig(num_hidden_layers=12, vocab_size=1000)).eval()
    ids = torch.randint(0, 1000, (1, 512))

    def eager():
        model.set_attn_implementation("eager")
        model(ids, output_attentions=True)

    def fused():
        model.set_attn_implementation("sdpa")
        model(ids)

    def recorded():
        model.set_attn_implementation("sdpa")
        with attnviz.watch(model):
            model(ids)

    jobs = {"eager with output_attentions": eager, "sdpa": fused, "sdpa, recorded": recorded}
    seconds = {name: [] for name in jobs}
    with torch.no_grad():
        for number in range(ROUNDS + 1):
            for name, job in jobs.items():
                start = time.perf_counter()
                job()
                if number:  # the first round warms up
                    seconds[name].append(time.perf_counter() - start)
    medians = {name: statistics.median(times) for name, times in seconds.items()}
    for name, median in medians.items():
        print(f"{name:30} {median:.3f} s")
    ratio = medians["sdpa, recorded"] / medians["eager with output_attentions"]
    print(f"recorded / eager: {ratio:.2f} (limit {LIMIT:g})")
    raise SystemExit(ratio > LIMIT)


if __name__ == "__main__":
    main()
