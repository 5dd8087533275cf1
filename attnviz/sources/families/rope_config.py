"""How a config spells a rotation: three places, two generations of names, six kinds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attnviz.core.positions import Position, Rope
from attnviz.core.positions import rope_scaling as scaled
from attnviz.errors import InvalidInputError
from attnviz.sources.checkpoint.config import Config
from attnviz.sources.families.attention_config import FULL, SLIDING, slides
from attnviz.sources.families.spec import Layer

KINDS = ("default", "linear", "dynamic", "llama3", "yarn", "longrope")
OLD = {"su": "longrope", None: "default"}


def rope(layer: Layer) -> Position:
    """The rotation of this layer."""
    said = settings(layer)
    kind = said.get("rope_type")
    if kind not in KINDS:
        raise InvalidInputError(
            f"config.json: rope_type = {kind!r} is not supported; there are {', '.join(KINDS)}"
        )
    numbers = Config(said, {"base": 10000.0})
    share = numbers.number("rotary_share", 1.0)
    d = layer.config.d_head
    width = int(d * share)
    if not 2 <= width <= d or width % 2:
        raise InvalidInputError(
            f"config.json: a rotation of {share:g} of a head of width {d} turns {width} "
            "dimensions; it should be an even number of them"
        )
    given: dict[str, Any] = {"base": numbers.number("base"), "width": 0 if width == d else width}
    build = {
        "default": plain,
        "linear": linear,
        "dynamic": dynamic,
        "llama3": llama3,
        "yarn": yarn,
        "longrope": longrope,
    }[kind]
    return build(numbers, layer.config, given)


def longest(config: Config) -> int:
    """How many tokens rotations are meant for."""
    said = {**config.table("rope_scaling"), **config.table("rope_parameters")}
    grows = "dynamic" in (said.get("rope_type"), said.get("type"))
    return int(config.whole("n_position") * (Config(said).number("factor") if grows else 1))


def settings(layer: Layer) -> dict[str, Any]:
    """What the config says of this layer's rotation, in one mapping by today's names."""
    config = layer.config
    new = config.table("rope_parameters")
    kind = SLIDING if slides(layer) else FULL
    if isinstance(new.get(kind), dict):
        new = new[kind]
    said = {**config.table("rope_scaling"), **new}
    named = said.get("rope_type") or said.get("type")
    said["rope_type"] = OLD.get(named, named)
    for key, words in (
        ("rope_theta", (f"{kind}_base", "base")),
        ("partial_rotary_factor", ("rotary_share",)),
    ):
        values = (said.get(key), *map(config.get, words))
        said[key] = next((value for value in values if value is not None), None)
    return said


def plain(said: Config, config: Config, given: Mapping[str, Any]) -> Position:
    """No scaling."""
    del said, config
    return Rope(**given)


def linear(said: Config, config: Config, given: Mapping[str, Any]) -> Position:
    """Every position is divided."""
    del config
    return scaled.LinearRope(**given, stretch=said.number("factor"))


def dynamic(said: Config, config: Config, given: Mapping[str, Any]) -> Position:
    """The base grows with the text."""
    trained = config.whole("n_position")
    return scaled.DynamicRope(**given, stretch=said.number("factor"), trained=trained)


def llama3(said: Config, config: Config, given: Mapping[str, Any]) -> Position:
    """Long waves are stretched."""
    return scaled.Llama3Rope(
        **given,
        stretch=said.number("factor"),
        trained=trained_length(said, config),
        low=said.number("low_freq_factor"),
        high=said.number("high_freq_factor"),
    )


def yarn(said: Config, config: Config, given: Mapping[str, Any]) -> Position:
    """A ramp over the pairs."""
    trained = trained_length(said, config)
    stretch = said.number("factor", config.whole("n_position") / trained)
    part = scaled.Yarn(
        **given,
        stretch=stretch,
        trained=trained,
        fast=said.number("beta_fast", 32.0),
        slow=said.number("beta_slow", 1.0),
        whole=said.get("truncate") is not False,
        grow=said.get("attention_factor"),
    )
    if part.grow is None and said.get("mscale") and said.get("mscale_all_dim"):
        more = [1 + said.number(name) * (part.growth - 1) for name in ("mscale", "mscale_all_dim")]
        return scaled.Yarn(**{**vars(part), "grow": more[0] / more[1]})
    return part


def longrope(said: Config, config: Config, given: Mapping[str, Any]) -> Position:
    """A stretch for each pair."""
    trained = trained_length(said, config)
    return scaled.LongRope(
        **given,
        stretch=said.number("factor", config.whole("n_position") / trained),
        trained=trained,
        short=tuple(stretches(said, "short_factor")),
        long=tuple(stretches(said, "long_factor")),
        grow=said.get("attention_factor"),
    )


def stretches(said: Config, name: str) -> list[float]:
    """A list of numbers above 0."""
    values = said.get(name)
    if not isinstance(values, list) or not values:
        raise InvalidInputError(f"config.json: {name} should be a list of numbers")
    return [Config({name: value}).number(name) for value in values]


def trained_length(said: Config, config: Config) -> int:
    """For how many tokens the model was trained before it was stretched."""
    key = "original_max_position_embeddings"
    if config.get(key) is not None:
        return config.whole(key)
    return said.whole(key, config.whole("n_position"))
