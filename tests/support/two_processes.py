"""What runs in the other processes; spawned ones cannot import a test module."""

from __future__ import annotations

from pathlib import Path

import torch

from mmlite.evaluation import Accuracy
from mmlite.structures import DataSample


def evaluate_part(rank: int, folder: Path, data: list[DataSample]) -> None:
    """One of two processes that share an odd number of samples."""
    torch.distributed.init_process_group(
        'gloo', init_method=f'file://{folder}/meeting', rank=rank, world_size=2
    )
    metric = Accuracy(topk=(1, 3))
    metric.process(None, (data + data[:1])[rank::2])
    torch.save(metric.evaluate(len(data)), folder / f'{rank}.pth')
    torch.distributed.destroy_process_group()
