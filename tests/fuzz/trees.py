"""Mutations of a JSON value, at one place of its tree."""

from __future__ import annotations

import json
from random import Random
from typing import Any

VALUES = (
    *(
        None,
        True,
        -1,
        0,
        3,
        1 << 40,
        1 << 70,
        0.5,
        -0.5,
        1e300,
        1e-320,
        "",
        "a",
        "\ud800",
        "{0.a}",
    ),
    *([], {}, [[]], [1], [[1.0]], ["a"], [None], [[0.5, 0.5]], {"a": 1}, [1 << 64], [[[[0.5]]]]),
)
NUMBERS = (
    *(-1, 0, 1, 2, 255, 65536, 2**31 - 1, 2**31, 2**32, 2**63, 2**64, 10**30),
    *(-0.0, 1e-320, 1e308),
)
STRINGS = (
    *("", " ", "a", "the", "\0", "\n", "\x1b[31m", "\u2028", "\u202e", "\ud800", "\U0001f600"),
    *("{0.__class__}", "%s", "$HOME", "[UNK]", "a" * 300, "é" * 12_000, "ﷺ", "\\", '"', "▁", "##"),
    *("(a+)+$", "(a|aa)*$", ".*.*.*=", "(?=a)*", "(", "[", "\\p{L}", "a{1,99999}", "()", "$"),
)
STEP_LISTS = ("normalizers", "pretokenizers", "processors", "decoders")
COPIES = (2, 3, 50, 300)
DEPTHS = (1, 2, 10, 100, 200)


def change_tree(root: Any, random: Random) -> Any:
    """A copy of a JSON object or list with one change at a random place.

    Most changes keep the type of the value: another type is often refused at once.
    """
    root = copy_json(root)
    parent, key = choose_place(root, random)
    if parent is None:
        return root
    way = random.randrange(24)
    if way == 0:
        del parent[key]
    elif way == 1:
        parent[key] = copy_json(random.choice(VALUES))
    elif way == 2:
        parent[random.choice(STRINGS) if isinstance(parent, dict) else key] = parent[key]
    elif way == 3:
        parent[key] = nest(parent[key], random)
    elif way < 8:
        other, other_key = choose_place(root, random)
        if type(other[other_key]) is type(parent[key]):
            parent[key] = copy_json(other[other_key])
    else:
        parent[key] = change_value(parent[key], random)
    return root


def change_value(value: Any, random: Random) -> Any:
    """Another value of the same type."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, str):
        return random.choice((*STRINGS, value * 2, value[1:], value[:-1], value.swapcase()))
    if isinstance(value, int | float):
        return random.choice((*NUMBERS, value + 1, value - 1, -value, value / 2))
    if isinstance(value, list) and value:
        at = random.randrange(len(value))
        copies = [value[at]] * random.choice(COPIES)
        return value[:at] + random.choice(([], copies, value[at:][::-1])) + value[at + 1 :]
    if isinstance(value, dict) and value:
        first, second = random.choice(list(value)), random.choice(list(value))
        return {**value, first: value[second], second: value[first]}
    return copy_json(random.choice(VALUES))


def copy_json(value: Any) -> Any:
    """A copy that shares nothing."""
    return json.loads(json.dumps(value))


def choose_place(root: Any, random: Random) -> tuple[Any, Any]:
    """A container within the tree and a key or an index of it; None where it is empty."""
    place, parent, key = root, None, None
    while isinstance(place, dict | list) and place:
        if parent is not None and random.random() < 0.1:
            break
        parent = place
        key = random.choice(list(place) if isinstance(place, dict) else range(len(place)))
        place = place[key]
    return parent, key


def nest(value: Any, random: Random) -> Any:
    """A value within lists or objects, or in a sequence of steps of a tokenizer."""
    if random.random() < 0.3:
        return {"type": "Sequence", **{key: [value] for key in STEP_LISTS}}
    in_list = random.random() < 0.5
    for _ in range(random.choice(DEPTHS)):
        value = [value] if in_list else {"a": value}
    return value


def write_json(root: Any, random: Random) -> bytes:
    """The JSON text of a value; sometimes a member twice, escaped letters or deep lists."""
    text = json.dumps(root, ensure_ascii=random.random() < 0.5)
    way = random.randrange(60)
    if way < 3 and isinstance(root, dict) and root:
        key = random.choice(list(root))
        other = json.dumps(random.choice(list(root.values())))
        text = f"{{{json.dumps(key)}: {other}, {text[1:]}"
    elif way < 6:
        text = text.replace('"type"', '"typ\\u0065"', random.choice((1, -1)))
    elif way == 6:
        text = text.replace("null", "[" * 100_000 + "]" * 100_000, 1)
    return text.encode("utf-8", "surrogatepass")
