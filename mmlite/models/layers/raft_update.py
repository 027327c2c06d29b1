"""The update of RAFT-Stereo and IGEV: recurrent units at three sizes."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

__all__ = ['Gates', 'RAFTUpdateBlock']

Gates = Sequence[Tensor]


class _ConvGRU(nn.Module):
    """A gated recurrent unit of convolutions, whose context is added to its gates."""

    def __init__(self, hidden: int, channels: int) -> None:
        super().__init__()
        self.convz = nn.Conv2d(hidden + channels, hidden, 3, padding=1)
        self.convr = nn.Conv2d(hidden + channels, hidden, 3, padding=1)
        self.convq = nn.Conv2d(hidden + channels, hidden, 3, padding=1)

    def forward(self, state: Tensor, gates: Gates, *inputs: Tensor) -> Tensor:
        of_z, of_r, of_q = gates
        x = torch.cat(inputs, dim=1)
        both = torch.cat([state, x], dim=1)
        z = torch.sigmoid(self.convz(both) + of_z)
        r = torch.sigmoid(self.convr(both) + of_r)
        q = torch.tanh(self.convq(torch.cat([r * state, x], dim=1)) + of_q)
        return (1 - z) * state + z * q


class _MotionEncoder(nn.Module):
    """What the correlations and the present estimate say together."""

    def __init__(self, corr_channels: int, motion: str, motion_channels: int) -> None:
        super().__init__()
        self.motion = motion
        self.convc1 = nn.Conv2d(corr_channels, 64, 1)
        self.convc2 = nn.Conv2d(64, 64, 3, padding=1)
        first = nn.Conv2d(motion_channels, 64, 7, padding=3)
        setattr(self, f'conv{motion}1', first)
        setattr(self, f'conv{motion}2', nn.Conv2d(64, 64, 3, padding=1))
        self.conv = nn.Conv2d(128, 128 - motion_channels, 3, padding=1)

    def forward(self, motion: Tensor, corr: Tensor) -> Tensor:
        y = torch.relu(self.convc2(torch.relu(self.convc1(corr))))
        first = getattr(self, f'conv{self.motion}1')
        second = getattr(self, f'conv{self.motion}2')
        z = torch.relu(second(torch.relu(first(motion))))
        both = torch.relu(self.conv(torch.cat([y, z], dim=1)))
        return torch.cat([both, motion], dim=1)


class _Head(nn.Module):
    """Two convolutions: the change of the estimate."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, 256, 3, padding=1)
        self.conv2 = nn.Conv2d(256, out_channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv2(torch.relu(self.conv1(x)))


def _halved(x: Tensor) -> Tensor:
    return F.avg_pool2d(x, 3, stride=2, padding=1)


def _enlarged(x: Tensor, like: Tensor) -> Tensor:
    return F.interpolate(x, like.shape[-2:], mode='bilinear', align_corners=True)


class RAFTUpdateBlock(nn.Module):
    """Hidden states at up to three sizes, and what they change of the estimate.

    Args:
        hidden_dims: Widths of the hidden states, from coarse to fine.
        corr_channels: Number of correlations that are looked up.
        num_layers: Number of sizes that are used; the units of the others exist for
            checkpoints only, and are never trained.
        motion: ``'f'`` for a flow of two channels, ``'d'`` for a disparity of one.
        scales: What the units of the finest, the next and the coarsest size are
            called.

    Shape:
        states: ``(B, D, H, W)`` from fine to coarse, each half the size of the last.
        corr: ``(B, C, H, W)``; motion: ``(B, 2, H, W)`` or ``(B, 1, H, W)``.
    """

    def __init__(
        self,
        hidden_dims: Sequence[int],
        corr_channels: int,
        num_layers: int = 3,
        motion: str = 'f',
        scales: Sequence[str] = ('08', '16', '32'),
    ) -> None:
        super().__init__()
        coarse, middle, fine = hidden_dims
        motion_channels = 2 if motion == 'f' else 1
        self.num_layers = num_layers
        self._names = [f'gru{scale}' for scale in scales]
        self.encoder = _MotionEncoder(corr_channels, motion, motion_channels)
        units = (
            _ConvGRU(fine, 128 + middle * (num_layers > 1)),
            _ConvGRU(middle, fine + coarse * (num_layers == 3)),
            _ConvGRU(coarse, middle),
        )
        for i, (name, unit) in enumerate(zip(self._names, units, strict=True)):
            setattr(self, name, unit.requires_grad_(i < num_layers))
        head = 'flow_head' if motion == 'f' else 'disp_head'
        setattr(self, head, _Head(fine, motion_channels))
        self._head = head

    def recur(
        self, states: list[Tensor], gates: Sequence[Gates], x: Tensor | None = None
    ) -> list[Tensor]:
        """The states one step further, the coarse ones first.

        Args:
            states: The hidden states.
            gates: Context of each.
            x: What the finest one is given; without it that one stays as it is.
        """
        states = list(states)
        for i in range(self.num_layers - 1, -1, -1):
            inputs = [x] if i == 0 else [_halved(states[i - 1])]
            if i == 0 and x is None:
                break
            if i + 1 < self.num_layers:
                inputs.append(_enlarged(states[i + 1], states[i]))
            states[i] = getattr(self, self._names[i])(states[i], gates[i], *inputs)
        return states

    def recur_coarsest(
        self, states: list[Tensor], gates: Sequence[Gates]
    ) -> list[Tensor]:
        """The state of the coarsest size alone one step further."""
        states = list(states)
        last = self.num_layers - 1
        unit = getattr(self, self._names[last])
        states[last] = unit(states[last], gates[last], _halved(states[last - 1]))
        return states

    def change(self, state: Tensor) -> Tensor:
        """What the finest state changes of the estimate."""
        return getattr(self, self._head)(state)

    def forward(
        self,
        states: list[Tensor],
        gates: Sequence[Gates],
        corr: Tensor,
        motion: Tensor,
        slow_fast: bool = False,
    ) -> tuple[list[Tensor], Tensor]:
        """The states one iteration further, and the change of the estimate.

        Args:
            states: The hidden states.
            gates: Context of each.
            corr: The correlations at the present estimate.
            motion: The present estimate.
            slow_fast: Whether the coarser states take further steps before.
        """
        if slow_fast and self.num_layers == 3:
            states = self.recur_coarsest(states, gates)
        if slow_fast and self.num_layers > 1:
            states = self.recur(states, gates)
        states = self.recur(states, gates, self.encoder(motion, corr))
        return states, self.change(states[0])
