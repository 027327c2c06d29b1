"""G2: ResNet-18 on CIFAR-10, over the parts of timm's training script.

The script itself is not in timm's package. Its loop is short, and is put together here
from what it takes out of the package: the loader, the optimizer, the schedule and the
meter. As there, the loss is read in every iteration.
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
    """Train step by step: bfloat16, channels_last and compiled on a GPU.

    Args:
        net: Images to logits, on its device.
        steps: Steps of an epoch.
    """

    def __init__(self, net: nn.Module, steps: int) -> None:
        from timm.optim import create_optimizer_v2
        from timm.scheduler import create_scheduler_v2
        from timm.utils import AverageMeter

        net.train()
        self.net = torch.compile(net) if on_gpu() else net
        self.optimizer = create_optimizer_v2(
            net, opt='sgd', lr=0.1, momentum=0.9, weight_decay=1e-4
        )
        self.scheduler, _ = create_scheduler_v2(
            self.optimizer,
            num_epochs=200,
            step_on_epochs=False,
            updates_per_epoch=steps,
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

    def __init__(self, count: int) -> None:
        rng = np.random.default_rng(0)
        self.images = rng.integers(0, 256, (count, 32, 32, 3), np.uint8)
        self.transform: Any = None

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
        input_size=(3, 32, 32),
        batch_size=batch,
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


def timm_cifar(session: Session) -> list[Line]:
    """G2: the same, over the parts of timm's training script."""
    what = "the same, over the parts of timm's training script with"
    goals = (('its loader', Goal('>=', 1.5)), ('one batch', Goal('>=', 1.05)))
    if optional('timm') is None:
        return [
            Line('G2', f'{what} {how}', goal, note='timm absent') for how, goal in goals
        ]
    batch, segment = session.size(512, 8), session.size(100, 2)
    images = Cifar.images_per_file(session)
    task = Cifar(session, write_cifar10(session.folder / 'cifar10', images), batch)
    runner = task.runner((session.rounds + session.warmup) * segment)
    loop = TimmLoop(on_device(runner.model), task.steps)
    batches, ready = loaded(session, batch), Ready(batch, 32, classes=10)
    same = ready.images.float().sub(127.5).div(64), ready.labels
    others = {
        'its loader': steps_of(lambda: loop.step(*next(batches)), segment),
        'one batch': steps_of(lambda: loop.step(*same), segment),
    }
    taken = take_turns_with(session, runner, others, segment)
    return [
        speed('G2', f'{what} {how}', goal, taken, how, batch) for how, goal in goals
    ]
