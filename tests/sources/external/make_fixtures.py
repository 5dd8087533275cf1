"""Make the small files in fixtures/ by the programs whose files attnviz reads.

They need torch and are not wanted in the environment of the tests. In one of their own:

    python -m venv producers
    producers/bin/pip install torch transformers bertviz circuitsvis inseq transformer-lens
    cd tests/sources/external && ../../../producers/bin/python make_fixtures.py

Made with torch 2.13.0, transformers 5.23.0, bertviz 1.4.1, circuitsvis 1.43.3, inseq 0.7.1 and
transformer-lens 4.3.0. Of BertViz pages the program that draws them is cut away, since the
reader wants the data in front of it. fairseq, Marian and Pharaoh files are written in the tests,
after the documented syntax.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from tempfile import TemporaryDirectory

os.environ["HF_HUB_OFFLINE"] = "1"

import numpy as np
import torch
from ramp import ramp

HERE = Path(__file__).parent / "fixtures"
WORDS = ["<s>", "</s>", "<unk>", "The", "cat", "sat", "on", "the", "mat", "."]
TEXT = "The cat sat on"


def tokenizer():
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    made = Tokenizer(models.WordLevel({w: i for i, w in enumerate(WORDS)}, unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(
        tokenizer_object=made,
        bos_token="<s>",
        eos_token="</s>",
        unk_token="<unk>",
        pad_token="</s>",
    )


def gpt2():
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(0)
    config = GPT2Config(
        vocab_size=len(WORDS),
        n_positions=32,
        n_embd=12,
        n_layer=2,
        n_head=3,
        initializer_range=1.0,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=1,
        attn_implementation="eager",
    )
    return GPT2LMHeadModel(config).eval()


def bart():
    from transformers import BartConfig, BartForConditionalGeneration

    torch.manual_seed(0)
    config = BartConfig(
        vocab_size=len(WORDS),
        max_position_embeddings=32,
        d_model=12,
        encoder_layers=2,
        decoder_layers=2,
        encoder_attention_heads=3,
        decoder_attention_heads=3,
        encoder_ffn_dim=8,
        decoder_ffn_dim=8,
        init_std=1.0,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=1,
        decoder_start_token_id=0,
        forced_eos_token_id=1,
        attn_implementation="eager",
    )
    return BartForConditionalGeneration(config).eval()


def arrays(tensors):
    return np.stack([tensor.detach().numpy() for tensor in tensors])


def hugging_face():
    model, ids = gpt2(), tokenizer()(TEXT, return_tensors="pt")["input_ids"]
    with torch.no_grad():
        forward = model(ids, output_attentions=True)
        np.save(HERE / "hf_forward.npy", arrays(forward.attentions))
        made = model.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=3,
            min_new_tokens=3,
            do_sample=False,
            output_attentions=True,
            return_dict_in_generate=True,
        )
        again = model(made.sequences, output_attentions=True)
    steps = {
        f"step{s}_layer{number}": layer.numpy()
        for s, step in enumerate(made.attentions)
        for number, layer in enumerate(step)
    }
    np.savez(HERE / "hf_generate.npz", **steps, forward_again=arrays(again.attentions))
    source = torch.tensor([[3, 4, 5, 6, 1]])
    target = torch.tensor([[0, 8, 6]])
    with torch.no_grad():
        outputs = bart()(input_ids=source, decoder_input_ids=target, output_attentions=True)
    np.savez(
        HERE / "hf_encoder_decoder.npz",
        encoder_attentions=arrays(outputs.encoder_attentions),
        decoder_attentions=arrays(outputs.decoder_attentions),
        cross_attentions=arrays(outputs.cross_attentions),
        encoder_tokens=np.array([WORDS[i] for i in source[0]]),
        decoder_tokens=np.array([WORDS[i] for i in target[0]]),
    )


def transformer_lens():
    from safetensors.numpy import save_file
    from transformer_lens.model_bridge import TransformerBridge

    with TemporaryDirectory() as folder:
        gpt2().save_pretrained(folder)
        tokenizer().save_pretrained(folder)
        bridge = TransformerBridge.boot_transformers(folder, device="cpu")
    _, cache = bridge.run_with_cache(tokenizer()(TEXT, return_tensors="pt")["input_ids"])
    kept = {
        name: part.numpy()
        for name, part in cache.items()
        if re.search(r"attn\.hook_(pattern|q|attn_scores)$", name)
    }
    np.savez(HERE / "transformer_lens.npz", **kept)
    save_file(kept, HERE / "transformer_lens.safetensors")


def page(name, html):
    text = html if isinstance(html, str) else html.data
    data = re.search(r"(?s)\A.*?(?:const params|window\.bertviz_params) = \{[^\n]*", text)
    (HERE / name).write_text((data.group() if data else text) + "\n")


def bertviz():
    from bertviz import head_view, model_view
    from bertviz.neuron_view import show
    from bertviz.transformers_neuron_view import BertConfig, BertModel

    tokens = ["[CLS]", "Ġcat", "</script>", "[SEP]", "sat"]
    weights = [torch.tensor(layer)[None] for layer in ramp(3, 2, 5, 5)]
    page("bertviz_head.html", head_view(weights, tokens, html_action="return"))
    page(
        "bertviz_pair.html",
        head_view(
            weights, tokens, sentence_b_start=2, include_layers=[0, 2], html_action="return"
        ),
    )
    page(
        "bertviz_model.html",
        model_view(
            encoder_attention=[torch.tensor(layer)[None] for layer in ramp(2, 2, 5, 5)],
            decoder_attention=[torch.tensor(layer)[None] for layer in ramp(2, 2, 3, 3)],
            cross_attention=[torch.tensor(layer)[None] for layer in ramp(2, 2, 3, 5)],
            encoder_tokens=tokens,
            decoder_tokens=tokens[:3],
            include_layers=[1],
            include_heads=[1],
            html_action="return",
        ),
    )

    class Words:
        cls_token, sep_token = "[CLS]", "[SEP]"

        def tokenize(self, text):
            return text.split()

        def convert_tokens_to_ids(self, tokens):
            return [len(token) for token in tokens]

    torch.manual_seed(0)
    config = BertConfig(
        vocab_size_or_config_json_file=20,
        hidden_size=6,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=8,
        output_attentions=True,
    )
    shown = show(BertModel(config), "bert", Words(), "The cat", "it sat", html_action="return")
    page("bertviz_neuron.html", shown)


def circuitsvis():
    from circuitsvis.attention import attention_heads, attention_pattern

    tokens = ["<|endoftext|>", " The", " cat"]
    heads = attention_heads(ramp(2, 3, 3), tokens, attention_head_names=["L4H1", "L4H7"])
    page("circuitsvis_heads.html", str(heads))
    page("circuitsvis_pattern.html", str(attention_pattern(tokens, ramp(3, 3))))


def inseq():
    import inseq

    with TemporaryDirectory() as folder:
        gpt2().save_pretrained(folder)
        tokenizer().save_pretrained(folder)
        model = inseq.load_model(folder, "attention", device="cpu")
        made = model.attribute(
            TEXT, generation_args={"max_new_tokens": 3, "min_new_tokens": 3, "do_sample": False}
        )
        made.info["model_name"] = "tiny"
        made.save(HERE / "inseq.json", overwrite=True)
        made.save(HERE / "inseq.json.gz", overwrite=True, compress=True)
        made.save(HERE / "inseq_primitives.json", overwrite=True, use_primitives=True)
        mean = made.aggregate("mean", do_post_aggregation_checks=False)
        mean.save(HERE / "inseq_layers.json", overwrite=True)
        mean = mean.aggregate("mean")
        mean.save(HERE / "inseq_mean.json", overwrite=True)
        bart().save_pretrained(folder)
        model = inseq.load_model(folder, "attention", device="cpu")
        made = model.attribute(TEXT, "mat sat The", attribute_target=True)
        made.info["model_name"] = "tiny"
        made.save(HERE / "inseq_pair.json", overwrite=True)


if __name__ == "__main__":
    for make in (hugging_face, transformer_lens, bertviz, circuitsvis, inseq):
        make()
        print("made", make.__name__)
