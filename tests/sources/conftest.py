"""Fixtures: tokenizer files."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def saved(tmp_path):
    """A function that writes a document as tokenizer.json and returns its path."""

    def save(document) -> str:
        path = tmp_path / "tokenizer.json"
        path.write_text(document if isinstance(document, str) else json.dumps(document))
        return str(path)

    return save
