"""Zip stream: an archive of stored members in chunks, the same bytes on every machine."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from attnviz.record import Record
from attnviz.render.data.chunk_sink import ChunkSink

ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date of a zip file; a constant one
UNIX, READABLE = 3, 0o644 << 16  # creator system and file mode of zip members


class Member(Record):
    """A file in an archive: `header`, then `n_byte` bytes that `blocks` makes anew each time."""

    name: str
    header: bytes
    n_byte: int
    blocks: Callable[[], Iterable[bytes]]


def zip_chunks(members: Iterable[Member]) -> Iterator[bytes]:
    """The archive in chunks; the checksum of a member is computed before its bytes are written.

    A member written with ZipFile.open has its size and checksum behind its bytes where the
    file cannot seek. Readers that go from member to member, without the directory at the end of
    the archive, need them in front.
    """
    sink = ChunkSink()
    with ZipFile(sink, "w", ZIP_STORED) as archive:
        for member in members:
            info = ZipInfo(member.name, ZIP_EPOCH)
            info.create_system, info.external_attr = UNIX, READABLE
            info.file_size = info.compress_size = len(member.header) + member.n_byte
            info.CRC = checksum(member)
            info.header_offset = sink.tell()
            sink.write(info.FileHeader())
            sink.write(member.header)
            for block in member.blocks():
                sink.write(block)
                yield sink.take()
            archive.filelist.append(info)
            archive.start_dir = sink.tell()
    yield sink.take()


def checksum(member: Member) -> int:
    """The CRC-32 of a member."""
    crc = zlib.crc32(member.header)
    for block in member.blocks():
        crc = zlib.crc32(block, crc)
    return crc
