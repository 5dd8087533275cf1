"""The options that commands share, in groups: one row each, the same name everywhere."""

from __future__ import annotations

from attnviz.cli.options.spec import Group, Opt

TEXTS = Group(
    "Text",
    {
        "context": Opt(
            ("--context", "-c"),
            str | None,
            None,
            "A second sentence: its tokens are the keys.",
            "TEXT",
        ),
    },
)

LOOK = Group(
    "Mechanism and numbers",
    {
        "variant": Opt(
            ("--variant", "-v"),
            str | None,
            None,
            "The mechanism; `attnviz variants` lists them. Default: multihead.",
            "NAME",
        ),
        "tokenizer": Opt(
            ("--tokenizer", "-t"),
            str | None,
            None,
            "words (the default), whitespace, characters, bytes, bpe, or a tokenizer.json.",
            "NAME|FILE",
        ),
        "embedding": Opt(
            ("--embedding",),
            str | None,
            None,
            "seeded (the default), or letters (a = 1 … z = 26).",
            "NAME",
        ),
        "seed": Opt(("--seed",), int | None, None, "Where all numbers come from. Default: 0."),
        "dim": Opt(
            ("--dim",), int | None, None, "Width of a token's vector; heads share it. Default: 32."
        ),
        "heads": Opt(
            ("--heads",), int | None, None, "How many heads, instead of the variant's own number."
        ),
        "kv_heads": Opt(
            ("--kv-heads",), int | None, None, "How many heads have keys and values of their own."
        ),
        "layers": Opt(("--layers",), int | None, None, "How many layers are stacked. Default: 1."),
        "pad": Opt(("--pad",), int | None, None, "How many padding tokens to append."),
    },
)

MODEL = Group(
    "A real model",
    {
        "model": Opt(
            ("--model", "-m"),
            str | None,
            None,
            "A real model: a folder, or a name on the hub.",
            "MODEL",
        ),
        "revision": Opt(("--revision",), str | None, None, "Which version of it.", "NAME"),
        "pair": Opt(
            ("--pair",), str | None, None, "A second sentence, for models of pairs.", "TEXT"
        ),
        "target": Opt(
            ("--target",),
            str | None,
            None,
            "What the decoder reads; else it writes itself.",
            "TEXT",
        ),
        "attention": Opt(
            ("--attention",),
            str | None,
            None,
            "encoder, decoder or cross (the default), of an encoder-decoder.",
            "KIND",
        ),
        "generate": Opt(
            ("--generate",), int | None, None, "Let the model write so many words first.", "N"
        ),
        "truncate": Opt(
            ("--truncate",), bool, False, "Cut a text that is too long for the model."
        ),
        "ablate": Opt(
            ("--ablate",), str | None, None, "Silence heads: LAYER.HEAD, as in 5.7,3.*.", "LIST"
        ),
        "at": Opt(
            ("--at",), str | None, None, "Replace parts in these layers only: 0, 2-5.", "LIST"
        ),
    },
)

PARTS = Group(
    "Parts of one's own choice",
    {
        "score": Opt(
            ("--score",),
            str | None,
            None,
            "How query and key are compared: dot, additive, general…",
            "PART",
        ),
        "scale": Opt(
            ("--scale",),
            str | None,
            None,
            "What scores are multiplied by: root-d, unscaled, factor(0.5).",
            "PART",
        ),
        "bias": Opt(
            ("--bias",),
            str | None,
            None,
            "What is done to scores: alibi, alibi + softcap(30)…",
            "PARTS",
        ),
        "mask": Opt(
            ("--mask",),
            str | None,
            None,
            "Who may look where: causal & (window(4) | ~padding).",
            "MASK",
        ),
        "normalize": Opt(
            ("--normalize",), str | None, None, "How scores become weights: softmax, hard…", "PART"
        ),
        "positions": Opt(
            ("--positions",),
            str | None,
            None,
            "How order is told: none, sinusoidal, learned, rope.",
            "PART",
        ),
        "temperature": Opt(
            ("--temperature",), float | None, None, "Below 1 sharper, above 1 flatter."
        ),
        "softcap": Opt(("--softcap",), float | None, None, "No score grows beyond this."),
        "set": Opt(
            ("--set",),
            list[str],
            [],
            "Set a number of a part, as in window=2; may be repeated.",
            "NAME=VALUE",
        ),
    },
)

WHERE = Group(
    "In and out",
    {
        "input": Opt(
            ("--input", "-i"),
            str | None,
            None,
            "Read sentences from a file, one a line; in a .tsv, TAB context.",
            "FILE",
        ),
        "output": Opt(
            ("--output", "-o"),
            list[str],
            [],
            "Write to a file; its ending says the format. May be repeated; - is standard output.",
            "FILE",
        ),
        "format": Opt(
            ("--format", "-f"),
            str | None,
            None,
            "table, png, svg, pdf, json, jsonl, csv, tsv, npz…",
            "NAME",
        ),
        "json": Opt(("--json",), bool, False, "The same as --format json."),
    },
)

STYLE = Group(
    "Picture",
    {
        "layer": Opt(("--layer",), str | None, None, "Show these layers only: 0, 2-5.", "LIST"),
        "head": Opt(("--head",), str | None, None, "Show these heads only: 0, 2-5.", "LIST"),
        "segments": Opt(
            ("--segments",),
            str | None,
            None,
            "Of two texts A and B, who looks at whom: A,B.",
            "QUERY,KEY",
        ),
        "view": Opt(("--view",), str, "auto", "matrix, overview, lines, text, rows.", "NAME"),
        "query": Opt(
            ("--query",),
            str | None,
            None,
            "Whose row the text view shows: a token or a position.",
            "TOKEN",
        ),
        "palette": Opt(("--palette",), str | None, None, "viridis, cividis, magma, gray…", "NAME"),
        "precision": Opt(("--precision",), int | None, None, "How many decimals."),
        "graphics": Opt(
            ("--graphics",),
            str,
            "off",
            "Draw in the terminal itself: off, auto, half, kitty or sixel.",
            "KIND",
        ),
        "title": Opt(("--title",), str | None, None, "What stands above the picture.", "TEXT"),
        "annotate": Opt(
            ("--annotate/--no-annotate",),
            bool | None,
            None,
            "Write numbers into the cells of a picture.",
        ),
        "size": Opt(
            ("--size",), str | None, None, "Width × height of a picture in inches: 8x6.", "WxH"
        ),
        "dpi": Opt(("--dpi",), int, 150, "Pixels an inch of a picture."),
    },
)

COLOR = Group(
    "Terminal",
    {
        "color": Opt(("--color",), str, "auto", "auto, always or never.", "WHEN"),
    },
)
