"""Feature extractors of whole backbones: a pyramid, or ever smaller maps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from torch import Tensor, nn

from ...registry import MODELS
from ...structures import FeatureSpec
from .base import (
    FasterRCNNFeatureExtractor,
    SSDFeatureExtractor,
    build_inner,
    maps_of,
)

__all__ = ['FPNExtractor', 'SSDMultiMapExtractor']


class _BackboneExtractor(SSDFeatureExtractor):
    """Base of the extractors that are a backbone and a neck.

    Args:
        backbone: Config of the backbone, or the module itself.
        neck: Config of the neck.
        batch_norm_trainable: See :class:`FeatureExtractor`.
        init_cfg: Config of the initialisation.
    """

    def __init__(
        self,
        backbone: dict | nn.Module,
        batch_norm_trainable: bool = True,
        init_cfg: dict | list | None = None,
    ) -> None:
        super().__init__(batch_norm_trainable, init_cfg)
        self.backbone = build_inner('backbone', backbone)
        self.backbone_specs = maps_of(self.backbone)

    @property
    def feature_specs(self) -> tuple[FeatureSpec, ...]:
        """Width and stride of every feature map."""
        return self.neck.output_specs(self.backbone_specs)

    def extract_features(self, preprocessed_inputs: Tensor) -> Sequence[Tensor]:
        """The feature maps, the largest first."""
        return self.neck(self.backbone(preprocessed_inputs))


@MODELS.register_module()
class FPNExtractor(_BackboneExtractor, FasterRCNNFeatureExtractor):
    """A backbone with a feature pyramid, for SSD (RetinaNet) and Faster R-CNN.

    Any backbone whose ``feature_specs`` are maps will do; the largest map comes first.

    Args:
        backbone: Config of the backbone, or the module itself.
        neck: What is changed of ``dict(type='FPN')``; ``in_channels`` are those of the
            backbone.
        batch_norm_trainable: See :class:`FeatureExtractor`.
        init_cfg: Config of the initialisation.

    Shape:
        preprocessed_inputs: ``(B, 3, H, W)``.
        returns: a tuple of ``(B, C, H / stride, W / stride)``.

    Raises:
        ConfigError: if the backbone gives no maps, or a part is wrong.

    Example:
        >>> extract = FPNExtractor(
        ...     dict(type='ResNet', depth=18, out_indices=(1, 2, 3)),
        ...     neck=dict(out_channels=16, num_outs=4))
        >>> [f.shape[-1] for f in extract.extract_features(torch.zeros(1, 3, 64, 64))]
        [8, 4, 2, 1]
    """

    scopes: ClassVar[Sequence[str]] = ('backbone',)

    def __init__(
        self,
        backbone: dict | nn.Module,
        neck: dict | None = None,
        batch_norm_trainable: bool = True,
        init_cfg: dict | list | None = None,
    ) -> None:
        super().__init__(backbone, batch_norm_trainable, init_cfg)
        widths = [spec.channels for spec in self.backbone_specs]
        cfg = dict(dict(type='FPN', in_channels=widths), **(neck or {}))
        self.neck = build_inner('neck', cfg)

    def _extract_proposal_features(self, preprocessed_inputs: Tensor) -> Any:
        return self.extract_features(preprocessed_inputs)


@MODELS.register_module()
class SSDMultiMapExtractor(_BackboneExtractor):
    """The maps of a backbone, and ever smaller ones of its last.

    Args:
        backbone: Config of the backbone, or the module itself.
        extra_channels: Channels of the smaller maps.
        level_strides: Their strides; ``None`` is 2 each.
        level_paddings: Their paddings; ``None`` is 1 each.
        neck: Further arguments of :class:`~mmlite.models.necks.SSDNeck`.
        batch_norm_trainable: See :class:`FeatureExtractor`.
        init_cfg: Config of the initialisation.

    Shape:
        preprocessed_inputs: ``(B, 3, H, W)``.
        returns: a tuple of ``(B, C, H / stride, W / stride)``.

    Raises:
        ConfigError: if the backbone gives no maps, or a part is wrong.

    Example:
        >>> extract = SSDMultiMapExtractor(
        ...     dict(type='ResNet', depth=18, out_indices=(2, 3)),
        ...     extra_channels=(64, ))
        >>> [f.shape[-1] for f in extract.extract_features(torch.zeros(1, 3, 64, 64))]
        [4, 2, 1]
    """

    def __init__(
        self,
        backbone: dict | nn.Module,
        extra_channels: Sequence[int] = (512, 256, 256, 128),
        level_strides: Sequence[int] | None = None,
        level_paddings: Sequence[int] | None = None,
        neck: dict | None = None,
        batch_norm_trainable: bool = True,
        init_cfg: dict | list | None = None,
    ) -> None:
        super().__init__(backbone, batch_norm_trainable, init_cfg)
        widths = [spec.channels for spec in self.backbone_specs]
        count = len(extra_channels)
        cfg = dict(
            type='SSDNeck',
            in_channels=widths,
            out_channels=[*widths, *extra_channels],
            level_strides=(2,) * count if level_strides is None else level_strides,
            level_paddings=(1,) * count if level_paddings is None else level_paddings,
        )
        self.neck = build_inner('neck', {**cfg, **(neck or {})})
