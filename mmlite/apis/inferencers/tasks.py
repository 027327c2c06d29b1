"""Which inferencer is for which task."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mmengine.config import Config

from .base import Inferencer, class_for, config_and_checkpoint, register_inferencer
from .classification import ImageClassificationInferencer
from .detection import DetectionInferencer
from .gait import GaitInferencer
from .reconstruction import ReconstructionInferencer
from .retrieval import ImageRetrievalInferencer
from .stereo import StereoInferencer

__all__ = ['inferencer_of']

register_inferencer('classification', ImageClassificationInferencer)
register_inferencer('reconstruction', ReconstructionInferencer)
register_inferencer('retrieval', ImageRetrievalInferencer)
register_inferencer('gait', GaitInferencer)
register_inferencer('detection', DetectionInferencer)
register_inferencer('stereo', StereoInferencer)


def inferencer_of(
    config: str | Path | Config,
    checkpoint: str | Path | bool | None = None,
    **kwargs: Any,
) -> Inferencer:
    """The inferencer for the task of a model.

    Args:
        config: A config, the name of a model, or a checkpoint that holds a config.
        checkpoint: A checkpoint; True for the published weights of that name.
        kwargs: Further arguments of :class:`Inferencer`.

    Example:
        >>> type(inferencer_of('configs/resnet18_digits.py')).__name__
        'ImageClassificationInferencer'
    """
    overrides = kwargs.pop('overrides', ())
    cfg, checkpoint = config_and_checkpoint(config, checkpoint, overrides)
    return class_for(cfg)(cfg, checkpoint, **kwargs)
