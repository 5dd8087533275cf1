"""Make fixtures/*.npz of Flax, Keras, MLX, ONNX Runtime and TransformerLens, each by its program.

They are saved as their documentation does, next to the weights that the program computed. The
tests need none of these programs. In an environment of their own:

    python -m venv producers
    producers/bin/pip install flax keras 'mlx[cpu]' onnx onnxruntime torch transformer-lens
    cd tests/sources/external && ../../../producers/bin/python make_library_fixtures.py

Made with jax 0.10.2, flax 0.12.8, keras 3.15.1, mlx 0.32.4, onnx 1.22.0, onnxruntime 1.32.0 and
transformer-lens 4.3.0.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

os.environ["KERAS_BACKEND"] = "jax"

import numpy as np

HERE = Path(__file__).parent / "fixtures"
TOKENS, D_MODEL, N_HEAD = 5, 6, 2


def inputs(*shape):
    return np.random.default_rng(1).normal(size=shape).astype(np.float32)


def flax():
    """`sow` collects a tuple per call, which np.savez makes an axis of size 1."""
    import flax.linen as nn
    import jax
    from flax.traverse_util import flatten_dict

    class Block(nn.Module):
        @nn.compact
        def __call__(self, x):
            attention = nn.MultiHeadDotProductAttention(num_heads=N_HEAD)
            return x + attention(x, sow_weights=True)

    class Encoder(nn.Module):
        @nn.compact
        def __call__(self, x):
            for number in range(2):
                x = Block(name=f"block_{number}")(x)
            return x

    x = inputs(2, TOKENS, D_MODEL)
    model = Encoder()
    variables = model.init(jax.random.PRNGKey(0), x)
    _, state = model.apply(variables, x, mutable=["intermediates"])
    np.savez(HERE / "flax.npz", **flatten_dict(state["intermediates"], sep="/"))


def keras():
    import keras

    keras.utils.set_random_seed(0)
    x = inputs(2, TOKENS, D_MODEL)
    memory = inputs(2, 3, D_MODEL)
    saved = {}
    for number in range(2):
        layer = keras.layers.MultiHeadAttention(N_HEAD, 4, name=f"mha_{number}")
        x, scores = layer(x, x, return_attention_scores=True, use_causal_mask=True)
        saved[f"encoder/{layer.name}/attention_scores"] = np.asarray(scores)
    layer = keras.layers.MultiHeadAttention(N_HEAD, 4, name="cross_mha")
    _, scores = layer(x, memory, return_attention_scores=True)
    np.savez(HERE / "keras.npz", **saved)
    np.savez(HERE / "keras_cross.npz", cross_attention_scores=np.asarray(scores))


def mlx():
    import mlx.core as mx

    mx.random.seed(0)
    query, key = (mx.random.normal((1, N_HEAD, TOKENS, 4)) for _ in "qk")
    mask = mx.triu(mx.full((TOKENS, TOKENS), -1e9), k=1)
    weights = mx.softmax(query @ key.swapaxes(-1, -2) / 2 + mask, axis=-1)
    arrays = {"queries": query, "keys": key, "mask": mask, "attn_weights": weights}
    mx.savez(str(HERE / "mlx.npz"), **arrays)
    short = {name: array.astype(mx.bfloat16) for name, array in arrays.items()}
    mx.save_safetensors(str(HERE / "mlx_bfloat16.safetensors"), short)


def onnxruntime():
    """The operator Attention with its fourth output: scores, or weights after the softmax."""
    import onnxruntime as ort
    from onnx import TensorProto, helper

    values = [inputs(1, N_HEAD, TOKENS, 4), inputs(1, N_HEAD, TOKENS, 4) * 0.5]
    feeds = {"Q": values[0], "K": values[1][:, ::-1].copy(), "V": values[0] + 1}
    output = "qk_matmul_output"
    for mode, name in ((3, "onnx"), (0, "scores/onnx")):
        node = helper.make_node(
            "Attention", [*feeds], ["Y", "", "", output],
            is_causal=1, qk_matmul_output_mode=mode,
        )  # fmt: skip
        graph = helper.make_graph(
            [node],
            "attention",
            [
                helper.make_tensor_value_info(n, TensorProto.FLOAT, a.shape)
                for n, a in feeds.items()
            ],
            [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in ("Y", output)],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 23)])
        model.ir_version = 10
        session = ort.InferenceSession(model.SerializeToString())
        outputs = session.run(["Y", output], feeds)
        np.savez(HERE / f"{name}.npz", **feeds, Y=outputs[0], qk_matmul_output=outputs[1])


def transformer_lens():
    from make_fixtures import TEXT, gpt2, tokenizer
    from transformer_lens.model_bridge import TransformerBridge

    with TemporaryDirectory() as folder:
        gpt2().save_pretrained(folder)
        tokenizer().save_pretrained(folder)
        bridge = TransformerBridge.boot_transformers(folder, device="cpu")
    _, cache = bridge.run_with_cache(tokenizer()(TEXT, return_tensors="pt")["input_ids"])
    names = ("hook_q", "hook_k", "hook_v", "hook_pattern", "hook_attn_scores")
    kept = {n: part.numpy() for n, part in cache.items() if n.endswith(names) and ".attn." in n}
    np.savez(HERE / "transformer_lens_qk.npz", **kept)


if __name__ == "__main__":
    for make in (flax, keras, mlx, onnxruntime, transformer_lens):
        if not sys.argv[1:] or make.__name__ in sys.argv[1:]:
            make()
            print("made", make.__name__)
