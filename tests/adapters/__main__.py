"""Write the adapters and their reference attention: python -m tests.adapters

Needs torch, transformers and peft (here 0.21.2).
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModel, AutoModelForCausalLM, AutoModelForSeq2SeqLM

HERE = Path(__file__).parent
MODELS = HERE.parent / "models"
IDS = (2, 9, 8, 7, 5, 3)
# Adapter -> class of the base model, task, settings. The base is the name before "-".
ADAPTERS = {
    "llama-rs": (
        AutoModelForCausalLM,
        "CAUSAL_LM",
        {"r": 2, "lora_alpha": 8, "use_rslora": True, "target_modules": "all-linear"},
    ),
    "llama-pattern": (
        AutoModelForCausalLM,
        "CAUSAL_LM",
        {
            **{"r": 4, "lora_alpha": 8, "target_modules": ["q_proj", "k_proj"]},
            "rank_pattern": {"layers.0.self_attn.q_proj": 2, "k_proj": 3},
            "alpha_pattern": {"k_proj": 5},
        },
    ),
    "gpt2-conv1d": (
        AutoModelForCausalLM,
        "CAUSAL_LM",
        {"r": 2, "lora_alpha": 16, "target_modules": ["c_attn"], "fan_in_fan_out": True},
    ),
    "bert-embedding": (
        AutoModel,
        None,
        {"r": 2, "target_modules": ["query", "key", "word_embeddings"]},
    ),
    "bert-saved": (
        AutoModel,
        None,
        {"r": 2, "target_modules": ["query"], "modules_to_save": ["position_embeddings"]},
    ),
    "t5-qv": (AutoModelForSeq2SeqLM, "SEQ_2_SEQ_LM", {"r": 2, "target_modules": ["q", "v"]}),
}


def write_adapter(name):
    """Write one adapter with random weights; the attention of the encoder or decoder."""
    kind, task, options = ADAPTERS[name]
    base = name.split("-")[0]
    torch.manual_seed(1)
    model = kind.from_pretrained(MODELS / base, attn_implementation="eager")
    made = get_peft_model(model.float(), LoraConfig(task_type=task, **options)).eval()
    with torch.no_grad():
        for parameter_name, parameter in made.named_parameters():
            if "lora_" in parameter_name or "modules_to_save" in parameter_name:
                parameter.add_(torch.randn_like(parameter) * 0.2)
    made.save_pretrained(HERE / name)
    (HERE / name / "README.md").unlink()
    path = HERE / name / "adapter_config.json"
    config = json.loads(path.read_text()) | {"base_model_name_or_path": f"tests/models/{base}"}
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
    ids = torch.tensor([IDS])
    more = {"decoder_input_ids": ids} if base == "t5" else {}
    with torch.no_grad():
        output = made(input_ids=ids, output_attentions=True, **more)
    attentions = output.encoder_attentions if base == "t5" else output.attentions
    return np.stack([layer[0].numpy() for layer in attentions])


if __name__ == "__main__":
    np.savez_compressed(HERE / "references.npz", **{n: write_adapter(n) for n in ADAPTERS})
