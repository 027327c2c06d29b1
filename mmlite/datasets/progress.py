"""The progress of something that takes a while."""

from __future__ import annotations

import sys
import time

__all__ = ['Progress']


class Progress:
    """A bar on a terminal, a line now and then elsewhere; on stderr.

    Args:
        name: What is done.
        total: How much there is to do; 0 if unknown.
        unit: What it is counted in.
        scale: How many of what :meth:`update` counts make one unit.
    """

    def __init__(
        self, name: str, total: int, unit: str = 'images', scale: float = 1
    ) -> None:
        self.name = name
        self.total = total
        self.unit = unit
        self.scale = scale
        self.done = 0
        self._started = time.monotonic()
        self._on_terminal = sys.stderr.isatty()
        self._next = 0.0

    def update(self, count: int) -> None:
        """Count more."""
        self.done += count
        now = time.monotonic()
        if now >= self._next:
            self._next = now + (0.1 if self._on_terminal else 10.0)
            self._show()

    def close(self) -> None:
        """Show the last state."""
        self._show()
        if self._on_terminal:
            print(file=sys.stderr)

    def _show(self) -> None:
        seconds = max(time.monotonic() - self._started, 1e-3)
        text = f'{self.name}  {self._number(self.done)} {self.unit}'
        if self.total:
            share = min(1.0, self.done / self.total)
            filled = int(24 * share)
            bar = '#' * filled + '.' * (24 - filled)
            total = self._number(self.total)
            text = f'{self.name} [{bar}] {share:4.0%} of {total} {self.unit}'
        text += f'  {self._number(self.done / seconds)} {self.unit}/s'
        end = '' if self._on_terminal else '\n'
        print(f'\r{text}  ' if self._on_terminal else text, end=end, file=sys.stderr)
        sys.stderr.flush()

    def _number(self, value: float) -> str:
        return f'{value:.0f}' if self.scale == 1 else f'{value / self.scale:.1f}'
