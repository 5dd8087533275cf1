"""Options of `attnviz.look`: mechanism, its parts, untrained weights, pretrained model."""

from __future__ import annotations

from attnviz.cli.options.completion import part_names, variant_names
from attnviz.cli.options.effects import acts_if, acts_on, is_with
from attnviz.cli.options.spec import Group, Opt
from attnviz.style_options import ALL

MECHANISM = Group(
    "Attention mechanism",
    {
        "variant": Opt(
            "--variant, -v",
            str,
            metavar="NAME",
            help="Attention mechanism (see `attnviz variants`), with settings as in "
            "scaled-dot:temperature=2.",
            default_text="multihead, or the model's own",
            value_names=variant_names,
        ),
    },
)

PARTS = Group(
    "Override parts of the mechanism",
    {
        "score": Opt(
            "--score",
            str,
            metavar="PART",
            help="Score function: dot, additive, general…",
            value_names=part_names("score"),
        ),
        "scale": Opt(
            "--scale",
            str,
            metavar="PART",
            help="Score scaling: root-d (1/√d), unscaled, factor(0.5)…",
            value_names=part_names("scale"),
        ),
        "bias": Opt(
            "--bias",
            str,
            metavar="PARTS",
            help="Score biases, added to the mechanism's own: alibi, alibi + softcap(30)…",
            value_names=part_names("bias"),
        ),
        "mask": Opt(
            "--mask",
            str,
            metavar="MASK",
            help="Attention mask, combined (and) with the mechanism's own: causal & window(4)…",
            value_names=part_names("mask"),
        ),
        "normalize": Opt(
            "--normalize",
            str,
            metavar="PART",
            help="Normalization of scores to weights: softmax, sparsemax, hard…",
            value_names=part_names("normalize"),
        ),
        "positions": Opt(
            "--positions",
            str,
            metavar="PART",
            help="Position encoding: none, sinusoidal, learned, rope…",
            value_names=part_names("position"),
        ),
        "temperature": Opt(
            "--temperature",
            str,
            metavar="X",
            help="Divide the scores by X (below 1 sharper, above 1 flatter); several side by "
            "side: 0.5,1,2.",
        ),
        "softcap": Opt("--softcap", float, help="Soft cap on the scores, X · tanh(score / X)."),
        "set": Opt(
            "--set",
            list[str],
            metavar="NAME=VALUE",
            help="Set a tunable of a part, e.g. window=2. Repeatable.",
            default=[],
        ),
    },
)

SEEDED = Group(
    "Untrained weights (without --model)",
    {
        "tokenizer": Opt(
            "--tokenizer, -t",
            str,
            metavar="NAME|FILE",
            help="Tokenizer: words, whitespace, characters, bytes, bpe, or a file or folder.",
            default_text="words",
        ),
        "embedding": Opt(
            "--embedding",
            str,
            metavar="NAME|FILE",
            help="Token embeddings: seeded (random), letters (a = 1 … z = 26), or a .csv or .json "
            "file of vectors by token, or one row per token.",
            default_text="seeded",
            effect=acts_if(),
        ),
        "projections": Opt(
            "--projections",
            str,
            metavar="NAME",
            help="W_Q, W_K and W_V: random, or identity (q = k = v = the input).",
            default_text="random",
            value_names=lambda: ("random", "identity"),
            effect=acts_if(),
        ),
        "seed": Opt(
            "--seed", int, help="Random seed of embeddings and projections.", default_text="0"
        ),
        "dim": Opt("--dim", int, help="Model dimension, split across heads.", default_text="32"),
        "heads": Opt("--heads", int, help="Number of heads.", default_text="set by the variant"),
        "kv_heads": Opt(
            "--kv-heads",
            int,
            help="Number of key/value heads (GQA, MQA).",
            default_text="set by the variant",
        ),
        "layers": Opt(
            "--layers", int, help="Number of stacked layers.", default_text="1, or a plan's round"
        ),
        "pad": Opt(
            "--pad",
            int,
            help="Number of padding tokens to append.",
            default_text="2 if padding is masked, else 0",
        ),
    },
)

MODEL = Group(
    "Pretrained model",
    {
        "model": Opt(
            "--model, -m",
            str,
            metavar="MODEL",
            help="Pretrained model: local folder, Hugging Face name, or one that ships with "
            "attnviz (induction, translator).",
        ),
        "revision": Opt(
            "--revision", str, metavar="NAME", help="Model revision (branch, tag or commit)."
        ),
        "adapter": Opt(
            "--adapter",
            str,
            metavar="FOLDER",
            help="LoRA adapter (PEFT) to merge into the model.",
        ),
        "chat": Opt(
            "--chat",
            bool,
            help="TEXT is the user's message: apply the model's chat template.",
            default=False,
        ),
        "system": Opt(
            "--system",
            str,
            metavar="TEXT",
            help="System message of the chat.",
            effect=acts_if(is_with("chat")),
        ),
        "pair": Opt(
            "--pair", str, metavar="TEXT", help="Second sentence of a sentence pair (segment B)."
        ),
        "target": Opt(
            "--target",
            str,
            metavar="TEXT",
            help="Decoder input of an encoder-decoder.",
            default_text="generated greedily",
        ),
        "source_lang": Opt(
            "--source-lang",
            str,
            metavar="CODE",
            help="Language of TEXT, for NLLB, mBART and M2M100: eng_Latn, en_XX, en.",
            default_text="set by the tokenizer",
        ),
        "target_lang": Opt(
            "--target-lang",
            str,
            metavar="CODE",
            help="Language of the decoder input, likewise.",
            default_text="set by the model",
        ),
        "attention": Opt(
            "--attention",
            str,
            metavar="KIND",
            help="Attention of an encoder-decoder to show: encoder, decoder or cross.",
            default_text="cross",
        ),
        "generate": Opt("--generate", int, help="Generate N tokens first (greedy decoding)."),
        "truncate": Opt(
            "--truncate",
            bool,
            help="Truncate input to the model's maximum length.",
            default=False,
        ),
        "ablate": Opt(
            "--ablate",
            str,
            metavar="LIST",
            help="Heads to ablate, as LAYER.HEAD: 5.7,3.* (* for all heads).",
        ),
        "at": Opt(
            "--at", str, metavar="LIST", help="Override parts in these layers only, e.g. 0,2-5."
        ),
    },
)

PREDICT = Group(
    MODEL.title,
    {
        "predict": Opt(
            "--predict",
            int,
            metavar="K",
            help="Show the K most probable next tokens, or fillers of each mask token in TEXT.",
            effect=acts_on(
                terminal=ALL,
                page=ALL,
                text_table=ALL,
                json_document=ALL,
                parquet=ALL,
                array_files=ALL,
            ),
        ),
    },
)

LOOK = (MECHANISM, PARTS, SEEDED, MODEL)  # the options of attnviz.look
