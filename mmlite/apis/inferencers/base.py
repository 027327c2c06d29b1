"""Predict on pictures with a trained model: what all tasks share."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import torch
from mmengine.config import Config
from mmengine.logging import print_log

from ...datasets import default_collate
from ...errors import CheckpointError, UserError
from ...given import CHECKPOINTS, resolved
from ...registry import MODELS
from ...structures import DataSample
from ..model import init_model
from ..zoo.cards import published_weights
from ..zoo.configs import config_at, read_config
from .embedding import EmbeddingPrediction
from .prediction import Prediction, Predictions
from .preparing import OR_LEAVE_OUT, SourceDataset, loader_of, test_dataset_of
from .sources import Source, check_loading, find_groups

__all__ = ['Inferencer', 'class_for', 'config_and_checkpoint', 'register_inferencer']


class Inferencer:
    """Predicts on pictures with a trained model, as its test would.

    Pictures are prepared by the test pipeline of the config, and predicted batch by
    batch without gradients. A prediction does not depend on the others of its batch.

    Override:
        keys: the fields of the pictures that make one sample, e.g. two for a pair.
        groups: which pictures make one sample.
        prediction: what is given back for a sample.
        pipeline_of: the dict of the dataset whose pipeline prepares the pictures.
        run_model: what the model gives for a batch of prepared samples.

    Args:
        config: A config file or a loaded config, or the name of a model, see
            :func:`~mmlite.apis.list_models`; a checkpoint alone is enough if it holds
            its config, as those of a training do.
        checkpoint: A checkpoint file or URL; True for the published weights of the
            model of that name. Without one the weights are random, with a warning.
        device: Where to compute; by default a GPU if there is one.
        overrides: ``'key.path=value'`` strings, as after ``--cfg-options``.

    Attributes:
        model: The model, in eval mode.
        cfg: Its config.
        classes: Names of the classes; None if they are not known.

    Raises:
        ConfigError: if the config has mistakes.
        CheckpointError: if the checkpoint is of another model, or holds no config
            where none is given.
        DataError: if there is no such picture.

    Example:
        >>> predict = Inferencer('configs/resnet18_digits.py')
        >>> results = predict([np.zeros((32, 32, 3), np.uint8)] * 3, batch_size=2)
        >>> [result.name for result in results]
        ['array_0', 'array_1', 'array_2']
    """

    keys: ClassVar[tuple[str, ...]] = ('img',)

    def __new__(cls, *args: Any, **kwargs: Any) -> Inferencer:
        """An inferencer for the task of the model, where none is asked for."""
        if cls is not Inferencer:
            return super().__new__(cls)
        return super().__new__(_class_of(*args, **kwargs))

    def __init__(
        self,
        config: str | Path | Config,
        checkpoint: str | Path | bool | None = None,
        device: str | torch.device | None = None,
        overrides: Sequence[str] = (),
    ) -> None:
        self.cfg, checkpoint = config_and_checkpoint(config, checkpoint, overrides)
        if checkpoint is None:
            warnings.warn(
                'no checkpoint is given: the weights are random, and so are the '
                'predictions',
                stacklevel=2,
            )
        device = device or ('cuda' if torch.cuda.is_available() else 'cpu')
        self.model = init_model(self.cfg, checkpoint, device, whole=True)
        self.dataset = self.pipeline_of(self.cfg)
        self.classes = self.model.dataset_meta.get('classes')

    def __call__(
        self,
        inputs: Any,
        batch_size: int = 1,
        num_workers: int = 0,
        on_error: str = 'raise',
    ) -> Predictions:
        """Predict on pictures; see :meth:`stream` for a generator.

        Args:
            inputs: A path, folder, pattern, address, array or a list of these; see
                :func:`~mmlite.apis.inferencers.sources.find_sources`.
            batch_size: How many samples go through the model together.
            num_workers: Processes that read pictures.
            on_error: ``'raise'``, or ``'skip'`` to warn of a picture that cannot be
                read and go on with the next one.

        Returns:
            One prediction for each sample, in the order of the inputs; a list with
            ``plot``, ``save`` and ``to_dict``, which notebooks show.
        """
        return Predictions(self.stream(inputs, batch_size, num_workers, on_error))

    def names(self, inputs: Any) -> list[str]:
        """Names of the inputs, without reading them; see :meth:`__call__`."""
        return [sources[0].name for sources in self.groups(inputs)]

    def groups(self, inputs: Any) -> list[tuple[Source, ...]]:
        """The pictures of each sample; see :meth:`__call__`."""
        return find_groups(inputs, len(self.keys))

    def stream(
        self,
        inputs: Any,
        batch_size: int = 1,
        num_workers: int = 0,
        on_error: str = 'raise',
    ) -> Iterator[Prediction]:
        """Predict on pictures one batch after the other; see :meth:`__call__`."""
        check_loading(batch_size, num_workers, on_error)
        samples = self.groups(inputs)
        dataset = SourceDataset(
            samples,
            self.dataset,
            self.keys,
            to_rgb=getattr(self.model.data_preprocessor, 'to_rgb', False),
            skip_errors=on_error == 'skip',
            advice=OR_LEAVE_OUT,
        )
        self.in_bgr = dataset.bgr
        place = 0
        for batch in loader_of(dataset, batch_size, num_workers):
            sources = samples[place : place + len(batch)]
            place += len(batch)
            yield from self._predict(sources, batch)

    def pipeline_of(self, cfg: Config) -> dict[str, Any]:
        """The dict of the dataset whose pipeline prepares the pictures."""
        return test_dataset_of(cfg)

    def run_model(self, batch: list[dict]) -> Sequence[DataSample]:
        """The samples of a batch with their predictions."""
        return self.model.test_step(default_collate(batch))

    def prediction(self, sources: Sequence, sample: DataSample) -> Prediction:
        """What is given back for a sample."""
        found = {key for key, _ in sample.items() if key.startswith('pred_')}
        kind = EmbeddingPrediction if found == {'pred_embedding'} else Prediction
        return kind(sources, sample, self.classes)

    def _predict(self, sources: Sequence, batch: list) -> Iterator[Prediction]:
        read = []
        for of_sample, item in zip(sources, batch, strict=True):
            if isinstance(item, UserError):
                print_log(
                    f'skipped {of_sample[0].name}: {item}',
                    logger='current',
                    level=logging.WARNING,
                )
            else:
                read.append((of_sample, item))
        if not read:
            return
        with torch.inference_mode():
            samples = self.run_model([item for _, item in read])
        for (of_sample, _), sample in zip(read, samples, strict=True):
            yield self.prediction(of_sample, sample.cpu())


#: Inferencers by the ``task`` that a model states.
_OF_TASKS: dict[str, type[Inferencer]] = {}


def register_inferencer(task: str, inferencer: type[Inferencer]) -> None:
    """Let models that state a task be predicted with by an inferencer of its own.

    Models of other tasks have :class:`Inferencer` itself.

    Args:
        task: What the models state as their ``task``.
        inferencer: The class, which overrides what is different.

    Example:
        >>> class CountingInferencer(Inferencer):
        ...     pass
        >>> register_inferencer('counting', CountingInferencer)
    """
    _OF_TASKS[task] = inferencer


def class_for(cfg: Config) -> type[Inferencer]:
    """The class of the inferencer for the model of a config."""
    kind = cfg.model.get('type')
    model = MODELS.get(kind) if isinstance(kind, str) else kind
    return _OF_TASKS.get(getattr(model, 'task', None), Inferencer)


def _class_of(
    config: str | Path | Config, checkpoint: Any = None, *args: Any, **kwargs: Any
) -> type[Inferencer]:
    """The class of the inferencer that these arguments are for."""
    given = checkpoint if checkpoint is not True else None
    return class_for(config_and_checkpoint(config, given)[0])


def config_and_checkpoint(
    config: str | Path | Config,
    checkpoint: str | Path | bool | None = None,
    overrides: Sequence[str] = (),
) -> tuple[Config, str | Path | None]:
    """The config, and the checkpoint, of which either may hold the other.

    Args:
        config: A config file, a loaded config, the name of a model, or a checkpoint
            that holds one; a work_dir stands for its best or latest checkpoint, see
            :func:`~mmlite.given.checkpoint_in`.
        checkpoint: A checkpoint or work_dir, if ``config`` is none itself; True for the
            published weights of the model of that name.
        overrides: ``'key.path=value'`` strings.

    Raises:
        CheckpointError: if the checkpoint holds no config where none is given.
    """
    if isinstance(checkpoint, (str, Path)):
        checkpoint = resolved(checkpoint)
    if isinstance(config, (str, Path)):
        config = resolved(config)
    is_path = isinstance(config, (str, Path))
    if not is_path or Path(config).suffix not in CHECKPOINTS:
        if checkpoint is True:
            checkpoint = published_weights(config)
        return read_config(config, overrides), checkpoint
    if checkpoint is not None:
        raise UserError(f'{config} and {checkpoint} are both checkpoints; give one')
    cfg = config_at(config, overrides)
    if not isinstance(cfg.get('model'), Mapping):
        raise CheckpointError(
            f'{config}: the config in it has no model; give the config file before it'
        )
    return cfg, config
