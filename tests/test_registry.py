import pytest
from mmengine.optim import OptimWrapper
from torch import nn
from torch.optim import SGD

from mmlite import registry
from mmlite.errors import ConfigError, DataError
from mmlite.registry import (
    HOOKS,
    LOOPS,
    MODELS,
    OPTIMIZERS,
    PARAM_SCHEDULERS,
    TRANSFORMS,
    VISBACKENDS,
    Registry,
)

PARTS = Registry('parts')


@PARTS.register_module()
class Layer:
    def __init__(self, width: int, inner: dict | None = None):
        if width < 1:
            raise ValueError(f'width must be positive, got {width}')
        self.inner = None if inner is None else PARTS.build(inner)


@PARTS.register_module()
class Reader:
    def __init__(self, path: str):
        raise DataError(f'{path} is torn')


def message_of(cfg, **kwargs):
    with pytest.raises(ConfigError) as caught:
        PARTS.build(cfg, **kwargs)
    return str(caught.value)


def test_it_builds():
    layer = PARTS.build(dict(type='Layer', width=2, inner=dict(type=Layer, width=1)))
    assert isinstance(layer.inner, Layer)
    assert isinstance(
        PARTS.build(dict(type='Layer'), default_args=dict(width=1)), Layer
    )


@pytest.mark.parametrize(
    ('cfg', 'message'),
    [
        (
            dict(type='Layr', width=1),
            "unknown type 'Layr'; did you mean 'Layer'?",
        ),
        (
            dict(type='Xyz'),
            "unknown type 'Xyz'; register it with @PARTS.register_module() and name "
            'its module in custom_imports',
        ),
        (dict(type='aLyer'), "unknown type 'aLyer'; did you mean 'Layer'?"),
        (
            dict(type='LayerNorm'),  # akin, but another thing
            "unknown type 'LayerNorm'; register it with @PARTS.register_module() and "
            'name its module in custom_imports',
        ),
        (dict(width=1), "the key type is missing; got the keys ['width']"),
        (dict(type=3), 'type: a type is a name or a class, got 3 (int)'),
        ('Layer', "expected a dict with a type, got 'Layer' (str)"),
        (dict(type='Layer'), "Layer needs the argument 'width' (int)"),
        (
            dict(type='Layer', widht='1'),
            "Layer has no argument 'widht'; did you mean 'width'?",
        ),
        (dict(type='Layer', width='1'), "width: Layer expects int, got '1' (str)"),
        (dict(type='Layer', width=0), 'Layer: width must be positive, got 0'),
        (
            dict(type='Layer', width=1, inner=dict(type='Layer', width=0)),
            'inner: Layer: width must be positive, got 0',
        ),
        (
            dict(type='Layer', width=1, inner=dict(type='Layer', wdth=2)),
            "inner: Layer has no argument 'wdth'; did you mean 'width'?",
        ),
    ],
)
def test_a_failure_says_where_and_what(cfg, message):
    assert message_of(cfg) == message


def test_all_mistakes_of_a_dict_are_reported():
    assert message_of(dict(type='Layer', wdth=1, inner=3)) == (
        "Layer has no argument 'wdth'; did you mean 'width'?\n"
        'inner: Layer expects dict | None, got 3 (int)'
    )


def test_a_path_leads_through_several_dicts():
    inner = dict(type='Layer', width=-1)
    middle = dict(type='Layer', width=1, inner=inner)
    assert message_of(dict(type='Layer', width=1, inner=middle)) == (
        'inner.inner: Layer: width must be positive, got -1'
    )


def test_an_error_about_data_stays_one():
    with pytest.raises(DataError, match='x is torn'):
        PARTS.build(dict(type='Reader', path='x'))


def test_a_list_of_models_is_a_sequence():
    cfgs = [dict(type=nn.Linear, in_features=2, out_features=3), dict(type=nn.ReLU)]
    assert isinstance(MODELS.build(cfgs), nn.Sequential)
    with pytest.raises(ConfigError, match=r"1: ReLU has no argument 'in_place'"):
        MODELS.build([cfgs[0], dict(type=nn.ReLU, in_place=True)])


@pytest.mark.parametrize('key', ['', '.', 'a..b', 'json', 'os.path', 'json.nope'])
def test_odd_names_are_unknown(key):
    assert MODELS.get(key) is None


def test_a_dotted_path_is_a_name():
    assert OPTIMIZERS.get('torch.optim.SGD') is SGD
    assert MODELS.get('torch.nn.ReLU') is nn.ReLU
    assert MODELS.get('mmlite.models.backbones.ResNet') is MODELS.get('ResNet')


@pytest.mark.parametrize('scope', ['mmlite', 'mmengine', 'mmpretrain', 'mmcls', 'mmcv'])
def test_scopes_of_published_configs_stand_for_our_own(scope):
    assert MODELS.get(f'{scope}.ResNet') is MODELS.get('ResNet')
    assert MODELS.get(f'{scope}.NotRegistered') is None
    built = HOOKS.build(dict(type='EMAHook', _scope_=scope))
    assert type(built) is HOOKS.get('EMAHook')


def test_a_registry_below_ours_is_a_scope():
    mine = Registry('models', parent=MODELS)
    mine._scope = 'mine'
    MODELS.children['mine'] = mine
    try:

        @mine.register_module()
        class Own:
            pass

        assert MODELS.get('mine.Own') is Own
    finally:
        del MODELS.children['mine']


@pytest.mark.parametrize(
    ('registry', 'path'),
    [
        (MODELS, 'os.system'),
        (MODELS, 'subprocess.Popen'),
        (MODELS, 'torch.optim.SGD'),
        (HOOKS, 'torch.nn.ReLU'),
        (TRANSFORMS, 'os.system'),
        (registry.FUNCTIONS, 'os.system'),
        (registry.TASK_UTILS, 'subprocess.Popen'),
    ],
)
def test_a_path_leads_only_to_a_class_that_its_place_can_hold(registry, path):
    assert registry.get(path) is None
    (problem,) = registry.problems_of(dict(type=path))
    assert 'that is not registered' in str(problem)
    with pytest.raises(ConfigError, match='not registered'):
        registry.build(dict(type=path))


def test_a_function_itself_is_built_only_where_functions_are():
    ran = []

    def run(**kwargs):
        ran.append(kwargs)

    with pytest.raises(ConfigError, match='run is a function that is not registered'):
        MODELS.build(dict(type=run))
    assert TRANSFORMS.build(dict(type=run)) is not None
    assert ran == []


@pytest.mark.parametrize('name', sorted(registry.REGISTRIES))
def test_what_a_place_holds_can_be_imported(name):
    own = registry.REGISTRIES[name]
    assert not own.admits(int)
    own.import_from_location()
    for parent in (own, own.parent):
        assert all(own.admits(known) for known in parent.module_dict.values())


@pytest.mark.parametrize(
    ('registered', 'name'),
    [
        (HOOKS, 'EMAHook'),
        (LOOPS, 'ValLoop'),
        (OPTIMIZERS, 'AdamW'),
        (PARAM_SCHEDULERS, 'CosineAnnealingLR'),
        (VISBACKENDS, 'LocalVisBackend'),
        (MODELS, 'ExponentialMovingAverage'),
        (TRANSFORMS, 'PackInputs'),
    ],
)
def test_what_mmengine_registers_is_there_from_the_first_look_up(registered, name):
    assert registered.get(name) is not None
    assert name in registered.names()


@pytest.mark.parametrize('name', sorted(registry.REGISTRIES))
def test_the_first_look_up_imports_all_that_we_register(name):
    for other in registry.REGISTRIES.values():
        other.import_from_location()
    own = registry.REGISTRIES[name]
    for part in own._module_dict.values():
        module = getattr(part, '__module__', '')
        if module.startswith('mmlite.'):
            places = [place for place in own._locations if module.startswith(place)]
            assert places, f'{module} is none of {own._locations}'


def test_a_scheduler_is_built_by_iteration():
    optimizer = OptimWrapper(SGD([nn.Parameter(nn.Linear(1, 1).weight)], lr=0.1))
    cfg = dict(type='LinearLR', start_factor=0.1, end=2, convert_to_iter_based=True)
    scheduler = PARAM_SCHEDULERS.build(
        cfg, default_args=dict(optimizer=optimizer, epoch_length=5)
    )
    assert scheduler.end == 10
    assert not scheduler.by_epoch


def test_every_registry_is_ours_and_below_mmengines():
    names = set(registry.__all__) - {'Registry', 'use_scope'}
    for name in names:
        own = getattr(registry, name)
        assert own.scope == 'mmlite'
        assert own.parent.scope == 'mmengine'


@pytest.mark.parametrize(
    'init_cfg',
    [
        dict(type='os.system', command='exit 1'),
        [dict(type='Constant', val=0), dict(type='subprocess.Popen', args=['false'])],
        dict(type='Constant', val=0, override=dict(type='os.system', name='fc')),
    ],
)
def test_what_mmengine_builds_by_itself_is_looked_at_before(init_cfg):
    head = dict(type='LinearClsHead', num_classes=2, in_channels=4, init_cfg=init_cfg)
    whole = dict(type='ImageClassifier', backbone=dict(type='LeNet5'), head=head)
    for cfg, place in ((head, 'init_cfg'), (whole, 'head.init_cfg')):
        with pytest.raises(ConfigError, match='is not registered') as caught:
            MODELS.build(cfg)
        assert str(caught.value).startswith(place)
    cfg = dict(type='UniversalVisualizer', vis_backends=[dict(type='os.system')])
    with pytest.raises(ConfigError, match=r'vis_backends.0: .*@VISBACKENDS.register'):
        registry.VISUALIZERS.build(cfg)
