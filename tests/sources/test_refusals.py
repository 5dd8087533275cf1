"""Damaged and unsupported checkpoints: each is refused with an error of one line."""

import json
import shutil

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import attnviz
from attnviz.errors import AttnvizWarning, CouldNotError, InvalidInputError, MisuseError
from attnviz.sources.model.checkpoint import open_checkpoint
from attnviz.sources.model.generate import generate
from tests.sources.reference import MODELS, RecordingAttend, attend_unrecorded, encoding_of_ids

TEXT = encoding_of_ids([2, 9, 8, 3])


@pytest.fixture
def folder(tmp_path):
    """A function that copies a checkpoint into a temporary folder."""

    def copy(name="bert"):
        shutil.copytree(MODELS / name, tmp_path / name)
        return tmp_path / name

    return copy


def run(path, text=TEXT, **more):
    return open_checkpoint(str(path)).run(text, attend_unrecorded, **more)


def edit_config(path, **changes):
    """Change config.json; None removes a key."""
    config = json.loads((path / "config.json").read_text()) | changes
    kept = {key: value for key, value in config.items() if value is not None}
    (path / "config.json").write_text(json.dumps(kept))


def edit_tensors(path, change):
    """Change the tensors."""
    tensors = load_file(path / "model.safetensors")
    change(tensors)
    save_file(tensors, path / "model.safetensors")


def assert_refused(path, message, error=InvalidInputError, **more):
    with pytest.raises(error, match=message) as caught:
        run(path, **more)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["bert", "gpt2", "llama", "gemma", "t5"])
def test_an_intact_checkpoint_is_not_refused(folder, name):
    assert np.isfinite(run(folder(name))).all()


def test_unknown_model_type(folder):
    path = folder()
    edit_config(path, model_type="super-bert")
    assert_refused(path, "model_type 'super-bert' is not supported; `attnviz models` lists the")


def test_no_model_type(folder):
    path = folder()
    edit_config(path, model_type=None)
    assert_refused(path, "a config.json without a model_type is not supported")


def test_missing_tensor(folder):
    path = folder()
    edit_tensors(path, lambda t: t.pop("bert.encoder.layer.1.attention.self.key.weight"))
    assert_refused(path, r"no tensor 'encoder.layer.1.attention.self.key.weight'")


def test_missing_bias(folder):
    path = folder()
    edit_tensors(path, lambda t: t.pop("bert.encoder.layer.1.attention.self.key.bias"))
    assert_refused(path, r"no tensor 'encoder.layer.1.attention.self.key.bias'")


@pytest.mark.parametrize("name", ["attention.self.query.weight", "output.LayerNorm.weight"])
def test_wrong_shape(folder, name):
    path, name = folder(), f"bert.encoder.layer.0.{name}"
    edit_tensors(path, lambda t: t.update({name: np.zeros((32, 5), np.float32)}))
    assert_refused(path, rf"tensor '{name}' should be 32( × 32)?; it is 32 × 5")


def test_embeddings_of_another_width(folder):
    path, name = folder(), "bert.embeddings.word_embeddings.weight"
    edit_tensors(path, lambda t: t.update({name: np.zeros((100, 31), np.float32)}))
    assert_refused(path, rf"tensor '{name}' should be any × 32; it is 100 × 31")


def test_missing_tokenizer(folder):
    path = folder()
    (path / "tokenizer.json").unlink()
    with pytest.raises(CouldNotError, match=r"no tokenizer.json; save one there"):
        open_checkpoint(str(path)).encode("a cat")
    assert np.isfinite(run(path)).all()


@pytest.mark.parametrize("name", ["model.pt", "weights.pkl", "tf_model.h5"])
def test_pickled_weights(folder, name):
    path = folder()
    (path / "model.safetensors").rename(path / name)
    assert_refused(path, f"stores its weights in '{name}'.*save_pretrained")


def test_quantized_by_config(folder):
    path = folder()
    edit_config(path, quantization_config={"quant_method": "gptq", "bits": 4})
    assert_refused(path, 'quantized weights with quant_method = "gptq" are not supported; supp')


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int32])
def test_quantized_tensors(folder, dtype):
    path, name = folder(), "bert.encoder.layer.0.attention.self.query.weight"
    edit_tensors(path, lambda t: t.update({name: np.zeros((32, 32), dtype)}))
    assert_refused(path, rf"'{name}' has dtype [IU]\d+; supported: F64, F32, F16, BF16")


def write_raw_file(path, header, data):
    """Write a safetensors file with exactly this header and data."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)


def split_file(path):
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
    header, data = split_file(path / "model.safetensors")
    end = len(data)
    header[name] = {"dtype": dtype, "shape": [32, 32], "data_offsets": [end, end + 1024]}
    write_raw_file(path / "model.safetensors", header, data + bytes(1024))
    assert_refused(path, f"'{name}' has dtype {dtype}; supported: F64, F32, F16, BF16")


def test_a_text_beyond_the_maximum_length(folder):
    path, long = folder(), encoding_of_ids([5] * 41)
    message = "the text has 41 tokens; .* accepts at most 40 tokens; .*truncate"
    assert_refused(path, message, MisuseError, text=long)
    assert len(run(path, encoding_of_ids([5] * 40))) == 40


def test_a_truncated_text_keeps_its_last_special_tokens(folder):
    checkpoint = open_checkpoint(str(folder()))
    text = checkpoint.encode("the cat " * 30)
    cut = checkpoint.fit_to_positions(text, truncate=True)
    assert len(cut.ids) == len(cut.tokens) == 40
    assert cut.ids[:38] == text.ids[:38]
    assert [t.piece for t in cut.tokens[-2:]] == ["cat", "[SEP]"]
    assert checkpoint.fit_to_positions(cut) is cut


def test_truncation_is_noted_and_recorded(folder):
    path, message = str(folder()), "text truncated from 62 to 40 tokens, the model's maximum"
    with pytest.warns(AttnvizWarning, match=message):
        amap = attnviz.look("the cat " * 30, model=path, truncate=True)
    assert amap.meta["truncated"] == {"text": [62, 40]} and len(amap.queries) == 40
    assert "truncated" not in attnviz.look("the cat", model=path, truncate=True).meta


def test_a_token_id_beyond_the_vocabulary(folder):
    message = "token id 100 is not in the model's vocabulary of 100 tokens: .* another model"
    assert_refused(folder(), message, text=encoding_of_ids([2, 100, 3]))


@pytest.mark.parametrize(
    "name", ["../model.safetensors", "/etc/passwd", "a\\b.safetensors", "sub/x.safetensors", ".x"]
)
def test_a_shard_outside_the_folder(folder, name):
    path = folder("gemma")
    index = path / "model.safetensors.index.json"
    table = json.loads(index.read_text())
    table["weight_map"]["model.norm.weight"] = name
    index.write_text(json.dumps(table))
    assert_refused(path, "lists the file .*it should be a .safetensors file in the same folder")


def test_a_shard_that_is_a_link_as_in_a_hubs_cache_is_read(folder, tmp_path):
    path = folder("gemma")
    shard = next(path.glob("model-00001*"))
    shard.rename(tmp_path / "blob")
    shard.symlink_to(tmp_path / "blob")
    assert np.isfinite(run(path)).all()


def test_a_missing_shard(folder):
    path = folder("gemma")
    next(path.glob("model-00001*")).unlink()
    assert_refused(
        path, "has no 'model-00001-of-.*', which model.safetensors.index.json", CouldNotError
    )


def test_an_index_without_a_map(folder):
    path = folder("gemma")
    (path / "model.safetensors.index.json").write_text("{}")
    assert_refused(path, "has no weight_map")


@pytest.mark.parametrize("keep", [0, 4, 7, 8, 100, -1])
def test_a_truncated_file(folder, keep):
    path = folder()
    raw = (path / "model.safetensors").read_bytes()
    (path / "model.safetensors").write_bytes(raw[:keep])
    assert_refused(path, "is not a valid safetensors file")


def test_a_duplicate_name_in_the_header(folder):
    path = folder()
    header, data = split_file(path / "model.safetensors")
    name, entry = next((n, e) for n, e in header.items() if n != "__metadata__")
    doubled = json.dumps(header)[:-1] + f", {json.dumps(name)}: {json.dumps(entry)}}}"
    write_raw_file(path / "model.safetensors", doubled.encode(), data)
    assert_refused(path, "is not a valid safetensors file")


def test_the_same_tensor_in_two_shards(folder):
    path = folder("gemma")
    one, two = sorted(path.glob("model-*.safetensors"))
    shutil.copy(one, two)
    assert_refused(path, "is in two files")


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        ("bert", "is_decoder", True),
        ("bert", "add_cross_attention", True),
        ("bert", "position_embedding_type", "relative_key_query"),
        ("mpnet", "relative_attention_num_buckets", 16),
        ("deberta-v2", "relative_attention", False),
        ("deberta", "talking_head", True),
        ("gpt2", "add_cross_attention", True),
        ("falcon", "num_ln_in_parallel_attn", 3),
        ("mpt", "expansion_ratio", 2),
        ("gemma", "use_bidirectional_attention", True),
    ],
)
def test_an_unsupported_feature(folder, name, key, value):
    path = folder(name)
    edit_config(path, **{key: value})
    assert_refused(path, f"{key} = {json.dumps(value)} is not supported for {name}")


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        (
            "bert",
            {"hidden_act": "hardtanh"},
            "hidden_act = 'hardtanh' is not supported; supported: gelu, ",
        ),
        ("llama", {"rope_parameters": {"rope_type": "axial"}}, "rope_type = .axial. is not supp"),
        ("llama", {"rope_parameters": {"rope_type": "linear"}}, "factor is missing"),
        ("phi3", {"partial_rotary_factor": 0.1, "rope_parameters": None}, "rotates 0 dimensions"),
        ("qwen2-sliding", {"layer_types": ["chunked"] * 3}, 'layer 0 has type "chunked"'),
        ("qwen2-sliding", {"layer_types": ["full_attention"]}, "should be a list of 3"),
        ("gpt_neo", {"attention_layers": None, "attention_types": 7}, "attention_types = 7"),
        (
            "deberta-v2",
            {"pos_att_type": "p2p"},
            "pos_att_type = .p2p. should list c2p, p2c or both",
        ),
        ("bert", {"num_attention_heads": 5}, "hidden_size = 32 is not divisible by num_attenti"),
        ("llama", {"num_key_value_heads": 3}, "num_key_value_heads = 3 does not divide"),
        (
            "bert",
            {"hidden_size": "32"},
            'hidden_size = "32" should be an integer from 1 to 1048576',
        ),
        ("bert", {"hidden_size": None}, "hidden_size is missing"),
        (
            "bert",
            {"layer_norm_eps": -1.0},
            "layer_norm_eps = -1.0 should be a number from 1e-30 to 1",
        ),
        ("bert", {"hidden_act": 3}, "hidden_act = 3 should be a string"),
        ("gpt2", {"scale_attn_weights": "yes"}, "scale_attn_weights = .yes. should be true or"),
        ("llama", {"rope_parameters": [1]}, "rope_parameters = .1. should be an object"),
    ],
)
def test_an_invalid_config_value(folder, name, changes, message):
    path = folder(name)
    edit_config(path, **changes)
    assert_refused(path, message)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1]", "should hold a JSON object"),
        ("{", "not JSON"),
        (
            '{"model_type": "bert", "a": [NaN]}',
            r"config.json: a\[0\] = NaN should be a finite number",
        ),
        ('{"model_type": "mamba2", "limit": Infinity}', "model_type 'mamba2' is not supported"),
        ('{"a": 1, "a": 2}', "duplicate key 'a' in a JSON object"),
        ('{"a": ' + "9" * 5000 + "}", "JSON that cannot be read"),
        ("[" * 100_000, "nested too deeply"),
        (" " * (5 << 20), "larger than 4,194,304 bytes"),
    ],
)
def test_a_config_that_is_not_a_json_object(folder, text, message):
    path = folder()
    (path / "config.json").write_text(text)
    assert_refused(path, message)


@pytest.mark.parametrize("name", ["no-such-folder/x/y", "./nowhere", "a b"])
def test_no_folder(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CouldNotError, match="there is no folder"):
        open_checkpoint(name)


def test_a_folder_without_a_config(tmp_path):
    assert_refused(tmp_path, r"is not a model folder \(no config.json\)", CouldNotError)


def test_a_file_instead_of_a_folder(folder):
    assert_refused(folder() / "config.json", "is a file; give its folder: ", MisuseError)


def test_a_folder_without_weights(folder):
    path = folder()
    (path / "model.safetensors").unlink()
    assert_refused(path, r"has no weights \(model.safetensors or ", CouldNotError)


def test_a_target_for_an_encoder(folder):
    assert_refused(folder(), "is no encoder-decoder; it takes no target", MisuseError, target=TEXT)


@pytest.mark.parametrize(
    ("architectures", "name"),
    [
        (["MarianMTModel"], "MarianMTModel"),
        (None, "AutoModel"),
        ([], "AutoModel"),
        (["x; import os"], "AutoModel"),
        ([3], "AutoModel"),
    ],
)
def test_the_advice_for_pickled_weights_keeps_the_output_head(folder, architectures, name):
    path = folder()
    edit_config(path, architectures=architectures)
    (path / "model.safetensors").rename(path / "pytorch_model.pt")
    assert_refused(path, rf"transformers\.{name}\.from_pretrained\(FOLDER\)\.save_pretrained")


def test_code_of_the_model_is_noted(folder):
    path = folder("qwen2")
    edit_config(path, auto_map={"AutoModel": "modeling_qwen.Qwen2Model"})
    with pytest.warns(
        AttnvizWarning, match=r"auto_map names code .* the attention is that of qwen2"
    ):
        open_checkpoint(str(path))


@pytest.mark.parametrize("name", ["llama", "gpt_neox", "mt5"])
def test_a_checkpoint_without_its_output_matrix_does_not_generate(folder, name):
    path = folder(name)
    heads = ("lm_head.weight", "embed_out.weight")
    edit_tensors(path, lambda t: [t.pop(head, None) for head in heads])
    edit_config(path, tie_word_embeddings=False)
    checkpoint = open_checkpoint(str(path))
    with pytest.raises(InvalidInputError, match=r"has no output matrix .*AutoModelFor"):
        generate(checkpoint, encoding_of_ids([4, 5]), 1, attend_unrecorded)
    edit_config(path, tie_word_embeddings=True)
    assert generate(open_checkpoint(str(path)), encoding_of_ids([4, 5]), 1, attend_unrecorded)


@pytest.mark.parametrize("name", ["llama", "qwen2-sliding", "gpt2", "t5", "bart"])
def test_a_bidirectional_decoder_masks_no_later_key_and_does_not_generate(folder, name):
    path = folder(name)
    edit_config(path, is_causal=False)
    checkpoint, attend = open_checkpoint(str(path)), RecordingAttend()
    target = encoding_of_ids([0, 4, 5, 6]) if len(checkpoint.stacks) > 1 else None
    checkpoint.run(encoding_of_ids([4, 5, 6, 7]), attend, target=target)
    kind = "self" if target is None else "decoder"
    assert all((weights > 0).all() for weights in attend.weights[kind])
    with pytest.raises(MisuseError, match="is bidirectional; generate needs a causal model"):
        generate(checkpoint, encoding_of_ids([4, 5]), 1, attend_unrecorded)
