"""G1, G3, G5, G6 and G11: images per second on a GPU."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import torch
from data import write_cifar10, write_jpegs
from protocol import Goal, Line, speed
from recipes import (
    GRAPHS,
    IMAGENET,
    Cifar,
    Ready,
    bare_loop,
    on_gpu,
    ready_runner,
    take_turns_with,
)
from session import ROOT, Session, attempted, optional, quiet
from torch import nn
from turns import steps_of

from mmlite.config import load_config
from mmlite.engine import build_dataloader

_SGD = dict(type='SGD', lr=0.01, momentum=0.9, weight_decay=1e-4)


def cifar(session: Session) -> Iterator[Line]:
    """G1: ResNet-18 on CIFAR-10, bfloat16, every default hook."""
    goals = {512: 0.97, 128: 0.93}
    for how, compile in (('', {}), (', CUDA graphs', GRAPHS)):
        for batch, goal in goals.items():
            size = session.size(batch, 8)
            what = f'ResNet-18 on CIFAR-10, batch {size}{how}: img/s of train.py'
            run = partial(_cifar, session, size, compile, what, Goal('>=', goal))
            yield from attempted('G1', what, run)


def _cifar(
    session: Session, batch: int, compile: dict[str, Any], what: str, goal: Goal
) -> Iterator[Line]:
    images = Cifar.images_per_file(session)
    root = write_cifar10(session.folder / 'cifar10', images)
    task = Cifar(session, root, batch, compile)
    segment = session.size(100, 2)
    runner = task.runner((session.rounds + session.warmup) * segment)
    loop, batches = task.bare(runner)
    bare = steps_of(lambda: loop.step(*next(batches)), segment)
    taken = take_turns_with(session, runner, dict(bare=bare), segment)
    yield speed('G1', f'{what}, over bare', goal, taken, 'bare', batch)


def peer_cifar(session: Session) -> list[Line]:
    """G3: ResNet-18 on CIFAR-10, over mmpretrain's own recipe with 16 workers."""
    what = 'ResNet-18 on CIFAR-10: img/s, over mmpretrain with 16 workers'
    goal = Goal('>=', 5)
    if session.peer is None:
        return [Line('G3', what, goal, note='peer absent')]
    batch, segment = session.size(512, 8), session.size(200, 2)
    images = Cifar.images_per_file(session)
    task = Cifar(session, write_cifar10(session.folder / 'cifar10', images), batch)
    runner = task.runner((session.rounds + session.warmup) * segment)
    options = dict(
        root=task.root,
        batch_size=batch,
        workers=session.size(16, 0),
        iterations=task.steps,
    )
    others = dict(mmpretrain=lambda: session.peer.ask('training', **options))
    taken = take_turns_with(session, runner, others, segment)
    return [speed('G3', what, goal, taken, 'mmpretrain', batch)]


def resnet50(session: Session) -> list[Line]:
    """G5: ResNet-50 at 224x224, batches that lie on the GPU."""
    model = load_config(ROOT / 'configs/_base_/models/resnet50.py').model
    if session.tiny:
        model.backbone.update(stem_channels=4, base_channels=4)
        model.head.in_channels = 128
    return _ready(session, 'G5', 'ResNet-50', model, _SGD, 'resnet50', segment=20)


def vit(session: Session) -> list[Line]:
    """G6: ViT-B/16 at 224x224, batches that lie on the GPU."""
    model = load_config(ROOT / 'configs/_base_/models/vit-base-p16.py').model
    model.head.loss = dict(type='CrossEntropyLoss')
    if session.tiny:
        model.backbone.update(arch='deit-t', img_size=32)
        model.head.in_channels = 192
    optimizer = dict(type='AdamW', lr=1e-4, weight_decay=0.05)
    name = 'vit_base_patch16_224'
    return _ready(session, 'G6', 'ViT-B/16', model, optimizer, name, segment=10)


def _ready(
    session: Session,
    id: str,
    title: str,
    model: dict,
    optimizer: dict,
    timm_name: str,
    segment: int,
) -> list[Line]:
    """mmlite over bare, and over bare with timm's network where there is timm."""
    ready = Ready(session.size(256, 2), session.size(224, 32))
    segment = session.size(segment, 2)
    steps = (session.rounds + session.warmup) * segment
    model = dict(model, data_preprocessor=dict(IMAGENET))
    runner = ready_runner(session, model, optimizer, ready.loader(steps))

    def side(net: nn.Module) -> Callable[[], float]:
        loop = bare_loop(net, optimizer, **IMAGENET)
        return steps_of(lambda: loop.step(ready.images, ready.labels), segment)

    others = dict(bare=side(runner.model))
    timm = None if session.tiny else optional('timm')
    if timm is not None:
        others['timm'] = side(timm.create_model(timm_name))
    taken = take_turns_with(session, runner, others, segment)
    what, theirs = f'{title}, batch {ready.batch_size}: img/s, over', Goal('>=', 1.0)
    size = ready.batch_size
    lines = [speed(id, f'{what} bare', Goal('>=', 0.98), taken, 'bare', size)]
    if timm is None:
        return [*lines, Line(id, f'{what} timm', theirs, note='timm absent')]
    return [*lines, speed(id, f'{what} timm', theirs, taken, 'timm', size)]


def jpegs(session: Session) -> list[Line]:
    """G11: ResNet-50 from JPEG files, against batches that lie on the GPU."""
    count, batch = session.size(1024, 4), session.size(256, 2)
    root = session.folder / 'jpegs'
    write_jpegs(root, count)
    # 16 workers have 32 batches ready whenever their turn begins.
    counted, skipped = session.size((24, 36), (2, 1))
    images = (session.rounds + session.warmup) * (skipped + counted) * batch
    cfg = load_config(ROOT / 'configs/resnet/resnet50_8xb32_in1k.py')
    dataset = dict(
        type='CustomDataset',
        data_root=str(root),
        data_prefix='train',
        pipeline=cfg.train_pipeline,
        indices=(np.arange(images) % count).tolist(),
    )
    cores = min(16, os.cpu_count() or 1)
    with quiet():
        loader = build_dataloader(
            dict(
                dataset=dataset,
                sampler=dict(type='DefaultSampler', shuffle=True),
                batch_size=batch,
                num_workers=session.size(cores, 0),
            ),
            seed=0,
        )
    model = cfg.model
    if session.tiny:
        model.backbone.update(stem_channels=4, base_channels=4)
        model.head.in_channels = 128
    model.data_preprocessor = dict(IMAGENET, to_rgb=True)
    runner = ready_runner(session, model, _SGD, loader)
    ready = Ready(batch, session.size(224, 32))
    loop = bare_loop(runner.model, _SGD, **IMAGENET)
    synthetic = steps_of(lambda: loop.step(ready.images, ready.labels), counted)
    others = dict(synthetic=synthetic)
    taken = take_turns_with(session, runner, others, skipped + counted, skipped)
    what = f'ResNet-50 from JPEG files with {cores} cores: img/s, over ready batches'
    return [speed('G11', what, Goal('>=', 0.9), taken, 'synthetic', batch)]


def name_of_gpu() -> str:
    return torch.cuda.get_device_name() if on_gpu() else 'no GPU'
