"""Hand the pictures and curves of a model to the storage backends."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import torch
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import Runner
from torch import Tensor
from torch.nn import functional as F

from ...errors import check_at_least
from ...registry import HOOKS
from ..checkpoints import unwrapped

_SHOWN = 16  # pictures in a grid, at most


@HOOKS.register_module()
class VisualSummaryHook(Hook):
    """Writes what a model gives as ``visual_summary`` while it trains.

    ``image/*`` becomes one picture, a grid of the first of a batch, from the smallest
    value (black) to the largest (white); ``scalar/*`` becomes a point of a curve. Both
    go to the visualizer's ``vis_backends``: files, TensorBoard
    (``TensorboardVisBackend``), Weights & Biases (``WandbVisBackend``).

    Args:
        interval: Distance in iterations.

    Raises:
        ValueError: if the interval is not positive.

    Example:
        >>> from mmlite.registry import HOOKS
        >>> HOOKS.build(dict(type='VisualSummaryHook', interval=100)).interval
        100
    """

    def __init__(self, interval: int = 100) -> None:
        check_at_least(1, interval=interval)
        self.interval = interval
        self._reported: set[str] = set()

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: dict | None = None,
    ) -> None:
        """Write what is due."""
        if not self.every_n_train_iters(runner, self.interval):
            return
        for key, value in unwrapped(runner.model).visual_summary.items():
            kind = key.partition('/')[0]
            if kind == 'image':
                if not len(value):
                    continue
                runner.visualizer.add_image(key, grid(value), step=runner.iter)
            elif kind == 'scalar':
                number = float(torch.as_tensor(value).float().mean())
                runner.visualizer.add_scalar(key, number, step=runner.iter)
            elif key not in self._reported:
                self._reported.add(key)
                message = f'visual_summary has {key!r}, which is neither image/* nor '
                print_log(f'{message}scalar/*', 'current', logging.WARNING)


def grid(images: Tensor | Sequence[Tensor]) -> Any:
    """Pictures side by side as an RGB array, scaled to all shades.

    Args:
        images: ``(B, C, H, W)``, but not ``(B, H, W)``; one picture is ``(C, H, W)`` or
            ``(H, W)``; a list has one each, of any sizes.

    Example:
        >>> grid(torch.rand(5, 1, 4, 6)).shape
        (8, 18, 3)
    """
    if isinstance(images, (list, tuple)):
        images = _as_batch([torch.as_tensor(image) for image in images])
    images = torch.as_tensor(images)
    images = images.detach()[None] if images.ndim < 4 else images.detach()
    images = images[None] if images.ndim < 4 else images
    images = images[:_SHOWN].float().cpu()[:, :3]
    if images.size(1) != 3:
        images = images[:, :1].expand(-1, 3, -1, -1)
    low, high = images.min(), images.max()
    images = (images - low) / (high - low).clamp(min=1e-12) * 255
    columns = int(len(images) ** 0.5 + 0.999)
    rows = -(-len(images) // columns)
    images = F.pad(images, (0, 0, 0, 0, 0, 0, 0, rows * columns - len(images)))
    _, channels, height, width = images.shape
    tiled = images.view(rows, columns, channels, height, width).permute(0, 3, 1, 4, 2)
    flat = tiled.reshape(rows * height, columns * width, channels)
    return flat.round().to(torch.uint8).numpy()


def _as_batch(images: Sequence[Tensor]) -> Tensor:
    """Pictures as one tensor; smaller ones are padded at the right and the bottom."""
    images = [image.detach().reshape(-1, *image.shape[-2:]) for image in images]
    height, width = (max(image.shape[axis] for image in images) for axis in (1, 2))
    return torch.stack(
        [F.pad(x, (0, width - x.shape[2], 0, height - x.shape[1])) for x in images]
    )
