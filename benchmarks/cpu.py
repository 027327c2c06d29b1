"""How fast mmlite is on this CPU: python benchmarks/cpu.py [--peer PYTHON].

Prints one line per measurement as it comes: a ratio, its goal, the smallest and
the largest of the rounds. One core is used throughout.
"""

from __future__ import annotations

import sys

from checkpoints import checkpoints
from coco import average_precision
from detection import features_of_boxes, step_of_detectors, suppression
from evaluation import evaluation
from gait import evaluation_memory, reading, training_step, triplets
from jpegs import decode_and_crop
from loops import history, host_reads, overhead
from networks import forward
from pipelines import in_memory, main_process, per_sample
from policies import augmentation
from scan import scan
from selfsup import encoder, momentum_steps, search, views
from session import Benchmark, arguments, cpu_name, measure, one_thread
from starting import start
from stereo import concat, correlation, lookup, regression, step_of_psmnet
from training import whole_training
from updates import moving_average, optimizer_step

BENCHMARKS: dict[str, Benchmark] = dict(
    C1=overhead,
    C2=history,
    C3=host_reads,
    C4=per_sample,
    C5=in_memory,
    C6=main_process,
    C7=decode_and_crop,
    C8=evaluation,
    C9=moving_average,
    C10=optimizer_step,
    C11=whole_training,
    C12=checkpoints,
    C13=scan,
    C14=augmentation,
    C15=forward,
    C16=start,
    C20=reading,
    C21=triplets,
    C22=evaluation_memory,
    C23=training_step,
    D1=suppression,
    D2=features_of_boxes,
    D3=step_of_detectors,
    D4=average_precision,
    S1=concat,
    S2=correlation,
    S3=regression,
    S4=step_of_psmnet,
    S5=lookup,
    V1=views,
    V2=encoder,
    V3=momentum_steps,
    V4=search,
)


def main(words: list[str] | None = None) -> int:
    options = arguments(__doc__.split('\n')[0], BENCHMARKS).parse_args(words)
    one_thread()
    lines = measure(options, BENCHMARKS, cpu_name())
    return int(any(line.failed for line in lines))


if __name__ == '__main__':
    sys.exit(main())
