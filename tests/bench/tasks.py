"""Tasks whose memory is measured, each in a process: python -m tests.bench.tasks NAME"""

import json
import math
import sys
import tempfile
from pathlib import Path

import numpy as np

from attnviz.api.blas_threads import use_threads
from attnviz.core.engine.full_collector import FullCollector
from attnviz.core.engine.layer_call import LayerCall
from attnviz.core.engine.pooled_collector import PooledCollector
from attnviz.core.grid import Grid
from attnviz.core.inputs import Inputs
from attnviz.core.variants import find_variant

LONG = 32768
BILLION = {
    "model_type": "llama",
    "vocab_size": 32000,
    "hidden_size": 2048,
    "intermediate_size": 5632,
    "num_hidden_layers": 22,
    "num_attention_heads": 32,
    "num_key_value_heads": 4,
    "hidden_act": "silu",
    "rms_norm_eps": 1e-5,
    "rope_theta": 10000.0,
    "max_position_embeddings": 4096,
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
}
TOKENS = 512
GGUF_TOKENS = 64


def layer(variant, n_token=LONG, n_head=4, **tunables):
    """A layer with random queries, keys and values."""
    draw = np.random.default_rng(0).standard_normal
    query, key, value = (draw((n_head, n_token, 64), dtype=np.float32) for _ in range(3))
    own = find_variant(variant).with_tunables(heads=n_head, **tunables)
    inputs = Inputs(query=query, key=key, grid=Grid.of(n_head, n_token, n_token))
    return LayerCall(layer=0, inputs=inputs, value=value, variant=own, needs_output=False)


def pooled(call):
    """A pooled map of a layer."""
    with use_threads():
        PooledCollector(max_bins=512).callback()(call)


def shapes():
    """The tensors of the large checkpoint."""
    d, inner, kv = 2048, 5632, 256
    yield "model.embed_tokens.weight", (32000, d)
    yield "model.norm.weight", (d,)
    yield "lm_head.weight", (32000, d)
    for i in range(BILLION["num_hidden_layers"]):
        place = f"model.layers.{i}"
        for name, shape in (
            ("self_attn.q_proj", (d, d)),
            ("self_attn.k_proj", (kv, d)),
            ("self_attn.v_proj", (kv, d)),
            ("self_attn.o_proj", (d, d)),
            ("mlp.gate_proj", (inner, d)),
            ("mlp.up_proj", (inner, d)),
            ("mlp.down_proj", (d, inner)),
            ("input_layernorm", (d,)),
            ("post_attention_layernorm", (d,)),
        ):
            yield f"{place}.{name}.weight", shape


def checkpoint(folder):
    """A checkpoint of a billion numbers, all of them 0: a file with a hole takes no room."""
    header, at = {}, 0
    for name, shape in shapes():
        end = at + 2 * math.prod(shape)
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [at, end]}
        at = end
    text = json.dumps(header).encode()
    with (folder / "model.safetensors").open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        file.truncate(8 + len(text) + at)
    (folder / "config.json").write_text(json.dumps(BILLION))


def numbered(n_token):
    """Tokens with the ids 0, 1, 2 …, without a tokenizer."""
    from attnviz.core.tokens import Token
    from attnviz.sources.tokenizing.tokenizers import Encoding

    tokens = tuple(Token.of(str(n)) for n in range(n_token))
    return Encoding(tokens, tuple(range(n_token)), (0,) * n_token)


def one_layer(folder):
    """One layer of the large checkpoint."""
    from attnviz.sources.model.checkpoint import open_checkpoint

    model = open_checkpoint(str(folder))
    with use_threads():
        kept = FullCollector(layers=[0])
        model.run(numbered(TOKENS), kept.callback(), last_layer=0, needs_output=False)


def one_layer_floor():
    """The largest layer as float32, what flows through it, and the map.    -> bytes"""
    d, inner, kv, heads = 2048, 5632, 256, 32
    largest = 2 * d * d + 2 * kv * d + 3 * inner * d
    flowing = TOKENS * (12 * d + 3 * inner)
    return 4.0 * (largest + flowing + heads * TOKENS * TOKENS)


def gguf_layers(n_token):
    """All layers of a GGUF model with all maps; returns the bytes that it took at most.

    Pages of the file are not counted: they are those of the file, and given back under pressure.
    """
    from attnviz.sources.model.checkpoint import open_checkpoint
    from tests.bench.other_programs import smollm2

    model = open_checkpoint(smollm2())
    before = highest() - mapped()
    with use_threads():
        model.run(numbered(n_token), FullCollector().callback(), needs_output=False)
    return highest() - mapped() - before


def gguf_floor(n_token=GGUF_TOKENS):
    """The largest layer of SmolLM2 as float32, what flows through it, and all maps.    -> bytes"""
    d, inner, kv, heads, layers = 576, 1536, 192, 9, 30
    largest = 2 * d * d + 2 * kv * d + 3 * inner * d
    flowing = n_token * (12 * d + 3 * inner)
    return 4.0 * (largest + flowing + layers * heads * n_token * n_token)


def mapped():
    """Bytes of files that are in this process's memory."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssFile"):
            return int(line.split()[1]) * 1024
    raise SystemExit("this system does not tell how much of its memory is that of files")


def highest():
    """The most memory that this process has had, not that of who started it.    -> bytes"""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) * 1024
    raise SystemExit("this system does not tell how much memory a process has had")


def main():
    if sys.argv[1] == "pooled":
        call = layer("softmax")
        before = highest()
        pooled(call)
    elif sys.argv[1] == "gguf":
        print(gguf_layers(GGUF_TOKENS))
        return
    else:
        with tempfile.TemporaryDirectory() as name:
            checkpoint(Path(name))
            before = highest()
            one_layer(Path(name))
    print(highest() - before)


if __name__ == "__main__":
    main()
