"""ArcFace: angles with a margin, also beyond 180 degrees."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional as F

from mmlite.errors import ConfigError
from mmlite.registry import MODELS
from mmlite.structures import DataSample


def build(**changes):
    """A head of two classes, whose weights are the axes."""
    cfg = dict(type='ArcFaceClsHead', num_classes=2, in_channels=2, scale=1.0)
    head = MODELS.build(dict(cfg, margins=0.5, **changes))
    with torch.no_grad():
        head.norm_product.weight.copy_(torch.eye(2))
    return head


def at(cosine):
    """A feature of that cosine to the first axis."""
    return torch.tensor([[cosine, math.sqrt(1 - cosine**2)]])


@pytest.mark.parametrize(
    ('cosine', 'expected'),
    [
        (1.0, math.cos(0.5)),
        (0.5, math.cos(math.acos(0.5) + 0.5)),
        (-0.95, -0.95 - 0.5 * math.sin(math.pi - 0.5)),
        (-1.0, -1.0 - 0.5 * math.sin(math.pi - 0.5)),
    ],
)
def test_the_logit_of_the_right_class_has_the_margin(cosine, expected):
    head = build()
    logits = head((at(cosine),), torch.tensor([0]))
    assert logits[0, 0].item() == pytest.approx(expected, abs=1e-3)
    assert logits[0, 1].item() == pytest.approx(math.sqrt(1 - cosine**2), abs=1e-6)
    plain = head((at(cosine),))  # without labels there is no margin
    assert plain[0, 0].item() == pytest.approx(cosine, abs=1e-6)


def test_it_falls_with_the_angle_throughout():
    angles = torch.linspace(0.001, math.pi - 0.001, 500)
    feats = torch.stack((angles.cos(), angles.sin()), dim=1)
    logits = build()((feats,), torch.zeros(500, dtype=torch.long))[:, 0]
    assert torch.all(logits.diff() <= 1e-6)


def test_an_easy_margin_ends_at_a_right_angle():
    head = build(easy_margin=True)
    found = [head((at(c),), torch.tensor([0]))[0, 0].item() for c in (0.5, -0.5)]
    assert found == pytest.approx([math.cos(math.acos(0.5) + 0.5), -0.5], abs=1e-6)


def test_a_feature_that_is_the_weight_has_a_finite_gradient():
    head = build()
    feats = torch.eye(2, requires_grad=True)
    samples = [DataSample().set_gt_label(i) for i in range(2)]
    loss = head.loss((feats,), samples)['loss']
    loss.backward()
    assert loss.isfinite() and feats.grad.isfinite().all()
    assert head.norm_product.weight.grad.isfinite().all()
    expected = F.cross_entropy(torch.tensor([[math.cos(0.5), 0.0]]), torch.tensor([0]))
    torch.testing.assert_close(loss.detach(), expected, rtol=1e-3, atol=1e-3)


def test_margins_of_a_file(tmp_path):
    cfg = dict(type='ArcFaceClsHead', num_classes=2, in_channels=4)
    path = tmp_path / 'margins.txt'
    path.write_bytes(b'\xef\xbb\xbf0.25\r\n0.5\r\n')
    assert MODELS.build(dict(cfg, margins=str(path))).margins.tolist() == [0.25, 0.5]
    for odd in ('a b', '0.1 nan', '0.1'):
        path.write_text(odd)
        with pytest.raises(ConfigError, match='margins (is|must be|has)'):
            MODELS.build(dict(cfg, margins=str(path)))
    with pytest.raises(ConfigError, match="margins is 'absent', expected a text file"):
        MODELS.build(dict(cfg, margins='absent'))
