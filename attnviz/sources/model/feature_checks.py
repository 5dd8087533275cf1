"""Settings of a config that are not supported: each is refused by its key."""

from __future__ import annotations

import warnings
from math import isfinite
from typing import Any

from attnviz.errors import AttnvizWarning, InvalidInputError
from attnviz.sources.checkpoint.config import Config, format_value, raise_invalid
from attnviz.sources.families.spec import Family
from attnviz.sources.model.quantization import check_quantization


def is_finite(value: Any) -> bool:
    """Whether a value of JSON, or all values in it, are other than NaN and infinity."""
    if isinstance(value, dict):
        return all(map(is_finite, value.values()))
    if isinstance(value, list):
        return all(map(is_finite, value))
    return not isinstance(value, float) or isfinite(value)


def check_features(config: Config, family: Family) -> None:
    """Raise InvalidInputError for a setting that is not supported, with its key."""
    for key, value in config.values.items():
        if not is_finite(value):
            raise_invalid(key, value, "a finite number")
    check_quantization(config)
    if config.get("auto_map"):
        warnings.warn(
            "config.json: auto_map names code of the model's own, which does not run; the "
            f"attention is that of {family.name}",
            AttnvizWarning,
            stacklevel=2,
        )
    for key, allowed in family.allowed_values.items():
        value = config.get(key)
        same_type = [choice for choice in allowed if type(choice) is type(value)]
        if value is not None and value not in same_type:
            choices = " or ".join(map(format_value, allowed))
            raise InvalidInputError(
                f"config.json: {key} = {format_value(value)} is not supported for "
                f"{family.name}; it should be {choices}"
            )
