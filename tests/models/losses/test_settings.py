"""Settings with which a loss means nothing are refused where it is built."""

import pytest

from mmlite.errors import ConfigError
from mmlite.registry import MODELS

NEGATIVE = [
    ('AsymmetricLoss', {}, ['gamma_pos', 'gamma_neg', 'clip', 'eps']),
    ('CAELoss', dict(lambd=1.0), ['lambd']),
    ('CrossCorrelationLoss', {}, ['lambd']),
    ('DisparityLoss', {}, ['beta']),
    ('DisparitySequenceLoss', {}, ['gamma', 'num_single', 'max_flow']),
    ('FocalLoss', {}, ['gamma', 'alpha']),
    ('PartCrossEntropyLoss', {}, ['scale', 'eps']),
    ('SeesawLoss', {}, ['p', 'q', 'eps']),
    ('SwAVLoss', dict(feat_dim=4), ['sinkhorn_iterations', 'epsilon', 'temperature']),
]


@pytest.mark.parametrize(
    ('kind', 'args', 'name'),
    [(kind, args, name) for kind, args, names in NEGATIVE for name in names],
)
def test_negative(kind, args, name):
    MODELS.build(dict(args, type=kind))
    with pytest.raises(ConfigError, match=name):
        MODELS.build(dict(args, type=kind, **{name: -1}))


@pytest.mark.parametrize(
    ('kind', 'name'),
    [
        ('AsymmetricLoss', 'clip'),
        ('FocalLoss', 'alpha'),
        ('PartCrossEntropyLoss', 'eps'),
    ],
)
def test_more_than_a_share(kind, name):
    MODELS.build({'type': kind, name: 1.0})
    with pytest.raises(ConfigError, match=rf'{name} must lie in \[0, 1\], got 1.5'):
        MODELS.build({'type': kind, name: 1.5})
