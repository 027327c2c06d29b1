"""The call that all models share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from numbers import Real
from types import MappingProxyType
from typing import Any, ClassVar

import torch
from mmengine.logging import MMLogger
from mmengine.model import BaseModel as EngineModel
from torch import Tensor, nn

from ..errors import DataError, TrainingError, wrong_choice
from ..ops import use_channels_last
from ..structures import DataSample, Ragged, SampleBatch
from .joining import build_part

__all__ = ['BaseModel', 'is_summed']

MODES = ('tensor', 'loss', 'predict')


class BaseModel(EngineModel):
    """Base of every model: one call, three modes.

    ``forward(inputs, data_samples, mode)`` leads to :meth:`loss`,
    :meth:`predict`, or the raw output. Training, validation and distribution
    are mmengine's (``train_step``, ``val_step``, ``test_step``).

    Override:
        extract_feat: images to features.
        whole_features: the same for use elsewhere, where extract_feat hides a part.
        loss: images and ground truth to a dict of losses; see :meth:`parse_losses`.
        predict: images to samples with ``pred_*`` fields.
        forward_tensor: what ``mode='tensor'`` gives, if not the features.
        export_outputs: what an exported model gives, by name.
        program_outputs: the same for ``torch.export``, if it cannot record all of it.
        derived_outputs: those that follow from others, so that a file is compared
            without what rounding decides.

    Args:
        data_preprocessor: Config of what brings a batch to the device, or the
            module itself; its type may be left out for
            ``default_data_preprocessor``, and so may all of it.
        init_cfg: How the weights are initialised, as mmengine has it.

    Attributes:
        task: What it is for, e.g. ``'classification'``; says which inferencer
            predicts with it.
        learns_classes: Whether the head learns the classes of the dataset, so that
            its number of classes must suffice for them.
        class_counts: Where its config counts the classes, e.g. ``'head.num_classes'``;
            a count that is None there is that of the training data.
        default_data_preprocessor: Class of the data preprocessor where a config
            names none. Here it only moves the batch.
        input_keys: Names of its inputs where it takes several, e.g. the two views of a
            pair; they are what an exported file takes.
        exports_any_size: Whether images may have another size than the one that it was
            exported with.
        exported_rows: Names of outputs whose rows belong together, and may change
            places where rounding decides, as detections of equal scores do.
        sample_unit: What a sample is called where a speed is given, e.g. ``'walk'``.
        predicts: Whether it gives predictions; a model for pretraining may not.
        loss_in_one_graph: Whether ``loss`` reads nothing on the device, so that
            ``torch.compile`` makes one graph of it.
        tta_model: Class of the default test-time augmentation, or None.
        visual_summary: Pictures and curves of the last call, by name, for
            :class:`~mmlite.engine.hooks.VisualSummaryHook`: ``image/*``
            ``(B, C, H, W)``, ``scalar/*`` one number.

    Example:
        >>> class Mean(BaseModel):
        ...     def extract_feat(self, inputs):
        ...         return inputs.mean(dim=(1, 2, 3))
        >>> Mean()(torch.ones(2, 3, 8, 8))
        tensor([1., 1.])
    """

    learns_classes: ClassVar[bool] = False
    class_counts: ClassVar[tuple[str, ...]] = ()
    task: ClassVar[str] = ''
    default_data_preprocessor: ClassVar[str] = 'BaseDataPreprocessor'
    sample_unit: ClassVar[str] = 'img'
    predicts: ClassVar[bool] = True
    loss_in_one_graph: ClassVar[bool] = False
    input_keys: ClassVar[tuple[str, ...]] = ()
    exports_any_size: ClassVar[bool] = True
    exported_rows: ClassVar[tuple[tuple[str, ...], ...]] = ()
    tta_model: ClassVar[str | None] = None
    visual_summary: Mapping[str, Any] = MappingProxyType({})

    def __init__(
        self,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | list | None = None,
    ) -> None:
        if data_preprocessor is None or isinstance(data_preprocessor, dict):
            default = dict(type=self.default_data_preprocessor)
            data_preprocessor = {**default, **(data_preprocessor or {})}
        data_preprocessor = build_part('data_preprocessor', data_preprocessor)
        super().__init__(data_preprocessor, init_cfg)

    def forward(
        self,
        inputs: Tensor,
        data_samples: list[DataSample] | None = None,
        mode: str = 'tensor',
    ) -> Any:
        """Do what ``mode`` says with preprocessed inputs.

        Args:
            inputs: Images, as the data preprocessor leaves them.
            data_samples: Their annotations; needed for ``'loss'``.
            mode: ``'tensor'`` for the raw output, ``'loss'`` for the dict of
                losses, ``'predict'`` for the samples with predictions.

        Raises:
            ValueError: if the mode is unknown.
            DataError: if the samples are those of several variants of each image.
        """
        if type(data_samples) is list and data_samples:
            _check_variants(data_samples)
        if mode == 'tensor':
            return self.forward_tensor(inputs)
        if mode == 'loss':
            return self.loss(inputs, data_samples)
        if mode == 'predict':
            return self._predict_in_groups(inputs, data_samples)
        raise ValueError(wrong_choice('mode', mode, MODES))

    def _predict_in_groups(
        self, inputs: Any, data_samples: Sequence[DataSample] | None
    ) -> Sequence[DataSample]:
        """Predict inputs of several sizes group by group, so that none is padded."""
        groups = _groups(inputs)
        if groups is None:
            return self.predict_samples(inputs, data_samples)
        found: dict[int, DataSample] = {}
        for group in groups:
            part = _group_of(inputs, group)
            own = None if data_samples is None else [data_samples[i] for i in group]
            predicted = self.predict_samples(part, own)
            found.update(zip(group, predicted, strict=True))
        return [found[place] for place in range(len(found))]

    def predict_samples(
        self, inputs: Any, data_samples: Sequence[DataSample] | None
    ) -> Sequence[DataSample]:
        """What ``mode='predict'`` gives for inputs of one size: :meth:`predict`."""
        return self.predict(inputs, data_samples)

    def forward_tensor(self, inputs: Tensor) -> Any:
        """The raw output of the network, without losses or samples."""
        return self.extract_feat(inputs)

    def export_outputs(self, inputs: Tensor) -> dict[str, Tensor]:
        """What the model gives to programs without mmlite: tensors by name.

        By default the features, ``feat_0`` and so on.
        """
        feats = self.whole_features(inputs)
        feats = feats if isinstance(feats, (list, tuple)) else (feats,)
        return {f'feat_{i}': feat for i, feat in enumerate(feats)}

    def program_outputs(self, inputs: Tensor) -> dict[str, Tensor]:
        """What of :meth:`export_outputs` a program of ``torch.export`` gives: all."""
        return self.export_outputs(inputs)

    def derived_outputs(
        self, outputs: Mapping[str, Tensor], inputs: Tensor
    ) -> dict[str, Tensor]:
        """Those of ``outputs``, of an exported file, that follow from the others."""
        return {}

    def extract_feat(self, inputs: Tensor) -> Any:
        """The features of the inputs."""
        raise self._undefined('extract_feat')

    def whole_features(self, inputs: Tensor) -> Any:
        """The features for use elsewhere, with nothing of the inputs hidden."""
        return self.extract_feat(inputs)

    def loss(
        self, inputs: Tensor, data_samples: list[DataSample]
    ) -> dict[str, Tensor | list[Tensor] | float]:
        """The losses, and whatever else is to be logged, by name."""
        raise self._undefined('loss')

    def predict(
        self, inputs: Tensor, data_samples: list[DataSample] | None = None
    ) -> list[DataSample]:
        """One sample with predictions per input."""
        raise self._undefined('predict')

    def use_channels_last(self) -> None:
        """Lay out kernels and images with the channels of a pixel side by side.

        So dense convolutions are faster on a GPU in half precision. Results are the
        same but for rounding, and so are checkpoints. Not for training on a CPU:
        there it gains nothing, and torch 2.13 hangs or crashes in the backward pass
        of some convolutions.
        """
        use_channels_last(self)
        self.data_preprocessor.memory_format = torch.channels_last

    def parse_losses(
        self, losses: Mapping[str, Tensor | Sequence[Tensor] | float]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Sum what is optimised, and detach what is logged.

        A key counts as a loss if the part behind its last dot starts with
        ``loss`` or ends with ``_loss``; all others are only logged, and so is a key
        with a slash, which is what a loss reports beside its value. The total
        is logged as ``loss``. Nothing is read from the device.

        Args:
            losses: Tensors, lists of tensors (summed) or numbers by name; a
                tensor with several values counts with their mean.

        Returns:
            The total to be optimised, and the values to be logged.

        Raises:
            TrainingError: if a value is of another kind, no key is a loss, or
                ``loss`` stands beside other losses: it would be logged in the
                place of the total.

        Example:
            >>> total, log = BaseModel().parse_losses(
            ...     dict(loss_a=torch.tensor(1.), b_loss=torch.tensor(2.), acc=0.5))
            >>> total, log['acc']
            (tensor(3.), tensor(0.5000))
        """
        total, logged = None, {}
        for key, value in losses.items():
            value = _as_scalar(key, value)
            if is_summed(key):
                total = value if total is None else total + value
            logged[key] = value.detach()
        if total is None:
            raise TrainingError(
                f'nothing to optimise among {list(losses)}; the name of a loss '
                "starts with 'loss' or ends with '_loss'"
            )
        if 'loss' not in logged:
            return total, {'loss': total.detach(), **logged}
        others = [repr(key) for key in losses if is_summed(key) and key != 'loss']
        if others:
            raise TrainingError(
                "the key 'loss' is kept for the total, but stands beside "
                f'{", ".join(others)}; '
                "rename it, e.g. to 'loss_main', so that each is summed and logged"
            )
        return total, logged

    def _dump_init_info(self) -> None:
        """Write how each weight was set to the log file; without one, nowhere."""
        if MMLogger.get_current_instance().log_file is not None:
            super()._dump_init_info()

    def _undefined(self, method: str) -> NotImplementedError:
        return NotImplementedError(f'{type(self).__name__} does not define {method}')


def _groups(inputs: Any) -> list[list[int]] | None:
    """The places of the samples whose inputs are of one size; None if all are."""
    if isinstance(inputs, Ragged):
        return inputs.groups()
    if isinstance(inputs, Mapping):
        inputs = inputs.values()
    elif not isinstance(inputs, (list, tuple)):
        return None
    grouped = [found for entry in inputs if (found := _groups(entry)) is not None]
    if not grouped:
        return None
    group_of = [{i: n for n, group in enumerate(g) for i in group} for g in grouped]
    places: dict[tuple, list[int]] = {}
    for place in group_of[0]:
        places.setdefault(tuple(of[place] for of in group_of), []).append(place)
    return list(places.values())


def _group_of(inputs: Any, group: list[int]) -> Any:
    if isinstance(inputs, Ragged):
        return torch.stack([inputs[place] for place in group])
    if isinstance(inputs, Mapping):
        return {key: _group_of(entry, group) for key, entry in inputs.items()}
    if isinstance(inputs, (list, tuple)):
        return [_group_of(entry, group) for entry in inputs]
    return inputs[group]


@lru_cache(maxsize=1024)
def is_summed(key: str) -> bool:
    """Whether the value under this name is optimised, not only logged.

    The part behind the last dot starts with ``loss`` or ends with ``_loss``, and
    there is no slash in the name.

    Example:
        >>> names = 'aux.loss_ce', 'my_loss', 'loss_aux.acc', 'triplet/hard_loss'
        >>> [is_summed(key) for key in names]
        [True, True, False, False]
    """
    if '/' in key:
        return False
    name = key.rsplit('.', 1)[-1]
    return name.startswith('loss') or name.endswith('_loss')


def _as_scalar(key: str, value: Any) -> Tensor:
    if isinstance(value, Tensor):
        if value.ndim == 0 and value.is_floating_point():
            return value
        value = value if value.is_floating_point() else value.float()
        return value.mean() if value.ndim else value
    if isinstance(value, Real):
        return torch.tensor(float(value))
    if isinstance(value, (list, tuple)) and value:
        return sum(_as_scalar(key, v) for v in value)
    raise TrainingError(
        f'{key!r} in the dict of losses must be a tensor, a list of tensors or a '
        f'number, got {value!r} ({type(value).__name__})'
    )


def _check_variants(samples: Sequence[Any]) -> None:
    """Refuse what test-time augmentation makes, where no model for it merges it."""
    if isinstance(samples[0], (list, tuple, SampleBatch)):
        raise DataError(
            f'the data have {len(samples)} variants of each image, as TestTimeAug and '
            'MultiScaleFlipAug make; let such a pipeline be the tta_pipeline, and test '
            'with --tta'
        )
