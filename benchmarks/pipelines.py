"""C4 to C6: from images in memory to batches that are ready for the network."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from data import MEAN, STD, write_cifar10
from protocol import Goal, Line
from session import ROOT, Session, quiet
from torch.utils.data import DataLoader

from mmlite.apis import prepare_training
from mmlite.engine import Runner

_BATCH = 128
_NARROW = (
    'model.backbone.stem_channels=8',
    'model.backbone.base_channels=8',
    'model.head.in_channels=64',
)


def cifar_runner(session: Session, root: str, *overrides: str) -> Runner:
    """A runner of the CIFAR-10 recipe on made-up data; its model is narrow."""
    with quiet():
        cfg = prepare_training(
            ROOT / 'configs/resnet18_cifar.py',
            [f'train_dataloader.dataset.data_root={root}', *_NARROW, *overrides],
            work_dir=session.new_folder('cifar'),
            validate=False,
        )
        return Runner.from_cfg(cfg)


class Feed:
    """Batches as a runner's training has them, and what they cost.

    Args:
        loader: Where they come from.
        prepare: The model's data preprocessor.
        batches: How many to take at a time.
    """

    def __init__(
        self, loader: DataLoader, prepare: Callable[..., dict], batches: int
    ) -> None:
        self.loader = loader
        self.prepare = prepare
        self.batches = batches

    @classmethod
    def of(cls, runner: Runner, batches: int) -> Feed:
        with quiet():
            loader = runner.train_dataloader
        return cls(loader, runner.model.data_preprocessor, batches)

    def cost(self) -> float:
        """CPU seconds of this process per image; workers' seconds are not in it."""
        iterator = iter(self.loader)
        self.prepare(next(iterator), training=True)
        start = time.process_time()
        for _ in range(self.batches):
            self.prepare(next(iterator), training=True)
        spent = time.process_time() - start
        return spent / (self.batches * _BATCH)


def _peer(session: Session, root: str, workers: int) -> Callable[[], float]:
    batches = session.size(12, 2)
    return lambda: session.peer.ask(
        'pipeline', root=root, batch_size=_BATCH, workers=workers, batches=batches
    )


def _data(session: Session) -> str:
    return write_cifar10(session.folder / 'cifar10', session.size(2_000, 200))


def per_sample(session: Session) -> list[Line]:
    """C4: the pipeline of CIFAR-10, sample by sample, in one process."""
    what = 'crop, flip, collate, normalise at 32x32: img per CPU s'
    goal = Goal('>=', 8)
    if session.peer is None:
        return [Line('C4', f'{what}, over mmpretrain', goal, note='peer absent')]
    root = _data(session)
    runner = cifar_runner(session, root, 'train_dataloader.num_workers=0')
    feed = Feed.of(runner, session.size(50, 2))
    rounds = session.compare(
        mmlite=feed.cost,
        mmpretrain=_peer(session, root, 0),
        bound=_index_and_normalise(session),
    )
    ratios = rounds.ratio('mmpretrain', 'mmlite')
    return [
        Line(
            'C4',
            f'{what}, over mmpretrain',
            goal,
            ratios,
            rounds.rates(),
            rounds.medians,
        )
    ]


def in_memory(session: Session) -> list[Line]:
    """C5: the same with all data in memory, batch by batch."""
    what = 'the same from memory: img per CPU s, over'
    bound, peer = Goal('>=', 0.4), Goal('>=', 15)
    root = _data(session)
    options = ('train_dataloader.num_workers=0', '+train_dataloader.in_memory=True')
    feed = Feed.of(cifar_runner(session, root, *options), session.size(50, 2))
    sides = dict(bound=_index_and_normalise(session), mmlite=feed.cost)
    if session.peer is not None:
        sides['mmpretrain'] = _peer(session, root, 0)
    rounds = session.compare(**sides)
    lines = [
        Line(
            'C5',
            f'{what} index and normalise',
            bound,
            rounds.ratio('bound', 'mmlite'),
            rounds.rates(),
            rounds.medians,
        )
    ]
    if session.peer is None:
        return [*lines, Line('C5', f'{what} mmpretrain', peer, note='peer absent')]
    ratios = rounds.ratio('mmpretrain', 'mmlite')
    return [*lines, Line('C5', f'{what} mmpretrain', peer, ratios)]


def _index_and_normalise(session: Session) -> Callable[[], float]:
    """What no pipeline can do without."""
    images = torch.randint(256, (10_000, 3, 32, 32), dtype=torch.uint8)
    mean, std = (torch.tensor(v).view(-1, 1, 1) for v in (MEAN, STD))
    batches = session.size(50, 2)

    def run() -> float:
        start = time.process_time()
        for _ in range(batches):
            index = torch.randint(len(images), (_BATCH,))
            images[index].float().sub_(mean).div_(std)
        return (time.process_time() - start) / (batches * _BATCH)

    return run


def main_process(session: Session) -> list[Line]:
    """C6: what the main process does per image while two workers load."""
    what = 'CPU of the main process per image with 2 workers, over mmpretrain'
    goal = Goal('<=', 0.1)
    if session.peer is None:
        return [Line('C6', what, goal, note='peer absent')]
    root = _data(session)
    runner = cifar_runner(session, root, 'train_dataloader.num_workers=2')
    feed = Feed.of(runner, session.size(50, 2))
    rounds = session.compare(mmlite=feed.cost, mmpretrain=_peer(session, root, 2))
    ratios = rounds.ratio('mmlite', 'mmpretrain')
    return [Line('C6', what, goal, ratios, rounds.times, rounds.medians)]
