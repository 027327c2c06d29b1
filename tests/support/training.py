"""A model, data and a metric so small that training them takes no time."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.evaluator import BaseMetric
from mmengine.model import BaseModel
from torch import nn
from torch.utils.data import Dataset

from mmlite.engine import Runner
from mmlite.registry import DATASETS, METRICS, MODELS
from mmlite.structures import DataSample


class Head(nn.Module):
    """With dropout, so that training depends on random numbers."""

    def __init__(self, num_classes: int, drop: float) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.drop = nn.Dropout(drop)
        self.fc = nn.Linear(8, num_classes)

    def forward(self, feats):
        return self.fc(self.drop(feats))


@MODELS.register_module()
class ToyRunModel(BaseModel):
    """Four numbers in, a class out."""

    def __init__(
        self,
        num_classes: int = 3,
        drop: float = 0.3,
        norm: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        between = nn.BatchNorm1d(8) if norm else nn.Identity()
        self.backbone = nn.Sequential(nn.Linear(4, 8), between, nn.ReLU())
        self.head = Head(num_classes, drop)

    def forward(self, inputs, data_samples=None, mode='tensor'):
        scores = self.head(self.backbone(inputs))
        if mode == 'tensor':
            return scores
        if mode == 'loss':
            labels = torch.cat([sample.gt_label for sample in data_samples])
            return dict(loss=nn.functional.cross_entropy(scores, labels))
        for score, sample in zip(scores.float(), data_samples, strict=True):
            sample.set_pred_score(score.softmax(-1)).set_pred_label(score.argmax())
        return data_samples


@DATASETS.register_module()
class ToyRunPoints(Dataset):
    """Points of a plane and two numbers without meaning; three classes."""

    metainfo = dict(classes=('a', 'b', 'c'))

    def __init__(self, size: int = 40, nan_at: int | None = None) -> None:
        generator = torch.Generator().manual_seed(0)
        self.inputs = torch.randn(size, 4, generator=generator)
        self.labels = (self.inputs[:, :2] > 0).sum(1)
        if nan_at is not None:
            self.inputs[nan_at] = float('nan')

    def __len__(self) -> int:
        return len(self.inputs)

    def __getitem__(self, index):
        # Augmented as the seed of the index says, wherever it is loaded.
        noise = random.Random(getattr(index, 'seed', 0)).gauss(0, 0.01)
        sample = DataSample(metainfo=dict(img_path=f'point_{int(index)}.png'))
        sample.set_gt_label(int(self.labels[index]))
        return dict(inputs=self.inputs[index] + noise, data_samples=sample)


@METRICS.register_module()
class ToyRunHits(BaseMetric):
    """Share of right answers, and of how many."""

    default_prefix = 'toy'

    def process(self, data_batch, data_samples):
        self.results += [
            float(s['pred_label'].item() == s['gt_label'].item()) for s in data_samples
        ]

    def compute_metrics(self, results):
        return dict(acc=100 * sum(results) / len(results), count=len(results))


def toy_cfg(work_dir: Path | str, **changes: Any) -> Config:
    """A config of three epochs of five iterations; ``changes`` replace keys."""

    def loader(size: int, shuffle: bool) -> dict:
        return dict(
            batch_size=8,
            num_workers=0,
            dataset=dict(type='ToyRunPoints', size=size),
            sampler=dict(type='DefaultSampler', shuffle=shuffle),
        )

    cfg = dict(
        model=dict(type='ToyRunModel'),
        work_dir=str(work_dir),
        train_dataloader=loader(40, shuffle=True),
        val_dataloader=loader(21, shuffle=False),
        test_dataloader=loader(21, shuffle=False),
        train_cfg=dict(by_epoch=True, max_epochs=3),
        val_cfg=dict(),
        test_cfg=dict(),
        val_evaluator=dict(type='ToyRunHits'),
        test_evaluator=dict(type='ToyRunHits'),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1, momentum=0.9)),
        param_scheduler=dict(type='MultiStepLR', milestones=[2]),
        randomness=dict(seed=1),
    )
    return Config(cfg | changes)


def toy_runner(work_dir: Path | str, **changes: Any) -> Runner:
    """A runner of :func:`toy_cfg`."""
    return Runner.from_cfg(toy_cfg(work_dir, **changes))


def their_cfg(work_dir: Path | str, **changes: Any) -> Config:
    """The same config for mmengine's own runner, loops and hooks."""
    cfg = toy_cfg(work_dir, default_scope='mmengine', **changes)
    cfg.experiment_name = 'theirs'  # two of one name would share their scope
    for part in (
        cfg.model,
        cfg.val_evaluator,
        cfg.test_evaluator,
        *(cfg[f'{name}_dataloader'].dataset for name in ('train', 'val', 'test')),
        *(cfg[f'{name}_dataloader'].sampler for name in ('train', 'val', 'test')),
    ):
        part.type = f'mmlite.{part.type}'
    for name in ('train', 'val', 'test'):
        cfg[f'{name}_dataloader'].collate_fn = dict(type='default_collate')
    return cfg
