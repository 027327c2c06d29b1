"""Let a training pause between iterations, so that others have their turn."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import torch
from clock import ClockedLoader
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
        skipped: Iterations at the begin of each turn that do not count, e.g. with
            batches that workers have loaded while the other sides had theirs.
    """

    priority = 'LOWEST'

    def __init__(
        self,
        others: Mapping[str, Callable[[], float]],
        segment: int,
        rounds: int,
        warmup: int,
        skipped: int = 0,
    ) -> None:
        self.others = others
        self.segment = segment
        self.rounds = rounds
        self.warmup = warmup
        self.skipped = skipped
        self.taken = Rounds({name: [] for name in ('mmlite', *others)})
        self._marks: list[float] = []
        self._round = 0

    def before_train_epoch(self, runner: Runner) -> None:
        if not self._marks:
            self._marks = [now()]

    def after_train_iter(self, runner: Runner, *args: Any, **kwargs: Any) -> None:
        if self._round == self.warmup + self.rounds:
            return
        done = len(self._marks)
        last = done == self.segment
        self._marks.append(
            now() if last or done == self.skipped else time.perf_counter()
        )
        if not last:
            return
        results = dict(mmlite=per_step(self._marks[self.skipped :]))
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


class Pausing:
    """A training that goes on for a segment when it is called, and then waits.

    So trainings whose loops are not ours take turns, which are short enough that a
    machine is not faster in one than in the next. It runs in a thread of its own.

    Args:
        train: Trains for as long as the loader gives batches.
        loader: The loader; it has to have enough of them.
        segment: Iterations of a call.
    """

    def __init__(
        self, train: Callable[[], object], loader: ClockedLoader, segment: int
    ) -> None:
        self._loader = loader
        self._segment = segment
        self._turn, self._pause = threading.Semaphore(0), threading.Semaphore(0)
        self._closing = False
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, args=[train], daemon=True)
        loader.pause = self._rest
        self._thread.start()
        self._wait()  # until the first batch is asked for

    def __call__(self) -> list[float]:
        """Seconds of each iteration of the next segment."""
        self._turn.release()
        self._wait()
        return differences(self._loader.marks)

    def close(self) -> None:
        """End the training in the middle."""
        self._closing = True
        self._turn.release()
        self._thread.join()

    def _wait(self) -> None:
        self._pause.acquire()
        if self._error is not None:
            raise self._error

    def _run(self, train: Callable[[], object]) -> None:
        try:
            with contextlib.suppress(_Enough):
                train()
        except Exception as error:
            self._error = error
        finally:
            self._pause.release()

    def _rest(self) -> None:
        """Called whenever a batch is asked for."""
        marks = self._loader.marks
        if 1 < len(marks) <= self._segment:
            return
        self._pause.release()
        self._turn.acquire()
        if self._closing:
            raise _Enough
        marks[:] = [self._loader.probe()]


class _Enough(Exception):
    """Ends a training from within its data loader."""
