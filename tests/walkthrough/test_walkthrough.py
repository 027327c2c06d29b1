"""A user's own package, outside mmlite: built, trained, tested, resumed."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import torch
from support.user_folder import make_folder, run_tool

from mmlite import apis
from mmlite.apis.cli import main
from mmlite.errors import ConfigError
from mmlite.registry import MODELS

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
RESNET, VIT, STUDENT, ROTNET = (
    f'my_{name}_digits.py' for name in ('resnet', 'vit', 'student', 'rotnet')
)

FEW = [
    'train_cfg.max_epochs=1',
    'train_dataloader.batch_size=16',
    'train_dataloader.dataset.indices=64',
    'val_dataloader.dataset.indices=32',
    'test_dataloader.dataset.indices=32',
]
NARROW = [
    'model.backbone.stem_channels=8',
    'model.backbone.base_channels=4',
    'model.head.in_channels=32',
]
OPTIONS = {
    RESNET: [*FEW, *NARROW],
    VIT: [*FEW, 'model.backbone.arch.num_layers=1'],
    STUDENT: [*FEW, *NARROW],
}


@pytest.fixture(params=['work', 'my own work'])
def folder(request, tmp_path):
    """A user's own folder, its name with and without spaces."""
    return make_folder(tmp_path / request.param)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A user's own folder, as the working directory."""
    monkeypatch.chdir(make_folder(tmp_path / 'my own work'))


@pytest.mark.parametrize('config', [RESNET, VIT])
def test_trains_and_tests(here, config):
    runner = apis.train(config, OPTIONS[config])
    assert runner.iter == 4
    assert type(runner.model.head).__module__.startswith('my_project')
    checkpoint = Path('work_dirs', Path(config).stem, 'epoch_1.pth')
    metrics = apis.test(config, checkpoint, OPTIONS[config])
    assert 0 <= metrics['accuracy/top1'] <= 100


def test_resumed_is_as_never_stopped(here):
    longer = [*OPTIONS[RESNET], 'train_cfg.max_epochs=2']
    apis.train(RESNET, OPTIONS[RESNET])
    resumed = apis.train(RESNET, longer, resume=True)
    straight = apis.train(RESNET, longer, work_dir='straight')
    assert resumed.iter == straight.iter == 8
    for name, value in straight.model.state_dict().items():
        assert torch.equal(value, resumed.model.state_dict()[name]), name


def test_the_student_learns_what_the_teacher_says(here):
    apis.train(RESNET, OPTIONS[RESNET])
    on_training_data = [
        'test_dataloader.dataset.split=train',
        'test_dataloader.dataset.indices=64',
    ]
    apis.test(
        RESNET,
        'work_dirs/my_resnet_digits/epoch_1.pth',
        [*OPTIONS[RESNET], *on_training_data],
        out='teacher.json',
        out_whole=True,
    )
    rows = json.loads(Path('teacher.json').read_text())
    assert sorted(row['sample_idx'] for row in rows) == list(range(64))
    runner = apis.train(STUDENT, OPTIONS[STUDENT])
    sample = runner.train_dataloader.dataset[5]['data_samples']
    row = next(row for row in rows if row['sample_idx'] == 5)
    torch.testing.assert_close(sample.gt_score, torch.tensor(row['pred_score']))
    assert sample.gt_label.tolist() == row['gt_label']


def test_a_classifier_begins_with_what_the_own_whole_learned(here):
    narrow = [option for option in NARROW if 'head' not in option]
    few = [option for option in FEW if 'train' in option]
    learned = apis.train(ROTNET, [*few, *narrow, 'model.in_channels=32'])
    checkpoint = 'work_dirs/my_rotnet_digits/epoch_1.pth'
    begun = apis.init_model(RESNET, checkpoint, overrides=NARROW)
    images = torch.rand(2, 3, 32, 32)
    feats = learned.model.eval()(images)
    assert feats[0].shape == (2, 32)
    torch.testing.assert_close(begun.extract_feat(images), feats)


@pytest.mark.slow
def test_the_command_line_finds_the_package_beside_the_config(folder):
    options = ['--cfg-options', *OPTIONS[RESNET]]
    assert 'accuracy/top1' in run_tool('train.py', folder, RESNET, *options)
    longer = [*options, 'train_cfg.max_epochs=2']
    assert 'accuracy/top1' in run_tool('train.py', folder, RESNET, '--resume', *longer)
    checkpoint = 'work_dirs/my_resnet_digits/epoch_2.pth'
    assert (folder / checkpoint).is_file()
    assert 'accuracy/top1' in run_tool('test.py', folder, RESNET, checkpoint, *options)


@pytest.mark.slow
def test_the_command_line_works_from_elsewhere(tmp_path):
    folder = make_folder(tmp_path / 'my own work')
    elsewhere = tmp_path / 'elsewhere'
    elsewhere.mkdir()
    options = ['--cfg-options', *OPTIONS[RESNET]]
    assert 'accuracy/top1' in run_tool('train.py', elsewhere, folder / RESNET, *options)


def test_a_checked_config_is_fine(here, capsys):
    assert main(['check-config', RESNET, VIT, ROTNET]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines == [f'{config}: ok' for config in (RESNET, VIT, ROTNET)]


@pytest.mark.parametrize(
    ('override', 'message'),
    [
        ('model.head.in_channels=77', 'model.head.in_channels=128'),
        ('model.head.num_classes=5', '10'),
        ('model.head.num_classes=0', 'num_classes=0 must be a positive integer'),
        ('+model.backbone.deep_stem=True', 'deep_stem is not supported'),
        ('+model.backbone.dept=18', "did you mean 'depth'"),
        ('model.neck.type=MyGlobalAveragePoling', 'MyGlobalAveragePooling'),
        ('custom_imports.imports=["my_projct"]', 'my_projct'),
    ],
)
def test_mistakes_in_own_parts_are_reported(here, override, message):
    with pytest.raises(ConfigError) as error:
        apis.prepare_training(RESNET, [override])
    assert message in str(error.value)


def test_the_stem_keeps_the_resolution(here):
    model = apis.init_model(RESNET)
    feats = model.backbone(torch.zeros(1, 3, 32, 32))
    assert [tuple(f.shape) for f in feats] == [(1, 128, 4, 4)]


def test_the_own_backbone_is_the_one_of_mmlite(here):
    """The walk-through writes again what mmlite has under the seed's name."""
    cfg = dict(depth=18, stem_channels=8, base_channels=4)
    apis.init_model(RESNET)
    mine = MODELS.build(dict(cfg, type='MyResNet_CIFAR')).eval()
    theirs = MODELS.build(dict(cfg, type='ResNet_CIFAR')).eval()
    theirs.load_state_dict(mine.state_dict())
    x = torch.rand(2, 3, 32, 32)
    torch.testing.assert_close(mine(x), theirs(x))


def test_the_loss_has_its_closed_form(here):
    apis.init_model(RESNET)
    loss = MODELS.build(dict(type='MyL1Loss', loss_weight=2.0))
    pred = torch.zeros(3, 4)  # a softmax of 1/4 each
    target = torch.eye(4)[:3]
    assert loss(pred, target).item() == pytest.approx(2 * (3 / 4 + 3 * 1 / 4) / 4)
    weight = torch.tensor([1.0, 0.0, 0.0])
    weighted = loss(pred, target, weight=weight, avg_factor=1)
    assert weighted.item() == pytest.approx(2 * 1.5)
    assert loss(pred, target, reduction_override='none').shape == (3, 4)
    with pytest.raises(ValueError, match='one value per class'):
        loss(pred, torch.zeros(3))


def test_an_own_self_supervised_algorithm_learns(here):
    few = [option for option in FEW if 'train' in option]
    runner = apis.train('my_algorithm_digits.py', few)
    logged = runner.message_hub.get_scalar('train/loss').data[0]
    assert len(logged) == 4 and all(map(math.isfinite, logged))
    checkpoint = 'work_dirs/my_algorithm_digits/epoch_1.pth'
    arch = dict(embed_dims=32, num_layers=2, num_heads=4, feedforward_channels=64)
    vit = MODELS.build(
        dict(
            type='VisionTransformer',
            arch=arch,
            img_size=16,
            patch_size=4,
            init_cfg=dict(type='Pretrained', checkpoint=checkpoint, prefix='backbone.'),
        )
    )
    vit.init_weights()
    learned = runner.model.backbone.state_dict()
    for name, value in vit.state_dict().items():
        torch.testing.assert_close(value, learned[name])


def test_the_slip_of_the_tutorial_is_explained(here):
    from mmlite.models.selfsup import BaseSelfSupvisor

    with pytest.raises(ValueError, match='first argument of BaseSelfSup.* backbone'):
        BaseSelfSupvisor(None)
