"""A network is fused from the command line, and predicts as before."""

import pytest
import torch

from mmlite.apis import init_model
from mmlite.apis.cli import main

CONFIG = """
model = dict(
    type='ImageClassifier',
    backbone=dict(type='{kind}', arch={arch}),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(type='LinearClsHead', num_classes=3, in_channels={width}))
"""
MOBILE_ONE = dict(
    num_blocks=[1, 1, 1, 1],
    width_factor=[0.125] * 4,
    num_conv_branches=[2, 1, 1, 1],
    num_se_blocks=[0, 0, 0, 1],
)
RIFORMER = dict(layers=[1, 1], embed_dims=[8, 16])


@pytest.fixture
def trained(tmp_path):
    """A config, and a checkpoint whose statistics are not those of the start."""

    def write(kind, arch, width):
        config = tmp_path / 'config.py'
        config.write_text(CONFIG.format(kind=kind, arch=arch, width=width))
        torch.manual_seed(0)
        model = init_model(config)
        for value in model.state_dict().values():
            if value.is_floating_point():
                value.add_(0.1 * torch.rand_like(value))
        torch.save(dict(state_dict=model.state_dict()), tmp_path / 'trained.pth')
        return str(config), str(tmp_path / 'trained.pth')

    return write


@pytest.mark.parametrize(
    ('kind', 'arch', 'width'),
    [('MobileOne', MOBILE_ONE, 64), ('RIFormer', RIFORMER, 16)],
)
def test_the_fused_checkpoint_gives_the_same(kind, arch, width, trained, tmp_path):
    config, checkpoint = trained(kind, arch, width)
    out = tmp_path / 'new' / 'fused.pth'
    assert main(['reparameterize', config, checkpoint, str(out)]) == 0
    before = init_model(config, checkpoint)
    after = init_model(config, out, overrides=['+model.backbone.deploy=True'])
    x = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(after(x), before(x), rtol=1e-4, atol=1e-4)
    assert len(after.state_dict()) < len(before.state_dict())


def test_what_cannot_be_fused_is_refused(trained, tmp_path, capsys):
    arch = dict(layers=[1, 1], embed_dims=[8, 16])
    config, checkpoint = trained('PoolFormer', arch, 16)
    assert main(['reparameterize', config, checkpoint, str(tmp_path / 'a.pth')]) == 1
    assert 'PoolFormer has no branches to fuse' in capsys.readouterr().err
    assert main(['reparameterize', config, checkpoint, checkpoint]) == 1
    assert 'name another file' in capsys.readouterr().err
