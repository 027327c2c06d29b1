"""The parts of mmpretrain's page "Customize Models", written as a user's own.

Each is held against a closed form, or against the part of mmlite that has its name.
"""

from __future__ import annotations

import importlib

import pytest
import torch
from mmengine.optim import OptimWrapper
from support.user_folder import WALKTHROUGH

from mmlite.errors import DataError
from mmlite.registry import MODELS
from mmlite.structures import DataSample

ARCH = dict(embed_dims=32, num_layers=2, num_heads=4, feedforward_channels=64)
VIT = dict(arch=ARCH, img_size=16, patch_size=4, mask_ratio=0.75)
# The last block of the page; narrower, so that it is fast.
WHOLE = dict(
    type='ImageClassifier',
    backbone=dict(
        depth=18,
        num_stages=4,
        out_indices=(3,),
        style='pytorch',
        stem_channels=4,
        base_channels=4,
    ),
    head=dict(num_classes=10, in_channels=32, topk=(1, 5)),
)


@pytest.fixture(autouse=True)
def _own_packages(monkeypatch):
    monkeypatch.syspath_prepend(str(WALKTHROUGH))
    for package in ('my_project', 'my_selfsup'):
        importlib.import_module(package)


def whole(prefix, **head):
    parts = dict(
        backbone=dict(WHOLE['backbone'], type=f'{prefix}ResNet_CIFAR'),
        neck=dict(type=f'{prefix}GlobalAveragePooling'),
        head=dict(
            WHOLE['head'],
            type=f'{prefix}LinearClsHead',
            loss=dict(type=f'{prefix}L1Loss', loss_weight=1.0),
        ),
    )
    parts['head'].update(head)
    return MODELS.build({**WHOLE, **parts})


def batch(**fields):
    images = torch.randint(0, 256, (4, 3, 32, 32), dtype=torch.uint8)
    rows = [{name: values[i] for name, values in fields.items()} for i in range(4)]
    return dict(inputs=list(images), data_samples=[DataSample(**row) for row in rows])


@pytest.mark.parametrize('prefix', ['My', ''])
def test_all_parts_in_one_config_train_on_what_a_model_says(prefix):
    model = whole(prefix)
    optimizer = OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.1))
    scores = torch.rand(4, 10).softmax(dim=1)
    before = {k: v.clone() for k, v in model.named_parameters()}
    log = model.train_step(batch(gt_score=scores), optimizer)
    assert log['loss'].isfinite() and log['loss'] > 0
    moved = [k for k, v in model.named_parameters() if not torch.equal(v, before[k])]
    assert {k.split('.')[0] for k in moved} == {'backbone', 'head'}


def test_labels_are_no_distribution_which_is_explained():
    labelled = [DataSample().set_gt_label(place) for place in range(2)]
    with pytest.raises(DataError, match='CrossEntropyLoss, or let .*to_onehot=True'):
        whole('').loss(torch.rand(2, 3, 32, 32), labelled)


def test_a_loaded_backbone_keeps_its_weights(tmp_path):
    cfg = dict(WHOLE['backbone'], type='MyResNet_CIFAR')
    first, other = MODELS.build(cfg), MODELS.build(cfg)
    for backbone in (first, other):
        torch.manual_seed(1)
        backbone.init_weights()
    # By the 27 inputs of a place, not by the outputs as all other convolutions.
    assert first.conv1.weight.std().item() == pytest.approx((2 / 27) ** 0.5, rel=0.2)
    assert torch.equal(first.conv1.weight, other.conv1.weight)
    torch.save(dict(state_dict=first.state_dict()), tmp_path / 'a.pth')
    checkpoint = dict(type='Pretrained', checkpoint=str(tmp_path / 'a.pth'))
    loaded = MODELS.build(dict(cfg, init_cfg=checkpoint))
    loaded.init_weights()
    for name, value in first.state_dict().items():
        assert torch.equal(value, loaded.state_dict()[name]), name


def test_the_own_neck_is_the_one_of_mmlite():
    feats = (torch.rand(2, 3, 4, 5), torch.rand(2, 6, 2, 2))
    mine, theirs = (
        MODELS.build(dict(type=f'{prefix}GlobalAveragePooling'))(feats)
        for prefix in ('My', '')
    )
    for one, other, feat in zip(mine, theirs, feats, strict=True):
        torch.testing.assert_close(one, feat.mean(dim=(2, 3)))
        torch.testing.assert_close(one, other)


def test_the_own_head_has_a_hidden_layer_before_the_last():
    cfg = dict(num_classes=5, in_channels=8, hidden_dim=6, topk=1)
    mine = MODELS.build(dict(cfg, type='MyVisionTransformerClsHead'))
    theirs = MODELS.build(dict(cfg, type='VisionTransformerClsHead'))
    own = dict(zip(theirs.state_dict(), mine.state_dict().values(), strict=True))
    theirs.load_state_dict(own)
    feats = (torch.rand(3, 8),)
    hidden = torch.tanh(feats[0] @ mine.fc1.weight.t() + mine.fc1.bias)
    torch.testing.assert_close(mine.pre_logits(feats), hidden)
    torch.testing.assert_close(
        mine(feats), hidden @ mine.fc2.weight.t() + mine.fc2.bias
    )
    torch.testing.assert_close(mine(feats), theirs(feats))


def test_the_own_backbone_hides_patches_as_that_of_mmlite_does():
    mine = MODELS.build(dict(VIT, type='MyMAEViT'))
    theirs = MODELS.build(dict(VIT, type='MAEViT'))
    mine.init_weights()
    theirs.load_state_dict(mine.state_dict())
    assert not mine.pos_embed.requires_grad
    images = torch.rand(2, 3, 16, 16)
    found = []
    for backbone in (mine, theirs):
        torch.manual_seed(3)
        found.append(backbone(images))
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other)
    tokens, mask, restore = found[0]
    assert tokens.shape == (2, 1 + 4, 32) and mask.sum(dim=1).tolist() == [12, 12]
    assert torch.equal(mask, (restore >= 4).float())


@pytest.mark.parametrize('mask', [None, False])
def test_the_own_backbone_sees_whole_images_without_a_mask(mask):
    mine = MODELS.build(dict(VIT, type='MyMAEViT', out_type='raw')).eval()
    images = torch.rand(1, 3, 16, 16)
    (feats,) = mine(images, mask=mask)
    assert feats.shape == (1, 1 + 16, 32)
    torch.testing.assert_close(feats, mine(images, mask=mask)[0])


@pytest.mark.parametrize('norm_pix', [False, True])
def test_the_own_loss_of_pixels_is_that_of_mmlite(norm_pix):
    cfg = dict(
        loss=dict(type='PixelReconstructionLoss', criterion='L2'),
        norm_pix=norm_pix,
        patch_size=4,
    )
    mine = MODELS.build(dict(cfg, type='MyMAEPretrainHead'))
    theirs = MODELS.build(dict(cfg, type='MAEPretrainHead'))
    images, pred = torch.rand(2, 3, 8, 8), torch.rand(2, 4, 48)
    mask = torch.tensor([[1.0, 0, 1, 0], [0, 1, 1, 1]])
    target = torch.stack(
        [
            torch.stack(
                [
                    image[:, y : y + 4, x : x + 4].permute(1, 2, 0).flatten()
                    for y in (0, 4)
                    for x in (0, 4)
                ]
            )
            for image in images
        ]
    )
    if norm_pix:
        spread = target.var(dim=2, keepdim=True) + 1e-6
        target = (target - target.mean(dim=2, keepdim=True)) / spread.sqrt()
    expected = (((pred - target) ** 2).mean(dim=2) * mask).sum() / mask.sum()
    torch.testing.assert_close(mine.loss(pred, images, mask), expected)
    torch.testing.assert_close(theirs.loss(pred, images, mask), expected)


@pytest.mark.parametrize('size', [(8, 12), (10, 10)])
def test_images_that_patches_do_not_fill_are_refused(size):
    loss = dict(type='PixelReconstructionLoss', criterion='L2')
    head = MODELS.build(dict(type='MyMAEPretrainHead', loss=loss, patch_size=4))
    with pytest.raises(ValueError, match='square, of patches of 4 pixels'):
        head.patchify(torch.zeros(1, 3, *size))
