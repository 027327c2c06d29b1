"""LeViT.

Paper: LeViT: a Vision Transformer in ConvNet's Clothing for Faster Inference,
ICCV 2021, https://arxiv.org/abs/2104.01136
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from mmengine.model import ModuleList, Sequential
from torch import Tensor, nn

from ...errors import DataError
from ...registry import MODELS
from ...structures import FeatureSpec
from ..layers import (
    fuse_children,
)
from .archs import pick_arch, zoo
from .base_backbone import BaseBackbone, check_out_indices
from .levit_blocks import MLP, Attention, AttentionSubsample, HybridBackbone, Residual

__all__ = ['LeViT']

HSWISH = dict(type='HSwish')
BN = dict(type='BN')
BN1D = dict(type='BN1d')


@MODELS.register_module()
class LeViT(BaseBackbone):
    """A pyramid of transformers whose norms can be folded into linear layers.

    Args:
        arch: ``'128s'``, ``'128'``, ``'192'``, ``'256'``, ``'384'``, or a dict
            with the keys ``embed_dims``, ``num_heads``, ``depths`` and
            ``key_dims``.
        img_size: Size of the image in pixels, the only one that it takes.
        patch_size: Edge of a patch, in pixels.
        attn_ratio: Width of a value over that of a key.
        mlp_ratio: Hidden width of the feed-forward networks over that of the
            tokens; 0 has none.
        act_cfg: Config of the activations.
        hybrid_backbone: Makes the first part from the width of the tokens.
        out_indices: Which stages are returned; negative ones are counted from the end.
        deploy: Whether the norms are folded into the other layers from the start.
        drop_path_rate: Rate of stochastic depth of every block, a fraction.
        init_cfg: Config of the initialisation.

    Shape:
        x: ``(B, 3, H, W)`` with ``img_size``.
        returns: one map per index, ``(B, D, H / 16 / 2**i, W / 16 / 2**i)``.

    Raises:
        ValueError: if arch or out_indices is out of range.
        DataError: if an image has another size.

    Example:
        >>> model = MODELS.build(dict(type='LeViT', arch='128s')).eval()
        >>> model(torch.zeros(1, 3, 224, 224))[0].shape
        torch.Size([1, 384, 4, 4])
    """

    arch_zoo: ClassVar[dict[str, dict]] = zoo(
        'embed_dims num_heads depths key_dims',
        s128=('128s', ([128, 256, 384], [4, 6, 8], [2, 3, 4], [16, 16, 16])),
        m128=('128', ([128, 256, 384], [4, 8, 12], [4, 4, 4], [16, 16, 16])),
        m192=('192', ([192, 288, 384], [3, 5, 6], [4, 4, 4], [32, 32, 32])),
        m256=('256', ([256, 384, 512], [4, 6, 8], [4, 4, 4], [32, 32, 32])),
        m384=('384', ([384, 512, 768], [6, 9, 12], [4, 4, 4], [32, 32, 32])),
    )

    def __init__(
        self,
        arch: str | dict,
        img_size: int = 224,
        patch_size: int = 16,
        attn_ratio: float = 2,
        mlp_ratio: float = 2,
        act_cfg: dict = HSWISH,
        hybrid_backbone: Callable[[int], nn.Module] = HybridBackbone,
        out_indices: int | Sequence[int] = -1,
        deploy: bool = False,
        drop_path_rate: float = 0,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.arch = pick_arch(arch, self.arch_zoo)
        self.embed_dims = self.arch['embed_dims']
        self.num_stages = len(self.embed_dims)
        self.out_indices = check_out_indices(out_indices, self.num_stages)
        self.patch_size = patch_size
        self.patch_embed = hybrid_backbone(self.embed_dims[0])
        self.resolutions: list[int] = []
        self.stages = ModuleList()
        attn = dict(attn_ratio=attn_ratio, act_cfg=act_cfg)
        mlp = dict(mlp_ratio=mlp_ratio, act_cfg=act_cfg)
        resolution = img_size // patch_size
        for i in range(self.num_stages):
            blocks = self._first_blocks(i, resolution, mlp, drop_path_rate)
            resolution = blocks[0].sub_resolution if i else resolution
            self.resolutions.append(resolution)
            for _ in range(self.arch['depths'][i]):
                layer = Attention(
                    self.embed_dims[i],
                    self.arch['key_dims'][i],
                    self.arch['num_heads'][i],
                    resolution=resolution,
                    **attn,
                )
                blocks.append(Residual(layer, drop_path_rate))
                blocks += self._mlp(i, mlp, drop_path_rate)
            self.stages.append(Sequential(*blocks))
        self.deploy = False
        if deploy:
            self.switch_to_deploy()

    def _first_blocks(
        self, i: int, resolution: int, mlp: dict, drop_path_rate: float
    ) -> list[nn.Module]:
        if not i:
            return []
        before, key_dim = self.embed_dims[i - 1], self.arch['key_dims'][i]
        downsample = AttentionSubsample(
            before,
            self.embed_dims[i],
            key_dim,
            num_heads=before // key_dim,
            attn_ratio=4,
            act_cfg=mlp['act_cfg'],
            resolution=resolution,
        )
        return [downsample, *self._mlp(i, mlp, drop_path_rate)]

    def _mlp(self, i: int, mlp: dict, drop_path_rate: float) -> list[nn.Module]:
        if mlp['mlp_ratio'] <= 0:
            return []
        return [Residual(MLP(self.embed_dims[i], **mlp), drop_path_rate)]

    @property
    def feature_specs(self) -> tuple[FeatureSpec, ...]:
        """Width and stride of every output."""
        return tuple(
            FeatureSpec(self.embed_dims[i], self.patch_size * 2**i)
            for i in self.out_indices
        )

    def switch_to_deploy(self) -> None:
        """Fold every norm into the layer before it; the outputs stay equal."""
        if not self.deploy:
            fuse_children(self)
            self.deploy = True

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Features of the stages that out_indices names."""
        size = x.shape[2:]
        x = self.patch_embed(x)
        if tuple(x.shape[2:]) != (self.resolutions[0],) * 2:
            side = self.resolutions[0] * self.patch_size
            raise DataError(
                f'LeViT was built for images of {(side, side)} pixels, got '
                f'{tuple(size)}; resize them, or set model.backbone.img_size'
            )
        x = x.flatten(2).transpose(1, 2)
        outs = []
        for i, stage in enumerate(self.stages):
            x = stage(x)
            if i in self.out_indices:
                side = self.resolutions[i]
                outs.append(x.transpose(1, 2).unflatten(2, (side, side)).contiguous())
        return tuple(outs)
