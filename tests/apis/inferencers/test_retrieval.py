"""The inferencer of retrieval finds pictures by pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from mmlite.apis import ImageRetrievalInferencer

CONFIG = (
    Path(__file__).parents[3] / 'configs/retrieval/arcface_resnet18_1xb64_digits.py'
)
RNG = np.random.default_rng(0)
IMAGES = [RNG.integers(0, 256, (16, 16, 3), np.uint8) for _ in range(4)]


@pytest.mark.filterwarnings('ignore:no checkpoint is given')
def test_a_picture_finds_itself_also_from_a_cache(tmp_path, monkeypatch):
    cache = tmp_path / 'gallery.pth'
    find = ImageRetrievalInferencer(CONFIG, prototype=IMAGES, prototype_cache=cache)
    (found,) = find(IMAGES[2])
    assert found['matches'][0] == 'array_2' and sorted(found['pred_label']) == [
        0,
        1,
        2,
        3,
    ]
    assert found['pred_score'] == sorted(found['pred_score'], reverse=True)
    assert found.top(1) == [('array_2', pytest.approx(1))]
    assert torch.load(cache).shape == (4, 128)
    again = ImageRetrievalInferencer(
        CONFIG,
        prototype=IMAGES,
        prototype_cache=cache,
        overrides=['model.topk=2'],
    )
    again.model.load_state_dict(find.model.state_dict())
    (best,) = again(IMAGES[2])
    assert best['pred_label'] == found['pred_label'][:2]
    assert best['pred_score'] == pytest.approx(found['pred_score'][:2])
