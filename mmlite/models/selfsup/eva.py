"""EVA."""

from __future__ import annotations

from torch import Tensor

from ...registry import MODELS
from ...structures import DataSample
from .masked import MaskedImageModel

__all__ = ['EVA']


@MODELS.register_module()
class EVA(MaskedImageModel):
    """Predict CLIP's features of hidden patches.

    Paper: EVA: Exploring the Limits of Masked Visual Representation Learning at
    Scale, CVPR 2023, https://arxiv.org/abs/2211.07636

    Args:
        args, kwargs: Arguments of
            :class:`~mmlite.models.selfsup.BaseSelfSupervisor`: the backbone
            ``MAEViT``, the neck ``MAEPretrainDecoder`` with ``predict_feature_dim``,
            the head ``MIMHead``, the target generator ``CLIPGenerator``.

    Shape:
        inputs: ``(B, C, H, W)``.
    """

    def loss(self, inputs: Tensor, data_samples: list[DataSample]) -> dict[str, Tensor]:
        """The loss of the hidden patches.

        Args:
            inputs: Images, ``(B, C, H, W)``.
            data_samples: Not used.
        """
        target, _ = self.target_generator(inputs)
        latent, mask, ids_restore = self.backbone(inputs)
        pred = self.neck(latent, ids_restore)
        return dict(loss=self.head.loss(pred, target[:, 1:], mask))
