"""How far predicted disparities are from the ground truth."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, Literal

import torch
from mmengine.logging import print_log
from torch import Tensor

from ...errors import DataError
from ...ops import known_disparity
from ...registry import METRICS
from ..functional.disparity import disparity_errors
from .base import RowMetric, Sample

__all__ = ['DisparityMetric']

_REGIONS = ('all', 'noc', 'occ')


@METRICS.register_module()
class DisparityMetric(RowMetric):
    """Mean error, D1 and bad pixels of disparities.

    ``epe`` is the mean absolute error in px; ``d1`` the share of pixels in % whose
    error is above 3 px and above 5 % of the disparity; ``bad_2`` the share whose error
    is above 2 px. Where samples have ``gt_occlusion`` there are also ``noc_*`` of what
    both views show and ``occ_*`` of what only one does.

    Published figures differ in how they average, and so do these: over the images, or
    over the pixels of all of them, which is in the name (``image_epe``, ``pixel_epe``).
    Images without a pixel that counts are left out of the mean, and their number is
    reported as ``skipped``.

    Args:
        max_disp: The ground truth counts below it, in px.
        thresholds: Of the bad pixels, in px.
        reduction: ``'image'``, ``'pixel'``, or both in a list.
        collect_device: Kept for mmengine's sake.
        prefix: Stands before the names of the results, instead of ``disparity``.

    Shape:
        pred_disparity, gt_disparity: ``(H, W)`` or ``(1, H, W)``, px.

    Raises:
        DataError: if a sample has no ground truth, or it is of another size, or no
            image has a pixel that counts.

    Example:
        >>> metric = DisparityMetric(reduction=['image', 'pixel'], thresholds=[3])
        >>> one = dict(pred_disparity=torch.tensor([[5.]]),
        ...            gt_disparity=torch.tensor([[1.]]))
        >>> three = dict(pred_disparity=torch.ones(1, 3), gt_disparity=torch.ones(1, 3))
        >>> metric.process(None, [one, three])
        >>> found = metric.evaluate(2)
        >>> found['disparity/image_epe'], found['disparity/pixel_epe']
        (2.0, 1.0)
    """

    default_prefix = 'disparity'

    def __init__(
        self,
        max_disp: float | None = None,
        thresholds: Sequence[float] = (1, 2, 3),
        reduction: Literal['image', 'pixel'] | Sequence[str] = 'image',
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device, prefix)
        chosen = [reduction] if isinstance(reduction, str) else list(reduction)
        if not chosen or not set(chosen) <= {'image', 'pixel'}:
            raise ValueError(
                f"reduction is 'image', 'pixel' or both of them, got {reduction!r}"
            )
        self.max_disp = max_disp
        self.thresholds = tuple(thresholds)
        self.reductions = chosen

    def fields(self, data_samples: Sequence[Sample]) -> tuple[Tensor, ...]:
        """Sums over the pixels of each image and each region, ``(B, 3, *)``."""
        return (torch.stack([self._sums(sample) for sample in data_samples]),)

    def rows(self, sums: Tensor) -> Tensor:
        """The sums."""
        return sums.cpu()

    def _sums(self, sample: Sample) -> Tensor:
        pred, target = (
            _map(sample, name) for name in ('pred_disparity', 'gt_disparity')
        )
        target = target.to(pred.device)
        valid = None
        if sample.get('valid') is not None:
            valid = _map(sample, 'valid').to(pred.device)
        known = known_disparity(target, valid, self.max_disp)
        hidden = torch.zeros_like(known)
        regions = [known, hidden, hidden]
        if sample.get('gt_occlusion') is not None:
            hidden = _map(sample, 'gt_occlusion').to(pred.device).bool()
            regions = [known, known & ~hidden, known & hidden]
        found = [disparity_errors(pred, target, r, self.thresholds) for r in regions]
        return torch.stack(found)

    def compute_metrics(self, parts: list[Tensor]) -> dict[str, Any]:
        """The means."""
        rows = torch.cat(parts)
        skipped = int((rows[:, 0, 0] == 0).sum())
        if skipped == len(rows):
            limit = '' if self.max_disp is None else f' below max_disp={self.max_disp}'
            raise DataError(
                f'DisparityMetric: none of {skipped} images has a pixel of known '
                f'disparity{limit}, so there is nothing to compare with; see the scale '
                'and the valid pixels of LoadDisparity'
                f'{", and max_disp of the metric" if limit else ""}'
            )
        found: dict[str, Any] = {}
        for reduction in self.reductions:
            for place, region in enumerate(_REGIONS):
                sums = rows[:, place]
                sums = sums[sums[:, 0] > 0]
                if place and not len(sums):
                    continue
                before = '' if region == 'all' else f'{region}_'
                for name, value in self._means(sums, reduction).items():
                    found[f'{before}{reduction}_{name}'] = value
        if skipped:
            found['skipped'] = skipped
            message = (
                f'DisparityMetric: {skipped} of {len(rows)} images have no pixel of '
                'known disparity, and are left out'
            )
            print_log(message, logger='current', level=logging.WARNING)
        return found

    def result_names(self) -> list[str]:
        """Those of each reduction and region, some of which the data may lack."""
        regions = ['' if region == 'all' else f'{region}_' for region in _REGIONS]
        return [
            *(
                f'{r}{kind}_{n}'
                for kind in self.reductions
                for r in regions
                for n in self._error_names()
            ),
            'skipped',
        ]

    def _error_names(self) -> list[str]:
        return ['epe', 'd1', *(f'bad_{threshold:g}' for threshold in self.thresholds)]

    def _means(self, sums: Tensor, reduction: str) -> dict[str, float]:
        names = self._error_names()
        if reduction == 'pixel':
            sums = sums.sum(dim=0, keepdim=True)
        means = (sums[:, 1:] / sums[:, :1]).mean(dim=0).tolist()
        return {
            name: mean if name == 'epe' else 100 * mean
            for name, mean in zip(names, means, strict=True)
        }


def _map(sample: Sample, name: str) -> Tensor:
    value = sample.get(name)
    if not isinstance(value, Tensor):
        where = sample.get('ref_img_path') or 'a sample'
        raise DataError(
            f'DisparityMetric: {where} has no {name}; load the ground truth with '
            'LoadDisparity in the pipeline of the test'
        )
    return value.reshape(value.shape[-2:])
