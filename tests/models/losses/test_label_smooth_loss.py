import math

import pytest
import torch

from mmlite.errors import ConfigError, DataError
from mmlite.models.losses import LabelSmoothLoss
from mmlite.registry import MODELS

SMOOTH = 0.2
LOGITS = torch.tensor([[2.0, -1.0, 0.5, 0.0], [0.0, 3.0, -2.0, 1.0]])
LABELS = torch.tensor([2, 1])
K = 4


def smoothed(mode, row):
    if mode == 'multi_label':
        return [1 - SMOOTH if t > 0 else SMOOTH for t in row]
    e = SMOOTH if mode == 'original' else SMOOTH / (1 + SMOOTH)
    return [t * (1 - e) + e / K for t in row]


def by_hand(mode, rows):
    total = 0.0
    for logits, row in zip(LOGITS.tolist(), rows.tolist(), strict=True):
        target = smoothed(mode, row)
        if mode == 'multi_label':
            for x, t in zip(logits, target, strict=True):
                p = 1 / (1 + math.exp(-x))
                total -= (t * math.log(p) + (1 - t) * math.log(1 - p)) / K
        else:
            log_sum = math.log(sum(math.exp(x) for x in logits))
            total -= sum(t * (x - log_sum) for x, t in zip(logits, target, strict=True))
    return total / len(rows)


@pytest.mark.parametrize('mode', ['original', 'classy_vision', 'multi_label'])
@pytest.mark.parametrize(
    'label',
    [LABELS, LABELS[:, None], torch.eye(K)[LABELS], torch.eye(K)[LABELS].long()],
    ids=['index', 'column', 'one-hot', 'int one-hot'],
)
def test_modes(mode, label):
    loss = LabelSmoothLoss(SMOOTH, mode=mode)
    expected = by_hand(mode, torch.eye(K)[LABELS])
    assert loss(LOGITS, label).item() == pytest.approx(expected, rel=1e-5)


def test_mixed_labels():
    soft = torch.tensor([[0.6, 0.4, 0, 0], [0, 0.1, 0, 0.9]])
    got = LabelSmoothLoss(SMOOTH)(LOGITS, soft)
    assert got.item() == pytest.approx(by_hand('original', soft), rel=1e-5)


def test_several_labels_per_image():
    several = torch.tensor([[1, 1, 0, 0], [0, 0, 0, 0]])
    got = LabelSmoothLoss(SMOOTH, mode='multi_label')(LOGITS, several)
    assert got.item() == pytest.approx(by_hand('multi_label', several), rel=1e-5)


def test_smoothed_labels_stay_a_distribution():
    for mode in ('original', 'classy_vision'):
        target = LabelSmoothLoss(SMOOTH, mode=mode).smooth_label(torch.eye(K))
        torch.testing.assert_close(target.sum(dim=1), torch.ones(K))


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_half_precision(dtype):
    loss = LabelSmoothLoss(SMOOTH)
    got = loss(LOGITS.to(dtype), LABELS)
    assert got.item() == pytest.approx(loss(LOGITS, LABELS).item())


@pytest.mark.parametrize(
    ('cfg', 'message'),
    [
        (dict(label_smooth_val=1.5), r'in \[0, 1\), got 1.5'),
        (dict(label_smooth_val=0.1, mode='orginal'), "got 'orginal'"),
        (dict(), "needs the argument 'label_smooth_val'"),
    ],
)
def test_wrong_arguments(cfg, message):
    with pytest.raises(ConfigError, match=message):
        MODELS.build(dict(type='LabelSmoothLoss', **cfg))


def test_num_classes_that_differs_from_the_head():
    with pytest.raises(DataError, match=r'\(2, 4\) and \(2, 5\)'):
        LabelSmoothLoss(SMOOTH, num_classes=5)(LOGITS, LABELS)
