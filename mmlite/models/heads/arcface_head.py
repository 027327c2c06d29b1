"""Heads that separate classes by angles."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...errors import DataError, check_positive
from ...ops import full_precision
from ...registry import MODELS
from ...structures import DataSample, check_labels, gather_field
from ..layers import last_feature
from .cls_head import CROSS_ENTROPY, ClsHead

Margins = float | Sequence[float] | str


class NormProduct(nn.Linear):
    """The cosine between a feature and the weights of each class.

    Args:
        in_features: Width of the feature.
        out_features: Number of classes ``K``.
        k: Number of centres of each class; the nearest one counts.

    Shape:
        input: ``(B, in_features)``; returns: ``(B, K)``, from -1 to 1.

    Example:
        >>> product = NormProduct(2, 3, k=2)
        >>> product.weight.shape, product(torch.rand(4, 2)).shape
        (torch.Size([6, 2]), torch.Size([4, 3]))
    """

    def __init__(self, in_features: int, out_features: int, k: int = 1) -> None:
        super().__init__(in_features, out_features * k, bias=False)
        self.k = k

    def forward(self, input: Tensor) -> Tensor:
        """The cosines."""
        cosine = F.linear(F.normalize(input), F.normalize(self.weight))
        return cosine if self.k == 1 else cosine.unflatten(1, (-1, self.k)).amax(2)


@MODELS.register_module()
class ArcFaceClsHead(ClsHead):
    """Classify by angles, with a margin that the right class has to keep.

    Papers: ArcFace: Additive Angular Margin Loss for Deep Face Recognition, CVPR
    2019, https://arxiv.org/abs/1801.07698; Sub-center ArcFace, ECCV 2020,
    https://link.springer.com/chapter/10.1007/978-3-030-58621-8_43

    Computed in float32, also in mixed precision.

    Args:
        num_classes: Number of classes ``K``.
        in_channels: Width of the feature.
        num_subcenters: Number of centres of each class; the nearest one counts.
        scale: Factor that turns cosines into logits.
        margins: The margin in radians: one number for all classes, one for each, or a
            ``.txt`` file with one per line.
        easy_margin: Whether a class gets no margin where its angle exceeds 90 degrees;
            otherwise the logit keeps falling with the angle.
        loss: Config of the loss, or the module itself.
        init_cfg: Config of the initialisation, as in mmengine.

    Shape:
        feats: a tuple whose last entry is ``(B, in_channels)``.
        returns: ``(B, K)``, from ``-scale`` to ``scale``.

    Raises:
        ValueError: if there is not one margin per class.
        DataError: if labels are missing, or do not fit the classes.

    Example:
        >>> head = ArcFaceClsHead(num_classes=10, in_channels=64)
        >>> head((torch.rand(2, 64), )).shape
        torch.Size([2, 10])
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        num_subcenters: int = 1,
        scale: float = 64.0,
        margins: Margins = 0.50,
        easy_margin: bool = False,
        loss: dict | nn.Module = CROSS_ENTROPY,
        init_cfg: dict | list | None = None,
    ) -> None:
        super().__init__(loss=loss, init_cfg=init_cfg)
        check_positive(num_classes=num_classes, num_subcenters=num_subcenters)
        self.num_classes = num_classes
        self.in_channels = in_channels
        self.num_subcenters = num_subcenters
        self.scale = scale
        self.easy_margin = easy_margin
        self.norm_product = NormProduct(in_channels, num_classes, num_subcenters)
        self.register_buffer('margins', torch.zeros(num_classes), persistent=False)
        self.set_margins(margins)

    def set_margins(self, margins: Margins) -> None:
        """Set the margins, also while training.

        Args:
            margins: One for all classes, one per class, or a ``.txt`` file.

        Raises:
            ValueError: if there is not one per class, one is no finite number, or the
                file cannot be read.
        """
        if isinstance(margins, str):
            margins = _read(margins)
        if isinstance(margins, (int, float)):
            margins = [float(margins)] * self.num_classes
        if len(margins) != self.num_classes:
            raise ValueError(
                f'margins has {len(margins)} values for {self.num_classes} classes'
            )
        # On the CPU, whatever the default: the head is built on the meta device too.
        values = torch.as_tensor(margins, dtype=torch.float32, device='cpu')
        if not values.isfinite().all():
            raise ValueError(f'margins must be finite numbers, got {margins}')
        self.margins = values.to(self.margins.device)

    def forward(
        self, feats: tuple[Tensor, ...], target: Tensor | None = None
    ) -> Tensor:
        """The logits; with labels, the right class keeps its margin.

        Args:
            feats: The features.
            target: Class indices, ``(B, )``.
        """
        feature = self.pre_logits(feats)
        with full_precision(feature.device):
            cosine = self.norm_product(feature.float())
            if target is not None:
                cosine = self._with_margin(cosine, target)
        return self.scale * cosine

    def _with_margin(self, cosine: Tensor, target: Tensor) -> Tensor:
        index = target[:, None]
        own = cosine.gather(1, index)
        margin = self.margins[target][:, None]
        # The derivative of the arc cosine has no bound at its ends.
        limit = 1 - torch.finfo(own.dtype).eps
        moved = torch.cos(torch.acos(own.clamp(-limit, limit)) + margin)
        if self.easy_margin:
            moved = torch.where(own > 0, moved, own)
        else:
            falling = own - torch.sin(math.pi - margin) * margin
            moved = torch.where(own > torch.cos(math.pi - margin), moved, falling)
        return cosine.scatter(1, index, moved)

    def loss(
        self,
        feats: tuple[Tensor, ...],
        data_samples: Sequence[DataSample],
        **kwargs: Any,
    ) -> dict[str, Tensor]:
        """The loss of the logits with margins.

        Args:
            feats: The features.
            data_samples: One sample per image, with ``gt_label``; where there is a
                ``gt_score`` too it is the target.
            kwargs: Further arguments of the loss module.
        """
        feature = last_feature(feats)
        labels = gather_field(data_samples, 'gt_label').to(feature.device)
        if len(labels) != len(feature):
            raise DataError(
                f'ArcFaceClsHead expects one label per image, got {len(labels)} for '
                f'{len(feature)} images'
            )
        check_labels(data_samples, self.num_classes)
        return self._get_loss(self(feats, labels), data_samples, **kwargs)


def _read(path: str) -> list[float]:
    """The numbers in a text file."""
    try:
        return [float(word) for word in Path(path).read_text('utf-8-sig').split()]
    except (OSError, ValueError) as error:
        raise ValueError(
            f'margins is {path!r}, expected a text file with a number for each class: '
            f'{error}'
        ) from error
