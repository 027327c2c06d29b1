"""How fast mmlite is on this GPU: python benchmarks/gpu.py --all [--json FILE].

Prints one line per measurement as it comes. A side runs a segment of iterations,
between two moments at which the GPU has done all that it was given; data and hooks
are in it, the compilation is not.
"""

from __future__ import annotations

import sys

from idle import epochs, idle, waits
from recipes import on_gpu
from session import Benchmark, arguments, measure
from throughput import (
    airbench,
    cifar,
    jpegs,
    mae,
    name_of_gpu,
    peer_cifar,
    resnet50,
    timm_cifar,
    vit,
)

BENCHMARKS: dict[str, Benchmark] = dict(
    G1=cifar,
    G2=timm_cifar,
    G3=peer_cifar,
    G4=airbench,
    G5=resnet50,
    G6=vit,
    G7=mae,
    G8=waits,
    G9=epochs,
    G10=idle,
    G11=jpegs,
)


def main(words: list[str] | None = None) -> int:
    parser = arguments(__doc__.split('\n')[0], BENCHMARKS)
    parser.set_defaults(rounds=3)
    parser.add_argument('--all', action='store_true', help='as without --only')
    options = parser.parse_args(words)
    if not on_gpu() and not options.tiny:
        print('There is no GPU here; with --tiny the lines run on the CPU.')
        return 0
    measure(options, BENCHMARKS, name_of_gpu())
    return 0


if __name__ == '__main__':
    sys.exit(main())
