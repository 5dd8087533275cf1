"""Prompts of chat models: a chat template applied to messages, and the tokens of the result."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib.util import find_spec
from itertools import takewhile
from typing import TYPE_CHECKING, Any, NamedTuple

from attnviz.errors import InvalidInputError, missing_package
from attnviz.sources.tokenizing import template_worker
from attnviz.sources.tokenizing.child_process import ChildWorker, start_process
from attnviz.sources.tokenizing.encode import (
    Encoding,
    check_text,
    make_token,
    read_spans,
    translate_errors,
)
from attnviz.sources.tokenizing.labels import Span, make_labels

if TYPE_CHECKING:
    from attnviz.sources.tokenizing.tokenizer_json import FileTokenizer

Message = Mapping[str, str]  # role and content


class Turn(NamedTuple):
    """A part of a prompt: whose it is, and the position in the prompt at which it ends.

    `content` is the position of the message's own text; None where the template changes it.
    """

    role: str
    end: int
    content: int | None = None


class ChatPrompt(NamedTuple):
    """The text that a chat template makes of messages, and its turns.

    The last turn is the assistant's, which the model continues; it may be empty. `has_date`:
    the template inserts the date of today.
    """

    text: str
    turns: tuple[Turn, ...]
    has_date: bool


class TemplateProcess(ChildWorker):
    """Jinja in a child process."""

    def render(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """The texts of conversations; see template_worker.render_all.

        Raises InvalidInputError for an error of the template, and where it takes too long or
        needs too much memory.
        """
        with self.lock:
            if self.process is None:
                self.start(start_process(str(template_worker.__file__), "jinja2"))
            return self.exchange(json.dumps(request).encode() + b"\n", "this conversation")


@cache
def template_process() -> TemplateProcess:
    """The process that renders all templates, one at a time."""
    return TemplateProcess()


def apply_template(
    template: str, variables: Mapping[str, Any], messages: Sequence[Message]
) -> ChatPrompt:
    """The prompt of some messages, up to the beginning of the assistant's answer.

    `variables` are the special tokens by name. Raises InvalidInputError for a template that
    fails or exceeds its limits, CouldNotError where Jinja is not installed.
    """
    if find_spec("jinja2") is None:
        raise missing_package("a chat template", "jinja2", "models")
    parts = [messages[: n + 1] for n in range(len(messages))]
    request = {
        "template": template,
        "variables": {**variables, "tools": None, "documents": None},
        "conversations": [
            {"messages": messages, "add_generation_prompt": True},
            *({"messages": part, "add_generation_prompt": False} for part in parts),
        ],
    }
    result = template_process().render(request)
    text, *beginnings = result["texts"]
    return ChatPrompt(text, find_turns(text, beginnings, messages), result["has_date"])


def find_turns(
    text: str, beginnings: Sequence[str | None], messages: Sequence[Message]
) -> tuple[Turn, ...]:
    """The turns of a prompt; `beginnings` are the prompts of the first messages alone.

    A message ends where its prompt alone and the whole prompt begin to differ. Some templates
    put the system message into the user's turn, or refuse a conversation without a user: there,
    it ends with its content.
    """
    turns: list[Turn] = []
    end = 0
    for message, beginning in zip(messages, beginnings, strict=True):
        content = message["content"].strip()
        start = text.find(content, end)
        end_of_content = 0 if start < 0 else start + len(content)
        last = max(common_length(text, beginning or ""), end_of_content)
        if last > end:
            start = text.rfind(content, end, last)
            end = last
            turns.append(Turn(message["role"], end, None if start < 0 else start))
    return (*turns, Turn("assistant", len(text)))


def common_length(one: str, other: str) -> int:
    """The number of characters that two texts begin with in common.

    >>> common_length("user", "us all")
    2
    """
    return sum(
        1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))
    )


def encode_prompt(
    tokenizer: FileTokenizer, prompt: ChatPrompt
) -> tuple[Encoding, tuple[str, ...]]:
    """The tokens of a prompt, and the role of each of its segments, which are the turns.

    Control tokens are special. The tokenizer adds none: the template has all of them.
    """
    if not prompt.text.strip():
        raise InvalidInputError("the chat template makes an empty prompt")
    check_text(prompt.text, "prompt")
    control = tokenizer.special_tokens
    with translate_errors(tokenizer.name):
        encoding = tokenizer.encode(prompt.text, add_special_tokens=False)
        spans = [
            span._replace(special=span.piece in control and is_written(span, prompt.text))
            for span in read_spans(encoding, 1)
        ]
    if not spans:
        raise InvalidInputError("the chat template makes a prompt without tokens")
    turns = split_default_system(tuple(end_between_tokens(prompt.turns, spans)), spans)
    ends = [turn.end for turn in turns[:-1]]
    tokens = (
        replace(make_token(span, label), segment=bisect_right(ends, span.start))
        for span, label in zip(spans, make_labels(spans, (prompt.text,)), strict=True)
    )
    roles = tuple(turn.role for turn in turns)
    return Encoding(tuple(tokens), tuple(encoding.ids), (0,) * len(spans)), roles


def is_written(span: Span, text: str) -> bool:
    """Whether a control token stands in the text; that of unknown words does not."""
    return text[span.start : span.end].strip() == span.piece.strip()


def end_between_tokens(turns: Sequence[Turn], spans: Sequence[Span]) -> Iterator[Turn]:
    """The turns; one that would end within a control token ends before it."""
    for turn in turns:
        parts = (s.start for s in spans if s.special and s.start < turn.end < s.end)
        yield turn._replace(end=next(parts, turn.end))


def split_default_system(turns: tuple[Turn, ...], spans: Sequence[Span]) -> tuple[Turn, ...]:
    """The turns, with a system message that the template itself puts before the user's.

    It is found where turns begin with one control token, that of the assistant's turn. One that
    the user wrote begins no turn.
    """
    first, *_ = turns
    before = turns[-2].end if len(turns) > 1 else 0
    opening = next((span for span in spans if span.start >= before), None)
    if first.role != "user" or opening is None or not opening.special:
        return turns
    end = first.end if first.content is None else first.content
    starts = [s.start for s in spans if s.start < end and s.piece == opening.piece]
    return turns if len(starts) < 2 else (Turn("system", starts[-1]), *turns)
