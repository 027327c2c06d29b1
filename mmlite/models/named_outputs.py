"""The base of models with named outputs: for a loss, or as a result.

It keeps the signatures of OpenGait and OpenStereo, in whose projects a model is one
class with ``build_network`` and ``forward``, and a loss another.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, ClassVar

import torch
from mmengine.logging import print_log
from mmengine.model import ModuleList
from torch import Tensor, nn

from ..errors import ConfigError, DataError, Problem, TrainingError, did_you_mean
from ..ops import known_disparity
from ..signature import no_dict
from ..structures import (
    DataSample,
    SampleBatch,
    gather_field,
    has_field,
    meta_values,
    scatter_field,
)
from .base import BaseModel as Whole
from .data_preprocessors import pad_like_images, unpad
from .joining import build_part
from .losses import LossAggregator, register_class
from .model_cfg import ModelCfg, NoSettingError, in_sections

__all__ = ['BaseModel']


class BaseModel(Whole):
    """Base of models whose ``forward`` returns named outputs.

    A model is a class with ``build_network(model_cfg)`` and ``forward(inputs)``. It is
    registered under its name without a decorator, and its own ``forward`` needs no
    ``mode``: it returns a dict, from which the losses and the predictions are taken.

    - ``'training_*'``: a dict whose names choose the losses of ``loss_cfg``, see
      :class:`~mmlite.models.losses.LossAggregator`; a dict is the arguments of the
      loss, a scalar is a loss already.
    - ``'inference_*'``: a dict of results, one entry a sample. ``embeddings`` becomes
      the field ``pred_embedding``, ``disp_est`` becomes ``pred_disparity``, any other
      ``name`` becomes ``pred_name``. Maps are given back at the size that the images
      had before they were padded.
    - ``'visual_summary'``: ``image/*`` and ``scalar/*``, kept as
      :attr:`visual_summary` for a hook.

    What ``forward`` is given as ``inputs``:

    - for several inputs by name (``ref_img``, ``tgt_img``): a dict of them
      ``(B, C, H, W)``; where the samples have ground truth also ``disp_gt``
      ``(B, H, W)`` and ``mask`` ``(B, H, W)`` of the pixels that count;
    - for sequences: ``(ipts, labs, typs, vies, seqL)``, which is a list with the frames
      ``(B, S, ...)``, the labels ``(B, )`` or None, the ``type`` and ``view`` of every
      sample, and None. Sequences of several lengths are ``(1, sum of S, ...)``, with
      their lengths ``(1, B)``, on the CPU, as ``seqL``.

    Override:
        build_network: makes the layers from ``model_cfg``.
        forward: what the model gives; see above.
        get_loss: the loss of what ``forward`` gives, in place of ``loss_cfg``.
        init_parameters: how the weights start, right after ``build_network``.
        build_inputs: what ``forward`` is given.

    Args:
        cfgs: ``dict(model_cfg=..., loss_cfg=...)``, or the settings of the model
            alone. A subclass may take ``(cfgs, is_training)`` and hand both on, or
            keyword arguments.
        is_training: Whether it starts in training mode.
        loss_cfg: Config of the losses, each with a ``log_prefix``.
        data_preprocessor: Config of what brings a batch to the device, or the module.
        init_cfg: How the weights are initialised, as mmengine has it.
        model_cfg: Settings of the model, which ``build_network`` is given.

    Raises:
        ConfigError: if ``build_network`` reads a setting that is not given, or the
            config of a part or a loss is wrong.

    Example:
        >>> class Mean(BaseModel):
        ...     def build_network(self, model_cfg):
        ...         self.scale = nn.Parameter(torch.tensor(model_cfg['start']))
        ...     def forward(self, inputs):
        ...         (frames, ), labels, types, views, lengths = inputs
        ...         feat = self.scale * frames.mean(dim=1)
        ...         return dict(inference_feat=dict(embeddings=feat))
        >>> Mean(start=2.0).predict(torch.ones(1, 5, 3))[0].pred_embedding.tolist()
        [2.0, 2.0, 2.0]
    """

    default_data_preprocessor: ClassVar[str] = 'ImageDataPreprocessor'
    learns_classes: ClassVar[bool] = False

    #: Losses where ``loss_cfg`` is empty, by the name of what they take.
    default_losses: ClassVar[dict[str, dict]] = {'disp_est': dict(type='SmoothL1Loss')}
    #: Fields of predictions by the name of the result, where it is not ``pred_*``.
    prediction_fields: ClassVar[dict[str, str]] = {
        'embeddings': 'pred_embedding',
        'disp_est': 'pred_disparity',
    }

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        own = vars(cls)
        if 'forward' in own and 'mode' not in _parameters(own['forward']):
            cls.forward_outputs = own['forward']
            cls.forward = _with_modes(own['forward'])
        init = own.get('__init__')
        if init is not None and _parameters(init)[:1] in (['cfgs'], ['cfg']):
            cls.__init__ = _with_keywords(init)
        register_class(cls)

    def __init__(
        self,
        cfgs: Mapping[str, Any] | None = None,
        is_training: bool = True,
        *,
        loss_cfg: Mapping | Sequence | None = None,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | list | None = None,
        **model_cfg: Any,
    ) -> None:
        own = dict(model_cfg, loss_cfg=loss_cfg, init_cfg=init_cfg)
        cfgs = in_sections({**own, 'data_preprocessor': data_preprocessor}, cfgs)
        super().__init__(cfgs.get('data_preprocessor'), cfgs.get('init_cfg'))
        self.cfgs = cfgs
        self.model_cfg = cfgs['model_cfg'] = ModelCfg(cfgs['model_cfg'])
        base = self.model_cfg.get('base_config') or {}
        self.max_disp = self.model_cfg.get('max_disp', base.get('max_disp'))
        self._build()
        self.init_parameters()
        self.losses = LossAggregator(cfgs.get('loss_cfg'), self.default_losses)
        self.train(is_training)

    def _build(self) -> None:
        name = type(self).__name__
        try:
            if _parameters(type(self).build_network):
                self.build_network(self.model_cfg)
            else:
                self.build_network()
        except NoSettingError as error:
            key = error.args[0]
            hint = did_you_mean(key, self.model_cfg.idle())
            message = f'is needed by {name}.build_network, but not given{hint}'
            raise ConfigError([Problem(str(key), message)]) from error
        idle = self.model_cfg.idle()
        if idle and type(self).build_network is BaseModel.build_network:
            raise ConfigError(
                f'{name} has no argument {idle[0]!r}, and no build_network that '
                f'could read it{did_you_mean(idle[0], ("backbone_cfg",))}'
            )
        if idle and type(self).__module__.startswith('mmlite.'):
            # We know all the settings of our own models; those of others may come
            # from configs of the project that they were written for.
            hint = did_you_mean(idle[0], self.model_cfg.seen())
            raise ConfigError(f'{name} has no argument {idle[0]!r}{hint}')
        if idle:
            print_log(
                f'{name}.build_network does not read {", ".join(idle)} of model_cfg',
                logger='current',
                level=logging.WARNING,
            )

    def build_network(self, model_cfg: ModelCfg) -> None:
        """Make the layers; by default ``Backbone`` from ``backbone_cfg``, if given."""
        if 'backbone_cfg' in model_cfg:
            self.Backbone = self.get_backbone(model_cfg)

    def init_parameters(self) -> None:
        """Set how the weights start; by default as the layers do it themselves."""

    def get_backbone(self, cfg: Mapping | Sequence) -> nn.Module | None:
        """The backbone of a config.

        Args:
            cfg: A dict with a ``type``; a list of them, for a ``ModuleList``; or a
                whole ``model_cfg``, whose ``backbone_cfg`` it then is. None if that
                has none.

        Raises:
            ConfigError: if it is no such dict.
        """
        if isinstance(cfg, Mapping) and 'type' not in cfg and 'backbone_cfg' in cfg:
            cfg = cfg['backbone_cfg']
        elif isinstance(cfg, ModelCfg):
            return None
        if not cfg:
            raise ConfigError([Problem('backbone_cfg', no_dict(cfg))])
        if isinstance(cfg, (list, tuple)):
            parts = [build_part(f'backbone_cfg.{i}', c) for i, c in enumerate(cfg)]
            return ModuleList(parts)
        return build_part('backbone_cfg', cfg)

    def forward_outputs(self, inputs: Any) -> dict[str, Any]:
        """What the ``forward`` of a subclass returns, by name."""
        raise self._undefined('forward')

    def forward_tensor(self, inputs: Any) -> dict[str, Any]:
        """What the ``forward`` of a subclass returns, by name."""
        return self.forward_outputs(self.build_inputs(inputs))

    def build_inputs(
        self, inputs: Any, data_samples: Sequence[DataSample] | None = None
    ) -> Any:
        """What the ``forward`` of a subclass is given; see the class.

        Args:
            inputs: As the data preprocessor leaves them. A tuple is taken to be ready.
            data_samples: Their samples.
        """
        if isinstance(inputs, tuple):
            return inputs
        samples = [] if data_samples is None else data_samples
        if isinstance(inputs, Mapping):
            return {**inputs, **self._ground_truth(samples)}
        labels = None
        if has_field(samples, 'gt_label'):
            labels = gather_field(samples, 'gt_label')
        lengths = None
        if not isinstance(inputs, Tensor):
            # On the CPU, as what splits the sequences has to read them.
            sizes = [[len(sequence) for sequence in inputs]]
            lengths = torch.tensor(sizes, dtype=torch.int32)
            inputs = torch.cat(list(inputs))[None]
        types, views = (list(meta_values(samples, key)) for key in ('type', 'view'))
        return [inputs], labels, types, views, lengths

    def _ground_truth(self, samples: Sequence[DataSample]) -> dict[str, Tensor]:
        """``disp_gt`` and ``mask``, as large as the padded images."""
        if not has_field(samples, 'gt_disparity'):
            return {}
        disparity = pad_like_images(samples, 'gt_disparity')
        valid = None
        if has_field(samples, 'valid'):
            valid = pad_like_images(samples, 'valid')
        mask = known_disparity(disparity, valid, self.max_disp)
        return dict(disp_gt=disparity.where(mask, 0), mask=mask)

    def loss(self, inputs: Any, data_samples: Sequence[DataSample]) -> dict[str, Any]:
        """The losses that the names in ``training_*`` choose."""
        given = self.build_inputs(inputs, data_samples)
        outputs = self._outputs(given)
        taken = len(_parameters(type(self).get_loss))
        return _as_losses(self.get_loss(*(outputs, given)[:taken]))

    def get_loss(self, outputs: dict[str, Any], inputs: Any) -> Any:
        """The loss of what ``forward`` gives.

        Args:
            outputs: What ``forward`` returned.
            inputs: What it was given.

        Returns:
            A dict of losses by name (``loss_*`` is optimised), a tensor, or a tensor
            with a dict of what else is to be logged.
        """
        training = _section(outputs, 'training')
        if not training:
            raise TrainingError(
                f'{type(self).__name__}.forward gives nothing for training; return '
                f'dict(training_feat=dict(...), ...), got {sorted(outputs)}'
            )
        return self.losses(training, _known(inputs))

    def predict(
        self, inputs: Any, data_samples: Sequence[DataSample] | None = None
    ) -> Sequence[DataSample]:
        """The samples with what ``inference_*`` holds for each, as ``pred_*``."""
        outputs = self._outputs(self.build_inputs(inputs, data_samples))
        results = _section(outputs, 'inference')
        if data_samples is None:
            data_samples = SampleBatch.of(_batch_size(inputs))
        for name, value in results.items():
            if not hasattr(value, '__len__') or len(value) != len(data_samples):
                came = tuple(value.shape) if isinstance(value, Tensor) else value
                raise DataError(
                    f'inference_*: {name!r} has one entry a sample, so '
                    f'{len(data_samples)}, got {came!r}'
                )
            own = name if name.startswith('pred_') else f'pred_{name}'
            field = self.prediction_fields.get(name, own)
            scatter_field(data_samples, field, unpad(value, data_samples))
        return data_samples

    def _outputs(self, inputs: Any) -> dict[str, Any]:
        outputs = self.forward_outputs(inputs)
        if not isinstance(outputs, Mapping):
            raise TrainingError(
                f'{type(self).__name__}.forward returns a dict with training_*, '
                f'inference_* and visual_summary, got a {type(outputs).__name__}'
            )
        summary = _entries('visual_summary', outputs.get('visual_summary'))
        self.visual_summary = {
            key: value.detach() if isinstance(value, Tensor) else value
            for key, value in summary.items()
        }
        return outputs


def _parameters(function: Callable) -> list[str]:
    """Names of the parameters behind ``self``."""
    return list(inspect.signature(function).parameters)[1:]


def _with_modes(forward: Callable) -> Callable:
    """A ``forward`` of inputs alone as one with samples and a mode."""

    @wraps(forward)
    def with_modes(
        self: BaseModel,
        inputs: Any,
        data_samples: Sequence[DataSample] | None = None,
        mode: str = 'tensor',
    ) -> Any:
        if mode == 'tensor':
            return forward(self, self.build_inputs(inputs, data_samples))
        return Whole.forward(self, inputs, data_samples, mode)

    return with_modes


def _with_keywords(init: Callable) -> Callable:
    """A constructor of ``(cfgs, is_training)`` as one that takes keywords too."""
    takes_two = len(_parameters(init)) > 1

    def with_keywords(
        self: BaseModel,
        cfgs: Mapping[str, Any] | None = None,
        is_training: bool = True,
        **settings: Any,
    ) -> None:
        cfgs = in_sections(settings, cfgs)
        init(self, *(cfgs, is_training)[: 1 + takes_two])

    return with_keywords


def _section(outputs: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """All that is named in ``training_*`` or ``inference_*``."""
    found: dict[str, Any] = {}
    for key, value in outputs.items():
        if key.startswith(f'{kind}_'):
            entries = _entries(key, value)
            if twice := found.keys() & entries.keys():
                raise TrainingError(f'two of {kind}_* give {sorted(twice)}')
            found.update(entries)
    return found


def _entries(key: str, value: Any) -> Mapping[str, Any]:
    if value is None or value == {...}:  # as in the sketch of a model
        return {}
    if not isinstance(value, Mapping):
        raise TrainingError(
            f'{key} must be a dict, got {value!r} ({type(value).__name__})'
        )
    return value


def _known(inputs: Any) -> dict[str, Any]:
    """What losses may take from a batch, by the names of their arguments."""
    if not isinstance(inputs, Mapping):
        labels = inputs[1] if isinstance(inputs, tuple) and len(inputs) > 1 else None
        names = () if labels is None else ('labels', 'label', 'target')
        return dict.fromkeys(names, labels)
    known = dict(inputs)
    if 'disp_gt' in known:
        mask = known['mask']
        known.update(target=known['disp_gt'], weight=mask.float())
        known['avg_factor'] = mask.sum().clamp(min=1)
    return known


def _as_losses(found: Any) -> dict[str, Any]:
    loss, info = found if isinstance(found, tuple) else (found, {})
    if isinstance(loss, Mapping):
        return {**loss, **info}
    named = {key if '/' in key else f'info/{key}': v for key, v in info.items()}
    return dict(loss=loss, **named)


def _batch_size(inputs: Any) -> int:
    if isinstance(inputs, Mapping):
        return len(next(iter(inputs.values())))
    return len(inputs[0][0] if isinstance(inputs, tuple) else inputs)
