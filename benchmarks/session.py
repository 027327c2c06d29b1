"""What all measurements of one call share."""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import json
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
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
    """

    folder: Path
    rounds: int = 5
    warmup: int = 2
    tiny: bool = False
    peer: Peer | None = None

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


Benchmark = Callable[[Session], Sequence[Line]]


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
    options: argparse.Namespace, benchmarks: Mapping[str, Benchmark], device: str
) -> list[Line]:
    """Run the benchmarks that are asked for, and print their lines as they come."""
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
            warmup=0 if options.tiny else 2,
            tiny=options.tiny,
            peer=peer,
        )
        print(header(), flush=True)
        for name in chosen:
            for line in benchmarks[name](session):
                lines.append(line)
                print(row(line), flush=True)
    if options.json:
        result = dict(machine(device), lines=[line.as_dict() for line in lines])
        Path(options.json).write_text(json.dumps(result, indent=2) + '\n')
    return lines


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
