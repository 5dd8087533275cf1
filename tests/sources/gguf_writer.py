"""Checkpoints of tests/models as GGUF files, as llama.cpp's converter writes them."""

from __future__ import annotations

import json
import math
import re

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
    "attention.layer_norm_rms_epsilon": ("rms_norm_eps", "norm_eps"),  # of LayerNorm, too
    "attention.layer_norm_epsilon": (
        *("layer_norm_eps", "layer_norm_epsilon", "norm_epsilon", "norm_eps"),
    ),
    "rope.freq_base": ("rope_theta",),
    "attn_logit_softcapping": ("attn_logit_softcapping",),
    "final_logit_softcapping": ("final_logit_softcapping",),
}


EXPERT_COUNTS = {
    "expert_count": ("num_local_experts", "num_experts"),
    "expert_used_count": ("num_experts_per_tok",),
    "expert_feed_forward_length": ("moe_intermediate_size",),
    "expert_shared_feed_forward_length": ("shared_expert_intermediate_size",),
}
GRANITE = {
    "attention.scale": ("attention_multiplier",),
    "embedding_scale": ("embedding_multiplier",),
    "residual_scale": ("residual_multiplier",),
    "logit_scale": ("logits_scaling",),
}
EXTRA = {
    "gptneox": {"use_parallel_residual": ("use_parallel_residual",)},
    "granite": GRANITE,
    "granitemoe": {**GRANITE, **EXPERT_COUNTS},
    "olmo": {"attention.clamp_kqv": ("clip_qkv",)},
    "command-r": {"logit_scale": ("logit_scale",)},
    "cohere2": {"logit_scale": ("logit_scale",)},
    "modern-bert": {
        "attention.sliding_window": ("local_attention",),
        "rope.freq_base_swa": ("rope_local_base_freq",),
        "hidden_activation": ("hidden_activation",),
    },
    "olmo2": {"rope.freq_base_swa": ("rope_local_base_freq",)},
    "gemma3": {"rope.freq_base_swa": ("rope_local_base_freq",)},
    **dict.fromkeys(("llama", "qwen2moe", "qwen3moe", "olmoe", "gpt-oss"), EXPERT_COUNTS),
}


def rope_settings(config):
    """Base, share and scaling of the rotary embedding, by older keys."""
    parameters = config.get("rope_parameters") or {}
    whole = parameters.get("full_attention", parameters)
    settings = {key: whole[key] for key in ("rope_theta", "partial_rotary_factor") if key in whole}
    if "sliding_attention" in parameters:
        settings["rope_local_base_freq"] = parameters["sliding_attention"]["rope_theta"]
    return settings


def rotary(array, n_head):
    """Pairs (j, j + d/2) of each head become neighbours."""
    halves = array.reshape(n_head, 2, len(array) // n_head // 2, *array.shape[1:])
    return halves.swapaxes(1, 2).reshape(array.shape)


def heads_apart(array, n_head):
    """Query, key and value of each head become all queries, all keys, all values."""
    by_head = array.reshape(n_head, 3, len(array) // n_head // 3, *array.shape[1:])
    return np.concatenate([by_head[:, part].reshape(-1, *array.shape[1:]) for part in range(3)])


ROTATED = ("llama", "smollm3", "granite", "granitemoe", "arcee", "olmo")
ONE_MORE = ("gemma", "gemma2", "gemma3", "gemma-embedding", "nemotron")
PREFIXES = ("", "transformer.", "bert.", "roberta.", "model.", "nomic_bert.")
WINDOWED = (
    "gemma2",
    "gemma3",
    "gemma-embedding",
    "phi3",
    "cohere2",
    "olmo2",
    "modern-bert",
    "gpt-oss",
)
EXPERT = re.compile(
    r"(.*layers\.\d+)\.\w+\.experts\.(\d+)\.(gate|up|down|w1|w2|w3)(?:_proj)?\.weight"
)
EXPERT_PARTS = {"w1": "gate", "w2": "down", "w3": "up"}
SPELLED = {
    "experts.down_proj": "experts.down_proj.weight",
    "experts.down_proj_bias": "experts.down_proj.bias",
    "block_sparse_moe.output_linear.weight": "mlp.experts.down_proj.weight",
    "self_attn.sinks": "self_attn.sinks.weight",
}
LISTED = re.compile(r"(.*\.[qk]_layernorm)\.norms\.(\d+)\.weight")


def convert(architecture, name, array, config):
    """What the converter changes in a tensor, by its name in the file."""
    n_head = config.get("num_attention_heads", config.get("n_head"))
    part = name.split(".")[-2]
    if architecture in ROTATED and part in ("attn_q", "attn_k"):
        n_kv_head = config.get("num_key_value_heads", n_head)
        return rotary(array, n_head if part == "attn_q" else n_kv_head)
    if architecture in ONE_MORE and name.endswith("norm.weight"):
        return array + 1
    if architecture in ("gptneox", "bloom") and part == "attn_qkv":
        return heads_apart(array, n_head)
    if architecture == "qwen2moe" and part == "ffn_gate_inp_shexp":
        return array[0]
    if name == "position_embd.weight" and config["model_type"] == "roberta":
        return array[config["pad_token_id"] + 1 :]
    if name == "token_types.weight":
        return array.squeeze()
    is_linear = part in ("attn_qkv", "attn_output", "ffn_up", "ffn_down")
    return array.T if architecture == "gpt2" and is_linear and array.ndim == 2 else array


def stack_parts(arrays):
    """The matrices of all experts, and the norms of all heads, as one tensor each."""
    stacked, parts = {}, {}
    for name, array in arrays.items():
        if match := EXPERT.fullmatch(name):
            part = EXPERT_PARTS.get(match[3], match[3])
            parts.setdefault(f"{match[1]}.mlp.experts.{part}_proj.weight", {})[int(match[2])] = (
                array
            )
        elif match := LISTED.fullmatch(name):
            parts.setdefault(f"{match[1]}.weight", {})[int(match[2])] = array
        else:
            stacked[name] = array
    for name in [name for name in stacked if ".experts.gate_up_proj" in name]:
        both = stacked.pop(name).swapaxes(1, -1)  # of gpt-oss
        suffix = "bias" if name.endswith("_bias") else "weight"
        for part, start in (("gate", 0), ("up", 1)):
            matrix = f"{name.partition('.experts.')[0]}.experts.{part}_proj.{suffix}"
            stacked[matrix] = both[:, start::2]
    for name in [name for name in stacked if name.endswith("input_linear.weight")]:
        prefix = name.partition(".block_sparse_moe")[0]  # of Granite
        for part, half in zip(("gate", "up"), np.split(stacked.pop(name), 2, axis=1), strict=True):
            stacked[f"{prefix}.mlp.experts.{part}_proj.weight"] = half
    for old, new in SPELLED.items():
        for name in [name for name in stacked if name.endswith(old)]:
            array = stacked.pop(name)
            stacked[name.replace(old, new)] = (
                array.swapaxes(1, 2) if array.ndim == 3 and "output" not in old else array
            )
    return stacked | {
        name: np.stack([rows[i] for i in sorted(rows)]) for name, rows in parts.items()
    }


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
    config = json.loads((folder / "config.json").read_text()) | (changes or {})
    config |= rope_settings(config)
    entries = {
        f"{architecture}.{key}": config[setting]
        for key, settings in (SIZES | NUMBERS | EXTRA.get(architecture, {})).items()
        for setting in settings
        if config.get(setting) is not None
        and (key != "attention.sliding_window" or architecture in WINDOWED)
    }
    n_layer = entries[f"{architecture}.block_count"]
    if architecture in ("gpt2", "bloom"):
        width = 4 * entries[f"{architecture}.embedding_length"]
        entries[f"{architecture}.feed_forward_length"] = width
    if architecture in ("gemma3", "gemma-embedding", "olmo2") and config.get("layer_types"):
        marks = [kind == "sliding_attention" for kind in config["layer_types"]]
        entries[f"{architecture}.attention.sliding_window_pattern"] = marks
    if architecture == "stablelm":  # true for a config.json that does not state it
        entries["stablelm.use_parallel_residual"] = True
    if share := config.get("partial_rotary_factor"):
        d_head = config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"]
        entries[f"{architecture}.rope.dimension_count"] = int(d_head * share)
    arrays = converted_arrays(folder, architecture, n_layer, config)
    write_file(path, architecture, entries | (metadata or {}), arrays | (tensors or {}), kind)
    return path


def converted_arrays(folder, architecture, n_layer, config):
    """The tensors under their names in the file."""
    (arch,) = (a for a, name in gguf.MODEL_ARCH_NAMES.items() if name == architecture)
    names = gguf.get_tensor_name_map(arch, n_layer)
    usual = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, n_layer)
    arrays = {}
    for name, array in stack_parts(load_arrays(folder)).items():
        known = [name.removeprefix(prefix) for prefix in PREFIXES]
        found = (
            table.get_name(known_name, (".weight", ".bias"))
            for table in (names, usual)
            for known_name in known
        )
        new_name = next(filter(None, found), None)
        is_head = name.startswith(("cls.", "bert.pooler", "pooler"))
        is_head |= architecture == "bert" and name.startswith("lm_head.")
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
