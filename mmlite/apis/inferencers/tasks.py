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
from .reconstruction import ReconstructionInferencer
from .retrieval import ImageRetrievalInferencer
from .stereo import StereoInferencer

__all__ = ['class_of', 'inferencer_of', 'register_inferencer']

#: Inferencers by the ``task`` that a model states.
_INFERENCERS: dict[str, type[Inferencer]] = {
    'classification': ImageClassificationInferencer,
    'reconstruction': ReconstructionInferencer,
    'retrieval': ImageRetrievalInferencer,
    'gait': GaitInferencer,
    'detection': DetectionInferencer,
    'stereo': StereoInferencer,
}


def register_inferencer(task: str, inferencer: type[Inferencer]) -> None:
    """Let models that state a task be predicted with by an inferencer of its own.

    Models of other tasks have :class:`Inferencer` itself.

    Args:
        task: What the models state as their ``task``.
        inferencer: The class, which overrides what is different.

    Example:
        >>> register_inferencer('counting', ImageClassificationInferencer)
    """
    _INFERENCERS[task] = inferencer


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
    return _class_for(cfg)(cfg, checkpoint, **kwargs)


def class_of(
    config: str | Path | Config, checkpoint: Any = None, *args: Any, **kwargs: Any
) -> type[Inferencer]:
    """The class of the inferencer that these arguments are for."""
    given = checkpoint if checkpoint is not True else None
    return _class_for(config_and_checkpoint(config, given)[0])


def _class_for(cfg: Config) -> type[Inferencer]:
    kind = cfg.model.get('type')
    model = MODELS.get(kind) if isinstance(kind, str) else kind
    return _INFERENCERS.get(getattr(model, 'task', None), Inferencer)
