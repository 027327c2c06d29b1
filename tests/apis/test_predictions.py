import csv
import json
import pickle

import pytest
import torch

from mmlite.apis.predictions import PredictionFile
from mmlite.structures import DataSample


def sample():
    made = DataSample(metainfo=dict(img_path='a.png', sample_idx=3))
    made.set_gt_label(1).set_pred_label(0).set_pred_score([0.75, 0.25])
    made.set_field(torch.zeros(4, 6), 'pred_disparity')
    made.set_field(torch.ones(2, 4), 'pred_bboxes')
    made.set_field(torch.ones(2, 3), 'pred_embedding')
    return made


def written(path, **kwargs):
    file = PredictionFile(path, **kwargs)
    file.dataset_meta = dict(classes=['ant', 'bee'])
    file.process(None, [sample(), sample()])
    assert file.evaluate(1) == {}
    file.write()
    return path


def test_predictions_are_written_with_the_names_of_classes(tmp_path):
    (row,) = json.loads(written(tmp_path / 'a.json').read_text())
    assert row == dict(
        img_path='a.png',
        sample_idx=3,
        num_classes=2,
        pred_label=[0],
        pred_score=[0.75, 0.25],
        pred_bboxes=[[1.0] * 4] * 2,
        pred_embedding=[[1.0] * 3] * 2,
        pred_class='ant',
    )


def test_ground_truth_and_maps_are_written_if_asked_for(tmp_path):
    path = written(tmp_path / 'a.pkl', whole=True)
    (row,) = pickle.loads(path.read_bytes())
    assert row['gt_label'] == [1] and row['gt_class'] == 'bee'
    assert row['pred_disparity'] == [[0.0] * 6] * 4


def test_csv(tmp_path):
    with written(tmp_path / 'a.csv').open() as file:
        (row,) = csv.DictReader(file)
    assert (row['pred_class'], row['pred_score']) == ('ant', '[0.75, 0.25]')
    assert 'gt_label' not in row


@pytest.mark.parametrize('classes', [None, ['ant']])
def test_classes_that_have_no_name(tmp_path, classes):
    file = PredictionFile(tmp_path / 'a.json', whole=True)
    file.dataset_meta = dict(classes=classes)
    file.process(None, [DataSample().set_pred_label([0, 2])])
    file.evaluate(1)
    file.write()
    assert json.loads((tmp_path / 'a.json').read_text()) == [dict(pred_label=[0, 2])]
