"""Loops that rank images and texts against each other."""

from __future__ import annotations

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from support.training import toy_cfg
from torch.utils.data import Dataset

from mmlite.config import check_config
from mmlite.engine import Runner
from mmlite.engine.loops import retrieval
from mmlite.errors import ConfigError
from mmlite.registry import DATASETS, HOOKS, MODELS
from mmlite.structures import DataSample

IMAGES, EACH, WIDTH = 7, 2, 3
#: What mmpretrain 1.2.0 measures on these data.
PEER = {
    'i2t/retrieval/Recall@1': 28.571428571428573,
    'i2t/retrieval/Recall@3': 57.142857142857146,
    't2i/retrieval/Recall@1': 21.428571428571427,
    't2i/retrieval/Recall@3': 42.857142857142854,
}


@pytest.fixture(autouse=True)
def own_parts():
    known = [
        (registry, name, registry.module_dict.get(name))
        for registry, part in ((MODELS, TwoTowers), (DATASETS, Pairs), (HOOKS, Seen))
        for name in [part.__name__]
    ]
    MODELS.register_module(module=TwoTowers, force=True)
    DATASETS.register_module(module=Pairs, force=True)
    HOOKS.register_module(module=Seen, force=True)
    yield
    for registry, name, before in known:
        registry.module_dict.pop(name)
        assert before is None


class Pairs(Dataset):
    """Images with two texts each, as vectors."""

    img_size, text_size = IMAGES, IMAGES * EACH

    def __init__(self):
        generator = torch.Generator().manual_seed(0)
        self.vectors = torch.randn(IMAGES, 1 + EACH, WIDTH, generator=generator)

    def __len__(self):
        return IMAGES

    def __getitem__(self, index):
        return dict(inputs=self.vectors[index], data_samples=DataSample(place=index))


class TwoTowers(BaseModel):
    """Gives the vectors of a pair as its features."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.scale = torch.nn.Parameter(torch.ones(()))

    def forward(self, inputs, data_samples=None, mode='tensor'):
        if mode == 'loss':
            return dict(loss=(self.scale * inputs).square().mean())
        return dict(images=inputs[:, 0], texts=inputs[:, 1:])

    def predict_all(self, feats, data_samples, num_images, num_texts):
        scores = feats['images'] @ feats['texts'].flatten(0, 1).T
        assert scores.shape == (num_images, num_texts)
        assert [sample.place for sample in data_samples] == [*range(num_images)]
        of_images = [
            DataSample(gt_label=torch.arange(EACH) + EACH * i).set_pred_score(row)
            for i, row in enumerate(scores)
        ]
        of_texts = [
            DataSample(gt_label=torch.tensor([i // EACH])).set_pred_score(row)
            for i, row in enumerate(scores.T)
        ]
        return of_images, of_texts


class Seen(Hook):
    """How many samples of each batch there were."""

    counts: list[int] = []

    def after_test_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        self.counts.append(len(outputs))


def cfg_of(work_dir, **changes):
    loader = dict(
        batch_size=3,
        num_workers=0,
        dataset=dict(type='Pairs'),
        sampler=dict(type='DefaultSampler', shuffle=False),
    )
    recall = dict(type='RetrievalRecall', topk=(1, 3))
    sections = dict(
        model=dict(type='TwoTowers'),
        train_dataloader=loader,
        val_dataloader=loader,
        test_dataloader=loader,
        val_cfg=dict(type='RetrievalValLoop'),
        test_cfg=dict(type='RetrievalTestLoop', fp16=True),
        val_evaluator=recall,
        test_evaluator=recall,
        train_cfg=dict(by_epoch=True, max_epochs=1),
        param_scheduler=None,
    )
    return toy_cfg(work_dir, **(sections | changes))


def expected():
    """Recall in both directions, by counting."""
    vectors = Pairs().vectors
    texts = vectors[:, 1:].reshape(-1, WIDTH)
    found = {}
    for k in (1, 3):
        hits = 0
        for i, image in enumerate(vectors[:, 0]):
            best = sorted(range(len(texts)), key=lambda t: -float(image @ texts[t]))
            hits += any(t // EACH == i for t in best[:k])
        found[f'i2t/retrieval/Recall@{k}'] = 100 * hits / IMAGES
        hits = 0
        for t, text in enumerate(texts):
            best = sorted(range(IMAGES), key=lambda i: -float(text @ vectors[i, 0]))
            hits += t // EACH in best[:k]
        found[f't2i/retrieval/Recall@{k}'] = 100 * hits / len(texts)
    return found


def test_both_directions_are_measured(tmp_path):
    Seen.counts.clear()
    runner = Runner.from_cfg(cfg_of(tmp_path, custom_hooks=[dict(type='Seen')]))
    for found in (runner.test(), runner.val(), runner.val()):
        assert found == pytest.approx(expected())
        assert found == pytest.approx(PEER)
    assert Seen.counts == [3, 3, 1]


def test_a_result_can_be_watched(tmp_path):
    best = dict(checkpoint=dict(save_best='t2i/retrieval/Recall@3', rule='greater'))
    cfg = cfg_of(tmp_path, default_hooks=best)
    Runner.from_cfg(cfg).train()
    assert [*tmp_path.glob('best_t2i_retrieval_Recall@3_epoch_1.pth')]
    best['checkpoint']['save_best'] = 'retrieval/Recall@3'
    (problem,) = check_config(cfg_of(tmp_path, default_hooks=best))
    assert 'no metric gives that' in problem.message


def test_what_a_model_or_a_dataset_lacks_is_named(tmp_path, monkeypatch):
    runner = Runner.from_cfg(cfg_of(tmp_path))
    monkeypatch.delattr(Pairs, 'text_size')
    with pytest.raises(ConfigError, match=r'test_dataloader.dataset.*no text_size.*'):
        runner.test()
    monkeypatch.delattr(TwoTowers, 'predict_all')
    with pytest.raises(ConfigError, match=r'model: TwoTowers has no predict_all.*type'):
        runner.val()
    monkeypatch.undo()
    monkeypatch.setattr(
        TwoTowers, 'forward', lambda self, inputs, data_samples, mode: inputs
    )
    with pytest.raises(ConfigError, match='TwoTowers.*dict of tensors.*got Tensor'):
        runner.val()


def test_the_check_of_a_config_names_the_method(tmp_path):
    cfg = cfg_of(tmp_path, model=dict(type='ToyRunModel'))
    for phase, problem in zip(('val', 'test'), check_config(cfg), strict=True):
        assert problem.path == f'{phase}_cfg.type'
        assert 'calls model.predict_all, which ToyRunModel does not' in problem.message


@pytest.mark.parametrize('rank', [0, 1])
def test_each_of_two_processes_measures_its_share(tmp_path, monkeypatch, rank):
    runner = Runner.from_cfg(cfg_of(tmp_path))
    loop, taken = runner.val_loop, []
    monkeypatch.setattr(retrieval, 'get_dist_info', lambda: (rank, 2))
    monkeypatch.setattr(
        loop.evaluator, 'process', lambda samples: taken.append(samples)
    )
    monkeypatch.setattr(loop.evaluator, 'evaluate', lambda size: dict(size=size))
    assert runner.val() == {'i2t/size': IMAGES, 't2i/size': IMAGES * EACH}
    images, texts = taken
    places = [sample.gt_label[0].item() // EACH for sample in images]
    assert places == [*range(IMAGES)][rank::2]
    assert len(texts) == IMAGES * EACH // 2
