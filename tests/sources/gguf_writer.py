"""Checkpoints of tests/models as GGUF files, as llama.cpp's converter writes them."""

from __future__ import annotations

import json
import math

import gguf
import numpy as np
from gguf import GGMLQuantizationType as Kind

from attnviz.sources.checkpoint.files import find_files
from tests.sources.reference import MODELS

SIZES = {
    "context_length": ("max_position_embeddings", "n_positions"),
    "embedding_length": ("hidden_size", "n_embd", "d_model"),
    "feed_forward_length": ("intermediate_size", "n_inner", "d_ff"),
    "block_count": ("num_hidden_layers", "n_layer", "num_layers"),
    "attention.head_count": ("num_attention_heads", "n_head", "num_heads"),
    "attention.head_count_kv": ("num_key_value_heads",),
    "attention.key_length": ("head_dim", "d_kv"),
    "attention.value_length": ("head_dim", "d_kv"),
    "attention.sliding_window": ("sliding_window",),
    "attention.relative_buckets_count": ("relative_attention_num_buckets",),
    "decoder_start_token_id": ("decoder_start_token_id",),
}
NUMBERS = {
    "attention.layer_norm_rms_epsilon": ("rms_norm_eps",),
    "attention.layer_norm_epsilon": ("layer_norm_eps", "layer_norm_epsilon"),
    "rope.freq_base": ("rope_theta",),
    "attn_logit_softcapping": ("attn_logit_softcapping",),
    "final_logit_softcapping": ("final_logit_softcapping",),
}


def rotary(array, n_head):
    """Pairs (j, j + d/2) of each head become neighbours."""
    halves = array.reshape(n_head, 2, len(array) // n_head // 2, *array.shape[1:])
    return halves.swapaxes(1, 2).reshape(array.shape)


def heads_apart(array, n_head):
    """Query, key and value of each head become all queries, all keys, all values."""
    by_head = array.reshape(n_head, 3, len(array) // n_head // 3, *array.shape[1:])
    return np.concatenate([by_head[:, part].reshape(-1, *array.shape[1:]) for part in range(3)])


def convert(architecture, name, array, config):
    """What the converter changes in a tensor, by its name in the file."""
    n_head = config.get("num_attention_heads", config.get("n_head"))
    part = name.split(".")[-2]
    if architecture == "llama" and part in ("attn_q", "attn_k"):
        return rotary(array, n_head if part == "attn_q" else config["num_key_value_heads"])
    if architecture.startswith("gemma") and name.endswith("norm.weight"):
        return array + 1
    if architecture in ("gptneox", "bloom") and part == "attn_qkv":
        return heads_apart(array, n_head)
    is_linear = part in ("attn_qkv", "attn_output", "ffn_up", "ffn_down")
    return array.T if architecture == "gpt2" and is_linear and array.ndim == 2 else array


def load_arrays(folder):
    """The tensors of a checkpoint as float32, by name."""
    return {name: tensor.read() for name, tensor in find_files(folder).read_tensors().items()}


def write_gguf(
    path, name, architecture, *, kind=Kind.F32, changes=None, metadata=None, tensors=None
):
    """Write tests/models/NAME; `changes` are those of its config. Matrices are of a kind.

    `metadata` and `tensors` are added; a value None removes a key or a tensor.
    """
    folder = MODELS / name
    config = json.loads((folder / "config.json").read_text())
    config |= config.get("rope_parameters") or {}
    config |= changes or {}
    entries = {
        f"{architecture}.{key}": config[setting]
        for key, settings in (SIZES | NUMBERS).items()
        for setting in settings
        if config.get(setting) is not None
    }
    n_layer = entries[f"{architecture}.block_count"]
    if architecture in ("gpt2", "bloom"):
        entries[f"{architecture}.feed_forward_length"] = (
            4 * entries[f"{architecture}.embedding_length"]
        )
    if architecture == "gptneox":
        d_head = config["hidden_size"] // config["num_attention_heads"]
        n_dim = int(d_head * config["partial_rotary_factor"])
        entries["gptneox.rope.dimension_count"] = n_dim
        entries["gptneox.use_parallel_residual"] = config["use_parallel_residual"]
    arrays = converted_arrays(folder, architecture, n_layer, config)
    write_file(path, architecture, entries | (metadata or {}), arrays | (tensors or {}), kind)
    return path


def converted_arrays(folder, architecture, n_layer, config):
    """The tensors under their names in the file."""
    (arch,) = (a for a, name in gguf.MODEL_ARCH_NAMES.items() if name == architecture)
    names = gguf.get_tensor_name_map(arch, n_layer)
    arrays = {}
    for name, array in load_arrays(folder).items():
        known = (name, name.removeprefix("transformer."), name.removeprefix("bert."))
        found = (names.get_name(known_name, (".weight", ".bias")) for known_name in known)
        new_name = next(filter(None, found), None)
        is_head = name.startswith(("cls.", "bert.pooler", "pooler"))
        is_tied = new_name == "output.weight" and config.get("tie_word_embeddings")
        if new_name is not None and not is_head and not is_tied:
            arrays[new_name] = convert(architecture, new_name, array, config)
    return arrays


def write_file(path, architecture, metadata, tensors, kind=Kind.F32):
    """A GGUF file with these metadata and tensors; matrices are of a kind."""
    writer = gguf.GGUFWriter(path, architecture)
    for key, value in metadata.items():
        add_value(writer, key, value)
    for name, array in tensors.items():
        if array is None:
            continue
        numbers = np.ascontiguousarray(array, dtype=np.float32)
        size = gguf.GGML_QUANT_SIZES[kind][0]
        if numbers.ndim < 2 or numbers.shape[-1] % size or kind == Kind.F32:
            writer.add_tensor(name, numbers)
        else:
            writer.add_tensor(name, gguf.quantize(numbers, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def add_value(writer, key, value):
    """One metadata value, by its type."""
    if value is None:
        return
    if isinstance(value, bool):
        writer.add_bool(key, value)
    elif isinstance(value, int):
        writer.add_uint32(key, value)
    elif isinstance(value, float):
        writer.add_float32(key, value)
    elif isinstance(value, str):
        writer.add_string(key, value)
    else:
        writer.add_array(key, value)


def llama3_factors(base, d_head, scaling):
    """Divisors of the frequencies in Llama 3, one per pair, from their formula."""
    factor, low, high = (scaling[key] for key in ("factor", "low_freq_factor", "high_freq_factor"))
    length = scaling["original_max_position_embeddings"]
    divisors = []
    for i in range(d_head // 2):
        wavelength = 2 * math.pi * base ** (2 * i / d_head)
        if wavelength < length / high:
            divisors.append(1.0)
        elif wavelength > length / low:
            divisors.append(factor)
        else:
            smooth = (length / wavelength - low) / (high - low)
            divisors.append(1 / ((1 - smooth) / factor + smooth))
    return np.array(divisors, dtype=np.float32)
