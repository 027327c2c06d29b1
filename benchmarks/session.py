"""What all measurements of one call share."""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import gc
import importlib
import json
import os
import platform
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

import cv2
import torch
from peer import Peer
from protocol import (
    Line,
    Rounds,
    header,
    percentile_20,
    row,
    take_short_turns,
    take_turns,
)

T = TypeVar('T')
ROOT = Path(__file__).resolve().parent.parent


@dataclass
class Session:
    """How thoroughly to measure, and with whom.

    Args:
        folder: For data, logs and checkpoints; thrown away at the end.
        rounds: Rounds that count.
        warmup: Rounds before them.
        tiny: Whether to take sizes that only show that it runs.
        peer: mmpretrain in an environment of its own, if there is one.
        cifar10: Folder of the real CIFAR-10, if there is one.
    """

    folder: Path
    rounds: int = 5
    warmup: int = 2
    tiny: bool = False
    peer: Peer | None = None
    cifar10: str | None = None

    def size(self, full: T, tiny: T) -> T:
        return tiny if self.tiny else full

    def compare(self, **sides: Callable[[], float]) -> Rounds:
        return take_turns(sides, self.rounds, self.warmup)

    def compare_often(
        self,
        turns: int,
        of_steps: Callable[[Sequence[float]], float] = percentile_20,
        **sides: Callable[[], Sequence[float]],
    ) -> Rounds:
        return take_short_turns(sides, turns, self.rounds, self.warmup, of_steps)

    def new_folder(self, name: str) -> str:
        return tempfile.mkdtemp(prefix=f'{name}_', dir=self.folder)


Benchmark = Callable[[Session], Iterable[Line]]


def attempted(
    id: str, what: str, lines: Callable[[], Iterable[Line]]
) -> Iterator[Line]:
    """The lines, as far as there are any; an error becomes one, and is printed.

    Args:
        id: Of the lines.
        what: What is measured, in the line of an error.
        lines: Measures, and gives the lines.
    """
    try:
        yield from lines()
    except Exception as error:
        traceback.print_exc()
        yield Line(id, what, note=f'failed: {_summary(error)}', failed=True)


def _summary(error: Exception) -> str:
    """What it is, and the last line of this project that led to it."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if Path(f.filename).is_relative_to(ROOT)]
    place = (own or frames)[-1]
    message = str(error).strip().partition('\n')[0]
    where = f'{Path(place.filename).name}:{place.lineno}'
    return f'{type(error).__name__}: {message} ({where})'


def title(id: str, benchmark: Benchmark) -> str:
    """What a benchmark measures, as its docstring begins."""
    text = (getattr(benchmark, '__doc__', None) or id).partition('\n')[0]
    return text.partition(': ')[2].rstrip('.') or text


def within(
    budget: float, benchmarks: Mapping[str, Benchmark], seconds: Mapping[str, float]
) -> dict[str, Benchmark]:
    """The benchmarks, which do not begin where the time that is left is too short.

    Args:
        budget: Seconds from now on.
        benchmarks: By name.
        seconds: What each takes.
    """
    end = time.perf_counter() + budget

    def limited(name: str, benchmark: Benchmark) -> Benchmark:
        def run(session: Session) -> Iterable[Line]:
            left = end - time.perf_counter()
            if left >= seconds[name]:
                return benchmark(session)
            note = f'left out: takes about {seconds[name]} s, and {left:.0f} s are left'
            return [Line(name, title(name, benchmark), note=note)]

        run.__doc__ = benchmark.__doc__
        return run

    return {name: limited(name, each) for name, each in benchmarks.items()}


def optional(name: str) -> ModuleType | None:
    """A package that may be absent, or lack what it needs itself."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def one_thread() -> None:
    """Measure on one core: this process, and those that it starts."""
    os.environ.update(OMP_NUM_THREADS='1', MKL_NUM_THREADS='1')
    torch.set_num_threads(1)
    cv2.setNumThreads(0)
    _keep_memory()


def _keep_memory() -> None:
    """Let memory that is free be kept, and all threads take it from one place.

    Otherwise page faults come upon one side or another by chance.
    """
    for name, option, value in (
        ('MALLOC_ARENA_MAX', -8, 1),
        ('MALLOC_TRIM_THRESHOLD_', -1, 2**30),
        ('MALLOC_MMAP_THRESHOLD_', -3, 2**30),
    ):
        os.environ[name] = str(value)  # for the peer
        if sys.platform == 'linux':
            with contextlib.suppress(AttributeError):  # no glibc
                ctypes.CDLL(None).mallopt(option, value)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Let runners talk to nobody."""
    with (
        open(os.devnull, 'w') as nowhere,
        contextlib.redirect_stdout(nowhere),
        contextlib.redirect_stderr(nowhere),
    ):
        yield


def arguments(
    description: str, benchmarks: Mapping[str, Benchmark]
) -> argparse.ArgumentParser:
    """The options that all benchmarks have."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument(
        '--only',
        metavar='ID,ID',
        type=lambda text: text.split(','),
        help=f'measure these only, of {",".join(benchmarks)}',
    )
    parser.add_argument('--json', metavar='FILE', help='write the table there too')
    parser.add_argument('--rounds', type=int, default=5, help='rounds that count')
    parser.add_argument(
        '--peer',
        metavar='PYTHON',
        type=_program,
        help='python of an environment with mmpretrain',
    )
    parser.add_argument(
        '--tiny', action='store_true', help='see that it runs; figures mean nothing'
    )
    return parser


def _program(path: str) -> str:
    """The absolute path of a program, which is started in another folder."""
    found = shutil.which(path)
    if found is None:
        raise argparse.ArgumentTypeError(
            f'{path} is no program; bash benchmarks/setup_peer.sh FOLDER makes '
            'FOLDER/bin/python'
        )
    return os.path.abspath(found)


def measure(
    options: argparse.Namespace,
    benchmarks: Mapping[str, Benchmark],
    device: str,
    warmup: int = 2,
) -> list[Line]:
    """Run the benchmarks that are asked for, and print their lines as they come.

    The error of one becomes a line, and the others go on. What there is so far is
    written after every line.

    Args:
        options: From the command line.
        benchmarks: By name.
        device: Name of what they run on.
        warmup: Rounds that do not count.
    """
    chosen = options.only or list(benchmarks)
    unknown = [name for name in chosen if name not in benchmarks]
    if unknown:
        sys.exit(f'there is no {unknown[0]}; there are {", ".join(benchmarks)}')
    lines: list[Line] = []
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        peer = stack.enter_context(Peer(options.peer, folder)) if options.peer else None
        session = Session(
            folder=folder,
            rounds=1 if options.tiny else options.rounds,
            warmup=0 if options.tiny else warmup,
            tiny=options.tiny,
            peer=peer,
            cifar10=getattr(options, 'cifar10', None),
        )
        print(header(), flush=True)
        for name in chosen:
            run = partial(benchmarks[name], session)
            for line in attempted(name, title(name, benchmarks[name]), run):
                lines.append(line)
                print(row(line), flush=True)
                if options.json:
                    _write(Path(options.json), machine(device), lines)
            _free_memory()
    return lines


def _write(file: Path, about: dict[str, Any], lines: Sequence[Line]) -> None:
    result = dict(about, lines=[line.as_dict() for line in lines])
    file.write_text(json.dumps(result, indent=2) + '\n')


def _free_memory() -> None:
    """Give back what a benchmark has held on a GPU, also where it failed."""
    if torch.cuda.is_available():
        gc.collect()
        torch.cuda.empty_cache()


def machine(device: str) -> dict[str, Any]:
    """Where and when it was measured."""
    return dict(
        date=time.strftime('%Y-%m-%d'),
        device=device,
        cores=os.cpu_count(),
        python=platform.python_version(),
        torch=torch.__version__,
    )


def cpu_name() -> str:
    """The kind of CPU, as far as the system says."""
    info = Path('/proc/cpuinfo')
    lines = info.read_text().splitlines() if info.is_file() else []
    names = [line.split(':')[1].strip() for line in lines if 'model name' in line]
    return names[0] if names else platform.processor() or platform.machine()
