"""Pre-tokenizers of byte-level BPE by their names in GGUF files (`tokenizer.ggml.pre`).

A file names the pre-tokenizer of the model that it was made from; its regular expressions are
those of that model's tokenizer.json.
"""

from __future__ import annotations

import warnings
from typing import Any

from attnviz.errors import AttnvizWarning, InvalidInputError
from attnviz.record import Record
from attnviz.sources.tokenizing.bpe_files import QWEN2_WORDS


class PreTokenizer(Record, kw_only=True):
    """How texts are split before the merges, under the names of several models.

    Each pattern splits what the ones before it have left, and its matches stand alone.
    `ignores_merges`: a word of the vocabulary is a token, whatever the merges are.
    """

    names: tuple[str, ...]
    patterns: tuple[str, ...]
    is_nfc: bool = False
    ignores_merges: bool = False


SPACES = r"\s+(?!\S)|\s+"
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|" + SPACES
ENDINGS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
SYMBOLS = r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|" + SPACES
LLAMA3 = rf"{ENDINGS}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}{{1,3}}|{SYMBOLS}"
UPPER, LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
CASED = rf"[^\r\n\p{{L}}\p{{N}}]?{UPPER}*{LOWER}+{{0}}|[^\r\n\p{{L}}\p{{N}}]?{UPPER}+{LOWER}*{{0}}"
CASED_SYMBOLS = r" ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|" + SPACES
TEKKEN = rf"{CASED.replace('{0}', '')}|\p{{N}}|{CASED_SYMBOLS}"
GPT4O = rf"{CASED.replace('{0}', ENDINGS + '?')}|\p{{N}}{{1,3}}|{CASED_SYMBOLS}"
BLOOM = r" ?[^(\s|.,!?…。，、।۔،)]+"
PUNCTUATION = r"[\p{P}\$\+<=>\^~\|`]+"
CJK = r"[一-龥぀-ゟ゠-ヿ]+"
DEEPSEEK_V3 = (
    r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"""
    r"| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|" + SPACES
)

PRE_TOKENIZERS = (
    PreTokenizer(
        names=("gpt-2", "phi-2", "mpt", "roberta-bpe", "jina-en", "jina-es", "jina-de", "exaone4"),
        patterns=(GPT2,),
    ),
    PreTokenizer(names=("olmo", "modern-bert"), patterns=(GPT2,), is_nfc=True),
    PreTokenizer(
        names=("smollm", "starcoder", "refact", "command-r", "codeshell"),
        patterns=(r"\p{N}", GPT2),
    ),
    PreTokenizer(
        names=("llama-bpe", "llama3", "llama-v3", "falcon3", "smaug-bpe"),
        patterns=(LLAMA3,),
        ignores_merges=True,
    ),
    PreTokenizer(names=("dbrx", "chatglm-bpe", "glm4", "lfm2"), patterns=(LLAMA3,)),
    PreTokenizer(
        names=("qwen2", "deepseek-r1-qwen", "stablelm2", "megrez"),
        patterns=(QWEN2_WORDS,),
        is_nfc=True,
    ),
    PreTokenizer(names=("tekken",), patterns=(TEKKEN,), ignores_merges=True),
    PreTokenizer(names=("gpt-4o", "llama4"), patterns=(GPT4O,)),
    PreTokenizer(names=("bloom",), patterns=(BLOOM,)),
    PreTokenizer(names=("falcon",), patterns=(PUNCTUATION, GPT2, r"[0-9][0-9][0-9]")),
    PreTokenizer(
        names=("deepseek-coder",),
        patterns=(r"[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", r"[一-龥ࠀ-一가-퟿]+", r"\p{N}"),
    ),
    PreTokenizer(names=("deepseek-v3",), patterns=(r"\p{N}{1,3}", CJK, DEEPSEEK_V3)),
)
GUESSES = {"gptneox": "olmo", "bloom": "bloom", "starcoder2": "starcoder", "qwen2": "qwen2"}


def find_pre_tokenizer(name: Any, architecture: str) -> PreTokenizer:
    """The pre-tokenizer of a file; where it names none, by its architecture, with a warning.

    Raises InvalidInputError for a name that is not supported.
    """
    is_missing = name in (None, "default")
    known = GUESSES.get(architecture, "gpt-2") if is_missing else name
    for row in PRE_TOKENIZERS:
        if known in row.names:
            if is_missing and architecture != "gpt2":
                warnings.warn(
                    f"the GGUF file names no pre-tokenizer (tokenizer.ggml.pre); that of {known} "
                    "is used, and tokens may differ",
                    AttnvizWarning,
                    stacklevel=2,
                )
            return row
    supported = ", ".join(name for row in PRE_TOKENIZERS for name in row.names)
    raise InvalidInputError(
        f"tokenizer.ggml.pre = {name!r:.60} is not supported; supported: {supported}"
    )
