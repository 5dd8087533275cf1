"""Languages of translation models: NLLB, mBART and M2M100 state them by control tokens.

Sources: 2001.08210 (mBART), 2008.00401 (mBART-50), 2010.11125 (M2M100), 2207.04672 (NLLB)
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from attnviz.core.tokens import Token
from attnviz.errors import AttnvizWarning, MisuseError, UnknownNameError
from attnviz.lookup import unknown_name_message
from attnviz.record import Record
from attnviz.sources.model.generation_config import GenerationConfig
from attnviz.sources.model.model_tokenizer import model_tokenizer
from attnviz.sources.tokenizing.tokenizers import Encoding

if TYPE_CHECKING:
    from attnviz.sources.model.checkpoint import Checkpoint

# "eng_Latn" of NLLB, "en_XX" of mBART, "__en__" of M2M100.
LANGUAGE_TOKEN = re.compile(r"[a-z]{2,3}_[A-Z][A-Za-z]{1,3}|__([a-z]{2,4})__")
MARIAN_TOKEN = re.compile(r">>([A-Za-z_]{2,12})<<")
SIDES = ("source_lang", "target_lang")
START_BY_FAMILY = ("mbart",)  # decoders that may begin with the language, not after a start token


class DecoderStart(Record):
    """The token ids that a decoder input begins with: a start token, and perhaps a language."""

    start_id: int
    language_id: int | None = None

    @property
    def ids(self) -> tuple[int, ...]:
        """The ids in their order."""
        return (self.start_id,) if self.language_id is None else (self.start_id, self.language_id)

    def generation(self, config: GenerationConfig) -> GenerationConfig:
        """The settings of greedy decoding, which generates the language first."""
        if self.language_id is None:
            return config
        return replace(config, forced_bos_token_id=self.language_id)


def find_languages(checkpoint: Checkpoint) -> dict[str, str]:
    """The control token of each language, by its code; empty for models without languages."""
    tokens = sorted(model_tokenizer(checkpoint).special_tokens)
    matches = [(token, LANGUAGE_TOKEN.fullmatch(token)) for token in tokens]
    return {match[1] or token: token for token, match in matches if match}


def check_languages(checkpoint: Checkpoint, text: str, options: Mapping[str, Any]) -> None:
    """Raise MisuseError for languages of a model that takes none, and for unknown ones.

    Warns where a Marian model of several target languages gets a text without its language.
    """
    sides = [side for side in SIDES if side in options]
    if checkpoint.family.kind != "encoder-decoder":
        for side in sides:
            raise MisuseError(f"{flag(side)} has no effect on {checkpoint.name!r}: {NEEDS}")
        return
    targets = find_marian_targets(checkpoint) if checkpoint.family.name == "marian" else []
    for side in sides:
        if targets and side == "target_lang":
            code = near_target(options[side], targets)
            raise MisuseError(
                f"--target-lang has no effect on {checkpoint.name!r}: its text begins with the "
                f"target language, as in '{code} {text[:20]}'"
            )
        languages = find_languages(checkpoint)
        if not languages:
            raise MisuseError(f"{flag(side)} has no effect on {checkpoint.name!r}: {NEEDS}")
        find_language(languages, options[side], side)
    if len(targets) > 1 and not text.lstrip().startswith(tuple(targets)):
        warnings.warn(
            f"{checkpoint.name!r} translates into {len(targets)} languages; begin the text with "
            f"one, as in '{targets[0]} {text[:20]}'",
            AttnvizWarning,
            stacklevel=2,
        )


NEEDS = "it has no language tokens, which NLLB, mBART and M2M100 have"


def flag(side: str) -> str:
    """The option of a side."""
    return f"--{side.replace('_', '-')}"


def find_marian_targets(checkpoint: Checkpoint) -> list[str]:
    """The target languages of a multilingual Marian model, as they stand in a text: >>fra<<."""
    tokens = model_tokenizer(checkpoint).special_tokens
    return sorted(token for token in tokens if MARIAN_TOKEN.fullmatch(token))


def near_target(code: str, targets: list[str]) -> str:
    """The target of a code, or else the first one."""
    return f">>{code}<<" if f">>{code}<<" in targets else targets[0]


def find_language(languages: Mapping[str, str], code: str, side: str) -> str:
    """The control token of a language. Raises UnknownNameError with similar codes."""
    if code in languages.values():
        return code
    if code not in languages:
        raise UnknownNameError(unknown_name_message(code, list(languages), flag(side)))
    return languages[code]


def with_source_language(checkpoint: Checkpoint, encoding: Encoding, code: str) -> Encoding:
    """The tokens of a text, its language replaced, or added where the tokenizer adds none."""
    languages = find_languages(checkpoint)
    piece = find_language(languages, code, "source_lang")
    token_id = language_id(checkpoint, piece)
    token = Token(piece, piece, special=True)
    at = language_position(languages, encoding)
    if at is None:
        new = Encoding((token,), (token_id,), (0,))
        return encoding.join(new) if is_language_last(checkpoint, encoding) else new.join(encoding)
    tokens, ids = list(encoding.tokens), list(encoding.ids)
    tokens[at], ids[at] = token, token_id
    return Encoding(tuple(tokens), tuple(ids), encoding.type_ids)


def language_position(languages: Mapping[str, str], encoding: Encoding) -> int | None:
    """The position of the language that the tokenizer adds to a text; None if it adds none."""
    pieces = set(languages.values())
    positions = (i for i, t in enumerate(encoding.tokens) if t.special and t.piece in pieces)
    return next(positions, None)


def is_language_last(checkpoint: Checkpoint, encoding: Encoding) -> bool:
    """Whether the language follows the text, as in mBART before mBART-50."""
    at = language_position(find_languages(checkpoint), encoding)
    if at is not None:
        return at > 0
    return checkpoint.family.name in START_BY_FAMILY


def language_id(checkpoint: Checkpoint, piece: str) -> int:
    """The token id of a language."""
    token_id = model_tokenizer(checkpoint).token_to_id(piece)
    assert token_id is not None  # it is one of the tokenizer's control tokens
    return token_id


def find_decoder_start(
    checkpoint: Checkpoint, encoding: Encoding, options: Mapping[str, Any]
) -> DecoderStart:
    """What a decoder input begins with; `encoding` holds the tokens of the source text.

    The language is the requested one, else that of the generation settings. Decoders of mBART
    begin with the language, which of the later ones follows a start token. Raises MisuseError
    for a target text whose language nothing states.
    """
    languages = find_languages(checkpoint)
    if not languages:
        return DecoderStart(checkpoint.start_id)
    begins_with_language = checkpoint.family.name in START_BY_FAMILY and is_language_last(
        checkpoint, encoding
    )
    if "target_lang" in options:
        piece = find_language(languages, options["target_lang"], "target_lang")
        token_id = language_id(checkpoint, piece)
        if begins_with_language:
            return DecoderStart(token_id)
        return DecoderStart(checkpoint.start_id, token_id)
    stated = checkpoint.generation.forced_bos_token_id
    is_stated = stated is not None or (begins_with_language and is_language(checkpoint, languages))
    if not is_stated:
        example = f"--target-lang {next(iter(languages))}"
        if "target" in options:
            raise MisuseError(f"--target of {checkpoint.name!r} needs its language: {example}")
        message = f"the model chooses the language of its translation; state it with {example}"
        warnings.warn(message, AttnvizWarning, stacklevel=2)
    return DecoderStart(checkpoint.start_id, None if begins_with_language else stated)


def is_language(checkpoint: Checkpoint, languages: Mapping[str, str]) -> bool:
    """Whether the start token of the decoder is a language."""
    return model_tokenizer(checkpoint).id_to_token(checkpoint.start_id) in languages.values()


def encode_target(checkpoint: Checkpoint, text: str, start: DecoderStart) -> Encoding:
    """A text as decoder input: the start token and the language, then the text.

    Of a model with languages, the tokens that its tokenizer adds to a source are left out.
    """
    if start.language_id is None and not find_languages(checkpoint):
        return checkpoint.encode_target(text)
    encoding = checkpoint.encode(text, is_target=True)
    words = [i for i, token in enumerate(encoding.tokens) if not token.special]
    return checkpoint.tokens_of_ids(start.ids).join(encoding.select(words))
