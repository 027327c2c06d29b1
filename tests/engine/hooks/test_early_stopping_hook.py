from __future__ import annotations

from types import SimpleNamespace

import pytest
from mmengine.evaluator import BaseMetric
from support.training import toy_runner

from mmlite.errors import CheckpointError, ConfigError
from mmlite.registry import HOOKS, METRICS

#: 7 is the best of them; 6, 5 and 6 behind it are not.
SCORES = [5.0, 7.0, 6.0, 5.0, 6.0, 9.0]


@METRICS.register_module()
class ScoresOfEpochs(BaseMetric):
    """One of SCORES, by the epochs that are done."""

    default_prefix = 'given'
    runner = None

    def process(self, data_batch, data_samples):
        self.results.append(0)

    def compute_metrics(self, results):
        return dict(score=SCORES[type(self).runner.epoch - 1])


def run(work_dir, **changes):
    """How many epochs are done when training stops."""
    hook = dict(type='EarlyStoppingHook', monitor='given/score', rule='greater')
    runner = toy_runner(
        work_dir,
        custom_hooks=[dict(hook, min_delta=0.0, patience=3)],
        val_evaluator=dict(type='ScoresOfEpochs'),
        train_cfg=dict(by_epoch=True, max_epochs=len(SCORES)),
        default_hooks=dict(checkpoint=dict(max_keep_ckpts=-1), report=None),
        **changes,
    )
    ScoresOfEpochs.runner = runner
    runner.train()
    return runner.epoch


def test_a_resumed_training_stops_where_one_without_a_break_does(tmp_path):
    assert run(tmp_path / 'whole') == 5
    saved = str(tmp_path / 'whole/epoch_4.pth')
    assert run(tmp_path / 'later', load_from=saved, resume=True) == 5


def loaded(checkpoint, resuming=True, monitor='a/top1'):
    hook = HOOKS.build(dict(type='EarlyStoppingHook', monitor=monitor))
    hook.after_load_checkpoint(SimpleNamespace(resuming=resuming), checkpoint)
    return hook.best_score, hook.wait_count


def test_each_hook_goes_on_with_its_own_state():
    checkpoint = {}
    for monitor, best in (('a/top1', 3.0), ('b/top1', 4.0)):
        hook = HOOKS.build(dict(type='EarlyStoppingHook', monitor=monitor))
        hook.best_score, hook.wait_count = best, 2
        hook.before_save_checkpoint(None, checkpoint)
    assert loaded(checkpoint) == (3.0, 2)
    assert loaded(checkpoint, monitor='b/top1') == (4.0, 2)
    new = (-float('inf'), 0)
    assert loaded(checkpoint, resuming=False) == new
    assert loaded(checkpoint, monitor='c/top1') == loaded({}) == new
    checkpoint['early_stopping']['a/top1']['rule'] = 'less'
    assert loaded(checkpoint) == new


@pytest.mark.parametrize(
    'state',
    [
        3,
        dict(rule='greater', best_score='high', wait_count=0),
        dict(rule='greater', best_score=1.0, wait_count=-1),
    ],
)
def test_odd_states_are_named(state):
    with pytest.raises(CheckpointError, match='early_stopping.a/top1'):
        loaded({'early_stopping': {'a/top1': state}})


@pytest.mark.parametrize(
    ('changes', 'said'),
    [
        (dict(patience=-1), 'patience must be at least 0, got -1'),
        (dict(min_delta=-0.1), 'min_delta must be at least 0, got -0.1'),
        (dict(min_delta=float('nan')), 'min_delta must be at least 0, got nan'),
    ],
)
def test_settings_by_which_it_would_stop_anywhere(changes, said):
    with pytest.raises(ConfigError, match=said):
        HOOKS.build(dict(type='EarlyStoppingHook', monitor='a/top1', **changes))
