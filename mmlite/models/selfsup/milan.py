"""MILAN."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from ...registry import MODELS
from ...structures import DataSample
from ..joining import build_part
from .masked import MaskedImageModel

__all__ = ['MILAN']


@MODELS.register_module()
class MILAN(MaskedImageModel):
    """Predict CLIP's features of an image whose important patches are mostly seen.

    Paper: MILAN: Masked Image Pretraining on Language Assisted Representation,
    https://arxiv.org/abs/2208.06049

    Args:
        backbone: Config of ``MILANViT``.
        neck: Config of ``MILANPretrainDecoder``; its ``embed_dim`` is the width of the
            backbone unless it is stated.
        head: Config of ``MIMHead``.
        kwargs: Arguments of :class:`~mmlite.models.selfsup.BaseSelfSupervisor`, with
            the target generator ``CLIPGenerator``.

    Shape:
        inputs: ``(B, C, H, W)``.
    """

    def __init__(
        self,
        backbone: dict | nn.Module,
        neck: dict | nn.Module | None = None,
        head: dict | nn.Module | None = None,
        **kwargs: Any,
    ) -> None:
        backbone = build_part('backbone', backbone)
        if isinstance(neck, dict) and hasattr(backbone, 'embed_dims'):
            neck = {'embed_dim': backbone.embed_dims, **neck}
        super().__init__(backbone, neck, head, **kwargs)

    def whole_features(self, inputs: Tensor) -> Any:
        """The features of whole images."""
        return self.backbone(inputs, importance=None)

    def loss(self, inputs: Tensor, data_samples: list[DataSample]) -> dict[str, Tensor]:
        """The loss of all tokens.

        Args:
            inputs: Images, ``(B, C, H, W)``.
            data_samples: Not used.
        """
        target, attention = self.target_generator(inputs)
        importance = attention[:, 0, 1:]  # what the class token looks at
        latent, *ids = self.backbone(inputs, importance)
        return dict(loss=self.head.loss(self.neck(latent, *ids), target))
