import pytest
from mmengine.config import Config

from mmlite.config import check_config, load_config
from mmlite.config.helpers import is_typo
from mmlite.config.schema import top_level_keys

TYPOS = [
    'optim_wraper',
    'modle',
    'models',
    'train_dataloder',
    'trian_cfg',
    'val_evalutor',
    'default_hook',
    'load_form',
    'custom_import',
]
HELPERS = [
    'batch_size',
    'bgr_mean',
    'class_names',
    'data_root',
    'dataset_type',
    'img_size',
    'lr',
    'max_epochs',
    'num_classes',
    'test_pipeline',
    'train_pipeline',
    'tta_cfg',
]


@pytest.mark.parametrize('word', TYPOS)
def test_slips_of_the_finger(word):
    assert is_typo(word, top_level_keys())


@pytest.mark.parametrize('word', HELPERS)
def test_usual_names_are_none(word):
    assert not is_typo(word, top_level_keys())


def unknown_keys(cfg):
    problems = [str(problem) for problem in check_config(cfg, build_model=False)]
    return [problem for problem in problems if problem.startswith('unknown key')]


@pytest.mark.parametrize('key', [*TYPOS, 'lr_config', 'optimizer'])
@pytest.mark.parametrize('value', [dict(a=1), [1, 2], 3, None])
def test_a_typo_or_an_old_name_is_refused_whatever_its_value(key, value):
    (problem,) = unknown_keys(Config({key: value}))
    assert problem.startswith(f'unknown key {key!r}; ')


@pytest.mark.parametrize('key', HELPERS)
@pytest.mark.parametrize('value', ['x', 32, [1.0, 2.0], None])
def test_plain_values_are_helpers(key, value):
    assert unknown_keys(Config({key: value})) == []


def test_a_section_that_nobody_reads_is_refused():
    cfg = Config(dict(my_section=dict(a=1), train_pipeline=PIPELINE))
    assert unknown_keys(cfg) == [
        "unknown key 'my_section'; nothing in the config uses it"
    ]


PIPELINE = [dict(type='TinyCrop', crop_size=8)]
TEXT = """
_private = dict(optim_wraper=1)
crop = dict(type='TinyCrop', crop_size=8)
val_dataloader_ = dict(batch_size=1, dataset=dict(pipeline=[crop]))
val_dataloader = val_dataloader_
unused = dict(a=1)
optim_wraper = dict(b=2)
"""


def test_what_the_text_uses_is_a_helper(write):
    cfg = load_config(write('c.py', TEXT))
    assert unknown_keys(cfg) == [
        "unknown key 'unused'; nothing in the config uses it",
        "unknown key 'optim_wraper'; did you mean 'optim_wrapper'?",
    ]


def test_what_a_child_uses_of_its_base_is_a_helper(write):
    write('base.py', 'a = dict(x=1)\nb = dict(x=2)\nc = dict(x=3)\nd = dict(x=4)\n')
    text = "_base_ = 'base.py'\ntrain_cfg = dict(p={{_base_.a}}, q=_base_.b)\n"
    cfg = load_config(write('c.py', text + "val_cfg = dict(_base_['c'], y=1)\n"))
    assert unknown_keys(cfg) == ["unknown key 'd'; nothing in the config uses it"]


def test_a_dumped_config_reloads_clean(write):
    text = TEXT.replace('unused = dict(a=1)\noptim_wraper = dict(b=2)\n', '')
    cfg = load_config(write('c.py', text))
    assert unknown_keys(cfg) == []
    cfg.dump('dumped.py')
    assert unknown_keys(load_config('dumped.py')) == []
    cfg.dump('dumped.yaml')
    assert unknown_keys(load_config('dumped.yaml')) == []


def test_in_yaml_a_key_is_not_used_by_being_there(write):
    cfg = load_config(write('c.yaml', 'optim_wraper: {a: 1}\nimg_size: 3\n'))
    assert unknown_keys(cfg) == [
        "unknown key 'optim_wraper'; did you mean 'optim_wrapper'?"
    ]


def test_the_first_steps_of_a_pipeline_are_a_helper():
    """What a recipe writes as ``[*load, ...]`` stands in no place as a whole."""
    load = [dict(type='LoadImageFromFile'), dict(type='LoadDisparity')]
    steps = [*load, dict(type='PackInputs')]
    cfg = Config(dict(load=load, train_dataloader=dict(dataset=dict(pipeline=steps))))
    assert unknown_keys(cfg) == []
    cfg.load.reverse()
    assert len(unknown_keys(cfg)) == 1


MERGED = """
_private = 1
common = dict(backend='pillow', interpolation='bicubic')
jitter = dict(type='TinyCrop', crop_size=8)
steps = [dict(type='Resize', scale=8, **common), dict(jitter, crop_size=4, padding=1)]
train_dataloader = dict(dataset=dict(pipeline=steps))
"""


@pytest.mark.parametrize('name', ['dumped.py', 'dumped.json', 'dumped.yaml'])
def test_what_was_merged_into_others_reloads_clean(write, name):
    cfg = load_config(write('c.py', MERGED))
    assert unknown_keys(cfg) == []
    cfg.dump(name)
    assert unknown_keys(load_config(name)) == []


def test_what_others_have_too_is_no_helper_where_names_are_used(write):
    text = MERGED + 'sampler = dict(backend="pillow", interpolation="bicubic")\n'
    assert unknown_keys(load_config(write('c.py', text))) == [
        "unknown key 'sampler'; nothing in the config uses it"
    ]


def test_a_mistyped_section_equal_to_another_is_refused(write):
    text = 'val_cfg = dict(a=1)\ntest_dataloder = val_cfg\n'
    assert unknown_keys(load_config(write('c.py', text))) == [
        "unknown key 'test_dataloder'; did you mean 'test_dataloader'?"
    ]
