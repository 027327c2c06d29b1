"""Heads as a user writes them on top of ClsHead."""

import pytest
import torch
from torch import nn

from mmlite.models.heads import ClsHead
from mmlite.models.losses import weighted_loss
from mmlite.registry import MODELS
from mmlite.structures import DataSample


@pytest.fixture
def registered():
    """Register classes that are forgotten after the test."""
    names = []

    def register(cls):
        names.append(cls.__name__)
        MODELS.register_module(module=cls, force=True)
        return cls

    yield register
    for name in names:
        del MODELS.module_dict[name]


def test_layers_of_its_own(registered):
    @registered
    class TokenHead(ClsHead):
        def __init__(self, num_classes, in_channels, hidden_dim, **kwargs):
            super().__init__(**kwargs)
            self.in_channels = in_channels
            self.num_classes = num_classes
            self.fc1 = nn.Linear(in_channels, hidden_dim)
            self.act = nn.Tanh()
            self.fc2 = nn.Linear(hidden_dim, num_classes)

        def pre_logits(self, feats):
            _, cls_token = feats[-1]
            return self.act(self.fc1(cls_token))

        def forward(self, feats):
            return self.fc2(self.pre_logits(feats))

    head = MODELS.build(
        dict(
            type='TokenHead',
            num_classes=5,
            in_channels=8,
            hidden_dim=4,
            loss=dict(type='LabelSmoothLoss', label_smooth_val=0.1),
            cal_acc=True,
            topk=(1, 3),
        )
    )
    feats = ([torch.rand(2, 8, 3, 3), torch.rand(2, 8)],)
    samples = [DataSample().set_gt_label(label) for label in (4, 0)]
    losses = head.loss(feats, samples)
    assert list(losses) == ['loss', 'accuracy_top-1', 'accuracy_top-3']
    losses['loss'].backward()
    assert head.fc1.weight.grad is not None
    predicted = head.predict(feats, samples)
    assert predicted[0].pred_score.shape == (5,)


def test_a_loss_of_its_own(registered):
    @weighted_loss
    def l1(pred, target):
        return (pred - target).abs()

    @registered
    class Distance(nn.Module):
        def __init__(self, reduction='mean', loss_weight=1.0):
            super().__init__()
            self.reduction = reduction
            self.loss_weight = loss_weight

        def forward(
            self,
            pred,
            target,
            weight=None,
            avg_factor=None,
            reduction_override=None,
        ):
            reduction = reduction_override or self.reduction
            return self.loss_weight * l1(
                pred, target, weight, reduction=reduction, avg_factor=avg_factor
            )

    head = ClsHead(loss=dict(type='Distance', loss_weight=2.0))
    samples = [DataSample().set_gt_score([0.0, 1.0]) for _ in range(2)]
    got = head.loss((torch.tensor([[0.5, 1.0], [0.0, 0.0]]),), samples)
    # The sum of all differences is divided by the number of samples.
    assert got['loss'].item() == pytest.approx(2 * (0.5 + 1.0) / 2)


def test_predictions_of_its_own():
    class Threshold(ClsHead):
        def _get_predictions(self, cls_score, data_samples):
            samples = super()._get_predictions(cls_score, data_samples)
            for sample, score in zip(samples, cls_score.sigmoid(), strict=True):
                sample.set_pred_score(score)
                sample.set_pred_label(torch.where(score > 0.5)[0])
            return samples

    got = Threshold().predict((torch.tensor([[3.0, -3.0, 1.0]]),))
    assert got[0].pred_label.tolist() == [0, 2]
