"""Names of files with a number or an id in them."""

from __future__ import annotations

from hashlib import blake2b

NUMBER, ID = "{n}", "{id}"  # where they go
LONGEST = 100  # bytes of an id


def is_template(path: str) -> bool:
    """Whether there is a file for each map."""
    return NUMBER in path or ID in path


def named(template: str, number: int, id: str | None) -> str:
    """The name of a file: its number and its id (or else its number) in their places."""
    safe = str(number) if id is None else safely(id)
    return template.replace(NUMBER, str(number)).replace(ID, safe)


def safely(id: str) -> str:
    """An id as part of a file's name: letters and digits stay, all else becomes %XX.

    Different ids have different names, none of them names another folder, and long ones end
    in a digest of the whole.

    >>> safely("a/../b"), safely("Ünï 1")
    ('a%2F..%2Fb', 'Ünï%201')
    """
    raw = "".join(c if c.isalnum() or c in "-_." else escaped(c) for c in id) or "%"
    raw = raw.replace(".", "%2E", 1) if raw.startswith(".") else raw
    data = raw.encode()
    if len(data) <= LONGEST:
        return raw
    digest = blake2b(id.encode(errors="surrogatepass"), digest_size=8).hexdigest()
    return f"{data[:LONGEST].decode(errors='ignore')}~{digest}"


def escaped(char: str) -> str:
    """The bytes of a character as %XX."""
    return "".join(f"%{byte:02X}" for byte in char.encode(errors="surrogatepass"))
