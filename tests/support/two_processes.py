"""What runs in the other processes; spawned ones cannot import a test module."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from mmlite.engine.wrappers import share_buffers
from mmlite.evaluation import Accuracy
from mmlite.structures import DataSample


def meet(rank: int, folder: Path) -> None:
    """Join the other process."""
    torch.distributed.init_process_group(
        'gloo', init_method=f'file://{folder}/meeting', rank=rank, world_size=2
    )


def share_part(rank: int, folder: Path) -> None:
    """One of two processes whose models have seen different batches."""
    meet(rank, folder)
    model = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3))
    model(torch.full((4, 3), float(rank)))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    share_buffers(model)
    torch.save([before, model.state_dict()], folder / f'{rank}.pth')
    torch.distributed.destroy_process_group()


def evaluate_part(rank: int, folder: Path, data: list[DataSample]) -> None:
    """One of two processes that share an odd number of samples."""
    meet(rank, folder)
    metric = Accuracy(topk=(1, 3))
    metric.process(None, (data + data[:1])[rank::2])
    torch.save(metric.evaluate(len(data)), folder / f'{rank}.pth')
    torch.distributed.destroy_process_group()
