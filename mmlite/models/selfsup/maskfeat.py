"""MaskFeat."""

from __future__ import annotations

from torch import Tensor

from ...registry import MODELS
from ...structures import DataSample
from .masked import MaskedImageModel, masks_of

__all__ = ['MaskFeat']


@MODELS.register_module()
class MaskFeat(MaskedImageModel):
    """Predict the histograms of oriented gradients (HOG) of hidden patches.

    Paper: Masked Feature Prediction for Self-Supervised Visual Pre-Training, CVPR
    2022, https://arxiv.org/abs/2112.09133

    Args:
        args, kwargs: Arguments of
            :class:`~mmlite.models.selfsup.BaseSelfSupervisor`: the backbone
            ``MaskFeatViT``, the neck ``LinearNeck``, the head ``MIMHead``, the
            target generator ``HOGGenerator``.

    Shape:
        inputs: ``(B, C, H, W)``; every sample has a ``mask`` ``(rows, columns)``, 1
            where a patch is hidden.

    Example:
        >>> import torch
        >>> arch = dict(
        ...     embed_dims=8, num_layers=1, num_heads=1, feedforward_channels=8)
        >>> model = MODELS.build(dict(
        ...     type='MaskFeat',
        ...     backbone=dict(type='MaskFeatViT', arch=arch),
        ...     neck=dict(
        ...         type='LinearNeck', in_channels=8, out_channels=108,
        ...         norm_cfg=None, act_cfg=None),
        ...     head=dict(type='MIMHead', loss=dict(
        ...         type='PixelReconstructionLoss', criterion='L2')),
        ...     target_generator=dict(type='HOGGenerator')))
        >>> sample = DataSample()
        >>> sample.mask = torch.ones(14, 14)
        >>> list(model.loss(torch.rand(1, 3, 224, 224), [sample]))
        ['loss']
    """

    def loss(self, inputs: Tensor, data_samples: list[DataSample]) -> dict[str, Tensor]:
        """The loss of the hidden patches.

        Args:
            inputs: Images, ``(B, C, H, W)``.
            data_samples: One sample per image, with ``mask``.
        """
        mask = masks_of(data_samples).flatten(1).to(inputs.device).bool()
        latent = self.backbone(inputs, mask)[:, 1:]  # without the class token
        (pred,) = self.neck((latent.flatten(0, 1),))
        target = self.target_generator(inputs)
        loss = self.head.loss(pred.unflatten(0, latent.shape[:2]), target, mask)
        return dict(loss=loss)
