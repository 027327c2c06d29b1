"""C12: how long a training stands still for a checkpoint."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import torch
from protocol import Goal, Line, Rounds
from session import ROOT, Session, quiet

from mmlite.apis import prepare_training
from mmlite.engine import CheckpointHook, Runner

_PATIENCE = 60.0


def checkpoints(session: Session) -> list[Line]:
    """C12: the hook's call after an epoch, against ``torch.save`` of the same."""
    epochs = session.warmup + session.rounds
    runner = _runner(session, epochs)
    taken = Rounds(mmlite=[], torch=[])
    hook = next(h for h in runner.hooks if isinstance(h, CheckpointHook))
    save = hook.after_train_epoch

    def timed_save(runner: Runner) -> None:
        path = Path(runner.work_dir, f'epoch_{runner.epoch + 1}.pth')
        taken['mmlite'].append(_seconds(lambda: save(runner)))
        _wait_for(path)
        path.unlink()
        taken['torch'].append(_seconds(lambda: _plain_save(runner, path)))

    hook.after_train_epoch = timed_save
    with quiet():
        runner.train()
    rounds = Rounds({name: times[session.warmup :] for name, times in taken.items()})
    return [
        Line(
            'C12',
            'time a training stands still for a checkpoint, over torch.save',
            Goal('<=', 0.5),
            rounds.ratio('mmlite', 'torch'),
            rounds.times,
            rounds.medians,
        )
    ]


def _runner(session: Session, epochs: int) -> Runner:
    """A training of ResNet-18 that does little but save."""
    width = session.size(64, 4)
    overrides = [
        f'model.backbone.stem_channels={width}',
        f'model.backbone.base_channels={width}',
        f'model.head.in_channels={width * 8}',
        f'train_cfg.max_epochs={epochs}',
        'train_dataloader.batch_size=2',
        '+train_dataloader.dataset.indices=2',
        'default_hooks.checkpoint.max_keep_ckpts=-1',
    ]
    with quiet():
        cfg = prepare_training(
            ROOT / 'configs/resnet18_digits.py',
            overrides,
            work_dir=session.new_folder('checkpoints'),
            validate=False,
        )
        return Runner.from_cfg(cfg)


def _plain_save(runner: Runner, path: Path) -> None:
    content = dict(
        state_dict=runner.model.state_dict(),
        optimizer=runner.optim_wrapper.state_dict(),
    )
    torch.save(content, path.with_name('plain.pth'))


def _seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def _wait_for(path: Path) -> None:
    """Until the file is there, and so is whole."""
    end = time.monotonic() + _PATIENCE
    while not path.exists():
        if time.monotonic() > end:
            raise RuntimeError(f'no {path.name} after {_PATIENCE:.0f} s')
        time.sleep(0.02)
