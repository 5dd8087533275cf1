"""Attention weights by `transformers` after a change of one config key, for every checkpoint.

    hf/bin/python -m tests.checkpoints.sweep [FOLDER …]

writes tests/models/sweep.json: per folder and change, samples of the attention weights, or the
kind of error. A change is a key of the family's own config with another value, or a key that
only other families have. See tests/sources/test_config_sweep.py.
"""

from __future__ import annotations

import json
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from transformers import CONFIG_MAPPING, AutoConfig, AutoModel
from transformers.utils import logging

from attnviz.sources.families import FAMILIES
from tests.checkpoints.build import add_alibi_once
from tests.checkpoints.checksums import MODELS, write_sums
from tests.checkpoints.references import widen_band
from tests.checkpoints.settings import CHECKPOINTS
from tests.sources.weight_samples import IDS, TARGET_IDS, sample_weights, with_change

# Keys that describe the file, the library's outputs, training, or generation: none of them is a
# setting of the model.
IGNORED = {
    *(
        "id2label",
        "label2id",
        "transformers_version",
        "architectures",
        "model_type",
        "_name_or_path",
    ),
    *(
        "return_dict",
        "output_attentions",
        "output_hidden_states",
        "dtype",
        "torch_dtype",
        "use_cache",
    ),
    *("problem_type", "num_labels", "chunk_size_feed_forward", "finetuning_task"),
    *("bos_token_id", "eos_token_id", "sep_token_id", "cls_token_id", "decoder_start_token_id"),
    *("vision_config", "projection_dim", "projection_size", "logit_scale_init_value"),
    *("is_encoder_decoder", "tie_word_embeddings", "vocab_size", "initializer_range"),
    *("vision_config", "mm_tokens_per_image", "image_token_index", "boi_token_index"),
    *("eoi_token_index",),
}
# Tensors that are computed from the config or not used by attention, in these families.
COMPUTED = ("embed_positions.weight", "inv_freq", "regression.weight", "regression.bias")
COMPUTING = ("marian", "pegasus", "roformer", "esm")
ACTIVATIONS = ("gelu", "relu", "silu", "gelu_new", "gelu_pytorch_tanh", "quick_gelu", "tanh")
WORDS = {
    "position_embedding_type": ("relative_key", "relative_key_query"),
    "norm_rel_ebd": ("none", "layer_norm"),
    "feed_forward_proj": ("relu", "gated-gelu", "gelu", "gated-silu"),
    "pos_att_type": ("c2p", "p2c|c2p", "p2p"),
}
EXTRA = {  # keys that any config may carry
    "is_causal": (False,),
    "is_decoder": (True,),
    "add_cross_attention": (True,),
    "use_bidirectional_attention": (True,),
    "rope_scaling": (
        {"rope_type": "linear", "factor": 2.0},
        {"type": "dynamic", "factor": 2.0},
        {"rope_type": "yarn", "factor": 2.0},
    ),
    "head_dim": (4,),
    "layer_types": (["full_attention", "sliding_attention"] * 2,),
}
NUMBERS = {  # values for aliases of settings that are numbers
    "eps": 1e-2,
    "base": 77.0,
    "rotary_share": 0.25,
    "window": 3,
    "full_attention_base": 77.0,
    "sliding_attention_base": 77.0,
    "activation": "relu",
}


def other_values(key: str, value: Any) -> list[Any]:
    """Values to try in place of one."""
    if key in WORDS:
        return [word for word in WORDS[key] if word != value]
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, str):
        return [a for a in ACTIVATIONS if a != value] if value in ACTIVATIONS else []
    if isinstance(value, int):
        return sorted({1, value + 1, max(value // 2, 1)} - {value})
    if isinstance(value, float):
        return [value * 2, value / 2] if value else [0.5]
    if isinstance(value, dict):
        return [
            {**value, inner: other}
            for inner in value
            for other in other_values(inner, value[inner])
        ]
    if isinstance(value, list):
        return [value[::-1]] if value[::-1] != value else []
    return [True, 3] if key not in ("pruned_heads", "quantization_config") else []


def changes_of(family: str, config: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Every change of one key: the family's own keys, keys of all, and aliases of others."""
    own = {**CONFIG_MAPPING[family]().to_dict(), **config}
    if "text_config" in own:
        inner = own.pop("text_config")
        for key, value in changes_of(inner["model_type"], inner):
            yield f"text_config.{key}", value
    for key, value in own.items():
        if key not in IGNORED:
            yield from ((key, other) for other in other_values(key, value))
    for key, values in EXTRA.items():
        yield from ((key, value) for value in values if key not in own)
    for name, value in NUMBERS.items():
        aliases = {key for family in FAMILIES for key in family.keys.get(name, ())}
        yield from ((key, value) for key in sorted(aliases) if key not in own)


def run_changed(folder: Path, state: dict[str, Any], changed: dict[str, Any]) -> Any:
    """Samples of the weights with a changed config, or the name of the error."""
    with tempfile.TemporaryDirectory() as temporary:
        (Path(temporary) / "config.json").write_text(json.dumps(changed))
        try:
            config = AutoConfig.from_pretrained(temporary)
            model = AutoModel.from_config(
                config,
                attn_implementation="eager",
                experts_implementation="eager",
                dtype=torch.float32,
            ).eval()
            missing = model.load_state_dict(state, strict=False).missing_keys
            missing = [name for name in missing if not name.endswith(COMPUTED)]
            if missing:
                return f"missing {missing[0]}"
            return compute_samples(model)
        except Exception as error:
            return type(error).__name__


def compute_samples(model: Any) -> dict[str, list[float]]:
    """Samples of the attention weights, by kind of attention."""
    model = getattr(model, "text_model", model)  # of CLIP and SigLIP
    ids = torch.tensor([IDS])
    inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "output_attentions": True}
    if model.config.is_encoder_decoder:
        inputs["decoder_input_ids"] = torch.tensor([TARGET_IDS])
        kinds = {
            "encoder": "encoder_attentions",
            "decoder": "decoder_attentions",
            "cross": "cross_attentions",
        }
    else:
        kinds = {"self": "attentions"}
    with torch.no_grad():
        outputs = model(**inputs)
    return {
        kind: sample_weights([widen_band(layer)[0].numpy() for layer in getattr(outputs, name)])
        for kind, name in kinds.items()
    }


def sweep(name: str) -> list[dict[str, Any]]:
    """All changes of one checkpoint; the first entry is without any."""
    folder = MODELS / name
    config = json.loads((folder / "config.json").read_text())
    model = AutoModel.from_pretrained(
        folder,
        attn_implementation="eager",
        experts_implementation="eager",
        dtype=torch.float32,
    ).eval()
    state = {
        name: tensor
        for name, tensor in model.state_dict().items()
        if not name.endswith(COMPUTED) or config["model_type"] not in COMPUTING
    }
    rows: list[dict[str, Any]] = [{"result": compute_samples(model)}]
    for key, value in changes_of(config["model_type"], config):
        result = run_changed(folder, state, with_change(config, key, value))
        same = result == rows[0]["result"]
        rows.append({"key": key, "value": value, "result": "same" if same else result})
    return rows


def main(names: list[str]) -> None:
    """Write the table for these checkpoints (none: all of them)."""
    warnings.simplefilter("ignore")
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    add_alibi_once()
    path = MODELS / "sweep.json"
    table = json.loads(path.read_text()) if path.exists() else {}
    for name in names or CHECKPOINTS:
        table[name] = sweep(name)
        print(name, len(table[name]), flush=True)
    lines = (
        f"{json.dumps(name)}: [\n" + ",\n".join(map(json.dumps, table[name])) + "\n]"
        for name in sorted(table)
    )
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    write_sums()


if __name__ == "__main__":
    main(sys.argv[1:])
