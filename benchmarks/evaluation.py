"""C8: what a validation costs beside the network."""

from __future__ import annotations

import math
import time

import torch
from clock import ReadyLoader
from data import write_cifar10
from protocol import Goal, Line
from session import ROOT, Session, quiet
from torch import Tensor, nn

from mmlite.apis import prepare_training
from mmlite.engine import Runner
from mmlite.registry import FUNCTIONS, MODELS
from mmlite.structures import DataSample

_IMAGES = 10_000
#: As in configs/resnet18_cifar.py, and in resnet18_cifar_fast.py.
_BATCHES = (256, 1000)


@MODELS.register_module()
class Flat(nn.Module):
    """Images that already are the scores: a network that costs nothing."""

    def forward(self, inputs: Tensor) -> tuple[Tensor]:
        return (inputs.flatten(1),)


def evaluation(session: Session) -> list[Line]:
    """C8: a validation without a network, and a validation with one."""
    lines = [_bookkeeping(session, batch) for batch in _BATCHES]
    return [*lines, _whole(session)]


def _bookkeeping(session: Session, batch: int) -> Line:
    what = f'CPU of a validation per image, batch {batch}, no network, over mmpretrain'
    goal = Goal('<=', 0.02)
    if session.peer is None:
        return Line('C8', what, goal, note='peer absent')
    count = session.size(_IMAGES, batch)
    runner = _ready_runner(session, count, batch)
    theirs = dict(images=count, batch_size=batch)

    def ours() -> float:
        start = time.process_time()
        with quiet():
            runner.val_loop.run()
        return (time.process_time() - start) / count

    rounds = session.compare(
        mmlite=ours, mmpretrain=lambda: session.peer.ask('evaluation', **theirs)
    )
    ratios = rounds.ratio('mmlite', 'mmpretrain')
    return Line('C8', what, goal, ratios, rounds.times, rounds.medians)


def _ready_runner(session: Session, count: int, batch: int) -> Runner:
    """A runner whose batches are ready and whose images are scores."""
    samples = [
        dict(
            inputs=torch.randint(256, (10, 1, 1), dtype=torch.uint8),
            data_samples=DataSample().set_gt_label(i % 10),
        )
        for i in range(count)
    ]
    collate = FUNCTIONS.get('default_collate')
    batches = [collate(samples[i : i + batch]) for i in range(0, count, batch)]
    with quiet():
        return Runner(
            dict(
                type='ImageClassifier',
                backbone=dict(type='Flat'),
                head=dict(type='ClsHead'),
            ),
            session.new_folder('evaluation'),
            val_dataloader=ReadyLoader(batches, math.ceil(count / batch), batch),
            val_cfg=dict(),
            val_evaluator=dict(type='Accuracy'),
        )


def _whole(session: Session) -> Line:
    """A validation from uint8 images to the metric, against its network alone."""
    root = write_cifar10(session.folder / 'cifar10_val', session.size(512, 16))
    with quiet():
        cfg = prepare_training(
            ROOT / 'configs/resnet18_cifar.py',
            [
                f'{split}_dataloader.dataset.data_root={root}'
                for split in ('train', 'val', 'test')
            ]
            + [
                'val_dataloader.num_workers=0',
                'model.backbone.stem_channels=16',
                'model.backbone.base_channels=16',
                'model.head.in_channels=128',
            ],
            work_dir=session.new_folder('val'),
        )
        runner = Runner.from_cfg(cfg)
        loop = runner.val_loop
    prepare = runner.model.data_preprocessor
    inputs = [prepare(batch)['inputs'] for batch in loop.dataloader]

    def validation() -> list[float]:
        start = time.process_time()
        with quiet():
            loop.run()
        return [time.process_time() - start]

    @torch.no_grad()
    def forward() -> list[float]:
        runner.model.eval()
        start = time.process_time()
        for images in inputs:
            runner.model(images)
        return [time.process_time() - start]

    rounds = session.compare_often(
        session.size(3, 1), validation=validation, forward=forward
    )
    return Line(
        'C8',
        'a validation of a quarter-width ResNet-18, over its forward passes',
        Goal('<=', 1.03),
        rounds.ratio('validation', 'forward'),
        rounds.times,
        rounds.medians,
    )
