"""The program is not changed: its numbers, its exceptions, its gradients, its threads."""

import threading
import warnings

import pytest
import torch
from torch import nn
from torch.nn import functional

import attnviz


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.project = nn.Linear(8, 24)

    def forward(self, x):
        query, key, value = self.project(x).view(*x.shape[:2], 3, 2, 4).permute(2, 0, 3, 1, 4)
        out = functional.scaled_dot_product_attention(
            query, key, value, is_causal=True, dropout_p=0.1 if self.training else 0.0
        )
        return x + out.transpose(1, 2).flatten(2)


class Model(nn.Module):
    def __init__(self, n_layer=2):
        super().__init__()
        self.layers = nn.ModuleList(Block() for _ in range(n_layer))

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


def train(n_step=6):
    """The losses of a training loop."""
    torch.manual_seed(5)
    model, encoder = Model(), nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    optimizer = torch.optim.AdamW([*model.parameters(), *encoder.parameters()], 1e-2)
    losses = []
    for _ in range(n_step):
        x = torch.randn(4, 6, 8)
        loss = (encoder(model(x)) - x.roll(1, 1)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def test_losses_of_a_training_loop_are_identical():
    plain = train()
    with attnviz.watch(with_vectors=True, every=1) as seen:
        assert train() == plain
    assert len(seen.maps()) == 12
    assert {c.is_training for c in seen.captures} == {True}
    assert [c.run for c in seen.captures if c.site.layer == 1] == list(range(6))


def test_as_a_decorator():
    seen = attnviz.watch(steps=-1)
    assert seen(train)() == train()
    assert [m.meta["step"] for m in seen.maps()] == [5, 5]


def test_hooks_are_gone_after_an_exception():
    class Failing(nn.Module):
        def forward(self, x):
            raise RuntimeError("of the program")

    model = nn.Sequential(Block(), Failing())
    with pytest.raises(RuntimeError, match="of the program"), attnviz.watch() as seen:
        model(torch.randn(1, 3, 8))
    assert len(seen.captures) == 1
    with attnviz.watch() as seen:  # an exception that the program handles
        for _ in range(2):
            with pytest.raises(RuntimeError):
                model(torch.randn(1, 3, 8))
    assert [c.step for c in seen.captures] == [0, 1]


def test_an_exception_within_a_fused_module():
    encoder = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True).eval()
    with torch.no_grad(), attnviz.watch() as seen:
        with pytest.raises((RuntimeError, AssertionError)):
            encoder(torch.randn(1, 3, 9))
        encoder(torch.randn(1, 3, 8))
    assert len(seen.captures) == 1


def test_nested_and_entered_again():
    model, x = Model(1), torch.randn(1, 3, 8)
    outer = attnviz.watch()
    with outer:
        model(x)
        with attnviz.watch() as inner, outer:
            model(x)
        model(x)
    with outer:
        model(x)
    assert (len(outer.captures), len(inner.captures)) == (4, 1)
    assert [c.step for c in outer.captures] == [0, 1, 2, 3]


def test_contexts_that_end_in_another_order():
    first, second = attnviz.watch(), attnviz.watch()
    model, x = Model(1), torch.randn(1, 3, 8)
    first.__enter__()
    with torch.device("cpu"):
        second.__enter__()
        model(x)
        first.__exit__(None, None, None)
        model(x)
    second.__exit__(None, None, None)
    assert (len(first.captures), len(second.captures)) == (1, 2)


def test_each_thread_records_its_own_calls():
    model, captures = Model(1), {}

    def work(name, n):
        with attnviz.watch() as seen:
            for _ in range(n):
                model(torch.randn(1, 3, 8))
        captures[name] = len(seen.captures)

    threads = [threading.Thread(target=work, args=(n, n)) for n in (1, 5, 9)]
    threads.append(threading.Thread(target=model, args=(torch.randn(1, 3, 8),)))
    with attnviz.watch() as seen:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert captures == {1: 1, 5: 5, 9: 9}
    assert not seen.captures
    with pytest.raises(attnviz.AttnvizError, match="another thread"):
        seen.maps()


def test_checkpointed_layers_are_recorded_once():
    from torch.utils.checkpoint import checkpoint

    model, x = Model(2), torch.randn(1, 3, 8, requires_grad=True)
    with attnviz.watch() as seen:
        y = x
        for layer in model.layers:
            y = checkpoint(layer, y, use_reentrant=False)
        y.sum().backward()
    assert len(seen.captures) == 2


def test_under_autocast_weights_are_float32():
    model, x = Model(1).eval(), torch.randn(1, 5, 8)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        plain = model(x)
        with attnviz.watch() as seen:
            assert torch.equal(model(x), plain)
    (amap,) = seen.maps()
    assert abs(amap.row_sums - 1).max() < 1e-6


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_without_gradients(mode):
    with mode(), attnviz.watch() as seen:
        Model(1).eval()(torch.randn(1, 5, 8))
    assert "eval" in seen.maps()[0].meta["algebra"]


def test_tensors_without_numbers_are_stated():
    with attnviz.watch() as seen:
        Model(1).to("meta")(torch.randn(1, 3, 8, device="meta"))
    with pytest.raises(attnviz.AttnvizError, match="meta device"):
        seen.maps()


def test_the_limit_of_memory_is_stated_and_the_program_goes_on():
    model, x = Model(2).eval(), torch.randn(1, 40, 8)
    plain = model(x)
    n_byte = 2 * 40 * 40 * 5
    stopped = pytest.warns(UserWarning, match="recording stopped")
    with stopped, attnviz.watch(max_memory=n_byte) as seen:
        assert torch.equal(model(x), plain)
    with pytest.raises(attnviz.AttnvizError, match=r"\[1, 2, 40, 40\] take 16.0 kB"):
        seen.maps()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with attnviz.watch(max_memory=2 * n_byte) as seen:
            model(x)
    assert seen.maps()[0].weights.shape == (2, 2, 40, 40)
