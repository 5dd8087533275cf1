"""%%watch in a notebook, with a shell that records what is displayed."""

from types import SimpleNamespace

import pytest

import attnviz

CELL = """
import torch
from torch import nn
model = nn.Transformer(8, 2, 1, 1, 16, batch_first=True)
for _ in range(2):
    model(torch.randn(1, 5, 8), torch.randn(1, 4, 8))
"""


class Shell:
    def __init__(self):
        self.magics, self.namespace, self.displayed = {}, {}, []
        self.display_pub = SimpleNamespace(publish=self.publish)
        attnviz.load_ipython_extension(self)

    def register_magic_function(self, function, magic_kind, magic_name):
        assert magic_kind == "cell"
        self.magics[magic_name] = function

    def publish(self, data):
        self.displayed.append(data)

    def run_cell(self, cell):
        exec(cell, self.namespace)


def test_maps_of_a_cell_are_displayed():
    shell = Shell()
    shell.magics["watch"]("", CELL)
    assert len(shell.displayed) == 6
    assert set(shell.displayed[0]) == {"text/html", "image/png", "text/plain"}
    assert "model" in shell.namespace


def test_arguments_of_the_magic():
    shell = Shell()
    shell.magics["watch"]("modules=decoder.* steps=-1 layers=0", CELL)
    assert len(shell.displayed) == 2
    assert "decoder.layers.0.self_attn" in shell.displayed[0]["text/plain"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--steps 1", "should be NAME=VALUE"),
        ("every=x", "every should be a whole number"),
        ("keep=links", "has no maps to display"),
        ("modules=nothing", "none of 6 attention calls"),
    ],
)
def test_what_cannot_be_done_is_one_line(line, message, capsys):
    shell = Shell()
    shell.magics["watch"](line, CELL)
    messages = capsys.readouterr().err
    assert message in messages and messages.count("\n") == 1 and not shell.displayed
