"""A user's new backbone becomes the feature extractor of two detectors."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import OptimWrapper
from mmengine.registry import init_default_scope
from support.user_folder import make_folder, run_tool

from mmlite.apis import DetectionInferencer, init_model
from mmlite.apis.cli import main
from mmlite.errors import CheckpointError, ConfigError
from mmlite.ops import box_overlaps
from mmlite.registry import MODELS
from mmlite.structures import DataSample

SIZE = 64

#: With no code of the user's, and with extractors of their own.
CONFIGS = ('my_faster_rcnn.py', 'my_own_faster_rcnn.py', 'my_ssd.py', 'my_own_ssd.py')
for_each_detector = pytest.mark.parametrize('config', CONFIGS)


@pytest.fixture(autouse=True)
def _user_package(monkeypatch):
    monkeypatch.syspath_prepend(user_folder().name)
    yield
    init_default_scope('mmlite')
    for name in [n for n in MODELS.module_dict if 'InceptionV100' in n]:
        del MODELS.module_dict[name]
    for name in [n for n in sys.modules if n.split('.')[0] == 'my_detection']:
        del sys.modules[name]


@cache
def user_folder():
    """A folder of a user's for all tests."""
    folder = TemporaryDirectory()
    make_folder(Path(folder.name), 'my_detection')
    return folder


def build(config, **changes):
    cfg = Config.fromfile(f'{user_folder().name}/{config}').model
    torch.manual_seed(0)
    own = dict(num_classes=2, fine_tune_checkpoint=None)
    model = MODELS.build({**cfg, **own, **changes})
    model.init_weights()
    return model


def scenes(count, seed=0):
    """A bright square of class 0 or a dark one of class 1 on grey noise."""
    generator = torch.Generator().manual_seed(seed)
    images, samples = [], []
    for i in range(count):
        image = torch.randint(96, 160, (3, SIZE, SIZE), generator=generator)
        side = int(torch.randint(18, 34, (1,), generator=generator))
        x, y = torch.randint(0, SIZE - side, (2,), generator=generator).tolist()
        image[:, y : y + side, x : x + side] = 255 * (1 - i % 2)
        images.append(image.byte())
        samples.append(
            DataSample(
                gt_bboxes=torch.tensor([[x, y, x + side, y + side]]).float(),
                gt_bboxes_labels=torch.tensor([i % 2]),
                gt_label=torch.tensor([i % 2]),
            )
        )
    return dict(inputs=images, data_samples=samples)


def trained(model, steps, lr):
    torch.manual_seed(0)
    optimizer = OptimWrapper(torch.optim.Adam(model.parameters(), lr=lr))
    model.train()
    for step in range(steps):
        log = model.train_step(scenes(8, seed=step % 10), optimizer)
        assert log['loss'].isfinite()
    return model.eval()


def classifier():
    return MODELS.build(
        dict(
            type='ImageClassifier',
            backbone=dict(type='InceptionV100'),
            neck=dict(type='GlobalAveragePooling'),
            head=dict(type='LinearClsHead', num_classes=2, in_channels=24),
            data_preprocessor=dict(mean=[123.68, 116.779, 103.939], std=[1.0] * 3),
        )
    )


def share_found(model):
    """How many objects the best box finds, with its class and half of its place."""
    batch = scenes(16, seed=99)
    with torch.no_grad():
        found = model.test_step(batch)
    hits = 0
    for sample in found:
        if len(sample.pred_scores):
            overlap = box_overlaps(sample.gt_bboxes, sample.pred_bboxes[:1]).item()
            hits += (
                overlap > 0.5 and sample.pred_labels[0] == sample.gt_bboxes_labels[0]
            )
    return int(hits) / len(found)


@pytest.mark.slow
@for_each_detector
def test_from_classifier_to_detector(config, tmp_path):
    build(config)  # imports the user's package
    torch.manual_seed(0)
    path = tmp_path / 'classifier.pth'
    torch.save(dict(state_dict=trained(classifier(), 20, 0.01).state_dict()), path)
    model = build(config, fine_tune_checkpoint=str(path))
    before = share_found(model.eval())
    trained(model, 150, 0.005)
    assert share_found(model) >= max(0.7, before + 0.3)


@for_each_detector
def test_it_is_restored_trained_saved_and_exported(config, tmp_path):
    build(config)
    source = classifier()
    path = tmp_path / 'classifier.pth'
    torch.save(dict(state_dict=source.state_dict()), path)
    model = build(config, fine_tune_checkpoint=str(path))
    weights = {k.split('.', 2)[-1]: v for k, v in model.state_dict().items()}
    for name, value in source.backbone.state_dict().items():
        assert torch.equal(weights[name], value)
    trained(model, 2, 0.001)
    other = build(config)
    other.load_state_dict(model.state_dict())
    with torch.no_grad():
        ours, theirs = (m.eval().test_step(scenes(2)) for m in (model, other))
        inputs = model.data_preprocessor(scenes(1))['inputs']
        exported = model.export_outputs(inputs)
    for a, b in zip(ours, theirs, strict=True):
        assert torch.equal(a.pred_bboxes, b.pred_bboxes)
        assert torch.equal(a.pred_scores, b.pred_scores)
    assert exported['raw_detection_boxes'].shape[-1] == 4


def test_the_norms_of_the_classifier_stay_as_they_are():
    model = build('my_faster_rcnn.py')
    before = {k: v.clone() for k, v in model.state_dict().items() if 'running' in k}
    trained(model, 2, 0.01)
    assert before
    for name, value in before.items():
        assert torch.equal(model.state_dict()[name], value)


@for_each_detector
def test_images_are_prepared_as_for_the_classifier(config):
    model = build(config)
    ready, _ = model.preprocess(torch.full((1, 3, 8, 8), 200.0))
    means = (
        torch.tensor([123.68, 116.779, 103.939]) if 'own' in config else torch.zeros(3)
    )
    torch.testing.assert_close(ready[0, :, 0, 0], 200 - means)


def test_an_unknown_type_of_extractor_is_explained():
    with pytest.raises(
        ConfigError,
        match=r"feature_extractor: unknown type 'InceptionV10'; did you mean",
    ):
        build('my_ssd.py', feature_extractor=dict(type='InceptionV10'))


def test_a_checkpoint_of_another_backbone_is_refused(tmp_path):
    path = tmp_path / 'other.pth'
    torch.save(dict(state_dict={'backbone.conv1.weight': torch.zeros(1)}), path)
    with pytest.raises(CheckpointError, match='is it of another backbone'):
        build('my_ssd.py', fine_tune_checkpoint=str(path))


FEW = [
    'train_cfg.max_epochs=1',
    'train_cfg.val_interval=1',
    'train_dataloader.batch_size=4',
    '+train_dataloader.dataset.num_train=8',
    '+val_dataloader.dataset.num_test=4',
    '+test_dataloader.dataset.num_test=4',
    'model.fine_tune_checkpoint=work_dirs/my_inception_digits/epoch_1.pth',
]
FEW_DIGITS = [
    'train_cfg.max_epochs=1',
    'train_dataloader.dataset.indices=32',
    'val_dataloader.dataset.indices=8',
]


@pytest.mark.slow
@pytest.mark.filterwarnings('ignore')
@pytest.mark.parametrize(
    ('name', 'as_scripts'),
    [
        ('my_faster_rcnn', False),
        ('my_own_faster_rcnn', False),
        ('my_ssd', False),
        ('my_own_ssd', True),
    ],
)
def test_from_its_config_to_a_file(name, as_scripts, tmp_path, monkeypatch, capfd):
    """Trained as a classifier, then as a detector; measured, exported, reloaded."""
    onnxruntime = pytest.importorskip('onnxruntime')
    folder = make_folder(tmp_path / 'my own work', 'my_detection')
    monkeypatch.chdir(folder)

    def command(tool, *words):
        if as_scripts:
            return run_tool(f'{tool}.py', folder, *words)
        assert main([tool, *words]) == 0
        return capfd.readouterr().out

    command('train', 'my_inception_digits.py', '--cfg-options', *FEW_DIGITS)
    shown = command('train', f'{name}.py', '--cfg-options', *FEW)
    assert 'coco/bbox_mAP' in shown
    checkpoint = f'work_dirs/{name}/epoch_1.pth'
    shown = command('test', f'{name}.py', checkpoint, '--cfg-options', *FEW)
    assert 'coco/bbox_mAP' in shown
    command(
        *('export', f'{name}.py', checkpoint, '--size', '64', '--out', 'a.onnx'),
        *('--cfg-options', *FEW),
    )
    model = init_model(f'{name}.py', checkpoint, overrides=FEW).eval()
    images = torch.randn(1, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = model.export_outputs(images)
    session = onnxruntime.InferenceSession('a.onnx')
    (found,) = session.run(['raw_detection_scores'], {'inputs': images.numpy()})
    assert found.shape == expected['raw_detection_scores'].shape
    assert len(
        DetectionInferencer(checkpoint)(images[0].byte().permute(1, 2, 0).numpy())
    )
