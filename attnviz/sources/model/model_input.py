"""Input of a model: the text, the decoder input of an encoder-decoder, generated tokens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from attnviz.core.engine.collectors import run_unrecorded
from attnviz.errors import MisuseError
from attnviz.sources.model.chat import Chat, build_chat, chat_generation
from attnviz.sources.model.checkpoint import Checkpoint
from attnviz.sources.model.generate import generate
from attnviz.sources.model.languages import (
    check_languages,
    encode_target,
    find_decoder_start,
    with_source_language,
)
from attnviz.sources.model.truncation import fit_length
from attnviz.sources.tokenizing.tokenizers import Encoding

MAX_NEW_TOKENS = 32  # of an encoder-decoder without a target


def encode_input(
    model: Checkpoint, text: str, options: Mapping[str, Any]
) -> tuple[Encoding, Chat | None]:
    """The tokens of a text, of a sentence pair, or of the prompt of a chat.

    Raises MisuseError for a chat or a language of a model that has none.
    """
    if "system" in options and "chat" not in options:
        raise MisuseError("--system needs --chat")
    chat = build_chat(model, text, options) if "chat" in options else None
    encoding = chat.encoding if chat else model.encode(text, options.get("pair"))
    check_languages(model, text, options)
    if "source_lang" in options:
        encoding = with_source_language(model, encoding, options["source_lang"])
    return encoding, chat


def decoder_input(
    model: Checkpoint,
    encoding: Encoding,
    options: Mapping[str, Any],
    truncated: dict[str, list[int]],
) -> Encoding:
    """The decoder input: the target, or what the model generates by greedy decoding."""
    start = find_decoder_start(model, encoding, options)
    if "target" in options:
        if "generate" in options:
            raise MisuseError("--generate has no effect with --target: the decoder input is given")
        target = encode_target(model, options["target"], start)
        return fit_length(model, target, options, "target", truncated)
    n = options.get("generate", MAX_NEW_TOKENS)
    config = start.generation(model.generation)
    ids = generate(model, encoding, n, run_unrecorded, config, start.start_id)
    return model.tokens_of_ids([start.start_id, *ids], is_sequence=True)


def with_generated(
    model: Checkpoint, encoding: Encoding, n: int, chat: Chat | None = None
) -> Encoding:
    """The text and n generated tokens; these are segment 1, or part of the assistant's turn."""
    config = None if chat is None else chat_generation(model)
    segment = 1 if chat is None else len(chat.roles) - 1
    ids = generate(model, encoding, n, run_unrecorded, config)
    generated = model.tokens_of_ids(ids, is_sequence=True)
    tokens = tuple(replace(token, segment=segment) for token in generated.tokens)
    return encoding.join(generated._replace(tokens=tokens))
