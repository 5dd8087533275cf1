"""Valid files of every reader: where mutations start."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from attnviz.render.formats import find_format
from attnviz.sources.external.readers import READERS, find_reader
from tests.conftest import make_map
from tests.sources import external
from tests.sources.external.handmade_files import npy, npz, tensors

OWN = ("json", "jsonl", "csv", "tsv", "npz", "parquet", "safetensors", "html")
FIXTURES = sorted(filter(Path.is_file, Path(external.__path__[0], "fixtures").iterdir()))
TEXTS = (
    b"S-0\tun perro\nH-0\t-0.5\ta puppy\nA-0\t0-0 1-1\nA-1\t0.5,0.5 0,1\n",
    b"das Haus ||| 0-0 1-1 2-2\nein Hund ||| 0.75,0.25 0.5,0.5 0,1\n",
    b"0 ||| das Haus ||| F0= -0.3 ||| -0.3 ||| 0-0 1-1\n",
    b"0 ||| das Haus ||| 0-0 1-1 2-2 ||| WordScores= -1 -2 -3 ||| F0= -0.3 ||| -0.1\n",
    b"0 ||| ja ||| -0.41 ||| the house ||| 3 2\n0.8 0.1 0.1\n0 0.2 0.8\n\n",
    b"S-0\tRome\nH-0\t-1.6\tRom\nP-0\t-1 -1\nA-0\t0 1\n",
    b"0-0 1-2 2-1\n\n0-0 1p1\n",
    b'{"attention": [[0.5, 0.5], [1, 0]], "tokens": ["a", "b"], "input_ids": [1, 2]}',
    b",the,cat\nthe,0.5,0.5\ncat,0.2,0.8\n",
    b'query_token,key_token,weight\na,"b, c",1\na,d,0\n',
    b'{"id": "x", "attention": [[1]]}\n{"id": "y", "attention": [0.5, 0.5]}\n',
    b"\x80\x04N.",
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
