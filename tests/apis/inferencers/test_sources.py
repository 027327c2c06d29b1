"""What a user may ask a prediction for."""

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np
import pytest
import torch

from mmlite.apis.inferencers import Source, find_sources
from mmlite.apis.inferencers.preparing import SourceDataset
from mmlite.apis.inferencers.sources import in_groups
from mmlite.datasets import BaseDataset
from mmlite.errors import DataError
from mmlite.registry import DATASETS


@pytest.fixture
def pictures(tmp_path):
    """``b.png`` and ``a b/a.JPG``, beside what is no picture."""
    (tmp_path / 'a b').mkdir()
    red = np.zeros((4, 5, 3), np.uint8)
    red[..., 2] = 200  # OpenCV's order
    cv2.imwrite(str(tmp_path / 'b.png'), red)
    cv2.imwrite(str(tmp_path / 'a b/a.JPG'), red)
    (tmp_path / '.hidden.png').touch()
    (tmp_path / 'notes.txt').touch()
    return tmp_path


def test_a_folder_is_searched_in_order(pictures):
    names = [source.name for source in find_sources(pictures)]
    assert names == [str(pictures / 'a b/a.JPG'), str(pictures / 'b.png')]


def test_patterns_files_and_lists(pictures):
    assert len(find_sources(f'{pictures}/**/*.*g')) == 1  # .JPG is another ending
    assert len(find_sources([pictures / 'b.png', str(pictures)])) == 3


def test_colours_come_as_rgb(pictures):
    image = find_sources(pictures / 'b.png')[0].read()
    assert image.shape == (4, 5, 3) and image[0, 0].tolist() == [200, 0, 0]


def test_arrays_tensors_and_pil_images_are_alike():
    array = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    tensor = torch.from_numpy(array).permute(2, 0, 1)
    sources = find_sources([array, tensor])
    assert [source.name for source in sources] == ['array_0', 'array_1']
    assert all(np.array_equal(source.read(), array) for source in sources)
    grey = find_sources(array[..., :1])[0].read()
    assert grey.shape == (2, 4)


@pytest.mark.parametrize('mode', ['P', 'RGBA', 'CMYK', '1'])
def test_images_of_pil_in_other_modes_are_seen_as_they_look(mode):
    image_module = pytest.importorskip('PIL.Image')
    red_and_white = np.full((4, 6, 3), 255, np.uint8)
    if mode != '1':
        red_and_white[:, :3, 1:] = 0
    image = image_module.fromarray(red_and_white).convert(mode)
    assert np.array_equal(find_sources(image)[0].read(), red_and_white)


def test_addresses_are_downloaded(pictures):
    handler = partial(SimpleHTTPRequestHandler, directory=str(pictures))
    handler.log_message = lambda *args: None
    with ThreadingHTTPServer(('127.0.0.1', 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f'http://127.0.0.1:{server.server_port}'
        image = find_sources(f'{address}/b.png')[0].read()
        assert image[0, 0].tolist() == [200, 0, 0]
        with pytest.raises(DataError, match=r'cannot read http.*absent\.png: .*404'):
            find_sources(f'{address}/absent.png')[0].read()
        server.shutdown()


@pytest.mark.parametrize(
    ('inputs', 'message'),
    [
        ('bb.png', r"no file bb\.png; did you mean 'b\.png'"),
        ('nowhere/b.png', r'no file nowhere/b\.png'),
        ('empty', 'empty holds no image'),
        ('*.gif', r'\*\.gif holds no image'),
        ([], 'the list is empty'),
        (np.zeros((2, 2, 3)), 'uint8 .* got float64'),
        (np.zeros((2, 2, 5), np.uint8), r'got uint8 of shape \(2, 2, 5\)'),
        (7, 'a picture in memory'),
    ],
)
def test_what_is_no_picture(pictures, monkeypatch, inputs, message):
    monkeypatch.chdir(pictures)
    (pictures / 'empty').mkdir()
    with pytest.raises(DataError, match=message):
        find_sources(inputs)


@pytest.mark.parametrize('content', [b'', b'no picture'])
def test_files_that_are_no_image(tmp_path, content):
    (tmp_path / 'a.png').write_bytes(content)
    with pytest.raises(DataError, match=r'a\.png is (empty|not an image)'):
        find_sources(tmp_path / 'a.png')[0].read()


def test_pairs():
    sources = [Source(name) for name in 'abcd']
    assert [g[1].name for g in in_groups(sources, 2)] == ['b', 'd']
    with pytest.raises(DataError, match='takes 2 images at a time, got 3'):
        in_groups(sources[:3], 2)


def test_pictures_for_a_dataset_that_mixes_have_the_size_of_its_images():
    pack = [dict(type='PackInputs')]
    mixed = dict(
        type='MultiImageMixDataset', dataset=dict(type='Digits', size=12), pipeline=pack
    )
    dataset = SourceDataset([find_sources(np.zeros((20, 30, 3), np.uint8))], mixed)
    assert dataset[0]['inputs'].shape == (3, 12, 12)


def test_pictures_for_a_dataset_of_ones_own_that_takes_no_lazy_init():
    @DATASETS.register_module(force=True)
    class Small(BaseDataset):
        image_shape = (6, 9, 3)

        def __init__(self, pipeline=()):
            super().__init__(pipeline=pipeline)

        def load_data_list(self):
            return [dict(img=np.zeros(self.image_shape, np.uint8))]

    own = dict(type='Small', pipeline=[dict(type='PackInputs')])
    dataset = SourceDataset([find_sources(np.zeros((20, 30, 3), np.uint8))], own)
    assert dataset[0]['inputs'].shape == (3, 6, 9)


def test_brackets_in_the_name_of_a_folder_are_no_pattern(tmp_path):
    folder = tmp_path / 'run [1]'
    folder.mkdir()
    for name in ('a.png', 'b.png'):
        cv2.imwrite(str(folder / name), np.zeros((2, 2, 3), np.uint8))
    assert len(find_sources(f'{folder}/*.png')) == 2
    assert len(find_sources(f'{folder}/[a].png')) == 1
    assert len(find_sources(f'{tmp_path}/run*/a.png')) == 1
