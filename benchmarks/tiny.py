"""A model so small that a training loop shows: mmlite's, mmengine's and a bare one."""

from __future__ import annotations

import copy
from typing import Any

import torch
from bare import BareLoop, fused_sgd
from clock import ClockedLoader
from data import MEAN, STD
from mmengine.logging import HistoryBuffer, MessageHub
from mmengine.model import BaseModel as EngineBase
from mmengine.registry import DefaultScope
from mmengine.runner import Runner as EngineRunner
from session import ROOT, Session, quiet
from torch import Tensor, nn
from torch.nn import functional as F

from mmlite.config import load_config
from mmlite.engine import Runner
from mmlite.models.base import BaseModel
from mmlite.registry import FUNCTIONS, MODELS
from mmlite.structures import DataSample

_LR, _START, _MOMENTUM = 0.01, 0.1, 0.9
_FEATURES = 3 * 8 * 8
_LOG_INTERVAL = 50


@MODELS.register_module()
class AveragePooling(nn.Module):
    """``(B, 3, 32, 32)`` to ``(B, 192)``: a backbone that costs next to nothing."""

    def forward(self, inputs: Tensor) -> tuple[Tensor]:
        return (F.avg_pool2d(inputs, 4).flatten(1),)


class _Net:
    """A network on plain tensors; what stands before and behind it is inherited."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(_FEATURES, 10)
        self.register_buffer('mean', torch.tensor(MEAN).view(-1, 1, 1))
        self.register_buffer('std', torch.tensor(STD).view(-1, 1, 1))

    def forward(self, inputs: Tensor, labels: Tensor, mode: str = 'tensor') -> Any:
        inputs = inputs.float().sub_(self.mean).div_(self.std)
        scores = self.fc(F.avg_pool2d(inputs, 4).flatten(1))
        return dict(loss=F.cross_entropy(scores, labels)) if mode == 'loss' else scores


class EngineModel(_Net, EngineBase):
    """It, as mmengine's users write it."""


class LiteModel(_Net, BaseModel):
    """It, as mmlite's users write it."""


class Task:
    """Batches, first weights and a schedule, for whichever loop.

    Args:
        batch_size: Images in a batch.
        steps: Steps of a training.
        batches: Number of different batches.
    """

    def __init__(self, batch_size: int, steps: int, batches: int = 8) -> None:
        torch.manual_seed(0)
        self.steps = steps
        self.first = nn.Linear(_FEATURES, 10).state_dict()
        shape = (batch_size, 3, 32, 32)
        self.batches = [
            (torch.randint(256, shape, dtype=torch.uint8), torch.randint(10, shape[:1]))
            for _ in range(batches)
        ]

    def tensors(self) -> list[dict[str, Tensor]]:
        """The batches for a plain model."""
        return [dict(inputs=x, labels=y) for x, y in self.batches]

    def samples(self) -> list[dict[str, Any]]:
        """The batches as mmlite's workers give them.

        The images are those of all sides, and as near to the processor.
        """
        collate = FUNCTIONS.get('default_collate')
        return [
            dict(
                inputs=images,
                data_samples=collate(
                    [DataSample().set_gt_label(label) for label in labels.tolist()]
                ),
            )
            for images, labels in self.batches
        ]

    def classifier(
        self, session: Session, **changes: Any
    ) -> tuple[Runner, ClockedLoader]:
        """mmlite's runner with all default hooks and a classifier, and its loader."""
        loader = ClockedLoader(self.samples(), self.steps)
        model = MODELS.build(
            dict(
                type='ImageClassifier',
                backbone=dict(type='AveragePooling'),
                head=dict(type='LinearClsHead', num_classes=10, in_channels=_FEATURES),
                data_preprocessor=dict(mean=MEAN, std=STD),
            )
        )
        model.init_weights()  # now, as it would else undo the next line
        model.head.fc.load_state_dict(self.first)
        return self._mmlite(session, model, loader, changes), loader

    def mmlite(self, session: Session) -> tuple[Runner, ClockedLoader]:
        """mmlite's runner with all default hooks and a plain model, and its loader."""
        loader = ClockedLoader(self.tensors(), self.steps)
        model = LiteModel()
        model.fc.load_state_dict(self.first)
        return self._mmlite(session, model, loader, {}), loader

    def _mmlite(
        self,
        session: Session,
        model: BaseModel,
        loader: ClockedLoader,
        changes: dict[str, Any],
    ) -> Runner:
        settings = load_config(ROOT / 'configs/_base_/default_runtime.py')
        settings.default_hooks.logger.interval = _LOG_INTERVAL
        with quiet():
            return Runner(
                model,
                session.new_folder('mmlite'),
                loader,
                **settings,
                **_schedule(self.steps),
                **changes,
            )

    def mmengine(self, session: Session) -> tuple[EngineRunner, ClockedLoader]:
        """mmengine's runner with all default hooks and a plain model; its loader."""
        loader = ClockedLoader(self.tensors(), self.steps)
        model = EngineModel()
        model.fc.load_state_dict(self.first)
        folder = session.new_folder('mmengine')
        with quiet():
            runner = EngineRunner(
                model,
                folder,
                loader,
                default_hooks=dict(
                    logger=dict(type='LoggerHook', interval=_LOG_INTERVAL)
                ),
                experiment_name=folder.rsplit('/', 1)[-1],
                default_scope='mmengine',
                **_schedule(self.steps),
            )
        return runner, loader

    def bare(self) -> tuple[BareLoop, ClockedLoader]:
        """The plain loop, and its loader."""
        net = nn.Sequential(nn.AvgPool2d(4), nn.Flatten(), nn.Linear(_FEATURES, 10))
        net[-1].load_state_dict(self.first)
        last = max(1, self.steps - 1)
        rates = [
            _LR * (_START + (1 - _START) * min(1.0, step / last))
            for step in range(self.steps)
        ]
        optimizer = fused_sgd(net.parameters(), _LR, _MOMENTUM)
        loop = BareLoop(net, optimizer, MEAN, STD, rates)
        return loop, ClockedLoader(self.batches, self.steps)

    def final_loss(self, scores: Tensor) -> float:
        """The loss for the logits of the first batch."""
        return F.cross_entropy(scores, self.batches[0][1]).item()


def _schedule(steps: int) -> dict[str, Any]:
    return dict(
        train_cfg=dict(by_epoch=True, max_epochs=1),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=_LR, momentum=_MOMENTUM)),
        param_scheduler=dict(
            type='LinearLR', by_epoch=False, start_factor=_START, begin=0, end=steps
        ),
    )


def train_bare(loop: BareLoop, loader: ClockedLoader) -> list[float]:
    """Train; return when each batch was asked for."""
    for images, labels in loader:
        loop.step(images, labels)
    return loader.marks


def train_runner(runner: EngineRunner, loader: ClockedLoader) -> list[float]:
    """Train; return when each batch was asked for."""
    try:
        with quiet():
            runner.train()
    finally:
        # mmengine's runner leaves its own scope behind, in which names are looked up.
        DefaultScope.get_instance(f'after {runner.work_dir}', scope_name='mmlite')
    return loader.marks


def prefill(hub: MessageHub, length: int) -> None:
    """Give a run the history of so many iterations."""
    for name in ('lr', 'loss', 'time', 'data_time'):
        history = HistoryBuffer([0.5] * length, [1] * length)
        hub.log_scalars[f'train/{name}'] = copy.deepcopy(history)


def loss_difference(session: Session, steps: int = 20) -> float:
    """How far mmlite and the bare loop are apart after some steps, float32."""
    task = Task(batch_size=16, steps=steps)
    loop, loader = task.bare()
    train_bare(loop, loader)
    runner, loader = task.classifier(session)
    train_runner(runner, loader)
    images = task.batches[0][0].float().sub_(loop.mean).div_(loop.std)
    with torch.no_grad():
        losses = [
            task.final_loss(net.eval()(images)) for net in (loop.net, runner.model)
        ]
    return abs(losses[0] - losses[1])
