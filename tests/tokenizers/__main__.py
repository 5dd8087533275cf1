"""Write the tokenizer files and their reference ids: python -m tests.tokenizers

Needs transformers 4.57 (the last with tokenizers in Python, which use SentencePiece),
sentencepiece and tiktoken. The models are trained on the texts here and the sample inputs.
"""

from __future__ import annotations

import json
import sys
import tempfile
from base64 import b64decode, b64encode
from pathlib import Path

import numpy as np
import sentencepiece
import tiktoken
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers import AutoTokenizer

from attnviz.sources.tokenizing.bpe_files import QWEN2_WORDS
from attnviz.sources.tokenizing.byte_letters import byte_letters
from tests.tokenizers.folders import FOLDERS, HERE, make_folder
from tests.tokenizers.texts import PAIR, PLAIN, TEXTS

SAMPLES = HERE.parent.parent / "sample_inputs"
SIZE = 420  # pieces
# Rules of a small charsmap: from, to.
RULES = (("\u00a0", " "), ("\n", " "), ("\t", " "), ("\r", " "), ("e\u0301", "é"), ("½", "1/2"))
RULES += tuple((chr(0xFF00 + i), chr(0x20 + i)) for i in range(1, 95, 3))
IDENTITY = {
    "model_type": "bpe",
    "normalization_rule_name": "identity",
    "byte_fallback": True,
    "split_digits": True,
    "allow_whitespace_only_pieces": True,
    "remove_extra_whitespaces": False,
    "vocab_size": 620,
}
MODELS = {
    "t5": {"pad_id": 0, "eos_id": 1, "unk_id": 2, "bos_id": -1, "vocab_size": 380},
    "fairseq": {"unk_id": 0, "bos_id": 1, "eos_id": 2, "pad_id": -1},
    "albert": {
        **{"pad_id": 0, "unk_id": 1, "bos_id": -1, "eos_id": -1},
        "control_symbols": "[CLS],[SEP],[MASK]",
    },
    "deberta": {
        **{"pad_id": 0, "bos_id": 1, "eos_id": 2, "unk_id": 3, "pad_piece": "[PAD]"},
        **{"bos_piece": "[CLS]", "eos_piece": "[SEP]", "unk_piece": "[UNK]"},
    },
    "bigbird": {
        **{"pad_id": 0, "eos_id": 1, "bos_id": 2, "unk_id": 3},
        "control_symbols": "[SEP],[MASK],[CLS]",
    },
    "llama": {**IDENTITY, "unk_id": 0, "bos_id": 1, "eos_id": 2, "pad_id": -1},
    "gemma": {
        **IDENTITY,
        **{"pad_id": 0, "eos_id": 1, "bos_id": 2, "unk_id": 3, "add_dummy_prefix": False},
        **{"bos_piece": "<bos>", "eos_piece": "<eos>"},
        "user_defined_symbols": ["<start_of_turn>", "\n", "\n\n", "\t"],
    },
}
WORDS = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"


def corpus():
    """Lines to train on."""
    files = [
        SAMPLES / name for name in ("paragraph.txt", "sentences.txt", "code.txt", "short.txt")
    ]
    lines = [line for path in files for line in path.read_text().splitlines()[:200]]
    return [line for line in [*lines, *PLAIN] if line.strip()]


def train_pieces(lines):
    """The SentencePiece models."""
    with tempfile.TemporaryDirectory() as folder:
        text, rules = Path(folder, "text"), Path(folder, "rules.tsv")
        text.write_text("\n".join(" ".join(line.split()) for line in lines))
        rules.write_text(
            "".join(
                f"{' '.join(f'{ord(c):X}' for c in a)}\t{' '.join(f'{ord(c):X}' for c in b)}\n"
                for a, b in RULES
            )
        )
        for name, options in MODELS.items():
            own = {} if "normalization_rule_name" in options else {"normalization_rule_tsv": rules}
            sentencepiece.SentencePieceTrainer.train(
                input=str(text),
                model_prefix=str(Path(folder, name)),
                minloglevel=2,
                hard_vocab_limit=False,
                character_coverage=0.98,
                **{"vocab_size": SIZE, **own, **options},
            )
            (HERE / f"{name}.model").write_bytes(Path(folder, f"{name}.model").read_bytes())


def train_words(name, lines, *, lowercase, first, last=()):
    """A WordPiece vocabulary."""
    made = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    options = {"vocab_size": 400, "continuing_subword_prefix": "##", "show_progress": False}
    trainer = trainers.WordPieceTrainer(special_tokens=["[UNK]"], limit_alphabet=90, **options)
    made.train_from_iterator(lines, trainer)
    words = [word for word in by_id(made.get_vocab()) if word != "[UNK]"]
    (HERE / f"{name}.txt").write_text("".join(f"{w}\n" for w in [*first, *words, *last]))


def by_id(vocabulary):
    return sorted(vocabulary, key=vocabulary.get)


def train_bytes(name, lines, special, suffix=""):
    """A byte-level BPE vocabulary and its merges."""
    made = Tokenizer(models.BPE())
    steps = [pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=not suffix)]
    if suffix:
        made.model.end_of_word_suffix = suffix
        made.normalizer = normalizers.Lowercase()
        steps.insert(0, pre_tokenizers.Split(Regex(WORDS), "removed", invert=True))
    made.pre_tokenizer = pre_tokenizers.Sequence(steps)
    made.train_from_iterator(
        lines,
        trainers.BpeTrainer(
            vocab_size=600 if suffix else 400,
            special_tokens=special,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
            **({"end_of_word_suffix": suffix} if suffix else {}),
        ),
    )
    with tempfile.TemporaryDirectory() as folder:
        made.model.save(folder)
        for file, end in (("vocab.json", "json"), ("merges.txt", "txt")):
            (HERE / f"{name}.{end}").write_bytes(Path(folder, file).read_bytes())


def write_tables():
    """Vocabularies of Marian and M2M100, which lack some pieces, and a tekken.json."""

    def pieces(*names):
        for name in names:
            model = sentencepiece.SentencePieceProcessor(str(HERE / f"{name}.model"))
            yield from (model.id_to_piece(i) for i in range(len(model)) if i % 17)

    marian = ["</s>", "<unk>", ">>fra<<", *pieces("fairseq", "t5"), "<pad>"]
    m2m100 = ["<s>", "<pad>", "</s>", "<unk>", *pieces("llama")]
    for name, words in (("marian", marian), ("m2m100", m2m100)):
        ids = {word: i for i, word in enumerate(dict.fromkeys(words))}
        (HERE / f"{name}.json").write_text(json.dumps(ids, ensure_ascii=False))
    letters = "<cls> <pad> <eos> <unk> L A G V S E R T I D P K Q N F Y M H W C . - <mask>"
    write_tekken()
    (HERE / "esm.txt").write_text("".join(f"{word}\n" for word in letters.split()))


def write_tekken():
    """A tekken.json with the pieces of GPT-2's vocabulary."""
    letters = pre_tokenizers.ByteLevel.alphabet()
    pieces = by_id(json.loads((HERE / "gpt2.json").read_text()))[1:]
    byte_of = {letter: byte for byte, letter in enumerate(byte_letters())}
    assert set(byte_of) == set(letters)
    tokens = [bytes(byte_of[letter] for letter in piece) for piece in pieces]
    ranked = sorted(tokens, key=lambda token: (len(token) > 1, token if len(token) == 1 else b""))
    vocab = [
        {"rank": rank, "token_bytes": b64encode(token).decode(), "token_str": None}
        for rank, token in enumerate(ranked)
    ]
    config = {
        "pattern": QWEN2_WORDS.replace(r"\p{N}|", r"\p{N}{1,3}|", 1),
        "default_vocab_size": len(vocab) + 25,
        "default_num_special_tokens": 25,
    }
    (HERE / "tekken.json").write_text(json.dumps({"config": config, "vocab": vocab}))


def tekken_ids():
    """The ids of the plain texts by tiktoken."""
    document = json.loads((HERE / "tekken.json").read_text())
    ranks = {b64decode(entry["token_bytes"]): entry["rank"] for entry in document["vocab"]}
    made = tiktoken.Encoding(
        "x", pat_str=document["config"]["pattern"], mergeable_ranks=ranks, special_tokens={}
    )
    return [[1, *(i + 25 for i in made.encode(text))] for text in PLAIN]


def write_references():
    """The ids of all texts by the tokenizers in Python and in Rust, and those of a pair."""
    arrays = packed("tekken.slow", tekken_ids())
    with tempfile.TemporaryDirectory() as parent:
        for name in FOLDERS:
            if name == "tekken":
                continue
            folder = str(make_folder(name, Path(parent)))
            for kind, use_fast in (("slow", False), ("fast", True)):
                made = AutoTokenizer.from_pretrained(folder, use_fast=use_fast)
                lists = [made(text)["input_ids"] for text in TEXTS]
                arrays |= packed(f"{name}.{kind}", [*lists, made(*PAIR)["input_ids"]])
        folder = str(Path(parent, "marian"))
        made = AutoTokenizer.from_pretrained(folder)
        lists = [made(text_target=text)["input_ids"] for text in TEXTS]
        arrays |= packed("target.slow", lists)
    np.savez_compressed(HERE / "references.npz", **arrays)


def packed(name, lists):
    """Lists of ids as one array, and their lengths."""
    return {
        name: np.array([n for ids in lists for n in ids], dtype=np.uint16),
        f"{name}.sizes": np.array([len(ids) for ids in lists], dtype=np.uint16),
    }


def main():
    """Write all files of the folder."""
    lines = corpus()
    bert = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    roberta = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    if "--ids" not in sys.argv:
        train_pieces(lines)
        train_words("wordpiece", lines, lowercase=True, first=bert)
        train_words("cased", lines, lowercase=False, first=bert)
        first = ["<s>", "<pad>", "</s>", "[UNK]"]
        train_words("mpnet", lines, lowercase=True, first=first, last=["<mask>"])
        train_bytes("gpt2", lines, ["<|endoftext|>"])
        train_bytes("roberta", lines, roberta)
        train_bytes("deberta", lines, bert)
        train_bytes("clip", lines, ["<|startoftext|>", "<|endoftext|>"], suffix="</w>")
        write_tables()
    write_references()


if __name__ == "__main__":
    main()
