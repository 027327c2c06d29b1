"""One head for each of several tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from mmengine.model import BaseModule, ModuleDict
from torch import Tensor, nn

from ...errors import ConfigError, Problem, at
from ...ops import numbers_like
from ...registry import MODELS
from ...structures import DataSample, SampleBatch
from ..layers import last_feature


@MODELS.register_module()
class MultiTaskHead(BaseModule):
    """Give the same features to one head a task; each learns from its own labels.

    The data samples hold one sample a task under its name, see
    :class:`~mmlite.structures.MultiTaskDataSample`. A head is trained with those
    images of a batch that have labels of its task.

    Args:
        task_heads: Config of each head by the name of its task; a head may be of
            several tasks itself.
        init_cfg: Config of the initialisation, as in mmengine.
        kwargs: Arguments that all heads share, unless their own config states them.

    Shape:
        feats: what the heads take; returns: what each gives, by task.

    Raises:
        ConfigError: if there is no head, or a config is wrong.

    Example:
        >>> head = MultiTaskHead(
        ...     dict(gender=dict(type='LinearClsHead', num_classes=2),
        ...          wear=dict(type='MultiLabelLinearClsHead', num_classes=4)),
        ...     in_channels=8)
        >>> {task: out.shape[1] for task, out in head((torch.rand(1, 8), )).items()}
        {'gender': 2, 'wear': 4}
    """

    promise: ClassVar[str] = 'MultiTaskHead'

    def __init__(
        self,
        task_heads: Mapping[str, dict | nn.Module],
        init_cfg: dict | list | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(init_cfg)
        if not isinstance(task_heads, Mapping) or not task_heads:
            raise ValueError(
                'task_heads must be a dict with the config of a head for each '
                f'task, got {task_heads!r}'
            )
        self.task_heads = ModuleDict()
        for task, head in task_heads.items():
            self.task_heads[task] = _build(task, head, kwargs)

    def forward(self, feats: tuple[Tensor, ...]) -> dict[str, Any]:
        """What each head gives, by task."""
        return {task: head(feats) for task, head in self.task_heads.items()}

    def scores(self, feats: tuple[Tensor, ...]) -> dict[str, Tensor]:
        """The scores of the classes of each task, ``(B, K)``."""
        found: dict[str, Tensor] = {}
        for task, head in self.task_heads.items():
            scores = head.scores(feats)
            if isinstance(scores, Mapping):
                found |= {f'{task}_{name}': value for name, value in scores.items()}
            else:
                found[f'{task}_scores'] = scores
        return found

    def loss(
        self,
        feats: tuple[Tensor, ...],
        data_samples: Sequence[DataSample],
        **kwargs: Any,
    ) -> dict[str, Tensor]:
        """The losses of each head as ``<task>_loss``, and of how many images.

        Args:
            feats: The features.
            data_samples: One sample an image, with a sample for each of its tasks.
            kwargs: Further arguments of the loss of each head.
        """
        losses = {}
        for task, head in self.task_heads.items():
            places = [i for i, sample in enumerate(data_samples) if task in sample]
            found = dict(loss=_nothing(feats, head))
            if places:
                own = [data_samples[i].get(task) for i in places]
                whole = len(places) == len(data_samples)
                part = feats if whole else _rows(feats, places)
                found = head.loss(part, own, **kwargs)
            found['mask_size'] = numbers_like(float(len(places)), last_feature(feats))
            losses |= {f'{task}_{name}': value for name, value in found.items()}
        return losses

    def predict(
        self,
        feats: tuple[Tensor, ...],
        data_samples: Sequence[DataSample] | None = None,
    ) -> Sequence[DataSample]:
        """The samples with a sample of predictions for each task.

        Its ``eval_mask`` says whether there was an annotation of this task, so that a
        metric can leave it out.

        Args:
            feats: The features.
            data_samples: The samples to be completed; None makes new ones.
        """
        predicted = {}
        for task, head in self.task_heads.items():
            own = None
            if data_samples is not None:
                own = [s.get(task) if task in s else DataSample() for s in data_samples]
            predicted[task] = list(head.predict(feats, own))
        if data_samples is None:
            data_samples = SampleBatch.of(len(next(iter(predicted.values()))))
        for task, samples in predicted.items():
            for sample, own in zip(data_samples, samples, strict=True):
                own.set_metainfo(dict(eval_mask=task in sample))
                sample.set_field(own, task)
        return data_samples


def _build(task: str, head: dict | nn.Module, common: dict[str, Any]) -> nn.Module:
    if isinstance(head, nn.Module):
        return head
    if not isinstance(head, Mapping):
        problem = Problem(
            f'task_heads.{task}', f'is the config of a head, got {head!r}'
        )
        raise ConfigError([problem])
    with at('task_heads', task):
        return MODELS.build({**common, **head})


def _nothing(feats: Any, head: nn.Module) -> Tensor:
    """0, with a gradient of 0 for all, so that processes may have other tasks."""
    first = feats
    while not isinstance(first, Tensor):
        first = first[-1]
    return sum([p.sum() * 0 for p in head.parameters()], first.sum() * 0)


def _rows(feats: Any, places: list[int]) -> Any:
    if isinstance(feats, Tensor):
        return feats[places]
    return type(feats)(_rows(feat, places) for feat in feats)
