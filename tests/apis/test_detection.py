"""Detectors from end to end: trained on drawn shapes, shown, exported."""

from __future__ import annotations

import json
import warnings

import cv2
import numpy as np
import pytest
import torch

from mmlite.apis import DetectionInferencer, export, predict
from mmlite.apis.inferencers import DetectionPrediction, find_sources, inferencer_of
from mmlite.config import load_config
from mmlite.datasets import Shapes
from mmlite.engine import Runner
from mmlite.errors import UserError
from mmlite.structures import DataSample

SSD = 'configs/ssd/ssd_tiny_1xb16-30e_shapes.py'


@pytest.fixture(autouse=True)
def of_the_repository(request, monkeypatch):
    monkeypatch.chdir(request.config.rootpath)


@pytest.mark.slow
def test_ssd_learns_shapes(tmp_path):
    """8 of the recipe's 30 epochs; untrained it finds nothing."""
    cfg = load_config(SSD)
    cfg.work_dir = str(tmp_path)
    cfg.train_cfg.update(max_epochs=8, val_interval=8)
    cfg.param_scheduler[1].T_max = 8
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
    with pytest.raises(UserError, match='score_thr lies in'):
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
        gt_labels=torch.tensor([0]),
    )
    drawn = DetectionPrediction(find_sources(image), sample, ['cat']).plot()
    red = (drawn == (230, 60, 40)).all(axis=2)
    assert red[150, 100] and red[150, 300] and red[250, 200]
    assert not red[100:200, 110:290].any()
    green = (drawn == (0, 200, 0)).all(axis=2)
    assert green[270, 10] and green[270, 30] and green[280, 20]


def test_raw_detections_are_exported_to_onnx(tmp_path):
    """The file is compared with the model before it is left there."""
    pytest.importorskip('onnxruntime')
    import onnxruntime

    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        path = export(SSD, out=tmp_path / 'ssd.onnx', size=64)
    run = onnxruntime.InferenceSession(str(path), providers=['CPUExecutionProvider'])
    outputs = {one.name: one.shape for one in run.get_outputs()}
    anchors = 4 * (8 * 8 + 4 * 4 + 2 * 2)
    assert outputs == dict(
        raw_detection_boxes=[1, anchors, 4], raw_detection_scores=[1, anchors, 5]
    )
