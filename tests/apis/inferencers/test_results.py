"""What an inferencer gives can be looked at, saved, and shown by a notebook."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from support.html_pages import Page

from mmlite.apis.inferencers import (
    ClassPrediction,
    DetectionPrediction,
    GaitPrediction,
    ImageClassificationInferencer,
    Inferencer,
    Prediction,
    Predictions,
    RetrievalPrediction,
    Source,
    StereoPrediction,
)
from mmlite.apis.inferencers.prediction import free_names
from mmlite.structures import DataSample
from mmlite.visualization import read_image

GREY = np.full((40, 60, 3), 90, np.uint8)


def source(name):
    return Source(name, array=GREY)


def of_each_task():
    label = DataSample().set_pred_label(1).set_pred_score([0.25, 0.75])
    boxes = DataSample(
        pred_bboxes=torch.tensor([[10.0, 10.0, 30.0, 30.0]]),
        pred_scores=torch.tensor([0.9]),
        pred_labels=torch.tensor([0]),
    )
    ranks = DataSample(pred_label=torch.tensor([1, 0]))
    ranks.pred_score = torch.tensor([0.25, 0.75])
    walk = DataSample(pred_embedding=torch.ones(4, 2))
    names, name = ['<b>cat</b>', 'dog'], 'a<i>.png'
    walks = Source(name, array=np.full((9, 64, 44), 255, np.uint8))
    return dict(
        classification=ClassPrediction([source(name)], label, names),
        detection=DetectionPrediction([source(name)], boxes, names),
        gait=GaitPrediction([walks], walk),
        plain=Prediction([source(name)], label, names),
        retrieval=RetrievalPrediction([source(name)], ranks, names),
        stereo=StereoPrediction(
            [source(name)] * 2, DataSample(pred_disparity=torch.ones(40, 60))
        ),
    )


@pytest.mark.parametrize('task', of_each_task())
def test_one(task, tmp_path):
    prediction = of_each_task()[task]
    assert prediction.plot().ndim == 3
    path = prediction.save(tmp_path / 'one.png')
    assert (read_image(path) == prediction.plot()).all()
    assert prediction._repr_png_()[1:4] == b'PNG'
    shown = Page(f'<h1>x</h1>{prediction._repr_html_()}')
    assert shown.mistakes == []
    assert 'a<i>.png' in shown.text
    assert prediction.to_dict() == dict(prediction)


def test_several(tmp_path):
    found = Predictions(of_each_task().values())
    assert [row['input'] for row in found.to_dict()] == ['a<i>.png'] * len(found)
    names = [path.name for path in found.save(tmp_path / 'new')]
    assert len(set(names)) == len(found)
    assert found.plot(columns=2).shape[0] == 8 + 3 * (224 + 18 + 8)
    assert found._repr_png_()[1:4] == b'PNG'
    assert Page(f'<h1>x</h1>{found._repr_html_()}').mistakes == []


def test_files_of_one_name_are_told_apart_by_their_folders(tmp_path):
    label = DataSample().set_pred_label(1).set_pred_score([0.25, 0.75])
    paths = ['w/001/nm/000.png', 'w/002/nm/000.png', 'w/002/nm/001.png', '000.png']
    found = Predictions(Prediction([source(path)], label) for path in paths[:3])
    names = [path.name for path in found.save(tmp_path)]
    assert names == ['001_nm_000.png', '002_nm_000.png', '001.png']
    name = free_names(None, [paths[0], paths[3], paths[3]])
    assert [name(paths[i]) for i in (0, 3, 3)] == [
        'w_001_nm_000.png',
        '000.png',
        '000_1.png',
    ]


def test_boxes_are_counted_in_words():
    def text(labels, scores):
        boxes = DataSample(
            pred_bboxes=torch.zeros(len(labels), 4),
            pred_scores=torch.tensor(scores),
            pred_labels=torch.tensor(labels),
        )
        return DetectionPrediction([source('a')], boxes, ['cat', 'dog']).text()

    assert (
        text([1, 0, 1], [0.5, 0.75, 0.9])
        == '3 boxes: 2 dog, best 0.90; 1 cat, best 0.75'
    )
    assert text([], []) == 'no box'


def test_an_embedding_is_explained_once():
    sample = DataSample()
    sample.pred_embedding = torch.ones(512)
    predict = Inferencer.__new__(ImageClassificationInferencer)
    predict.classes = None
    found = Inferencer.prediction(predict, [source('a')], sample)
    assert found.text() == 'an embedding of 512 numbers'
    assert '--out FILE.npz' in found.hint
    sample.set_pred_label(1)
    assert Inferencer.prediction(predict, [source('a')], sample).hint == ''


def test_what_cannot_be_drawn_onto_a_picture_is_written_above_it():
    found = of_each_task()
    walk = found['gait']
    assert walk.caption() == ['a<i>.png', 'embedding (4, 2)']
    drawn = walk.plot()
    text, frames = drawn[:-224], drawn[-224:]
    assert (frames == 255).all() and text.shape[1] == frames.shape[1]
    rows = (text < 128).any(axis=(1, 2))
    assert rows[:18].any() and rows[18:].any()  # both lines
    assert found['plain'].caption() == found['stereo'].caption() == []
    assert found['plain'].plot().shape[0] == 224


def test_what_is_found_is_shown_beside_the_query():
    ranks = DataSample(pred_label=torch.tensor([1, 0]))
    ranks.pred_score = torch.tensor([0.25, 0.75])
    shades = [np.full((40, 60), 10, np.uint8), np.full((40, 60), 200, np.uint8)]
    found = RetrievalPrediction(
        [source('q')], ranks, picture_of=lambda place: shades[place]
    )
    image = found.plot()
    row = image[100]
    width = round(60 * 224 / 40) + 8
    middles = [row[8 + i * width + width // 2, 0] for i in range(3)]
    assert middles == [90, 200, 10]
