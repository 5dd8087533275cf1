"""Settings of a mechanism in its name: scaled-dot:temperature=0.5, window:window=2,softcap=30.

    NAME:KEY=VALUE,KEY=VALUE…

A key is an option of SETTINGS, or a tunable of the mechanism's parts, as for `--set`. Without
NAME the settings are those of the default mechanism, or of a pretrained model's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from attnviz.core.tunables import iter_tunable_aliases, iter_tunables
from attnviz.core.variant import Variant
from attnviz.errors import MisuseError, UnknownNameError
from attnviz.lookup import unknown_name_message

SETTINGS: Mapping[str, type] = {  # options that a name may set, and the types of their values
    **dict.fromkeys(("score", "scale", "bias", "mask", "normalize", "positions"), str),
    **dict.fromkeys(("temperature", "softcap"), float),
    **dict.fromkeys(("heads", "kv_heads"), int),
}
PARTS = tuple(name for name, kind in SETTINGS.items() if kind is not int)
KIND_NAMES = {int: "a whole number", float: "a number"}
COMMA = r",(?![^()]*\))"  # outside parentheses, as in window(4)


def expand_variant(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options with the settings in the name of the variant as options of their own.

    Raises UnknownNameError for an unknown setting, MisuseError for an invalid value, and for a
    setting that the options state as well.

    >>> expand_variant({"variant": "scaled-dot:temperature=0.5"})
    {'variant': 'scaled-dot', 'temperature': 0.5}
    """
    variant = options.get("variant")
    if not isinstance(variant, str) or ":" not in variant:
        return dict(options)
    name, _, text = variant.partition(":")
    expanded = {**options, "variant": name.strip() or None}
    tunables = dict(options.get("tunables") or {})
    own: dict[str, str] = {}
    for key, value in split_settings(variant, text):
        is_set = key in tunables or options.get(key) is not None
        if key in own or is_set:
            where = "too: an option has set it" if is_set else "twice"
            raise MisuseError(f"--variant {variant!r} sets {key} {where}")
        own[key] = value
        if key in SETTINGS:
            expanded[key] = convert(variant, key, value)
    own_tunables = {key: value for key, value in own.items() if key not in SETTINGS}
    if own_tunables:
        require_tunables(expanded, own_tunables)
        expanded["tunables"] = tunables | own_tunables
    return expanded


def split_settings(variant: str, text: str) -> Iterator[tuple[str, str]]:
    """The keys and values after the colon; keys with underscores."""
    for item in re.split(COMMA, text):
        key, sign, value = item.partition("=")
        if not sign or not key.strip() or not value.strip():
            raise MisuseError(
                f"--variant {variant!r} should be NAME:KEY=VALUE,…, as in scaled-dot:temperature=2"
            )
        yield key.strip().replace("-", "_"), value.strip()


def convert(variant: str, key: str, value: str) -> Any:
    """The value of an option of SETTINGS."""
    kind = SETTINGS[key]
    try:
        return kind(value)
    except ValueError:
        raise MisuseError(
            f"--variant {variant!r}: {key}={value} should be {KIND_NAMES[kind]}"
        ) from None


def require_tunables(options: Mapping[str, Any], tunables: Mapping[str, str]) -> None:
    """Raise UnknownNameError for a name that is neither tunable nor option of the mechanism."""
    variant = compose_variant(options)
    names = [name for name, _ in iter_tunables(variant)]
    old_names = [name for name, _ in iter_tunable_aliases(variant)]
    for key in tunables:
        if key not in names and key not in old_names:
            known = list(dict.fromkeys([*names, *SETTINGS]))
            kind = f"setting of {variant.name}"
            raise UnknownNameError(unknown_name_message(key, known, kind, aliases=old_names))


def tunable_names(options: Mapping[str, Any]) -> list[str]:
    """The names of all tunables of the mechanism that the options describe."""
    return list(dict.fromkeys(name for name, _ in iter_tunables(compose_variant(options))))


def compose_variant(options: Mapping[str, Any]) -> Variant:
    """The mechanism of the options with its parts, without tunables."""
    from attnviz.core.compose.compose import compose

    parts = {name: options[name] for name in PARTS if options.get(name) is not None}
    return compose(options.get("variant") or "multihead", **parts)
