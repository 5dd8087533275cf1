"""Tokenizer folders without a tokenizer.json: which files make which tokenizer, in one table.

The class of the tokenizer in transformers (tokenizer_config.json), or else the `model_type` of
config.json, decides how the files are read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from attnviz.errors import CouldNotError, InvalidInputError
from attnviz.record import Record
from attnviz.sources.tokenizing.bpe_files import BPE_KINDS
from attnviz.sources.tokenizing.byte_files import build_byt5
from attnviz.sources.tokenizing.mapped_tokenizer import (
    build_m2m100,
    build_marian,
    m2m100_ids,
    marian_ids,
)
from attnviz.sources.tokenizing.sentencepiece_kinds import SENTENCEPIECE_KINDS
from attnviz.sources.tokenizing.special_tokens import FolderSettings, read_folder_settings
from attnviz.sources.tokenizing.tekken_file import build_tekken
from attnviz.sources.tokenizing.wordpiece_files import build_bert, build_esm, build_mpnet

TOKENIZER = "tokenizer.json"
WORDPIECE = (("vocab.txt",),)
BYTE_LEVEL = (("vocab.json",), ("merges.txt",))
PIECES = (
    "spiece.model",
    "sentencepiece.bpe.model",
    "tokenizer.model",
    "sentencepiece.model",
    "spm.model",
)
SAVE = "save one there, where transformers is installed: tokenizer.save_pretrained(FOLDER)"

Build = Callable[[tuple[Path, ...], FolderSettings], bytes]
Ids = Callable[[tuple[Path, ...], FolderSettings], Mapping[str, int]]


class TokenizerKind(Record, kw_only=True):
    """A kind of tokenizer folder.

    `files` are the names of its files, each with alternatives, `classes` the tokenizer's classes
    in transformers, `model_types` those whose tokenizer it is where no class is stated. `build`
    returns the content of a tokenizer.json; `ids`, where the token ids are others than in it, the
    ids of pieces.
    """

    name: str
    files: tuple[tuple[str, ...], ...]
    classes: tuple[str, ...]
    model_types: tuple[str, ...] = ()
    build: Build
    ids: Ids | None = None

    def find(self, folder: Path) -> tuple[Path, ...] | None:
        """Its files in a folder; None where one is missing."""
        paths = []
        for names in self.files:
            path = next((folder / name for name in names if (folder / name).is_file()), None)
            if path is None:
                return None
            paths.append(path)
        return tuple(paths)


class TokenizerFiles(Record):
    """The files of a tokenizer, and what they are."""

    kind: TokenizerKind
    paths: tuple[Path, ...]
    settings: FolderSettings

    def __str__(self) -> str:
        names = ", ".join(path.name for path in self.paths)
        return f"{names or 'no file'} ({self.kind.name})"


def sentencepiece_kind(name: str, classes: str, model_types: str = "") -> TokenizerKind:
    """A kind with a SentencePiece model; the first class is that of SENTENCEPIECE_KINDS."""
    row = SENTENCEPIECE_KINDS[classes.split(maxsplit=1)[0]]
    return TokenizerKind(
        name=f"SentencePiece, {name}",
        files=(PIECES,),
        classes=tuple(classes.split()),
        model_types=tuple(model_types.split()),
        build=lambda paths, settings: row.build(paths[0], settings),
    )


def byte_level_kind(name: str, classes: str, model_types: str = "") -> TokenizerKind:
    """A kind with vocab.json and merges.txt; the first class is that of BPE_KINDS."""
    row = BPE_KINDS[classes.split(maxsplit=1)[0]]
    return TokenizerKind(
        name=f"byte-level BPE, {name}",
        files=BYTE_LEVEL,
        classes=tuple(classes.split()),
        model_types=tuple(model_types.split()),
        build=lambda paths, settings: row.build(paths[0], paths[1], settings),
    )


KINDS = (
    TokenizerKind(
        name="WordPiece, BERT",
        files=WORDPIECE,
        classes=(
            "BertTokenizer",
            "DistilBertTokenizer",
            "ElectraTokenizer",
            "MobileBertTokenizer",
            "ConvBertTokenizer",
            "LayoutLMTokenizer",
            "DPRQuestionEncoderTokenizer",
            "DPRContextEncoderTokenizer",
            "SqueezeBertTokenizer",
        ),
        model_types=("bert", "distilbert", "electra", "nomic_bert", "convbert", "mobilebert"),
        build=lambda paths, settings: build_bert(paths[0], settings),
    ),
    TokenizerKind(
        name="WordPiece, MPNet",
        files=WORDPIECE,
        classes=("MPNetTokenizer",),
        model_types=("mpnet",),
        build=lambda paths, settings: build_mpnet(paths[0], settings),
    ),
    TokenizerKind(
        name="letters of proteins, ESM",
        files=WORDPIECE,
        classes=("EsmTokenizer",),
        model_types=("esm",),
        build=lambda paths, settings: build_esm(paths[0], settings),
    ),
    byte_level_kind(
        "GPT-2",
        "GPT2Tokenizer CodeGenTokenizer",
        "gpt2 gpt_neo gptj opt codegen phi starcoder2 gpt_bigcode",
    ),
    byte_level_kind(
        "RoBERTa",
        "RobertaTokenizer BartTokenizer LongformerTokenizer LEDTokenizer",
        "roberta bart longformer led",
    ),
    byte_level_kind("Blenderbot", "BlenderbotTokenizer", "blenderbot"),
    byte_level_kind("DeBERTa", "DebertaTokenizer", "deberta"),
    byte_level_kind("Qwen2", "Qwen2Tokenizer", "qwen2 qwen3 qwen2_moe qwen3_moe"),
    byte_level_kind("CLIP", "CLIPTokenizer", "clip clip_text_model"),
    sentencepiece_kind("T5", "T5Tokenizer MT5Tokenizer", "t5 mt5 umt5"),
    sentencepiece_kind("XLM-R", "XLMRobertaTokenizer", "xlm-roberta xlm-roberta-xl"),
    sentencepiece_kind("CamemBERT", "CamembertTokenizer", "camembert"),
    sentencepiece_kind("ALBERT", "AlbertTokenizer", "albert"),
    sentencepiece_kind("DeBERTa", "DebertaV2Tokenizer", "deberta-v2"),
    sentencepiece_kind("BigBird", "BigBirdTokenizer", "big_bird"),
    sentencepiece_kind("Pegasus", "PegasusTokenizer", "pegasus bigbird_pegasus"),
    sentencepiece_kind("Llama", "LlamaTokenizer CodeLlamaTokenizer", "llama mistral mixtral"),
    sentencepiece_kind("Gemma", "GemmaTokenizer", "gemma gemma2 gemma3 gemma3_text"),
    sentencepiece_kind("XGLM", "XGLMTokenizer", "xglm"),
    sentencepiece_kind("mBART", "MBartTokenizer", "mbart"),
    sentencepiece_kind("mBART-50", "MBart50Tokenizer"),
    sentencepiece_kind("NLLB", "NllbTokenizer"),
    TokenizerKind(
        name="SentencePiece with a vocabulary, Marian",
        files=(("source.spm",), ("target.spm",), ("vocab.json",)),
        classes=("MarianTokenizer",),
        model_types=("marian",),
        build=lambda paths, settings: build_marian(paths[0], paths[-1], settings),
        ids=lambda paths, settings: marian_ids(paths[-1], settings),
    ),
    TokenizerKind(
        name="SentencePiece with a vocabulary, M2M100",
        files=(("sentencepiece.bpe.model",), ("vocab.json",)),
        classes=("M2M100Tokenizer",),
        model_types=("m2m_100",),
        build=lambda paths, settings: build_m2m100(paths[0], paths[-1], settings),
        ids=lambda paths, settings: m2m100_ids(paths[-1], settings),
    ),
    TokenizerKind(
        name="bytes, ByT5",
        files=(),
        classes=("ByT5Tokenizer",),
        build=lambda paths, settings: build_byt5(settings),
    ),
    TokenizerKind(
        name="byte-level BPE, Tekken",
        files=(("tekken.json",),),
        classes=("MistralCommonTokenizer", "MistralCommonBackend"),
        model_types=("mistral", "mixtral", "ministral", "mistral3"),
        build=lambda paths, settings: build_tekken(paths[0], settings),
    ),
)
DEFAULTS = ("vocab.txt", "tekken.json")  # files that need no class


def file_names() -> Iterator[str]:
    """The names of all files that a tokenizer may be made of, each once."""
    yield from dict.fromkeys(name for kind in KINDS for names in kind.files for name in names)


def find_tokenizer_files(folder: Path) -> TokenizerFiles:
    """The tokenizer files of a folder without a tokenizer.json.

    Raises CouldNotError for a folder without any, InvalidInputError for those of a class that is
    not supported.
    """
    settings = read_folder_settings(folder)
    there = [name for name in file_names() if (folder / name).is_file()]
    if settings.class_name:
        kind = next((kind for kind in KINDS if settings.class_name in kind.classes), None)
        if kind is not None and (paths := kind.find(folder)) is not None:
            return TokenizerFiles(kind, paths, settings)
        if kind is not None:
            raise incomplete(folder, kind, f"tokenizer_class {settings.class_name}")
    for kind in KINDS if not settings.class_name else ():
        paths = kind.find(folder)
        by_file = not settings.model_type and paths and paths[0].name in DEFAULTS
        if paths and (settings.model_type in kind.model_types or by_file):
            return TokenizerFiles(kind, paths, settings)
    if not there:
        raise CouldNotError(f"{str(folder)!r} has no {TOKENIZER}; {SAVE}")
    for kind in KINDS if not settings.class_name else ():
        if settings.model_type in kind.model_types:
            raise incomplete(folder, kind, f"model_type {settings.model_type!r}")
    what = (
        f"tokenizer_class {settings.class_name!r:.80}"
        if settings.class_name
        else f"model_type {settings.model_type!r:.80}"
        if settings.model_type
        else "a folder that states no tokenizer_class"
    )
    raise InvalidInputError(
        f"it has no {TOKENIZER}, and {there[0]} of {what} is not supported; {SAVE}"
    )


def incomplete(folder: Path, kind: TokenizerKind, of: str) -> CouldNotError:
    """The error for a folder that lacks files of the tokenizer that it states (`of`)."""
    files = " and ".join(" or ".join(names) for names in kind.files)
    return CouldNotError(
        f"{str(folder)!r} has neither {TOKENIZER} nor {files}, the files of its {of}; {SAVE}"
    )
