"""The same jobs as others do them: run by the Python of .venv-bench, which has torch.

It reads a job's name from each line of standard input, does it, and answers with the seconds.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
from sentences import sentences_of_lengths

MODEL, THREADS = sys.argv[1], int(sys.argv[2])
torch.set_num_threads(THREADS)


def layer(n_head, n_token, d):
    return [torch.randn(1, n_head, n_token, d) for _ in range(3)]


def eager(query, key, value):
    """Attention that gives its weights."""
    weights = torch.softmax(query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5, -1)
    return weights @ value, weights


def bert():
    from transformers import AutoModel, AutoTokenizer

    model = AutoModel.from_pretrained(MODEL, attn_implementation="eager").eval()
    return AutoTokenizer.from_pretrained(MODEL), model


def maps(n_token):
    """A forward pass with all maps."""
    tokenizer, model = bert()
    given = tokenizer(" ".join(["word"] * (n_token - 2)), return_tensors="pt")
    return lambda: model(**given, output_attentions=True)


def corpus():
    """Sentences from a file to JSON Lines."""
    tokenizer, model = bert()

    def run():
        with Path(sys.argv[3]).open() as lines, Path(sys.argv[3] + ".out").open("w") as out:
            for line in lines:
                given = tokenizer(line.rstrip("\n"), return_tensors="pt")
                made = model(**given, output_attentions=True).attentions
                tokens = tokenizer.convert_ids_to_tokens(given["input_ids"][0])
                weights = [layer[0].tolist() for layer in made]
                out.write(json.dumps({"tokens": tokens, "weights": weights}) + "\n")

    return run


def batches():
    """All maps of sentences of several lengths, in padded batches of 32, sorted by length."""
    tokenizer, model = bert()
    texts = sentences_of_lengths()

    def run():
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        maps = [None] * len(texts)
        for start in range(0, len(texts), 32):
            batch = order[start : start + 32]
            given = tokenizer([texts[i] for i in batch], padding=True, return_tensors="pt")
            layers = model(**given, output_attentions=True).attentions
            for row, i in enumerate(batch):
                n = int(given["attention_mask"][row].sum())
                maps[i] = [layer[row, :, :n, :n].numpy().copy() for layer in layers]
        return maps

    return run


def saved():
    """All maps of sentences of several lengths in one file of NumPy, in padded batches."""
    run = batches()
    return lambda: np.savez(sys.argv[3] + ".npz", *(np.stack(maps) for maps in run()))


def as_json():
    """The same as JSON Lines."""
    run = batches()

    def write():
        with Path(sys.argv[3] + ".jsonl").open("w") as out:
            for maps in run():
                out.write(json.dumps([layer.tolist() for layer in maps]) + "\n")

    return write


def long():
    arrays = layer(4, 32768, 64)
    return lambda: torch.nn.functional.scaled_dot_product_attention(*arrays)


def weights(n_token):
    """Attention with weights of one layer."""
    arrays = layer(12, n_token, 64)
    return lambda: eager(*arrays)


JOBS = {
    "eager 128": lambda: weights(128),
    "eager 512": lambda: weights(512),
    "eager 2048": lambda: weights(2048),
    "fused": long,
    "maps 8": lambda: maps(8),
    "maps 128": lambda: maps(128),
    "maps 512": lambda: maps(512),
    "corpus": corpus,
    "batches": batches,
    "batches to npz": saved,
    "batches to json": as_json,
}


def main():
    ready = {}
    for line in sys.stdin:
        name = line.strip()
        run = ready.setdefault(name, None) or JOBS[name]()
        ready = {name: run}  # the arrays of the last job go
        start = time.perf_counter()
        with torch.no_grad():
            run()
        print(time.perf_counter() - start, flush=True)


main()
