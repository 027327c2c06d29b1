"""The interface of the feature extractors of detectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from ...errors import ConfigError, DataError, Problem, at
from ...registry import MODELS
from ...structures import FeatureSpec
from ..layers import freeze_norms

__all__ = [
    'FasterRCNNFeatureExtractor',
    'FeatureExtractor',
    'SSDFeatureExtractor',
    'build_inner',
    'dry_width',
    'maps_of',
]

Features = Tensor | Sequence[Tensor]


class FeatureExtractor(BaseModule):
    """Base of the feature extractors.

    Args:
        batch_norm_trainable: Whether batch norms learn. False keeps weights and
            statistics as a checkpoint of a classifier has them, which is better where
            a batch has few images.
        init_cfg: Config of the initialisation.

    Override:
        preprocess: what is done to images before the network.
        feature_specs: width and stride of the features, so that the whole can be
            checked when it is built.
        restore_from_classification_checkpoint_fn: which entries of a classifier's
            checkpoint become which of the extractor.
    """

    #: What the names here begin with, before those of a classifier's backbone.
    scopes: ClassVar[Sequence[str]] = ('backbone',)

    def __init__(
        self, batch_norm_trainable: bool = True, init_cfg: dict | list | None = None
    ) -> None:
        super().__init__(init_cfg)
        self.batch_norm_trainable = batch_norm_trainable

    @property
    def feature_specs(self) -> tuple[FeatureSpec, ...] | None:
        """Width and stride of every feature map; ``None`` if it is not known."""
        return None

    def preprocess(self, resized_inputs: Tensor) -> Tensor:
        """Images as the network expects them; here unchanged.

        The data preprocessor of the config may have normalised them already; do it
        here or there.

        Args:
            resized_inputs: Images, ``(B, C, H, W)``; float32, from 0 to 255 where no
                data preprocessor changed that.
        """
        return resized_inputs

    def restore_from_classification_checkpoint_fn(self, *scopes: str) -> dict[str, str]:
        """Names in a classifier's backbone, and the names here.

        Args:
            scopes: What the names here begin with, and those there do not.

        Returns:
            ``{name in the backbone: name in the extractor}``.
        """
        found = {}
        for name in self.state_dict():
            for scope in scopes:
                if name.startswith(f'{scope}.'):
                    found[name[len(scope) + 1 :]] = name
        return found

    def train(self, mode: bool = True) -> FeatureExtractor:
        """Set the mode of all but batch norms that do not learn."""
        super().train(mode)
        if not self.batch_norm_trainable:
            freeze_norms(self)
        return self


class SSDFeatureExtractor(FeatureExtractor):
    """Base of the feature extractors of :class:`~mmlite.models.detectors.SSD`.

    Args:
        batch_norm_trainable: See :class:`FeatureExtractor`.
        init_cfg: Config of the initialisation.

    Override:
        extract_features: images to feature maps.

    Example:
        >>> class Halves(SSDFeatureExtractor):
        ...     def extract_features(self, preprocessed_inputs):
        ...         return [preprocessed_inputs[..., ::2, ::2]]
        >>> Halves().extract_features(torch.zeros(1, 3, 4, 4))[0].shape
        torch.Size([1, 3, 2, 2])
    """

    def extract_features(self, preprocessed_inputs: Tensor) -> Sequence[Tensor]:
        """Feature maps ``(B, C, H, W)``, the largest first.

        Args:
            preprocessed_inputs: Images, ``(B, C, H, W)``.
        """
        raise NotImplementedError(
            f'{type(self).__name__} has to define extract_features'
        )


class FasterRCNNFeatureExtractor(FeatureExtractor):
    """Base of the feature extractors of :class:`~mmlite.models.detectors.FasterRCNN`.

    A network is cut in two: all but its last part looks at the image, the last part at
    what is cropped out for each proposal.

    Args:
        batch_norm_trainable: See :class:`FeatureExtractor`; False by default, as in
            TensorFlow.
        init_cfg: Config of the initialisation.

    Override:
        preprocess: what is done to images before the network.
        _extract_proposal_features: images to the features of the first stage.
        _extract_box_classifier_features: crops to the features of the second stage.
        restore_from_classification_checkpoint_fn: see :class:`FeatureExtractor`.

    Example:
        >>> class Thirds(FasterRCNNFeatureExtractor):
        ...     def _extract_proposal_features(self, preprocessed_inputs):
        ...         return preprocessed_inputs[..., ::3, ::3]
        >>> Thirds().extract_proposal_features(torch.zeros(1, 3, 9, 9))[0].shape
        torch.Size([1, 3, 3, 3])
    """

    scopes: ClassVar[Sequence[str]] = ('first_stage', 'second_stage')

    def __init__(
        self, batch_norm_trainable: bool = False, init_cfg: dict | list | None = None
    ) -> None:
        super().__init__(batch_norm_trainable, init_cfg)

    def extract_proposal_features(
        self, preprocessed_inputs: Tensor
    ) -> Sequence[Tensor]:
        """The features of the first stage, the largest map first.

        Args:
            preprocessed_inputs: Images, ``(B, C, H, W)``.

        Raises:
            DataError: if what the extractor gives are no feature maps.
        """
        feats = self._extract_proposal_features(preprocessed_inputs)
        feats = (feats,) if isinstance(feats, Tensor) else tuple(feats)
        wrong = [tuple(f.shape) for f in feats if f.ndim != 4]
        if wrong or not feats:
            raise DataError(
                f'{type(self).__name__}._extract_proposal_features gives feature maps '
                f'(B, C, H, W), got {wrong or "none"}'
            )
        return feats

    def extract_box_classifier_features(self, proposal_feature_maps: Tensor) -> Tensor:
        """The features of the second stage.

        Args:
            proposal_feature_maps: The crops of all proposals, ``(R, C, h, w)``.
        """
        return self._extract_box_classifier_features(proposal_feature_maps)

    def _extract_proposal_features(self, preprocessed_inputs: Tensor) -> Features:
        raise NotImplementedError(
            f'{type(self).__name__} has to define _extract_proposal_features'
        )

    def _extract_box_classifier_features(self, proposal_feature_maps: Tensor) -> Tensor:
        return proposal_feature_maps


def build_inner(key: str, cfg: dict | nn.Module) -> Any:
    """Build a part of an extractor, so that errors say which argument it is."""
    if isinstance(cfg, nn.Module):
        return cfg
    with at(key):
        return MODELS.build(cfg)


def maps_of(backbone: nn.Module) -> tuple[FeatureSpec, ...]:
    """Width and stride of the feature maps of a backbone.

    Raises:
        ConfigError: if it gives no maps, or does not say which.
    """
    specs = getattr(backbone, 'feature_specs', None)
    if not specs or any(getattr(s, 'stride', None) is None for s in specs):
        given = 'states no feature_specs' if not specs else f'gives {list(specs)}'
        raise ConfigError(
            [
                Problem(
                    'backbone',
                    f'{type(backbone).__name__} {given}, but a detector needs feature '
                    'maps with a stride; set its out_indices or out_type accordingly',
                )
            ]
        )
    return tuple(specs)


def dry_width(module: nn.Module) -> int:
    """Channels of what a module gives for an image."""
    was = module.training
    with torch.no_grad():
        width = module.eval()(torch.zeros(1, 3, 64, 64)).size(1)
    module.train(was)
    return width
