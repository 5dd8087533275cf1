"""Settings of the tiny checkpoints of encoders and encoder-decoders that are less frequent."""

from __future__ import annotations

from typing import Any

from tests.checkpoints.inputs import BERT, ROBERTA, T5
from tests.checkpoints.sizes import BUCKETS, DEBERTA, FIVE, SMALL, TWO

HALF = {"dtype": "float16"}  # how weights are saved
BARE = HALF | {"bare": True}
TOWER = BARE | {"tower": "text_model"}
XLM = {"emb_dim": 32, "n_layers": 2, "n_heads": 4, "max_position_embeddings": 40}
VISION = SMALL | {"image_size": 4, "patch_size": 4, "num_hidden_layers": 1}
TOWERS = {"text_config": SMALL | {"vocab_size": 100}, "vision_config": VISION, "projection_dim": 8}
LED = {key: value for key, value in TWO.items() if key != "max_position_embeddings"}
LED |= {"max_encoder_position_embeddings": 40, "max_decoder_position_embeddings": 36}

# folder: (model_type, special tokens around a text and a pair, config, how it is saved)
ENCODERS: dict[str, tuple[str, tuple[str, ...], dict[str, Any], dict[str, Any]]] = {
    "bert-relative-key": (
        "bert",
        BERT,
        SMALL | {"position_embedding_type": "relative_key"},
        HALF | {"transformers": 4},  # transformers 5 ignores the setting
    ),
    "esm": (
        "esm",
        ROBERTA,
        SMALL
        | {"position_embedding_type": "rotary", "emb_layer_norm_before": False}
        | {"token_dropout": True, "mask_token_id": 17},
        HALF,
    ),
    "esm-absolute": (
        "esm",
        ROBERTA,
        SMALL | {"emb_layer_norm_before": True, "mask_token_id": 17, "token_dropout": False},
        HALF,
    ),
    "roformer": ("roformer", BERT, SMALL | {"embedding_size": 16}, HALF),
    "nomic_bert": ("nomic_bert", BERT, SMALL, HALF),
    "deberta": (
        "deberta",
        BERT,
        SMALL
        | {"relative_attention": True, "max_relative_positions": 6}
        | {"pos_att_type": ["c2p", "p2c"], "position_biased_input": False},
        HALF,
    ),
    "deberta-v2-conv": (
        "deberta-v2",
        BERT,
        DEBERTA | {"conv_kernel_size": 3, "conv_groups": 2, "conv_act": "gelu"},
        HALF,
    ),
    "albert-inner": (
        "albert",
        BERT,
        SMALL | {"embedding_size": 16, "inner_group_num": 2, "num_hidden_groups": 2},
        HALF,
    ),
    "xlm": ("xlm", T5, XLM, HALF),
    "longformer": ("longformer", ROBERTA, SMALL | {"attention_window": [4, 8]}, HALF),
    "big_bird": (
        "big_bird",
        BERT,
        SMALL | {"rescale_embeddings": True, "attention_type": "original_full"},
        HALF,
    ),
    "clip_text_model": ("clip_text_model", ROBERTA, SMALL, BARE),
    "clip": ("clip", ROBERTA, TOWERS, TOWER),
    "siglip": ("siglip", ROBERTA, TOWERS, TOWER),
    "pegasus": ("pegasus", T5, TWO | {"scale_embedding": True}, HALF),
    "blenderbot": (
        "blenderbot",
        T5,
        TWO | {"scale_embedding": True, "encoder_no_repeat_ngram_size": 0},
        HALF,
    ),
    "plbart": ("plbart", ROBERTA, TWO, HALF),
    "led": ("led", ROBERTA, LED | {"attention_window": [4, 8]}, HALF),
    "umt5": ("umt5", T5, FIVE | BUCKETS, HALF),
}
