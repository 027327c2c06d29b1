"""Validate and test models that rank two kinds of items against each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from mmengine.dist import get_dist_info
from mmengine.runner import Runner
from torch import Tensor
from torch.utils.data import DataLoader

from ...errors import ConfigError, Problem
from ...registry import LOOPS
from ..checkpoints import unwrapped
from .evaluate import TestLoop, ValLoop

__all__ = ['RetrievalTestLoop', 'RetrievalValLoop']


class _RetrievalLoop:
    """Encode all batches; when all features are known, rank in both directions."""

    result_prefixes: ClassVar[tuple[str, ...]] = ('i2t/', 't2i/')
    model_methods: ClassVar[tuple[str, ...]] = ('predict_all',)

    def __init__(
        self,
        runner: Runner,
        dataloader: DataLoader | dict,
        evaluator: Any,
        fp16: bool = False,
    ) -> None:
        super().__init__(runner, dataloader, evaluator, fp16)
        self._feats: list[Mapping[str, Tensor]] = []
        self._samples: list[Any] = []

    def evaluate(self) -> dict[str, Any]:
        """Encode all batches, rank in both directions, and return the metrics."""
        self._feats, self._samples = [], []  # may be of a run that was broken off
        self._rank_all, self._sizes  # noqa: B018, what is missing shows at once
        return super().evaluate()

    def _process(self, data_batch: Any) -> Sequence:
        model = unwrapped(self.runner.model)
        batch = model.data_preprocessor(data_batch, False)
        feats = self.runner.model._run_forward(batch, mode='tensor')
        if not isinstance(feats, Mapping):
            raise ConfigError(
                f'{type(self).__name__}: the features of {type(model).__name__}, '
                "forward(mode='tensor'), are a dict of tensors (B, *), got "
                f'{type(feats).__name__}'
            )
        self._feats.append(feats)
        self._samples += batch['data_samples']
        return batch['data_samples']

    def _measure(self) -> dict[str, Any]:
        names = self._feats[0] if self._feats else ()
        feats = {name: torch.cat([f[name] for f in self._feats]) for name in names}
        images, texts = self._sizes
        both = self._rank_all(feats, self._samples, num_images=images, num_texts=texts)
        self._feats, self._samples = [], []
        rank, world_size = get_dist_info()
        results: dict[str, Any] = {}
        for samples, size, prefix in zip(
            both, self._sizes, self.result_prefixes, strict=True
        ):
            # All processes have all samples; metrics put shares together in turn.
            self.evaluator.process(list(samples)[rank::world_size])
            found = self.evaluator.evaluate(size)
            results |= {f'{prefix}{name}': value for name, value in found.items()}
        return results

    @property
    def _rank_all(self) -> Any:
        model = unwrapped(self.runner.model)
        return self._promise(model, 'predict_all', 'model')

    @property
    def _sizes(self) -> tuple[int, int]:
        dataset, place = self.dataloader.dataset, f'{self.mode}_dataloader.dataset'
        images, texts = (
            self._promise(dataset, name, place) for name in ('img_size', 'text_size')
        )
        return images, texts

    def _promise(self, owner: Any, name: str, place: str) -> Any:
        if hasattr(owner, name):
            return getattr(owner, name)
        loop = type(self).__name__
        message = (
            f'{type(owner).__name__} has no {name}, which {loop} needs; a retriever '
            f'with a gallery is evaluated by {loop.removeprefix("Retrieval")}: remove '
            f'type from {self.mode}_cfg'
        )
        raise ConfigError([Problem(place, message)])


@LOOPS.register_module()
class RetrievalValLoop(_RetrievalLoop, ValLoop):
    """Validates a model that ranks texts for each image and images for each text.

    The features of all batches, ``forward(mode='tensor')``, a dict of tensors
    ``(B, *)``, are put together; then ``model.predict_all(feats, data_samples,
    num_images=..., num_texts=...)`` gives the samples of both directions, with
    ``pred_score`` or ``pred_label``, in every process. The names of the results begin
    with ``i2t/`` and ``t2i/``. The numbers are ``img_size`` and ``text_size`` of the
    dataset. Differs from mmpretrain's in that hooks get the samples of a batch as its
    outputs, and that with several processes each sample counts once.

    A retriever that looks up images in a gallery needs no loop of its own.

    Args:
        runner: The runner.
        dataloader: A data loader, or a dict to build it.
        evaluator: An evaluator, or the metrics to build it from.
        fp16: Whether to encode in mixed precision.

    Raises:
        ConfigError: if the model or the dataset does not have what is needed.
    """


@LOOPS.register_module()
class RetrievalTestLoop(_RetrievalLoop, TestLoop):
    """Tests as :class:`RetrievalValLoop` validates.

    Args:
        runner: The runner.
        dataloader: A data loader, or a dict to build it.
        evaluator: An evaluator, or the metrics to build it from.
        fp16: Whether to encode in mixed precision.

    Raises:
        ConfigError: if the model or the dataset does not have what is needed.
    """

    __test__ = False  # pytest, this is no test
