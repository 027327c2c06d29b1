import time

import pytest
from mmengine.hooks import Hook
from support.memory_run import memory_cfg

from mmlite.apis.benching import PARTS, TimeTable, bench
from mmlite.datasets.transforms import BaseTransform
from mmlite.errors import UserError
from mmlite.registry import HOOKS, TRANSFORMS


@TRANSFORMS.register_module()
class BenchSlowStep(BaseTransform):
    is_random = True

    def transform(self, results):
        time.sleep(0.01)
        return results


@HOOKS.register_module()
class BenchSlowHook(Hook):
    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        time.sleep(0.03)


def test_slow_parts_are_found(tmp_path):
    cfg = memory_cfg(
        tmp_path, dict(type='BenchSlowStep'), in_memory=False, batch_size=4
    )
    cfg.custom_hooks = [dict(type='BenchSlowHook')]
    table = bench(cfg, iterations=3, warmup=1)
    assert list(table.seconds) == list(PARTS)
    # Slept away alone, 40 ms and 30 ms; a busy machine adds to both.
    assert 0.04 <= table.seconds['data'] < 0.3
    assert 0.03 <= table.seconds['hooks'] < 0.3
    assert 0 < table.seconds['optimizer'] < table.seconds['hooks']
    assert 0 < table.seconds['backward'] and 0 < table.seconds['forward']
    assert table.iterations == 3
    assert list(tmp_path.iterdir()) == []  # nothing is left behind


def test_too_few_iterations(tmp_path):
    cfg = memory_cfg(tmp_path, batch_size=40)
    with pytest.raises(UserError, match='the training is over after 3 iterations'):
        bench(cfg, iterations=5, warmup=3)
    with pytest.raises(UserError, match='iterations must be at least 1'):
        bench(cfg, iterations=0)


def test_a_table_is_of_medians():
    table = TimeTable(dict(data=[1.0, 9.0, 2.0], forward=[1.0, 3.0]), batch_size=8)
    assert table.seconds == dict(data=2.0, forward=2.0)
    assert table.to_dict()['samples_per_second'] == 2.0
    assert table.shares() == dict(data=0.5, forward=0.5)
    assert table.advice()[0].startswith('training waits for data')
    assert TimeTable(dict(data=[1.0], forward=[9.0])).advice() == []
