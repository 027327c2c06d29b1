import base64
from pathlib import PureWindowsPath

import cv2
import numpy as np
import pytest
import torch

from mmlite.report import Origin, as_picture, evidence_for, short_name
from mmlite.structures import DataSample, SampleBatch


class Pictures:
    """A dataset whose sample i is a picture of the grey value i."""

    def __init__(self, size=40, shape=(3, 8, 8)):
        self.size, self.shape = size, shape

    def __len__(self):
        return self.size

    def __getitem__(self, place):
        return dict(inputs=torch.full(self.shape, place, dtype=torch.uint8))


class Metrics:
    def __init__(self, *metrics):
        self.metrics = metrics


def grey_value(picture):
    """Which sample a picture is of."""
    coded = np.frombuffer(base64.b64decode(picture.source.split(',')[1]), np.uint8)
    return int(cv2.imdecode(coded, cv2.IMREAD_COLOR)[0, 0, 0])


def classified(places, labels, scores):
    fields = dict(gt_label=torch.tensor(labels), pred_score=torch.tensor(scores))
    return SampleBatch.of(len(places), fields)


@pytest.mark.parametrize('listed', [False, True])
def test_classes(listed):
    generator = torch.Generator().manual_seed(3)
    scores = torch.rand(40, 3, generator=generator).softmax(1)
    labels = torch.randint(3, (40,), generator=generator)
    evidence = evidence_for('classification', Origin(Pictures(), ['a', 'b', 'c']))
    for i in range(0, 40, 16):
        rows = slice(i, min(i + 16, 40))
        fields = dict(gt_label=labels[rows], pred_score=scores[rows])
        batch = SampleBatch.of(len(labels[rows]), fields)
        evidence.take(list(batch) if listed else batch)
    matrix, worst = evidence.blocks({}, None)
    counts = [[0] * 3 for _ in range(3)]
    wrong = []
    for place in range(40):
        said = int(scores[place].argmax())
        counts[labels[place]][said] += 1
        if said != labels[place]:
            wrong.append((-float(scores[place].max()), place))
    assert matrix.counts == counts
    wrong.sort()
    assert [grey_value(p) for p in worst.pictures] == [p for _, p in wrong[:12]]
    assert worst.note.startswith(f'{len(wrong)} of 40 samples are wrong')
    assert all(picture.mark == 'wrong' for picture in worst.pictures)


def test_many_classes_leave_their_mistakes_alone():
    """A million cells would be copied, written and read for nothing."""
    evidence = evidence_for('classification', Origin(Pictures()))
    scores = torch.eye(1000)[[5, 7, 7, 9]]
    evidence.take(
        SampleBatch.of(4, dict(gt_label=torch.arange(6, 10), pred_score=scores))
    )
    matrix = evidence.blocks({}, None)[0]
    assert matrix.counts == matrix.classes == ()
    assert matrix.mistakes == [('6', '5', 1, 1.0), ('8', '7', 1, 1.0)]


def test_every_second_sample_is_of_this_process():
    evidence = evidence_for('classification', Origin(Pictures(), stride=2))
    evidence.take(classified([0, 1], [0, 0], [[0.9, 0.1], [0.2, 0.8]]))
    matrix, worst = evidence.blocks({}, None)
    assert 'one of 2 processes' in matrix.note
    assert [grey_value(picture) for picture in worst.pictures] == [2]


def test_an_order_that_is_not_known_gives_no_pictures():
    evidence = evidence_for('classification', Origin(Pictures(), stride=0))
    evidence.take(classified([0], [0], [[0.2, 0.8]]))
    assert [block.kind for block in evidence.blocks({}, None)] == ['matrix']


def test_several_labels_a_sample_have_no_matrix():
    evidence = evidence_for('classification', Origin(Pictures()))
    sample = DataSample().set_gt_label([0, 1]).set_pred_score([0.2, 0.8])
    evidence.take([sample, DataSample().set_gt_label([1]).set_pred_score([0.2, 0.8])])
    assert evidence.blocks({}, None) == []


def test_boxes_of_a_low_score_are_not_drawn():
    def drawn(score):
        evidence = evidence_for('detection', Origin(Pictures(shape=(3, 40, 40)), ['x']))
        boxes = dict(
            pred_bboxes=torch.tensor([[5.0, 5.0, 30.0, 30.0]]),
            pred_scores=torch.tensor([score]),
            pred_labels=torch.tensor([0]),
        )
        evidence.take([DataSample(**boxes)])
        return evidence.blocks({}, None)[0].pictures[0].source

    assert drawn(0.1) == drawn(0.2) != drawn(0.9)


def test_of_many_boxes_the_caption_has_the_number():
    evidence = evidence_for('detection', Origin(Pictures(shape=(3, 40, 60)), ['x']))
    boxes = dict(
        pred_bboxes=torch.rand(50, 4),
        pred_scores=torch.tensor([0.1] * 20 + [0.9] * 30),
        pred_labels=torch.zeros(50, dtype=torch.long),
    )
    one = {name: value[-1:] for name, value in boxes.items()}
    evidence.take([DataSample(**boxes), DataSample(**one)])
    (block,) = evidence.blocks({}, None)
    captions = [picture.caption for picture in block.pictures]
    assert captions == ['sample 0: 20 of 30 boxes', 'sample 1: 1 box']


def test_precision_over_recall_of_the_metric():
    class Metric:
        curves = dict(cat=np.array([1.0, 0.5, 0.0]))  # noqa: RUF012

    evidence = evidence_for('detection', Origin(Pictures()))
    (curves,) = evidence.blocks({}, Metrics(Metric()))
    assert curves.lines[0].name == 'cat (0.500)'
    assert curves.lines[0].x == [0, 0.5, 1]


def test_disparities():
    evidence = evidence_for('stereo', Origin(Pictures(shape=(3, 4, 6))))
    predicted, target = torch.full((4, 6), 7.0), torch.full((1, 4, 6), 5.0)
    target[0, 0] = 0  # unknown
    evidence.take([DataSample(pred_disparity=predicted, gt_disparity=target)])
    (block,) = evidence.blocks({}, None)
    captions = [picture.caption for picture in block.pictures]
    scale = captions[2].removeprefix('ground truth')
    assert captions[1:3] == [f'prediction{scale}', f'ground truth{scale}']
    assert scale.startswith(', blue 0 to red ') and scale.endswith(' px')
    assert captions[3] == 'error, 2.00 px on average'
    assert block.columns == 4


def test_a_disparity_that_is_nowhere_known_has_no_error():
    evidence = evidence_for('stereo', Origin(Pictures(shape=(3, 4, 6))))
    nothing = torch.zeros(1, 4, 6)
    evidence.take([DataSample(pred_disparity=nothing + 7, gt_disparity=nothing)])
    (block,) = evidence.blocks({}, None)
    assert block.pictures[3].caption == 'error, unknown'


@pytest.mark.parametrize('every', [False, True])
def test_rank_lists(every):
    scores = torch.tensor([0.1, 0.9, 0.5])
    order = scores.argsort(descending=True)
    sample = DataSample(pred_label=order, gt_label=torch.tensor([2, 0]))
    sample.pred_score = scores if every else scores[order]
    evidence = evidence_for('retrieval', Origin(Pictures()), Origin(Pictures()))
    evidence.take([DataSample(), sample])
    (block,) = evidence.blocks({}, None)
    (ranking,) = block.rankings
    assert grey_value(ranking.query) == 1
    assert [grey_value(picture) for picture in ranking.found] == [1, 2, 0]
    assert [picture.mark for picture in ranking.found] == ['wrong', 'right', 'right']
    assert ranking.found[0].caption == '1. 0.900, #1'


@pytest.mark.parametrize(
    'path', ['/data/birds/crow/1.png', str(PureWindowsPath('C:/birds/crow/1.png'))]
)
def test_paths_of_any_system_are_shortened(path):
    assert short_name(path) == 'crow/1.png'
    sample = DataSample(metainfo=dict(img_path=path))
    assert evidence_for('stereo', Origin([])).title_of(0, sample) == '1.png'


def walks_shown(*walks):
    """The rank lists of walks: their person, view and the value of the embedding."""
    evidence = evidence_for('gait', Origin(Pictures(shape=(5, 8, 6))))
    samples = []
    for label, view, value in walks:
        sample = DataSample(metainfo=dict(type='nm', view=view, subject=f's{label}'))
        sample.pred_embedding = torch.full((2, 1), value)
        samples.append(sample.set_gt_label(label))
    evidence.take(samples)
    (block,) = evidence.blocks({}, Metrics())
    return block


def test_walks_of_a_single_view_are_looked_for_among_all_others():
    block = walks_shown((0, 'a', 0.0), (0, 'a', 3.0), (1, 'a', 1.0))
    assert 'views' not in block.note
    first, second = block.rankings
    assert [p.mark for p in first.found] == ['wrong', 'right']
    assert [p.mark for p in second.found] == ['wrong', 'wrong']


def test_walks_are_looked_for_in_other_views():
    walks = [(0, 'a', 0.0), (0, 'b', 3.0), (1, 'b', 1.0), (1, 'a', 0.5)]
    block = walks_shown(*walks)
    assert 'of other views' in block.note
    first, second = block.rankings
    # The first walk, at 0.0 of view a, sees those of view b at 1.0 and 3.0.
    assert [p.caption for p in first.found] == [
        '1. s1, nm, view b',
        '2. s0, nm, view b',
    ]
    assert [p.mark for p in first.found] == ['wrong', 'right']
    # The third walk, at 1.0 of view b, those of view a at 0.5 and 0.0.
    assert [p.mark for p in second.found] == ['right', 'wrong']


def test_pictures_of_any_inputs():
    colours = torch.tensor([[[1.0]], [[0.0]], [[0.0]]])
    assert as_picture(colours).tolist() == [[[255, 0, 0]]]
    assert as_picture(colours, bgr=True).tolist() == [[[0, 0, 255]]]
    assert as_picture(dict(left=colours, right=colours)).shape == (1, 1, 3)
    assert as_picture([torch.zeros(1, 4, 5)] * 2).shape == (4, 5, 3)
    assert as_picture(torch.zeros(10, 4, 5)).shape == (4, 30, 3)  # 6 frames
    kept = torch.tensor([[[0.0, 128.0, 255.0]]])
    assert as_picture(kept)[0, :, 0].tolist() == [0, 128, 255]
