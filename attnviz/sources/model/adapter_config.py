"""adapter_config.json of PEFT: the settings of a LoRA adapter, all of which are read or refused.

Paper: 2106.09685 (LoRA), 2312.03732 (rsLoRA)
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from attnviz.errors import CouldNotError, InvalidInputError
from attnviz.record import Record
from attnviz.sources.checkpoint.config import format_value, read_json

CONFIG = "adapter_config.json"
MAX_RANK, MAX_ALPHA = 1 << 16, 1e9
DEFAULT_RANK, DEFAULT_ALPHA = 8, 8
# Settings of training, of saving and of where adapters were put; the tensors say which weights.
WITHOUT_EFFECT = frozenset(
    [
        *("auto_mapping", "base_model_name_or_path", "ensure_weight_tying", "eva_config"),
        *("exclude_modules", "inference_mode", "layers_pattern", "layers_to_transform"),
        *("loftq_config", "lora_dropout", "megatron_core", "modules_to_save", "peft_version"),
        *("qalora_group_size", "revision", "runtime_config", "target_modules", "task_type"),
    ]
)
# Settings with the only values that are supported; others are supported where they are empty.
ALLOWED: Mapping[str, tuple[Any, ...]] = {
    "peft_type": ("LORA",),
    "bias": ("none", None),
    # Others change the weights of the base model when they are initialized.
    "init_lora_weights": (True, False, None, "gaussian", "eva", "orthogonal"),
}
READ = ("r", "lora_alpha", "use_rslora", "fan_in_fan_out", "rank_pattern", "alpha_pattern")
PLAIN_PATTERN = re.compile(r"\^?(?:\.\*\\?\.|\(\.\*\\?\.\)\?)?([\w.]{1,300}?)\$?")


class AdapterConfig(Record):
    """The settings of a LoRA adapter."""

    values: Mapping[str, Any]

    @property
    def base_model(self) -> str:
        """The model that the adapter was trained for; "" where it is not stated."""
        name = self.values.get("base_model_name_or_path")
        return name if isinstance(name, str) else ""

    @property
    def fan_in_fan_out(self) -> bool:
        """Whether the weights of the base model are stored [in, out]."""
        return self.get_bool("fan_in_fan_out")

    def get_bool(self, key: str) -> bool:
        """A boolean setting; left out means false."""
        value = self.values.get(key) or False
        if not isinstance(value, bool):
            raise_invalid(key, value, "true or false")
        return value

    def rank(self, module: str) -> int:
        """The rank of a module's adapter, r or that of rank_pattern."""
        value = self.pattern_value("rank_pattern", module, self.values.get("r", DEFAULT_RANK))
        if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= MAX_RANK:
            raise_invalid("r", value, f"an integer from 1 to {MAX_RANK}")
        return value

    def scale(self, module: str) -> float:
        """The factor of a module's adapter: alpha / r, with use_rslora alpha / √r."""
        alpha = self.values.get("lora_alpha", DEFAULT_ALPHA)
        alpha = self.pattern_value("alpha_pattern", module, alpha)
        is_number = isinstance(alpha, int | float) and not isinstance(alpha, bool)
        if not is_number or not -MAX_ALPHA <= alpha <= MAX_ALPHA:
            raise_invalid("lora_alpha", alpha, f"a number up to {MAX_ALPHA:g}")
        rank = self.rank(module)
        return float(alpha) / (math.sqrt(rank) if self.get_bool("use_rslora") else rank)

    def pattern_value(self, key: str, module: str, default: Any) -> Any:
        """The value of the first pattern that is the end of the module's name, else the default.

        A pattern is a name, perhaps with ".*" before it; the file is untrusted, so that other
        regular expressions are refused.
        """
        patterns = self.values.get(key) or {}
        if not isinstance(patterns, dict):
            raise_invalid(key, patterns, "an object")
        for pattern, value in patterns.items():
            plain = PLAIN_PATTERN.fullmatch(pattern)
            if plain is None:
                raise_invalid(key, pattern, "names of modules: other patterns are not supported")
            if f".{module}".endswith(f".{plain[1]}"):
                return value
        return default


def raise_invalid(key: str, value: Any, expected: str) -> NoReturn:
    """Raise InvalidInputError for a value that cannot be used."""
    raise InvalidInputError(f"{CONFIG}: {key} = {format_value(value)} should be {expected}")


def read_adapter_config(folder: Path) -> AdapterConfig:
    """The settings of an adapter folder.

    Raises CouldNotError for a folder without them, InvalidInputError, with the key, for kinds of
    adapters and settings that are not supported.
    """
    if not (folder / CONFIG).is_file():
        raise CouldNotError(f"{str(folder)!r} is no adapter folder (no {CONFIG})")
    values = read_json(folder / CONFIG)
    for key, value in values.items():
        if key in ALLOWED:
            is_allowed = any(value is a or (value == a and value != 1) for a in ALLOWED[key])
        else:
            is_allowed = key in WITHOUT_EFFECT or key in READ or not value
        if not is_allowed:
            choices = " or ".join(map(format_value, ALLOWED.get(key, ())))
            expected = f"; it should be {choices}" if choices else ""
            raise InvalidInputError(
                f"{CONFIG}: {key[:80]} = {format_value(value)} is not supported{expected}"
            )
    if values.get("peft_type") is None:
        raise InvalidInputError(f'{CONFIG}: peft_type is missing; it should be "LORA"')
    return AdapterConfig(values)
