"""A classifier's backbone cut in two for Faster R-CNN."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from torch import Tensor, nn

from ...errors import ConfigError, Problem
from ...registry import MODELS
from ...structures import FeatureSpec
from ..layers import norms_to_eval
from .base import FasterRCNNFeatureExtractor, build_inner, dry_width

__all__ = ['ClassifierRCNNExtractor']


@MODELS.register_module()
class ClassifierRCNNExtractor(FasterRCNNFeatureExtractor):
    """All stages up to a cut for the image, those behind it for each proposal.

    Paper: Faster R-CNN, NIPS 2015, https://arxiv.org/abs/1506.01497, in the form for
    ResNet that is called C4. For TensorFlow's, in which the last stage of ResNet keeps
    the size of the crops, give the backbone ``strides=(1, 2, 2, 1)``.

    Args:
        backbone: Config of the backbone, or the module itself; one that is a chain of
            named stages, see :class:`~mmlite.models.backbones.BaseBackbone`.
        cut: Name of the last stage that looks at the whole image.
        batch_norm_trainable: See :class:`FeatureExtractor`.
        init_cfg: Config of the initialisation.

    Shape:
        preprocessed_inputs: ``(B, 3, H, W)``; proposal_feature_maps: ``(R, C, h, w)``.

    Raises:
        ConfigError: if the backbone cannot be cut there.

    Example:
        >>> extract = ClassifierRCNNExtractor(
        ...     dict(type='ResNet', depth=18), cut='layer3')
        >>> (feats, ) = extract.extract_proposal_features(torch.zeros(1, 3, 64, 64))
        >>> extract.extract_box_classifier_features(feats).shape
        torch.Size([1, 512, 2, 2])
    """

    scopes: ClassVar[Sequence[str]] = ('first_stage', 'second_stage')

    def __init__(
        self,
        backbone: dict | nn.Module,
        cut: str,
        batch_norm_trainable: bool = False,
        init_cfg: dict | list | None = None,
    ) -> None:
        super().__init__(batch_norm_trainable, init_cfg)
        whole = build_inner('backbone', backbone)
        if not hasattr(whole, 'split'):
            raise ConfigError(
                [
                    Problem(
                        'backbone',
                        f'{type(whole).__name__} has no split(at); use another '
                        'backbone, or FPNExtractor, which needs no cut',
                    )
                ]
            )
        try:
            self.first_stage, self.second_stage = whole.split(cut)
        except ValueError as error:
            raise ConfigError([Problem('cut', str(error))]) from error
        # As a tuple, which registers no module twice.
        self._frozen = tuple(getattr(whole, 'frozen_parts', tuple)())
        self._norm_eval = bool(getattr(whole, 'norm_eval', False))
        self._width = dry_width(self.first_stage)
        self.train(self.training)

    @property
    def feature_specs(self) -> tuple[FeatureSpec, ...]:
        """Width of the features of the first stage."""
        return (FeatureSpec(self._width),)

    def train(self, mode: bool = True) -> ClassifierRCNNExtractor:
        """Set the mode of all but what is frozen."""
        super().train(mode)
        for part in self._frozen:
            part.eval()
            part.requires_grad_(False)
        if self._norm_eval:
            norms_to_eval(self)
        return self

    def _extract_proposal_features(self, preprocessed_inputs: Tensor) -> Tensor:
        return self.first_stage(preprocessed_inputs)

    def _extract_box_classifier_features(self, proposal_feature_maps: Tensor) -> Tensor:
        return self.second_stage(proposal_feature_maps)
