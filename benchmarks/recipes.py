"""Trainings as users start them, and the bare loops beside them."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from bare import BareLoop, Memory
from clock import ReadyLoader
from data import MEAN, STD
from mmengine.config import Config
from session import ROOT, Session, quiet
from torch import Tensor, nn

from mmlite.apis import prepare_training
from mmlite.config import load_config
from mmlite.engine import Runner
from mmlite.registry import FUNCTIONS
from mmlite.structures import DataSample

_SPLITS = ('train', 'val', 'test')
#: A model that only shows that it runs.
_NARROW = (
    'model.backbone.stem_channels=4',
    'model.backbone.base_channels=4',
    'model.head.in_channels=32',
)


def on_gpu() -> bool:
    return torch.cuda.is_available()


def forget_compiled() -> None:
    """Compile anew what comes next.

    The same code with another batch size would be compiled for any size, which is
    slower, and after some more models not at all.
    """
    torch.compiler.reset()


@dataclass
class Cifar:
    """Trainings of ResNet-18 on made-up CIFAR-10.

    Args:
        session: The session.
        root: Where the data are.
        batch_size: Images in a batch.
    """

    session: Session
    root: str
    batch_size: int

    @property
    def images(self) -> int:
        """Images to train with."""
        return 5 * self.images_per_file(self.session)

    @staticmethod
    def images_per_file(session: Session) -> int:
        return session.size(10_000, 16)

    @property
    def steps(self) -> int:
        """Steps of an epoch."""
        return self.images // self.batch_size

    def config(self, epochs: int, validate: bool = False) -> Config:
        """The fast recipe; on a GPU also compiled, and in mixed precision."""
        overrides = [
            *(f'{k}_dataloader.dataset.data_root={self.root}' for k in _SPLITS),
            f'train_dataloader.batch_size={self.batch_size}',
            f'val_dataloader.batch_size={self.session.size(1000, 16)}',
            f'train_cfg.max_epochs={epochs}',
            *self.session.size((), _NARROW),
        ]
        if not validate:
            overrides += [
                'default_hooks.checkpoint.interval=-1',
                '+default_hooks.checkpoint.save_last=False',
            ]
        with quiet():
            return prepare_training(
                ROOT / 'configs/resnet18_cifar_fast.py',
                [*overrides, f'+compile={on_gpu()}'],
                work_dir=self.session.new_folder('cifar'),
                validate=validate,
                amp=on_gpu(),
            )

    def runner(self, iterations: int) -> Runner:
        """A training of at least so many iterations."""
        cfg = self.config(epochs=math.ceil(iterations / self.steps))
        forget_compiled()
        with quiet():
            return Runner.from_cfg(cfg)

    def bare(self, runner: Runner) -> tuple[BareLoop, Iterator[tuple[Tensor, Tensor]]]:
        """The bare loop for the same network, and its batches."""
        loop = bare_loop(runner.model, dict(type='SGD', lr=0.01, momentum=0.9))
        shape = (self.images, 3, 32, 32)
        images = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
        images = torch.from_numpy(images).to(loop.mean.device)
        labels = torch.arange(self.images, device=images.device) % 10
        return loop, iter(Memory(images, labels, self.batch_size))


def bare_loop(
    net: nn.Module,
    optimizer: dict[str, Any],
    mean: Sequence[float] = MEAN,
    std: Sequence[float] = STD,
) -> BareLoop:
    """The fastest loop for a copy of a network: all that helps on this device."""
    layout = torch.channels_last if on_gpu() else torch.contiguous_format
    net = copy.deepcopy(net).to('cuda' if on_gpu() else 'cpu', memory_format=layout)
    matrices = [p for p in net.parameters() if p.ndim > 1]
    others = [p for p in net.parameters() if p.ndim <= 1]
    options = dict(optimizer)
    kind = getattr(torch.optim, options.pop('type'))
    groups = [dict(params=matrices), dict(params=others, weight_decay=0.0)]
    if on_gpu():
        net.compile()
    return BareLoop(
        net,
        kind(groups, **options, fused=True),
        mean,
        std,
        amp=torch.bfloat16 if on_gpu() else None,
        channels_last=on_gpu(),
    )


@dataclass
class Ready:
    """Batches of random images that lie on the device.

    Args:
        batch_size: Images in a batch.
        size: Height and width.
        classes: Number of classes.
    """

    batch_size: int
    size: int
    classes: int = 1000

    def __post_init__(self) -> None:
        device = 'cuda' if on_gpu() else 'cpu'
        torch.manual_seed(0)
        shape = (self.batch_size, 3, self.size, self.size)
        self.images = torch.randint(256, shape, dtype=torch.uint8, device=device)
        self.labels = torch.arange(self.batch_size, device=device) % self.classes

    def loader(self, steps: int) -> ReadyLoader:
        """For mmlite's runner."""
        samples = FUNCTIONS.get('default_collate')(
            [DataSample().set_gt_label(label) for label in self.labels.tolist()]
        )
        batch = dict(inputs=self.images, data_samples=samples)
        return ReadyLoader([batch], steps, self.batch_size)


def ready_runner(
    session: Session, model: dict, optimizer: dict, loader: ReadyLoader
) -> Runner:
    """A training of an epoch with ready batches and all hooks."""
    settings = load_config(ROOT / 'configs/_base_/default_runtime.py')
    settings.default_hooks.checkpoint.update(interval=-1, save_last=False)
    kind = 'AmpOptimWrapper' if on_gpu() else 'OptimWrapper'
    fast = dict(compile=True, channels_last=True) if on_gpu() else {}
    forget_compiled()
    with quiet():
        return Runner(
            model,
            session.new_folder('ready'),
            loader,
            **settings,
            train_cfg=dict(by_epoch=True, max_epochs=1),
            optim_wrapper=dict(type=kind, optimizer=dict(optimizer)),
            cfg=Config(fast),
        )
