"""What a hook that draws hands on to the visualizer."""

import copy

import pytest
from support.tiny_config import CFG as TINY
from support.tiny_config import found

CFG = dict(TINY, visualizer=dict(type='UniversalVisualizer'))


@pytest.mark.parametrize(
    ('hook', 'hint'),
    [
        (dict(enabel=True), "'enabel'; did you mean 'enable'?"),
        (dict(enable=False, draw_scores=True), "'draw_scores'; did you mean"),
    ],
)
def test_what_neither_of_them_takes_is_refused(hook, hint):
    cfg = copy.deepcopy(CFG)
    cfg['default_hooks'] = dict(visualization=hook)
    cfg['custom_hooks'] = [dict(hook, type='VisualizationHook', priority=60)]
    one, other = found(cfg)
    start = 'default_hooks.visualization: VisualizationHook has no argument '
    assert one.startswith(start + hint)
    assert other == one.replace('default_hooks.visualization', 'custom_hooks.0')


def test_a_value_that_does_not_fit_is_named():
    cfg = copy.deepcopy(CFG)
    cfg['default_hooks'] = dict(visualization=dict(draw_score='yes'))
    assert found(cfg) == [
        'default_hooks.visualization.draw_score: VisualizationHook expects bool, got '
        "'yes' (str)"
    ]


def test_arguments_of_both_are_taken():
    cfg = copy.deepcopy(CFG)
    hook = dict(enable=True, interval=3, draw_score=False, classes=['a'], priority=70)
    cfg['default_hooks'] = dict(visualization=hook)
    assert found(cfg) == []
