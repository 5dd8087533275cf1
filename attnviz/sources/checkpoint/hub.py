"""Models of the Hugging Face Hub: from its cache, else downloaded."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from attnviz.errors import CouldNotError, InvalidInputError, MisuseError
from attnviz.sources.checkpoint.files import CONFIG, TOKENIZER, WEIGHT_NAMES, shard_names
from attnviz.sources.checkpoint.folder import is_model, quote
from attnviz.sources.checkpoint.other_weights import OTHER_FORMATS
from attnviz.sources.checkpoint.source import GGUF_EXTENSION, list_names

MAX_MODEL_NAME = 96  # the Hub's own limit
PART = r"[A-Za-z0-9][\w.-]*"
MODEL_NAME = re.compile(rf"{PART}(/{PART})?")
MODEL_FILE = re.compile(rf"({PART}/{PART})/((?:{PART}/)*{PART}\.gguf)")


def find_path(name: str, revision: str | None = None) -> Path:
    """The path of a checkpoint: a local one, or that of a snapshot in the Hub's cache.

    Cached files are not requested again, so a model that was used once needs no network. Only
    config.json, tokenizer files and weights are downloaded, of these safetensors files first; of
    a model without them, its GGUF file, which OWNER/NAME/FILE.gguf selects where there are
    several.
    Raises CouldNotError where there is no such path and no such model, or no network,
    InvalidInputError for a file that is no checkpoint.
    """
    path = Path(os.path.expanduser(name))  # noqa: PTH111 (leaves the name of an unknown user)
    if os.path.isdir(path):  # noqa: PTH112 (no error for a name that is too long)
        return path
    if os.path.exists(path):  # noqa: PTH110
        return check_file(path, name)
    if (match := MODEL_FILE.fullmatch(name)) and len(match[1]) <= MAX_MODEL_NAME:
        return fetch_named_file(HubModel(match[1], revision), match[2])
    if name.endswith(GGUF_EXTENSION):
        raise CouldNotError(f"there is no file {name!r}")
    if not MODEL_NAME.fullmatch(name) or len(name) > MAX_MODEL_NAME:
        raise CouldNotError(f"there is no folder {name!r}, and no such model on the Hub")
    return fetch_model(HubModel(name, revision))


def check_file(path: Path, name: str) -> Path:
    """The path of a GGUF file, by its first bytes; CouldNotError for any other file."""
    from attnviz.sources.checkpoint.gguf.header import is_gguf

    if is_gguf(path):
        return path
    if path.suffix == GGUF_EXTENSION:
        raise InvalidInputError(
            f"{name!r} does not begin with GGUF: it is damaged, or a Git LFS pointer that "
            "git lfs pull replaces by the file"
        )
    if is_model(path.parent):
        raise MisuseError(f"{name!r} is a file; give its folder: --model {quote(path.parent)}")
    raise CouldNotError(f"{name!r} is a file; give its folder, or a GGUF file")


def fetch_model(model: HubModel) -> Path:
    """The folder of a model of the Hub, or its GGUF file where it has no safetensors files."""
    try:
        config = model.fetch(CONFIG)
    except CouldNotError:  # without network, the cache may still have a GGUF file
        if file := only_gguf(model, model.cached_names()):
            return fetch_gguf(model, file)
        raise
    if config is None:
        if file := only_gguf(model, model.file_names()):
            return fetch_gguf(model, file)
        raise CouldNotError(f"model {model.name!r} has no {CONFIG} and no GGUF file")
    model = HubModel(model.name, config.parent.name)  # the other files of the same commit
    try:
        names = sorted(WEIGHT_NAMES, key=model.is_missing)
        has_weights = any(map(model.fetch_weights, names))
    except CouldNotError:  # without network, the cache may have weights of another framework
        if any(name.endswith(tuple(OTHER_FORMATS)) for name in model.cached_names()):
            return config.parent
        raise
    if not has_weights and (file := only_gguf(model, model.file_names())):
        return fetch_gguf(model, file)
    if model.fetch(TOKENIZER, required=False) is None:
        from attnviz.sources.tokenizing.special_tokens import SETTINGS_FILES
        from attnviz.sources.tokenizing.tokenizer_files import file_names

        for file in (*SETTINGS_FILES, *file_names()):
            model.fetch(file, required=False)
    return config.parent


def fetch_gguf(model: HubModel, file: str) -> Path:
    """The local path of a GGUF file of a model."""
    path = model.fetch(file)
    if path is None:
        raise CouldNotError(f"model {model.name!r} has no file {file!r}")
    return path


def fetch_named_file(model: HubModel, file: str) -> Path:
    """The same for a name that may have been meant as a local path."""
    try:
        return fetch_gguf(model, file)
    except CouldNotError as error:
        raise CouldNotError(f"there is no file '{model.name}/{file}'; {error}") from None


def only_gguf(model: HubModel, names: Sequence[str]) -> str | None:
    """The one GGUF file among the names; None without one. Several are an InvalidInputError."""
    files = [name for name in names if name.endswith(GGUF_EXTENSION)]
    if len(files) > 1:
        raise InvalidInputError(
            f"model {model.name!r} has {len(files)} GGUF files ({list_names(files)}); name one, "
            f"as in --model {model.name}/{files[0]}"
        )
    return files[0] if files else None


class HubModel:
    """A model of the Hub at one revision."""

    def __init__(self, name: str, revision: str | None) -> None:
        self.name, self.revision = name, revision

    def fetch(self, file: str, *, required: bool = True) -> Path | None:
        """The local path of a file of the model; None where the model has no such file.

        A file that is not required is also None where the download fails.
        """
        import huggingface_hub as hub
        from huggingface_hub import constants
        from huggingface_hub.errors import RemoteEntryNotFoundError
        from huggingface_hub.utils.tqdm import disable_progress_bars

        cached = hub.try_to_load_from_cache(self.name, file, revision=self.revision)
        if isinstance(cached, str):
            return Path(cached)
        if cached is not None:  # the cache has recorded that there is no such file
            return None
        if not sys.stderr.isatty():
            disable_progress_bars()
        try:
            if (
                not constants.HF_HUB_OFFLINE
            ):  # fails at once; a download would retry for half a minute
                url = hub.hf_hub_url(self.name, file, revision=self.revision)
                hub.get_hf_file_metadata(url)
            return Path(hub.hf_hub_download(self.name, file, revision=self.revision))
        except RemoteEntryNotFoundError:
            return None
        except Exception as error:  # of the network, the Hub or the disk
            if required:
                raise self.download_error(error) from None
            return None

    def file_names(self) -> list[str]:
        """The names of the model's files on the Hub; without network, of those in the cache."""
        import huggingface_hub as hub
        from huggingface_hub import constants

        try:
            if not constants.HF_HUB_OFFLINE:
                return sorted(hub.list_repo_files(self.name, revision=self.revision))
        except Exception as error:  # of the network or the Hub
            if not self.cached_names():
                raise self.download_error(error) from None
        return self.cached_names()

    def cached_names(self) -> list[str]:
        """The names of the model's files in the cache."""
        import huggingface_hub as hub

        try:
            folder = Path(
                hub.snapshot_download(self.name, revision=self.revision, local_files_only=True)
            )
        except Exception:  # nothing of it is in the cache
            return []
        files = (path for path in folder.rglob("*") if path.is_file())
        return sorted(path.relative_to(folder).as_posix() for path in files)

    def is_missing(self, weights: str) -> bool:
        """Whether neither a weight file nor its index is in the cache."""
        import huggingface_hub as hub

        files = (weights, f"{weights}.index.json")
        cached = (hub.try_to_load_from_cache(self.name, f, revision=self.revision) for f in files)
        return not any(isinstance(path, str) for path in cached)

    def fetch_weights(self, weights: str) -> bool:
        """Fetch a weight file, or those of its index; False where the model has neither."""
        index = self.fetch(f"{weights}.index.json", required=False)
        names = (weights,) if index is None else shard_names(index)
        return None not in [self.fetch(name) for name in names]

    def download_error(self, error: Exception) -> CouldNotError:
        """One line about a failed download, with what to do about it."""
        from huggingface_hub import constants, errors

        reasons: tuple[tuple[type[Exception], str], ...] = (
            (
                errors.GatedRepoError,
                "access is restricted; request it on its page and set HF_TOKEN",
            ),
            (errors.RepositoryNotFoundError, "no such model on the Hub; check the name"),
            (
                errors.RevisionNotFoundError,
                f"it has no revision {self.revision!r}; check the name",
            ),
        )
        otherwise = f"cannot reach the Hub ({type(error).__name__}); check the network"
        if constants.HF_HUB_OFFLINE:
            otherwise = "HF_HUB_OFFLINE is set; unset it for one download"
        otherwise = f"no such folder, not in the cache, and {otherwise}"
        reason = next((text for kind, text in reasons if isinstance(error, kind)), otherwise)
        return CouldNotError(f"cannot load model {self.name!r}: {reason}, or give a folder")
