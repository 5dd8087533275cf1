"""Where sentences come from: the command line, a pipe, or a file in one of several forms."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from attnviz.cli.environment import World
from attnviz.cli.input.lines import decoded, numbered, whole
from attnviz.cli.input.sentence import Sentence
from attnviz.errors import AttnvizError, CouldNotError, MisuseError

SINGLE = ("lines", "pairs", "whole")  # forms that may hold one sentence alone
ENDINGS = {".tsv": "pairs", ".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv"}


def sentences(
    world: World, words: list[str], input: str | None, context: str | None
) -> Iterator[Sentence]:
    """The sentences that the command line asks for, one by one; the first wrong line raises."""
    for sentence in lines(world, words, {"input": input, "context": context}):
        if sentence.error is not None:
            raise sentence.error
        yield sentence


def lines(world: World, words: list[str], options: Mapping[str, Any]) -> Iterator[Sentence]:
    """The same, with the lines that are wrong among them."""
    if len(words) > 1:
        raise MisuseError(f'{len(words)} words; put the sentence in quotes: "{" ".join(words)}"')
    context, input = options["context"], options["input"]
    if words and words != ["-"]:
        if input is not None:
            raise MisuseError("a sentence and --input; give one of them")
        yield Sentence(words[0], context)
        return
    form = form_of(options)
    if input is not None and input != "-":
        yield from from_file(Path(input), form, options)
    elif words or input or world.stdin_speaks:
        yield from from_stream(standard_input(world), "standard input", form, options)
    else:
        raise MisuseError('no sentence; write attnviz "The cat sat on the mat"')


def form_of(options: Mapping[str, Any]) -> str:
    """In which form the input is: as said, or as its ending and the other options say."""
    if options.get("whole"):
        return "whole"
    if options.get("input_format"):
        return str(options["input_format"])
    ending = Path(options["input"] or "").suffix.lower()
    if options.get("column") is not None:
        return "tsv" if ending == ".tsv" else "csv"
    return ENDINGS.get(ending, "lines")


def standard_input(world: World) -> BinaryIO:
    """The stream, if there is one."""
    if world.stdin is None:
        raise CouldNotError("cannot read standard input: it is closed")
    return world.stdin


def from_file(path: Path, form: str, options: Mapping[str, Any]) -> Iterator[Sentence]:
    """The sentences of a file."""
    try:
        with path.open("rb") as stream:
            yield from from_stream(stream, repr(str(path)), form, options)
    except OSError as error:
        raise CouldNotError(f"cannot read {str(path)!r}: {error.strerror}") from None


def from_stream(
    stream: BinaryIO, name: str, form: str, options: Mapping[str, Any]
) -> Iterator[Sentence]:
    """The sentences of a stream; MisuseError where there is none."""
    none = True
    for sentence in parser_of(form, options)(stream):
        none = False
        yield sentence
    if none:
        raise MisuseError(f"{name} has no sentence; write one a line")


def parser_of(form: str, options: Mapping[str, Any]) -> Callable[[BinaryIO], Iterator[Sentence]]:
    """What reads this form of input."""
    context = options["context"]
    if form in ("lines", "pairs"):
        return lambda stream: plain(stream, context, pairs=form == "pairs")
    if form == "whole":
        return lambda stream: (Sentence(text, context) for text in whole(stream))
    from attnviz.cli.input.records import parser

    return parser(form, options.get("column") or "text", context)


def plain(stream: BinaryIO, context: str | None, pairs: bool) -> Iterator[Sentence]:
    """Lines that are not blank; of pairs, a TAB parts the sentence from its context."""
    for number, content in numbered(stream):
        try:
            text = decoded(number, content)
        except AttnvizError as error:
            yield Sentence("", None, number, error=error)
            continue
        asks, _, answers = text.partition("\t") if pairs else (text, "", "")
        if text.strip():
            yield Sentence(asks, context or answers or None, number)
