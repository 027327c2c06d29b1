"""C11: a whole training, as ``tools/train.py`` does it."""

from __future__ import annotations

import copy
import math

import numpy as np
import torch
from bare import BareLoop, Memory, fused_sgd
from data import MEAN, STD, write_cifar10
from protocol import Goal, Line
from session import ROOT, Session, quiet
from turns import TurnsHook, steps_of

from mmlite.apis import prepare_training
from mmlite.engine import Runner


def whole_training(session: Session) -> list[Line]:
    """C11: ResNet-18 on CIFAR-10, images per second.

    Batches are small: with a network of this weight, it alone counts.
    """
    root = write_cifar10(session.folder / 'cifar10_train', session.size(400, 16))
    batch, segment = session.size(8, 2), session.size(8, 2)
    iterations = (session.rounds + session.warmup) * segment
    epochs = math.ceil(iterations * batch / session.size(2000, 80))
    with quiet():
        cfg = prepare_training(
            ROOT / 'configs/resnet18_cifar.py',
            [
                f'train_dataloader.dataset.data_root={root}',
                f'train_dataloader.batch_size={batch}',
                f'train_cfg.max_epochs={epochs}',
                'default_hooks.checkpoint.interval=-1',
                '+default_hooks.checkpoint.save_last=False',
                *_width(session),
            ],
            work_dir=session.new_folder('training'),
            validate=False,
        )
        runner = Runner.from_cfg(cfg)
    images = np.random.default_rng(0).integers(0, 256, (2000, 3, 32, 32), np.uint8)
    labels = torch.arange(2000) % 10
    net = copy.deepcopy(runner.model)
    loop = BareLoop(net, fused_sgd(net.parameters(), 0.1, 0.9, 1e-4), MEAN, STD)
    batches = iter(Memory(torch.from_numpy(images), labels, batch))
    others = dict(bare=steps_of(lambda: loop.step(*next(batches)), segment))
    if session.peer is not None:
        options = dict(root=root, batch_size=batch, workers=2, iterations=segment)
        others['mmpretrain'] = lambda: session.peer.ask('training', **options)
    hook = TurnsHook(others, segment, session.rounds, session.warmup)
    runner.register_hook(hook)
    with quiet():
        runner.train()
    return _lines(hook, batch)


def _width(session: Session) -> list[str]:
    width = session.size(64, 4)
    return [
        f'model.backbone.stem_channels={width}',
        f'model.backbone.base_channels={width}',
        f'model.head.in_channels={width * 8}',
    ]


def _lines(hook: TurnsHook, batch: int) -> list[Line]:
    what = f'ResNet-18, batch {batch}: img/s of train.py, over'
    bare = hook.taken.ratio('bare', 'mmlite')
    note, figures = hook.taken.rates(batch), hook.taken.medians
    lines = [Line('C11', f'{what} bare', Goal('>=', 0.98), bare, note, figures)]
    goal = Goal('>=', 1.0)
    if 'mmpretrain' not in hook.taken:
        return [*lines, Line('C11', f'{what} mmpretrain', goal, note='peer absent')]
    theirs = hook.taken.ratio('mmpretrain', 'mmlite')
    return [*lines, Line('C11', f'{what} mmpretrain', goal, theirs)]
