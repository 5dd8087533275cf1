"""Bytes as a careless or a hostile hand would write them."""

from __future__ import annotations

import io
import json
import struct
import zipfile

import numpy as np
import pytest

from attnviz.errors import InvalidInputError
from attnviz.sources.external import read


def refused(data, reason):
    with pytest.raises(InvalidInputError, match=reason) as told:
        read(data)
    assert told.value.status == 3
    line = str(told.value)
    assert "\n" not in line
    assert "\x1b" not in line
    assert len(line) < 500


def npy(array, **how):
    made = io.BytesIO()
    np.save(made, array, **how)
    return made.getvalue()


def header(text, version=(1, 0), body=b""):
    text = text.encode().ljust(118) + b"\n"
    size = struct.pack("<H" if version == (1, 0) else "<I", len(text))
    return b"\x93NUMPY" + bytes(version) + size + text + body


def npz(members, compression=zipfile.ZIP_STORED):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", compression) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return made.getvalue()


def tensors(head, body=b"", size=None):
    head = head if isinstance(head, bytes) else json.dumps(head).encode()
    return struct.pack("<Q", len(head) if size is None else size) + head + body
