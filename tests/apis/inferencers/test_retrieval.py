"""The inferencer of retrieval finds pictures by pictures."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from mmlite.apis import ImageRetrievalInferencer
from mmlite.apis.cli import main
from mmlite.errors import DataError

CONFIG = (
    Path(__file__).parents[3] / 'configs/retrieval/arcface_resnet18_1xb64_digits.py'
)
SMALL = ['model.topk=1', 'model.prototype.dataset.indices=12']
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


@pytest.mark.filterwarnings('ignore:no checkpoint is given')
def test_what_is_found_in_the_gallery_of_the_config_has_names(tmp_path):
    for number, image in enumerate(IMAGES):
        path = tmp_path / ('crow', 'owl')[number % 2] / f'{number}.png'
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(cv2.imencode('.png', image)[1].tobytes())
    folder = dict(type='CustomDataset', data_root=str(tmp_path))
    steps = [dict(type='LoadImageFromFile'), dict(type='PackInputs')]
    gallery = dict(_delete_=True, pipeline=steps, **folder)
    find = ImageRetrievalInferencer(
        CONFIG, overrides=[f'model.prototype.dataset={gallery}']
    )
    (found,) = find(str(tmp_path / 'owl/1.png'))
    # In the order of the folders: crow/0, crow/2, owl/1, owl/3.
    files = ['crow/0.png', 'crow/2.png', 'owl/1.png', 'owl/3.png']
    known = [str(tmp_path / files[place]) for place in found['pred_label']]
    assert found['matches'] == found.to_dict()['matches'] == known
    assert found.text().startswith(f'{known[0]} ')


@pytest.mark.filterwarnings('ignore:no checkpoint is given')
def test_a_gallery_without_files_is_named_by_place_and_class():
    find = ImageRetrievalInferencer(CONFIG, overrides=SMALL)
    gallery = find.model.gallery.dataset
    (found,) = find(np.ascontiguousarray(gallery.get_data_info(7)['img']))
    assert found['matches'] == [f'#7 (class {gallery.get_data_info(7)["gt_label"]})']


@pytest.mark.filterwarnings('ignore:no checkpoint is given')
def test_a_cache_keeps_the_names_of_the_gallery(tmp_path):
    cache = tmp_path / 'gallery.pth'
    find = ImageRetrievalInferencer(CONFIG, overrides=SMALL, prototype_cache=cache)
    again = ImageRetrievalInferencer(CONFIG, overrides=SMALL, prototype_cache=cache)
    again.model.load_state_dict(find.model.state_dict())
    before, after = find(IMAGES[0])[0], again(IMAGES[0])[0]
    assert after['matches'] == before['matches']
    np.testing.assert_array_equal(after.plot(), before.plot())
    with pytest.raises(DataError, match='of 12 pictures, but the gallery 4; remove'):
        ImageRetrievalInferencer(CONFIG, prototype=IMAGES, prototype_cache=cache)


@pytest.mark.filterwarnings('ignore:no checkpoint is given')
def test_the_command_draws_what_is_found(tmp_path, capsys):
    find = ImageRetrievalInferencer(CONFIG, overrides=SMALL)
    torch.save(dict(state_dict=find.model.state_dict()), tmp_path / 'a.pth')
    (tmp_path / 'one.png').write_bytes(cv2.imencode('.png', IMAGES[0])[1].tobytes())
    words = [CONFIG, tmp_path / 'a.pth', tmp_path / 'one.png']
    words += ['--show-dir', tmp_path / 'out', '--cfg-options', *SMALL]
    assert main(['predict', *map(str, words)]) == 0
    assert 'one.png: #' in capsys.readouterr().out
    assert cv2.imread(str(tmp_path / 'out/one.png')).shape[0] >= 224
