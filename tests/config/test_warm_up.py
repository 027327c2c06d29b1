"""A warm-up that is longer than the training is warned of, with both numbers."""

import re

import cv2
import numpy as np
import pytest
from mmengine.config import Config

from mmlite.config import advise_warm_up


def config(train_cfg, batch_size=4, root=None, **scheduler):
    dataset = dict(type='CustomDataset', pipeline=[], data_root=root)
    schedule = dict(type='LinearLR', start_factor=0.01, by_epoch=False) | scheduler
    return Config(
        dict(
            train_cfg=train_cfg,
            train_dataloader=dict(batch_size=batch_size, dataset=dataset),
            param_scheduler=[schedule, dict(type='CosineAnnealingLR', by_epoch=True)],
        )
    )


@pytest.mark.parametrize(
    ('train_cfg', 'scheduler', 'words'),
    [
        (dict(max_iters=12), dict(end=50), 'is 50, but the training has 12 iterations'),
        (dict(max_epochs=3), dict(end=5, by_epoch=True), 'is 5, .* has 3 epochs'),
        (dict(max_iters=50), dict(end=50), None),
        (dict(max_iters=12), dict(end=50, start_factor=1.0, end_factor=0.1), None),
        (dict(max_iters=12), dict(end=50, begin=4), None),
    ],
)
def test_longer_than_the_training(train_cfg, scheduler, words):
    by_epoch = 'max_epochs' in train_cfg
    found = advise_warm_up(config(dict(train_cfg, by_epoch=by_epoch), **scheduler))
    assert len(found) == (words is not None)
    if words:
        (problem,) = found
        assert problem.path == 'param_scheduler.0.end'
        assert re.search(words, problem.message)


def test_iterations_of_epochs_are_counted_in_few_data(tmp_path):
    for name in ('cat', 'dog'):
        (tmp_path / name).mkdir()
        for number in range(5):
            picture = np.zeros((8, 8, 3), np.uint8)
            cv2.imwrite(str(tmp_path / name / f'{number}.png'), picture)
    loop = dict(by_epoch=True, max_epochs=4)
    # Ten pictures are three batches of four, so that four epochs are twelve.
    (problem,) = advise_warm_up(config(loop, root=str(tmp_path), end=50))
    assert 'is 50, but the training has 12 iterations' in problem.message
    assert '--cfg-options param_scheduler.0.end=1)' in problem.message
    assert not advise_warm_up(config(loop, root=str(tmp_path), end=12))
    # A runner knows how many there are.
    (problem,) = advise_warm_up(config(loop, end=50), iterations=20)
    assert 'has 20 iterations' in problem.message
