"""Losses have the values of mmpretrain 1.2.0's."""

import pytest
import torch
from golden import mmpretrain_losses as peer

from mmlite.registry import MODELS

each_loss = pytest.mark.parametrize('golden', peer.LOSSES.values(), ids=peer.LOSSES)


@each_loss
def test_equals_mmpretrain(golden):
    loss, target = MODELS.build(golden.cfg), peer.TARGETS[golden.target]
    assert loss(peer.LOGITS, target).item() == pytest.approx(golden.plain, rel=1e-5)
    weighted = loss(peer.LOGITS, target, weight=peer.WEIGHT)
    assert weighted.item() == pytest.approx(golden.weighted, rel=1e-5)
    unreduced = loss(peer.LOGITS, target, reduction_override='none')
    if unreduced.ndim == 2:
        unreduced = unreduced.flatten()[peer.PROBE]
    torch.testing.assert_close(unreduced, torch.tensor(golden.none))


@each_loss
def test_avg_factor_equals_mmpretrain(golden):
    loss, target = MODELS.build(golden.cfg), peer.TARGETS[golden.target]
    if golden.avg_factor is None:
        with pytest.raises(ValueError, match="no meaning for reduction='sum'"):
            loss(peer.LOGITS, target, avg_factor=peer.AVG_FACTOR)
    else:
        got = loss(peer.LOGITS, target, avg_factor=peer.AVG_FACTOR)
        assert got.item() == pytest.approx(golden.avg_factor, rel=1e-5)


def test_seesaw_equals_mmpretrain():
    loss = MODELS.build(dict(type='SeesawLoss', num_classes=10))
    got = loss(peer.LOGITS, peer.SEESAW_LABELS)
    assert got.item() == pytest.approx(peer.SEESAW, rel=1e-5)
