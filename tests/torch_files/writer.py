"""A writer of torch.save files: the zip form, and the form before torch 1.6.

`Pickle` writes one operation a method, so that tests can write pickles that torch does not.
"""

from __future__ import annotations

import io
import struct
import zipfile

import numpy as np

STORAGES = {"<f4": "Float", "<f8": "Double", "<f2": "Half", "<i8": "Long", "<u2": "BFloat16"}
MAGIC = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."


class Pickle(bytearray):
    """A pickle of protocol 2."""

    def __init__(self, protocol=2):
        super().__init__(bytes([0x80, protocol]))

    def put(self, data):
        self.extend(data)
        return self

    def name(self, module, name):
        return self.put(f"c{module}\n{name}\n".encode())

    def text(self, text):
        data = text.encode()
        return self.put(b"X" + struct.pack("<I", len(data)) + data)

    def integer(self, n):
        size = (n.bit_length() + 8) // 8
        return self.put(b"\x8a" + bytes([size]) + n.to_bytes(size, "little", signed=True))

    def integers(self, numbers):
        self.put(b"(")
        for n in numbers:
            self.integer(n)
        return self.put(b"t")

    def storage(self, key, kind, n, *more):
        self.put(b"(").text("storage").name("torch", f"{kind}Storage").text(key).text("cpu")
        self.integer(n)
        return self.put(b"".join(more) + b"tQ")

    def tensor(self, key, kind, n, offset, shape, strides, *more):
        """A tensor of a storage of n elements."""
        self.name("torch._utils", "_rebuild_tensor_v2").put(b"(").storage(key, kind, n, *more)
        self.integer(offset).integers(shape).integers(strides).put(b"\x89")
        return self.name("collections", "OrderedDict").put(b")RtR")

    def end(self):
        return bytes(self.put(b"."))


def strides_of(array):
    return [n // array.itemsize for n in array.strides]


def pickle_of(arrays, *more):
    """The pickle of an OrderedDict of arrays, each with a storage of its own."""
    pickle = Pickle().name("collections", "OrderedDict").put(b")R(")
    for key, (name, array) in enumerate(arrays.items()):
        kind = STORAGES[array.dtype.str]
        pickle.text(name)
        pickle.tensor(str(key), kind, array.size, 0, array.shape, strides_of(array), *more)
    return pickle.put(b"u").end()


def zip_file(pickle, storages, order=b"little", compression=zipfile.ZIP_STORED):
    """The zip form of a pickle and its storages, by key."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        archive.writestr("archive/data.pkl", pickle)
        archive.writestr("archive/byteorder", order)
        for key, data in storages.items():
            archive.writestr(f"archive/data/{key}", data)
        archive.writestr("archive/version", b"3\n")
    return stream.getvalue()


def data_of(array):
    """The bytes of an array in the order in which they are stored."""
    order = np.argsort([-stride for stride in array.strides], kind="stable")
    return np.ascontiguousarray(array.transpose(order)).tobytes()


def save(arrays):
    """A torch.save file of arrays by name; uint16 arrays stand for bfloat16."""
    storages = {str(i): data_of(array) for i, array in enumerate(arrays.values())}
    return zip_file(pickle_of(arrays), storages)


def legacy_file(pickle, storages, little=True, protocol=1001):
    """The form before torch 1.6; `storages` has (number of elements, data) by key."""
    system = Pickle().put(b"}").text("little_endian").put(b"\x88" if little else b"\x89")
    keys = Pickle().put(b"](")
    for key in storages:
        keys.text(key)
    parts = [MAGIC, Pickle().integer(protocol).end(), system.put(b"s").end(), pickle]
    parts.append(keys.put(b"e").end())
    for n, data in storages.values():
        parts.append(n.to_bytes(8, "little") + data)
    return b"".join(parts)


def save_legacy(arrays):
    """A file as torch before 1.6 writes it."""
    storages = {str(i): (array.size, data_of(array)) for i, array in enumerate(arrays.values())}
    return legacy_file(pickle_of(arrays, b"N"), storages)
