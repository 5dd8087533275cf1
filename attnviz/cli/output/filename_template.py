"""File name templates: {n} is the number of a map, {id} its id."""

from __future__ import annotations

from hashlib import blake2b

NUMBER, ID = "{n}", "{id}"
MAX_ID_BYTES = 100


def is_template(path: str) -> bool:
    """Whether a path names one file per map."""
    return NUMBER in path or ID in path


def fill_template(template: str, number: int, id: str | None) -> str:
    """The file name of a map; where it has no id, {id} is its number."""
    safe = str(number) if id is None else safe_filename(id)
    return template.replace(NUMBER, str(number)).replace(ID, safe)


def safe_filename(id: str) -> str:
    """An id as part of a file name: letters and digits stay, all else becomes %XX.

    Different ids get different names, none can name another folder, and long ones end in a
    digest of the whole id.

    >>> safe_filename("a/../b"), safe_filename("Ünï 1")
    ('a%2F..%2Fb', 'Ünï%201')
    """
    name = "".join(c if c.isalnum() or c in "-_." else percent_encode(c) for c in id) or "%"
    name = name.replace(".", "%2E", 1) if name.startswith(".") else name
    data = name.encode()
    if len(data) <= MAX_ID_BYTES:
        return name
    digest = blake2b(id.encode(errors="surrogatepass"), digest_size=8).hexdigest()
    return f"{data[:MAX_ID_BYTES].decode(errors='ignore')}~{digest}"


def percent_encode(char: str) -> str:
    """The UTF-8 bytes of a character as %XX."""
    return "".join(f"%{byte:02X}" for byte in char.encode(errors="surrogatepass"))
