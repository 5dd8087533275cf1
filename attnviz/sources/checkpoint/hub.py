"""Models of the Hugging Face Hub: from its cache, else downloaded."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from attnviz.errors import CouldNotError
from attnviz.sources.checkpoint.files import CONFIG, INDEX, TOKENIZER, WEIGHTS, shard_names

MAX_MODEL_NAME = 96  # the Hub's own limit
MODEL_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")


def find_folder(name: str, revision: str | None = None) -> Path:
    """The folder of a checkpoint: a local path, or a snapshot in the Hub's cache.

    Cached files are not requested again, so a model that was used once needs no network. Only
    config.json, tokenizer files and safetensors files are downloaded.
    Raises CouldNotError where there is no such folder and no such model, or no network.
    """
    path = Path(os.path.expanduser(name))  # noqa: PTH111 (leaves the name of an unknown user)
    if os.path.isdir(path):  # noqa: PTH112 (no error for a name that is too long)
        return path
    if os.path.exists(path):  # noqa: PTH110
        raise CouldNotError(f"{name!r} is a file; give its folder")
    if not MODEL_NAME.fullmatch(name) or len(name) > MAX_MODEL_NAME:
        raise CouldNotError(f"there is no folder {name!r}, and no such model on the Hub")
    model = HubModel(name, revision)
    config = model.fetch(CONFIG)
    if config is None:
        raise CouldNotError(f"model {name!r} has no {CONFIG}")
    model = HubModel(name, config.parent.name)  # the other files of the same commit
    index = model.fetch(INDEX, required=False)
    for weights in (WEIGHTS,) if index is None else shard_names(index):
        model.fetch(weights)
    if model.fetch(TOKENIZER, required=False) is None:
        from attnviz.sources.tokenizing.special_tokens import SETTINGS_FILES
        from attnviz.sources.tokenizing.tokenizer_files import file_names

        for file in (*SETTINGS_FILES, *file_names()):
            model.fetch(file, required=False)
    return config.parent


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
