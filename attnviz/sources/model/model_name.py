"""Short name of a model, for titles: never the path of its folder."""

from __future__ import annotations

import re
from pathlib import Path, PurePath

# Folders that say nothing about the model in them: the folder above has its name.
PLAIN = re.compile(
    r"model|models?_?files|checkpoints?|checkpoint-\d+|snapshots?|[0-9a-f]{40}|final|best|last|"
    r"output|outputs|hf|pytorch|onnx|weights|main|latest",
    re.IGNORECASE,
)
HUB_CACHE = "models--"  # folders of the cache of the Hub: models--ORGANIZATION--NAME


def short_model_name(name: str) -> str:
    """The name of a model of the Hub as it is; of a folder or file, its own name.

    >>> short_model_name("sentence-transformers/all-MiniLM-L6-v2")
    'sentence-transformers/all-MiniLM-L6-v2'
    >>> short_model_name("/home/alice/lab/minilm/model")
    'minilm'
    >>> short_model_name("/cache/models--gpt2/snapshots/" + "0" * 40)
    'gpt2'
    """
    parts = [part for part in PurePath(name).parts if part.strip("./\\~")]
    is_path = name.startswith((".", "/", "~")) or len(parts) > 2 or Path(name).exists()
    if not is_path:
        return name
    if not parts:  # "." or "..": the folder itself has a name
        parts = list(Path(name).resolve().parts[1:]) or [name]
    named = [part for part in parts if not PLAIN.fullmatch(part)]
    last = (named or parts)[-1]
    return last.removeprefix(HUB_CACHE).replace("--", "/") if last.startswith(HUB_CACHE) else last
