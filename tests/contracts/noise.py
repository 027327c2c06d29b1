"""What a data loader gives of each task, small and random: one function a task."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch

from mmlite.structures import DataSample


def classification(size: int = 4) -> dict[str, Any]:
    """Grey images of 32x32 pixels, and labels of 5 classes."""
    generator = torch.Generator().manual_seed(0)
    return dict(
        inputs=torch.randint(0, 256, (size, 1, 32, 32), generator=generator).byte(),
        data_samples=[DataSample().set_gt_label(i % 5) for i in range(size)],
    )


def gait(size: int = 4, channels: tuple[int, ...] = ()) -> dict[str, Any]:
    """Sequences of 4 or 3 silhouettes, two of each of two identities."""
    generator = torch.Generator().manual_seed(0)
    walks = [
        torch.randint(0, 256, (4 - i % 2, *channels, 64, 44), generator=generator)
        for i in range(size)
    ]
    samples = [
        DataSample(metainfo=dict(type='nm-01', view='090')).set_gt_label(i // 2)
        for i in range(size)
    ]
    return dict(inputs=[walk.byte() for walk in walks], data_samples=samples)


def skeleton_gait(size: int = 4) -> dict[str, Any]:
    """Sequences of heat maps of joints and of limbs."""
    return gait(size, (2,))


def detection(size: int = 4) -> dict[str, Any]:
    """Images of 64x64 pixels and one of another size, with objects of 3 classes."""
    generator = torch.Generator().manual_seed(0)
    sizes = [(64, 64), (48, 64), (64, 64), (64, 64)][:size]
    samples = []
    for i, shape in enumerate(sizes):
        boxes = torch.tensor([[4.0, 4.0, 20.0 + i, 24.0], [30.0, 10.0, 60.0, 42.0]])
        fields = dict(
            gt_bboxes=boxes[: i % 3], gt_bboxes_labels=torch.arange(2)[: i % 3]
        )
        meta = dict(ori_shape=shape, img_shape=shape)
        samples.append(DataSample(metainfo=meta, **fields))
    images = [torch.randint(0, 256, (3, *s), generator=generator) for s in sizes]
    return dict(inputs=[image.byte() for image in images], data_samples=samples)


def stereo(size: int = 4) -> dict[str, Any]:
    """Pairs of 30x60 pixels, with disparities from 0 (unknown) to 20 px."""
    generator = torch.Generator().manual_seed(0)
    pairs = torch.randint(0, 256, (size, 2, 3, 30, 60), generator=generator).byte()
    target = torch.rand(size, 30, 60, generator=generator) * 20
    target[:, :4] = 0
    return dict(
        inputs=dict(ref_img=pairs[:, 0], tgt_img=pairs[:, 1]),
        data_samples=[DataSample(gt_disparity=disparity) for disparity in target],
    )


def masked(size: int = 4, side: int = 32, grid: int = 4) -> dict[str, Any]:
    """Square images, and masks of patches of which half are hidden."""
    generator = torch.Generator().manual_seed(0)
    samples = []
    for _ in range(size):
        order = torch.rand(grid * grid, generator=generator).argsort()
        mask = (order < grid * grid // 2).long().view(grid, grid)
        samples.append(DataSample(mask=mask))
    images = torch.randint(0, 256, (size, 3, side, side), generator=generator)
    return dict(inputs=images.byte(), data_samples=samples)


def two_pictures(size: int = 4) -> dict[str, Any]:
    """As :func:`masked`, with each image in two sizes."""
    batch = masked(size)
    return dict(batch, inputs=[batch['inputs'], batch['inputs']])


def views(size: int = 4) -> dict[str, Any]:
    """Two views of each image, 32x32 pixels in colour."""
    generator = torch.Generator().manual_seed(0)
    return dict(
        inputs=[
            torch.randint(0, 256, (size, 3, 32, 32), generator=generator).byte()
            for _ in range(2)
        ],
        data_samples=[DataSample() for _ in range(size)],
    )


#: By the name of the task.
NOISE: dict[str, Callable[..., dict[str, Any]]] = dict(
    masked=masked,
    masked_14=partial(masked, side=112, grid=14),
    masked_64=partial(masked, side=64),
    two_pictures=two_pictures,
    classification=classification,
    detection=detection,
    gait=gait,
    skeleton_gait=skeleton_gait,
    stereo=stereo,
    views=views,
)
