"""MAE."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from ...registry import MODELS
from ...structures import DataSample
from .masked import MaskedImageModel

__all__ = ['MAE']


@MODELS.register_module()
class MAE(MaskedImageModel):
    """Encode a quarter of the patches of an image, and predict the pixels of the rest.

    Paper: Masked Autoencoders Are Scalable Vision Learners, CVPR 2022,
    https://arxiv.org/abs/2111.06377

    Args:
        args, kwargs: Arguments of
            :class:`~mmlite.models.selfsup.BaseSelfSupervisor`: a backbone such as
            ``MAEViT``, a neck such as ``MAEPretrainDecoder``, a head such as
            ``MAEPretrainHead``.

    Shape:
        inputs: ``(B, C, H, W)``.

    Example:
        >>> import torch
        >>> arch = dict(
        ...     embed_dims=8, num_layers=1, num_heads=1, feedforward_channels=8)
        >>> model = MODELS.build(dict(
        ...     type='MAE',
        ...     backbone=dict(type='MAEViT', arch=arch, img_size=16, patch_size=4),
        ...     neck=dict(
        ...         type='MAEPretrainDecoder', num_patches=16, patch_size=4,
        ...         embed_dim=8, decoder_embed_dim=8, decoder_depth=1,
        ...         decoder_num_heads=1),
        ...     head=dict(type='MAEPretrainHead', patch_size=4, norm_pix=True)))
        >>> list(model.loss(torch.rand(2, 3, 16, 16), []))
        ['loss']
        >>> model.visual_summary['image/reconstruction'].shape
        torch.Size([2, 3, 16, 48])
    """

    num_views: ClassVar[int | None] = 1

    def loss(self, inputs: Tensor, data_samples: list[DataSample]) -> dict[str, Tensor]:
        """The loss of the hidden patches.

        Args:
            inputs: Images, ``(B, C, H, W)``.
            data_samples: Not used.
        """
        latent, mask, ids_restore = self.backbone(inputs)
        pred = self.neck(latent, ids_restore)
        loss = self.head.loss(pred, inputs, mask)
        self.show_patches(inputs, pred, mask)
        return dict(loss=loss)
