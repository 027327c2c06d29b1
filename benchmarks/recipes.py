"""Trainings as users start them, and the bare loops beside them."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import torch
from bare import BareLoop, Memory
from clock import ReadyLoader
from data import MEAN, STD
from mmengine.config import Config
from protocol import Rounds
from session import ROOT, Session, quiet
from torch import Tensor, nn
from turns import TurnsHook

from mmlite.apis import prepare_training
from mmlite.config import load_config
from mmlite.engine import Runner
from mmlite.ops import use_channels_last
from mmlite.registry import FUNCTIONS
from mmlite.structures import DataSample

_SPLITS = ('train', 'val', 'test')
IMAGENET = dict(mean=(123.675, 116.28, 103.53), std=(58.395, 57.12, 57.375))
#: Options of ``torch.compile`` with which an iteration is launched as a whole.
GRAPHS = dict(mode='reduce-overhead')
#: A model that only shows that it runs.
_NARROW = (
    'model.backbone.stem_channels=4',
    'model.backbone.base_channels=4',
    'model.head.in_channels=32',
)


def on_gpu() -> bool:
    return torch.cuda.is_available()


def device() -> str:
    """The fastest one that there is."""
    return 'cuda' if on_gpu() else 'cpu'


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
        compile: Options of ``torch.compile`` on a GPU.
    """

    session: Session
    root: str
    batch_size: int
    compile: dict[str, Any] = field(default_factory=dict)

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
                [*overrides, f'+compile={self.compile or True}'],
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
        optimizer = dict(type='SGD', lr=0.01, momentum=0.9)
        loop = bare_loop(runner.model, optimizer, compile=self.compile)
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
    compile: dict[str, Any] | None = None,
) -> BareLoop:
    """The fastest loop for a copy of a network: all that helps on this device.

    Args:
        net: Images to logits.
        optimizer: Type and arguments.
        mean: Of the images, per channel.
        std: Of the images, per channel.
        compile: Options of ``torch.compile`` on a GPU.
    """
    net = on_device(net)
    matrices = [p for p in net.parameters() if p.ndim > 1]
    others = [p for p in net.parameters() if p.ndim <= 1]
    groups = [dict(params=matrices), dict(params=others, weight_decay=0.0)]
    return BareLoop(
        net,
        fused(optimizer, groups),
        mean,
        std,
        channels_last=on_gpu(),
        **fast(compile or {}),
    )


def on_device(net: nn.Module, channels_last: bool = True) -> nn.Module:
    """A copy on the GPU if there is one, with its kernels as they are fastest there."""
    net = copy.deepcopy(net).to(device())
    if on_gpu() and channels_last:
        getattr(net, 'use_channels_last', partial(use_channels_last, net))()
    return net


def fused(
    optimizer: dict[str, Any], parameters: Iterable[Any]
) -> torch.optim.Optimizer:
    """An optimizer of torch that takes all tensors at once."""
    options = dict(optimizer)
    return getattr(torch.optim, options.pop('type'))(parameters, **options, fused=True)


def fast(compile: dict[str, Any] | None) -> dict[str, Any]:
    """What makes a bare loop fast on a GPU: bfloat16, and ``torch.compile``."""
    return dict(amp=torch.bfloat16, compile=compile) if on_gpu() else {}


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
        torch.manual_seed(0)
        shape = (self.batch_size, 3, self.size, self.size)
        self.images = torch.randint(256, shape, dtype=torch.uint8, device=device())
        self.labels = torch.arange(self.batch_size, device=device()) % self.classes

    def loader(self, steps: int) -> ReadyLoader:
        """For mmlite's runner."""
        samples = FUNCTIONS.get('default_collate')(
            [DataSample().set_gt_label(label) for label in self.labels.tolist()]
        )
        batch = dict(inputs=self.images, data_samples=samples)
        return ReadyLoader([batch], steps, self.batch_size)


def ready_runner(
    session: Session,
    model: dict,
    optimizer: dict,
    loader: ReadyLoader,
    compile: dict[str, Any] | bool = True,
    channels_last: bool = True,
) -> Runner:
    """A training of an epoch with ready batches and all hooks.

    Args:
        session: The session.
        model: Config of the model.
        optimizer: Its config.
        loader: The batches.
        compile: As in a config; on a GPU.
        channels_last: Likewise.
    """
    settings = load_config(ROOT / 'configs/_base_/default_runtime.py')
    settings.default_hooks.checkpoint.update(interval=-1, save_last=False)
    kind = 'AmpOptimWrapper' if on_gpu() else 'OptimWrapper'
    on_a_gpu = dict(compile=compile, channels_last=channels_last)
    forget_compiled()
    with quiet():
        return Runner(
            model,
            session.new_folder('ready'),
            loader,
            **settings,
            train_cfg=dict(by_epoch=True, max_epochs=1),
            optim_wrapper=dict(type=kind, optimizer=dict(optimizer)),
            cfg=Config(on_a_gpu if on_gpu() else {}),
        )


def take_turns_with(
    session: Session,
    runner: Runner,
    others: Mapping[str, Callable[[], float]],
    segment: int,
    skipped: int = 0,
) -> Rounds:
    """Train, and let other sides have their turn after every segment of iterations."""
    hook = TurnsHook(others, segment, session.rounds, session.warmup, skipped)
    runner.register_hook(hook)
    with quiet():
        runner.train()
    return hook.taken
