"""Damaged, hostile and unsupported GGUF files: each is refused in one line."""

import struct
import time

import numpy as np
import pytest
from gguf import GGMLQuantizationType as Kind

from attnviz.errors import CouldNotError, InvalidInputError
from attnviz.sources.checkpoint.gguf import reader
from attnviz.sources.checkpoint.gguf.header import read_header
from attnviz.sources.model.checkpoint import open_checkpoint
from tests.sources.gguf_writer import write_gguf
from tests.sources.reference import attend_unrecorded, encoding_of_ids

TEXT = encoding_of_ids([2, 9, 8, 3])


def text(content):
    """A string as it is stored."""
    return struct.pack("<Q", len(content.encode())) + content.encode()


def pair(key, kind, value):
    """A metadata key with the type and the bytes of its value."""
    return text(key) + struct.pack("<I", kind) + value


def entry(name, shape, kind=0, offset=0):
    """The entry of a tensor."""
    sizes = struct.pack(f"<I{len(shape)}Q", len(shape), *shape)
    return text(name) + sizes + struct.pack("<IQ", kind, offset)


def header(*pairs, tensors=(), version=3, n_key=None, n_tensor=None, data=b""):
    """A file of these parts; the counts may be others than those of the parts."""
    n_key = len(pairs) if n_key is None else n_key
    n_tensor = len(tensors) if n_tensor is None else n_tensor
    content = b"GGUF" + struct.pack("<IQQ", version, n_tensor, n_key)
    content += b"".join(pairs) + b"".join(tensors)
    return content + (bytes(-len(content) % 32) if tensors else b"") + data


ARCH = pair("general.architecture", 8, text("llama"))
HUGE = (1 << 63) - 1
VECTOR = entry("x", (8,))
DAMAGED = {
    "another magic": (b"GGML" + bytes(40), "it does not begin with GGUF"),
    "four bytes": (b"GGUF", "it ends within its header"),
    "version 1": (header(version=1), "its version is 1; supported: little-endian, versions 2"),
    "big-endian": (header(version=3 << 24), "it is big-endian; supported: little-endian"),
    "many keys": (header(n_key=HUGE), "it states 9,223,372,036,854,775,807 metadata keys; at mo"),
    "many tensors": (header(n_tensor=1 << 40), "it states 1,099,511,627,776 tensors; at most 65"),
    "more keys than there are": (header(ARCH, n_key=4), "it ends within a metadata key"),
    "a long key": (header(struct.pack("<Q", HUGE)), "it ends within a metadata key"),
    "a long string": (
        header(text("a") + struct.pack("<IQ", 8, HUGE)),
        "it ends within the value of 'a'",
    ),
    "a key that is not UTF-8": (
        header(struct.pack("<Q", 1) + b"\xff" + struct.pack("<IB", 0, 1)),
        "a metadata key is not UTF-8",
    ),
    "a string that is not UTF-8": (
        header(pair("a", 8, struct.pack("<Q", 1) + b"\xff")),
        "the value of 'a' is not UTF-8",
    ),
    "a key twice": (header(ARCH, ARCH), "the metadata key 'general.architecture' occurs twice"),
    "an unknown type": (header(pair("a", 13, b"")), "the value of 'a' has the unknown type 13"),
    "an array of arrays": (
        header(pair("a", 9, struct.pack("<IQ", 9, 1))),
        "the value of 'a' is an array of the type 9",
    ),
    "a long array": (
        header(pair("a", 9, struct.pack("<IQ", 6, HUGE))),
        "it ends within the value of 'a'",
    ),
    "a long array of strings": (
        header(pair("a", 9, struct.pack("<IQ", 8, HUGE))),
        "it ends within the value of 'a'",
    ),
    "a long string in an array": (
        header(pair("a", 9, struct.pack("<IQQ", 8, 1, HUGE))),
        "it ends within the value of 'a'",
    ),
    "an array that ends early": (
        header(pair("a", 9, struct.pack("<IQ", 8, 3) + text("b") + text("c"))),
        "it ends within the value of 'a'",
    ),
    "an alignment of 0": (
        header(pair("general.alignment", 4, struct.pack("<I", 0)), tensors=[VECTOR]),
        "general.alignment = 0 should be 1 to 1,048,576",
    ),
    "an alignment beyond the bound": (
        header(pair("general.alignment", 4, struct.pack("<I", (1 << 20) + 1)), tensors=[VECTOR]),
        "general.alignment = 1048577 should be 1 to 1,048,576",
    ),
    "an alignment that is a string": (
        header(pair("general.alignment", 8, text("x")), tensors=[VECTOR]),
        "general.alignment = 'x' should be 1 to",
    ),
    "a tensor without axes": (
        header(tensors=[text("x") + struct.pack("<IIQ", 0, 0, 0)]),
        "the tensor 'x' has 0 axes; 1 to 4 are read",
    ),
    "many axes": (
        header(tensors=[text("x") + struct.pack("<I", 1 << 31)]),
        "the tensor 'x' has 2,147,483,648 axes",
    ),
    "an axis of size 0": (
        header(tensors=[entry("x", (8, 0))]),
        "the tensor 'x' has an axis of size 0",
    ),
    "huge axes": (
        header(tensors=[entry("x", (HUGE, HUGE, HUGE, HUGE))]),
        r"bytes are missing at its end \(tensor 'x'\)",
    ),
    "an unknown kind": (
        header(tensors=[entry("x", (8,), kind=999)]),
        "the tensor 'x' has the unknown kind 999",
    ),
    "half a block": (
        header(tensors=[entry("x", (40,), kind=int(Kind.Q4_1))]),
        "the tensor 'x' has rows of 40 numbers; Q4_1 has blocks of 32",
    ),
    "an offset beyond the file": (
        header(tensors=[entry("x", (8,), offset=HUGE)]),
        r"bytes are missing at its end \(tensor 'x'\)",
    ),
    "a tensor without data": (
        header(tensors=[VECTOR]),
        r"32 bytes are missing at its end \(tensor 'x'\)",
    ),
    "a tensor twice": (header(tensors=[VECTOR, VECTOR], data=bytes(64)), "'x' occurs twice"),
    "tensors that overlap": (
        header(tensors=[VECTOR, entry("y", (8,), offset=16)], data=bytes(64)),
        "the tensors 'x' and 'y' overlap",
    ),
}


@pytest.mark.parametrize("what", DAMAGED)
def test_damaged_files(what, tmp_path):
    content, message = DAMAGED[what]
    path = tmp_path / "x.gguf"
    path.write_bytes(content)
    start = time.process_time()
    with pytest.raises(InvalidInputError, match=message) as caught:
        read_header(path)
    assert "\n" not in str(caught.value)
    assert time.process_time() - start < 1


def test_a_valid_file_is_not_refused(tmp_path):
    path = tmp_path / "x.gguf"
    path.write_bytes(
        header(ARCH, pair("a", 6, struct.pack("<f", 1.5)), tensors=[VECTOR], data=bytes(32))
    )
    content = read_header(path)
    assert content.metadata == {"general.architecture": "llama", "a": 1.5}
    assert content.tensors["x"].shape == (8,)


@pytest.mark.parametrize("alignment", [1, 8, 1 << 20])
def test_data_begin_at_the_stated_alignment(alignment, tmp_path):
    path = tmp_path / "x.gguf"
    stated = pair("general.alignment", 4, struct.pack("<I", alignment))
    content = header(stated, n_tensor=1) + VECTOR
    start = -(-len(content) // alignment) * alignment
    content += bytes(start + 32 - len(content))
    path.write_bytes(content)
    tensor = read_header(path).tensors["x"]
    assert (tensor.start, tensor.end) == (start, start + 32)
    path.write_bytes(content[:-1])
    with pytest.raises(InvalidInputError, match="1 bytes are missing at its end"):
        read_header(path)


def test_headers_and_vocabularies_are_bounded(tmp_path, monkeypatch):
    strings = pair("a", 9, struct.pack("<IQ", 8, 40) + 40 * text("word"))
    path = tmp_path / "x.gguf"
    path.write_bytes(header(strings))
    assert len(read_header(path).metadata["a"]) == 40
    monkeypatch.setattr(reader, "MAX_STRINGS", 39)
    with pytest.raises(InvalidInputError, match="its arrays have more than 39 strings"):
        read_header(path)
    monkeypatch.setattr(reader, "MAX_HEADER", 300)
    monkeypatch.setattr(reader, "MAX_STRINGS", 100)
    with pytest.raises(InvalidInputError, match="its header is larger than 300 bytes, at the val"):
        read_header(path)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(CouldNotError, match="No such file"):
        read_header(tmp_path / "absent.gguf")
    (tmp_path / "empty.gguf").touch()
    with pytest.raises(InvalidInputError, match="is empty"):
        read_header(tmp_path / "empty.gguf")


METADATA = {
    "no layers": ({"llama.block_count": None}, "llama.block_count is missing; it should be a num"),
    "0 layers": ({"llama.block_count": 0}, "llama.block_count = 0 should be an integer from 1 to"),
    "a size that is a string": (
        {"llama.embedding_length": "x"},
        'llama.embedding_length = "x" should be an integer',
    ),
    "heads that do not divide": (
        {"llama.attention.head_count": 5, "llama.attention.head_count_kv": 5}
        | {"llama.attention.key_length": None, "llama.attention.value_length": None},
        r"llama\.embedding_length = 32 is not divisible by llama\.attention\.head_count = 5",
    ),
    "key heads that do not divide": (
        {"llama.attention.head_count_kv": 3},
        r"head_count_kv = 3 does not divide llama\.attention\.head_count = 4",
    ),
    "values of another length": (
        {"llama.attention.value_length": 4},
        r"llama\.attention\.value_length = 4 should be 8, the length of a key",
    ),
    "heads per layer": (
        {"llama.attention.head_count": [4, 2]},
        r"llama\.attention\.head_count = \[4, 2\] should be an integer",
    ),
    "experts": ({"llama.expert_count": 8}, r"llama\.expert_count = 8 is not supported"),
    "an unknown key": ({"llama.residual_scale": 0.5}, r"llama\.residual_scale = 0\.5 is not supp"),
    "a partial rotation": (
        {"llama.rope.dimension_count": 4},
        r"llama\.rope\.dimension_count = 4 should be 8, the head dimension",
    ),
    "another scaling": (
        {"llama.rope.scaling.type": "new"},
        r'llama\.rope\.scaling\.type = "new" should be none, linear or yarn',
    ),
    "a base out of range": (
        {"llama.rope.freq_base": 0.0},
        r"llama\.rope\.freq_base = 0\.0 should be a number from 1\.001",
    ),
    "part of a split file": (
        {"split.no": 1, "split.count": 3},
        "is part 2 of 3 of a split GGUF file; merge them: `llama-gguf-split --merge",
    ),
    "an adapter": ({"general.type": "adapter"}, "is a LoRA adapter, not a model"),
    "a projector": ({"general.type": "mmproj"}, "is the image projector of a model"),
}


@pytest.mark.parametrize("what", METADATA)
def test_metadata_out_of_range_or_without_support(what, tmp_path):
    changes, message = METADATA[what]
    path = write_gguf(tmp_path / "x.gguf", "llama", "llama", metadata=changes)
    with pytest.raises(InvalidInputError, match=message) as caught:
        open_checkpoint(str(path))
    assert "\n" not in str(caught.value) and "config.json" not in str(caught.value)


def test_numbers_per_layer_may_all_be_the_same(tmp_path):
    changes = {"llama.feed_forward_length": [48, 48], "llama.expert_count": 0}
    path = write_gguf(tmp_path / "x.gguf", "llama", "llama", metadata=changes)
    assert open_checkpoint(str(path)).run(TEXT, attend_unrecorded).shape == (4, 32)


# Values that mean nothing, and one that is not supported, of keys of other architectures.
NEUTRAL = {
    "expert_count": (0, 8),
    "expert_used_count": (0, 2),
    "attention.clamp_kqv": (0.0, 8.0),
    "attention.max_alibi_bias": (0.0, 8.0),
    "rope.scaling.yarn_log_multiplier": (0.0, 0.5),
    "logit_scale": (1.0, 0.5),
}


@pytest.mark.parametrize("key", NEUTRAL)
def test_a_key_with_the_value_that_means_nothing_is_accepted(key, tmp_path):
    neutral, other = NEUTRAL[key]
    for value in {neutral, 0.0 if key == "logit_scale" else neutral}:
        path = write_gguf(tmp_path / "x.gguf", "llama", "llama", metadata={f"llama.{key}": value})
        assert open_checkpoint(str(path)).run(TEXT, attend_unrecorded).shape == (4, 32)
    path = write_gguf(tmp_path / "x.gguf", "llama", "llama", metadata={f"llama.{key}": other})
    with pytest.raises(InvalidInputError, match=rf"llama\.{key} = {other} is not supported"):
        open_checkpoint(str(path))


def test_an_unknown_architecture(tmp_path):
    path = tmp_path / "x.gguf"
    path.write_bytes(header(pair("general.architecture", 8, text("rwkv7"))))
    with pytest.raises(InvalidInputError, match=r"architecture 'rwkv7' is not supported\. Suppor"):
        open_checkpoint(str(path))
    path.write_bytes(header())
    with pytest.raises(InvalidInputError, match="a file without architecture is not supported"):
        open_checkpoint(str(path))


TENSORS = {
    "a tensor of another architecture": (
        {"blk.0.attn_sinks.weight": np.ones(4)},
        r"'blk\.0\.attn_sinks\.weight', which architecture 'llama' does not have",
    ),
    "no embeddings": ({"token_embd.weight": None}, r"has no tensor 'token_embd\.weight'"),
    "a matrix of frequencies": (
        {"rope_freqs.weight": np.ones((2, 2))},
        r"the tensor 'rope_freqs\.weight' should be a vector of kind F32",
    ),
}


@pytest.mark.parametrize("what", TENSORS)
def test_tensors_that_do_not_belong(what, tmp_path):
    changes, message = TENSORS[what]
    path = write_gguf(tmp_path / "x.gguf", "llama", "llama", tensors=changes)
    with pytest.raises(InvalidInputError, match=message):
        open_checkpoint(str(path))
