from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.runner import EpochBasedTrainLoop
from mmengine.visualization import BaseVisBackend
from support.training import toy_runner

from mmlite.errors import ConfigError, DataError
from mmlite.registry import HOOKS
from mmlite.structures import DataSample
from mmlite.visualization import LocalVisBackend, UniversalVisualizer, write_image


class Recorder(UniversalVisualizer):
    """Keeps what it is asked to draw."""

    def __init__(self, name='recorder'):
        super().__init__(name)
        self.calls = []

    def add_datasample(self, name, image, data_sample, resize=None, **kwargs):
        self.calls.append(
            dict(kwargs, name=name, image=image, sample=data_sample, resize=resize)
        )


def make_runner(by_epoch=True):
    loops = dict(train=object.__new__(EpochBasedTrainLoop)) if by_epoch else {}
    return SimpleNamespace(built_loops=loops, epoch=5, iter=300, visualizer=Recorder())


def make_batch(size, first=0):
    inputs = torch.arange(first, first + size, dtype=torch.uint8).view(-1, 1, 1, 1)
    return dict(inputs=inputs.expand(-1, 3, 4, 5)), [DataSample() for _ in range(size)]


def build(**kwargs):
    return HOOKS.build(dict(type='VisualizationHook', **kwargs))


def test_a_visualizer_that_draws_no_samples_is_refused(tmp_path):
    drawing = dict(visualization=dict(type='VisualizationHook', enable=True))
    runner = toy_runner(
        tmp_path, default_hooks=drawing, visualizer=dict(type='Visualizer')
    )
    with pytest.raises(ConfigError, match='visualizer: Visualizer draws no samples'):
        runner.val()
    runner = toy_runner(tmp_path, default_hooks=drawing)
    assert type(runner.visualizer).__name__ == 'UniversalVisualizer'


def test_nothing_is_drawn_unless_enabled():
    runner = make_runner()
    build().after_val_iter(runner, 0, *make_batch(3))
    assert runner.visualizer.calls == []


class Service(BaseVisBackend):
    """A service that shows pictures."""

    def __init__(self, save_dir=''):
        super().__init__(save_dir)
        self.names = []

    @property
    def experiment(self):
        return self

    def _init_env(self):
        pass

    def add_image(self, name, image, step=0, **kwargs):
        self.names.append((name, step))


def test_where_a_service_shows_pictures_they_are_drawn_without_being_asked_for():
    local, service = LocalVisBackend('vis'), Service('vis')
    for backends, shown in (([local], []), ([local, service], [('0', 5)])):
        runner, hook = make_runner(), build()
        runner.visualizer = UniversalVisualizer()
        runner.visualizer._vis_backends = {type(b).__name__: b for b in backends}
        hook.before_run(runner)
        hook.after_val_iter(runner, 0, *make_batch(3))
        assert service.names == shown
    refused = build(enable=False)
    refused.before_run(runner)
    assert not refused.enable


@pytest.mark.parametrize('interval', [1, 3, 4, 10, 11])
def test_every_nth_sample_is_drawn_whatever_the_batches(interval):
    runner, hook = make_runner(), build(enable=True, interval=interval)
    for batch_idx, first in enumerate(range(0, 11, 4)):  # batches of 4, 4 and 3
        batch = make_batch(min(4, 11 - first), first)
        hook.after_test_iter(runner, batch_idx, *batch)
    expected = list(range(0, 11, interval))
    calls = runner.visualizer.calls
    assert [call['name'] for call in calls] == [str(i) for i in expected]
    assert [int(call['image'][0, 0, 0]) for call in calls] == expected
    assert {call['image'].shape for call in calls} == {(4, 5, 3)}


def test_steps_are_epochs_iterations_or_0():
    hook = build(enable=True)
    for by_epoch, step in ((True, 5), (False, 300)):
        runner = make_runner(by_epoch)
        hook.after_val_iter(runner, 0, *make_batch(1))
        assert runner.visualizer.calls[0]['step'] == step
        hook.after_test_iter(runner, 0, *make_batch(1))
        assert runner.visualizer.calls[1]['step'] == 0


def test_the_image_file_is_drawn_on_if_there_is_one(tmp_path):
    image = np.full((6, 7, 3), (1, 2, 3), np.uint8)
    write_image(image, tmp_path / 'cat.png')
    batch, samples = make_batch(1)
    samples[0].set_metainfo(dict(img_path=str(tmp_path / 'cat.png')))
    runner = make_runner()
    hook = build(enable=True, out_dir='drawn', resize=64)
    hook.after_test_iter(runner, 0, batch, samples)
    (call,) = runner.visualizer.calls
    np.testing.assert_array_equal(call['image'], image)
    assert call['name'] == 'cat.png'
    assert call['out_file'].endswith('cat.png_0.png')
    assert call['resize'] == 64


def test_mistyped_drawing_arguments_are_refused_before_the_run():
    runner = make_runner()
    runner.visualizer = UniversalVisualizer()
    build(enable=True, resize=64).before_run(runner)
    with pytest.raises(ConfigError, match="no argument 'resiz'; did you mean 'resize'"):
        build(enable=True, resiz=64).before_run(runner)


def test_an_interval_of_0_is_refused():
    with pytest.raises(ConfigError, match='interval must be at least 1'):
        build(interval=0)


@pytest.mark.parametrize(
    ('inputs', 'expected'),
    [
        (dict(ref_img=torch.ones(2, 3, 4, 5), tgt_img=None), (4, 5, 3)),
        ([torch.ones(3, 4, 5), torch.ones(3, 6, 7)], (6, 7, 3)),
        ([torch.ones(2, 3, 4, 5), torch.ones(2, 3, 1, 1)], (4, 5, 3)),
        ([[torch.ones(3, 4, 5), torch.ones(3, 6, 7)]], (6, 7, 3)),
        (torch.ones(2, 8, 4, 5), (8, 4, 5)),
    ],
    ids=['pair', 'sizes', 'views', 'views of sizes', 'frames'],
)
def test_what_is_drawn_on(inputs, expected):
    runner = make_runner()
    samples = [DataSample(), DataSample()]
    build(enable=True, interval=1).after_test_iter(
        runner, 0, dict(inputs=inputs), samples
    )
    assert runner.visualizer.calls[1]['image'].shape == expected


def test_sequences_in_a_list_are_drawn_each_with_its_sample():
    runner, hook = make_runner(), build(enable=True, interval=1)
    walks = [torch.full((2 + i % 2, 2, 4, 5), i, dtype=torch.uint8) for i in range(4)]
    hook.after_test_iter(runner, 0, dict(inputs=walks), [DataSample()] * 4)
    shown = [call['image'] for call in runner.visualizer.calls]
    assert [image.shape for image in shown] == [tuple(walk.shape) for walk in walks]
    assert [int(image.max()) for image in shown] == [0, 1, 2, 3]


def test_what_is_no_picture_is_refused():
    batch = dict(inputs=torch.zeros(2, 4))
    with pytest.raises(DataError, match=r'no picture .* \(4,\) .*enable=False'):
        build(enable=True, interval=1).after_test_iter(
            make_runner(), 0, batch, [DataSample()] * 2
        )
