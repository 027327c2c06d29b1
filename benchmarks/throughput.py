"""G1 to G7 and G11: images per second on a GPU."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable

import numpy as np
import torch
from data import write_cifar10, write_jpegs
from protocol import Goal, Line
from recipes import Cifar, Ready, bare_loop, on_gpu, ready_runner
from session import ROOT, Session, quiet
from torch import nn
from turns import TurnsHook, steps_of

from mmlite.config import load_config
from mmlite.engine import Runner, build_dataloader

_IMAGENET = dict(mean=(123.675, 116.28, 103.53), std=(58.395, 57.12, 57.375))


def cifar(session: Session) -> list[Line]:
    """G1: ResNet-18 on CIFAR-10, bfloat16, every default hook."""
    goals = {512: 0.97, 128: 0.93}
    return [
        _cifar(session, session.size(batch, 8), Goal('>=', goal))
        for batch, goal in goals.items()
    ]


def _cifar(session: Session, batch: int, goal: Goal) -> Line:
    images = Cifar.images_per_file(session)
    task = Cifar(session, write_cifar10(session.folder / 'cifar10', images), batch)
    segment = session.size(200, 2)
    turns = session.rounds + session.warmup
    runner = task.runner(turns * segment)
    loop, batches = task.bare(runner)
    bare = steps_of(lambda: loop.step(*next(batches)), segment)
    hook = _train(session, runner, dict(bare=bare), segment)
    return Line(
        'G1',
        f'ResNet-18 on CIFAR-10, batch {batch}: img/s of train.py, over bare',
        goal,
        hook.taken.ratio('bare', 'mmlite'),
        hook.taken.rates(batch),
        hook.taken.medians,
    )


def _train(
    session: Session,
    runner: Runner,
    others: dict[str, Callable[[], float]],
    segment: int,
) -> TurnsHook:
    hook = TurnsHook(others, segment, session.rounds, session.warmup)
    runner.register_hook(hook)
    with quiet():
        runner.train()
    return hook


def timm_cifar(session: Session) -> list[Line]:
    """G2: the same against timm's training script."""
    what = 'the same, over the train.py of timm with its best options'
    return [
        Line('G2', what, Goal('>=', 1.5), note='waits: timm has it outside its package')
    ]


def peer_cifar(session: Session) -> list[Line]:
    """G3: the same against mmpretrain's own recipe with 16 workers."""
    what = 'the same, over mmpretrain with 16 workers'
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
    taken = _train(session, runner, others, segment).taken
    ratios = taken.ratio('mmpretrain', 'mmlite')
    return [Line('G3', what, goal, ratios, taken.rates(batch), taken.medians)]


def airbench(session: Session) -> list[Line]:
    """G4: our airbench94 against the original."""
    what = 'time of a run of airbench94, over the original'
    note = 'waits: the original and CIFAR-10 have to be given'
    return [Line('G4', what, Goal('<=', 1.1), note=note)]


def resnet50(session: Session) -> list[Line]:
    """G5: ResNet-50 at 224x224, batches that lie on the GPU."""
    model = load_config(ROOT / 'configs/_base_/models/resnet50.py').model
    if session.tiny:
        model.backbone.update(stem_channels=4, base_channels=4)
        model.head.in_channels = 128
    optimizer = dict(type='SGD', lr=0.01, momentum=0.9, weight_decay=1e-4)
    return _ready(session, 'G5', 'ResNet-50', model, optimizer, timm_name='resnet50')


def vit(session: Session) -> list[Line]:
    """G6: ViT-B/16 at 224x224, batches that lie on the GPU."""
    model = load_config(ROOT / 'configs/_base_/models/vit-base-p16.py').model
    model.head.loss = dict(type='CrossEntropyLoss')
    if session.tiny:
        model.backbone.update(arch='deit-t', img_size=32)
        model.head.in_channels = 192
    optimizer = dict(type='AdamW', lr=1e-4, weight_decay=0.05)
    name = 'vit_base_patch16_224'
    return _ready(session, 'G6', 'ViT-B/16', model, optimizer, timm_name=name)


def _ready(
    session: Session, id: str, title: str, model: dict, optimizer: dict, timm_name: str
) -> list[Line]:
    """mmlite over bare, and over bare with timm's network where there is timm."""
    ready = Ready(session.size(256, 2), session.size(224, 32))
    segment = session.size(40, 2)
    steps = (session.rounds + session.warmup) * segment
    model = dict(model, data_preprocessor=dict(_IMAGENET))
    runner = ready_runner(session, model, optimizer, ready.loader(steps))

    def side(net: nn.Module) -> Callable[[], float]:
        loop = bare_loop(net, optimizer, **_IMAGENET)
        return steps_of(lambda: loop.step(ready.images, ready.labels), segment)

    others = dict(bare=side(runner.model))
    has_timm = importlib.util.find_spec('timm') is not None and not session.tiny
    if has_timm:
        import timm

        others['timm'] = side(timm.create_model(timm_name))
    taken = _train(session, runner, others, segment).taken
    what = f'{title}, batch {ready.batch_size}: img/s, over'
    rates = taken.rates(ready.batch_size)
    bare, theirs = Goal('>=', 0.98), Goal('>=', 1.0)
    ratios = taken.ratio('bare', 'mmlite')
    lines = [Line(id, f'{what} bare', bare, ratios, rates, taken.medians)]
    if not has_timm:
        return [*lines, Line(id, f'{what} timm', theirs, note='timm absent')]
    return [*lines, Line(id, f'{what} timm', theirs, taken.ratio('timm', 'mmlite'))]


def mae(session: Session) -> list[Line]:
    """G7: pre-training of MAE."""
    what = 'MAE ViT-B/16, img/s, over the blocks of timm'
    return [Line('G7', what, Goal('>=', 1.1), note='waits: there is no MAE yet')]


def jpegs(session: Session) -> list[Line]:
    """G11: ResNet-50 from JPEG files, against batches that lie on the GPU."""
    count, batch = session.size(1024, 4), session.size(256, 2)
    root = session.folder / 'jpegs'
    write_jpegs(root, count)
    segment = session.size(40, 2)
    images = (session.rounds + session.warmup) * segment * batch
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
    model.data_preprocessor = dict(_IMAGENET, to_rgb=True)
    optimizer = dict(type='SGD', lr=0.01, momentum=0.9, weight_decay=1e-4)
    runner = ready_runner(session, model, optimizer, loader)
    ready = Ready(batch, session.size(224, 32))
    loop = bare_loop(runner.model, optimizer, **_IMAGENET)
    synthetic = steps_of(lambda: loop.step(ready.images, ready.labels), segment)
    taken = _train(session, runner, dict(synthetic=synthetic), segment).taken
    return [
        Line(
            'G11',
            f'ResNet-50 from JPEG files with {cores} cores: img/s, over ready batches',
            Goal('>=', 0.9),
            taken.ratio('synthetic', 'mmlite'),
            taken.rates(batch),
            taken.medians,
        )
    ]


def name_of_gpu() -> str:
    return torch.cuda.get_device_name() if on_gpu() else 'no GPU'
