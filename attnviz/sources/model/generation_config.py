"""generation_config.json: the settings that change greedy decoding, and the names of others.

Where the file is missing, the same keys of config.json count, as in transformers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from attnviz.errors import InvalidInputError
from attnviz.record import Record
from attnviz.sources.checkpoint.config import format_value
from attnviz.sources.checkpoint.config_ranges import MAX_TOKEN_ID, describe_range
from attnviz.sources.checkpoint.source import CheckpointSource

FILE = "generation_config.json"
MAX_BAD_WORDS = 100_000  # sequences; Marian's configs have one
# Settings of other decoding methods, with the values that mean greedy decoding.
OTHER_METHODS: Mapping[str, tuple[Any, ...]] = {
    "do_sample": (None, False),
    "num_beams": (None, 1),
    "num_beam_groups": (None, 1),
    "penalty_alpha": (None, 0, 0.0),
    "guidance_scale": (None, 1, 1.0),
    "sequence_bias": (None,),
    "encoder_repetition_penalty": (None, 1, 1.0),
    "encoder_no_repeat_ngram_size": (None, 0),
    "exponential_decay_length_penalty": (None,),
    "constraints": (None,),
    "force_words_ids": (None,),
    "forced_decoder_ids": (None,),
    "watermarking_config": (None,),
    "dola_layers": (None,),
    "stop_strings": (None,),
}
# Settings of sampling, which act with do_sample only, with the values that have no effect.
SAMPLING: Mapping[str, tuple[Any, ...]] = {
    "temperature": (None, 1, 1.0),
    "top_k": (None,),
    "top_p": (None, 1, 1.0),
    "min_p": (None, 0, 0.0),
    "typical_p": (None, 1, 1.0),
    "epsilon_cutoff": (None, 0, 0.0),
    "eta_cutoff": (None, 0, 0.0),
}


class GenerationConfig(Record, kw_only=True):
    """Settings of greedy decoding; the names are those of transformers.

    `other_methods` are the keys that greedy decoding does not follow.
    """

    eos_token_id: tuple[int, ...] = ()
    decoder_start_token_id: int | None = None
    forced_bos_token_id: int | None = None
    bad_words_ids: tuple[tuple[int, ...], ...] = ()
    suppress_tokens: tuple[int, ...] = ()
    begin_suppress_tokens: tuple[int, ...] = ()
    no_repeat_ngram_size: int = 0
    repetition_penalty: float = 1.0
    min_length: int = 0
    min_new_tokens: int = 0
    other_methods: tuple[str, ...] = ()


def read_generation_config(files: CheckpointSource, config: Mapping[str, Any]) -> GenerationConfig:
    """The settings of a checkpoint; `config` holds the values of its config.json.

    Token ids that generation_config.json leaves out are those of config.json. Raises
    InvalidInputError, with the file and the key, for a value that cannot be used.
    """
    document, own = files.read_document(FILE), Values("config.json", config)
    values = own if document is None else Values(FILE, document)
    start = values.get_id("decoder_start_token_id")
    return GenerationConfig(
        eos_token_id=values.get_ids("eos_token_id") or own.get_ids("eos_token_id"),
        decoder_start_token_id=own.get_id("decoder_start_token_id") if start is None else start,
        forced_bos_token_id=values.get_id("forced_bos_token_id"),
        bad_words_ids=values.get_sequences("bad_words_ids"),
        suppress_tokens=values.get_ids("suppress_tokens", minimum=-1),
        begin_suppress_tokens=values.get_ids("begin_suppress_tokens", minimum=-1),
        no_repeat_ngram_size=values.get_int("no_repeat_ngram_size", 0, 1 << 16),
        repetition_penalty=values.get_float("repetition_penalty", 1.0),
        min_length=values.get_int("min_length", 0, MAX_TOKEN_ID),
        min_new_tokens=values.get_int("min_new_tokens", 0, MAX_TOKEN_ID),
        other_methods=tuple(find_other_methods(values.values)),
    )


def find_other_methods(values: Mapping[str, Any]) -> Iterator[str]:
    """The keys that greedy decoding does not follow, those of sampling after do_sample."""
    for key, greedy in OTHER_METHODS.items():
        if values.get(key) not in greedy:
            yield key
            if key == "do_sample":
                yield from (k for k, same in SAMPLING.items() if values.get(k) not in same)


class Values(Record):
    """The values of a file, with checks that name the file and the key."""

    file: str
    values: Mapping[str, Any]

    def get_int(self, key: str, default: int, high: int) -> int:
        """An integer from 0 to `high`."""
        value = self.values.get(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= high:
            self.raise_invalid(key, f"an integer from 0 to {high}")
        return value

    def get_float(self, key: str, default: float) -> float:
        """A positive number."""
        value = self.values.get(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e6:
            self.raise_invalid(key, "a number above 0")
        return float(value)

    def get_id(self, key: str) -> int | None:
        """A token id, or None; of a list of one, its only entry."""
        ids = self.get_ids(key)
        if len(ids) > 1:
            self.raise_invalid(key, "one token id")
        return ids[0] if ids else None

    def get_ids(self, key: str, minimum: int = 0) -> tuple[int, ...]:
        """A token id, a list of them, or nothing."""
        value = self.values.get(key)
        if value is None:
            return ()
        ids = value if isinstance(value, list) else [value]
        for token_id in ids:
            if not is_token_id(token_id, minimum):
                allowed = describe_range("an integer", (minimum, MAX_TOKEN_ID))
                self.raise_invalid(key, allowed, token_id)
        return tuple(ids)

    def get_sequences(self, key: str) -> tuple[tuple[int, ...], ...]:
        """A list of lists of token ids."""
        value = self.values.get(key)
        if value is None:
            return ()
        sequences = value if isinstance(value, list) else [value]
        if len(sequences) > MAX_BAD_WORDS:
            self.raise_invalid(key, f"a list of at most {MAX_BAD_WORDS:,} entries")
        for ids in sequences:
            if not isinstance(ids, list) or not ids or not all(map(is_token_id, ids)):
                self.raise_invalid(key, "a list of lists of token ids", ids)
        return tuple(map(tuple, sequences))

    def raise_invalid(self, key: str, expected: str, value: Any = None) -> NoReturn:
        """Raise InvalidInputError for a value, or an entry of a list, that cannot be used."""
        shown = format_value(self.values[key] if value is None else value)
        raise InvalidInputError(f"{self.file}: {key} = {shown} should be {expected}")


def is_token_id(value: Any, minimum: int = 0) -> bool:
    """Whether a value of a JSON file is a token id."""
    is_int = isinstance(value, int) and not isinstance(value, bool)
    return is_int and minimum <= value <= MAX_TOKEN_ID
