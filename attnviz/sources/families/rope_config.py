"""RoPE settings of a config: base, rotated dimensions and scaling, under old and new keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attnviz.core.positions import Position, Rope, rope_scaling
from attnviz.errors import InvalidInputError
from attnviz.sources.checkpoint.config import Config, check_float, format_value, raise_invalid
from attnviz.sources.checkpoint.config_ranges import FLOAT_RANGES
from attnviz.sources.families.attention_config import FULL_ATTENTION, SLIDING_ATTENTION, is_sliding
from attnviz.sources.families.slots import Layer

ROPE_TYPES = ("default", "linear", "dynamic", "llama3", "yarn", "longrope")
ROPE_KEYS = {"base": ("rope_theta",), "rotary_share": ("partial_rotary_factor",)}
OLD_ROPE_TYPES = {"su": "longrope", None: "default"}


def rope_position(layer: Layer) -> Position:
    """The rotary position embedding (RoPE) of a layer."""
    return build_rope(rope_settings(layer), layer.config)


def build_rope(values: Mapping[str, Any], config: Config) -> Position:
    """RoPE with these settings, by their current keys."""
    rope_type = values.get("rope_type")
    if rope_type not in ROPE_TYPES:
        raise InvalidInputError(
            f"config.json: rope_type = {format_value(rope_type)} is not supported; "
            f"supported: {', '.join(ROPE_TYPES)}"
        )
    settings = Config(values, {"base": 10000.0}, keys=ROPE_KEYS)
    share = settings.get_float("rotary_share", 1.0)
    d = config.d_head
    rotary_dim = int(d * share)
    if not 2 <= rotary_dim <= d or rotary_dim % 2:
        raise InvalidInputError(
            f"config.json: partial_rotary_factor = {share:g} of head dim {d} rotates {rotary_dim} "
            "dimensions; it should be an even number above 0"
        )
    shared: dict[str, Any] = {
        "base": settings.get_float("base"),
        "rotary_dim": 0 if rotary_dim == d else rotary_dim,
    }
    build = {
        "default": build_default,
        "linear": build_linear,
        "dynamic": build_dynamic,
        "llama3": build_llama3,
        "yarn": build_yarn,
        "longrope": build_longrope,
    }[rope_type]
    return build(settings, config, shared)


def max_length(config: Config) -> int:
    """Maximum length that the RoPE settings are meant for, in tokens."""
    values = {**config.get_dict("rope_scaling"), **config.get_dict("rope_parameters")}
    is_dynamic = "dynamic" in (values.get("rope_type"), values.get("type"))
    factor = Config(values).get_float("factor") if is_dynamic else 1
    return int(config.get_int("n_position") * max(factor, 1))


def rope_settings(layer: Layer) -> dict[str, Any]:
    """The RoPE settings of a layer by their current keys, from wherever the config has them."""
    config = layer.config
    parameters, scaling = config.get_dict("rope_parameters"), config.get_dict("rope_scaling")
    if scaling and config.values.get("rope_parameters") is None:
        parameters = {}  # those of the family
    if parameters and scaling and parameters != scaling:
        raise InvalidInputError(
            "config.json: rope_scaling and rope_parameters are both set and differ; move the "
            "settings of rope_scaling into rope_parameters"
        )
    layer_type = SLIDING_ATTENTION if is_sliding(layer) else FULL_ATTENTION
    if any(key in parameters for key in (FULL_ATTENTION, SLIDING_ATTENTION)):
        if not isinstance(parameters.get(layer_type), dict):
            found = format_value(parameters.get(layer_type))
            raise InvalidInputError(
                f"config.json: rope_parameters: {layer_type} = {found} should be an object"
            )
        parameters = parameters[layer_type]
    elif parameters and config.defaults.get("rope_scaling_layers"):
        raise_invalid("rope_parameters", parameters, "an object with a key per type of layer")
    if layer_type != config.defaults.get("rope_scaling_layers", layer_type):
        scaling = {}
    settings = {**scaling, **parameters}
    rope_type = settings.get("type") if settings.get("rope_type") is None else None
    rope_type = settings.get("rope_type") if rope_type is None else rope_type
    is_old = rope_type is None or isinstance(rope_type, str)
    settings["rope_type"] = OLD_ROPE_TYPES.get(rope_type, rope_type) if is_old else rope_type
    for key, names in (
        ("rope_theta", (f"{layer_type}_base", "base")),
        ("partial_rotary_factor", ("rotary_share",)),
    ):
        values = (settings.get(key), *map(config.get, names))
        settings[key] = next((value for value in values if value is not None), None)
    return settings


def build_default(settings: Config, config: Config, shared: Mapping[str, Any]) -> Position:
    """RoPE without scaling."""
    del settings, config
    return Rope(**shared)


def build_linear(settings: Config, config: Config, shared: Mapping[str, Any]) -> Position:
    """Linear scaling: positions divided by a factor."""
    del config
    return rope_scaling.LinearRope(**shared, factor=settings.get_float("factor"))


def build_dynamic(settings: Config, config: Config, shared: Mapping[str, Any]) -> Position:
    """Dynamic NTK scaling: the base grows with the length of the text."""
    length = config.get_int("n_position")
    return rope_scaling.DynamicRope(
        **shared, factor=settings.get_float("factor"), original_max_positions=length
    )


def build_llama3(settings: Config, config: Config, shared: Mapping[str, Any]) -> Position:
    """Llama 3 scaling: low frequencies divided by a factor."""
    return rope_scaling.Llama3Rope(
        **shared,
        factor=settings.get_float("factor"),
        original_max_positions=original_length(settings, config),
        low_freq_factor=settings.get_float("low_freq_factor"),
        high_freq_factor=settings.get_float("high_freq_factor"),
    )


def build_yarn(settings: Config, config: Config, shared: Mapping[str, Any]) -> Position:
    """YaRN: low frequencies interpolated along a ramp over the pairs."""
    length = original_length(settings, config)
    yarn = rope_scaling.Yarn(
        **shared,
        factor=extension_factor(settings, config, length),
        original_max_positions=length,
        beta_fast=settings.get_float("beta_fast", 32.0),
        beta_slow=settings.get_float("beta_slow", 1.0),
        truncate=settings.get_bool("truncate", default=True),
        attention_factor=settings.get_optional_float("attention_factor"),
    )
    scales = [settings.get_optional_float(name) for name in ("mscale", "mscale_all_dim")]
    if yarn.attention_factor is None and all(scales):
        growth = yarn.attention_scaling - 1
        mscale, mscale_all_dim = (
            1 + settings.get_float(name) * growth for name in ("mscale", "mscale_all_dim")
        )
        return rope_scaling.Yarn(**{**vars(yarn), "attention_factor": mscale / mscale_all_dim})
    return yarn


def build_longrope(settings: Config, config: Config, shared: Mapping[str, Any]) -> Position:
    """LongRoPE: a divisor per pair."""
    n_pair = (shared["rotary_dim"] or config.d_head) // 2
    length = original_length(settings, config)
    return rope_scaling.LongRope(
        **shared,
        factor=extension_factor(settings, config, length),
        original_max_positions=length,
        short_factor=pair_factors(settings, "short_factor", n_pair),
        long_factor=pair_factors(settings, "long_factor", n_pair),
        attention_factor=settings.get_optional_float("attention_factor"),
    )


def extension_factor(settings: Config, config: Config, length: int) -> float:
    """`factor`, by default the ratio of the maximum length to the length before scaling."""
    if settings.get("factor") is not None:
        return settings.get_float("factor")
    key, n_position = config.find("n_position")
    ratio = config.get_int("n_position") / length
    low, high = FLOAT_RANGES["factor"]
    if not low <= ratio <= high:
        raise InvalidInputError(
            f"config.json: {key} = {n_position} is {ratio:g} times "
            f"original_max_position_embeddings = {length}; it should be {low:g} to {high:g} times"
        )
    return ratio


def pair_factors(settings: Config, name: str, n_pair: int) -> tuple[float, ...]:
    """Divisors of the frequencies, one per rotated pair."""
    values = settings.get(name)
    if not isinstance(values, list) or len(values) != n_pair:
        raise_invalid(name, values, f"a list of {n_pair} numbers, one per rotated pair")
    return tuple(check_float(name, value, name) for value in values)


def original_length(settings: Config, config: Config) -> int:
    """Maximum length of the model before RoPE scaling, in tokens."""
    key = "original_max_position_embeddings"
    if config.get(key) is not None:
        return config.get_int(key)
    return settings.get_int(key, config.get_int("n_position"))
