"""MFF."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from ...registry import MODELS
from ...structures import DataSample
from ..backbones.mae_vit import MAEViT
from .mae import MAE

__all__ = ['MFF']


@MODELS.register_module()
class MFF(MAE):
    """:class:`MAE` whose decoder is given a mean of several layers.

    Paper: Improving Pixel-based MIM by Reducing Wasted Modeling Capability, ICCV
    2023, https://arxiv.org/abs/2308.00261

    Args:
        args, kwargs: Arguments of
            :class:`~mmlite.models.selfsup.BaseSelfSupervisor`: the backbone is
            ``MFFViT``.

    Shape:
        inputs: ``(B, C, H, W)``.

    Example:
        >>> import torch
        >>> arch = dict(
        ...     embed_dims=8, num_layers=2, num_heads=1, feedforward_channels=8)
        >>> model = MODELS.build(dict(
        ...     type='MFF',
        ...     backbone=dict(
        ...         type='MFFViT', arch=arch, img_size=16, patch_size=4,
        ...         out_indices=[0, 1]),
        ...     neck=dict(
        ...         type='MAEPretrainDecoder', num_patches=16, patch_size=4,
        ...         embed_dim=8, decoder_embed_dim=8, decoder_depth=1,
        ...         decoder_num_heads=1),
        ...     head=dict(type='MAEPretrainHead', patch_size=4)))
        >>> list(model.loss(torch.rand(2, 3, 16, 16), []))
        ['loss', 'weight_0', 'weight_1']
    """

    def extract_feat(self, inputs: Tensor) -> Any:
        """The last tokens of masked images, before the mean, as in mmpretrain.

        The features of whole images are :meth:`whole_features`.
        """
        return MAEViT.forward(self.backbone, inputs)

    def loss(self, inputs: Tensor, data_samples: list[DataSample]) -> dict[str, Tensor]:
        """The loss of the hidden patches, and the share of every layer.

        Args:
            inputs: Images, ``(B, C, H, W)``.
            data_samples: Not used.
        """
        latent, mask, ids_restore, shares = self.backbone(inputs)
        pred = self.neck(latent, ids_restore)
        loss = self.head.loss(pred, inputs, mask)
        self.show_patches(inputs, pred, mask)
        return dict(loss=loss, **{f'weight_{i}': s for i, s in enumerate(shares)})
