"""Linear layers that each part of a body has for itself."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...errors import DataError
from ...registry import MODELS

__all__ = ['SeparateBNNecks', 'SeparateFCs']


def _check_parts(layer: nn.Module, x: Tensor) -> None:
    wanted = (layer.in_channels, layer.parts_num)
    if x.ndim != 3 or tuple(x.shape[1:]) != wanted:
        raise DataError(
            f'{type(layer).__name__} takes (B, in_channels, parts_num), so '
            f'(B, {wanted[0]}, {wanted[1]}), got {tuple(x.shape)}; set its in_channels '
            'and parts_num, or bin_num of the pooling before it, whose sum is the '
            'number of parts'
        )


@MODELS.register_module()
class SeparateFCs(nn.Module):
    """A linear layer for each part, without bias.

    Paper: GaitSet: Regarding Gait as a Set for Cross-View Gait Recognition, AAAI 2019,
    https://arxiv.org/abs/1811.06186; the weights start as OpenGait's do: Xavier's rule
    for the tensor of all parts at once.

    Args:
        parts_num: Number of parts ``P``.
        in_channels: Width of the input.
        out_channels: Width of the output.
        norm: Whether the columns of the weights are normalised.

    Shape:
        x: ``(B, in_channels, P)``.
        returns: ``(B, out_channels, P)``.

    Raises:
        DataError: if the input is of another width or number of parts.

    Example:
        >>> fcs = MODELS.build(
        ...     dict(type='SeparateFCs', parts_num=4, in_channels=8, out_channels=6))
        >>> fcs(torch.zeros(2, 8, 4)).shape
        torch.Size([2, 6, 4])
    """

    def __init__(
        self, parts_num: int, in_channels: int, out_channels: int, norm: bool = False
    ) -> None:
        super().__init__()
        self.parts_num = parts_num
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.norm = norm
        self.fc_bin = nn.Parameter(torch.empty(parts_num, in_channels, out_channels))
        nn.init.xavier_uniform_(self.fc_bin)

    def forward(self, x: Tensor) -> Tensor:
        """Each part through its own layer."""
        _check_parts(self, x)
        weight = F.normalize(self.fc_bin, dim=1) if self.norm else self.fc_bin
        return x.permute(2, 0, 1).matmul(weight).permute(1, 2, 0)

    def extra_repr(self) -> str:
        """What ``print(model)`` shows."""
        return f'{self.parts_num} x ({self.in_channels} -> {self.out_channels})'


@MODELS.register_module()
class SeparateBNNecks(nn.Module):
    """A batch norm and a classifier for each part.

    Paper: Bag of Tricks and A Strong Baseline for Deep Person Re-identification, CVPRW
    2019, https://arxiv.org/abs/1903.07071 (section 3.5), part by part.

    Args:
        parts_num: Number of parts ``P``.
        in_channels: Width of the input.
        class_num: Number of classes ``K``.
        norm: Whether features and weights are normalised, so that the logits are
            cosines.
        parallel_BN1d: Whether one batch norm has the statistics of all parts, channel
            by channel, ``c * P + p``; otherwise there is one for each part.

    Shape:
        x: ``(B, in_channels, P)``.
        returns: the features ``(B, in_channels, P)`` and the logits ``(B, K, P)``.

    Raises:
        DataError: if the input is of another width or number of parts.

    Example:
        >>> necks = MODELS.build(
        ...     dict(type='SeparateBNNecks', parts_num=4, in_channels=8, class_num=5))
        >>> [out.shape for out in necks(torch.zeros(2, 8, 4))]
        [torch.Size([2, 8, 4]), torch.Size([2, 5, 4])]
    """

    def __init__(
        self,
        parts_num: int,
        in_channels: int,
        class_num: int,
        norm: bool = True,
        parallel_BN1d: bool = True,  # noqa: N803
    ) -> None:
        super().__init__()
        self.parts_num = parts_num
        self.in_channels = in_channels
        self.class_num = class_num
        self.norm = norm
        self.parallel_BN1d = parallel_BN1d
        self.fc_bin = nn.Parameter(torch.empty(parts_num, in_channels, class_num))
        nn.init.xavier_uniform_(self.fc_bin)
        if parallel_BN1d:
            self.bn1d = nn.BatchNorm1d(in_channels * parts_num)
        else:
            self.bn1d = nn.ModuleList(
                nn.BatchNorm1d(in_channels) for _ in range(parts_num)
            )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Features after the norm, and logits."""
        _check_parts(self, x)
        if self.parallel_BN1d:
            feats = self.bn1d(x.flatten(1)).view_as(x)
        else:
            parts = [bn(part) for bn, part in zip(self.bn1d, x.unbind(2), strict=True)]
            feats = torch.stack(parts, dim=2)
        weight = self.fc_bin
        if self.norm:
            feats = F.normalize(feats, dim=1)
            weight = F.normalize(weight, dim=1)
        logits = feats.permute(2, 0, 1).matmul(weight).permute(1, 2, 0)
        return feats, logits

    def extra_repr(self) -> str:
        """What ``print(model)`` shows."""
        return f'{self.parts_num} x ({self.in_channels} -> {self.class_num})'
