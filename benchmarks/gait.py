"""C20 to C23: walks: reading a tree, triplets, an evaluation, a training step."""

from __future__ import annotations

import gc
import os
import pickle
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from bare import Loop, fused_sgd
from bare_losses import gaitbase
from memory import output_of
from protocol import Goal, Line, timed
from session import Session
from torch import Tensor

from mmlite.config import load_config
from mmlite.datasets import default_collate
from mmlite.registry import DATASETS, MODELS, OPTIM_WRAPPERS

_CONFIG = Path(__file__).parents[1] / 'configs/gait/gaitbase_tiny_1xb32-400i_walkers.py'
_FRAMES = 30


def reading(session: Session) -> list[Line]:
    """C20: walks of a tree, read, chosen from and cut, over a plain loop."""
    count = session.size(400, 8)
    root = session.folder / 'walks'
    rng = np.random.default_rng(0)
    for i in range(count):
        folder = root / f'{i:03d}/nm-01/090'
        folder.mkdir(parents=True)
        frames = rng.integers(0, 256, (100, 64, 64), np.uint8)
        (folder / '090.pkl').write_bytes(pickle.dumps(frames))
    dataset = DATASETS.build(
        dict(
            type='GaitDataset',
            data_root=str(root),
            ann_file=dict(TRAIN_SET=sorted(os.listdir(root)), TEST_SET=[]),
            pipeline=[
                dict(type='LoadSequence'),
                dict(type='SilhouetteCut'),
                dict(
                    type='SampleFrames',
                    sample_type='fixed_unordered',
                    frames_num_fixed=_FRAMES,
                ),
                dict(
                    type='PackInputs',
                    input_key='sils',
                    meta_keys=('subject', 'type', 'view'),
                ),
            ],
        )
    )
    paths = [dataset.get_data_info(i)['seq_paths'][0] for i in range(count)]
    gc.freeze()  # as a worker does before its first sample
    rounds = session.compare(
        mmlite=timed(
            lambda: default_collate([dataset[i] for i in range(count)]),
            time.process_time,
        ),
        loop=timed(lambda: _plain_batch(paths), time.process_time),
    )
    what = 'walks of a tree to a batch of 30 frames, over a plain loop'
    ratio = rounds.ratio('mmlite', 'loop')
    return [Line('C20', what, Goal('<=', 1.1), ratio, figures=rounds.medians)]


def _plain_batch(paths: list[str]) -> Tensor:
    walks = []
    for path in paths:
        with open(path, 'rb') as file:
            frames = pickle.load(file)
        chosen = np.random.choice(len(frames), _FRAMES, replace=False)
        walks.append(torch.from_numpy(frames[chosen][:, :, 10:54]))
    return torch.stack(walks)


_TRIPLET = """
import sys, torch
from mmlite.registry import MODELS
from gait import broadcast_triplet
from memory import peak, reset_peak
side, count = sys.argv[1], int(sys.argv[2])
x = torch.randn(count, 256, 16, requires_grad=True)
labels = torch.arange(count) // (count // 8)
ours = MODELS.build(dict(type='TripletLoss'))
small = x[: count // 8], labels[: count // 8]
ours(*small)[0].sum().backward()
before = reset_peak()
loss = ours(x, labels)[0] if side == 'mmlite' else broadcast_triplet(x, labels)
loss.mean().backward()
print(peak() - before)
"""


def triplets(session: Session) -> list[Line]:
    """C21: the triplet loss of 128 walks in 16 parts, over the (n, n, n) form."""
    count = session.size(128, 16)
    x = torch.randn(count, 256, 16, requires_grad=True)
    labels = torch.arange(count) // (count // 8)
    ours = MODELS.build(dict(type='TripletLoss'))
    rounds = session.compare(
        mmlite=timed(lambda: ours(x, labels)[0].mean().backward()),
        broadcast=timed(lambda: broadcast_triplet(x, labels).mean().backward()),
    )
    kib = {side: output_of(_TRIPLET, side, count) for side in ('mmlite', 'broadcast')}
    what = f'triplets of {count} x 16 parts, over the (n, n, n) form'
    return [
        Line(
            'C21',
            f'{what}: time',
            Goal('<=', 0.5),
            rounds.ratio('mmlite', 'broadcast'),
            figures=rounds.medians,
        ),
        Line(
            'C21',
            f'{what}: memory',
            Goal('<=', 0.5),
            [kib['mmlite'] / max(1, kib['broadcast'])],
            figures=kib,
        ),
    ]


def broadcast_triplet(x: Tensor, labels: Tensor, margin: float = 0.2) -> Tensor:
    """The same loss as all anchors, positives and negatives at once."""
    parts = x.permute(2, 0, 1)
    dist = torch.cdist(parts, parts)
    same = labels[:, None] == labels[None]
    terms = (dist[:, :, :, None] - dist[:, :, None] + margin).relu()
    terms = terms * (same[:, :, None] & ~same[:, None])
    return terms.sum(dim=(1, 2, 3)) / (terms > 0).sum(dim=(1, 2, 3)).clamp(min=1)


_EVALUATION = """
import sys, torch
from memory import peak, reset_peak
from mmlite.evaluation.functional import Sequences, cross_view_ranks
count = int(sys.argv[2])
labels = torch.arange(count) // 4
views = [str(i % 4) for i in range(count)]
probe, gallery = (
    Sequences(torch.randn(count, 256, 16), labels, views) for _ in range(2)
)
cross_view_ranks(*(Sequences(s.embeddings[:8], labels[:8], views[:8])
                   for s in (probe, gallery)))
before = reset_peak()
cross_view_ranks(probe, gallery)
print(peak() - before)
"""


def evaluation_memory(session: Session) -> list[Line]:
    """C22: memory of an evaluation beyond the embeddings, over 1 GiB."""
    count = session.size(10000, 64)
    kib = output_of(_EVALUATION, 'mmlite', count)
    what = f'{count:,} probes against {count:,} galleries x 16 x 256: memory over 1 GiB'
    return [Line('C22', what, Goal('<=', 1.0), [kib / 2**20], figures=dict(kib=kib))]


def training_step(session: Session) -> list[Line]:
    """C23: a training step of the narrow GaitBase, over a bare one."""
    cfg = load_config(_CONFIG)
    walks, frames = session.size((32, 6), (8, 2))
    sils = torch.randint(0, 2, (walks, frames, 64, 44), dtype=torch.uint8) * 255
    labels = torch.arange(walks) // 4
    steps = {}
    for side in ('mmlite', 'bare'):
        torch.manual_seed(0)
        model = MODELS.build(cfg.model).train()
        steps[side] = _step_of(side, model, sils, labels)
    rounds = session.compare(**{k: timed(call) for k, call in steps.items()})
    what = 'training step of a narrow GaitBase, over a bare loop'
    ratio = rounds.ratio('mmlite', 'bare')
    return [Line('C23', what, Goal('<=', 1.1), ratio, figures=rounds.medians)]


def _step_of(
    side: str, model: torch.nn.Module, sils: Tensor, labels: Tensor
) -> Callable[[], object]:
    optimizer = fused_sgd(model.parameters(), 0.01)
    if side == 'mmlite':
        wrapper = OPTIM_WRAPPERS.build(dict(type='OptimWrapper', optimizer=optimizer))
        from mmlite.structures import DataSample, SampleBatch

        known = dict(type='nm-01', view='090')
        samples = [DataSample(metainfo=known).set_gt_label(int(i)) for i in labels]
        data = dict(inputs=sils, data_samples=SampleBatch(samples))
        return lambda: model.train_step(data, wrapper)
    loop = Loop(gaitbase(model), optimizer)
    return lambda: loop.step(sils, labels)
