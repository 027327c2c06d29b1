"""MLP-Mixer.

Paper: MLP-Mixer: An all-MLP Architecture for Vision, NeurIPS 2021,
https://arxiv.org/abs/2105.01601
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from mmengine.model import BaseModule, ModuleList
from mmengine.utils import to_2tuple
from torch import Tensor, nn

from ...errors import DataError
from ...registry import MODELS
from ...structures import FeatureSpec
from ..layers import FFN, PatchEmbed, build_norm_layer, check_arguments
from .archs import one_each, pick_arch, zoo
from .base_backbone import BaseBackbone, check_out_indices

__all__ = ['MlpMixer']

LAYER_NORM = dict(type='LN')
GELU = dict(type='GELU')


class MixerBlock(BaseModule):
    """A network across the patches, then one across the channels.

    Args:
        num_tokens: Number of patches ``L``.
        embed_dims: Width ``D`` of the tokens.
        tokens_mlp_dims: Hidden width of the first network.
        channels_mlp_dims: Hidden width of the second.
        drop_rate: Dropout after every linear layer, a fraction.
        drop_path_rate: Rate of stochastic depth, a fraction.
        num_fcs: Linear layers of a network.
        act_cfg: Config of the activations.
        norm_cfg: Config of the norms.
        init_cfg: Config of the initialisation.

    Shape:
        x: ``(B, L, D)``; returns the same shape.
    """

    def __init__(
        self,
        num_tokens: int,
        embed_dims: int,
        tokens_mlp_dims: int,
        channels_mlp_dims: int,
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        num_fcs: int = 2,
        act_cfg: dict = GELU,
        norm_cfg: dict = LAYER_NORM,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        common = dict(
            num_fcs=num_fcs,
            ffn_drop=drop_rate,
            dropout_layer=dict(type='DropPath', drop_prob=drop_path_rate),
            act_cfg=act_cfg,
        )
        self.norm1_name, norm1 = build_norm_layer(norm_cfg, embed_dims, postfix=1)
        self.add_module(self.norm1_name, norm1)
        self.token_mix = FFN(num_tokens, tokens_mlp_dims, add_identity=False, **common)
        self.norm2_name, norm2 = build_norm_layer(norm_cfg, embed_dims, postfix=2)
        self.add_module(self.norm2_name, norm2)
        self.channel_mix = FFN(embed_dims, channels_mlp_dims, **common)

    @property
    def norm1(self) -> nn.Module:
        """The norm before the first network."""
        return getattr(self, self.norm1_name)

    @property
    def norm2(self) -> nn.Module:
        """The norm before the second network."""
        return getattr(self, self.norm2_name)

    def init_weights(self) -> None:
        """As init_cfg says; Xavier for both networks."""
        super().init_weights()
        for part in (self.token_mix, self.channel_mix):
            for module in part.modules():
                if isinstance(module, nn.Linear):
                    nn.init.xavier_uniform_(module.weight)
                    nn.init.normal_(module.bias, std=1e-6)

    def forward(self, x: Tensor) -> Tensor:
        """Mix the patches, then the channels."""
        mixed = self.token_mix(self.norm1(x).transpose(1, 2))
        x = x + mixed.transpose(1, 2)
        return self.channel_mix(self.norm2(x), identity=x)


@MODELS.register_module()
class MlpMixer(BaseBackbone):
    """Networks across patches and across channels in turn.

    Args:
        arch: ``'small'``, ``'base'``, ``'large'``, or a dict with the keys
            ``embed_dims``, ``num_layers``, ``tokens_mlp_dims`` and
            ``channels_mlp_dims``.
        img_size: Size of the image in pixels, the only one that it takes.
        patch_size: Edge of a patch, in pixels.
        out_indices: Which layers are returned; negative ones are counted from the end.
        drop_rate: Dropout after every linear layer, a fraction.
        drop_path_rate: Rate of stochastic depth of every layer, a fraction.
        norm_cfg: Config of the norms.
        act_cfg: Config of the activations.
        patch_cfg: Further arguments of ``PatchEmbed``.
        layer_cfgs: Further arguments of a layer, or a list with one dict each.
        init_cfg: Config of the initialisation.

    Shape:
        x: ``(B, 3, H, W)`` with ``img_size``.
        returns: one tensor per index, ``(B, D, L)``.

    Raises:
        ValueError: if arch or out_indices is out of range.
        DataError: if an image has another size.

    Example:
        >>> model = MODELS.build(dict(type='MlpMixer', arch='small', img_size=64))
        >>> model(torch.zeros(1, 3, 64, 64))[0].shape
        torch.Size([1, 512, 16])
    """

    arch_zoo: ClassVar[dict[str, dict]] = zoo(
        'embed_dims num_layers tokens_mlp_dims channels_mlp_dims',
        small=('s small', (512, 8, 256, 2048)),
        base=('b base', (768, 12, 384, 3072)),
        large=('l large', (1024, 24, 512, 4096)),
    )

    def __init__(
        self,
        arch: str | dict = 'base',
        img_size: int | Sequence[int] = 224,
        patch_size: int | Sequence[int] = 16,
        out_indices: int | Sequence[int] = -1,
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        norm_cfg: dict = LAYER_NORM,
        act_cfg: dict = GELU,
        patch_cfg: dict | None = None,
        layer_cfgs: dict | Sequence[dict] | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        settings = pick_arch(arch, self.arch_zoo)
        self.arch_settings = settings
        self.embed_dims = settings['embed_dims']
        self.num_layers = settings.pop('num_layers')
        self.img_size = to_2tuple(img_size)
        self.out_indices = check_out_indices(out_indices, self.num_layers)
        embed = dict(
            input_size=self.img_size,
            embed_dims=self.embed_dims,
            kernel_size=patch_size,
            stride=patch_size,
        )
        check_arguments(PatchEmbed, patch_cfg or {}, 'patch_cfg', [*embed])
        self.patch_embed = PatchEmbed(**{**embed, **(patch_cfg or {})})
        rows, columns = self.patch_resolution = self.patch_embed.init_out_size
        common = dict(
            settings,
            num_tokens=rows * columns,
            drop_rate=drop_rate,
            drop_path_rate=drop_path_rate,
            act_cfg=act_cfg,
            norm_cfg=norm_cfg,
        )
        cfgs = one_each(layer_cfgs, self.num_layers, MixerBlock, [*common])
        self.layers = ModuleList(MixerBlock(**{**common, **cfg}) for cfg in cfgs)
        self.norm1_name, norm1 = build_norm_layer(norm_cfg, self.embed_dims, postfix=1)
        self.add_module(self.norm1_name, norm1)

    @property
    def norm1(self) -> nn.Module:
        """The norm after the last layer."""
        return getattr(self, self.norm1_name)

    @property
    def feature_specs(self) -> tuple[FeatureSpec, ...]:
        """Width of every output."""
        return (FeatureSpec(self.embed_dims),) * len(self.out_indices)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Features of the layers that out_indices names."""
        if tuple(x.shape[2:]) != self.img_size:
            raise DataError(
                f'MlpMixer was built for images of {self.img_size} pixels, got '
                f'{tuple(x.shape[2:])}; resize them, or set '
                'model.backbone.img_size'
            )
        x, _ = self.patch_embed(x)
        outs = []
        for i, layer in enumerate(self.layers):
            x = layer(x)
            if i == self.num_layers - 1:
                x = self.norm1(x)
            if i in self.out_indices:
                outs.append(x.transpose(1, 2))
        return tuple(outs)
