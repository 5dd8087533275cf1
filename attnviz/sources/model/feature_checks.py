"""Settings of a config that are not supported: each is refused by its key."""

from __future__ import annotations

import warnings
from math import isfinite
from typing import Any

from attnviz.errors import AttnvizWarning, InvalidInputError
from attnviz.sources.checkpoint.config import Config, format_value, raise_invalid
from attnviz.sources.families.spec import Family
from attnviz.sources.model.quantization import check_quantization


def require_finite(key: str, value: Any) -> None:
    """Raise InvalidInputError for NaN or infinity in a value of JSON, with the path of its key."""
    if isinstance(value, dict):
        for name, inner in value.items():
            require_finite(f"{key}.{name}", inner)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            require_finite(f"{key}[{index}]", inner)
    elif isinstance(value, float) and not isfinite(value):
        raise_invalid(key, value, "a finite number")


def check_features(config: Config, family: Family) -> None:
    """Raise InvalidInputError for a setting that is not supported, with its key."""
    for key, value in config.values.items():
        require_finite(key, value)
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
