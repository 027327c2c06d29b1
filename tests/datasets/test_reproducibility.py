"""The same samples with any number of workers and processes, and after a resume."""

from __future__ import annotations

import pytest
import torch
from torch.utils.data import DataLoader

from mmlite.datasets import DefaultSampler, Digits, default_collate
from mmlite.datasets.samplers import base

PIPELINE = [
    dict(type='RandomResizedCrop', scale=16),
    dict(type='RandomFlip', prob=0.5, direction=['horizontal', 'vertical']),
    dict(type='ColorJitter', brightness=0.4, contrast=0.4, saturation=0.4, hue=0.1),
    dict(type='RandomErasing', mode='rand'),
    dict(type='RandomCrop', crop_size=16, padding=2),
    dict(type='PackInputs'),
]


@pytest.fixture(scope='module')
def digits() -> Digits:
    return Digits(indices=64, pipeline=PIPELINE)


def batches(dataset: Digits, workers: int = 0, start: int = 0, epoch: int = 3, **kw):
    sampler = DefaultSampler(dataset, seed=11)
    sampler.set_epoch(epoch)
    sampler.set_start(start)
    loader = DataLoader(
        dataset,
        batch_size=8,
        sampler=sampler,
        num_workers=workers,
        collate_fn=default_collate,
        **kw,
    )
    return list(loader)


def by_index(found: list[dict]) -> dict[int, torch.Tensor]:
    return {
        sample.sample_idx: image
        for batch in found
        for image, sample in zip(batch['inputs'], batch['data_samples'], strict=True)
    }


def equal(first: dict[int, torch.Tensor], second: dict[int, torch.Tensor]) -> bool:
    return first.keys() == second.keys() and all(
        torch.equal(first[i], second[i]) for i in first
    )


def test_workers_do_not_matter(digits: Digits) -> None:
    alone, helped = batches(digits), batches(digits, workers=2)
    for one, other in zip(alone, helped, strict=True):
        assert torch.equal(one['inputs'], other['inputs'])
        for a, b in zip(one['data_samples'], other['data_samples'], strict=True):
            assert torch.equal(a.gt_label, b.gt_label)
            assert a.metainfo == b.metainfo


def test_processes_do_not_matter(digits: Digits, monkeypatch) -> None:
    alone = by_index(batches(digits))
    shared: dict[int, torch.Tensor] = {}
    for rank in (0, 1):
        monkeypatch.setattr(base, 'get_dist_info', lambda rank=rank: (rank, 2))
        shared.update(by_index(batches(digits)))
    assert equal(alone, shared)


def test_a_resumed_epoch_goes_on(digits: Digits) -> None:
    whole, rest = batches(digits), batches(digits, start=24)
    assert len(rest) == len(whole) - 3
    assert all(
        torch.equal(a['inputs'], b['inputs'])
        for a, b in zip(whole[3:], rest, strict=True)
    )


def test_epochs_differ(digits: Digits) -> None:
    first, second = by_index(batches(digits)), by_index(batches(digits, epoch=4))
    assert first.keys() == second.keys()
    assert sum(torch.equal(first[i], second[i]) for i in first) < 4
