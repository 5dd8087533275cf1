"""Firefox without a window, driven by its own protocol (Marionette): JSON over a local socket."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from tests.render.browser import missing

NAMES = ("firefox-esr", "firefox")
PREFERENCES = {
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.page": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.proxy.type": 1,  # a proxy that does not exist: nothing is fetched
    "network.proxy.http": "127.0.0.1",
    "network.proxy.ssl": "127.0.0.1",
    "network.proxy.http_port": 9,
    "network.proxy.ssl_port": 9,
    "toolkit.telemetry.enabled": False,
}


class Firefox:
    """A session of a running Firefox."""

    def __init__(self, port: int):
        self.connection = connect(port)
        self.buffer = b""
        self.number = 0
        self.receive()  # the greeting
        self.send("WebDriver:NewSession", {"pageLoadStrategy": "normal"})

    def receive(self):
        """The next message: its length, a colon, JSON."""
        while b":" not in self.buffer:
            self.buffer += self.read()
        size, _, rest = self.buffer.partition(b":")
        while len(rest) < int(size):
            rest += self.read()
        self.buffer = rest[int(size) :]
        return json.loads(rest[: int(size)])

    def read(self) -> bytes:
        data = self.connection.recv(65536)
        if not data:
            raise ConnectionError("Firefox closed the connection")
        return data

    def send(self, command: str, parameters: dict):
        """The result of a command; AssertionError with Firefox's message if it fails."""
        self.number += 1
        message = json.dumps([0, self.number, command, parameters]).encode()
        self.connection.sendall(b"%d:%s" % (len(message), message))
        _, _, error, result = self.receive()
        assert error is None, error
        return result

    def go(self, path: Path, fragment: str = "") -> None:
        self.send("WebDriver:Navigate", {"url": "about:blank"})
        self.send("WebDriver:Navigate", {"url": f"{path.as_uri()}#{fragment}"})

    def run(self, script: str):
        """The value that a script returns; it sees the page as its own scripts do."""
        parameters = {"script": script, "args": [], "sandbox": None, "newSandbox": True}
        return self.send("WebDriver:ExecuteScript", parameters)["value"]

    def wait(self, script: str, seconds: float = 20):
        """The value of a script once it is true."""
        end = time.monotonic() + seconds
        while not (value := self.run(script)):
            assert time.monotonic() < end, f"not true in Firefox: {script}"
            time.sleep(0.05)
        return value


def connect(port: int) -> socket.socket:
    end = time.monotonic() + 60
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=60)
        except ConnectionRefusedError:
            assert time.monotonic() < end, "Firefox did not start"
            time.sleep(0.1)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


@contextmanager
def launched():
    """A running Firefox with a profile of its own, ended with the context."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        missing("firefox is not installed (apt-get install firefox-esr)")
    port = free_port()
    with tempfile.TemporaryDirectory() as profile:
        lines = {**PREFERENCES, "marionette.port": port}
        text = "".join(f'user_pref("{name}", {json.dumps(v)});\n' for name, v in lines.items())
        (Path(profile) / "user.js").write_text(text)
        command = [program, "--headless", "--marionette", "--no-remote", "--profile", profile]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            session = Firefox(port)
            yield session
            session.connection.close()
        finally:
            process.terminate()
            process.wait(30)
