import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from support.training import toy_runner

from mmlite.engine.hooks.visual_summary_hook import grid
from mmlite.errors import ConfigError
from mmlite.models import BaseModel
from mmlite.registry import HOOKS, VISBACKENDS, VISUALIZERS


class Recorder:
    def __init__(self):
        self.images, self.scalars = {}, {}

    def add_image(self, name, image, step):
        self.images[name] = (image, step)

    def add_scalar(self, name, value, step):
        self.scalars[name] = (value, step)


def make_runner(**summary):
    model = BaseModel()
    model.visual_summary = {k.replace('__', '/'): v for k, v in summary.items()}
    return SimpleNamespace(model=model, iter=9, visualizer=Recorder())


def run(runner, interval=10):
    hook = HOOKS.build(dict(type='VisualSummaryHook', interval=interval))
    hook.after_train_iter(runner, 0)


def test_pictures_and_curves_are_written():
    picture = torch.tensor([[0.0, 2.0]])
    runner = make_runner(image__map=picture, scalar__temperature=torch.tensor(0.5))
    run(runner)
    assert runner.visualizer.scalars == {'scalar/temperature': (0.5, 9)}
    image, step = runner.visualizer.images['image/map']
    assert step == 9
    assert image.tolist() == [[[0] * 3, [255] * 3]]


def test_only_every_so_often():
    runner = make_runner(scalar__x=1.0)
    run(runner, interval=7)
    assert runner.visualizer.scalars == {}
    run(make_runner())  # a model that shows nothing
    with pytest.raises(ConfigError, match='interval must be at least 1'):
        HOOKS.build(dict(type='VisualSummaryHook', interval=0))


def test_pictures_of_a_batch_are_side_by_side():
    images = torch.arange(3.0).view(3, 1, 1, 1).expand(3, 1, 2, 4)
    got = grid(images)
    assert got.shape == (4, 8, 3) and got.dtype == np.uint8
    assert got[0, 0, 0] == 0 and got[2, 0, 0] == 255 and got[0, 4, 0] == 128
    assert not got[2:, 4:].any()  # there is no fourth one
    assert grid(torch.rand(40, 3, 2, 2)).shape == (8, 8, 3)
    assert grid([torch.rand(2, 3), torch.rand(2, 3)]).shape == (2, 6, 3)
    assert not grid(torch.ones(1, 1, 2, 2)).any()  # of one shade


def test_tensorboard_takes_both(tmp_path):
    pytest.importorskip('tensorboard')
    assert VISBACKENDS.get('WandbVisBackend') is not None
    visualizer = VISUALIZERS.build(
        dict(
            type='UniversalVisualizer',
            name='board',
            vis_backends=[dict(type='TensorboardVisBackend')],
            save_dir=str(tmp_path),
        )
    )
    runner = make_runner(image__map=torch.rand(2, 3, 4, 4), scalar__x=1.0)
    runner.visualizer = visualizer
    run(runner)
    visualizer.close()
    assert list(tmp_path.rglob('events.out.tfevents.*'))


class Service:
    """Stands for the modules ``wandb`` and ``torch.utils.tensorboard``."""

    def __init__(self):
        self.settings, self.logged, self.closed = {}, {}, False
        self.config = SimpleNamespace(update=lambda *args, **kwargs: None)
        self.run = SimpleNamespace(log_code=lambda name: None)
        self.Image = np.asarray
        self.SummaryWriter = lambda folder: self

    def init(self, **settings):
        self.settings = settings

    def log(self, values, commit):
        self.logged |= values

    def join(self):
        self.closed = True

    close = join

    def add_scalar(self, name, value, step):
        self.logged[name] = value

    def add_image(self, name, image, step, dataformats):
        assert dataformats == 'HWC'
        self.logged[name] = image

    def add_text(self, name, text):
        self.settings[name] = text


@pytest.mark.parametrize(
    ('module', 'backend'),
    [
        ('wandb', dict(type='WandbVisBackend', init_kwargs=dict(project='cats'))),
        ('torch.utils.tensorboard', dict(type='TensorboardVisBackend')),
    ],
)
def test_a_service_takes_curves_pictures_and_results(
    tmp_path, monkeypatch, module, backend
):
    service = Service()
    monkeypatch.setitem(sys.modules, module, service)
    monkeypatch.setattr('mmlite.config.backends.find_spec', lambda name: True)
    visualizer = dict(
        type='UniversalVisualizer', name=tmp_path.name, vis_backends=[backend]
    )
    runner = toy_runner(
        tmp_path,
        visualizer=visualizer,
        custom_hooks=[dict(type='VisualSummaryHook', interval=1)],
    )
    picture = torch.rand(2, 1, 4, 4)
    runner.model.visual_summary = {'image/map': picture, 'scalar/scale': 2.0}
    runner.train()
    runner.visualizer.close()
    assert {'loss', 'lr', 'toy/acc'} <= service.logged.keys()
    assert service.logged['scalar/scale'] == 2
    np.testing.assert_array_equal(service.logged['image/map'], grid(picture))
    assert service.settings and service.closed


def test_pictures_of_several_sizes_are_padded_and_none_are_left_out():
    images = [torch.ones(1, 2, 3), np.full((4, 2), 2.0)]
    shown = grid(images)
    assert shown.shape == (4, 6, 3)
    assert (shown[:2, :3] == 128).all() and (shown[2:, :3] == 0).all()
    assert (shown[:, 3:5] == 255).all() and (shown[:, 5] == 0).all()
    np.testing.assert_array_equal(grid(np.eye(2))[..., 0], [[255, 0], [0, 255]])
    runner = make_runner(image__a=[], image__b=torch.zeros(0, 3, 4, 4))
    run(runner)
    assert runner.visualizer.images == {}
