"""The recipe of CUB, from files as they are published to figures and rank lists."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from support.html_pages import Page

from mmlite import apis
from mmlite.config import load_config
from mmlite.datasets import default_collate
from mmlite.registry import DATASETS
from mmlite.report import read_run
from mmlite.visualization import write_image

RECIPE = Path(__file__).parents[2] / 'configs/retrieval/arcface_resnet50_1xb64_cub.py'
KINDS = (1, 2, 100, 101, 150, 200)  # three that are learned, three that are not
EACH = 4


def write_cub(root):
    """Stripes of another direction and width for each kind, in noise."""
    rng = np.random.default_rng(0)
    y, x = np.indices((48, 56))
    lines = {'images': [], 'image_class_labels': [], 'train_test_split': []}
    for place, kind in enumerate(kind for kind in KINDS for _ in range(EACH)):
        angle = 2.1 * KINDS.index(kind)
        wave = np.sin((np.cos(angle) * x + np.sin(angle) * y) / (2 + angle / 3))
        picture = 128 + 80 * wave[..., None] + rng.normal(0, 20, (48, 56, 3))
        name = f'{kind:03}.Kind_{kind}/Kind_{place:04}.jpg'
        path = root / 'images' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_image(picture.clip(0, 255).astype(np.uint8), path)
        for file, value in zip(lines, (name, kind, place % 2), strict=True):
            lines[file].append(f'{place + 1} {value}')
    for file, text in lines.items():
        (root / f'{file}.txt').write_text('\n'.join(text) + '\n')


def small(root):
    """The recipe with a narrow network, and pictures of 32 pixels."""
    loaders = ('train_dataloader', 'val_dataloader', 'test_dataloader')
    sets = (*loaders, 'model.prototype')
    return [
        'model.image_encoder.0.depth=18',
        'model.image_encoder.0.stem_channels=8',
        'model.image_encoder.0.base_channels=8',
        'model.image_encoder.0.init_cfg=None',
        'model.head.in_channels=64',
        *(f'{name}.dataset.data_root={root}' for name in sets),
        *(f'{name}.num_workers=0' for name in sets),
        'train_dataloader.dataset.pipeline.1.scale=32',
        *(f'{name}.dataset.pipeline.1.scale=36' for name in sets[1:]),
        *(f'{name}.dataset.pipeline.2.crop_size=32' for name in sets[1:]),
        'train_dataloader.batch_sampler.num_identities=3',
        'optim_wrapper.optimizer.lr=0.001',
        'train_cfg.max_epochs=1',
        'default_hooks.logger.interval=1',
    ]


def by_a_loop(checkpoint, options):
    """Recalls of the encoder, each image among all the others, from its folder."""
    cfg = load_config(RECIPE, options)
    model = apis.init_model(cfg, checkpoint)
    data = DATASETS.build(cfg.test_dataloader.dataset)
    batch = default_collate([data[i] for i in range(len(data))])
    with torch.no_grad():
        vectors = model.extract_feat(model.data_preprocessor(batch)['inputs'])[-1]
    paths = [data.get_data_info(i)['img_path'] for i in range(len(data))]
    kinds = [Path(path).parent for path in paths]
    ranks = []
    for i, query in enumerate(vectors):
        others = [j for j in range(len(data)) if j != i]
        others.sort(key=lambda j: -torch.cosine_similarity(query, vectors[j], dim=0))
        ranks.append([kinds[j] == kinds[i] for j in others].index(True))
    return {k: 100 * np.mean([rank < k for rank in ranks]) for k in (1, 2, 4, 8)}


@pytest.mark.slow
def test_the_recipe_of_cub_trains_is_tested_and_shows_what_it_finds(tmp_path):
    root = tmp_path / 'CUB_200_2011'
    write_cub(root)
    options = small(root)
    work_dir = tmp_path / 'out'
    runner = apis.train(RECIPE, options, work_dir=work_dir)
    losses = runner.message_hub.get_scalar('train/loss').data[0]
    assert len(losses) and np.isfinite(losses).all()
    figures = apis.test(RECIPE, work_dir / 'epoch_1.pth', options, work_dir=work_dir)
    expected = by_a_loop(work_dir / 'epoch_1.pth', options)
    found = {k: figures[f'retrieval/Recall@{k}'] for k in expected}
    assert found == pytest.approx(expected)
    assert figures['retrieval/mAP@100'] > 0
    assert Page((work_dir / 'report.html').read_text()).mistakes == []
    (block,) = read_run(work_dir).blocks
    assert block.title == 'Rank lists'
    assert len(block.rankings) and all(ranking.found for ranking in block.rankings)
