"""How fast mmlite is on this GPU: python benchmarks/gpu.py --all [--json FILE].

Prints one line per measurement as it comes. A side runs a segment of iterations,
between two moments at which the GPU has done all that it was given; data and hooks
are in it, the compilation is not.
"""

from __future__ import annotations

import sys

from airbench import airbench
from families import detection, gait, retrieval, self_supervised, stereo
from idle import epochs, idle, waits
from mae import mae
from recipes import on_gpu
from session import Benchmark, arguments, measure, within
from throughput import cifar, jpegs, name_of_gpu, peer_cifar, resnet50, vit
from timm_loop import timm_cifar

#: In the order in which they run, first what was never measured, with about how many
#: seconds each takes on an H100 or H200: estimates, not seen yet.
_TABLE: list[tuple[str, Benchmark, int]] = [
    ('G12', self_supervised, 15),
    ('G13', retrieval, 15),
    ('G14', detection, 35),
    ('G15', gait, 15),
    ('G16', stereo, 20),
    ('G5', resnet50, 45),
    ('G6', vit, 45),
    ('G7', mae, 45),
    ('G1', cifar, 80),
    ('G10', idle, 20),
    ('G4', airbench, 60),
    ('G9', epochs, 30),
    ('G11', jpegs, 45),
    ('G8', waits, 10),
    ('G2', timm_cifar, 45),
    ('G3', peer_cifar, 60),
]
BENCHMARKS = {name: benchmark for name, benchmark, _ in _TABLE}
SECONDS = {name: seconds for name, _, seconds in _TABLE}


def main(words: list[str] | None = None) -> int:
    parser = arguments(__doc__.split('\n')[0], BENCHMARKS)
    parser.set_defaults(rounds=3)
    parser.add_argument('--all', action='store_true', help='as without --only')
    parser.add_argument(
        '--budget',
        metavar='SECONDS',
        type=float,
        help='leave out lines that would take longer than what is left of it',
    )
    parser.add_argument(
        '--cifar10', metavar='DIR', help='the real data, for the accuracy of G4'
    )
    options = parser.parse_args(words)
    if not on_gpu() and not options.tiny:
        print('There is no GPU here; with --tiny the lines run on the CPU.')
        return 0
    benchmarks = BENCHMARKS
    if options.budget is not None:
        benchmarks = within(options.budget, BENCHMARKS, SECONDS)
    lines = measure(options, benchmarks, name_of_gpu(), warmup=1)
    return int(any(line.failed for line in lines))


if __name__ == '__main__':
    sys.exit(main())
