"""Distributed data parallel: one model of several that train in step."""

from __future__ import annotations

import inspect
import re
from typing import Any

import torch
from mmengine.dist import broadcast, get_world_size
from mmengine.model import MMDistributedDataParallel as BaseWrapper
from mmengine.optim import OptimWrapper
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from ..errors import TrainingError
from ..registry import MODEL_WRAPPERS

# torch 2.13 renamed the argument, and warns about the old name.
_OF_TORCH = inspect.signature(DistributedDataParallel.__init__).parameters
_SYNC = (
    'forward_sync_buffers'
    if 'forward_sync_buffers' in _OF_TORCH
    else 'broadcast_buffers'
)

_UNFINISHED = 'Expected to have finished reduction in the prior iteration'
_SHOWN = 5


@MODEL_WRAPPERS.register_module()
class MMDistributedDataParallel(BaseWrapper):
    """mmengine's wrapper, on GPUs and CPUs alike.

    Args:
        module: The model, already on its device.
        broadcast_buffers: Whether the first process's buffers are sent to all
            before every forward pass.
        find_unused_parameters: Whether some parameters get no gradient in some
            iterations.
        gradient_as_bucket_view: Whether gradients share memory with the
            buffers that are sent.
        detect_anomalous_params: Whether to report parameters that the loss does
            not depend on; slow.
        **kwargs: Further arguments of torch's ``DistributedDataParallel``.
    """

    def __init__(
        self,
        module: nn.Module,
        broadcast_buffers: bool = False,
        find_unused_parameters: bool = False,
        gradient_as_bucket_view: bool = True,
        detect_anomalous_params: bool = False,
        **kwargs: Any,
    ) -> None:
        on_gpu = any(p.is_cuda for p in module.parameters())
        kwargs['device_ids'] = [torch.cuda.current_device()] if on_gpu else None
        kwargs[_SYNC] = broadcast_buffers
        super().__init__(
            module,
            detect_anomalous_params,
            find_unused_parameters=find_unused_parameters,
            gradient_as_bucket_view=gradient_as_bucket_view,
            **kwargs,
        )

    def train_step(self, data: Any, optim_wrapper: OptimWrapper) -> dict[str, Tensor]:
        """Train one iteration, in step with the other processes.

        Raises:
            TrainingError: if some parameters had no gradient in the one before.
        """
        try:
            return super().train_step(data, optim_wrapper)
        except RuntimeError as error:
            if _UNFINISHED not in str(error):
                raise
            raise TrainingError(self._idle_parameters(str(error))) from error

    def _idle_parameters(self, message: str) -> str:
        """What to do about the parameters that torch gives by their number."""
        names = [n for n, p in self.module.named_parameters() if p.requires_grad]
        found = re.search(r'did not receive grad for rank \d+: ([\d ]+)', message)
        idle = [names[int(i)] for i in found.group(1).split()] if found else []
        some = ', '.join(idle[:_SHOWN]) + (', ...' if len(idle) > _SHOWN else '')
        named = f' ({len(idle)} of {len(names)}: {some})' if idle else ''
        return (
            f'the loss does not depend on some parameters{named}, while several '
            'processes wait for the gradients of all; set find_unused_parameters=True '
            'at the top of the config, or remove these parameters from the model'
        )


def share_buffers(model: nn.Module) -> None:
    """Let all processes have the buffers of the first, as a checkpoint has them.

    Each process keeps running statistics of its own share of the batches; a model is
    evaluated with those that are saved.
    """
    if get_world_size() > 1:
        for buffer in model.buffers():
            broadcast(buffer)
