"""Without its data a front-door config trains its stand-in; a recipe fails."""

import pytest
from mmengine.config import Config
from support.runs import CIFAR, DIGITS, ROOT, TINY

from mmlite.apis import train
from mmlite.apis.cli import main
from mmlite.apis.stand_in import find_data
from mmlite.config import load_config
from mmlite.datasets import BaseDataset
from mmlite.errors import DataError, DataNotFoundError
from mmlite.registry import DATASETS


@pytest.fixture
def offline(tmp_path, monkeypatch):
    """No data in the working directory, and no network."""

    def refuse(*args, **kwargs):
        raise OSError('Network is unreachable')

    monkeypatch.setattr('urllib.request.urlopen', refuse)
    monkeypatch.chdir(tmp_path)


def test_the_front_door_trains_digits_and_says_so(offline, tmp_path, capsys):
    assert main(['train', CIFAR, '--cfg-options', *TINY]) == 0
    printed = capsys.readouterr().out
    assert printed.count('STAND-IN') == 2
    assert 'data/cifar10' in printed
    assert f'Test its checkpoints with {DIGITS}' in printed
    assert printed.index('STAND-IN') < printed.index('accuracy/top1')
    assert printed.rindex('STAND-IN') > printed.rindex('accuracy/top1')
    assert [p.name for p in (tmp_path / 'work_dirs').iterdir()] == ['resnet18_digits']


def test_a_given_work_dir_holds_the_stand_in_apart(offline, tmp_path):
    train(CIFAR, TINY, work_dir=tmp_path / 'run')
    assert [p.name for p in (tmp_path / 'run').iterdir()] == ['resnet18_digits']


def test_a_dry_run_is_that_of_the_stand_in(offline, tmp_path, capsys):
    assert main(['train', CIFAR, '--dry-run', '--cfg-options', *TINY]) == 0
    printed = capsys.readouterr().out
    assert printed.count('STAND-IN') == 2
    assert printed.index('STAND-IN') < printed.index('dry run, nothing is kept')
    assert printed.rindex('STAND-IN') > printed.index('dry run, nothing is kept')
    assert 'results go to' not in printed and 'Test its' not in printed
    assert not list(tmp_path.iterdir())


def test_a_dry_run_without_data_says_what_can_be_done(offline, capsys):
    recipe = str(ROOT / 'configs/resnet/resnet18_8xb16_cifar10.py')
    assert main(['train', recipe, '--dry-run']) == 1
    printed = capsys.readouterr().err
    assert 'data/cifar10' in printed
    assert f"'mmlite check-config {recipe}' builds the model" in printed


def test_options_that_only_the_recipe_has_are_left_out_and_named(offline, capsys):
    train(CIFAR, [*TINY[:-1], 'param_scheduler.milestones=[3,5]'])
    printed = capsys.readouterr().out
    assert 'It has no place for param_scheduler.milestones=[3,5].' in printed


def test_a_recipe_fails_instead(offline, tmp_path, capsys):
    recipe = str(ROOT / 'configs/resnet/resnet18_8xb16_cifar10.py')
    assert main(['train', recipe]) == 1
    printed = capsys.readouterr().err
    assert 'data/cifar10' in printed
    assert 'Traceback' not in printed
    assert not (tmp_path / 'work_dirs').exists()


def test_a_recipe_raises_for_callers(offline):
    with pytest.raises(DataNotFoundError, match='data/cifar10'):
        train(ROOT / 'configs/resnet/resnet18_8xb16_cifar10.py')


def test_a_stand_in_that_is_absent_too(offline, tmp_path):
    config = tmp_path / 'mine.py'
    config.write_text(f'_base_ = [{CIFAR!r}]\nstand_in = "absent.py"\n')
    with pytest.raises(DataNotFoundError, match='data/cifar10') as caught:
        train(config)
    assert f'its stand_in {tmp_path}/absent.py is absent too' in str(caught.value)


def test_an_inherited_stand_in_is_none(offline, tmp_path):
    (tmp_path / 'configs').symlink_to(ROOT / 'configs')
    config = tmp_path / 'mine.py'
    config.write_text("_base_ = 'configs/resnet18_cifar.py'\n")
    with pytest.raises(DataNotFoundError, match='data/cifar10') as caught:
        train(config)
    assert 'stand_in' not in str(caught.value)


def test_damaged_data_are_not_absent(offline, tmp_path):
    folder = tmp_path / 'data/cifar10/cifar-10-batches-py'
    folder.mkdir(parents=True)
    (folder / 'data_batch_1').touch()
    with pytest.raises(DataError, match='lack .*data_batch_2') as caught:
        train(CIFAR)
    assert not isinstance(caught.value, DataNotFoundError)


def test_only_front_door_configs_name_a_stand_in():
    named = [p for p in ROOT.glob('configs/**/*.py') if 'stand_in =' in p.read_text()]
    assert named == [ROOT / 'configs/resnet18_cifar.py']


def test_data_that_is_there_is_used(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    prepared = []
    monkeypatch.setattr(
        DATASETS.get('CIFAR10'), 'prepare', lambda self: prepared.append(self.split)
    )
    find_data(load_config(CIFAR))
    # That of train_dataloader and that of val_dataloader: training takes no other.
    assert prepared == ['train', 'test']


@pytest.mark.parametrize(
    'around',
    [
        lambda inner: dict(type='KFoldDataset', dataset=inner),
        lambda inner: dict(type='MultiImageMixDataset', dataset=inner, pipeline=[]),
        lambda inner: dict(type='RepeatDataset', times=2, dataset=inner),
        lambda inner: dict(
            type='ConcatDataset',
            datasets=[dict(type='Digits'), dict(type='KFoldDataset', dataset=inner)],
        ),
    ],
)
def test_data_are_looked_for_inside_of_wrappers(tmp_path, around):
    inner = dict(type='CustomDataset', data_root=str(tmp_path / 'absent'))
    cfg = Config(dict(train_dataloader=dict(dataset=around(inner))))
    with pytest.raises(DataNotFoundError, match='absent'):
        find_data(cfg)
    find_data(Config(dict(train_dataloader=dict(dataset=around(dict(type='Digits'))))))


def test_a_dataset_of_ones_own_that_takes_no_lazy_init():
    @DATASETS.register_module(force=True)
    class Eager(BaseDataset):
        def __init__(self, pipeline=()):
            super().__init__(pipeline=pipeline)

        def load_data_list(self):
            raise AssertionError('read in')

    find_data(Config(dict(train_dataloader=dict(dataset=dict(type='Eager')))))
