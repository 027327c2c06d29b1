"""Retrieval finds what is similar, with the weights that the queries have."""

from __future__ import annotations

import pytest
import torch
from support.two_processes import encode_gallery
from torch import nn
from torch.utils.data import DataLoader

from mmlite.datasets import default_collate
from mmlite.errors import ConfigError, DataError
from mmlite.registry import DATASETS, MODELS

GALLERY = torch.tensor([[3.0, 4.0], [6.0, 8.0], [4.0, -3.0]])
QUERY = torch.tensor([[0.6, 0.8]])


def retriever(prototype=GALLERY, encoder=None, **changes):
    encoder = encoder or nn.Flatten()
    cfg = dict(type='ImageToImageRetriever', image_encoder=encoder, prototype=prototype)
    return MODELS.build(dict(cfg, **changes)).eval()


def digits(**changes):
    cfg = dict(type='Digits', split='test', indices=5, size=8)
    cfg['pipeline'] = [dict(type='PackInputs')]
    loader = dict(batch_size=2, num_workers=0, dataset=cfg)
    return dict(loader, **changes)


ENCODER = [
    dict(type='ResNet_CIFAR', depth=18, stem_channels=4, base_channels=4),
    dict(type='GlobalAveragePooling'),
]


@pytest.mark.parametrize('scale', [1, 10])
def test_similarities_are_cosines_and_equal_ones_keep_their_order(scale):
    (found,) = retriever(GALLERY * scale)(QUERY, mode='predict')
    assert found.pred_label.tolist() == [0, 1, 2]
    assert found.pred_score.tolist() == pytest.approx([1, 1, 0], abs=1e-7)
    assert found.pred_score.abs().max() <= 1


@pytest.mark.parametrize(('topk', 'count'), [(1, 1), (2, 2), (10, 3)])
def test_so_many_are_found_as_asked_or_as_there_are(topk, count):
    (found,) = retriever(topk=topk)(QUERY, mode='predict')
    assert found.pred_label.tolist() == [0, 1, 2][:count]
    assert len(found.pred_score) == count


def test_a_function_can_say_what_is_similar():
    (found,) = retriever(similarity_fn=lambda a, b: a @ b.t())(QUERY, mode='predict')
    assert found.pred_label.tolist() == [1, 0, 2]
    assert found.pred_score.tolist() == pytest.approx([5, 10, 0])


def test_the_gallery_is_encoded_in_order_in_eval_mode_and_again_for_other_weights():
    torch.manual_seed(0)
    model = retriever(digits(), ENCODER).train()
    norms = [m for m in model.modules() if isinstance(m, nn.BatchNorm2d)]
    model.prepare_prototype()
    assert model.training
    assert all(int(norm.num_batches_tracked) == 0 for norm in norms)
    data = DATASETS.build(digits()['dataset'])
    batch = default_collate([data[i] for i in range(5)])
    inputs = model.data_preprocessor(batch)['inputs']
    model.eval()
    with torch.no_grad():
        torch.testing.assert_close(model.prototype_vecs, model(inputs)[-1])
        first = model.prototype_vecs
        labels = [s.pred_label[0] for s in model(inputs, mode='predict')]
        assert labels == [0, 1, 2, 3, 4]
        assert model.prototype_vecs is first
        for parameter in model.parameters():
            parameter.data.mul_(-0.5)  # as an average that is put in place
        model.eval()
        labels = [s.pred_label[0] for s in model(inputs, mode='predict')]
        assert labels == [0, 1, 2, 3, 4]
        torch.testing.assert_close(model.prototype_vecs, model(inputs)[-1])
        assert not torch.allclose(model.prototype_vecs, first)


def test_features_are_saved_and_loaded(tmp_path):
    path = tmp_path / 'gallery.pth'
    retriever().dump_prototype(path)
    model = retriever(str(path))
    model.prepare_prototype()
    assert torch.equal(model.prototype_vecs, GALLERY)
    torch.save([1, 2], path)
    with pytest.raises(DataError, match=r'has features \(M, D\), got <class .list'):
        retriever(str(path)).prepare_prototype()
    with pytest.raises(ConfigError, match='there is no file'):
        retriever(str(tmp_path / 'none.pth')).prepare_prototype()


def test_what_does_not_fit_is_said():
    with pytest.raises(DataError, match='width 3, but the gallery has width 2'):
        retriever()(torch.ones(1, 3), mode='predict')
    with pytest.raises(ConfigError, match='or -1 for all, got 0'):
        retriever(topk=0)
    with pytest.raises(ConfigError, match="'cosine_similarity' or a function"):
        retriever(similarity_fn='euclidean')
    with pytest.raises(ConfigError, match='prototype is the config of a data loader'):
        retriever(7)
    with pytest.raises(ConfigError, match='a loss needs a head'):
        retriever()(QUERY, mode='loss')
    with pytest.raises(DataError, match='gives a vector an image'):
        retriever(encoder=nn.Identity())(torch.ones(1, 2, 2, 2), mode='predict')
    shuffled = digits(sampler=dict(type='DefaultSampler', shuffle=True))
    with pytest.raises(DataError, match='shuffles its images'):
        retriever(shuffled, ENCODER).prepare_prototype()
    with pytest.raises(DataError, match='gives 4 of its 5 images'):
        retriever(digits(drop_last=True), ENCODER).prepare_prototype()


def test_a_data_loader_serves_as_it_is():
    dataset = DATASETS.build(digits()['dataset'])
    loader = DataLoader(dataset, batch_size=3, collate_fn=default_collate)
    torch.manual_seed(0)
    model = retriever(loader, ENCODER)
    model.prepare_prototype()
    torch.manual_seed(0)
    other = retriever(digits(), ENCODER)
    other.prepare_prototype()
    torch.testing.assert_close(model.prototype_vecs, other.prototype_vecs)


@pytest.mark.slow
def test_two_processes_have_the_gallery_of_one(tmp_path):
    encoder = [dict(type='LeNet5'), dict(type='GlobalAveragePooling')]
    prototype = digits()
    prototype['dataset'].update(size=32, channels=1)
    cfg = dict(type='ImageToImageRetriever', image_encoder=encoder)
    cfg['prototype'] = prototype
    torch.multiprocessing.spawn(encode_gallery, (tmp_path, cfg), nprocs=2)
    torch.manual_seed(0)
    model = MODELS.build(cfg)
    model.prepare_prototype()
    assert len(model.prototype_vecs) == 5
    for rank in (0, 1):
        found = torch.load(tmp_path / f'{rank}.pth')
        torch.testing.assert_close(found, model.prototype_vecs)
