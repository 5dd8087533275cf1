"""GGUF architectures with an encoder: BERT, T5."""

from __future__ import annotations

from dataclasses import replace

from attnviz.sources.checkpoint.gguf.architecture import (
    SIZES,
    Architecture,
    as_matrix,
)

ENCODER_SIZES = {key: name for key, name in SIZES.items() if key != "attention.causal"}
BIDIRECTIONAL = {"attention.causal": (False,)}
BERT = Architecture(
    name="bert",
    family="bert",
    settings={**ENCODER_SIZES, "attention.layer_norm_epsilon": "layer_norm_eps"},
    tensors={
        "token_embd": "embeddings.word_embeddings",
        "position_embd": "embeddings.position_embeddings",
        "token_types": "embeddings.token_type_embeddings",
        "token_embd_norm": "embeddings.LayerNorm",
        "blk.{i}.attn_q": "encoder.layer.{i}.attention.self.query",
        "blk.{i}.attn_k": "encoder.layer.{i}.attention.self.key",
        "blk.{i}.attn_v": "encoder.layer.{i}.attention.self.value",
        "blk.{i}.attn_output": "encoder.layer.{i}.attention.output.dense",
        "blk.{i}.attn_output_norm": "encoder.layer.{i}.attention.output.LayerNorm",
        "blk.{i}.ffn_up": "encoder.layer.{i}.intermediate.dense",
        "blk.{i}.ffn_down": "encoder.layer.{i}.output.dense",
        "blk.{i}.layer_output_norm": "encoder.layer.{i}.output.LayerNorm",
        "cls": "cls.dense",  # of a classifier
        "cls.output": "cls.output",
    },
    changes={"token_types": as_matrix},
    neutral=BIDIRECTIONAL,
)
NOMIC_BERT = Architecture(
    name="nomic-bert",
    family="nomic_bert",
    settings={
        **ENCODER_SIZES,
        "attention.layer_norm_epsilon": "layer_norm_eps",
        "attention.key_length": "head_dim",
        "rope.freq_base": "rope_theta",
    },
    tensors={
        "token_embd": "embeddings.word_embeddings",
        "token_types": "embeddings.token_type_embeddings",
        "token_embd_norm": "emb_ln",
        "blk.{i}.attn_qkv": "encoder.layers.{i}.attn.Wqkv",
        "blk.{i}.attn_output": "encoder.layers.{i}.attn.out_proj",
        "blk.{i}.attn_output_norm": "encoder.layers.{i}.norm1",
        "blk.{i}.ffn_up": "encoder.layers.{i}.mlp.fc11",
        "blk.{i}.ffn_gate": "encoder.layers.{i}.mlp.fc12",
        "blk.{i}.ffn_down": "encoder.layers.{i}.mlp.fc2",
        "blk.{i}.layer_output_norm": "encoder.layers.{i}.norm2",
    },
    changes={"token_types": as_matrix},
    neutral=BIDIRECTIONAL,
)
MODERN_BERT = Architecture(
    name="modern-bert",
    family="modernbert",
    settings={
        **ENCODER_SIZES,
        "attention.layer_norm_rms_epsilon": "norm_eps",  # llama.cpp writes it from norm_eps, too
        "attention.layer_norm_epsilon": "norm_eps",
        "hidden_activation": "hidden_activation",
        "attention.sliding_window": "local_attention",
        "attention.sliding_window_pattern": "global_attn_every_n_layers",
        "rope.freq_base": "global_rope_theta",
        "rope.freq_base_swa": "local_rope_theta",
    },
    tensors={
        "token_embd": "embeddings.tok_embeddings",
        "token_embd_norm": "embeddings.norm",
        "output_norm": "final_norm",
        "blk.{i}.attn_norm": "layers.{i}.attn_norm",
        "blk.{i}.attn_qkv": "layers.{i}.attn.Wqkv",
        "blk.{i}.attn_output": "layers.{i}.attn.Wo",
        "blk.{i}.ffn_norm": "layers.{i}.mlp_norm",
        "blk.{i}.ffn_up": "layers.{i}.mlp.Wi",
        "blk.{i}.ffn_down": "layers.{i}.mlp.Wo",
        "cls": "head.dense",
        "cls.norm": "head.norm",
        "cls.output": "classifier",
    },
    values={"norm_bias": False, "attention_bias": False, "mlp_bias": False},
    neutral=BIDIRECTIONAL,
)

T5_SIDES = (("encoder", "enc", 1), ("decoder", "dec", 2))  # number of the feed-forward sublayer


def t5_tensors() -> dict[str, str]:
    """Names of T5's tensors: each sublayer of the family has a number."""
    tensors = {"token_embd": "shared", "output": "lm_head"}
    for side, short, last in T5_SIDES:
        block, stored = f"{side}.block.{{i}}.layer", f"{short}.blk.{{i}}"
        tensors[f"{short}.output_norm"] = f"{side}.final_layer_norm"
        sublayers = [(0, "attn", "SelfAttention")]
        sublayers += [(1, "cross_attn", "EncDecAttention")] if side == "decoder" else []
        for number, name, attention in sublayers:
            tensors[f"{stored}.{name}_norm"] = f"{block}.{number}.layer_norm"
            for letter in "qkvo":
                tensors[f"{stored}.{name}_{letter}"] = f"{block}.{number}.{attention}.{letter}"
        # Of the first layer only: a table per layer is UMT5's.
        table = f"{side}.block.0.layer.0.SelfAttention.relative_attention_bias"
        tensors[f"{short}.blk.0.attn_rel_b"] = table
        if side == "decoder":  # in old checkpoints; no implementation reads it
            cross = "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias"
            tensors["dec.blk.0.cross_attn_rel_b"] = cross
        tensors[f"{stored}.ffn_norm"] = f"{block}.{last}.layer_norm"
        tensors[f"{stored}.ffn_up"] = f"{block}.{last}.DenseReluDense.wi"
        tensors[f"{stored}.ffn_gate"] = f"{block}.{last}.DenseReluDense.wi_0"
        tensors[f"{stored}.ffn_down"] = f"{block}.{last}.DenseReluDense.wo"
    return tensors


T5_GATED = {
    f"{short}.blk.{{i}}.ffn_up": f"{side}.block.{{i}}.layer.{last}.DenseReluDense.wi_1"
    for side, short, last in T5_SIDES
}
T5 = Architecture(
    name="t5",
    family="t5",
    settings={
        **SIZES,
        "attention.key_length": "d_kv",
        "attention.layer_norm_epsilon": "layer_norm_epsilon",
        "attention.layer_norm_rms_epsilon": "layer_norm_epsilon",
        "attention.relative_buckets_count": "relative_attention_num_buckets",
        "decoder_block_count": "num_decoder_layers",
        "decoder_start_token_id": "decoder_start_token_id",
    },
    tensors=t5_tensors(),
    values={"relative_attention_max_distance": 128},
    values_with={
        "enc.blk.0.ffn_gate.weight": {"is_gated_act": True, "dense_act_fn": "gelu_new"},
    },
    tensors_with={"enc.blk.0.ffn_gate.weight": T5_GATED},
)
UMT5 = replace(  # a table of distances in each layer
    T5,
    family="umt5",
    tensors={
        **T5.tensors,
        **{
            f"{short}.blk.{{i}}.attn_rel_b": T5.tensors[f"{short}.blk.0.attn_rel_b"].replace(
                "block.0", "block.{i}"
            )
            for _, short, _ in T5_SIDES
        },
    },
    requires="enc.blk.1.attn_rel_b.weight",
)
T5_ENCODER = replace(T5, name="t5encoder")  # runs with --attention encoder

ROWS = (BERT, NOMIC_BERT, MODERN_BERT, UMT5, T5, T5_ENCODER)
