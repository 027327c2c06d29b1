"""Recipes: what they say, where they are written, and what they refuse."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from support import tiny_folders

from mmlite.apis import new_recipe, train
from mmlite.apis.cli import main
from mmlite.apis.recipes import recipe_for_training
from mmlite.apis.recipes.bases import DEFAULTS, model_of, models_for
from mmlite.config import check_config, load_config
from mmlite.config.advice import advice_on
from mmlite.errors import CheckpointError, UserError

#: What is best, by which the best checkpoint is kept.
BEST = {
    'class folders': ('accuracy/top1', 'greater'),
    'retrieval': ('retrieval/Recall@1', 'greater'),
    'coco': ('coco/bbox_mAP', 'greater'),
    'walks': ('gait/NM@R1', 'greater'),
    'pairs': ('disparity/image_epe', 'less'),
}
FOLDERS = {
    'class folders': (tiny_folders.class_folders, None),
    'retrieval': (tiny_folders.class_folders, 'retrieval'),
    'selfsup': (tiny_folders.class_folders, 'selfsup'),
    'coco': (tiny_folders.coco, None),
    'yolo': (tiny_folders.yolo, None),
    'voc': (tiny_folders.voc, None),
    'walks': (tiny_folders.walks, None),
    'pairs': (tiny_folders.pairs, None),
}


@pytest.mark.parametrize('kind', FOLDERS)
def test_a_recipe_loads_and_has_no_mistakes(kind):
    make, task = FOLDERS[kind]
    make(Path('my data'))
    recipe = new_recipe('my data', task=task)
    cfg = load_config(recipe)
    assert check_config(cfg, build_model=False) == []
    assert cfg.test_dataloader == cfg.val_dataloader
    text = recipe.read_text()
    assert text.index('"""', 3) < text.index('_base_ = [')
    assert f'mmlite train {recipe}' in text
    assert len(text.splitlines()) < 90
    if kind in BEST:
        checkpoint = cfg.default_hooks.checkpoint
        assert (checkpoint.save_best, checkpoint.rule) == BEST[kind]


def test_a_recipe_for_a_split_of_ones_own_needs_no_lists():
    for split in ('train', 'val', 'test'):
        tiny_folders.class_folders(Path('pets', split), ('a', 'b', 'c', 'd', 'e'), 2)
    recipe = new_recipe('pets', 'mine.py', epochs=3)
    cfg = load_config(recipe)
    assert not Path('work_dirs').exists()
    splits = [
        cfg[f'{phase}_dataloader'].dataset.split for phase in ('train', 'val', 'test')
    ]
    assert splits == ['train', 'val', 'test']
    assert cfg.model.head.num_classes == 5
    assert cfg.val_evaluator.topk == cfg.test_evaluator.topk == (1, 5)
    assert cfg.train_cfg.max_epochs == 3


def test_without_a_split_lists_go_into_the_work_dir():
    tiny_folders.class_folders(Path('pets'), each=5)
    before = sorted(map(str, Path('pets').rglob('*')))
    recipe, work_dir = recipe_for_training('pets')
    assert recipe == work_dir / 'pets_resnet18_cifar.py'
    lines = {
        name: (work_dir / f'{name}.txt').read_text().splitlines()
        for name in ('train', 'val', 'classes')
    }
    assert lines['classes'] == ['cat', 'dog']
    assert [len(lines[name]) for name in ('train', 'val')] == [8, 2]
    files = {f'{n}/{i}.png\t{n}' for n in ('cat', 'dog') for i in range(5)}
    assert {*lines['train'], *lines['val']} == files
    assert sorted(map(str, Path('pets').rglob('*'))) == before


def test_an_edited_recipe_is_not_lost():
    tiny_folders.class_folders(Path('pets'))
    recipe = new_recipe('pets')
    assert new_recipe('pets') == recipe
    recipe.write_text(recipe.read_text() + 'mine = 1\n')
    with pytest.raises(UserError, match=r'exists already.* --out'):
        new_recipe('pets')
    trained, folder = recipe_for_training('pets', 'out')
    trained.write_text(trained.read_text() + 'mine = 1\n')
    recipe_for_training('pets', 'out')
    assert 'mine = 1' not in trained.read_text()
    (kept,) = folder.glob('*_earlier.py')
    assert 'mine = 1' in kept.read_text()


def test_models_and_weights_that_are_asked_for():
    tiny_folders.class_folders(Path('pets'))
    Path('weights.pth').touch()
    recipe = new_recipe('pets', model='resnet50', pretrained='weights.pth')
    cfg = load_config(recipe)
    assert cfg.model.backbone.type == 'ResNet'  # as it was asked for, at 24 px too
    assert cfg.model.backbone.depth == 50
    assert cfg.load_from == Path('weights.pth').absolute().as_posix()
    assert cfg.optim_wrapper.optimizer.lr == 2e-4
    with pytest.raises(UserError, match="'resnet5'.*did you mean 'resnet50'"):
        new_recipe('pets', model='resnet5')
    with pytest.raises(UserError, match='is for gait, but the data are for classif'):
        new_recipe('pets', model='gaitbase')
    with pytest.raises(CheckpointError, match=r'absent\.pth'):
        new_recipe('pets', pretrained='absent.pth')
    with pytest.raises(UserError, match='epochs must be at least 1, got 0'):
        new_recipe('pets', epochs=0)
    with pytest.raises(UserError, match=r"a recipe is a \.py file, got 'a\.yaml'"):
        new_recipe('pets', 'a.yaml')


@pytest.mark.parametrize(
    'name', ['psmnet', 'gwcnet-g', 'lightstereo-s', 'raftstereo', 'igev']
)
def test_a_recipe_of_a_published_stereo_network(name):
    """Its largest disparity is one that the network takes."""
    tiny_folders.pairs(Path('pairs'))
    cfg = load_config(new_recipe('pairs', model=name))
    assert check_config(cfg) == []
    assert cfg.model.max_disp == cfg.val_evaluator.max_disp < 192


@pytest.mark.parametrize('name', ['gaitset', 'deepgaitv2_2d'])
def test_a_recipe_of_a_published_gait_network(name):
    tiny_folders.walks(Path('walks'))
    cfg = load_config(new_recipe('walks', model=name))
    assert check_config(cfg) == []


def test_part_of_a_name_stands_for_all_that_have_it():
    with pytest.raises(UserError, match='there are simclr_resnet18, simclr_resnet18_c'):
        model_of('selfsup', 'simclr', small=False)


def test_every_task_has_the_models_that_are_its_default():
    for task, names in DEFAULTS.items():
        assert set(names) <= set(models_for(task))


@pytest.mark.parametrize(
    ('epochs', 'warm_up'),  # an epoch has four batches of 4 from 16 images
    [(1, None), (3, None), (5, 2), (30, 12), (125, 50), (200, 50)],
)
def test_the_warm_up_takes_a_tenth_of_the_training_at_most(epochs, warm_up):
    for split, each in (('train', 8), ('val', 2)):
        tiny_folders.class_folders(Path('pets', split), each=each)
    cfg = load_config(new_recipe('pets', epochs=epochs))
    assert cfg.train_dataloader.batch_size == 4
    *warming, cosine = cfg.param_scheduler
    assert [each.end for each in warming] == ([warm_up] if warm_up else [])
    assert cosine.type == 'CosineAnnealingLR'
    base = load_config('mmlite::_base_/schedules/adamw_coslr_30e.py').param_scheduler
    assert cosine == base[1]
    assert all(dict(each, end=50) == dict(base[0]) for each in warming)


def test_a_backbone_of_one_size_keeps_it():
    tiny_folders.class_folders(Path('pets'))
    cfg = load_config(new_recipe('pets', model='vit-base-p16'))
    assert cfg.model.backbone.img_size == 224
    sizes = [s.get('scale') for s in cfg.train_dataloader.dataset.pipeline]
    assert 224 in sizes


def test_without_anything_held_out_the_test_is_on_the_training():
    tiny_folders.class_folders(Path('pets'), each=1)
    recipe = new_recipe('pets')
    cfg = load_config(recipe)
    assert cfg.val_dataloader is None
    assert check_config(cfg, build_model=False) == []
    own, test = cfg.train_dataloader.dataset, cfg.test_dataloader.dataset
    assert (own.ann_file, own.data_root) == (test.ann_file, test.data_root)
    assert 'none is held out to validate' in recipe.read_text()


def test_unlabelled_images_are_tested_by_nothing():
    for number in range(5):
        tiny_folders.picture(Path('photos', f'{number}.JPG'), seed=number)
    cfg = load_config(new_recipe('photos', task='selfsup'))
    assert check_config(cfg, build_model=False) == []
    assert cfg.get('val_dataloader') is None and 'test_evaluator' not in cfg
    assert cfg.train_dataloader.dataset.with_label is False
    assert not [a for a in advice_on(cfg) if 'test_dataloader' in str(a)]


def test_walks_of_one_view_and_type_are_tested_by_nothing_which_is_said(capsys):
    frames = np.zeros((4, 64, 44), np.uint8)
    frames[:, :, 15:30] = 255
    for person in range(4):
        folder = Path(f'walks/{person}/walk/side')
        folder.mkdir(parents=True)
        np.save(folder / 'frames.npy', frames)
    recipe = new_recipe('walks')
    said = capsys.readouterr().out
    assert 'note      one view of one type: nothing is validated' in said
    assert 'note      2 of 4 identities are held out' in said
    cfg = load_config(recipe)
    assert check_config(cfg, build_model=False) == []
    assert 'test_evaluator' not in cfg and cfg.val_dataloader is None
    assert not [a for a in advice_on(cfg) if 'test_dataloader' in str(a)]


@pytest.mark.slow
def test_a_checkpoint_of_unlabelled_images_is_predicted_with_and_exported(capsys):
    for number in range(4):
        tiny_folders.picture(Path('photos', f'{number}.jpg'), seed=number)
    small = 'base_channels=2 stem_channels=2'.split()
    words = [f'model.backbone.{word}' for word in small] + ['model.neck.in_channels=16']
    command = ['train', '--data', 'photos', '--task', 'selfsup', '--epochs', '1']
    assert main([*command, '--work-dir', 'ssl', '--cfg-options', *words]) == 0
    assert 'is alone' not in ''.join(capsys.readouterr())
    assert 'mmlite test' not in Path('ssl/report.html').read_text()
    cfg = load_config(next(Path('ssl').glob('*_whole.py')))
    assert cfg.test_dataloader.dataset.pipeline[-1].type == 'PackInputs'
    assert main(['predict', 'ssl/epoch_1.pth', 'photos/0.jpg']) == 0
    pytest.importorskip('onnx')
    assert main(['export', 'ssl/epoch_1.pth', '--out', 'a.onnx']) == 0


@pytest.mark.parametrize(
    ('words', 'says'),
    [
        (['train'], 'nothing to train: give a config, or --data'),
        (['train', '--model', 'resnet50'], 'nothing to train.*beside --model'),
        (['train', 'a.py', '--data', 'pets'], 'give either a config or --data'),
        (
            ['train', 'a.py', '--epochs', '2'],
            'without --data there is no use for --epochs',
        ),
        (['train', '--data', 'nowhere'], r'the folder \S+nowhere does not exist'),
        (['new', '--data', 'pets', '--task', 'gaits'], "did you mean 'gait'"),
    ],
)
def test_mistakes_are_one_line(words, says, capsys):
    Path('pets').mkdir()
    assert main(words) == 1
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1
    assert re.search(says, said)


def test_a_folder_that_cannot_be_written_to(monkeypatch):
    tiny_folders.class_folders(Path('pets'))
    Path('taken').touch()  # a file where a folder would be made
    with pytest.raises(UserError, match=r'cannot write .*taken.*can be written to'):
        recipe_for_training('pets', 'taken')


def test_the_function_of_the_package_is_that_of_the_command():
    import mmlite

    assert mmlite.train is train
    assert 'train' in dir(mmlite)


def test_identities_of_a_partition_of_ones_own(capsys):
    tiny_folders.walks(Path('walks'))
    new_recipe('walks', 'by_rule.py')
    held_out = 'note      2 of 6 identities are held out to validate\n'
    assert held_out in capsys.readouterr().out
    partition = dict(TRAIN_SET=['000', '001', '002', '003'], TEST_SET=['004', '005'])
    Path('walks/mine.json').write_text(json.dumps(partition))
    cfg = load_config(new_recipe('walks'))
    assert 'held out' not in capsys.readouterr().out
    assert Path(cfg.train_dataloader.dataset.ann_file).name == 'mine.json'
    assert cfg.model.SeparateBNNecks.class_num == 4
