"""C1 to C3: what a training loop costs beside the network."""

from __future__ import annotations

import contextlib
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from clock import ClockedLoader
from protocol import Goal, Line
from session import Session
from tiny import Task, loss_difference, prefill, train_bare, train_runner
from torch.utils._python_dispatch import TorchDispatchMode
from turns import Pausing

_BLOCK = 50  # iterations from one log line to the next

#: How to train, what, and from which loader.
Training = tuple[Callable[[Any, ClockedLoader], object], Any, ClockedLoader]


def overhead(session: Session) -> list[Line]:
    """C1: an iteration with every default hook, against a plain loop."""
    difference = loss_difference(session)
    if difference > 1e-4:
        raise RuntimeError(f'the loops do not do the same: losses {difference} apart')
    turns, segment = session.size(60, 2), session.size(8, 4)
    task = Task(session.size(128, 4), _steps(session, turns, segment))
    with contextlib.ExitStack() as stack:
        sides = _pausing(
            stack,
            segment,
            bare=lambda: (train_bare, *task.bare()),
            classifier=lambda: (train_runner, *task.classifier(session)),
            mmlite=lambda: (train_runner, *task.mmlite(session)),
            mmengine=lambda: (train_runner, *task.mmengine(session)),
        )
        rounds = session.compare_often(turns, **sides)
    return [
        Line(
            'C1',
            'iteration of a tiny model, all hooks and a schedule, over bare',
            Goal('<=', 1.15),
            rounds.ratio('mmlite', 'bare'),
            rounds.times,
            rounds.medians,
        ),
        Line(
            'C1',
            "what the loop adds to bare, over what mmengine's adds",
            Goal('<=', 0.35),
            rounds.ratio('mmlite', 'mmengine', base='bare'),
        ),
        Line(
            'C1',
            'the same model as a classifier of backbone and head, over bare',
            Goal('<=', 1.15),
            rounds.ratio('classifier', 'bare'),
        ),
    ]


def history(session: Session) -> list[Line]:
    """C2: what the loop adds late in a long training, over what it adds early.

    Whole blocks between log lines are taken, as that is where histories grow; in
    CPU time, as a small difference of wall times would drown in noise.
    """
    turns, late = session.size(12, 2), session.size(78_000, 1_000)
    task = Task(batch_size=2, steps=_steps(session, turns, _BLOCK))

    def bare() -> Training:
        loop, loader = task.bare()
        loader.probe = time.process_time
        return train_bare, loop, loader

    def after(iterations: int, make: Callable[[Session], Any]) -> Training:
        runner, loader = make(session)
        loader.probe = time.process_time
        prefill(runner.message_hub, iterations)
        return train_runner, runner, loader

    with contextlib.ExitStack() as stack:
        sides = _pausing(
            stack,
            _BLOCK,
            bare=bare,
            early=partial(after, 100, task.classifier),
            late=partial(after, late, task.classifier),
            engine_early=partial(after, 100, task.mmengine),
            engine_late=partial(after, late, task.mmengine),
        )
        rounds = session.compare_often(
            turns, **{name: _by_block(side) for name, side in sides.items()}
        )
    theirs = rounds.ratio('engine_late', 'engine_early', base='bare')
    return [
        Line(
            'C2',
            f'what the loop adds at iteration {late}, over at iteration 100',
            Goal('<=', 1.05),
            rounds.ratio('late', 'early', base='bare'),
            f'mmengine {sorted(theirs)[len(theirs) // 2]:.2f}',
            rounds.medians,
        )
    ]


def _steps(session: Session, turns: int, segment: int) -> int:
    """Iterations of a training that has so many in each turn."""
    return (session.warmup + session.rounds) * turns * segment + 1


def _pausing(
    stack: contextlib.ExitStack, segment: int, **trainings: Callable[[], Training]
) -> dict[str, Pausing]:
    """Trainings that take turns; each is made when the one before has begun."""
    sides = {}
    for name, make in trainings.items():
        train, loop, loader = make()
        sides[name] = Pausing(partial(train, loop, loader), loader, segment)
        stack.callback(sides[name].close)
    return sides


def _by_block(side: Pausing) -> Callable[[], list[float]]:
    return lambda: [statistics.mean(side())]


class HostReads(TorchDispatchMode):
    """Counts how often the value of a tensor is read, as ``item()`` does."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict | None = None
    ) -> Any:
        if func is torch.ops.aten._local_scalar_dense.default:
            self.count += 1
        return func(*args, **(kwargs or {}))


def reads_per_iteration(session: Session) -> float:
    """Host reads of an iteration between two log lines and with them, EMA on."""
    steps = session.size(5 * _BLOCK, 2 * _BLOCK + 1)
    task = Task(batch_size=4, steps=steps)
    reads = HostReads()
    runner, loader = task.classifier(session, custom_hooks=[dict(type='EMAHook')])
    loader.probe = lambda: reads.count
    with reads:
        marks = train_runner(runner, loader)
    return (marks[-2] - marks[_BLOCK]) / (len(marks) - 2 - _BLOCK)


def host_reads(session: Session) -> list[Line]:
    """C3: reads of a tensor's value per iteration; on a GPU each waits for it."""
    return [
        Line(
            'C3',
            'host reads per iteration, all hooks and EMA, log lines every 50',
            Goal('<=', 0.1),
            [reads_per_iteration(session)],
        )
    ]
