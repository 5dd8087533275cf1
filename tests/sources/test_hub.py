"""Models by name: from the cache, then from the Hub, else an error of one line."""

import re
import shutil

import huggingface_hub
import pytest
from huggingface_hub import constants, errors, file_download
from safetensors.numpy import load_file

from attnviz.errors import CouldNotError, InvalidInputError
from attnviz.sources.model.checkpoint import open_checkpoint
from tests.sources.reference import MODELS, attend_unrecorded, encoding_of_ids
from tests.torch_files.writer import save

COMMIT = "0123456789abcdef0123456789abcdef01234567"
WANTED = {"config.json", "model.safetensors.index.json", "tokenizer.json"}


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache, and offline mode."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(file_download.constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    return tmp_path


def fill_cache(cache, name="org/tiny", folder="bert", revision="main"):
    """Put a checkpoint into the cache, laid out as by the Hub's library."""
    root = cache / f"models--{name.replace('/', '--')}"
    snapshot = root / "snapshots" / COMMIT
    shutil.copytree(MODELS / folder, snapshot, ignore=shutil.ignore_patterns("*.npz"))
    (root / "refs").mkdir(parents=True)
    (root / "refs" / revision).write_text(COMMIT)
    return snapshot


@pytest.mark.parametrize("folder", ["bert", "gemma"])
def test_a_cached_model_needs_no_network(cache, folder):
    snapshot = fill_cache(cache, folder=folder)
    checkpoint = open_checkpoint("org/tiny")
    assert checkpoint.name == "org/tiny"
    assert checkpoint.files.folder == snapshot
    assert checkpoint.run(encoding_of_ids([2, 3]), attend_unrecorded).shape == (2, 32)


def test_a_tokenizer_may_be_missing_in_the_cache(cache):
    (fill_cache(cache) / "tokenizer.json").unlink()
    checkpoint = open_checkpoint("org/tiny")
    with pytest.raises(CouldNotError, match=r"has no tokenizer\.json; save one there"):
        checkpoint.encode("a cat")


def test_weights_may_not_be_missing_in_the_cache(cache):
    (fill_cache(cache) / "model.safetensors").unlink()
    with pytest.raises(CouldNotError, match="HF_HUB_OFFLINE is set"):
        open_checkpoint("org/tiny")


@pytest.mark.parametrize(
    ("name", "message"),
    [("tf_model.h5", "from_tf=True"), ("flax_model.msgpack", "from_flax=True")],
)
def test_weights_of_another_framework_in_the_cache_are_named(cache, name, message):
    snapshot = fill_cache(cache)
    (snapshot / "model.safetensors").rename(snapshot / name)
    with pytest.raises(InvalidInputError, match=rf"stores its weights in '{name}'.*{message}"):
        open_checkpoint("org/tiny")


def test_a_bin_file_in_the_cache_needs_no_network(cache):
    snapshot = fill_cache(cache)
    tensors = load_file(snapshot / "model.safetensors")
    (snapshot / "model.safetensors").unlink()
    (snapshot / "pytorch_model.bin").write_bytes(save(tensors))
    assert open_checkpoint("org/tiny").files.weights[0].name == "pytorch_model.bin"


def test_tokenizer_files_in_the_cache_need_no_network(cache):
    snapshot = fill_cache(cache)
    (snapshot / "tokenizer.json").unlink()
    (snapshot / "vocab.txt").write_text("[UNK]\n[CLS]\n[SEP]\ncat\n[PAD]\n")
    assert open_checkpoint("org/tiny").encode("a cat").ids == (1, 0, 3, 2)


def test_a_revision_is_used(cache):
    fill_cache(cache, revision="v2")
    assert open_checkpoint("org/tiny", revision="v2").family.name == "bert"
    with pytest.raises(CouldNotError, match="org/tiny"):
        open_checkpoint("org/tiny")


def test_offline_and_not_in_the_cache(cache):
    with pytest.raises(CouldNotError) as caught:
        open_checkpoint("org/absent")
    assert str(caught.value) == (
        "cannot load model 'org/absent': no such folder, not in the cache, and "
        "HF_HUB_OFFLINE is set; unset it for one download, or give a folder"
    )


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("LocalEntryNotFoundError", "cannot reach the Hub (LocalEntryNotFoundError); check"),
        ("OfflineModeIsEnabled", "cannot reach the Hub (OfflineModeIsEnabled); check"),
        ("HFValidationError", "cannot reach the Hub (HFValidationError); check"),
        (
            "GatedRepoError",
            "access is restricted; request it on its page and set HF_TOKEN, or give",
        ),
        ("RepositoryNotFoundError", "no such model on the Hub; check the name, or give"),
        ("RevisionNotFoundError", "it has no revision 'v7'; check the name, or give a folder"),
    ],
)
def test_errors_of_the_hub_become_one_line(kind, said, cache, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)

    def fails(*args, **kwargs):
        error = getattr(errors, kind)
        raise error.__new__(error, "something\nlong")

    monkeypatch.setattr(huggingface_hub, "get_hf_file_metadata", fails)
    with pytest.raises(CouldNotError, match=re.escape(said)) as caught:
        open_checkpoint("org/absent", revision="v7")
    assert "\n" not in str(caught.value)


def test_only_config_tokenizer_and_weights_are_downloaded(cache, monkeypatch, tmp_path):
    asked = []

    def download(name, file, revision=None):
        asked.append((file, revision))
        snapshot = tmp_path / "fetched" / COMMIT
        snapshot.mkdir(parents=True, exist_ok=True)
        if not (MODELS / "gemma" / file).exists():
            raise errors.RemoteEntryNotFoundError.__new__(errors.RemoteEntryNotFoundError, file)
        shutil.copy(MODELS / "gemma" / file, snapshot / file)
        return str(snapshot / file)

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    checkpoint = open_checkpoint("org/tiny", revision="v1")
    assert checkpoint.run(encoding_of_ids([1, 3]), attend_unrecorded).shape == (2, 32)
    names = [file for file, _ in asked]
    shards = {file for file in names if file.startswith("model-0000")}
    assert len(shards) == len(checkpoint.files.weights) > 1
    assert set(names) == WANTED | shards
    assert asked[0] == ("config.json", "v1")
    assert {revision for _, revision in asked[1:]} == {COMMIT}


def test_invalid_model_names(cache):
    for name in ("a//b", "../x/..", "org/tiny/more", "-x"):
        with pytest.raises(CouldNotError, match="no folder"):
            open_checkpoint(name)
