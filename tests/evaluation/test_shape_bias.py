"""Shape or texture, against mmpretrain 1.2.0."""

from __future__ import annotations

import csv
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch

from mmlite.errors import DataError
from mmlite.evaluation import ShapeBiasMetric
from mmlite.structures import DataSample, SampleBatch

CATEGORIES = (
    'airplane bear bicycle bird boat bottle car cat chair clock dog elephant keyboard '
    'knife oven truck'
).split()
#: What mmpretrain answers to the scores below.
RESPONSES = (
    'keyboard boat keyboard cat truck truck bear oven knife airplane knife car car '
    'keyboard elephant keyboard chair car bottle airplane knife knife oven knife'
).split()


def samples():
    generator = np.random.Generator(np.random.PCG64(zlib.crc32(b'shape_bias')))
    scores = generator.standard_normal((24, 1000)).astype(np.float32)
    return [
        DataSample(
            metainfo=dict(img_path=f'cue_conflict/{CATEGORIES[i * 5 % 16]}/{i}.png')
        ).set_pred_score(row)
        for i, row in enumerate(torch.from_numpy(scores).softmax(1))
    ]


@pytest.mark.parametrize('kind', [list, SampleBatch])
def test_responses_are_those_of_mmpretrain(kind):
    metric = ShapeBiasMetric('csv', 'net')
    for _ in range(2):  # the file is of the last evaluation
        metric.process(None, kind(samples()))
        assert metric.evaluate(24) == {'accuracy/top1': 1 / 24}
    path = Path('csv/cue_conflict_net_session-1.csv')
    with path.open(newline='') as file:
        head, *rows = csv.reader(file)
    assert head == [
        *('subj', 'session', 'trial', 'rt', 'object_response'),
        *('category', 'condition', 'imagename'),
    ]
    assert rows[0] == ['net', '1', '1', 'NaN', 'keyboard', 'airplane', 'NaN', '0.png']
    assert [row[4] for row in rows] == RESPONSES
    assert [row[2] for row in rows] == [str(i + 1) for i in range(24)]


@pytest.mark.parametrize(('category', 'first', 'last'), [
    *(('bird', 8, 145), ('dog', 152, 268), ('truck', 555, 867), ('knife', 499, 499)),
])  # fmt: skip
def test_a_class_counts_for_its_category(category, first, last):
    for index in (first, last):
        metric = ShapeBiasMetric('csv', 'net')
        sample = DataSample(metainfo=dict(img_path=f'{category}/a.png'))
        metric.process(None, [sample.set_pred_score(torch.eye(1000)[index])])
        assert metric.evaluate(1) == {'accuracy/top1': 1}


def test_what_it_cannot_judge_is_refused():
    metric = ShapeBiasMetric('csv', 'net')
    path = dict(img_path='cat/a.png')
    for sample, came in (
        (DataSample(metainfo=path), 'got none'),
        (DataSample(metainfo=path).set_pred_score([0.5, 0.5]), 'those of 2 classes'),
        (DataSample().set_pred_score(torch.ones(1000)), 'no img_path.*meta_keys'),
    ):
        with pytest.raises(DataError, match=f'ShapeBiasMetric: .*{came}'):
            metric.process(None, [sample])
