"""Re-parameterization: branches that become one convolution for deployment."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from .conv import build_conv_layer
from .norm import build_norm_layer

__all__ = ['ReparamBlock', 'fuse_conv_norm', 'norm_as_affine', 'switch_to_deploy']

BATCH_NORM = dict(type='BN')


@torch.no_grad()
def fuse_conv_norm(conv: nn.Conv2d, norm: _BatchNorm) -> tuple[Tensor, Tensor]:
    """Weight and bias of the one convolution that does what both do.

    Raises:
        ValueError: if the norm is no batch normalisation with statistics.

    Example:
        >>> conv, norm = nn.Conv2d(3, 8, 1, bias=False), nn.BatchNorm2d(8).eval()
        >>> weight, bias = fuse_conv_norm(conv, norm)
        >>> x = torch.randn(1, 3, 4, 4)
        >>> fused = torch.nn.functional.conv2d(x, weight, bias)
        >>> torch.allclose(fused, norm(conv(x)), atol=1e-5)
        True
    """
    factor, shift = norm_as_affine(norm)
    if conv.bias is not None:
        shift = shift + conv.bias * factor
    return conv.weight * factor.view(-1, 1, 1, 1), shift


def norm_as_affine(norm: nn.Module) -> tuple[Tensor, Tensor]:
    """Factor and shift of a batch normalisation in evaluation.

    Raises:
        ValueError: if the norm is another, or has no statistics.
    """
    if not isinstance(norm, _BatchNorm) or norm.running_var is None:
        raise ValueError(
            f'{type(norm).__name__} depends on the input, so that it cannot be fused '
            "into a convolution; switch_to_deploy needs norm_cfg=dict(type='BN')"
        )
    factor = (norm.running_var + norm.eps).rsqrt()
    if norm.weight is not None:
        factor = factor * norm.weight
    shift = -norm.running_mean * factor
    return factor, shift if norm.bias is None else shift + norm.bias


class ReparamBlock(BaseModule):
    """A sum of branches in training, one convolution in deployment.

    A branch is a convolution with a norm, or a norm alone, which stands for the
    identity. Their sum is linear, and so it is one convolution.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        kernel_size: Of the largest branch, in pixels.
        stride: In pixels.
        padding: Of the largest branch, in pixels.
        dilation: In pixels.
        groups: Channel groups.
        padding_mode: What the border is filled with.
        conv_cfg: Config of the convolutions; ``None`` is ``Conv2d``.
        norm_cfg: Config of the norms.
        deploy: Whether there is but one convolution from the start.
        init_cfg: Config of the initialisation.

    Override:
        make_branches: adds them.
        make_parts: adds the branches or the one convolution, and what stands
            before them in the state dict.
        branch_names: their names; a list of branches may be one of them.
        reparam_name: the name of the one convolution.
    """

    branch_names: tuple[str, ...] = ()
    reparam_name = 'branch_reparam'

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int = 3,
        stride: int = 1,
        padding: int = 1,
        dilation: int = 1,
        groups: int = 1,
        padding_mode: str = 'zeros',
        conv_cfg: dict | None = None,
        norm_cfg: dict = BATCH_NORM,
        deploy: bool = False,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = kernel_size
        self.stride = stride
        self.padding = padding
        self.dilation = dilation
        self.groups = groups
        self.padding_mode = padding_mode
        self.conv_cfg = conv_cfg
        self.norm_cfg = norm_cfg
        self.deploy = deploy
        self.make_parts()

    def make_parts(self) -> None:
        """Add the one convolution, or the branches."""
        if self.deploy:
            self.add_module(self.reparam_name, self._reparam_conv())
        else:
            self.make_branches()

    def make_branches(self) -> None:
        """Add the branches of the training."""
        raise NotImplementedError

    def _conv(
        self, kernel_size: int, padding: int, dilation: int, bias: bool
    ) -> nn.Module:
        return build_conv_layer(
            self.conv_cfg,
            self.in_channels,
            self.out_channels,
            kernel_size,
            stride=self.stride,
            padding=padding,
            dilation=dilation,
            groups=self.groups,
            bias=bias,
            padding_mode=self.padding_mode,
        )

    def _reparam_conv(self) -> nn.Module:
        return self._conv(self.kernel_size, self.padding, self.dilation, True)

    def conv_norm(
        self, kernel_size: int, padding: int = 0, dilation: int = 1
    ) -> nn.Sequential:
        """A branch: convolution and norm."""
        conv = self._conv(kernel_size, padding, dilation, False)
        norm = build_norm_layer(self.norm_cfg, self.out_channels)[1]
        return nn.Sequential(OrderedDict(conv=conv, norm=norm))

    def identity_norm(self) -> nn.Module | None:
        """A branch that keeps the shape; ``None`` where the shape changes."""
        if self.in_channels != self.out_channels or self.stride != 1:
            return None
        return build_norm_layer(self.norm_cfg, self.in_channels)[1]

    def branches(self) -> Iterator[nn.Module]:
        """All branches."""
        for name in self.branch_names:
            branch = getattr(self, name)
            if isinstance(branch, nn.ModuleList):
                yield from branch
            elif branch is not None:
                yield branch

    def linear(self, x: Tensor) -> Tensor:
        """The sum of the branches, or the one convolution."""
        if self.deploy:
            return getattr(self, self.reparam_name)(x)
        total, *others = (branch(x) for branch in self.branches())
        for other in others:
            total = total + other
        return total

    @torch.no_grad()
    def fused(self) -> tuple[Tensor, Tensor]:
        """Weight and bias of the sum of the branches."""
        weight, bias = 0, 0
        for branch in self.branches():
            if hasattr(branch, 'conv'):
                more, shift = fuse_conv_norm(branch.conv, branch.norm)
            else:
                more, shift = self._fused_identity(branch)
            margin = (self.kernel_size - more.shape[-1]) // 2
            weight = weight + F.pad(more, [margin] * 4)
            bias = bias + shift
        return weight, bias

    def _fused_identity(self, norm: nn.Module) -> tuple[Tensor, Tensor]:
        factor, shift = norm_as_affine(norm)
        width = self.in_channels // self.groups
        weight = factor.new_zeros(self.in_channels, width, 1, 1)
        places = torch.arange(self.in_channels, device=factor.device)
        weight[places, places % width, 0, 0] = factor
        return weight, shift

    def switch_to_deploy(self) -> None:
        """Replace the branches by one convolution, for good."""
        if self.deploy:
            return
        weight, bias = self.fused()
        conv = self._reparam_conv().to(weight.device, weight.dtype)
        conv.weight.data, conv.bias.data = weight, bias
        self.add_module(self.reparam_name, conv.requires_grad_(False))
        for name in self.branch_names:
            delattr(self, name)
        self.deploy = True


def switch_to_deploy(model: nn.Module) -> nn.Module:
    """Let every part of a model that can, take its form for deployment.

    Whatever has a method ``switch_to_deploy`` is called, parts before the
    models that hold them. The model is changed, and returned.

    Args:
        model: In evaluation mode: it cannot be trained afterwards.
    """
    for module in reversed(list(model.modules())):
        if module is not model and hasattr(module, 'switch_to_deploy'):
            module.switch_to_deploy()
    return model
