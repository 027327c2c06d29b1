"""A training of a small network on digits that are in memory."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.hooks import Hook

from mmlite.engine import Runner

CROP = dict(type='RandomCrop', crop_size=32, padding=4)
FLIP = dict(type='RandomFlip', prob=0.5)
JITTER = dict(type='ColorJitter', brightness=0.5)


def memory_cfg(
    work_dir: Path | str,
    *pipeline: dict,
    in_memory: bool = True,
    batch_size: int = 8,
    **changes: Any,
) -> Config:
    """Three epochs of five iterations, without batch norm; ``changes`` replace keys."""

    def loader(split: str, steps: tuple, size: int) -> dict:
        return dict(
            batch_size=batch_size,
            num_workers=0,
            in_memory=in_memory,
            dataset=dict(
                type='Digits',
                split=split,
                channels=1,
                indices=size,
                pipeline=[*steps, dict(type='PackInputs')],
            ),
            sampler=dict(type='DefaultSampler', shuffle=split == 'train'),
        )

    return Config(
        dict(
            model=dict(
                type='ImageClassifier',
                backbone=dict(type='LeNet5', num_classes=10),
                head=dict(type='ClsHead'),
                data_preprocessor=dict(mean=[80.0], std=[80.0]),
            ),
            work_dir=str(work_dir),
            train_dataloader=loader('train', pipeline, 40),
            val_dataloader=loader('test', (), 21),
            train_cfg=dict(by_epoch=True, max_epochs=3),
            val_cfg=dict(),
            val_evaluator=dict(type='Accuracy'),
            optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.05, momentum=0.9)),
            randomness=dict(seed=1),
        )
        | changes
    )


def memory_runner(work_dir: Path | str, *pipeline: dict, **changes: Any) -> Runner:
    """A runner of :func:`memory_cfg`."""
    return Runner.from_cfg(memory_cfg(work_dir, *pipeline, **changes))


class CtrlC(Hook):
    """Presses it after an iteration."""

    def __init__(self, iteration: int) -> None:
        self.iteration = iteration

    def after_train_iter(self, runner: Runner, **kwargs: Any) -> None:
        if runner.iter == self.iteration:
            signal.raise_signal(signal.SIGINT)
