"""The most memory that a process has."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def reset_peak() -> int:
    """Forget the most memory that this process had; KiB that it has now."""
    Path('/proc/self/clear_refs').write_text('5')
    return _status('VmRSS')


def peak() -> int:
    """The most memory that this process had, KiB."""
    return _status('VmHWM')


def _status(name: str) -> int:
    lines = Path('/proc/self/status').read_text().splitlines()
    return int(next(line for line in lines if line.startswith(name)).split()[1])


def output_of(code: str, side: str, count: int) -> float:
    """What a process of its own prints, so that its memory is its own."""
    done = subprocess.run(
        [sys.executable, '-c', code, side, str(count)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parent,
    )
    return float(done.stdout.split()[-1])
