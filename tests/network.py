"""No network: connections of this process beyond loopback fail, and so does their test."""

from __future__ import annotations

import errno
import ipaddress
import socket
import sys
from typing import Any

EVENTS = ("socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo")
LOCAL_NAMES = ("localhost", "", None, b"localhost")
attempts: list[str] = []  # since a test began


def block_network() -> None:
    """Refuse connections and name lookups beyond loopback, for as long as the process runs.

    An audit hook sees every use of Python's sockets, whatever library makes it.
    """
    sys.addaudithook(refuse)


def refuse(event: str, arguments: tuple[Any, ...]) -> None:
    """Raise OSError for an address beyond loopback, and remember it."""
    if event not in EVENTS:
        return
    if event == "socket.connect" and arguments[0].type == socket.SOCK_DGRAM:
        return  # sends nothing: libraries find the address of this machine by it
    address = arguments[0] if event == "socket.getaddrinfo" else arguments[1]
    host = address[0] if isinstance(address, tuple) else address
    if is_local(host, is_path=event != "socket.getaddrinfo" and not isinstance(address, tuple)):
        return
    attempts.append(f"{event} {host!r}")
    raise OSError(errno.ENETUNREACH, f"tests have no network: {host!r}")


def is_local(host: Any, *, is_path: bool) -> bool:
    """Whether a host is this machine; `is_path`: the address of a Unix socket."""
    if is_path or host in LOCAL_NAMES:
        return True
    try:
        address = ipaddress.ip_address(host.decode() if isinstance(host, bytes) else host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified
