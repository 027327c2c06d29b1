"""C8: what a validation costs beside the network."""

from __future__ import annotations

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

_BATCH = 1000  # as in configs/resnet18_cifar_fast.py


@MODELS.register_module()
class Flat(nn.Module):
    """Images that already are the scores: a network that costs nothing."""

    def forward(self, inputs: Tensor) -> tuple[Tensor]:
        return (inputs.flatten(1),)


def evaluation(session: Session) -> list[Line]:
    """C8: a validation without a network, and a validation with one."""
    return [_bookkeeping(session), _whole(session)]


def _bookkeeping(session: Session) -> Line:
    what = 'CPU of a validation per image without the network, over mmpretrain'
    goal = Goal('<=', 0.02)
    if session.peer is None:
        return Line('C8', what, goal, note='peer absent')
    count = session.size(10, 1) * _BATCH
    runner = _ready_runner(session, count)
    theirs = dict(images=count, batch_size=_BATCH)

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


def _ready_runner(session: Session, count: int) -> Runner:
    """A runner whose batches are ready and whose images are scores."""
    samples = [
        dict(
            inputs=torch.randint(256, (10, 1, 1), dtype=torch.uint8),
            data_samples=DataSample().set_gt_label(i % 10),
        )
        for i in range(count)
    ]
    collate = FUNCTIONS.get('default_collate')
    batches = [collate(samples[i : i + _BATCH]) for i in range(0, count, _BATCH)]
    with quiet():
        return Runner(
            dict(
                type='ImageClassifier',
                backbone=dict(type='Flat'),
                head=dict(type='ClsHead'),
            ),
            session.new_folder('evaluation'),
            val_dataloader=ReadyLoader(batches, len(batches), _BATCH),
            val_cfg=dict(),
            val_evaluator=dict(type='Accuracy'),
        )


def _whole(session: Session) -> Line:
    """A validation from uint8 images to the metric, against its network alone."""
    count = session.size(500, 16)
    root = write_cifar10(session.folder / 'cifar10_val', count)
    with quiet():
        cfg = prepare_training(
            ROOT / 'configs/resnet18_cifar_fast.py',
            [
                f'{split}_dataloader.dataset.data_root={root}'
                for split in ('train', 'val', 'test')
            ]
            + [
                f'train_dataloader.batch_size={count}',
                f'val_dataloader.batch_size={count // 2}',
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
