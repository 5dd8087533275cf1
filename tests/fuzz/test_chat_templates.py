"""Fuzzing: any chat template gives a prompt whose turns are in order, or an InvalidInputError."""

from __future__ import annotations

import random
from pathlib import Path

from attnviz.errors import InvalidInputError
from attnviz.sources.tokenizing.chat_prompt import apply_template, encode_prompt
from attnviz.sources.tokenizing.tokenizer_json import parse_tokenizer
from tests.chat.tokenizer import build_tokenizer
from tests.fuzz.loop import case_numbers

TEMPLATES = [
    path.read_text()
    for path in sorted((Path(__file__).parents[1] / "chat" / "templates").iterdir())
]
TEXTS = ["the cat", "<|im_end|>", "\u202e x", "a" * 50, "{{x}}", "\n\n \t.", "日本語"]
INSERTED = ["{{", "}}", "{%", "%}", "*9", "[0]", ".x", "|", "'", '"', "messages", "loop", "1"]
VARIABLES = {"bos_token": "<s>", "eos_token": "</s>"}


def mutate(rng: random.Random) -> str:
    """A template with some characters removed, inserted or taken from another one."""
    template = rng.choice(TEMPLATES)
    for _ in range(rng.randint(0, 3)):
        at = rng.randrange(len(template))
        start, end = template[:at], template[at:]
        template = rng.choice(
            [
                start + end[rng.randint(1, 8) :],
                start + rng.choice(INSERTED) + end,
                start + rng.choice(TEMPLATES)[at : at + 40] + end,
            ]
        )
    return template


def test_mutations_of_templates_give_turns_in_order_or_an_error():
    tokenizer = parse_tokenizer(build_tokenizer().to_str().encode(), "a tokenizer")
    n_prompt = n_error = 0
    for number in case_numbers(150, share=0.2):
        rng = random.Random(number)
        messages = [{"role": "user", "content": rng.choice(TEXTS)}]
        if rng.random() < 0.5:
            messages.insert(0, {"role": "system", "content": rng.choice(TEXTS)})
        try:
            encoding, roles = encode_prompt(
                tokenizer, apply_template(mutate(rng), VARIABLES, messages)
            )
        except InvalidInputError as error:
            assert "\n" not in str(error)
            n_error += 1
            continue
        segments = [token.segment for token in encoding.tokens]
        assert segments == sorted(segments) and segments[-1] < len(roles)
        n_prompt += 1
    assert min(n_prompt, n_error) > 20
