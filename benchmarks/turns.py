"""Let a training pause between iterations, so that others have their turn."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from protocol import Rounds, differences, percentile_20


def now() -> float:
    """The time when all that the GPU was given is done."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()


class TurnsHook(Hook):
    """Measures a training segment by segment, with the other sides in between.

    On a GPU a segment counts as a whole, on a CPU the iteration that a fifth of
    the segment's stay below.

    Args:
        others: The other sides; each takes its turn when called, and returns
            seconds per iteration.
        segment: Iterations of the training in a round.
        rounds: Rounds that count.
        warmup: Rounds before them.
    """

    priority = 'LOWEST'

    def __init__(
        self,
        others: Mapping[str, Callable[[], float]],
        segment: int,
        rounds: int,
        warmup: int,
    ) -> None:
        self.others = others
        self.segment = segment
        self.rounds = rounds
        self.warmup = warmup
        self.taken = Rounds({name: [] for name in ('mmlite', *others)})
        self._marks: list[float] = []
        self._round = 0

    def before_train_epoch(self, runner: Runner) -> None:
        if not self._marks:
            self._marks = [now()]

    def after_train_iter(self, runner: Runner, *args: Any, **kwargs: Any) -> None:
        if self._round == self.warmup + self.rounds:
            return
        last = len(self._marks) == self.segment
        self._marks.append(now() if last else time.perf_counter())
        if not last:
            return
        results = dict(mmlite=per_step(self._marks))
        for name, run in self.others.items():
            results[name] = run()
        if self._round >= self.warmup:
            for name, result in results.items():
                self.taken[name].append(result)
        self._round += 1
        self._marks = [now()]


def per_step(marks: list[float]) -> float:
    """Seconds per step between marks, of which the first and last are exact."""
    if torch.cuda.is_available():
        return (marks[-1] - marks[0]) / (len(marks) - 1)
    return percentile_20(differences(marks))


def steps_of(step: Callable[[], object], count: int) -> Callable[[], float]:
    """A side that takes so many steps."""

    def run() -> float:
        marks = [now()]
        for number in range(count):
            step()
            marks.append(now() if number + 1 == count else time.perf_counter())
        return per_step(marks)

    return run
