"""Tokenizers of folders without a tokenizer.json: built from the files that are there."""

from __future__ import annotations

from pathlib import Path

from attnviz.errors import InvalidInputError
from attnviz.sources.tokenizing.charsmap import Charsmap
from attnviz.sources.tokenizing.limited_tokenizer import LimitedTokenizer
from attnviz.sources.tokenizing.mapped_tokenizer import MappedTokenizer
from attnviz.sources.tokenizing.sentencepiece_model import read_sentencepiece
from attnviz.sources.tokenizing.tokenizer_files import TOKENIZER, find_tokenizer_files
from attnviz.sources.tokenizing.tokenizer_parser import parse_tokenizer


def describe_tokenizer(folder: Path) -> str:
    """The files of a folder's tokenizer, and what they are.

    Raises the errors of `find_tokenizer_files`.
    """
    is_there = (folder / TOKENIZER).is_file()
    return TOKENIZER if is_there else str(find_tokenizer_files(folder))


def build_folder_tokenizer(
    folder: Path, *, is_target: bool = False
) -> LimitedTokenizer | MappedTokenizer:
    """The tokenizer of a folder; with `is_target`, that of the target language.

    Raises the errors of `find_tokenizer_files`, and InvalidInputError for damaged files.
    """
    name = str(folder)
    try:
        files = find_tokenizer_files(folder)
        paths = files.paths
        if is_target and len(paths) > 1 and paths[1].name == "target.spm":
            paths = (paths[1], paths[0], *paths[2:])
        content = files.kind.build(paths, files.settings)
        ids = files.kind.ids(paths, files.settings) if files.kind.ids else None
    except InvalidInputError as error:
        raise InvalidInputError(f"tokenizer {name!r} cannot be used: {error}") from None
    tokenizer = parse_tokenizer(content, name)
    if ids is None:
        return tokenizer
    return MappedTokenizer(tokenizer, ids, Charsmap(read_sentencepiece(paths[0]).charsmap))
