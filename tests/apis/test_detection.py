"""Detectors from end to end: trained on drawn shapes, shown, exported."""

from __future__ import annotations

import json
import warnings

import cv2
import numpy as np
import pytest
import torch
from contracts.tiny import WHOLES
from mmengine.config import ConfigDict

from mmlite.apis import DetectionInferencer, export, init_model, predict
from mmlite.apis.inferencers import DetectionPrediction, find_sources, inferencer_of
from mmlite.config import load_config
from mmlite.datasets import Shapes
from mmlite.engine import Runner
from mmlite.errors import UserError
from mmlite.models.detectors.ground_truth import normalized
from mmlite.structures import DataSample

SSD = 'configs/ssd/ssd_tiny_1xb16-30e_shapes.py'
FASTER_RCNN = 'configs/faster_rcnn/faster_rcnn_tiny_fpn_1xb16-18e_shapes.py'


@pytest.fixture(autouse=True)
def of_the_repository(request, monkeypatch):
    monkeypatch.chdir(request.config.rootpath)


@pytest.mark.slow
@pytest.mark.parametrize(('recipe', 'epochs'), [(SSD, 8), (FASTER_RCNN, 5)])
def test_detectors_learn_shapes(recipe, epochs, tmp_path):
    """Some of the recipe's epochs; untrained they find nothing, AP50 is below 0.01."""
    cfg = load_config(recipe)
    cfg.work_dir = str(tmp_path)
    cfg.update(val_dataloader=None, val_cfg=None, val_evaluator=None)
    cfg.default_hooks.checkpoint = None
    cfg.train_cfg.max_epochs = epochs
    cfg.param_scheduler[1].T_max = epochs
    runner = Runner.from_cfg(cfg)
    runner.train()
    assert runner.test()['coco/bbox_mAP_50'] >= 0.25


def write_pictures(folder, count=2):
    shapes = Shapes(split='test')
    for place in range(count):
        cv2.imwrite(str(folder / f'{place}.png'), shapes[place]['img'])


def test_predicting_writes_boxes_and_pictures(tmp_path):
    write_pictures(tmp_path)
    shown, rows = tmp_path / 'shown', tmp_path / 'rows.json'
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # weights are random
        found = predict(SSD, inputs=str(tmp_path), show_dir=shown, out=rows)
    assert len(found) == len(list(shown.glob('*.png'))) == 2
    row = json.loads(rows.read_text())[0]
    assert {'bboxes', 'scores', 'labels', 'names'} <= row.keys()
    assert all(score >= 0.3 for score in row['scores'])


def test_the_inferencer_of_a_detector():
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        assert isinstance(inferencer_of(SSD), DetectionInferencer)
        everything = DetectionInferencer(SSD, score_thr=0.0)
    found = everything(np.zeros((96, 160, 3), np.uint8))[0]
    boxes = np.array(found['bboxes'])
    assert len(boxes)
    assert boxes.min() >= 0
    assert (boxes <= [160, 96, 160, 96]).all()
    assert set(found['labels']) <= set(range(5))
    assert len(found['names']) == len(found['labels']) == len(found['scores'])
    with pytest.raises(UserError, match='score_thr must lie in'):
        DetectionInferencer(SSD, score_thr=2)


def test_boxes_are_drawn_where_they_are():
    """In pixels of the picture, though the network saw another size."""
    image = np.zeros((300, 400, 3), np.uint8)
    sample = DataSample(
        metainfo=dict(img_shape=(30, 40), ori_shape=(300, 400)),
        pred_bboxes=torch.tensor([[100.0, 50.0, 300.0, 250.0]]),
        pred_scores=torch.tensor([0.9]),
        pred_labels=torch.tensor([0]),
        gt_bboxes=torch.tensor([[1.0, 26.0, 3.0, 28.0]]),
        gt_bboxes_labels=torch.tensor([0]),
    )
    drawn = DetectionPrediction(find_sources(image), sample, ['cat']).plot()
    red = (drawn == (230, 60, 40)).all(axis=2)
    assert red[150, 100] and red[150, 300] and red[250, 200]
    assert not red[100:200, 110:290].any()
    green = (drawn == (0, 200, 0)).all(axis=2)
    assert green[270, 10] and green[270, 30] and green[280, 20]


def config_of(name):
    """The recipe of SSD with another model, of few channels."""
    cfg = load_config(SSD)
    cfg.model = ConfigDict(WHOLES[name][0], type=name)
    return cfg


@pytest.mark.filterwarnings('ignore')
@pytest.mark.parametrize(
    ('name', 'anchors'),
    [
        ('RetinaNet', 3 * (8 * 8 + 4 * 4)),
        pytest.param('SSD', None, marks=pytest.mark.slow),
        pytest.param('FasterRCNN', None, marks=pytest.mark.slow),
    ],
)
def test_all_and_final_detections_are_exported_to_onnx(tmp_path, name, anchors):
    """The file is compared with the model before it is left there; any batch."""
    onnxruntime = pytest.importorskip('onnxruntime')
    torch.manual_seed(0)
    cfg = config_of(name)
    path = export(cfg, out=tmp_path / 'a.onnx', size=64, dynamic=True)
    run = onnxruntime.InferenceSession(str(path), providers=['CPUExecutionProvider'])
    images = np.random.default_rng(0).normal(size=(2, 3, 64, 64)).astype(np.float32)
    names = [one.name for one in run.get_outputs()]
    found = dict(zip(names, run.run(None, {'inputs': images}), strict=True))
    assert names[:4] == [
        'detection_boxes',
        'detection_scores',
        'detection_classes',
        'num_detections',
    ]
    if anchors is not None:
        assert found['raw_detection_boxes'].shape == (2, anchors, 4)
        assert found['raw_detection_scores'].shape == (2, anchors, 3)
    torch.manual_seed(0)
    model = init_model(cfg).eval()
    with torch.no_grad():
        samples = model(torch.from_numpy(images), mode='predict')
    for i, sample in enumerate(samples):
        count = int(found['num_detections'][i])
        assert count == len(sample.pred_scores) > 0
        boxes = normalized(sample.pred_bboxes, (64, 64))
        wanted = np.c_[boxes, sample.pred_scores, sample.pred_labels]
        boxes, *columns = (found[name][i] for name in names[:3])
        ours = np.column_stack([boxes, *columns])
        assert (ours[count:] == 0).all()
        # Rounding decides on the order of scores that are nearly equal.
        apart = np.abs(ours[:count, None] - wanted).max(axis=2)
        assert (apart.min(axis=0) < 1e-4).mean() >= 0.98
        assert (apart.min(axis=1) < 1e-4).mean() >= 0.98


@pytest.mark.slow
def test_programs_of_torch_have_all_anchors(tmp_path):
    """Suppression cannot be recorded there, and so Faster R-CNN is refused."""
    path = export(
        config_of('RetinaNet'), out=tmp_path / 'a.pt2', size=64, format='torch-export'
    )
    boxes, scores = torch.export.load(str(path)).module()(torch.rand(1, 3, 64, 64))
    assert boxes.shape == (1, 240, 4) and scores.shape == (1, 240, 3)
    with pytest.raises(UserError, match="export it with format='onnx'"):
        export(config_of('FasterRCNN'), out=tmp_path / 'b.pt2', format='torch-export')
    assert not (tmp_path / 'b.pt2').exists()
