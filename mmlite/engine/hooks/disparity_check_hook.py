"""Check that the disparities of a training contain something to learn from."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
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


class _Counts(NamedTuple):
    """Pixels, those known, those in reach; the smallest and the largest known."""

    pixels: int = 0
    known: int = 0
    counted: int = 0
    smallest: float = math.inf
    largest: float = 0.0

    def __add__(self, other: _Counts) -> _Counts:
        sums = (a + b for a, b in zip(self[:3], other[:3], strict=True))
        smallest = min(self.smallest, other.smallest)
        return _Counts(*sums, smallest, max(self.largest, other.largest))


@HOOKS.register_module()
class DisparityCheckHook(Hook):
    """Stops a stereo training without any pixel to learn from.

    A pixel counts if its disparity is known and below ``max_disp`` of the model. Where
    none does, the loss is 0 and nothing changes. In the first pass over the data they
    are counted; the first batch without any is a warning, at the latest 50 batches on
    or at the end of the training, and so is a pass in which most of what is known is
    out of reach. Data without ``gt_disparity`` are left alone. The stereo models add it
    by default: ``default_hooks.disparity_check=None`` leaves it out.

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
        self._batches = 0
        self._total = _Counts()
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

    def after_train(self, runner: Runner) -> None:
        """Look at the last batches of a training that ends within the first pass."""
        if self._unread:
            self._read(runner)

    def _count(
        self, disparity: torch.Tensor, valid: torch.Tensor | None
    ) -> torch.Tensor:
        """A row of :class:`_Counts`."""
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
            own = _Counts(
                *batch[:, :3].sum(dim=0).long().tolist(),
                batch[:, 3].min().item(),
                batch[:, 4].max().item(),
            )
            self._total += own
            if not own.counted and not self._warned:
                self._warned = True
                runner.logger.warning(
                    f'a batch{of} has no pixel to learn from: {self._numbers(own)}'
                )
        self._unread = []

    def _conclude(self, runner: Runner) -> None:
        sums = torch.tensor(self._total[:3])
        ends = torch.tensor([-self._total.smallest, self._total.largest])
        all_reduce(sums)
        all_reduce(ends, 'max')
        total = _Counts(*sums.tolist(), -ends[0].item(), ends[1].item())
        if not total.counted:
            raise TrainingError(
                f'no pixel of the whole training data has a disparity to learn from: '
                f'{self._numbers(total)}; {self._advice(total)}'
            )
        if total.counted < _FEW * total.known:
            runner.logger.warning(
                f'most disparities are out of reach: {self._numbers(total)}; '
                f'{self._advice(total)}'
            )

    def _numbers(self, of: _Counts) -> str:
        if not of.known:
            return f'0 of {of.pixels:,} pixels have a known disparity'
        # Two digits, never with an exponent.
        share = np.format_float_positional(
            100 * of.counted / of.known, precision=2, fractional=False, trim='-'
        )
        limit = '' if self._max_disp is None else f'={self._max_disp}'
        return (
            f'{of.counted:,} of {of.known:,} known disparities ({share} %) '
            f'are below max_disp{limit} of the model; they go from '
            f'{of.smallest:.4g} to {of.largest:.4g} px'
        )

    def _advice(self, of: _Counts) -> str:
        if not of.known:
            return (
                'gt_disparity is 0, negative or not finite, or marked as not valid; '
                'see LoadDisparity'
            )
        return (
            'set a larger max_disp, or correct disparity_scale, by which LoadDisparity '
            'divides what is in the files'
        )
