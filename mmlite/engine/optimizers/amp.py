"""Automatic mixed precision on GPUs, and on CPUs that have bfloat16."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Literal

import torch
from mmengine.device import get_device
from torch import Tensor, nn
from torch.optim import Optimizer

from ...registry import OPTIM_WRAPPERS
from .fused import begin_momenta
from .optim_wrapper import OptimWrapper

__all__ = ['AmpOptimWrapper', 'amp_dtype', 'amp_supported']


def amp_supported(device: str | torch.device | None = None) -> tuple[bool, str]:
    """Whether mixed precision makes training faster, and if not, why.

    Args:
        device: The device to train on; by default the one a runner would take.

    Example:
        >>> amp_supported('meta')
        (False, "mixed precision is for 'cuda' and 'cpu', not for 'meta'")
    """
    kind = torch.device(device or get_device()).type
    if kind == 'cuda':
        return True, ''
    if kind != 'cpu':
        return False, f"mixed precision is for 'cuda' and 'cpu', not for {kind!r}"
    if torch.backends.mkldnn.is_available() and (
        torch.ops.mkldnn._is_mkldnn_bf16_supported()
    ):
        return True, ''
    return False, (
        'this CPU has no bfloat16 arithmetic (avx512_bf16 or amx), so that mixed '
        'precision would be many times slower than without; leave it off'
    )


def amp_dtype(device: str) -> torch.dtype:
    """bfloat16 where the device computes with it, else float16.

    bfloat16 has the range of float32, and needs no scaling of the loss.
    """
    if device == 'cuda' and not torch.cuda.is_bf16_supported(including_emulation=False):
        return torch.float16
    return torch.bfloat16


@OPTIM_WRAPPERS.register_module()
class AmpOptimWrapper(OptimWrapper):
    """An optimizer wrapper that trains in mixed precision.

    Paper: Mixed Precision Training, ICLR 2018, https://arxiv.org/abs/1710.03740
    Differs from mmengine's in that it works on the CPU too, and scales the loss
    only in float16, which alone needs it.

    Args:
        optimizer: The optimizer.
        loss_scale: ``'dynamic'``, a fixed factor, or a dict of arguments of
            ``torch.amp.GradScaler``.
        dtype: ``'float16'``, ``'bfloat16'``, or None for the better one of the
            two on this device.
        accumulative_counts: Iterations whose gradients make one step.
        clip_grad: See :class:`OptimWrapper`.

    Raises:
        ValueError: if the dtype does not work on this device.

    Example:
        >>> weights = nn.Linear(2, 2)
        >>> sgd = torch.optim.SGD(weights.parameters(), lr=0.1)
        >>> wrapper = AmpOptimWrapper(sgd, dtype='bfloat16')
        >>> with wrapper.optim_context(weights):
        ...     weights(torch.zeros(1, 2)).dtype
        torch.bfloat16
    """

    def __init__(
        self,
        optimizer: Optimizer,
        loss_scale: float | dict | Literal['dynamic'] = 'dynamic',
        dtype: Literal['float16', 'bfloat16'] | None = None,
        accumulative_counts: int = 1,
        clip_grad: dict | None = None,
    ) -> None:
        super().__init__(optimizer, accumulative_counts, clip_grad)
        if dtype not in (None, 'float16', 'bfloat16', torch.float16, torch.bfloat16):
            raise ValueError(f"dtype is 'float16', 'bfloat16' or None, got {dtype!r}")
        self.device_type = torch.device(get_device()).type
        if isinstance(dtype, str):
            dtype = getattr(torch, dtype)
        self.cast_dtype = dtype or amp_dtype(self.device_type)
        if self.cast_dtype == torch.float16 and self.device_type == 'cpu':
            raise ValueError("dtype='float16' needs a GPU; the CPU takes 'bfloat16'")
        self._fixed_scale = loss_scale if isinstance(loss_scale, (int, float)) else None
        self.loss_scaler = self._make_scaler(loss_scale)

    def _make_scaler(self, loss_scale: float | dict | str) -> torch.amp.GradScaler:
        if isinstance(loss_scale, dict):
            options = dict(loss_scale)
        elif self._fixed_scale is not None:
            options = dict(init_scale=float(self._fixed_scale))
        elif loss_scale == 'dynamic':
            options = {}
        else:
            raise ValueError(
                f"loss_scale is 'dynamic', a number or a dict, got {loss_scale!r}"
            )
        # Disabled, it hands everything through, and reads nothing.
        enabled = self.cast_dtype == torch.float16
        return torch.amp.GradScaler(self.device_type, enabled=enabled, **options)

    def backward(self, loss: Tensor, **kwargs: object) -> None:
        """Compute the gradients of the scaled loss."""
        super().backward(self.loss_scaler.scale(loss), **kwargs)

    def step(self, **kwargs: object) -> None:
        """Update the parameters, unless gradients overflowed."""
        if self.clip_grad_kwargs:
            self.loss_scaler.unscale_(self.optimizer)
            self._clip_grad()
        if self.loss_scaler.is_enabled():
            begin_momenta(self.optimizer)
        self.loss_scaler.step(self.optimizer, **kwargs)
        self.loss_scaler.update(self._fixed_scale)

    def optim_context(self, model: nn.Module) -> AbstractContextManager:
        """Compute in mixed precision; gradients are sent when a step is due."""
        autocast = torch.autocast(self.device_type, self.cast_dtype)
        if self._accumulative_counts == 1:
            return autocast
        return _both(super().optim_context(model), autocast)

    def state_dict(self) -> dict:
        """The state of the optimizer, and of the loss scaler."""
        return dict(super().state_dict(), loss_scaler=self.loss_scaler.state_dict())

    def load_state_dict(self, state_dict: dict) -> None:
        """Take over a state, also one that was saved in another precision."""
        state_dict = dict(state_dict)
        scaler = state_dict.pop('loss_scaler', None)
        if scaler and self.loss_scaler.is_enabled():
            self.loss_scaler.load_state_dict(scaler)
        super().load_state_dict(state_dict)


@contextmanager
def _both(
    outer: AbstractContextManager, inner: AbstractContextManager
) -> Iterator[None]:
    with outer, inner:
        yield
