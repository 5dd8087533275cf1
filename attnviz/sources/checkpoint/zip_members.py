"""Members of an uncompressed zip file: where their bytes are."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from attnviz.errors import InvalidInputError
from attnviz.sources.safe_read import one_line_message

LOCAL_HEADER_START = b"PK\x03\x04"
HEADER_BYTES = 30  # of a member, before its name
MAX_MEMBERS = 1 << 18


def zip_members(path: Path, file: NDArray[np.uint8]) -> dict[str, slice]:
    """The bytes of each member of a zip file, none of which may be compressed."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise InvalidInputError(
            f"its zip directory is damaged or cut off: {one_line_message(error)}"
        ) from None
    if len(members) > MAX_MEMBERS:
        raise InvalidInputError(f"it has more than {MAX_MEMBERS:,} members")
    places: dict[str, slice] = {}
    for member in members:
        head = file[member.header_offset : member.header_offset + HEADER_BYTES].tobytes()
        name, extra = (int.from_bytes(head[at : at + 2], "little") for at in (26, 28))
        start = member.header_offset + HEADER_BYTES + name + extra
        is_stored = member.compress_type == zipfile.ZIP_STORED and not member.flag_bits & 1
        is_inside = 0 <= start <= start + member.file_size <= len(file)
        if not is_stored or not is_inside or not head.startswith(LOCAL_HEADER_START):
            raise InvalidInputError(
                f"its member {member.filename!r:.80} is compressed, encrypted or damaged"
            )
        if member.filename in places:
            raise InvalidInputError(f"it has two members {member.filename!r:.80}")
        places[member.filename] = slice(start, start + member.file_size)
    return places
