"""A file that is truncated while it is mapped is an error, and not the end of the process."""

import mmap
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
from safetensors.numpy import save_file

from attnviz.errors import InvalidInputError
from attnviz.sources.checkpoint.mapped_file import find_mapping, map_bytes, require_whole
from attnviz.sources.checkpoint.weight_files import read_tensors

N = 1 << 16  # more than a page: what is beyond the new end cannot be read


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.float64])
def test_a_truncated_tensor_is_an_error(dtype, tmp_path):
    path = tmp_path / "model.safetensors"
    save_file({"w": (np.arange(N) % 100).astype(dtype).reshape(256, -1)}, path)
    tensor = read_tensors([path])["w"]
    assert tensor.read(slice(254, 256))[1, 3] == (255 * 256 + 3) % 100
    n_byte = path.stat().st_size
    os.truncate(path, 4096)
    for index in (..., slice(254, 256), np.array([255])):
        with pytest.raises(InvalidInputError, match=f"it has 4,096 of {n_byte:,} bytes"):
            tensor.read(index)


READ = """
import os, sys
from attnviz.sources.checkpoint.mapped_file import map_bytes
data = map_bytes(sys.argv[1])
os.truncate(sys.argv[1], 4096)
data.sum()
"""


def test_without_the_check_the_process_ends(tmp_path):
    path = tmp_path / "model.bin"
    path.write_bytes(bytes(N))
    ended = subprocess.run([sys.executable, "-c", READ, str(path)], check=False)
    assert ended.returncode == -signal.SIGBUS


def test_the_mapping_of_an_array_is_found(tmp_path):
    path = tmp_path / "model.bin"
    path.write_bytes(bytes(N))
    data = map_bytes(path)
    assert len(find_mapping(data[10:20].view("<u2").reshape(1, -1))) == N
    with path.open("rb") as file:
        mapping = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    assert find_mapping(np.frombuffer(mapping, np.uint8)[3:]) is mapping
    assert find_mapping(np.zeros(3, np.uint8)) is None
    require_whole(np.zeros(3, np.uint8))
