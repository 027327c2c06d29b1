import sys
from pathlib import Path

import pytest

from mmlite.config import (
    config_of_text,
    load_config,
    with_import_folders,
    write_config,
)
from mmlite.errors import ConfigError


@pytest.fixture(autouse=True)
def own_path(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, 'path', list(sys.path))
    yield
    for name in [n for n in sys.modules if n.startswith('mmlite_test_')]:
        del sys.modules[name]


def refused(code):
    Path('mmlite_test_own.py').write_text(code)
    Path('c.py').write_text("custom_imports = dict(imports=['mmlite_test_own'])")
    with pytest.raises(ConfigError) as caught:
        load_config('c.py')
    said = str(caught.value)
    start = "c.py: custom_imports: cannot import 'mmlite_test_own': "
    assert said.startswith(start)
    return said.removeprefix(start)


@pytest.mark.parametrize(
    ('code', 'message'),
    [
        (
            'x = 1\nfrom mmpretrain.registry import MODELS',
            "ModuleNotFoundError: No module named 'mmpretrain' (mmlite_test_own.py:2); "
            "mmlite has it in its place: write 'from mmlite.registry import MODELS'",
        ),
        (
            'from mmcls.models import BACKBONES, ClsHead',
            "ModuleNotFoundError: No module named 'mmcls' (mmlite_test_own.py:1); "
            "mmlite has it in its place: write 'from mmlite.registry import MODELS' "
            "and 'from mmlite.models.heads import ClsHead'",
        ),
        (
            'import mmdet.registry as of_theirs',
            "ModuleNotFoundError: No module named 'mmdet' (mmlite_test_own.py:1); "
            'mmlite needs no such package: its registries are in mmlite.registry, e.g. '
            'from mmlite.registry import MODELS',
        ),
        (
            'from opengait.modeling import nothing_of_ours',
            "ModuleNotFoundError: No module named 'opengait' (mmlite_test_own.py:1); "
            'mmlite needs no such package: its registries are in mmlite.registry, e.g. '
            'from mmlite.registry import MODELS',
        ),
        (
            'import mmlite_test_absent',
            "ModuleNotFoundError: No module named 'mmlite_test_absent' "
            '(mmlite_test_own.py:1)',
        ),
    ],
)
def test_what_stands_here_for_a_package_that_is_not_installed(code, message):
    assert refused(code) == message


@pytest.mark.parametrize(
    ('name', 'hint'),
    [
        ('BACKBONES', '; that is now MODELS'),
        ('PIPELINES', '; that is now TRANSFORMS'),
        ('MODLES', "; did you mean 'MODELS'?"),
    ],
)
def test_names_that_our_registry_does_not_have(name, hint):
    said = refused(f'from mmlite.registry import {name}')
    assert said.endswith(f'(mmlite_test_own.py:1){hint}')


def test_the_registries_of_mmengine_are_above_ours():
    code = 'from mmengine.registry import MODELS\n'
    code += '@MODELS.register_module(force=True)\nclass OfMMEngine: ...'
    Path('mmlite_test_root.py').write_text(code)
    Path('c.py').write_text("custom_imports = 'mmlite_test_root'")
    load_config('c.py')
    from mmlite.registry import MODELS

    assert MODELS.get('OfMMEngine').__module__ == 'mmlite_test_root'


def test_a_config_that_is_written_out_finds_its_modules_again(tmp_path, monkeypatch):
    own = tmp_path / 'project'
    own.mkdir()
    (own / 'mmlite_test_part.py').write_text('loaded = True')
    (own / 'mmlite_test_pack').mkdir()
    (own / 'mmlite_test_pack' / '__init__.py').write_text('')
    (own / 'mmlite_test_pack' / 'net.py').write_text('loaded = True')
    names = ['mmlite_test_part', 'mmlite_test_pack.net', 'torch.nn']
    (own / 'c.py').write_text(f'custom_imports = dict(imports={names})')
    cfg = load_config(own / 'c.py')
    write_config(with_import_folders(cfg), tmp_path / 'written.py')
    assert f"'{own.resolve()}'" in (tmp_path / 'written.py').read_text()

    monkeypatch.setattr(sys, 'path', [p for p in sys.path if p != str(own)])
    for name in ('mmlite_test_part', 'mmlite_test_pack.net', 'mmlite_test_pack'):
        del sys.modules[name]
    load_config(tmp_path / 'written.py')
    assert sys.modules['mmlite_test_part'].loaded
    assert sys.modules['mmlite_test_pack.net'].loaded


TEXT = "custom_imports = dict(imports=['mmlite_test_absent'])\nmodel = dict(type='{}')"


def test_a_checkpoint_of_a_model_of_ones_own_says_what_to_type(tmp_path):
    Path('run').mkdir()
    Path('run/recipe.py').write_text('')
    with pytest.raises(ConfigError) as caught:
        config_of_text(TEXT.format('OfNobody'), 'run/a.pth')
    assert str(caught.value) == (
        'run/a.pth: its model is of OfNobody, as mmlite_test_absent may define, which '
        'a file of weights must not import; name the config before it: run/recipe.py '
        'run/a.pth'
    )
    with pytest.raises(ConfigError, match='before it: CONFIG a.pth'):
        config_of_text(TEXT.format('OfNobody'), 'a.pth')


def test_modules_of_which_the_model_needs_nothing_are_left_out():
    cfg = config_of_text(TEXT.format('LeNet5'), 'a.pth')
    assert cfg.to_dict() == dict(model=dict(type='LeNet5'))
