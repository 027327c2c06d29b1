"""A checkpoint in an ``init_cfg``, without a run."""

from collections import OrderedDict

import pytest
import torch
from mmengine.registry import DefaultScope
from torch import nn

from mmlite.errors import CheckpointError
from mmlite.registry import MODELS

BACKBONE = dict(type='LeNet5')
WHOLE = dict(type='ImageClassifier', head=dict(type='ClsHead'))


@pytest.fixture
def no_scope(monkeypatch):
    """As in a program that has run nothing yet."""
    monkeypatch.setattr(DefaultScope, '_instance_dict', OrderedDict())


@pytest.mark.parametrize('inside', [True, False])
@pytest.mark.parametrize(
    'head', ['backbone.', 'module.backbone.', '_orig_mod.backbone.']
)
def test_it_is_read_as_in_a_run(tmp_path, no_scope, inside, head):
    source = MODELS.build(BACKBONE).state_dict()
    torch.save({head + k: v for k, v in source.items()}, tmp_path / 'x.pth')
    init_cfg = dict(type='Pretrained', checkpoint=str(tmp_path / 'x.pth'))
    init_cfg['prefix'] = 'backbone'
    model = MODELS.build(dict(BACKBONE, init_cfg=init_cfg))
    if inside:
        model = MODELS.build(dict(WHOLE, backbone=dict(BACKBONE, init_cfg=init_cfg)))
    model.init_weights()
    loaded = model.backbone if inside else model
    assert all(torch.equal(loaded.state_dict()[k], v) for k, v in source.items())
    assert DefaultScope.get_current_instance() is None


def test_one_of_another_model_is_refused(tmp_path, no_scope):
    torch.save(nn.Linear(2, 2).state_dict(), tmp_path / 'x.pth')
    init_cfg = dict(type='Pretrained', checkpoint=str(tmp_path / 'x.pth'))
    for prefix, message in ((None, 'is of another model'), ('backbone', 'no entries')):
        cfg = dict(BACKBONE, init_cfg=dict(init_cfg, prefix=prefix))
        with pytest.raises(CheckpointError, match=message):
            MODELS.build(cfg).init_weights()
