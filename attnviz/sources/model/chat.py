"""Chat: a user's message, and a system message, as the prompt of a chat model."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from attnviz.errors import AttnvizWarning, InvalidInputError, MisuseError
from attnviz.record import Record
from attnviz.sources.model.generation_config import GenerationConfig
from attnviz.sources.model.model_tokenizer import (
    find_special_token,
    model_tokenizer,
    tokenizer_settings,
)
from attnviz.sources.model.tokenizer_config import token_text
from attnviz.sources.tokenizing.tokenizers import Encoding

if TYPE_CHECKING:
    from attnviz.sources.model.checkpoint import Checkpoint

TEMPLATE_FILE, PROCESSOR_FILE = "chat_template.jinja", "chat_template.json"
MAX_TEMPLATE = 1 << 20  # bytes; the longest known ones have a few thousand
DEFAULT = "default"  # of several templates by name
CONFLICTS = ("pair", "target", "truncate")


class Chat(Record):
    """A prompt: its tokens, its text, and the role of each segment, the assistant's last."""

    encoding: Encoding
    prompt: str
    roles: tuple[str, ...]


def build_chat(checkpoint: Checkpoint, text: str, options: Mapping[str, Any]) -> Chat:
    """The prompt of a user's message by the model's chat template.

    Raises MisuseError for a model without a template and for options that cannot be combined,
    InvalidInputError for a template that cannot be applied.
    """
    from attnviz.sources.tokenizing.chat_prompt import apply_template, encode_prompt

    for name in CONFLICTS:
        if name in options:
            raise MisuseError(f"--{name} cannot be combined with --chat")
    template = find_template(checkpoint)
    messages = [{"role": "user", "content": text}]
    if "system" in options:
        messages.insert(0, {"role": "system", "content": options["system"]})
    try:
        prompt = apply_template(template, special_tokens(checkpoint), messages)
    except InvalidInputError as error:
        raise InvalidInputError(
            f"the chat template of {checkpoint.name!r} cannot be applied: {error}"
        ) from None
    if prompt.has_date:
        message = "the chat template inserts the date of today, which the weights depend on"
        warnings.warn(message, AttnvizWarning, stacklevel=2)
    if options.get("system", "").strip() not in prompt.text:
        message = "--system: the chat template leaves the system message out, or changes it"
        warnings.warn(message, AttnvizWarning, stacklevel=2)
    encoding, roles = encode_prompt(model_tokenizer(checkpoint), prompt)
    return Chat(encoding, prompt.text, roles)


def chat_generation(checkpoint: Checkpoint) -> GenerationConfig:
    """The settings of greedy decoding; the tokenizer's end token ends the turn too."""
    config, eos = checkpoint.generation, find_special_token(checkpoint, "eos_token")
    eos_id = None if eos is None else model_tokenizer(checkpoint).token_to_id(eos)
    if eos_id is None or eos_id in config.eos_token_id:
        return config
    return replace(config, eos_token_id=(*config.eos_token_id, eos_id))


def find_template(checkpoint: Checkpoint) -> str:
    """The chat template: of chat_template.jinja, chat_template.json or tokenizer_config.json.

    Raises MisuseError for a model without one.
    """
    value: Any = checkpoint.files.read_text(TEMPLATE_FILE, MAX_TEMPLATE)
    if value is None:
        value = (checkpoint.files.read_document(PROCESSOR_FILE) or {}).get("chat_template")
    if value is None:
        value = tokenizer_settings(checkpoint).get("chat_template")
    if value is None:
        raise MisuseError(
            f"{checkpoint.name!r} has no chat template (chat_template.jinja, chat_template in "
            "tokenizer_config.json, or in the metadata of a GGUF file); leave out --chat"
        )
    templates = named_templates(value)
    if DEFAULT not in templates:
        raise InvalidInputError(
            f"tokenizer_config.json: chat_template has no template {DEFAULT!r}; it has "
            f"{', '.join(map(repr, templates)) or 'none'}"
        )
    return templates[DEFAULT]


def named_templates(value: Any) -> dict[str, str]:
    """Templates by name, from a string or a list of objects with name and template."""
    if isinstance(value, str):
        return {DEFAULT: value}
    rows = value if isinstance(value, list) else [value]
    templates = {}
    for row in rows:
        fields = row if isinstance(row, dict) else {}
        name, template = fields.get("name"), fields.get("template")
        if not isinstance(name, str) or not isinstance(template, str):
            raise InvalidInputError(
                "tokenizer_config.json: chat_template should be a string, or a list of objects "
                "with name and template"
            )
        templates[name] = template
    return templates


def special_tokens(checkpoint: Checkpoint) -> dict[str, str]:
    """The special tokens that a template may use, by name ("bos_token", …)."""
    settings = tokenizer_settings(checkpoint)
    texts = {key: token_text(value) for key, value in settings.items() if key.endswith("_token")}
    return {key: text for key, text in texts.items() if text is not None}
