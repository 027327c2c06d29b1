"""Validate and test."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, ClassVar

import mmengine.runner.loops as base
import numpy as np
import torch
from mmengine.device import get_device
from mmengine.dist import all_gather_object
from mmengine.evaluator import Evaluator
from mmengine.runner import BaseLoop, Runner
from mmengine.structures import BaseDataElement
from torch import Tensor
from torch.utils.data import DataLoader

from ...registry import LOOPS
from ...structures import SampleBatch
from ..checkpoints.resuming import preserved_rng
from ..history import as_numbers
from ..optimizers import amp_supported
from ..wrappers import share_buffers
from .epoch_batches import batches_from
from .misfits import misfit


class _EvalLoop(BaseLoop):
    """Predict all batches, and measure the predictions."""

    mode: str
    #: What it puts before the names of the metrics' results, once for each.
    result_prefixes: ClassVar[tuple[str, ...]] = ('',)
    #: Further methods of the model that it calls, so that a config can be checked.
    model_methods: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self,
        runner: Runner,
        dataloader: DataLoader | dict,
        evaluator: Evaluator | dict | list,
        fp16: bool = False,
    ) -> None:
        BaseLoop.__init__(self, runner, dataloader)
        self.evaluator = runner.build_evaluator(evaluator)
        self.fp16 = fp16
        supported, reason = amp_supported()
        if fp16 and not supported:
            runner.logger.warning(f'{self.mode}_cfg.fp16=True: {reason}')
        metainfo = getattr(self.dataloader.dataset, 'metainfo', None)
        self.evaluator.dataset_meta = metainfo
        runner.visualizer.dataset_meta = metainfo
        self._losses: dict[str, list[Tensor]] = {}

    def run(self) -> dict[str, Any]:
        """Evaluate, and return the metrics."""
        self.runner.call_hook(f'before_{self.mode}')
        self.runner.call_hook(f'before_{self.mode}_epoch')
        self.runner.model.eval()
        share_buffers(self.runner.model)
        metrics = self.evaluate()
        self.runner.call_hook(f'after_{self.mode}_epoch', metrics=metrics)
        self.runner.call_hook(f'after_{self.mode}')
        return metrics

    def evaluate(self) -> dict[str, Any]:
        """Predict all batches with the model as it is, and return the metrics."""
        self._losses.clear()
        for metric in self.evaluator.metrics:
            metric.results.clear()  # may be of an evaluation that was broken off
        with preserved_rng(), torch.no_grad():
            for idx, data_batch in enumerate(batches_from(self.dataloader, 0)):
                self.run_iter(idx, data_batch)
                self._stop_if_interrupted()
            metrics = self._measure()
        metrics.update(self._mean_losses())
        return metrics

    def run_iter(self, idx: int, data_batch: Any) -> None:
        """Predict one batch."""
        runner, mode = self.runner, self.mode
        runner.call_hook(f'before_{mode}_iter', batch_idx=idx, data_batch=data_batch)
        with self._precision():
            outputs = self._process(data_batch)
        runner.call_hook(
            f'after_{mode}_iter', batch_idx=idx, data_batch=data_batch, outputs=outputs
        )

    def _process(self, data_batch: Any) -> Sequence:
        """Predict a batch, and give its samples to the metrics."""
        step = getattr(self.runner.model, f'{self.mode}_step')
        try:
            predicted = step(data_batch)
        except RuntimeError as error:
            known = misfit(error, self.runner.model, data_batch, 'predict')
            if known is None:
                raise
            raise known from error
        outputs = self._without_losses(predicted)
        self.evaluator.process(data_samples=outputs, data_batch=data_batch)
        return outputs

    def _measure(self) -> dict[str, Any]:
        """The results over all batches."""
        return self.evaluator.evaluate(len(self.dataloader.dataset))

    def _precision(self) -> AbstractContextManager:
        if not self.fp16:
            return nullcontext()
        device = torch.device(get_device()).type
        dtype = torch.float16 if device == 'cuda' else torch.bfloat16
        return torch.autocast(device, dtype)

    def _without_losses(self, outputs: Sequence) -> Sequence:
        """Take out losses, which a model may give as a last element of their own."""
        if isinstance(outputs, SampleBatch):  # holds samples, which stay together
            return outputs
        last = outputs[-1] if len(outputs) else None
        if not isinstance(last, BaseDataElement) or last.keys() != ['loss']:
            return outputs
        for name, value in last.loss.items():
            values = value if isinstance(value, (list, tuple)) else [value]
            self._losses.setdefault(name, []).extend(values)
        return outputs[:-1]

    def _mean_losses(self) -> dict[str, float]:
        values = {name: as_numbers(its) for name, its in self._losses.items()}
        every = all_gather_object(values)  # an evaluation is the work of all processes
        means = {
            name: float(np.mean([v for its in every for v in its.get(name, ())]))
            for name in dict.fromkeys(name for its in every for name in its)
        }
        if means:
            total = sum(mean for name, mean in means.items() if 'loss' in name)
            means[f'{self.mode}_loss'] = total
        return means

    def _stop_if_interrupted(self) -> None:
        if self.runner.interrupt.requested:
            raise KeyboardInterrupt


@LOOPS.register_module()
class ValLoop(_EvalLoop, base.ValLoop):
    """Validates.

    Args:
        runner: The runner.
        dataloader: A data loader, or a dict to build it.
        evaluator: An evaluator, or the metrics to build it from.
        fp16: Whether to predict in mixed precision.
    """

    mode = 'val'


@LOOPS.register_module()
class TestLoop(_EvalLoop, base.TestLoop):
    """Tests.

    Args:
        runner: The runner.
        dataloader: A data loader, or a dict to build it.
        evaluator: An evaluator, or the metrics to build it from.
        fp16: Whether to predict in mixed precision.
    """

    __test__ = False  # pytest, this is no test
    mode = 'test'
