"""A GGUF file as a checkpoint: config, tensors and tokenizer come from the one file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from attnviz.errors import InvalidInputError
from attnviz.record import Record
from attnviz.sources.checkpoint.files import CONFIG, TOKENIZER_CONFIG
from attnviz.sources.checkpoint.gguf.architecture import Architecture
from attnviz.sources.checkpoint.gguf.config import config_values, find_architecture
from attnviz.sources.checkpoint.gguf.header import GgufHeader, read_header
from attnviz.sources.checkpoint.gguf.rope import ROPE_TENSORS
from attnviz.sources.checkpoint.gguf.tensors import GgufTensor, alternate

if TYPE_CHECKING:
    from attnviz.sources.checkpoint.tensors import Tensor
    from attnviz.sources.tokenizing.tokenizer_json import FileTokenizer

LAYER = re.compile(r"(?<=blk\.)\d{1,5}(?=\.)")
SUFFIXES = (".weight", ".bias")
SPECIAL_TOKENS = {"bos_token": "bos", "eos_token": "eos", "unk_token": "unknown"}
SPECIAL_TOKENS |= {"mask_token": "mask", "pad_token": "padding"}


class GgufFile(Record, eq=False):
    """The parts of a checkpoint in a GGUF file (see checkpoint/source.py)."""

    path: Path
    header: GgufHeader
    architecture: Architecture

    @property
    def folder(self) -> Path:
        """The folder of the file."""
        return self.path.parent

    @property
    def weights(self) -> tuple[Path, ...]:
        """The file."""
        return (self.path,)

    @cached_property
    def config(self) -> Mapping[str, Any]:
        """The metadata as the values of a config.json."""
        return config_values(self.header, self.architecture)

    def read_document(self, name: str) -> Mapping[str, Any] | None:
        """The values that a JSON file of a folder would have; None where there are none."""
        documents = {CONFIG: lambda: self.config, TOKENIZER_CONFIG: self.tokenizer_config}
        return documents[name]() if name in documents else None

    def read_text(self, name: str, limit: int) -> str | None:
        """None: a GGUF file has no text files."""
        del name, limit
        return None

    def tokenizer_config(self) -> dict[str, Any]:
        """Special tokens and chat templates, by the keys of tokenizer_config.json."""
        metadata, settings = self.header.metadata, dict[str, Any]()
        tokens = metadata.get("tokenizer.ggml.tokens")
        for key, name in SPECIAL_TOKENS.items():
            token_id = metadata.get(f"tokenizer.ggml.{name}_token_id")
            if isinstance(tokens, list) and isinstance(token_id, int) and token_id < len(tokens):
                settings[key] = tokens[token_id]
        template = metadata.get("tokenizer.chat_template")
        names = metadata.get("tokenizer.chat_templates")
        more = {
            name: metadata.get(f"tokenizer.chat_template.{name}")
            for name in (names if isinstance(names, list) else ())
        }
        if more:
            more = {**({"default": template} if template else {}), **more}
            settings["chat_template"] = [
                {"name": name, "template": text} for name, text in more.items()
            ]
        elif template is not None:
            settings["chat_template"] = template
        return settings

    @property
    def has_tokenizer_json(self) -> bool:
        """False: the metadata are followed."""
        return False

    def describe_tokenizer(self) -> str:
        """The kind of the tokenizer."""
        from attnviz.sources.tokenizing.gguf_tokenizer import describe_tokenizer

        return describe_tokenizer(self.header.metadata, str(self.path))

    def load_tokenizer(self, *, is_target: bool = False) -> FileTokenizer:
        """The tokenizer that the metadata describe, which is one for all languages."""
        from attnviz.sources.tokenizing.gguf_tokenizer import build_tokenizer

        del is_target
        return build_tokenizer(self.header.metadata, self.architecture.name, str(self.path))

    def read_tensors(self) -> Mapping[str, Tensor]:
        """The tensors by their names in the family; nothing is dequantized."""
        tensors: dict[str, Tensor] = {}
        parts: dict[str, list[GgufTensor]] = {}
        for name, tensor in sorted(self.tensors(), key=lambda item: item[0]):
            whole, mark, _ = name.partition("|")
            if mark:
                parts.setdefault(whole, []).append(tensor)
            else:
                tensors[name] = tensor
        for name, pair in parts.items():
            if len(pair) < 2:
                raise InvalidInputError(f"{str(self.path)!r} lacks half of the tensor {name!r}")
            tensors[name] = alternate(*pair)
        return tensors

    def tensors(self) -> Iterator[tuple[str, GgufTensor]]:
        """Name in the family, and tensor. Raises InvalidInputError for one that is unknown."""
        row, file = self.architecture, np.frombuffer(self.header.data, dtype=np.uint8)
        names = dict(row.tensors)
        for name, other in row.tensors_with.items():
            names |= other if name in self.header.tensors else {}
        for name, stored in self.header.tensors.items():
            if name in ROPE_TENSORS:  # settings of the rotary embedding
                continue
            suffix = next((end for end in SUFFIXES if name.endswith(end)), "")
            own = name.removesuffix(suffix)
            template = own if own in names else LAYER.sub("{i}", own)
            if template + suffix in names:
                template, suffix = template + suffix, ""
            elif not suffix or template not in names:
                raise InvalidInputError(
                    f"{str(self.path)!r} has the tensor {name[:80]!r}, which architecture "
                    f"{row.name!r} does not have"
                )
            layer = LAYER.search(name)
            new_name = names[template].replace("{i}", layer[0] if layer else "") + suffix
            tensor = GgufTensor(file, stored.kind, stored.shape, stored.start, stored.end)
            change = row.changes.get(template + suffix, row.changes.get(template))
            tensor = change(tensor, self.config) if change else tensor
            if "{e}" not in new_name:
                yield new_name, tensor
                continue
            for index in range(tensor.shape[0]):
                yield new_name.replace("{e}", str(index)), tensor.at(index)


def open_gguf(path: Path) -> GgufFile:
    """A GGUF file, whose header is read and checked.

    Raises CouldNotError for a file that cannot be read, InvalidInputError for one that is
    damaged or that is not a supported model.
    """
    header = read_header(path)
    return GgufFile(path, header, find_architecture(header))
