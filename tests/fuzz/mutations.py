"""Mutations of valid files: of bytes, of numbers and words, of JSON values and zip members."""

from __future__ import annotations

import io
import json
import re
import zipfile

import numpy as np

from tests.fuzz.trees import change_tree, write_json
from tests.sources.external.handmade_files import npy, npz

NUMBERS = (
    *(b"0 1 2 3 7 -1 -0 -0.0 1.5 1e400 -1e999 1e-400 1e38 255 256 65535 65536 131072").split(),
    *(b"2147483647 2147483648 4294967296 9223372036854775807 18446744073709551616").split(),
    b"9" * 400,
    b"NaN",
    b"Infinity",
)
WORDS = (
    *(b"null true [] {} [[]] [null] {{ }} %s {0} {0.__class__} \\ud800 \\u0000").split(),
    *("\U0001f600 \u2028 \u202e [red] [/] ../../etc/passwd <f4 >f8 <U2 |S3 |O <c8 (?:")
    .encode()
    .split(),
    b"\x00",
    b"\n",
    b"\x1b[31m",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b",",
    b'"',
)
DTYPES = ("<f4", ">f8", "<f2", "?", "|u1", "<i8", "<U3", "|S4", "<c8", "<M8[s]", ">u2")
NAMES = (
    *("weights", "visible", "hidden", "tokens", "queries", "layer_0", "arr_1", "key_vectors"),
    *("attention_mask", "input_ids", "document", "beam_indices", "step_0.layer_1", "key_tokens"),
)


def mutate(data, random):
    """A file with one to three changes of one kind."""
    kinds = [change_bytes, change_bytes, change_number, change_word]
    if data.startswith(b"PK"):
        kinds = [change_member, change_member, change_bytes]
    elif b"{" in data[:200_000] and not data.startswith(b"\x93"):
        kinds.append(change_value)
    change = random.choice(kinds)
    for _ in range(random.choice((1, 1, 2, 3))):
        data = change(data, random)
    return data


def change_bytes(data, random):
    """Some bytes deleted, repeated, inverted or replaced."""
    start = random.randrange(min(len(data), random.choice((16, 128, 1 << 20))) + 1)
    length = random.choice((0, 1, 1, 2, 4, 8, 50, len(data)))
    part = data[start : start + length]
    new = random.choice((b"", part * 2, part[::-1], random.randbytes(min(len(part), 8) or 3)))
    return data[:start] + new + data[start + length :]


def replace_one(pattern, data, values, random):
    """One match of a pattern, replaced by one of the values."""
    matches = list(re.finditer(pattern, data))
    if not matches:
        return change_bytes(data, random)
    match = random.choice(matches[: random.choice((5, len(matches)))])
    return data[: match.start()] + random.choice(values) + data[match.end() :]


def change_number(data, random):
    """One number replaced by one at the border of a type."""
    return replace_one(rb"-?[0-9]+(?:\.[0-9]+)?", data, NUMBERS, random)


def change_word(data, random):
    """One word or sign replaced by another, or by one with a meaning elsewhere."""
    return replace_one(rb"[A-Za-z_]+|[\[\]{}:\",\t|]", data, WORDS, random)


def change_value(data, random):
    """One change of the longest JSON object in the data."""
    braces = [match.start() for match in re.finditer(rb"\{", data)]
    start = max(braces, key=lambda at: size_at(data, at), default=0)
    text = data[start:].decode("utf-8", "replace")
    try:
        root, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):  # an earlier change
        return change_bytes(data, random)
    text_after = text[end:].encode("utf-8", "replace")
    return data[:start] + write_json(change_tree(root, random), random) + text_after


def size_at(data, start):
    """The distance from a brace to the last one on its line."""
    end = data.find(b"\n", start)
    return data.rfind(b"}", start, len(data) if end < 0 else end) - start


def change_member(data, random):
    """One member of a zip file changed, replaced or added; the checksums are right."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = {info.filename: archive.read(info) for info in archive.infolist()}
    except Exception:  # an earlier change
        return change_bytes(data, random)
    name = random.choice([*members, f"{random.choice(NAMES)}.npy"])
    way = random.randrange(4)
    if way == 0 and name in members:
        members[name] = change_bytes(members[name], random)
    elif way == 1 and name in members:
        members[name] = change_number(members[name][:128], random) + members[name][128:]
    elif way == 2:
        shape = random.choice(((), (1,), (3,), (3, 3), (1, 1, 3, 3), (1, 2, 3, 3), (0, 3)))
        dtype = np.dtype(random.choice(DTYPES))
        n_byte = int(np.prod(shape)) * dtype.itemsize
        raw = random.choice((bytes(n_byte), random.randbytes(n_byte), b"\x01" * n_byte))
        members[name] = npy(
            np.frombuffer(raw, dtype).reshape(shape) if n_byte else np.zeros(shape)
        )
    else:
        members.pop(name, None)
    return npz(members.items())
