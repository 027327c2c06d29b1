"""C9 and C10: the moving average of the weights, and the optimizer's step."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from mmengine.model import ExponentialMovingAverage
from mmengine.optim import OptimWrapper
from protocol import Goal, Line, differences
from session import Session, quiet
from torch import nn

from mmlite.engine import EMAHook, Runner
from mmlite.models.base import BaseModel
from mmlite.registry import MODELS


def _repeat(call: Callable[[], object], times: int) -> Callable[[], list[float]]:
    """What so many calls take, each."""

    def run() -> list[float]:
        marks = [time.perf_counter()]
        for _ in range(times):
            call()
            marks.append(time.perf_counter())
        return differences(marks)

    return run


class ManyTensors(BaseModel):
    """140 parameters of few elements, as many as a ResNet-50 has of its kinds."""

    def __init__(self) -> None:
        super().__init__()
        self.scales = nn.ParameterList(
            nn.Parameter(torch.randn(64, 16)) for _ in range(140)
        )


def moving_average(session: Session) -> list[Line]:
    """C9: one update of the moving average of 140 tensors."""
    with quiet():
        runner = Runner(
            ManyTensors(),
            session.new_folder('ema'),
            train_dataloader=torch.utils.data.DataLoader(range(10)),
            train_cfg=dict(by_epoch=True, max_epochs=1),
            optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1)),
        )
        hook = EMAHook()
        hook.before_run(runner)
        hook.before_train(runner)
    theirs = ExponentialMovingAverage(ManyTensors())
    source = ManyTensors()
    times = session.size(10, 3)
    rounds = session.compare_often(
        session.size(20, 1),
        mmlite=_repeat(lambda: hook.after_train_iter(runner, 0), times),
        mmengine=_repeat(lambda: theirs.update_parameters(source), times),
    )
    return [
        Line(
            'C9',
            "moving average of 140 tensors, over mmengine's",
            Goal('<=', 0.15),
            rounds.ratio('mmlite', 'mmengine'),
            rounds.times,
            rounds.medians,
        )
    ]


def optimizer_step(session: Session) -> list[Line]:
    """C10: a step of SGD and of AdamW as they come by default."""
    options = dict(
        SGD=dict(type='SGD', lr=0.1, momentum=0.9, weight_decay=1e-4),
        AdamW=dict(type='AdamW', lr=1e-3, weight_decay=0.05),
    )
    return [_step(session, name, cfg) for name, cfg in options.items()]


def _step(session: Session, name: str, optimizer: dict) -> Line:
    width = session.size(64, 4)
    backbone = dict(
        type='ResNet_CIFAR', depth=18, stem_channels=width, base_channels=width
    )
    nets = [MODELS.build(dict(backbone)) for _ in range(2)]
    for net in nets:
        for parameter in net.parameters():
            parameter.grad = torch.full_like(parameter, 1e-3)
    with quiet():
        runner = Runner(nets[0], session.new_folder('optimizer'))
        ours = runner.build_optim_wrapper(dict(optimizer=dict(optimizer)))
    kind = getattr(torch.optim, optimizer['type'])
    options = {key: value for key, value in optimizer.items() if key != 'type'}
    theirs = OptimWrapper(kind(nets[1].parameters(), **options))
    rounds = session.compare_often(
        session.size(5, 1),
        mmlite=_repeat(ours.step, 2),
        mmengine=_repeat(theirs.step, 2),
    )
    return Line(
        'C10',
        f"step of {name} as it comes, ResNet-18, over mmengine's",
        Goal('<=', 0.5),
        rounds.ratio('mmlite', 'mmengine'),
        rounds.times,
        rounds.medians,
    )
