"""Which inferencer is for which task."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mmengine.config import Config

from ...registry import MODELS
from .base import Inferencer, config_and_checkpoint
from .classification import ImageClassificationInferencer
from .detection import DetectionInferencer
from .gait import GaitInferencer
from .retrieval import ImageRetrievalInferencer
from .stereo import StereoInferencer

__all__ = [
    'inferencer_of',
]

#: Inferencers by the ``task`` that a model states.
_INFERENCERS: dict[str, type[Inferencer]] = {
    'classification': ImageClassificationInferencer,
    'retrieval': ImageRetrievalInferencer,
    'gait': GaitInferencer,
    'detection': DetectionInferencer,
    'stereo': StereoInferencer,
}


def inferencer_of(
    config: str | Path | Config,
    checkpoint: str | Path | None = None,
    **kwargs: Any,
) -> Inferencer:
    """The inferencer for the task of a model.

    Args:
        config: A config, or a checkpoint that holds one.
        checkpoint: A checkpoint.
        kwargs: Further arguments of :class:`Inferencer`.

    Example:
        >>> type(inferencer_of('configs/resnet18_digits.py')).__name__
        'ImageClassificationInferencer'
    """
    overrides = kwargs.pop('overrides', ())
    cfg, checkpoint = config_and_checkpoint(config, checkpoint, overrides)
    kind = cfg.model.get('type')
    model = MODELS.get(kind) if isinstance(kind, str) else kind
    task = getattr(model, 'task', None)
    return _INFERENCERS.get(task, Inferencer)(cfg, checkpoint, **kwargs)
