"""Datasets of retrieval know where what a query looks for stands in the gallery.

The figures of each protocol are those of a loop over all pairs.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from mmlite.datasets import default_collate
from mmlite.errors import DataError
from mmlite.registry import DATASETS, METRICS, MODELS
from mmlite.visualization import write_image

PIPELINE = [dict(type='LoadImageFromFile'), dict(type='PackInputs')]
DEPTH = 3  # how deep rankings are looked at


def write_images(root, names, seed=0):
    rng = np.random.default_rng(seed)
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_image(rng.integers(0, 256, (4, 4, 3), np.uint8), path)


def make_cub(root):
    """Two images of each of three kinds that are learned; 3, 4 and 1 of others."""
    kinds = [1, 50, 100, 101, 102, 200]
    counts = [2, 2, 2, 3, 4, 1]
    rows = [
        (kind, i)
        for i in range(4)
        for kind, n in zip(kinds, counts, strict=True)
        if i < n
    ]
    names = [f'{kind:03}.K/{i}.png' for kind, i in rows]
    write_images(root / 'images', names)
    for file, values in (
        ('images', names),
        ('image_class_labels', [k for k, _ in rows]),
    ):
        lines = [f'{number} {value}' for number, value in enumerate(values, 1)]
        (root / f'{file}.txt').write_text('\n'.join(lines))
    return dict(type='CUBRetrieval', data_root=str(root)), 'test', 'test'


def make_inshop(root):
    rows = [('g', 2), ('g', 1), ('q', 1), ('g', 1), ('q', 2), ('q', 1), ('g', 3)]
    splits = dict(g='gallery', q='query')
    names = [f'{i}.png' for i in range(len(rows))]
    write_images(root / 'Img', names)
    pairs = zip(names, rows, strict=True)
    lines = [f'{name} i{item} {splits[split]}' for name, (split, item) in pairs]
    (root / 'Eval').mkdir()
    (root / 'Eval/list_eval_partition.txt').write_text('\n'.join(['7', 'x', *lines]))
    return dict(type='InShop', data_root=str(root)), 'query', 'gallery'


def kinds_of(dataset):
    """The folder or the item of each image, from its file alone."""
    listed = Path(dataset.data_root, 'Eval/list_eval_partition.txt')
    if not listed.exists():
        paths = [dataset.get_data_info(i)['img_path'] for i in range(len(dataset))]
        return [Path(path).parent.name for path in paths]
    items = dict(line.split()[:2] for line in listed.read_text().splitlines()[2:])
    paths = [dataset.get_data_info(i)['img_path'] for i in range(len(dataset))]
    return [items[Path(path).name] for path in paths]


def by_a_loop(queries, gallery, same):
    """Recall at 1 and mean average precision, over all pairs of vectors."""
    recalls, precisions = [], []
    kinds = kinds_of(queries), kinds_of(gallery)
    for i, query in enumerate(vectors_of(queries)):
        pairs = []
        for j, other in enumerate(vectors_of(gallery)):
            if not (same and i == j):
                cosine = float(query @ other / query.norm() / other.norm())
                pairs.append((cosine, kinds[0][i] == kinds[1][j]))
        wanted = sum(hit for _, hit in pairs)
        if not wanted:
            continue
        best = sorted(pairs, key=lambda pair: -pair[0])[:DEPTH]
        recalls.append(best[0][1])
        found, total = 0, 0.0
        for rank, (_, hit) in enumerate(best, 1):
            found += hit
            total += hit * found / rank
        precisions.append(total / wanted)
    return 100 * np.mean(recalls), 100 * np.mean(precisions)


def vectors_of(dataset):
    return [dataset[i]['inputs'].flatten().double() for i in range(len(dataset))]


@pytest.mark.parametrize('topk', [-1, DEPTH])
@pytest.mark.parametrize('make', [make_cub, make_inshop])
def test_figures_are_those_of_a_loop_over_all_pairs(make, topk, tmp_path):
    cfg, query, gallery = make(tmp_path)
    cfg['pipeline'] = PIPELINE
    queries = DATASETS.build(dict(cfg, split=query))
    found = DATASETS.build(dict(cfg, split=gallery))
    prototype = dict(batch_size=2, num_workers=0, dataset=dict(cfg, split=gallery))
    model = MODELS.build(
        dict(
            type='ImageToImageRetriever',
            image_encoder=nn.Flatten(),
            prototype=prototype,
            topk=topk,
        )
    ).eval()
    metrics = [
        METRICS.build(dict(type='RetrievalRecall', topk=1)),
        METRICS.build(dict(type='RetrievalAveragePrecision', topk=DEPTH)),
    ]
    batch = default_collate([queries[i] for i in range(len(queries))])
    with torch.no_grad():
        samples = model.test_step(batch)
    figures = []
    for metric in metrics:
        metric.process(None, samples)
        figures += metric.evaluate(len(queries)).values()
    assert figures == pytest.approx(by_a_loop(queries, found, query == gallery))


def test_an_image_of_cub_looks_for_all_others_of_its_kind(tmp_path):
    cfg, _, _ = make_cub(tmp_path)
    train = DATASETS.build(dict(cfg, split='train'))
    test = DATASETS.build(dict(cfg, split='test'))
    assert train.get_gt_labels().tolist() == [0, 49, 99, 0, 49, 99]
    assert not train.test_mode and test.test_mode
    kinds = kinds_of(test)
    assert len(test) == 3 + 4 + 1
    for i, kind in enumerate(kinds):
        info = test.get_data_info(i)
        others = [j for j, other in enumerate(kinds) if other == kind and j != i]
        assert info['gt_label'] == others and info['gallery_index'] == i


def inner_product(one, other):
    return one @ other.t()


@pytest.mark.parametrize('topk', [-1, 1, 2, 3, 9])
@pytest.mark.parametrize('similarity', ['cosine_similarity', inner_product])
def test_a_query_of_the_gallery_does_not_find_itself(topk, similarity):
    gallery = torch.tensor([[3.0, 4.0], [6.0, 8.0], [4.0, -3.0]])
    model = MODELS.build(
        dict(
            type='ImageToImageRetriever',
            image_encoder=nn.Flatten(),
            prototype=gallery,
            topk=topk,
            similarity_fn=similarity,
        )
    ).eval()
    model.prepare_prototype()
    found = model.matching(gallery[[1, 2, 1]], [1, None, 0])
    k = 3 if topk in (-1, 9) else topk
    expected = [[0, 2, 1], [2, 0, 1], [1, 2, 0]]  # the first of equal ones first
    assert found['pred_label'].tolist() == [row[:k] for row in expected]
    assert found['pred_score'].isinf().sum() == (2 if k == 3 else 0)
    if topk == -1:
        assert found['score'][0, 1] == found['score'][2, 0] == -torch.inf


def test_a_place_outside_the_gallery_is_explained():
    cfg = dict(type='ImageToImageRetriever', image_encoder=nn.Flatten())
    model = MODELS.build(dict(cfg, prototype=torch.eye(2))).eval()
    model.prepare_prototype()
    with pytest.raises(DataError, match='gallery_index 2 is no place .* of 2 images'):
        model.matching(torch.eye(2), [0, 2])


def test_own_images_may_look_for_each_other(tmp_path):
    names = ['a/0.png', 'b/0.png', 'a/1.png', 'a/2.png']
    write_images(tmp_path, names)
    lines = [f'{name} {"ab".index(name[0])}' for name in names]
    (tmp_path / 'all.txt').write_text('\n'.join(lines))
    (tmp_path / 'some.txt').write_text('\n'.join(lines[:2]))
    cfg = dict(type='RetrievalQueries', data_root=str(tmp_path), classes=['a', 'b'])

    def labels(ann_file, gallery):
        data = DATASETS.build(dict(cfg, ann_file=ann_file, gallery=gallery))
        infos = [data.get_data_info(i) for i in range(len(data))]
        return [(info['gt_label'], info.get('gallery_index')) for info in infos]

    expected = [([2, 3], 0), ([], 1), ([0, 3], 2), ([0, 2], 3)]
    assert labels('all.txt', 'all.txt') == expected
    assert labels('all.txt', 'some.txt') == [
        ([], 0),
        ([], 1),
        ([0], None),
        ([0], None),
    ]
