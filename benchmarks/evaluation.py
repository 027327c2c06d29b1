"""C8: what a validation costs beside the network."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import torch
from clock import ReadyLoader
from data import write_cifar10
from protocol import Goal, Line
from session import ROOT, Session, quiet
from torch import Tensor, nn
from validations import predict_and_measure, validate

from mmlite.apis import prepare_training
from mmlite.engine import Runner, ValLoop
from mmlite.registry import FUNCTIONS, MODELS
from mmlite.structures import DataSample

_IMAGES = 10_000
_BATCH = 256  # as in configs/resnet18_cifar.py
#: In a turn, as one is over long before the processor has got used to it.
_TOGETHER = 10


@MODELS.register_module()
class Flat(nn.Module):
    """Images that already are the scores: a network that costs nothing."""

    def forward(self, inputs: Tensor) -> tuple[Tensor]:
        return (inputs.flatten(1),)


def evaluation(session: Session) -> list[Line]:
    """C8: a validation without a network, and a validation with one."""
    return [*_bookkeeping(session), _whole(session)]


def _bookkeeping(session: Session) -> list[Line]:
    """From a batch to the accuracy; then with the loop, hooks and log lines around."""
    goal = Goal('<=', 0.02)
    steps = 'CPU from a batch to the accuracy, no network, per image, over mmpretrain'
    whole = 'the same with the loop, all hooks and log lines around it'
    if session.peer is None:
        return [Line('C8', what, goal, note='peer absent') for what in (steps, whole)]
    count = session.size(_IMAGES, _BATCH)
    together = session.size(_TOGETHER, 1)
    loop = _ready_runner(session, count).val_loop

    def ours(measure: Callable[[ValLoop], float]) -> list[float]:
        with quiet():
            return [measure(loop) / count for _ in range(together)]

    def theirs(name: str) -> list[float]:
        return [session.peer.ask(name, images=count, batch_size=_BATCH)]

    rounds = session.compare_often(
        session.size(5, 1),
        mmlite=partial(ours, predict_and_measure),
        mmpretrain=partial(theirs, 'evaluation'),
        whole=partial(ours, validate),
        whole_mmpretrain=partial(theirs, 'validation'),
    )
    ratios = rounds.ratio('mmlite', 'mmpretrain')
    whole_ratios = rounds.ratio('whole', 'whole_mmpretrain')
    return [
        Line('C8', steps, goal, ratios, rounds.times, rounds.medians),
        Line('C8', whole, goal, whole_ratios),
    ]


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
        session.size(5, 1), validation=validation, forward=forward
    )
    return Line(
        'C8',
        'a validation of a quarter-width ResNet-18, over its forward passes',
        Goal('<=', 1.03),
        rounds.ratio('validation', 'forward'),
        rounds.times,
        rounds.medians,
    )
