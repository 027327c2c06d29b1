"""RIFormer.

Paper: RIFormer: Keep Your Vision Backbone Effective But Removing Token Mixer,
CVPR 2023, https://arxiv.org/abs/2304.05659
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ...registry import MODELS
from ..layers import build_norm_layer, switch_to_deploy
from .poolformer import MetaBlock, MetaFormer

__all__ = ['Affine', 'RIFormer', 'RIFormerBlock']


class Affine(nn.Module):
    """A factor and a shift for each channel, less the channel itself.

    Args:
        in_features: Number of channels.

    Example:
        >>> Affine(8)(torch.zeros(1, 8, 4, 4)).shape
        torch.Size([1, 8, 4, 4])
    """

    def __init__(self, in_features: int) -> None:
        super().__init__()
        self.affine = nn.Conv2d(in_features, in_features, 1, groups=in_features)

    def forward(self, x: Tensor) -> Tensor:
        """What the affine map adds to x."""
        return self.affine(x) - x


class RIFormerBlock(MetaBlock):
    """A block without a token mixer: an affine map, which the norm takes in.

    Args:
        dim: Number of channels.
        deploy: Whether the norm holds the affine map from the start.
        kwargs: Other arguments of ``MetaBlock``.

    Example:
        >>> block = RIFormerBlock(8).eval()
        >>> x = torch.randn(1, 8, 4, 4)
        >>> before = block(x)
        >>> block.switch_to_deploy()
        >>> torch.allclose(block(x), before, atol=1e-5)
        True
    """

    def __init__(self, dim: int, deploy: bool = False, **kwargs: Any) -> None:
        self.deploy = deploy
        super().__init__(dim, **kwargs)

    def make_mixer(self) -> None:
        """Add the norm, and in training the affine map."""
        norm = build_norm_layer(self.norm_cfg, self.dim)[1]
        if self.deploy:
            self.norm_reparam = norm
        else:
            self.norm1 = norm
            self.token_mixer = Affine(self.dim)

    def mix(self, x: Tensor) -> Tensor:
        """The norm and the affine map of x."""
        return self.norm_reparam(x) if self.deploy else super().mix(x)

    @torch.no_grad()
    def switch_to_deploy(self) -> None:
        """Let the norm take in the affine map, for good."""
        if self.deploy:
            return
        norm, affine = self.norm1, self.token_mixer.affine
        factor = affine.weight.flatten() - 1
        self.norm_reparam = build_norm_layer(self.norm_cfg, self.dim)[1].to(factor)
        self.norm_reparam.load_state_dict(norm.state_dict())
        self.norm_reparam.weight.copy_(norm.weight * factor)
        self.norm_reparam.bias.copy_(norm.bias * factor + affine.bias)
        self.norm_reparam.train(norm.training).requires_grad_(False)
        del self.norm1, self.token_mixer
        self.deploy = True


@MODELS.register_module()
class RIFormer(MetaFormer):
    """A transformer without attention or any other token mixer.

    Args:
        arch: ``'s12'``, ``'s24'``, ``'s36'``, ``'m36'`` or ``'m48'``, or a dict;
            see ``MetaFormer``, as for all other arguments but these.
        frozen_stages: The last layer that keeps its weights, with all before
            it; -1 is none.
        deploy: Whether the norms hold the affine maps from the start.
        kwargs: Other arguments of ``MetaFormer``.

    Shape:
        x: ``(B, in_channels, H, W)``.
        returns: one ``(B, C, H / stride, W / stride)`` per index; strides are
            4, 8, 8, 16, 16, 32, 32.

    Raises:
        ValueError: if arch, out_indices or frozen_stages is out of range.

    Example:
        >>> model = MODELS.build(dict(type='RIFormer', arch='s12'))
        >>> model(torch.zeros(1, 3, 64, 64))[0].shape
        torch.Size([1, 512, 2, 2])
    """

    def __init__(
        self,
        arch: str | dict[str, Any] = 's12',
        frozen_stages: int = -1,
        deploy: bool = False,
        **kwargs: Any,
    ) -> None:
        self.deploy = deploy
        super().__init__(arch, frozen_stages=frozen_stages, **kwargs)

    def make_block(self, dim: int, **kwargs: Any) -> nn.Module:
        """Build a block."""
        return RIFormerBlock(dim, self.deploy, **kwargs)

    @property
    def num_frozen(self) -> int:
        """How many layers are frozen."""
        return self.frozen_stages + 1

    def switch_to_deploy(self) -> None:
        """Let every norm take in its affine map, for good."""
        switch_to_deploy(self)
        self.deploy = True
