import csv
import json
import pickle
from pathlib import Path

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
        rows = list(csv.DictReader(file))
    for row in rows:
        assert (row['pred_class'], row['pred_score']) == ('ant', '[0.75, 0.25]')
        assert 'gt_label' not in row
    assert [row['x2'] for row in rows] == ['1.0', '1.0']  # of two boxes


@pytest.mark.parametrize('classes', [None, ['ant']])
def test_classes_that_have_no_name(tmp_path, classes):
    file = PredictionFile(tmp_path / 'a.json', whole=True)
    file.dataset_meta = dict(classes=classes)
    file.process(None, [DataSample().set_pred_label([0, 2])])
    file.evaluate(1)
    file.write()
    assert json.loads((tmp_path / 'a.json').read_text()) == [dict(pred_label=[0, 2])]


def row_of(sample, classes, **kwargs):
    file = PredictionFile('row.json', **kwargs)
    file.dataset_meta = dict(classes=classes)
    file.process(None, [sample])
    file.evaluate(1)
    file.write()
    (row,) = json.loads(Path('row.json').read_text())
    return row


def test_boxes_have_the_names_of_their_classes():
    boxes = DataSample(pred_bboxes=torch.ones(2, 4), pred_labels=torch.tensor([2, 0]))
    boxes.gt_bboxes_labels = torch.tensor([1])
    row = row_of(boxes, ['ant', 'bee', 'cat'], whole=True)
    assert row['pred_names'] == ['cat', 'ant'] and row['gt_names'] == ['bee']
    none = DataSample(pred_bboxes=torch.zeros(0, 4), pred_labels=torch.zeros(0).long())
    assert row_of(none, ['ant'])['pred_names'] == []


def test_what_a_retriever_finds_has_the_names_of_its_gallery():
    found = DataSample(metainfo=dict(gallery_index=1))
    found.pred_label = torch.tensor([2, 0, 1])  # which finds itself last
    found.pred_score = torch.tensor([0.25, -torch.inf, 0.75])
    row = row_of(found, ['ant', 'bee'], gallery=['a.png', 'b.png', 'c.png'])
    assert row['pred_label'] == [2, 0] and row['matches'] == ['c.png', 'a.png']
    assert row['pred_score'] == [0.25, None, 0.75] and 'pred_class' not in row


@pytest.mark.parametrize(
    ('label', 'score'),
    [([1], [0.9]), ([2, 0, 1], [0.9, 0.8, 0.1]), ([0, 1], [0.9, 0.8])],
)
def test_places_in_a_gallery_are_no_classes(label, score):
    found = DataSample(pred_label=torch.tensor(label), pred_score=torch.tensor(score))
    found.gt_label = torch.tensor([0])
    row = row_of(found, ['ant', 'bee', 'cat'], whole=True)
    assert 'pred_class' not in row and 'gt_class' not in row


def test_the_columns_of_a_row_have_one_order(tmp_path):
    made = sample()
    made.set_metainfo(dict(ori_shape=(4, 6), img_shape=(4, 6), flip=False))
    file = PredictionFile(tmp_path / 'a.json')
    file.process(None, [made])
    file.evaluate(1)
    file.write()
    (row,) = json.loads((tmp_path / 'a.json').read_text())
    known = ['flip', 'img_shape', 'num_classes', 'ori_shape', 'sample_idx']
    found = ['pred_bboxes', 'pred_embedding', 'pred_label', 'pred_score']
    assert list(row) == ['img_path', *known, *found]
