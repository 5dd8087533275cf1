"""Checksums of the files in tests/models."""

import hashlib
from pathlib import Path

MODELS = Path(__file__).parent.parent / "models"


def write_sums() -> None:
    """Write SHA256SUMS: the SHA-256 of every file."""
    files = sorted(p for p in MODELS.rglob("*") if p.is_file() and p.name != "SHA256SUMS")
    sums = [
        f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p.relative_to(MODELS)}" for p in files
    ]
    (MODELS / "SHA256SUMS").write_text("\n".join(sums) + "\n")
