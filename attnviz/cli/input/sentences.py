"""Sentences from the command line, a pipe, or a file in one of several formats."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO

from attnviz.cli.environment import Environment, FileId, file_id, stream_id
from attnviz.cli.input.lines import decode_line, number_lines, read_whole
from attnviz.cli.input.sentence import Sentence
from attnviz.errors import AttnvizError, CouldNotError, MisuseError

SINGLE_SENTENCE_FORMATS = ("lines", "pairs", "whole")  # may hold just one sentence
RECORDS_BY_EXTENSION = {".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json", ".csv": "csv"}
FILE_EXTENSIONS = frozenset(
    (".npz", ".npy", ".safetensors", ".parquet", ".json", ".jsonl", ".csv", ".tsv", ".html")
)
FORMAT_BY_EXTENSION = {".tsv": "pairs", **RECORDS_BY_EXTENSION}


def read_valid_sentences(
    env: Environment, words: list[str], input: str | None, context: str | None
) -> Iterator[Sentence]:
    """The sentences of the command line, one by one; raises at the first invalid line."""
    yield from require_valid(read_sentences(env, words, {"input": input, "context": context}))


def require_valid(sentences: Iterable[Sentence]) -> Iterator[Sentence]:
    """The sentences, one by one; raises at the first invalid line."""
    for sentence in sentences:
        if sentence.error is not None:
            raise sentence.error
        yield sentence


def with_headings(sentences: Iterable[Sentence]) -> Iterator[tuple[Sentence, str]]:
    """Each sentence, and the heading of its table: empty for one sentence, else its text.

    A blank line stands before the second heading and those after it.
    """
    from attnviz.render.safe_text import escape_text
    from attnviz.render.style import SENTENCE

    remaining = iter(sentences)
    first = list(islice(remaining, 2))
    for number, sentence in enumerate(chain(first, remaining)):
        heading = f"{SENTENCE}{escape_text(sentence.text)}\n" if len(first) > 1 else ""
        yield sentence, f"\n{heading}" if number else heading


def read_sentences(
    env: Environment, words: list[str], options: Mapping[str, Any]
) -> Iterator[Sentence]:
    """The sentences of the command line; invalid lines come as sentences with an error."""
    if len(words) > 1:
        raise MisuseError(
            f'expected one sentence, got {len(words)} arguments; put it in quotes: "'
            f'{" ".join(words)}", or give a second sentence by --context or --pair'
        )
    context, input = options["context"], options["input"]
    if words and words != ["-"]:
        if input is not None:
            raise MisuseError("give either TEXT or --input, not both")
        require_no_file(words[0])
        yield Sentence(words[0], context)
        return
    form = input_format(options)
    if input is not None and input != "-":
        yield from read_file(Path(input), form, options)
    elif words or input or env.stdin_is_piped:
        yield from read_stream(require_stdin(env), "standard input", form, options)
    else:
        raise MisuseError(f'missing sentence, e.g. {env.command} "The cat sat on the mat"')


def require_no_file(text: str) -> None:
    """Refuse a text that is the name of a file with attention or sentences.

    Raises MisuseError where there is such a file, else CouldNotError.
    """
    path = Path(text)
    if path.suffix.lower() not in FILE_EXTENSIONS or any(map(str.isspace, text)):
        return
    from attnviz.sources.external.token_argument import is_file

    if not is_file(text):
        raise CouldNotError(
            f"cannot read {text!r:.80}: there is no file of this name; the name itself as a text: "
            "through a pipe"
        )
    raise MisuseError(
        f"{text!r:.80} is a file name; attention from a file: attnviz render {text}; sentences "
        "from a file: -i FILE; the name itself as a text: through a pipe"
    )


def input_format(options: Mapping[str, Any]) -> str:
    """The format of the input: --input-format, or by other options and the extension."""
    if options.get("whole"):
        return "whole"
    if options.get("input_format"):
        return str(options["input_format"])
    extension = Path(options["input"] or "").suffix.lower()
    if options.get("column") is not None:
        return "tsv" if extension == ".tsv" else RECORDS_BY_EXTENSION.get(extension, "csv")
    return FORMAT_BY_EXTENSION.get(extension, "lines")


def input_files(env: Environment, options: Mapping[str, Any]) -> frozenset[FileId]:
    """The regular files that sentences are read from: --input, or standard input."""
    path = options["input"]
    identity = stream_id(env.stdin) if path in (None, "-") else file_id(path)
    return frozenset(() if identity is None else (identity,))


def require_stdin(env: Environment) -> BinaryIO:
    """Standard input; CouldNotError where it is closed."""
    if env.stdin is None:
        raise CouldNotError("cannot read standard input: it is closed")
    return env.stdin


def read_file(path: Path, form: str, options: Mapping[str, Any]) -> Iterator[Sentence]:
    """The sentences of a file."""
    if "\0" in str(path):
        raise CouldNotError(f"cannot read {str(path)!r}: the path holds a NUL character")
    try:
        with path.open("rb") as stream:
            yield from read_stream(stream, repr(str(path)), form, options)
    except OSError as error:
        raise CouldNotError(f"cannot read {str(path)!r}: {error.strerror}") from None


def read_stream(
    stream: BinaryIO, name: str, form: str, options: Mapping[str, Any]
) -> Iterator[Sentence]:
    """The sentences of a stream; MisuseError where there is none."""
    is_empty = True
    for sentence in choose_parser(form, options)(stream):
        is_empty = False
        yield sentence
    if is_empty:
        raise MisuseError(f"{name} has no sentence; write one per line")


def choose_parser(
    form: str, options: Mapping[str, Any]
) -> Callable[[BinaryIO], Iterator[Sentence]]:
    """The parser of an input format."""
    context = options["context"]
    if form in ("lines", "pairs"):
        second = None if form == "lines" else second_name(options)
        return lambda stream: parse_lines(stream, context, second)
    if form == "whole":
        return lambda stream: (Sentence(text, context) for text in read_whole(stream))
    from attnviz.cli.input.records import choose_record_parser

    return choose_record_parser(form, options.get("column") or "text", context)


def second_name(options: Mapping[str, Any]) -> str:
    """What the second sentence of a line is: the pair for a pretrained model, else the context."""
    return "context" if options.get("model") is None else "pair"


def parse_lines(
    stream: BinaryIO, context: str | None, second: str | None = None
) -> Iterator[Sentence]:
    """One sentence per line that is not blank; after a TAB its `second`: "context" or "pair"."""
    for number, content in number_lines(stream):
        try:
            line = decode_line(number, content)
        except AttnvizError as error:
            yield Sentence("", None, number, error=error)
            continue
        if not line.strip():
            continue
        text, _, other = line.partition("\t") if second else (line, "", "")
        sentence = Sentence(text, context, number)
        yield sentence.with_second(second, other) if second and other else sentence
