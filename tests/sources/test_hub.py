"""Models by name: the cache first, then the hub, and one line where neither helps."""

import re
import shutil

import huggingface_hub
import pytest
from huggingface_hub import constants, errors, file_download

from attnviz.errors import CouldNotError
from attnviz.sources.model.checkpoint import open_checkpoint
from tests.sources.reference import MODELS, encoding, plainly

COMMIT = "0123456789abcdef0123456789abcdef01234567"
WANTED = {"config.json", "model.safetensors.index.json", "tokenizer.json"}


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache, and a network that must not be touched."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(file_download.constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    return tmp_path


def kept(cache, name="org/tiny", folder="bert", revision="main"):
    """Put a checkpoint into the cache, as the hub's library keeps it."""
    root = cache / f"models--{name.replace('/', '--')}"
    snapshot = root / "snapshots" / COMMIT
    shutil.copytree(MODELS / folder, snapshot, ignore=shutil.ignore_patterns("*.npz"))
    (root / "refs").mkdir(parents=True)
    (root / "refs" / revision).write_text(COMMIT)
    return snapshot


@pytest.mark.parametrize("folder", ["bert", "gemma"])
def test_what_is_in_the_cache_needs_no_network(cache, folder):
    snapshot = kept(cache, folder=folder)
    checkpoint = open_checkpoint("org/tiny")
    assert checkpoint.name == "org/tiny"
    assert checkpoint.files.folder == snapshot
    assert checkpoint.run(encoding([2, 3]), plainly).shape == (2, 32)


def test_a_tokenizer_may_be_missing_in_the_cache(cache):
    (kept(cache) / "tokenizer.json").unlink()
    checkpoint = open_checkpoint("org/tiny")
    with pytest.raises(CouldNotError, match="which says how text is cut"):
        checkpoint.encode("a cat")


def test_weights_may_not(cache):
    (kept(cache) / "model.safetensors").unlink()
    with pytest.raises(CouldNotError, match="HF_HUB_OFFLINE forbids"):
        open_checkpoint("org/tiny")


def test_a_revision_is_honoured(cache):
    kept(cache, revision="v2")
    assert open_checkpoint("org/tiny", revision="v2").family.name == "bert"
    with pytest.raises(CouldNotError, match="org/tiny"):
        open_checkpoint("org/tiny")


def test_offline_and_not_in_the_cache(cache):
    with pytest.raises(CouldNotError) as caught:
        open_checkpoint("org/absent")
    assert str(caught.value) == (
        "cannot get model 'org/absent': there is no such folder, it is not in the cache, and "
        "HF_HUB_OFFLINE forbids to fetch it; unset it once, or give a folder"
    )


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("LocalEntryNotFoundError", "the hub does not answer (LocalEntryNotFoundError); check"),
        ("OfflineModeIsEnabled", "the hub does not answer (OfflineModeIsEnabled); check"),
        ("HFValidationError", "the hub does not answer (HFValidationError); check"),
        ("GatedRepoError", "its owner has to allow it; ask there and set HF_TOKEN, or give"),
        ("RepositoryNotFoundError", "the hub has no such model; check the name, or give"),
        ("RevisionNotFoundError", "it has no revision 'v7'; check it, or give a folder"),
    ],
)
def test_what_the_hub_says_becomes_a_line(kind, said, cache, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)

    def fails(*args, **kwargs):
        error = getattr(errors, kind)
        raise error.__new__(error, "something\nlong")

    monkeypatch.setattr(huggingface_hub, "get_hf_file_metadata", fails)
    with pytest.raises(CouldNotError, match=re.escape(said)) as caught:
        open_checkpoint("org/absent", revision="v7")
    assert "\n" not in str(caught.value)


def test_only_these_kinds_of_files_are_fetched(cache, monkeypatch, tmp_path):
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
    assert checkpoint.run(encoding([1, 3]), plainly).shape == (2, 32)
    names = [file for file, _ in asked]
    shards = {file for file in names if file.startswith("model-0000")}
    assert len(shards) == len(checkpoint.files.weights) > 1
    assert set(names) == WANTED | shards
    assert asked[0] == ("config.json", "v1")
    assert {revision for _, revision in asked[1:]} == {COMMIT}


def test_no_model_has_such_a_name(cache):
    for name in ("a//b", "../x/..", "org/tiny/more", "-x"):
        with pytest.raises(CouldNotError, match="no folder"):
            open_checkpoint(name)
