"""Chat prompts by `transformers` for the templates of this folder.

    hf/bin/python -m tests.chat

writes tests/chat/prompts.json: per template and conversation, the prompt and its token ids, or
null where the template refuses the conversation.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jinja2
from transformers import PreTrainedTokenizerFast

from tests.chat.tokenizer import build_tokenizer

FOLDER = Path(__file__).parent
CONVERSATIONS = (
    (None, "The cat sat on the mat."),
    ("You are a cat.", "The cat sat on the mat."),
    (None, "  spaces before, and after \n\n"),
    ("Be brief.\n", "two\nlines\tand a tab"),
    ("{{ messages }} {% raw %}", "<|im_end|> [INST] <s> 日本語 ∅ \U0001f600"),
    ("same", "same"),
)


def apply(template: str, system: str | None, text: str) -> dict[str, Any]:
    """A row of the table."""
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=build_tokenizer(), bos_token="<s>", eos_token="</s>"
    )
    tokenizer.chat_template = template
    messages = [{"role": "user", "content": text}]
    if system is not None:
        messages.insert(0, {"role": "system", "content": system})
    settings: Any = {"add_generation_prompt": True, "return_dict": False}
    row: dict[str, Any] = {"system": system, "text": text}
    try:
        prompt = tokenizer.apply_chat_template(messages, tokenize=False, **settings)
    except jinja2.exceptions.TemplateError:
        return row | {"prompt": None, "ids": None}
    return row | {"prompt": prompt, "ids": tokenizer.apply_chat_template(messages, **settings)}


def main() -> None:
    """Write the table."""
    table = {
        path.stem: [apply(path.read_text(), *conversation) for conversation in CONVERSATIONS]
        for path in sorted((FOLDER / "templates").glob("*.jinja"))
    }
    lines = (
        f"{json.dumps(name)}: [\n" + ",\n".join(map(json.dumps, rows)) + "\n]"
        for name, rows in table.items()
    )
    (FOLDER / "prompts.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
