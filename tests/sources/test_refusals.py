"""Checkpoints that are refused: each by name, in a line, and the sound one is not."""

import json
import shutil

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from attnviz.errors import CouldNotError, InvalidInputError, MisuseError
from attnviz.sources.model.checkpoint import open_checkpoint
from tests.sources.reference import MODELS, encoding, plainly

TEXT = encoding([2, 9, 8, 3])


@pytest.fixture
def folder(tmp_path):
    """A sound copy of a checkpoint, to be spoiled."""

    def copy(name="bert"):
        shutil.copytree(MODELS / name, tmp_path / name)
        return tmp_path / name

    return copy


def run(path, text=TEXT, **more):
    return open_checkpoint(str(path)).run(text, plainly, **more)


def say(path, **changes):
    """Change config.json; None takes a key out."""
    config = json.loads((path / "config.json").read_text()) | changes
    kept = {key: value for key, value in config.items() if value is not None}
    (path / "config.json").write_text(json.dumps(kept))


def rewrite(path, change):
    """Change the tensors."""
    tensors = load_file(path / "model.safetensors")
    change(tensors)
    save_file(tensors, path / "model.safetensors")


def refused(path, message, error=InvalidInputError, **more):
    with pytest.raises(error, match=message) as caught:
        run(path, **more)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["bert", "gpt2", "llama", "gemma", "t5"])
def test_the_sound_one_is_not_refused(folder, name):
    assert np.isfinite(run(folder(name))).all()


def test_unknown_model_type(folder):
    path = folder()
    say(path, model_type="super-bert")
    refused(path, "model_type 'super-bert' is not supported. There are: bert, roberta, ")


def test_no_model_type(folder):
    path = folder()
    say(path, model_type=None)
    refused(path, "a config.json without a model_type is not supported")


def test_missing_tensor(folder):
    path = folder()
    rewrite(path, lambda t: t.pop("bert.encoder.layer.1.attention.self.key.weight"))
    refused(path, r"no tensor 'encoder.layer.1.attention.self.key.weight'")


def test_missing_bias(folder):
    path = folder()
    rewrite(path, lambda t: t.pop("bert.encoder.layer.1.attention.self.key.bias"))
    refused(path, r"no tensor 'encoder.layer.1.attention.self.key.bias'")


@pytest.mark.parametrize("name", ["attention.self.query.weight", "output.LayerNorm.weight"])
def test_wrong_shape(folder, name):
    path, name = folder(), f"bert.encoder.layer.0.{name}"
    rewrite(path, lambda t: t.update({name: np.zeros((32, 5), np.float32)}))
    refused(path, rf"tensor '{name}' should be 32( × 32)?; it is 32 × 5")


def test_embeddings_of_another_width(folder):
    path, name = folder(), "bert.embeddings.word_embeddings.weight"
    rewrite(path, lambda t: t.update({name: np.zeros((100, 31), np.float32)}))
    refused(path, rf"tensor '{name}' should be any × 32; it is 100 × 31")


def test_missing_tokenizer(folder):
    path = folder()
    (path / "tokenizer.json").unlink()
    with pytest.raises(CouldNotError, match=r"no tokenizer.json, which says how text is cut"):
        open_checkpoint(str(path)).encode("a cat")
    assert np.isfinite(run(path)).all()


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "weights.pkl", "tf_model.h5"])
def test_pickled_weights(folder, name):
    path = folder()
    (path / "model.safetensors").rename(path / name)
    refused(path, f"keeps its weights in '{name}'.*save_pretrained")


def test_quantised_by_config(folder):
    path = folder()
    say(path, quantization_config={"quant_method": "gptq", "bits": 4})
    refused(path, "quantization_config asks for quantised weights")


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int32])
def test_quantised_tensors(folder, dtype):
    path, name = folder(), "bert.encoder.layer.0.attention.self.query.weight"
    rewrite(path, lambda t: t.update({name: np.zeros((32, 32), dtype)}))
    refused(path, rf"'{name}' is stored as [IU]\d+; there are F64, F32, F16, BF16")


def raw_file(path, header, data):
    """A safetensors file of these very bytes."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)


def parts_of(path):
    """The header and the data of a safetensors file."""
    raw = path.read_bytes()
    data = 8 + int.from_bytes(raw[:8], "little")
    return json.loads(raw[8:data]), raw[data:]


@pytest.mark.parametrize("dtype", ["F8_E4M3", "F8_E5M2"])
def test_eight_bit_floats(folder, dtype):
    path, name = folder(), "bert.encoder.layer.0.attention.self.query.weight"
    tensors = load_file(path / "model.safetensors")
    tensors.pop(name)
    save_file(tensors, path / "model.safetensors")
    header, data = parts_of(path / "model.safetensors")
    end = len(data)
    header[name] = {"dtype": dtype, "shape": [32, 32], "data_offsets": [end, end + 1024]}
    raw_file(path / "model.safetensors", header, data + bytes(1024))
    refused(path, f"'{name}' is stored as {dtype}; there are F64, F32, F16, BF16")


def test_a_text_longer_than_the_positions(folder):
    path, long = folder(), encoding([5] * 41)
    message = "the text has 41 tokens; model .* has positions for 40.*--truncate"
    refused(path, message, MisuseError, text=long)
    assert len(run(path, encoding([5] * 40))) == 40


def test_a_text_that_is_cut_keeps_its_end(folder):
    checkpoint = open_checkpoint(str(folder()))
    text = checkpoint.encode("the cat " * 30)
    cut = checkpoint.fitting(text, truncate=True)
    assert len(cut.ids) == len(cut.tokens) == 40
    assert cut.ids[:38] == text.ids[:38]
    assert [t.piece for t in cut.tokens[-2:]] == ["cat", "[SEP]"]
    assert checkpoint.fitting(cut) is cut


def test_a_vocabulary_smaller_than_a_number(folder):
    message = "has the number 100, but the model knows 100 words: .* another model"
    refused(folder(), message, text=encoding([2, 100, 3]))


@pytest.mark.parametrize(
    "name", ["../model.safetensors", "/etc/passwd", "a\\b.safetensors", "sub/x.safetensors", ".x"]
)
def test_a_shard_outside_the_folder(folder, name):
    path = folder("gemma")
    index = path / "model.safetensors.index.json"
    table = json.loads(index.read_text())
    table["weight_map"]["model.norm.weight"] = name
    index.write_text(json.dumps(table))
    refused(path, "names the file .*it should be a .safetensors file beside it")


def test_a_shard_that_is_a_link_as_in_a_hubs_cache_is_read(folder, tmp_path):
    path = folder("gemma")
    shard = next(path.glob("model-00001*"))
    shard.rename(tmp_path / "blob")
    shard.symlink_to(tmp_path / "blob")
    assert np.isfinite(run(path)).all()


def test_a_missing_shard(folder):
    path = folder("gemma")
    next(path.glob("model-00001*")).unlink()
    refused(path, "has no 'model-00001-of-.*', which model.safetensors.index.json", CouldNotError)


def test_an_index_without_a_map(folder):
    path = folder("gemma")
    (path / "model.safetensors.index.json").write_text("{}")
    refused(path, "has no weight_map")


@pytest.mark.parametrize("keep", [0, 4, 7, 8, 100, -1])
def test_a_truncated_file(folder, keep):
    path = folder()
    raw = (path / "model.safetensors").read_bytes()
    (path / "model.safetensors").write_bytes(raw[:keep])
    refused(path, "is no sound safetensors file")


def test_a_doubled_name_in_the_header(folder):
    path = folder()
    header, data = parts_of(path / "model.safetensors")
    name, entry = next((n, e) for n, e in header.items() if n != "__metadata__")
    doubled = json.dumps(header)[:-1] + f", {json.dumps(name)}: {json.dumps(entry)}}}"
    raw_file(path / "model.safetensors", doubled.encode(), data)
    refused(path, "is no sound safetensors file")


def test_the_same_tensor_in_two_shards(folder):
    path = folder("gemma")
    one, two = sorted(path.glob("model-*.safetensors"))
    shutil.copy(one, two)
    refused(path, "stands in two files")


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        ("bert", "is_decoder", True),
        ("bert", "add_cross_attention", True),
        ("bert", "position_embedding_type", "relative_key"),
        ("albert", "inner_group_num", 2),
        ("mpnet", "relative_attention_num_buckets", 16),
        ("deberta-v2", "relative_attention", False),
        ("deberta-v2", "conv_kernel_size", 3),
        ("gpt2", "add_cross_attention", True),
        ("opt", "layer_norm_elementwise_affine", False),
        ("bloom", "apply_residual_connection_post_layernorm", True),
        ("gemma", "use_bidirectional_attention", True),
    ],
)
def test_a_feature_that_is_not_there(folder, name, key, value):
    path = folder(name)
    say(path, **{key: value})
    refused(path, f"{key} = {json.dumps(value)} is not supported for {name}")


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("bert", {"hidden_act": "mish"}, "activation 'mish' is not supported; there are gelu, "),
        ("llama", {"rope_parameters": {"rope_type": "axial"}}, "rope_type = 'axial' is not supp"),
        ("llama", {"rope_parameters": {"rope_type": "linear"}}, "factor is missing"),
        ("phi3", {"partial_rotary_factor": 0.1, "rope_parameters": None}, "turns 0 dimensions"),
        ("qwen2-sliding", {"layer_types": ["chunked"] * 3}, 'layer 0 is of type "chunked"'),
        ("qwen2-sliding", {"layer_types": ["full_attention"]}, "should be a list of 3"),
        ("gpt_neo", {"attention_layers": None, "attention_types": 7}, "attention_types = 7"),
        ("deberta-v2", {"pos_att_type": "p2p"}, "pos_att_type = .p2p. should be of c2p and p2c"),
        ("bert", {"num_attention_heads": 5}, "hidden_size = 32 is not divisible by num_attenti"),
        ("llama", {"num_key_value_heads": 3}, "num_key_value_heads = 3 does not divide"),
        ("bert", {"hidden_size": "32"}, 'hidden_size = "32" should be a whole number above 0'),
        ("bert", {"hidden_size": None}, "hidden_size is missing"),
        ("bert", {"layer_norm_eps": -1.0}, "layer_norm_eps = -1.0 should be a number above 0"),
        ("bert", {"hidden_act": 3}, "hidden_act = 3 should be a word"),
        ("gpt2", {"scale_attn_weights": "yes"}, "scale_attn_weights = .yes. should be true or"),
        ("llama", {"rope_parameters": [1]}, "rope_parameters = .1. should be a mapping"),
    ],
)
def test_a_config_that_cannot_be_followed(folder, name, changes, message):
    path = folder(name)
    say(path, **changes)
    refused(path, message)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1]", "should hold a JSON object"),
        ("{", "is not JSON"),
        ('{"a": NaN}', "is not JSON: NaN is no number"),
        ('{"a": 1, "a": 2}', "the key 'a' stands there twice"),
        ('{"a": ' + "9" * 5000 + "}", "is not JSON"),
        ("[" * 100_000, "nested too deeply"),
        (" " * (5 << 20), "more than 4 MB"),
    ],
)
def test_a_config_that_is_none(folder, text, message):
    path = folder()
    (path / "config.json").write_text(text)
    refused(path, message)


@pytest.mark.parametrize("name", ["no-such-folder/x/y", "./nowhere", "a b"])
def test_no_folder(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CouldNotError, match="there is no folder"):
        open_checkpoint(name)


def test_a_folder_that_is_no_checkpoint(tmp_path):
    refused(tmp_path, r"has no config.json: it is no checkpoint", CouldNotError)


def test_a_file_instead_of_a_folder(folder):
    refused(folder() / "config.json", "is a file; give the folder", CouldNotError)


def test_a_folder_without_weights(folder):
    path = folder()
    (path / "model.safetensors").unlink()
    refused(path, "neither model.safetensors nor", CouldNotError)


def test_a_target_for_a_model_that_reads_one_text(folder):
    refused(folder(), "reads one text; it has no target", MisuseError, target=TEXT)
