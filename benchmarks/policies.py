"""C14: JPEG files through a random resized crop and RandAugment."""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable

from data import write_jpegs
from protocol import Goal, Line
from session import Session, quiet

from mmlite.registry import DATASETS

_TOGETHER = 20  # images in a turn

#: As the ImageNet recipes of mmpretrain for ResNet-50, Swin and ConvNeXt have it.
PIPELINE = [
    dict(type='LoadImageFromFile'),
    dict(
        type='RandomResizedCrop', scale=224, backend='pillow', interpolation='bicubic'
    ),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(
        type='RandAugment',
        policies='timm_increasing',
        num_policies=2,
        total_level=10,
        magnitude_level=9,
        magnitude_std=0.5,
        hparams=dict(pad_val=[104, 116, 124], interpolation='bicubic'),
    ),
    dict(type='PackInputs'),
]


def augmentation(session: Session) -> list[Line]:
    """C14: RandAugment and a random resized crop of a JPEG, over mmpretrain."""
    what = 'JPEG to a random crop with RandAugment: img per CPU s, over mmpretrain'
    goal = Goal('>=', 1.5)
    if session.peer is None:
        return [Line('C14', what, goal, note='peer absent')]
    root = session.folder / 'policies'
    count = len(write_jpegs(root, session.size(100, 4)))
    cfg = dict(type='CustomDataset', data_root=str(root), data_prefix='train')
    with quiet():
        dataset = DATASETS.build(dict(cfg, pipeline=PIPELINE))

    def peer() -> list[float]:
        return session.peer.ask(
            'augmented', dataset=dict(cfg, pipeline=PIPELINE), images=_TOGETHER
        )

    rounds = session.compare_often(
        session.size(10, 1),
        of_steps=statistics.mean,
        mmlite=_costs(dataset.__getitem__, count),
        mmpretrain=peer,
    )
    ratio = rounds.ratio('mmpretrain', 'mmlite')
    return [Line('C14', what, goal, ratio, rounds.rates(), rounds.medians)]


def _costs(load: Callable[[int], object], count: int) -> Callable[[], list[float]]:
    """CPU seconds of each of the next images."""
    indices = itertools.cycle(range(count))

    def run() -> list[float]:
        costs = []
        for index in itertools.islice(indices, _TOGETHER):
            start = time.process_time()
            load(index)
            costs.append(time.process_time() - start)
        return costs

    return run
