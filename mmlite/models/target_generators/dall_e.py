"""The tokenizer of DALL-E, as BEiT and CAE use it."""

from __future__ import annotations

import math
from collections import OrderedDict

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional as F

from ...errors import DataError
from ...registry import MODELS

__all__ = ['DALLEEncoder']


class Conv2d(nn.Module):
    """A convolution that keeps the size, with the names of DALL-E's checkpoint.

    Args:
        n_in: Channels of the input.
        n_out: Channels of the output.
        kw: Pixels of a side of the kernel.
        requires_grad: Whether it is trained.
    """

    def __init__(
        self, n_in: int, n_out: int, kw: int, requires_grad: bool = False
    ) -> None:
        super().__init__()
        weight = torch.empty(n_out, n_in, kw, kw)
        nn.init.normal_(weight, std=1 / math.sqrt(n_in * kw**2))
        self.w = nn.Parameter(weight, requires_grad)
        self.b = nn.Parameter(torch.zeros(n_out), requires_grad)
        self.kw = kw

    def forward(self, x: Tensor) -> Tensor:
        """The map, of the same size."""
        return F.conv2d(x, self.w, self.b, padding=(self.kw - 1) // 2)


class EncoderBlock(nn.Module):
    """A residual block, whose branch begins with its activation.

    Args:
        n_in: Channels of the input.
        n_out: Channels of the output.
        n_layers: Blocks of the network, by whose square the branch is divided.
        requires_grad: Whether it is trained.
    """

    def __init__(
        self, n_in: int, n_out: int, n_layers: int, requires_grad: bool = False
    ) -> None:
        super().__init__()
        self.post_gain = 1 / n_layers**2
        self.id_path: nn.Module = nn.Identity()
        if n_in != n_out:
            self.id_path = Conv2d(n_in, n_out, 1, requires_grad)
        hidden = n_out // 4
        widths = [n_in, hidden, hidden, hidden, n_out]
        steps: OrderedDict[str, nn.Module] = OrderedDict()
        for i in range(1, 5):
            kernel = 1 if i == 4 else 3
            steps[f'relu_{i}'] = nn.ReLU()
            steps[f'conv_{i}'] = Conv2d(widths[i - 1], widths[i], kernel, requires_grad)
        self.res_path = nn.Sequential(steps)

    def forward(self, x: Tensor) -> Tensor:
        """The map, of the same size."""
        return self.id_path(x) + self.post_gain * self.res_path(x)


@MODELS.register_module(name=['DALL-E', 'DALLEEncoder'])
class DALLEEncoder(BaseModule):
    """A network that gives the logits of visual words, one for 8 x 8 pixels.

    Paper: Zero-Shot Text-to-Image Generation, ICML 2021,
    https://arxiv.org/abs/2102.12092

    Args:
        group_count: Number of groups of blocks; all but the last halve the size.
        n_hid: Channels of the first group; each further one has twice as many.
        n_blk_per_group: Blocks of a group.
        input_channels: Channels of the images.
        vocab_size: Number of words.
        requires_grad: Whether it is trained.
        init_cfg: Config of the initialisation, e.g. the published weights.

    Shape:
        x: ``(B, input_channels, H, W)``.
        returns: ``(B, vocab_size, H / 8, W / 8)``.

    Raises:
        DataError: if the images have another number of channels.

    Example:
        >>> DALLEEncoder(n_hid=8, vocab_size=16)(torch.rand(1, 3, 16, 16)).shape
        torch.Size([1, 16, 2, 2])
    """

    def __init__(
        self,
        group_count: int = 4,
        n_hid: int = 256,
        n_blk_per_group: int = 2,
        input_channels: int = 3,
        vocab_size: int = 8192,
        requires_grad: bool = False,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.input_channels = input_channels
        n_layers = group_count * n_blk_per_group
        groups: OrderedDict[str, nn.Module] = OrderedDict()
        groups['input'] = Conv2d(input_channels, n_hid, 7, requires_grad)
        width = n_hid
        for i in range(group_count):
            steps: OrderedDict[str, nn.Module] = OrderedDict()
            for j in range(n_blk_per_group):
                out = n_hid * 2**i
                steps[f'block_{j + 1}'] = EncoderBlock(
                    width, out, n_layers, requires_grad
                )
                width = out
            if i < group_count - 1:
                steps['pool'] = nn.MaxPool2d(2)
            groups[f'group_{i + 1}'] = nn.Sequential(steps)
        conv = Conv2d(width, vocab_size, 1, requires_grad)
        groups['output'] = nn.Sequential(OrderedDict(relu=nn.ReLU(), conv=conv))
        self.blocks = nn.Sequential(groups)

    def forward(self, x: Tensor) -> Tensor:
        """The logits of the words."""
        if x.ndim != 4 or x.shape[1] != self.input_channels:
            raise DataError(
                f'DALL-E takes images (B, {self.input_channels}, H, W), got '
                f'{tuple(x.shape)}'
            )
        return self.blocks(x.float())
