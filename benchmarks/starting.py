"""C16: from the start of train.py to its first iteration, over mmpretrain's."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from data import write_jpegs
from protocol import Goal, Line
from session import ROOT, Session

#: A config that both read, which trains for one iteration.
_CONFIG = """
model = dict(
    type='ImageClassifier',
    backbone=dict(type='ResNet_CIFAR', depth=18, stem_channels=4, base_channels=4),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        type='LinearClsHead',
        num_classes=2,
        in_channels=32,
        loss=dict(type='CrossEntropyLoss'),
        topk=(1,)))
data_preprocessor = dict(mean=[0, 0, 0], std=[255, 255, 255], to_rgb=True)
train_dataloader = dict(
    batch_size=2,
    num_workers=0,
    persistent_workers=False,
    dataset=dict(
        type='CustomDataset',
        data_root={root!r},
        data_prefix='train',
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='RandomResizedCrop', scale=32),
            dict(type='PackInputs')]),
    sampler=dict(type='DefaultSampler', shuffle=True))
train_cfg = dict(by_epoch=False, max_iters=1)
optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.1, momentum=0.9))
default_hooks = dict(checkpoint=None)
default_scope = 'mmpretrain'
work_dir = {work_dir!r}
"""
_WHERE = (
    'import mmpretrain, os; '
    "print(os.path.join(os.path.dirname(mmpretrain.__file__), '.mim/tools/train.py'))"
)


def start(session: Session) -> list[Line]:
    """C16: CPU seconds of a whole training of one iteration."""
    what = 'start of train.py to its first iteration, CPU s, over mmpretrain'
    goal = Goal('<=', 0.8)
    if session.peer is None:
        return [Line('C16', what, goal, note='peer absent')]
    root = session.folder / 'starting'
    write_jpegs(root, 4)
    python = session.peer.python
    theirs = subprocess.run(
        [python, '-c', _WHERE], capture_output=True, text=True, check=True
    ).stdout.split()[-1]
    rounds = session.compare(
        mmlite=_seconds(
            [sys.executable, str(ROOT / 'tools/train.py'), _config(session, root)]
        ),
        mmpretrain=_seconds([python, theirs, _config(session, root)]),
    )
    ratio = rounds.ratio('mmlite', 'mmpretrain')
    return [Line('C16', what, goal, ratio, rounds.times, rounds.medians)]


def _config(session: Session, root: Path) -> str:
    folder = Path(session.new_folder('start'))
    path = folder / 'once.py'
    path.write_text(_CONFIG.format(root=str(root), work_dir=str(folder / 'work')))
    return str(path)


def _seconds(command: Sequence[str]) -> Callable[[], float]:
    """CPU seconds of a command and all that it starts.

    Bytecode is kept, as after an installation, whatever the surroundings say: the
    first round, which is not counted, writes it.
    """
    around = {k: v for k, v in os.environ.items() if k != 'PYTHONDONTWRITEBYTECODE'}

    def run() -> float:
        before = os.times()
        done = subprocess.run(
            command,
            cwd=Path(command[-1]).parent,
            env=around,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise RuntimeError(f'{command} failed:\n{done.stderr[-2000:]}')
        after = os.times()
        used = after.children_user - before.children_user
        return used + after.children_system - before.children_system

    return run
