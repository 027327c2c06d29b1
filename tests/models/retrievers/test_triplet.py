"""Retrieval learned from triplets of P identities with K images each."""

from __future__ import annotations

import copy
import itertools

import pytest
import torch
from mmengine.config import Config
from torch import nn

from mmlite.engine import Runner
from mmlite.registry import MODELS
from mmlite.structures import gather_field


class TripletHead(nn.Module):
    """A user's head: the triplet loss of the vectors themselves."""

    def __init__(self, margin: float) -> None:
        super().__init__()
        self.loss_module = MODELS.build(dict(type='TripletLoss', margin=margin))

    def loss(self, feats, data_samples):
        loss, info = self.loss_module(feats[-1], gather_field(data_samples, 'gt_label'))
        return dict(loss=loss.mean(), hard=info['hard_loss'].mean())


@pytest.fixture
def head():
    MODELS.register_module(module=TripletHead)
    yield dict(type='TripletHead', margin=0.5)
    del MODELS.module_dict['TripletHead']


def config(head, work_dir):
    packed = [dict(type='PackInputs')]
    digits = dict(type='DigitsRetrieval', size=8, pipeline=packed)
    in_order = dict(type='DefaultSampler', shuffle=False)
    loader = dict(batch_size=128, num_workers=0, sampler=in_order)
    gallery = dict(loader, dataset=dict(digits, split='gallery', indices=60))
    query = dict(loader, dataset=dict(digits, split='query', indices=40))
    sampler = dict(type='PKSampler', num_identities=4, num_instances=3, num_batches=2)
    backbone = dict(type='ResNet_CIFAR', depth=18, stem_channels=4, base_channels=4)
    return Config(
        dict(
            model=dict(
                type='ImageToImageRetriever',
                image_encoder=[backbone, dict(type='GlobalAveragePooling')],
                head=head,
                prototype=copy.deepcopy(gallery),
                data_preprocessor=dict(mean=[77.7] * 3, std=[82.4] * 3),
            ),
            train_dataloader=dict(
                num_workers=0,
                dataset=dict(digits, split='train'),
                batch_sampler=sampler,
            ),
            val_dataloader=query,
            val_cfg=dict(),
            val_evaluator=dict(type='RetrievalRecall', topk=(1,)),
            train_cfg=dict(by_epoch=True, max_epochs=1),
            optim_wrapper=dict(optimizer=dict(type='AdamW', lr=2e-3)),
            custom_hooks=[dict(type='PrepareProtoBeforeValLoopHook')],
            work_dir=str(work_dir),
            randomness=dict(seed=0),
            default_scope='mmlite',
        )
    )


def mean_hinge(vectors, labels, margin):
    """The mean of the triplets that are not zero, one after the other."""
    hinges = []
    for a, p, n in itertools.product(range(len(labels)), repeat=3):
        if labels[a] == labels[p] and labels[a] != labels[n]:
            near, far = (
                (vectors[a] - vectors[p]).norm(),
                (vectors[a] - vectors[n]).norm(),
            )
            hinges.append(near - far + margin)
    hinges = torch.stack(hinges)
    return hinges[hinges > 0].mean()


def test_each_batch_is_p_identities_of_k_images_with_all_their_triplets(tmp_path, head):
    runner = Runner.from_cfg(config(head, tmp_path))
    model, seen = runner.model, []
    loss = model.loss

    def spied(inputs, data_samples):
        labels = gather_field(data_samples, 'gt_label')
        found = loss(inputs, data_samples)
        with torch.no_grad():
            vectors = model.extract_feat(inputs)[-1]
        expected = mean_hinge(vectors, labels.tolist(), margin=0.5)
        torch.testing.assert_close(found['loss'].detach(), expected)
        seen.append(labels.unique(return_counts=True)[1].tolist())
        return found

    model.loss = spied
    runner.train()
    assert seen == [[3] * 4] * 2
    # The digits 6 to 9, of which none was trained on, are looked up.
    assert 25 < runner.val_loop.run()['retrieval/Recall@1'] <= 100
    assert len(model.prototype_vecs) == 60
