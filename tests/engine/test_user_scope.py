"""Registries, schedulers and loops of a user's own, as mmengine takes them."""

import pytest
from mmengine.config import Config
from mmengine.optim import OptimWrapperDict
from mmengine.registry import MODELS as ROOT
from mmengine.registry import Registry as TheirRegistry
from support.training import ToyRunModel, toy_cfg, toy_runner

from mmlite.config import load_config
from mmlite.config.fitting import check_schedules
from mmlite.engine import OptimWrapper, Runner
from mmlite.errors import ConfigError
from mmlite.registry import MODELS, OPTIMIZERS, PARAM_SCHEDULERS, use_scope


@pytest.fixture(scope='module', params=[ROOT, MODELS], ids=['mmengines', 'ours'])
def own_scope(request):
    scope = f'own_below_{request.param.scope}'
    own = TheirRegistry('model', parent=request.param, scope=scope)

    @own.register_module()
    class OnlyThere(ToyRunModel):
        pass

    own.register_module(name='ToyRunModel', module=OnlyThere)
    yield scope, OnlyThere
    use_scope(None)


@pytest.mark.parametrize('name', ['OnlyThere', 'ToyRunModel'])
def test_names_are_looked_up_in_the_default_scope_first(own_scope, tmp_path, name):
    scope, kind = own_scope
    runner = toy_runner(tmp_path, default_scope=scope, model=dict(type=name))
    assert type(runner.model) is kind
    assert type(toy_runner(tmp_path).model) is ToyRunModel


def test_a_config_brings_its_scope(own_scope):
    scope, kind = own_scope
    load_config(dict(default_scope=scope))
    assert MODELS.get('ToyRunModel') is kind
    load_config(dict(default_scope='mmpretrain'))
    assert MODELS.get('ToyRunModel') is ToyRunModel
    assert MODELS.get(f'{scope}.OnlyThere') is kind
    assert MODELS.get('OnlyThere') is None


def test_schedulers_that_are_built_by_name(tmp_path):
    runner = toy_runner(tmp_path, param_scheduler=None)
    parameters = list(runner.model.parameters())
    wrappers, schedulers = {}, {}
    for name, part in (('first', parameters[:1]), ('rest', parameters[1:])):
        optimizer = OPTIMIZERS.build(dict(type='SGD', params=part, lr=1.0))
        wrappers[name] = OptimWrapper(optimizer)
        settings = dict(type='ConstantLR', factor=0.5, by_epoch=True)
        schedulers[name] = PARAM_SCHEDULERS.build(
            settings, default_args=dict(optimizer=wrappers[name])
        )
    cfg = toy_cfg(tmp_path)
    cfg.pop('optim_wrapper'), cfg.pop('param_scheduler')
    runner = Runner(
        model=runner.model,
        work_dir=str(tmp_path),
        train_dataloader=cfg.train_dataloader,
        train_cfg=cfg.train_cfg,
        optim_wrapper=OptimWrapperDict(**wrappers),
        param_scheduler=schedulers,
        experiment_name='built',
    )
    runner.optim_wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
    built = runner.build_param_scheduler(runner.param_schedulers)
    assert {name: [s] for name, s in schedulers.items()} == built


@pytest.mark.parametrize(
    ('schedules', 'message'),
    [
        (
            dict(first=[], rset=[]),
            "has schedules for 'rset', but the optimizers are first, rest; did you "
            "mean 'rest'?",
        ),
        (
            dict(rest=[]),
            "has no schedules for 'first'; an empty list keeps its rate",
        ),
    ],
)
def test_schedules_of_no_optimizer_are_refused(tmp_path, schedules, message):
    runner = toy_runner(tmp_path, param_scheduler=None)
    first, *rest = runner.model.parameters()
    wrappers = {
        name: OptimWrapper(OPTIMIZERS.build(dict(type='SGD', params=part, lr=1.0)))
        for name, part in (('first', [first]), ('rest', rest))
    }
    runner.optim_wrapper = OptimWrapperDict(**wrappers)
    with pytest.raises(ConfigError) as caught:
        runner.build_param_scheduler(schedules)
    assert str(caught.value) == f'param_scheduler {message}'
    one = dict(optimizer=dict(type='SGD', lr=1.0))
    cfg = Config(dict(optim_wrapper=dict(first=one, rest=one)))
    cfg.param_scheduler = schedules
    assert f'param_scheduler {message}' in map(str, check_schedules(cfg))


def test_the_batches_are_there_before_the_loop_runs(tmp_path):
    runner = toy_runner(
        tmp_path, train_cfg=dict(by_epoch=False, max_iters=3), param_scheduler=None
    )
    loop = runner.build_train_loop(runner._train_loop)
    first = next(loop.dataloader_iterator)
    assert first['inputs'].shape == (8, 4)
    assert loop.dataloader_iterator is loop.dataloader_iterator
