"""Images by rule, and draws that are not left to chance, for what a peer recorded."""

from __future__ import annotations

import random
import zlib

import numpy as np


def generator(name: str) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(zlib.crc32(name.encode())))


def normal(name: str, *shape: int) -> np.ndarray:
    return generator(name).standard_normal(shape).astype(np.float32)


def image(name: str, height: int, width: int) -> np.ndarray:
    """The image that the golden files name: waves and noise."""
    g = generator(name)
    fx, fy = g.uniform(0.01, 0.05, 2)
    phase, noise = g.random(3), g.standard_normal((height, width, 3))
    y, x, _ = np.mgrid[:height, :width, :3]
    waves = np.sin(2 * np.pi * (x * fx + y * fy + phase))
    return (127 + 60 * waves + 20 * noise).clip(0, 255).astype(np.uint8)


A = image('a', 37, 53)
IMAGES = dict(
    a=A,
    b=image('b', 64, 64),
    low=A // 4 + 50,
    flat=np.full_like(A, 77),
    two=np.where(A > 127, 200, 30).astype(np.uint8),
    gray=A[..., 1],
    tall=image('tall', 60, 20),
    wide=image('wide', 20, 60),
    tiny=image('tiny', 7, 9),
)


class Replayed(random.Random):
    """Gives the values that were drawn there, in order."""

    def __init__(self, draws):
        super().__init__(0)
        self.queue = [value for draw in draws for value in self._values(*draw)]

    @staticmethod
    def _values(function, args, value):
        if function == 'choice':
            count = len(args[0])
            chosen = value if isinstance(value, list) else [value]
            return [(one + 0.5) / count for one in chosen]
        if function == 'randint':
            return [(value - args[0] + 0.5) / (args[1] - args[0])]
        return value if isinstance(value, list) else [value]

    def _next(self, *_):
        return self.queue.pop(0) if self.queue else 0.5

    random = uniform = gauss = _next


class Exactly(float):
    """A draw that gives a whole number, whatever it is scaled by."""

    def __mul__(self, limit: float) -> float:
        return float(self) + 0.5


class Queued(random.Random):
    """Gives numbers in order, then halves."""

    def __init__(self, numbers: list[float]) -> None:
        super().__init__(0)
        self.queue = list(numbers)

    def _next(self, *_: float) -> float:
        return self.queue.pop(0) if self.queue else 0.5

    random = uniform = _next
