"""G2: ResNet-18 on CIFAR-10, over the parts of timm's training script.

The script is not in timm's package. Its loop is put together here from what it takes
out of the package: loader, optimizer, schedule and meter. As there, each loss is read.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from data import MEAN, STD, write_cifar10
from protocol import Goal, Line, speed
from recipes import Cifar, Ready, device, on_device, on_gpu, take_turns_with
from session import Session, optional
from torch import Tensor, nn
from turns import steps_of


class TimmLoop:
    """Train step by step: bfloat16, channels_last and compiled on a GPU."""

    def __init__(self, net: nn.Module, steps_of_epoch: int) -> None:
        from timm.optim import create_optimizer_v2
        from timm.scheduler import create_scheduler_v2
        from timm.utils import AverageMeter

        self.net = torch.compile(net.train()) if on_gpu() else net.train()
        settings = dict(lr=0.1, momentum=0.9, weight_decay=1e-4)
        self.optimizer = create_optimizer_v2(net, 'sgd', **settings)
        self.scheduler, _ = create_scheduler_v2(
            self.optimizer, updates_per_epoch=steps_of_epoch
        )
        self.losses, self.updates = AverageMeter(), 0

    def step(self, images: Tensor, labels: Tensor) -> None:
        """Train with normalised images."""
        if on_gpu():
            images = images.contiguous(memory_format=torch.channels_last)
        with torch.autocast(device(), torch.bfloat16, enabled=on_gpu()):
            loss = nn.functional.cross_entropy(self.net(images), labels)
        loss.backward()
        self.optimizer.step()
        self.losses.update(loss.item(), len(images))
        self.updates += 1
        self.optimizer.zero_grad()
        self.scheduler.step_update(self.updates, metric=self.losses.avg)


class Pictures(torch.utils.data.Dataset):
    """Random images; the loader sets what is done with each."""

    transform: Any = None

    def __init__(self, count: int) -> None:
        shape = (count, 32, 32, 3)
        self.images = np.random.default_rng(0).integers(0, 256, shape, np.uint8)

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Any, int]:
        from PIL import Image

        return self.transform(Image.fromarray(self.images[index])), index % 10


def loaded(session: Session, batch: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches of timm's loader without end: random crops and flips in 16 workers."""
    from timm.data import create_loader

    loader = create_loader(
        Pictures(5 * Cifar.images_per_file(session)),
        (3, 32, 32),
        batch,
        is_training=True,
        color_jitter=0.0,
        mean=[value / 255 for value in MEAN],
        std=[value / 255 for value in STD],
        num_workers=session.size(min(16, os.cpu_count() or 1), 0),
        persistent_workers=not session.tiny,
        pin_memory=on_gpu(),
        device=torch.device(device()),
    )
    while True:
        yield from loader


def timm_cifar(session: Session) -> Iterator[Line]:
    """G2: ResNet-18 on CIFAR-10, over the parts of timm's training script."""
    what = "ResNet-18 on CIFAR-10: img/s, over parts of timm's script,"
    goals = dict(loader=Goal('>=', 1.5), batch=Goal('>=', 1.05))
    texts = dict(loader='its loader', batch='ready batch')
    if optional('timm') is None:
        for side, goal in goals.items():
            yield Line('G2', f'{what} {texts[side]}', goal, note='timm absent')
        return
    size, segment = session.size(512, 8), session.size(100, 2)
    images = Cifar.images_per_file(session)
    task = Cifar(session, write_cifar10(session.folder / 'cifar10', images), size)
    runner = task.runner((session.rounds + session.warmup) * segment)
    loop = TimmLoop(on_device(runner.model), task.steps)
    batches, ready = loaded(session, size), Ready(size, 32, classes=10)
    same = ready.images.float().sub(127.5).div(64), ready.labels
    others = dict(
        loader=steps_of(lambda: loop.step(*next(batches)), segment),
        batch=steps_of(lambda: loop.step(*same), segment),
    )
    taken = take_turns_with(session, runner, others, segment)
    for side, goal in goals.items():
        yield speed('G2', f'{what} {texts[side]}', goal, taken, side, size)
