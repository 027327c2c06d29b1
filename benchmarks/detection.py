"""D1 to D3: suppression, features of boxes, and their share of a training step."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from unittest import mock

import torch
from protocol import Goal, Line
from session import Session
from torch import Tensor

from mmlite.models.task_utils import AnchorGenerator, BalancedSampler, TargetAssigner
from mmlite.ops import box_overlaps, nms, roi_align
from mmlite.registry import MODELS
from mmlite.structures import DataSample

THRESHOLD = 0.5


def _boxes(count: int, spread: float, largest: float) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    corner = torch.rand(count, 2, generator=generator) * spread
    size = torch.rand(count, 2, generator=generator) * largest + 5
    scores = torch.rand(count, generator=generator)
    return torch.cat([corner, corner + size], 1), scores


def _torch_blocks(boxes: Tensor, scores: Tensor) -> Tensor:
    """Blocks of 128 boxes solved as a fixed point, all in PyTorch."""
    alive, kept = scores.argsort(descending=True, stable=True), []
    while len(alive):
        block, rest = alive[:128], alive[128:]
        hit = (box_overlaps(boxes[block], boxes[block]) > THRESHOLD).triu(1).float()
        keep = torch.ones(len(block))
        while not torch.equal(after := (keep @ hit == 0).float(), keep):
            keep = after
        best = block[keep.bool()]
        kept.append(best)
        if len(rest):
            hit = box_overlaps(boxes[best], boxes[rest]) > THRESHOLD
            rest = rest[~hit.any(0)]
        alive = rest
    return torch.cat(kept)


def _separable(feats: Tensor, rois: Tensor) -> Tensor:
    """RoIAlign as two dense products of matrices a box, 7 bins of 2 samples."""
    weights = []
    for axis, size in ((1, feats.size(-2)), (0, feats.size(-1))):
        start, end = rois[:, 1 + axis], rois[:, 3 + axis]
        step = (end - start).clamp(min=1) / 7
        at = torch.arange(7)[:, None] + torch.tensor([0.25, 0.75])
        at = start[:, None, None] + at * step[:, None, None]
        inside = (at >= -1) & (at <= size)
        at = at.clamp(0, size - 1)[..., None]
        near = (1 - (at - torch.arange(size)).abs()).clamp(min=0)
        weights.append((near * inside[..., None]).mean(2))
    rows, columns = weights
    # (R, 7, H) x (C, H, W) x (R, W, 7)
    part = torch.einsum('rph,chw->rpcw', rows, feats[0])
    return torch.einsum('rpcw,rqw->rcpq', part, columns)


def _sparse(feats: Tensor, rois: Tensor) -> Tensor:
    """RoIAlign as the product of a sparse matrix with a table of pixels."""
    axes = []
    for axis, size in ((1, feats.size(-2)), (0, feats.size(-1))):
        start, end = rois[:, 1 + axis], rois[:, 3 + axis]
        step = (end - start).clamp(min=1) / 7
        at = torch.arange(7)[:, None] + torch.tensor([0.25, 0.75])
        at = start[:, None, None] + at * step[:, None, None]
        share = ((at >= -1) & (at <= size)) / 2
        at = at.clamp(0, size - 1)
        low = at.floor().clamp(max=size - 2)
        weight = torch.cat([(1 + low - at) * share, (at - low) * share], dim=-1)
        axes.append((torch.cat([low, low + 1], dim=-1).long(), weight))
    (y, rows), (x, columns) = axes
    index = y[:, :, None, :, None] * feats.size(-1) + x[:, None, :, None]
    weights = rows[:, :, None, :, None] * columns[:, None, :, None]
    table = feats[0].permute(1, 2, 0).flatten(0, 1)
    starts = torch.arange(len(rois) * 49 + 1) * 16
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # sparse tensors are new to torch
        matrix = torch.sparse_csr_tensor(
            starts, index.flatten(), weights.flatten(), (len(starts) - 1, len(table))
        )
    return (matrix @ table).view(len(rois), 7, 7, -1).permute(0, 3, 1, 2)


def _timed(call: Callable[[], object]) -> Callable[[], float]:
    def run() -> float:
        start = time.perf_counter()
        call()
        return time.perf_counter() - start

    return run


def suppression(session: Session) -> list[Line]:
    """D1: non-maximum suppression of 1,000 and of 10,000 boxes."""
    lines = []
    for count in (1000, session.size(10_000, 1500)):
        boxes, scores = _boxes(count, 600.0, 100.0)
        assert torch.equal(nms(boxes, scores, THRESHOLD), _torch_blocks(boxes, scores))
        rounds = session.compare(
            mmlite=_timed(lambda b=boxes, s=scores: nms(b, s, THRESHOLD)),
            torch=_timed(lambda b=boxes, s=scores: _torch_blocks(b, s)),
        )
        what = f'NMS of {count:,} boxes, over blocks in PyTorch'
        ratios = rounds.ratio('mmlite', 'torch')
        goal = Goal('<=', 1.0)
        lines.append(Line('D1', what, goal, ratios, rounds.times, rounds.medians))
    return lines


def features_of_boxes(session: Session) -> list[Line]:
    """D2: RoIAlign of 1,000 boxes."""
    boxes, _ = _boxes(session.size(1000, 20), 40.0, 12.0)
    rois = torch.cat([torch.zeros(len(boxes), 1), boxes], 1)
    feats = torch.randn(1, 256, 50, 50)
    ours = roi_align(feats, rois, 7, 1.0, 2, aligned=False)
    for other in (_separable, _sparse):
        torch.testing.assert_close(ours, other(feats, rois), rtol=1e-3, atol=1e-3)
    rounds = session.compare(
        mmlite=_timed(lambda: roi_align(feats, rois, 7, 1.0, 2, aligned=False)),
        dense=_timed(lambda: _separable(feats, rois)),
        sparse=_timed(lambda: _sparse(feats, rois)),
    )
    ways = dict(dense='two products of matrices', sparse='one of a sparse matrix')
    return [
        Line(
            'D2',
            f'RoIAlign of 1,000 boxes, over {what} in PyTorch',
            Goal('<=', 1.0),
            rounds.ratio('mmlite', way),
            rounds.times,
            rounds.medians,
        )
        for way, what in ways.items()
    ]


@contextmanager
def _clocked(spent: list[float]) -> Iterator[None]:
    """Sum up what anchors, assignment (with matching), sampling and NMS take."""

    def clocked(function: Callable) -> Callable:
        def run(*args: object, **kwargs: object) -> object:
            start = time.perf_counter()
            found = function(*args, **kwargs)
            spent.append(time.perf_counter() - start)
            return found

        return run

    places = [
        (AnchorGenerator, '__call__'),
        (TargetAssigner, 'assign'),
        (BalancedSampler, '__call__'),
    ]
    with mock.patch('mmlite.models.heads.rpn_head.batched_nms') as suppress:
        from mmlite.ops import batched_nms

        suppress.side_effect = clocked(batched_nms)
        patches = [
            mock.patch.object(kind, name, clocked(getattr(kind, name)))
            for kind, name in places
        ]
        for patch in patches:
            patch.start()
        try:
            yield
        finally:
            for patch in patches:
                patch.stop()


def _detector(name: str) -> torch.nn.Module:
    levels = dict(RetinaNet=(1, 2, 3), FasterRCNN=(0, 1, 2, 3))[name]
    cfg = dict(
        type=name,
        num_classes=80,
        feature_extractor=dict(
            type='FPNExtractor',
            backbone=dict(type='ResNet', depth=18, out_indices=levels),
            neck=dict(num_outs=5),
        ),
    )
    if name == 'RetinaNet':
        cfg['bbox_head'] = dict(type='RetinaHead')
    else:
        cfg['rpn_head'] = dict(type='RPNHead')
        cfg['roi_head'] = dict(type='RoIHead', bbox_head=dict(type='ConvFCBBoxHead'))
    model = MODELS.build(cfg)
    model.init_weights()
    return model.train()


def step_of_detectors(session: Session) -> list[Line]:
    """D3: the part of a training step that is neither network nor loss."""
    lines = []
    side = session.size(256, 64)
    boxes = torch.tensor([[4.0, 8.0, 40.0, 44.0], [20.0, 20.0, 60.0, 62.0]])
    for name in ('RetinaNet', 'FasterRCNN'):
        model = _detector(name)
        samples = [
            DataSample(gt_bboxes=boxes, gt_bboxes_labels=torch.tensor([3, 5]))
            for _ in range(2)
        ]
        images = torch.randn(2, 3, side, side)
        shares = []
        for turn in range(session.rounds + session.warmup):
            spent: list[float] = []
            start = time.perf_counter()
            with _clocked(spent):
                sum(model(images, samples, mode='loss').values()).backward()
            if turn >= session.warmup:
                shares.append(sum(spent) / (time.perf_counter() - start))
        what = (
            f'anchors, matching, assignment, sampling and NMS in a training step of '
            f'{name}, ResNet-18 FPN, {side} px'
        )
        lines.append(Line('D3', what, Goal('<=', 0.15), shares))
    return lines
