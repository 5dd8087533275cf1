"""GGUF files by their paths: a file, a blob of Ollama, a folder, a model of the Hub."""

import json
import shutil

import gguf
import huggingface_hub
import pytest
from huggingface_hub import constants, errors, file_download

from attnviz.api.model_info import describe_checkpoint
from attnviz.errors import CouldNotError, InvalidInputError
from attnviz.sources.checkpoint.source import find_source
from attnviz.sources.model.checkpoint import open_checkpoint
from tests.cli.runner import run
from tests.sources.gguf_writer import write_gguf
from tests.sources.reference import MODELS, attend_unrecorded, encoding_of_ids

COMMIT = "0123456789abcdef0123456789abcdef01234567"
TEXT = encoding_of_ids([2, 9, 8, 3])


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A GGUF file."""
    return write_gguf(tmp_path_factory.mktemp("gguf") / "tiny.gguf", "llama", "llama")


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache, and offline mode."""
    for place in (constants, file_download.constants):
        monkeypatch.setattr(place, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    return tmp_path


def fill_cache(cache, *names, content):
    """Put files into the cache, laid out as by the Hub's library."""
    root = cache / "models--org--tiny"
    snapshot = root / "snapshots" / COMMIT
    (root / "refs").mkdir(parents=True)
    (root / "refs" / "main").write_text(COMMIT)
    snapshot.mkdir(parents=True)
    for name in names:
        shutil.copy(content, snapshot / name)
    return snapshot


def runs(path):
    return open_checkpoint(str(path)).run(TEXT, attend_unrecorded).shape == (4, 32)


def test_a_file_a_blob_and_a_folder(tiny, tmp_path):
    blob = tmp_path / "blobs" / f"sha256-{'ab' * 32}"
    blob.parent.mkdir()
    shutil.copy(tiny, blob)
    (blob.parent / f"sha256-{'cd' * 32}").write_text("a license")
    (tmp_path / "folder").mkdir()
    shutil.copy(tiny, tmp_path / "folder" / "tiny.gguf")
    for path in (tiny, blob, blob.parent, tmp_path / "folder"):
        assert runs(path)


def test_safetensors_take_precedence_and_config_json_does_not(tiny, tmp_path):
    folder = tmp_path / "bert"
    shutil.copytree(MODELS / "bert", folder)
    shutil.copy(tiny, folder / "tiny.gguf")
    assert open_checkpoint(str(folder)).family.name == "bert"
    (folder / "model.safetensors").unlink()
    assert open_checkpoint(str(folder)).family.name == "llama"


def test_several_files_are_refused_by_name(tiny, tmp_path):
    for name in ("a.gguf", "b.gguf"):
        shutil.copy(tiny, tmp_path / name)
    with pytest.raises(
        InvalidInputError, match=r"\(a\.gguf, b\.gguf\); give .* model='.*/a\.gguf'"
    ):
        find_source(tmp_path)


def test_other_files_are_refused(tmp_path):
    (tmp_path / "x.gguf").write_text("version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(
        InvalidInputError, match="does not begin with GGUF: it is damaged, or a Git LFS"
    ):
        open_checkpoint(str(tmp_path / "x.gguf"))
    with pytest.raises(CouldNotError, match=r"there is no file 'absent\.gguf'"):
        open_checkpoint("absent.gguf")
    (tmp_path / "model.safetensors").touch()
    with pytest.raises(CouldNotError, match="is a file; give its folder, or a GGUF file"):
        open_checkpoint(str(tmp_path / "model.safetensors"))


def test_a_file_in_the_cache_needs_no_network(cache, tiny):
    fill_cache(cache, "tiny.gguf", content=tiny)
    assert runs("org/tiny")
    assert runs("org/tiny/tiny.gguf")
    with pytest.raises(CouldNotError, match=r"there is no file 'org/tiny/other\.gguf'; cannot l"):
        open_checkpoint("org/tiny/other.gguf")
    with pytest.raises(CouldNotError, match="HF_HUB_OFFLINE is set"):
        open_checkpoint("org/absent")


def test_several_files_of_a_model_are_refused_by_name(cache, tiny):
    fill_cache(cache, "Q4.gguf", "Q8.gguf", content=tiny)
    with pytest.raises(InvalidInputError, match=r"\(Q4\.gguf, Q8\.gguf\); name one, as in .*/Q4"):
        open_checkpoint("org/tiny")
    assert runs("org/tiny/Q8.gguf")


def test_a_model_of_the_hub_is_listed_and_its_file_downloaded(cache, tiny, monkeypatch, tmp_path):
    files, downloads = ["README.md", "tiny.gguf"], []

    def download(name, file, revision=None):
        downloads.append(file)
        if file not in files:
            raise errors.RemoteEntryNotFoundError.__new__(errors.RemoteEntryNotFoundError, file)
        return str(tiny)

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    monkeypatch.setattr(huggingface_hub, "get_hf_file_metadata", lambda url: None)
    monkeypatch.setattr(huggingface_hub, "list_repo_files", lambda name, revision=None: files)
    assert runs("org/tiny")
    assert downloads == ["config.json", "tiny.gguf"]
    files.remove("tiny.gguf")
    with pytest.raises(CouldNotError, match=r"'org/tiny' has no config\.json and no GGUF file"):
        open_checkpoint("org/tiny")


def test_the_description_names_quantization_and_tokenizer(tmp_path):
    kind = gguf.GGMLQuantizationType.Q8_0
    path = write_gguf(tmp_path / "x.gguf", "llama", "llama", kind=kind)
    facts = describe_checkpoint(str(path))
    assert facts["dtype"] == "Q8_0"
    assert facts["dtypes"] == {"Q8_0": 14, "float32": 7}
    assert facts["reads"] == "no text: there is no tokenizer"
    assert facts["bytes"] == path.stat().st_size
    out = run("models", str(path)).out
    assert "14 Q8_0, 7 float32" in out
    assert json.loads(run("models", str(path), "--json").out)["dtypes"] == facts["dtypes"]
