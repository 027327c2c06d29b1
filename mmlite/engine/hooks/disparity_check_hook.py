"""Check that the disparities of a training contain something to learn from."""

from __future__ import annotations

import math
from typing import Any

import torch
from mmengine.dist import all_reduce
from mmengine.hooks import Hook
from mmengine.runner import Runner

from ...errors import TrainingError
from ...ops import known_disparity
from ...registry import HOOKS
from ...structures import has_field, meta_values
from ..checkpoints import unwrapped

#: Below which share of the known pixels the reach of a model is worth a warning.
_FEW = 0.5
#: Batches whose counts are read on the device together, after the first.
_TOGETHER = 50


@HOOKS.register_module()
class DisparityCheckHook(Hook):
    """Stops a stereo training without any pixel to learn from.

    A pixel counts if its disparity is known and below ``max_disp`` of the model. Where
    none does, the loss is 0 and nothing changes. In the first pass over the data they
    are counted; the first batch without any is a warning, at the latest 50 batches on,
    and so is a pass in which most of what is known is out of reach. Data without
    ``gt_disparity`` are left alone. The stereo models add it by default:
    ``default_hooks.disparity_check=None`` leaves it out.

    Raises:
        TrainingError: if no pixel of a whole pass counts.
    """

    priority = 'ABOVE_NORMAL'

    def __init__(self) -> None:
        self._looking = True

    def before_train(self, runner: Runner) -> None:
        """Begin to count."""
        self._looking = True
        self._warned = False
        self._max_disp = getattr(unwrapped(runner.model), 'max_disp', None)
        self._limit = math.inf if self._max_disp is None else self._max_disp
        self._batches = self._pixels = self._known = self._counted = 0
        self._smallest, self._largest = math.inf, 0.0
        self._unread: list[tuple[torch.Tensor, str]] = []

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: dict[str, Any] | None = None,
    ) -> None:
        """Count the pixels of a batch, in the first pass over the data."""
        if not self._looking:
            return
        samples = data_batch.get('data_samples') if isinstance(data_batch, dict) else ()
        if not samples or not has_field(samples, 'gt_disparity'):
            self._looking = False
            return
        found = [self._count(s.get('gt_disparity'), s.get('valid')) for s in samples]
        paths = [p for p in meta_values(samples, 'ref_img_path') if p]
        of = f' ({paths[0]}{", ..." if len(paths) > 1 else ""})' if paths else ''
        self._unread.append((torch.stack(found), of))
        self._batches += 1
        last = self._batches >= len(runner.train_dataloader)
        if last or self._batches == 1 or len(self._unread) == _TOGETHER:
            self._read(runner)
        if last:
            self._looking = False
            self._conclude(runner)

    def _count(
        self, disparity: torch.Tensor, valid: torch.Tensor | None
    ) -> torch.Tensor:
        """Pixels, those known, those in reach; the smallest and the largest known."""
        disparity = disparity.float()
        known = known_disparity(disparity, valid)
        inside = known & (disparity < self._limit)
        smallest = disparity.masked_fill(~known, math.inf).min()
        largest = disparity.masked_fill(~known, 0).max()
        sums = (torch.ones_like(known).sum(), known.sum(), inside.sum())
        return torch.stack([x.double() for x in (*sums, smallest, largest)])

    def _read(self, runner: Runner) -> None:
        """Add up what was counted, and name the first batch without a pixel."""
        sizes = [len(each) for each, _ in self._unread]
        rows = torch.cat([each for each, _ in self._unread]).cpu().split(sizes)
        for batch, (_, of) in zip(rows, self._unread, strict=True):
            pixels, known, counted = batch[:, :3].sum(dim=0).long().tolist()
            self._pixels += pixels
            self._known += known
            self._counted += counted
            self._smallest = min(self._smallest, batch[:, 3].min().item())
            self._largest = max(self._largest, batch[:, 4].max().item())
            if not counted and not self._warned:
                self._warned = True
                runner.logger.warning(
                    f'a batch{of} has no pixel to learn from: {self._numbers()}'
                )
        self._unread = []

    def _conclude(self, runner: Runner) -> None:
        sums = torch.tensor([self._pixels, self._known, self._counted])
        ends = torch.tensor([-self._smallest, self._largest])
        all_reduce(sums)
        all_reduce(ends, 'max')
        self._pixels, self._known, self._counted = sums.tolist()
        self._smallest, self._largest = -ends[0].item(), ends[1].item()
        if not self._counted:
            raise TrainingError(
                f'no pixel of the whole training data has a disparity to learn from: '
                f'{self._numbers()}; {self._advice()}'
            )
        if self._counted < _FEW * self._known:
            runner.logger.warning(
                f'most disparities are out of reach: {self._numbers()}; '
                f'{self._advice()}'
            )

    def _numbers(self) -> str:
        if not self._known:
            return f'0 of {self._pixels:,} pixels have a known disparity'
        share = 100 * self._counted / self._known
        limit = '' if self._max_disp is None else f'={self._max_disp}'
        return (
            f'{self._counted:,} of {self._known:,} known disparities ({share:.2g} %) '
            f'are below max_disp{limit} of the model; they go from '
            f'{self._smallest:.4g} to {self._largest:.4g} px'
        )

    def _advice(self) -> str:
        if not self._known:
            return (
                'gt_disparity is 0, negative or not finite, or marked as not valid; '
                'see LoadDisparity'
            )
        return (
            'set a larger max_disp, or correct disparity_scale, by which LoadDisparity '
            'divides what is in the files'
        )
