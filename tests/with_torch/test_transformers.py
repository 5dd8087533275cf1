"""Architectures of transformers: attention under sdpa equals that of their eager code."""

import numpy as np
import pytest
import torch
import transformers

import attnviz
from attnviz.api.watch_maps import attention_kind
from tests.with_torch.conftest import largest_difference

SMALL = {"num_hidden_layers": 2, "num_attention_heads": 4, "hidden_size": 32}
TEXT = {**SMALL, "vocab_size": 99, "intermediate_size": 64}
GROUPED = {**TEXT, "num_key_value_heads": 2}
GPT = {"n_layer": 2, "n_head": 4, "n_embd": 32, "vocab_size": 99}
PAIR = {
    "d_model": 32, "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 4,
    "decoder_attention_heads": 4, "encoder_ffn_dim": 64, "decoder_ffn_dim": 64, "vocab_size": 99,
    "pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2, "decoder_start_token_id": 2,
}  # fmt: skip
T5 = {
    "vocab_size": 99, "d_model": 32, "d_kv": 8, "d_ff": 64, "num_layers": 2, "num_heads": 4,
    "decoder_start_token_id": 0,
}  # fmt: skip
IMAGE = {**SMALL, "intermediate_size": 64, "image_size": 32, "patch_size": 8}
ARCHITECTURES = {
    "bert": TEXT,
    "roberta": {**TEXT, "pad_token_id": 1},
    "electra": {**TEXT, "embedding_size": 16},
    "albert": {**TEXT, "embedding_size": 16, "inner_group_num": 1},
    "distilbert": {"n_layers": 2, "n_heads": 4, "dim": 32, "hidden_dim": 64, "vocab_size": 99},
    "modernbert": {**TEXT, "pad_token_id": 0, "local_attention": 4},
    "gpt2": GPT,
    "gptj": {**GPT, "rotary_dim": 4},
    "gpt_neox": TEXT,
    "opt": {**TEXT, "ffn_dim": 64, "word_embed_proj_dim": 32, "pad_token_id": 1},
    "bloom": {"n_layer": 2, "n_head": 4, "hidden_size": 32, "vocab_size": 99},
    "falcon": {**TEXT, "multi_query": True, "alibi": False},
    "llama": GROUPED,
    "mistral": {**GROUPED, "sliding_window": 3},
    "qwen2": GROUPED,
    "qwen3": {**GROUPED, "head_dim": 8},
    "phi": GROUPED,
    "gemma": {**GROUPED, "head_dim": 8},
    "gemma2": {**GROUPED, "head_dim": 8, "sliding_window": 3},
    "stablelm": GROUPED,
    "starcoder2": GROUPED,
    "olmo2": GROUPED,
    "vit": IMAGE,
    "deit": IMAGE,
    "dinov2": {**IMAGE, "patch_size": 16},
    "bart": PAIR,
    "mbart": PAIR,
    "marian": {**PAIR, "pad_token_id": 98},
    "t5": T5,
    "mt5": T5,
    "swin": {"image_size": 32, "patch_size": 4, "embed_dim": 16, "depths": [2, 2],
             "num_heads": [2, 4], "window_size": 4},
    "whisper": {**PAIR, "num_mel_bins": 8, "max_source_positions": 10, "vocab_size": 99,
                "max_target_positions": 12},
}  # fmt: skip
KEYS = {"encoder_attentions": "encoder", "decoder_attentions": "decoder",
        "cross_attentions": "cross", "attentions": "self"}  # fmt: skip


def build(kind, implementation="sdpa"):
    """A small model of random weights, and its inputs; the second text has padding."""
    config = transformers.AutoConfig.for_model(kind, **ARCHITECTURES[kind])
    torch.manual_seed(3)
    model = transformers.AutoModel.from_config(config, attn_implementation=implementation).eval()
    if "image_size" in ARCHITECTURES[kind]:
        return model, {"pixel_values": torch.randn(2, 3, 32, 32)}
    ids = torch.randint(3, 90, (2, 8))
    if kind == "whisper":
        return model, {"input_features": torch.randn(2, 8, 20), "decoder_input_ids": ids}
    mask = torch.ones(2, 8, dtype=torch.long)
    mask[1, 6:] = 0
    inputs = {"input_ids": ids, "attention_mask": mask}
    return model, inputs | ({"decoder_input_ids": ids[:, :5]} if hasattr(model, "decoder") and
                            config.is_encoder_decoder else {})  # fmt: skip


def implementation_of(kind):
    try:
        return build(kind)
    except ValueError as error:  # no sdpa: what it has is handwritten
        assert "scaled_dot_product_attention" in str(error)
        return build(kind, "eager")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ARCHITECTURES)
def test_recorded_weights_equal_eager_attentions(kind):
    model, inputs = implementation_of(kind)
    eager, _ = build(kind, "eager")
    with torch.no_grad():
        plain = model(**inputs)[0]
        with attnviz.watch(items=None) as seen:
            assert torch.equal(model(**inputs)[0], plain)
        expected = eager(**inputs, output_attentions=True)
    assert seen.unrecorded == {}
    by_name = {name: expected.get(key) for key, name in KEYS.items() if expected.get(key)}
    captures = [c for c in seen.captures if c.n_head == c.kept.weights.shape[1]]
    for name, layers in by_name.items():
        kinds = {c.site.pattern: attention_kind(c) for c in captures}
        own = [c for c in captures if len(by_name) == 1 or kinds[c.site.pattern] == name]
        own = own[1::2] if kind == "swin" else own  # whose eager code returns every second one
        assert len(own) == len(layers)
        for capture, layer in zip(own, layers, strict=True):
            weights, rows = capture.kept.weights, layer.numpy()
            assert weights.shape == rows.shape
            is_real = np.ones(rows.shape[:3:2], bool)  # [item, query]
            if "attention_mask" in inputs and rows.shape[2] == 8:
                is_real[1, 6:] = False  # queries of padding, which implementations treat freely
            at = weights.transpose(0, 2, 1, 3)[is_real], rows.transpose(0, 2, 1, 3)[is_real]
            assert largest_difference(*at) <= 1e-6


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("beams", [1, 3])
@pytest.mark.parametrize("kind", ["llama", "gpt2", "t5", "bart"])
def test_generation_is_one_square(kind, beams):
    config = transformers.AutoConfig.for_model(kind, **ARCHITECTURES[kind])
    is_pair = config.is_encoder_decoder
    factory = transformers.AutoModelForSeq2SeqLM if is_pair else transformers.AutoModelForCausalLM
    model = factory.from_config(config).eval()
    ids = torch.randint(3, 90, (1, 6))
    options = {"max_new_tokens": 5, "min_new_tokens": 5, "do_sample": False, "num_beams": beams}
    plain = model.generate(ids, **options)
    with attnviz.watch() as seen:
        output = model.generate(ids, **options)
    assert torch.equal(output, plain)
    maps = {m.meta["attention"]: m for m in seen.maps()}
    n = output.shape[1] - 1  # the last token is not read
    if is_pair:
        assert maps["encoder"].weights.shape[-2:] == (6, 6)
        assert maps["cross"].weights.shape[-2:] == (n, 6)
    amap = maps["decoder" if is_pair else "self"]
    assert amap.weights.shape[-2:] == (n, n)
    assert (amap.masked[0, 0] == np.triu(np.ones((n, n), bool), 1)).all()
    assert abs(amap.row_sums - 1).max() < 1e-5
    if beams == 1 and not is_pair:
        model.set_attn_implementation("eager")
        whole = model(output[:, :-1], output_attentions=True).attentions
        assert largest_difference(amap.weights[1], whole[1][0].detach()) <= 1e-5
    assert any("beams" in note for note in amap.meta["guessed"]) == (beams > 1)
