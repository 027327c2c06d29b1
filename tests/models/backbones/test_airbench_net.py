from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from mmlite.errors import ConfigError
from mmlite.registry import MODELS

TINY = dict(type='AirbenchNet', widths=(4, 6))


def test_the_published_size():
    """Kernels and biases of the network in the paper's listing."""
    net = MODELS.build(dict(type='AirbenchNet'))
    widths = (24, 64, 256, 256)
    kernels = sum(9 * (a * b + b * b) for a, b in zip(widths, widths[1:], strict=False))
    biases = 24 + sum(2 * width for width in widths[1:])
    assert sum(p.numel() for p in net.parameters()) == kernels + biases
    assert net.whiten.weight.shape == (24, 3, 2, 2)


def test_the_computation_is_that_of_plain_layers():
    torch.manual_seed(0)
    net = MODELS.build(TINY)
    net.init_weights()
    x = torch.randn(2, 3, 13, 12)
    y = F.gelu(F.conv2d(x, net.whiten.weight, net.whiten.bias))
    for block in net.blocks:
        for i, (conv, norm) in enumerate(
            [(block.conv1, block.norm1), (block.conv2, block.norm2)]
        ):
            y = F.conv2d(y, conv.weight, padding=1)
            y = F.max_pool2d(y, 2) if i == 0 else y
            var, mean = torch.var_mean(y, dim=(0, 2, 3), correction=0, keepdim=True)
            y = F.gelu((y - mean) / var.sqrt() + norm.bias.view(-1, 1, 1))
    torch.testing.assert_close(net(x)[-1], y)


def test_it_starts_by_handing_its_input_through():
    net = MODELS.build(dict(TINY, widths=(24, 24)))
    net.init_weights()
    net.eval()  # norms with a mean of 0 and a variance of 1
    x = torch.randn(1, 3, 9, 9)
    y = F.gelu(net.whiten(x))
    for _ in net.blocks:
        y = F.gelu(F.gelu(F.max_pool2d(y, 2)))
    torch.testing.assert_close(net(x)[-1], y)


def test_norms_have_no_scale_to_learn_but_the_usual_entries():
    norm = MODELS.build(TINY).blocks[0].norm1
    assert [name for name, _ in norm.named_parameters()] == ['bias']
    usual = nn.BatchNorm2d(4)
    usual.load_state_dict(norm.state_dict())
    x = torch.randn(3, 4, 5, 5)
    torch.testing.assert_close(norm(x), usual(x))


def test_blocks_behind_the_last_output_are_left_out():
    net = MODELS.build(dict(TINY, out_indices=0))
    net(torch.randn(1, 3, 8, 8))[0].sum().backward()
    assert net.blocks[1].conv1.weight.grad is None


def test_wrong_arguments():
    with pytest.raises(ConfigError, match='one number of channels for each block'):
        MODELS.build(dict(TINY, widths=()))
    with pytest.raises(ConfigError, match='out_indices=2 must be'):
        MODELS.build(dict(TINY, out_indices=2))
