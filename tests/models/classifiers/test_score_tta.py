import pytest
import torch
from torch import nn

from mmlite.errors import ConfigError, DataError
from mmlite.models.classifiers import (
    AverageClsLogitTTA,
    AverageClsScoreTTA,
    ImageClassifier,
)
from mmlite.registry import MODELS
from mmlite.structures import DataSample


class FirstPixels(nn.Module):
    """The first three pixels are the logits."""

    def forward(self, x):
        return (x.flatten(1)[:, :3],)


CLASSIFIER = dict(
    type='ImageClassifier', backbone=FirstPixels(), head=dict(type='ClsHead')
)


def test_averages_the_scores_of_the_views():
    tta = MODELS.build(dict(type='AverageClsScoreTTA', module=CLASSIFIER))
    views = [torch.randint(0, 5, (2, 1, 2, 2), dtype=torch.uint8) for _ in range(3)]
    samples = [[DataSample().set_gt_label(i) for i in (2, 0)] for _ in views]
    got = tta.test_step(dict(inputs=views, data_samples=samples))
    for i, sample in enumerate(got):
        logits = [view[i].flatten()[:3].float() for view in views]
        expected = sum(row.softmax(dim=0) for row in logits) / 3
        torch.testing.assert_close(sample.pred_score, expected)
        assert sample.pred_label.item() == expected.argmax().item()
        assert sample.gt_label.item() == (2, 0)[i]


def test_label_is_that_of_the_mean():
    views = [
        DataSample().set_pred_score(score).set_pred_label(label)
        for score, label in (([0.6, 0.4], 0), ([0.1, 0.9], 1))
    ]
    tta = AverageClsScoreTTA(ImageClassifier(FirstPixels()))
    merged = tta.merge_preds([views])[0]
    assert merged.pred_score.tolist() == pytest.approx([0.35, 0.65])
    assert merged.pred_label.tolist() == [1]
    assert views[0].pred_label.tolist() == [0]


def test_another_preprocessor():
    cfg = dict(CLASSIFIER)
    tta = AverageClsScoreTTA(cfg, dict(type='ClsDataPreprocessor', mean=[1], std=[2]))
    assert tta.module.data_preprocessor.mean.item() == 1
    assert cfg == CLASSIFIER


def test_wrong_config():
    cfg = dict(type='AverageClsScoreTTA', module=dict(CLASSIFIER, hed=None))
    with pytest.raises(ConfigError, match="module: .*did you mean 'head'"):
        MODELS.build(cfg)


@pytest.mark.parametrize('weights', [None, [2, 1, 1], [0.5, 0, 0.5]])
def test_logits_are_averaged_with_weights(weights):
    tta = AverageClsLogitTTA(MODELS.build(CLASSIFIER), weights)
    logits = torch.randn(4, 3, 5)
    per_image = [
        [DataSample().set_pred_score(row.softmax(0)) for row in views]
        for views in logits
    ]
    merged = tta.merge_preds(per_image)
    shares = torch.tensor(weights or [1.0, 1.0, 1.0])
    shares = shares / shares.sum()
    for sample, views in zip(merged, logits, strict=True):
        expected = (shares[:, None] * views).sum(0)
        torch.testing.assert_close(sample.pred_score, expected.softmax(0))
        assert sample.pred_label.tolist() == [expected.argmax().item()]


def test_a_class_that_a_view_excludes_can_still_be_found():
    tta = AverageClsLogitTTA(ImageClassifier(FirstPixels()))
    scores = torch.tensor([[[0.0, 1.0], [1.0, 0.0], [0.9, 0.1]]])
    merged = tta.merge_scores(scores)
    assert merged.isfinite().all() and merged.argmax().item() == 0


def test_weights_that_do_not_fit():
    with pytest.raises(ConfigError, match='weights must be positive, or 0'):
        MODELS.build(dict(type='AverageClsLogitTTA', module=CLASSIFIER, weights=[0, 0]))
    tta = AverageClsLogitTTA(ImageClassifier(FirstPixels()), weights=[1, 1])
    with pytest.raises(DataError, match='weights has 2 values, .* makes 3 views'):
        tta.merge_scores(torch.rand(1, 3, 5))
