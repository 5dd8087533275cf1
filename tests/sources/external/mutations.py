"""Mutations of valid files: of bytes, of numbers and words, of JSON values and zip members."""

from __future__ import annotations

import io
import json
import re
import zipfile
from pathlib import Path

import numpy as np

from attnviz.render.formats import find_format
from attnviz.sources.external.readers import READERS, find_reader
from tests.conftest import make_map
from tests.sources.external.hand import npy, npz, tensors

OWN = ("json", "jsonl", "csv", "tsv", "npz", "parquet", "safetensors", "html")
FIXTURES = sorted((Path(__file__).parent / "fixtures").iterdir())
TEXTS = (
    b"S-0\tun perro\nH-0\t-0.5\ta puppy\nA-0\t0-0 1-1\nA-1\t0.5,0.5 0,1\n",
    b"das Haus ||| 0-0 1-1 2-2\nein Hund ||| 0.75,0.25 0.5,0.5 0,1\n",
    b"0 ||| das Haus ||| F0= -0.3 ||| -0.3 ||| 0-0 1-1\n",
    b"0-0 1-2 2-1\n0-0 1p1\n",
    b'{"attention": [[0.5, 0.5], [1, 0]], "tokens": ["a", "b"], "input_ids": [1, 2]}',
    b"\x80\x04N.",
)
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
DTYPES = ("<f4", ">f8", "<f2", "?", "|u1", "<i8", "<U3", "|S4", "<c8", "<M8[s]", ">u2")
NAMES = (
    *("weights", "visible", "hidden", "tokens", "queries", "layer_0", "arr_1", "key_vectors"),
    *("attention_mask", "input_ids", "document", "beam_indices", "step_0.layer_1", "key_tokens"),
)


def valid_files():
    """Valid files of each reader, by its name."""
    amap = make_map(visible=np.ones((3, 3), dtype=bool), text="The cat sat")
    tables = {"attention": np.eye(3, dtype=np.float32), "tokens": np.array(["a", "b", "c"])}
    header = {"attention": {"dtype": "BF16", "shape": [2, 2], "data_offsets": [0, 8]}}
    files = [find_format(name).render(amap) for name in OWN]
    files += [path.read_bytes() for path in FIXTURES if not path.name.endswith(".gz")]
    files += [*TEXTS, npy(np.eye(3)), tensors(header, bytes(8))]
    files.append(npz((f"{name}.npy", npy(array)) for name, array in tables.items()))
    by_reader = {row.name: [] for row in READERS}
    for data in files:
        by_reader[find_reader(data).name].append(data)
    return by_reader


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
    """One value of the longest JSON object in the data, replaced, removed or renamed."""
    braces = [match.start() for match in re.finditer(rb"\{", data)]
    start = max(braces, key=lambda at: size_at(data, at), default=0)
    text = data[start:].decode("utf-8", "replace")
    try:
        root, end = json.JSONDecoder().raw_decode(text)
    except ValueError:
        return change_bytes(data, random)
    place = root
    for _ in range(random.randrange(6)):
        items = list(place.values()) if isinstance(place, dict) else place
        inner = [item for item in items if isinstance(item, dict | list) and item]
        if not inner:
            break
        place = random.choice(inner)
    if not place:
        return change_bytes(data, random)
    key = random.choice(list(place) if isinstance(place, dict) else range(len(place)))
    if random.random() < 0.2:
        del place[key]
    else:
        place[key] = random.choice(VALUES)
    return data[:start] + json.dumps(root).encode() + text[end:].encode("utf-8", "replace")


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
