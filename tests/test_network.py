"""Tests have no network, and attnviz uses none unless a model of the hub is named."""

import os
import socket
import threading
import urllib.error
import urllib.request

import pytest

from tests import network
from tests.cli.runner import run

ELSEWHERE = ("192.0.2.1", 80)  # an address of documentation, which no machine has


@pytest.fixture
def expected_attempts():
    """The attempts of this test, which are allowed to fail."""
    yield network.attempts
    network.attempts.clear()


def test_a_connection_is_refused_and_remembered(expected_attempts):
    with socket.socket() as one, pytest.raises(OSError, match="tests have no network"):
        one.connect(ELSEWHERE)
    assert expected_attempts == ["socket.connect '192.0.2.1'"]


def test_a_name_is_not_looked_up(expected_attempts):
    with pytest.raises(urllib.error.URLError, match="tests have no network"):
        urllib.request.urlopen("http://example.invalid/")
    assert expected_attempts == ["socket.getaddrinfo 'example.invalid'"]


def test_threads_are_refused_too(expected_attempts):
    def send():
        with socket.socket(type=socket.SOCK_DGRAM) as one, pytest.raises(OSError):
            one.sendto(b"a", ELSEWHERE)

    thread = threading.Thread(target=send)
    thread.start()
    thread.join()
    assert expected_attempts == ["socket.sendto '192.0.2.1'"]


def test_loopback_is_allowed():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), timeout=5).close()
    one, other = socket.socketpair()
    one.close()
    other.close()
    assert network.attempts == []


def test_only_a_model_of_the_hub_needs_the_network(expected_attempts, tmp_path, monkeypatch):
    """A mechanism, a file of attention and a shipped model do not try; a hub name does."""
    monkeypatch.chdir(tmp_path)
    for words in (("a b", "-o", "a.json"), ("render", "a.json"), ("a b", "--model", "induction")):
        assert run(*words).status == 0
    assert expected_attempts == []
    monkeypatch.setenv("HF_HOME", os.fspath(tmp_path))
    made = run("a b", "--model", "no-owner/no-such-model")
    assert made.status == 1 and "cannot reach the Hub" in made.err
    assert expected_attempts
