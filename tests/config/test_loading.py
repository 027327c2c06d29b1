import sys
from pathlib import Path

import pytest
from mmengine.config import Config
from support.tiny_config import refused

from mmlite.config import load_config

BASE = """
model = dict(backbone=dict(type='TinyNet', depth=1), head=dict(num_classes=3))
img_size = 32
sizes = [dict(b=4), 5]
title = 'x'
"""

# Each is read as mmengine reads it.
CHILDREN = {
    'nothing': '',
    'merge': 'model = dict(backbone=dict(depth=2))',
    'delete': "model = dict(backbone=dict(_delete_=True, type='A'))",
    'lists are replaced': 'sizes = [1]',
    'a number replaces a list': 'sizes = 3',
    'base variable': 'work_dir = f"run_{_base_.img_size}_{_base_.sizes[0].b}"',
    'base item': "other = _base_['sizes']",
    'placeholder': 'a = {{_base_.img_size}}; b = dict(c=[{{_base_.model.head}}])',
    'del': 'del _base_.title',
    'change the base in place': '_base_.model.head.num_classes = 7',
    'file name': "name = '{{fileBasenameNoExtension}}{{fileExtname}}'",
    'environment': "a = '{{$MMLITE_NOT_SET:fall/back}}'; b = {{'$MMLITE_NOT_SET:80'}}",
    'helper functions': 'def double(x):\n    return 2 * x\n\nten = double(5)',
    'comprehension': 'sizes = [dict(b=i) for i in range(3)]',
    'function that reads a global': 'k = 3\ndef f():\n    return k\nl = f()',
}


@pytest.mark.parametrize('name', CHILDREN)
def test_python_is_read_as_mmengine_reads_it(write, name):
    write('base.py', BASE)
    path = write('child.py', f"_base_ = 'base.py'\n{CHILDREN[name]}")
    cfg = load_config(path)
    assert cfg.to_dict() == Config.fromfile(path, lazy_import=False).to_dict()
    assert cfg.filename == path


def test_several_and_nested_bases(write):
    write('models/net.py', 'model = dict(depth=1, width=2)')
    write('models/deep.py', "_base_ = './net.py'\nmodel = dict(depth=9)")
    write('runtime.yaml', 'resume: false')
    path = write('c/d.py', "_base_ = ['../models/deep.py', '../runtime.yaml']\nlr = 1")
    expected = dict(model=dict(depth=9, width=2), resume=False, lr=1)
    assert load_config(path).to_dict() == expected


def test_yaml_and_json(write):
    write('base.py', BASE)
    yaml = write(
        'a.yaml',
        '_base_: base.py\nlr: 1e-3\npair: !!python/tuple [1, 2]\n'
        'size: {{_base_.img_size}}\nmodel: {head: {num_classes: 5}}\n',
    )
    json = write('b.json', '{"_base_": ["a.yaml"], "title": "y", "sizes": null}')
    cfg = load_config(json)
    assert cfg.lr == 1e-3
    assert cfg.pair == (1, 2)
    assert cfg.size == 32
    assert cfg.model.backbone.depth == 1
    assert (cfg.title, cfg.sizes) == ('y', None)
    assert load_config(yaml).model.head.num_classes == 5


WITH_MARKS = {
    '.py': """
_base_ = 'base.py'
bare = {{_base_.sizes}}
alone = '{{_base_.sizes}}'
double = "{{ _base_.sizes }}"
inside = ['run_{{_base_.title}}-{{_base_.img_size}}', dict(a='{{_base_.sizes.0.b}}')]
quotes = dict(b="'{{_base_.title}}'", c=('{{_base_.model.head}}',))
""",
    '.yaml': """
_base_: base.py
bare: {{_base_.sizes}}
alone: '{{_base_.sizes}}'
double: "{{ _base_.sizes }}"
inside:
- run_{{_base_.title}}-{{_base_.img_size}}
- {a: '{{_base_.sizes.0.b}}'}
quotes: {b: "'{{_base_.title}}'", c: !!python/tuple ['{{_base_.model.head}}']}
""",
    '.json': """{
"_base_": "base.py",
"bare": {{_base_.sizes}},
"alone": "{{_base_.sizes}}",
"double": "{{ _base_.sizes }}",
"inside": ["run_{{_base_.title}}-{{_base_.img_size}}", {"a": "{{_base_.sizes.0.b}}"}],
"quotes": {"b": "'{{_base_.title}}'", "c": ["{{_base_.model.head}}"]}
}""",
}


@pytest.mark.parametrize('suffix', WITH_MARKS)
def test_values_of_the_base_bare_quoted_and_inside_text(write, suffix):
    write('base.py', BASE)
    cfg = load_config(write(f'c{suffix}', WITH_MARKS[suffix]))
    assert cfg.bare == cfg.alone == cfg.double == [dict(b=4), 5]
    assert cfg.inside == ['run_x-32', dict(a=4)]
    assert cfg.quotes.b == "'x'"
    assert list(cfg.quotes.c) == [dict(num_classes=3)]
    assert set(cfg) == {
        *('model', 'img_size', 'sizes', 'title'),
        *('bare', 'alone', 'double', 'inside', 'quotes'),
    }


def test_python_computes_with_values_of_the_base(write):
    write('base.py', BASE)
    text = "_base_ = 'base.py'\nn = 2\na = 2 * {{_base_.img_size}}\n"
    text += "b = f'{{_base_.title}}-{n}'\nc = {'{{_base_.title}}1': 1}"
    cfg = load_config(write('c.py', text))
    assert (cfg.a, cfg.b, cfg.c) == (64, 'x-2', dict(x1=1))


def test_a_pipeline_of_the_base_in_yaml(write):
    write(
        'base.py',
        "train_pipeline = [dict(type='TinyCrop', crop_size=8), dict(type='PackInputs')]"
        "\ntrain_dataloader = dict(dataset=dict(type='TinyData', pipeline=[]))",
    )
    text = '_base_: base.py\ntrain_dataloader:\n  dataset:\n'
    text += "    pipeline: '{{_base_.train_pipeline}}'\n"
    cfg = load_config(write('c.yaml', text))
    assert cfg.train_dataloader.dataset.pipeline == [
        dict(type='TinyCrop', crop_size=8),
        dict(type='PackInputs'),
    ]


def test_the_standard_library_can_be_imported(write):
    write('base.py', 'import json\nfrom math import pi\na = json.loads("[1]")\nb = pi')
    text = "import os\n_base_ = 'base.py'\nhome = os.path.join('a', 'b')"
    assert load_config(write('c.py', text)).to_dict() == dict(
        a=[1], b=3.141592653589793, pi=3.141592653589793, home='a/b'
    )


def test_what_leaks_from_the_code_is_no_key(write):
    text = """
import math
from collections import OrderedDict
from pathlib import Path as P
with open(__file__) as file:
    first = file.readline()
for i, name in enumerate(['a']):
    last = name
for kept in [1]:
    pass
kept = kept + 1
class Own:
    pass
double = lambda x: 2 * x
_private = 3
"""
    cfg = load_config(write('c.py', text))
    assert set(cfg.keys()) == {'first', 'last', 'kept', '_private'}


def test_a_class_can_be_a_type(write):
    from torch.optim import SGD

    text = 'from torch.optim import SGD\noptim_wrapper = dict(optimizer=dict(type=SGD))'
    cfg = load_config(write('c.py', text))
    assert cfg.optim_wrapper.optimizer.type is SGD
    assert 'SGD' not in cfg


def test_new_style(write):
    write('base.py', 'depth = 3')
    path = write(
        'c.py',
        'from mmengine.config import read_base\n'
        'with read_base():\n    from .base import *\nwidth = depth + 1\n',
    )
    cfg = load_config(path, ['+more=1'])
    assert (cfg.depth, cfg.width, cfg.more) == (3, 4, 1)
    assert refused(write('d.py', "_base_ = 'c.py'")) == (
        'c.py: is of the new style (with read_base()), and so cannot be a base of '
        'd.py, which is of the old (_base_ = ...)'
    )


def test_none_in_the_base_is_nothing_to_merge_with(write):
    write('base.py', 'neck = None')
    path = write('c.py', "_base_ = 'base.py'\nneck = dict(type='A')")
    assert load_config(path).neck == dict(type='A')


@pytest.mark.parametrize('suffix', ['.py', '.yaml', '.json'])
def test_dump_and_reload(write, suffix):
    text = BASE + 'a = "it\'s"\nb = dict(c=[None, True, 1e-5, -1], d={})\n'
    cfg = load_config(write('c.py', text), ['model.head.num_classes=4'])
    cfg.dump(f'dumped{suffix}')
    assert load_config(f'dumped{suffix}').to_dict() == cfg.to_dict()


def test_a_config_that_is_read_is_copied():
    cfg = Config(dict(train_cfg=dict(max_epochs=1)))
    again = load_config(cfg, ['train_cfg.max_epochs=2'])
    assert (cfg.train_cfg.max_epochs, again.train_cfg.max_epochs) == (1, 2)


def test_a_variable_is_overridden_where_it_is_defined(write):
    write(
        'base.py',
        "data_root = 'data'\nsizes = dict(train=8, test=9)\n"
        'train_pipeline = [dict(size=sizes["train"])]\n'
        "train_dataloader = dict(dataset=dict(root=data_root + '/train'))\n",
    )
    path = write(
        'c.py',
        "_base_ = 'base.py'\ntest_dataloader = dict(root=_base_.data_root)\n"
        'val_dataloader = dict(pipeline={{_base_.train_pipeline}})\n',
    )
    overrides = ['data_root=/my data', 'sizes.train=4', 'train_pipeline.0.size=5']
    cfg = load_config(path, overrides)
    assert cfg.data_root == '/my data'
    assert cfg.train_dataloader.dataset.root == '/my data/train'
    assert cfg.test_dataloader.root == '/my data'
    assert cfg.sizes == dict(train=4, test=9)
    assert cfg.val_dataloader.pipeline == [dict(size=5)]
    assert refused(path, ['sizes.trian=1']) == (
        "base.py: sizes has no key 'trian'; did you mean 'train'? "
        '(to add a new key, write +sizes.trian=...)'
    )


def test_a_variable_that_nothing_would_read_is_refused(write):
    path = write('c.py', 'data_root = 1\nmodel = dict(inner=dict(data_root=data_root))')
    cfg = load_config(path)
    cfg.dump('dumped.py')
    hint = (
        'data_root: nothing would read the change of a variable; did you mean '
        'model.inner.data_root? (to make it all the same, write +data_root=...)'
    )
    assert refused('dumped.py', ['data_root=2']) == f'dumped.py: {hint}'
    assert refused(cfg, ['data_root=2']) == f'c.py: {hint}'
    assert refused(write('d.yaml', 'size: {a: 1}'), ['size.a=2']) == (
        'd.yaml: size.a: nothing would read the change of a variable; override what it '
        'is for (to make it all the same, write +size.a=...)'
    )
    again = load_config('dumped.py', ['+data_root=2', 'model.inner.data_root=3'])
    assert (again.data_root, again.model.inner.data_root) == (2, 3)


def test_a_variable_without_a_definition_is_refused(write):
    path = write('c.py', 'data_root = 1')
    assert "unknown key 'dataroot'; did you mean 'data_root'?" in refused(
        path, ['dataroot=2']
    )


# --- what is wrong with a file -------------------------------------------------


def test_an_unknown_file_names_the_nearest(write):
    write('configs/resnet18_cifar.py', '')
    write('configs/resnet/resnet50_cifar.py', '')
    assert refused('configs/resnet18_cifr.py') == (
        "no config file 'configs/resnet18_cifr.py'; did you mean "
        'configs/resnet18_cifar.py?'
    )
    assert refused('resnet50_cifar.py') == (
        "no config file 'resnet50_cifar.py'; did you mean "
        'configs/resnet/resnet50_cifar.py or configs/resnet18_cifar.py?'
    )
    assert refused('nowhere/x.py') == (
        "no config file 'nowhere/x.py'; nowhere does not exist"
    )


def test_what_is_no_config_file(write):
    assert refused(write('a.txt', '')) == (
        "'a.txt' is not a config; the name of one ends in .py, .yaml, .yml, .json"
    )
    assert refused('.') == '. is a folder; give a config in it'
    for name in ('mine_whole.py', 'mine.py'):  # as a work_dir has them
        write(f'run/{name}', '')
    assert refused('run') == 'run is a folder; give a config in it, e.g. run/mine.py'


@pytest.mark.parametrize(
    ('name', 'text', 'message'),
    [
        (
            'a.py',
            '\nmodel = dict(\n',
            "a.py:2: syntax error: '(' was never closed: model = dict(",
        ),
        ('a.py', 'x = 1\n  y = 2\n', 'a.py:2: syntax error: unexpected indent: y = 2'),
        (
            'a.yaml',
            'a: 1\nb: [1\nc: 2\n',
            "a.yaml:3: syntax error: expected ',' or ']', but got ':': c: 2",
        ),
        (
            'a.json',
            '{"a": 1,\n"b": }',
            'a.json:2: syntax error: Expecting value: "b": }',
        ),
        (
            'a.json',
            '{"a": "{{_base_.x}}" "b"}',
            "a.json:1: syntax error: Expecting ',' delimiter: "
            '{"a": "{{_base_.x}}" "b"}',
        ),
        ('a.json', '[1, 2]', 'a.json: holds no keys, but [1, 2] (list)'),
        (
            'a.py',
            '\nx = dict(a=1)\ny = x["b"]\n',
            'a.py:3: KeyError: \'b\': y = x["b"]',
        ),
        (
            'a.py',
            'def f(x):\n    return 1 / x\n\nz = f(0)\n',
            'a.py:2: ZeroDivisionError: division by zero: return 1 / x',
        ),
        (
            'a.py',
            'import nosuchmodule\n',
            "a.py:1: ModuleNotFoundError: No module named 'nosuchmodule': "
            'import nosuchmodule',
        ),
        ('a.py', "text = 'x'\n", "a.py: 'text' is a reserved name"),
        (
            'a.py',
            'name = "b.py"\n_base_ = name\n',
            'a.py:2: _base_ must be written out, without variables: NameError: name '
            "'name' is not defined",
        ),
        (
            'a.py',
            '_base_ = [1]\n',
            'a.py: _base_ is the name of a file or a list of them, got [1] (list)',
        ),
        (
            'a.py',
            "_base_ = 'nopackage::x.py'\n",
            "a.py: _base_: 'nopackage::x.py' names a config of the package "
            "'nopackage', which is not installed here with configs; install it, or "
            'copy the file and name the copy',
        ),
        (
            'a.py',
            "x = '{{$MMLITE_NOT_SET:}}'\n",
            'a.py:1: the environment variable MMLITE_NOT_SET is not set; set it, or '
            'write a default behind the colon: {{$MMLITE_NOT_SET:default}}',
        ),
    ],
)
def test_what_is_wrong_with_one_file(write, name, text, message):
    assert refused(write(name, text)) == message


def test_a_recipe_that_comes_with_mmlite(write):
    path = write('a.py', "_base_ = 'mmlite::resnet/resnet50_8xb32_in1k.py'")
    recipe = load_config('mmlite::resnet/resnet50_8xb32_in1k.py')
    assert load_config(path).to_dict() == recipe.to_dict()
    assert recipe.model.backbone.depth == 50


def test_the_configs_of_a_package_are_not_left(write):
    assert refused('mmlite::../setup.py') == (
        "'mmlite::../setup.py' is outside of the configs of 'mmlite'"
    )
    assert 'is outside of the configs' in refused('mmlite::/etc/passwd')


@pytest.mark.parametrize('place', ['configs', '.mim/configs', '../configs'])
def test_configs_of_a_package_and_of_its_checkout(write, monkeypatch, place):
    monkeypatch.syspath_prepend(Path.cwd())
    write('withconfigs/__init__.py', '')
    write('setup.cfg', '')
    write(f'withconfigs/{place}/net/deep.py', 'depth = 3')
    assert load_config('withconfigs::net/deep.py').depth == 3
    near = 'configs/net/deep.py?'
    assert refused('withconfigs::net/dep.py').endswith(near)


def test_a_file_that_is_no_text(tmp_path):
    (tmp_path / 'a.py').write_bytes(b'\xff\xfe')
    assert refused('a.py').startswith('a.py: is not UTF-8 text')


def test_an_unknown_base(write):
    write('_base_/runtime.py', '')
    write('b.py', "_base_ = '_base_/runtme.py'")
    assert refused(write('a.py', "\n_base_ = ['b.py']")) == (
        "b.py: there is no _base_ '_base_/runtme.py'; did you mean _base_/runtime.py?"
    )
    assert refused(write('c/d.py', "_base_ = '../x/e.py'")) == (
        "c/d.py: there is no _base_ '../x/e.py' (looked for x/e.py); x does not exist"
    )


def test_bases_in_a_circle(write):
    write('b.py', "_base_ = 'c.py'")
    write('c.py', "_base_ = 'a.py'")
    assert refused(write('a.py', "_base_ = 'b.py'")) == (
        'c.py: _base_ is circular: a.py -> b.py -> c.py -> a.py'
    )


def test_two_bases_with_one_key(write):
    write('b.py', 'lr = 1\nx = 2')
    write('c.py', 'lr = 2')
    assert refused(write('a.py', "_base_ = ['b.py', 'c.py']")) == (
        "a.py: both b.py and c.py define 'lr'; a key can come from one base file only"
    )


def test_a_base_variable_that_is_not_there(write):
    write('b.py', 'img_size = dict(train=1)')
    assert refused(write('a.py', "_base_ = 'b.py'\n\nx = {{_base_.img_sise}}")) == (
        "a.py:3: {{_base_.img_sise}}: the base files have no 'img_sise' there; "
        "did you mean 'img_size'?"
    )
    assert refused(write('c.py', "_base_ = 'b.py'\nx = {{_base_.img_size.tran}}")) == (
        "c.py:2: {{_base_.img_size.tran}}: the base files have no 'tran' there; "
        "did you mean 'train'?"
    )
    assert refused(write('d.py', "_base_ = 'b.py'\nx = _base_.img_sise")) == (
        "d.py:2: the base files have no 'img_sise' there; did you mean 'img_size'?: "
        'x = _base_.img_sise'
    )


@pytest.mark.parametrize(
    'expression, message',
    [
        ("_base_['zzz']", "no 'zzz' there; there are img_size, steps"),
        ('_base_.img_size.tran', "no 'tran' there; did you mean 'train'?"),
        ('_base_.img_size.train.x', "no 'x' there, in 1 (int)"),
        ('_base_.steps[2]', 'no 2 there, in a list of 2'),
        ('dict(a=1,\n  b=_base_.img_sise)', "no 'img_sise' there; did you mean"),
    ],
)
def test_what_a_program_reads_of_a_base_that_is_not_there(write, expression, message):
    write('b.py', 'img_size = dict(train=1)\nsteps = [1, 2]')
    said = refused(write('a.py', f"_base_ = 'b.py'\nx = {expression}"))
    assert f'the base files have {message}' in said
    assert 'Error' not in said


def test_an_index_of_its_own_is_none_of_the_base(write):
    write('b.py', 'steps = [1, 2]')
    text = "_base_ = 'b.py'\nx = list(_base_.steps)\nx[2] = 3"
    assert refused(write('a.py', text)).startswith('a.py:3: IndexError: ')


def test_a_dict_over_something_else(write):
    write('b.py', "model = dict(neck='none')")
    assert refused(write('a.py', "_base_ = 'b.py'\nmodel = dict(neck=dict(a=1))")) == (
        "a.py: model.neck: a dict cannot be merged into 'none' (str) of the base file; "
        'write _delete_=True into it to replace that'
    )


def test_a_deprecated_config_says_so(write):
    path = write('a.py', "_deprecation_ = dict(expected='b.py')\nx = 1")
    with pytest.warns(DeprecationWarning, match='a.py will be removed; use b.py'):
        cfg = load_config(path)
    assert set(cfg) == {'x'}


# --- custom_imports ------------------------------------------------------------


@pytest.fixture(autouse=True)
def own_path(monkeypatch):
    monkeypatch.setattr(sys, 'path', list(sys.path))
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.startswith('mmlite_test_'):
            del sys.modules[name]


PART = """
from mmlite.registry import MODELS

@MODELS.register_module(force=True)
class {name}:
    def __init__(self, depth: int = 1): ...
"""


def test_modules_beside_the_config_and_in_the_current_folder(write, monkeypatch):
    write('configs/mmlite_test_beside.py', PART.format(name='BesideNet'))
    write('mmlite_test_here/net.py', PART.format(name='HereNet'))
    path = write(
        'configs/c.py',
        "custom_imports = dict(imports=['mmlite_test_beside', "
        "'mmlite_test_here.net'], allow_failed_imports=False)\n"
        "model = dict(type='BesideNet', neck=dict(type='HereNet'))\n",
    )
    cfg = load_config(path, ['model.depth=3', 'model.neck.depth=4'])
    assert (cfg.model.depth, cfg.model.neck.depth) == (3, 4)
    assert str(Path('configs').resolve()) in sys.path


def test_an_override_can_name_modules(write):
    write('mmlite_test_late.py', 'loaded = True')
    load_config(write('c.py', ''), ['custom_imports.imports=[mmlite_test_late]'])
    assert 'mmlite_test_late' in sys.modules


@pytest.mark.parametrize(
    ('section', 'message'),
    [
        (
            "dict(imports=['mmlite_test_absent'])",
            "c.py: custom_imports: cannot import 'mmlite_test_absent': "
            "ModuleNotFoundError: No module named 'mmlite_test_absent'; looked in . "
            'and on the Python path',
        ),
        (
            "dict(imports='mmlite_test_broken', allow_failed_imports=True)",
            "c.py: custom_imports: cannot import 'mmlite_test_broken': "
            "NameError: name 'x' is not defined (mmlite_test_broken.py:2)",
        ),
        (
            "'mmlite_test_syntax'",
            "c.py: custom_imports: cannot import 'mmlite_test_syntax': "
            "SyntaxError: '(' was never closed (mmlite_test_syntax.py:2)",
        ),
        (
            "'mmlite_test_taken'",
            "c.py: custom_imports: cannot import 'mmlite_test_taken': "
            'Invert is already registered in transforms at '
            'mmlite.datasets.transforms.pixel_operations; give the class another '
            'name, or let it take the place of that one with '
            'register_module(force=True) (mmlite_test_taken.py:3)',
        ),
        (
            "dict(import_=['a'])",
            "c.py: custom_imports has no key 'import_'; did you mean 'imports'?",
        ),
    ],
)
def test_an_import_that_fails(write, section, message):
    write('mmlite_test_broken.py', '\ny = x\n')
    write('mmlite_test_syntax.py', '\ny = (1\n')
    taken = 'from mmlite.registry import TRANSFORMS\n\n@TRANSFORMS.register_module()'
    write('mmlite_test_taken.py', f'{taken}\nclass Invert: ...\n')
    assert refused(write('c.py', f'custom_imports = {section}')) == message


def test_an_import_that_may_fail(write):
    section = "dict(imports=['mmlite_test_absent'], allow_failed_imports=True)"
    with pytest.warns(UserWarning, match="cannot import 'mmlite_test_absent'"):
        load_config(write('c.py', f'custom_imports = {section}'))


@pytest.mark.parametrize(
    ('name', 'text'),
    [
        (
            'c.py',
            "_base_ = 'base.py'\na = {{_base_.img_size}}\n# b = {{_base_.gone}}\n",
        ),
        ('c.py', "_base_ = 'base.py'\na = {{_base_.img_size}}  # {{$NOT_SET_HERE:}}\n"),
        ('c.py', "_base_ = 'base.py'\n# {{_base_.gone}}\na = {{_base_.img_size}}\n"),
        ('c.yaml', '_base_: base.py\na: {{_base_.img_size}} # {{_base_.gone}}\n'),
        ('c.yaml', '# {{_base_.gone}}\n_base_: base.py\na: {{_base_.img_size}}\n'),
    ],
)
def test_nothing_is_looked_up_in_a_comment(tmp_path, name, text):
    (tmp_path / 'base.py').write_text(BASE)
    (tmp_path / name).write_text(text)
    assert load_config(tmp_path / name).a == 32


@pytest.mark.parametrize(
    ('name', 'text'),
    [
        ('c.py', "_base_ = 'base.py'\na = '# {{_base_.img_size}}'\n"),
        ('c.yaml', "_base_: base.py\na: '# {{_base_.img_size}}'\n"),
        ('c.yaml', '_base_: base.py\na: "it\'s # {{_base_.img_size}}"  # it\'s\n'),
    ],
)
def test_what_looks_like_a_comment_in_a_string_is_none(tmp_path, name, text):
    (tmp_path / 'base.py').write_text(BASE)
    (tmp_path / name).write_text(text)
    assert load_config(tmp_path / name).a.endswith('# 32')


@pytest.mark.parametrize(
    ('name', 'text'), [('c.py', 'a = 1'), ('c.json', '{"a": 1}'), ('c.yaml', 'a: 1')]
)
def test_a_byte_order_mark_is_passed_over(tmp_path, name, text):
    (tmp_path / name).write_bytes(b'\xef\xbb\xbf' + text.encode())
    assert load_config(tmp_path / name).a == 1


@pytest.mark.parametrize(
    'text',
    [
        '"""{{_base_.gone}} {{$NOT_SET_HERE:}}"""\nk = {{_base_.img_size}}',
        'def f():\n    """of\n    {{_base_.gone}}\n    """\nk = {{_base_.img_size}}',
        'k = [  # {{_base_.gone}}\n    {{_base_.img_size}},\n][0]',
    ],
)
def test_what_stands_in_docstrings_is_not_looked_up(write, text):
    write('base.py', BASE)
    assert load_config(write('c.py', f"_base_ = 'base.py'\n{text}\n")).k == 32


def test_a_sign_of_comments_within_a_text_of_yaml(write):
    write('base.py', BASE)
    text = '_base_: base.py\na: |\n  # {{_base_.img_size}}\nb: 1  # {{_base_.gone}}\n'
    assert load_config(write('c.yaml', text)).a == '# 32\n'


@pytest.mark.parametrize(
    ('name', 'text', 'said'),
    [
        ('a.json', '[' * 100_000, 'nested too deep'),
        ('a.json', '{"a": 1' + '0' * 6000 + '}', 'Exceeds the limit'),
        ('a.yaml', '[' * 1000, 'nested too deep'),
        ('a.yaml', 'a: &a [*a]', 'one that holds itself'),
        ('a.py', 'a = []\na.append(a)', 'holds itself'),
    ],
)
def test_what_is_too_deep_or_too_much(write, name, text, said):
    assert said in refused(write(name, text))


def test_aliases_that_stand_for_more_than_fits_into_memory(write):
    lines = ['a: &a [x, x, x, x, x, x, x, x, x, x]']
    for before, name in zip('abcdefghi', 'bcdefghij', strict=True):
        lines.append(f'{name}: &{name} [{", ".join([f"*{before}"] * 10)}]')
    assert 'more than 1,000,000 values' in refused(write('a.yaml', '\n'.join(lines)))


def test_other_containers_become_plain(write):
    text = 'from collections import defaultdict, namedtuple\n'
    text += "a = [namedtuple('P', 'x y')(1, 2), defaultdict(list, b=[1])]\n"
    assert load_config(write('c.py', text)).a == [(1, 2), dict(b=[1])]


@pytest.mark.parametrize(
    ('name', 'text', 'message'),
    [
        (
            'c.json',
            '{"a": {"x": 1, "y": 2, "x": 3}}',
            "c.json: the key 'x' stands twice in one dict",
        ),
        (
            'c.yaml',
            'a:\n  x: 1\n  y: 2\n  x: 3\n',
            "c.yaml:4: syntax error: the key 'x' stands twice in one dict: x: 3",
        ),
    ],
)
def test_a_key_that_stands_twice_is_refused(write, name, text, message):
    assert refused(write(name, text)) == message


def test_a_merged_key_is_not_there_twice(write):
    text = 'a: &a {x: 1, y: 2}\nb: {<<: *a, x: 3}\nc: {<<: *a}\nd: [*a]\n'
    cfg = load_config(write('c.yaml', text))
    assert (cfg.b, cfg.c, cfg.d) == (dict(x=3, y=2), dict(x=1, y=2), [dict(x=1, y=2)])
