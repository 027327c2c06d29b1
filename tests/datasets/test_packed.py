from __future__ import annotations

import io
import json
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from mmlite.datasets import PackedDataset, default_collate, load_in_memory, packed_files
from mmlite.datasets.packed_fields import KeepFields, as_arrays
from mmlite.datasets.packed_files import PackWriter, open_images, read_index
from mmlite.errors import ConfigError, DataError, DataNotFoundError
from mmlite.registry import DATASETS

IMAGES = np.random.default_rng(0).integers(0, 256, (6, 4, 5, 3), dtype=np.uint8)
PACK = dict(type='PackInputs')


def write(folder='pack', images=IMAGES, count=None, classes=('a', 'b')):
    with PackWriter(folder, len(images) if count is None else count) as writer:
        for i, image in enumerate(images):
            writer.add(image, dict(gt_label=i % 2, img_path=f'{i}.jpg'))
        writer.finish(classes, made='by hand')


def packed(*pipeline, **args):
    cfg = dict(type='PackedDataset', data_root='pack', pipeline=list(pipeline))
    return DATASETS.build(cfg | args)


def test_the_file_is_one_that_numpy_reads():
    write()
    assert np.array_equal(np.load('pack/images.npy'), IMAGES)
    index = json.loads(Path('pack/index.json').read_text())
    assert index['shape'] == [6, 4, 5, 3] and index['made_by'] == dict(made='by hand')
    assert sorted(p.name for p in Path('pack').iterdir()) == [
        'images.npy',
        'index.json',
    ]


@pytest.mark.parametrize('count', [1, 10**9])
def test_fewer_images_than_announced(count, monkeypatch):
    monkeypatch.setattr(PackWriter, '_begin', begin_without_room)
    write(count=count)
    assert np.array_equal(np.load('pack/images.npy'), IMAGES)


def begin_without_room(self, image):
    self._shape = image.shape
    self._file.write(packed_files._header((0, *image.shape)))


def test_headers_are_those_of_the_format():
    for shape in ((0, 1, 1, 1), (10**12, 10**5, 10**5, 4)):
        file = io.BytesIO(packed_files._header(shape))
        assert np.lib.format.read_magic(file) == (1, 0)
        assert np.lib.format.read_array_header_1_0(file) == (shape, False, np.uint8)
        assert file.tell() == packed_files._HEADER


def test_samples():
    write()
    dataset = packed()
    assert len(dataset) == 6 and dataset.CLASSES == ('a', 'b')
    sample = dataset[3]
    assert (
        np.array_equal(sample['img'], IMAGES[3]) and type(sample['img']) is np.ndarray
    )
    assert (sample['gt_label'], sample['img_path']) == (1, '3.jpg')
    assert sample['img_shape'] == sample['ori_shape'] == (4, 5)
    with pytest.raises(ValueError, match='read-only'):
        sample['img'][0] = 0
    assert dataset.get_gt_labels().tolist() == [0, 1] * 3
    assert packed(PACK)[3]['inputs'].shape == (3, 4, 5)
    assert packed(classes=['x', 'y']).CLASSES == ('x', 'y')


def test_a_part_of_the_samples():
    write()
    for indices, expected in ((2, [0, 1]), (-2, [4, 5]), ([5, 0], [5, 0])):
        part = packed(indices=indices)
        for sample, i in zip(part, expected, strict=True):
            assert np.array_equal(sample['img'], IMAGES[i])
            assert sample['img_path'] == f'{i}.jpg'
    nested = packed(indices=[5, 3, 1]).data_list.subset([1, 2])
    assert [nested[i]['img_path'] for i in range(2)] == ['3.jpg', '1.jpg']


def test_a_copy_for_another_process_opens_the_file_again():
    images = np.zeros((4, 100, 100, 3), np.uint8)
    write(images=images)
    dataset = packed(indices=[2, 3])
    sent = pickle.dumps(dataset)
    assert len(sent) < 10_000
    again = pickle.loads(sent)
    assert again[1]['img_path'] == '3.jpg' and len(again) == 2
    assert not again.data_list.images.flags.owndata


@pytest.mark.parametrize('workers', [0, 1])
def test_batches(workers):
    write()
    crop = dict(type='RandomCrop', crop_size=(4, 5))
    loader = DataLoader(
        packed(crop, PACK), 3, num_workers=workers, collate_fn=default_collate
    )
    batches = list(loader)
    together = torch.cat([batch['inputs'] for batch in batches])
    assert np.array_equal(together.permute(0, 2, 3, 1).numpy(), IMAGES)
    assert batches[1]['data_samples'].field('gt_label').tolist() == [1, 0, 1]


def test_in_memory():
    write()
    loaded = load_in_memory(packed(PACK), torch.device('cpu'))
    assert np.array_equal(loaded.images.permute(0, 2, 3, 1).numpy(), IMAGES)
    assert loaded.samples[2].img_path == '2.jpg'


def test_images_of_several_sizes_are_refused():
    ragged = [IMAGES[0], IMAGES[1], IMAGES[2][:3]]
    message = r'the first one is \(4, 5, 3\) and 2.jpg is \(3, 5, 3\)'
    with pytest.raises(DataError, match=message):
        write(images=ragged)
    with pytest.raises(DataError, match='float64'):
        write(images=IMAGES / 2)
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize('error', [KeyboardInterrupt, ZeroDivisionError])
def test_an_interruption_leaves_nothing(error):
    with pytest.raises(error), PackWriter('pack', 6) as writer:
        writer.add(IMAGES[0], dict(gt_label=0))
        assert not Path('pack').exists()
        raise error
    assert list(Path().iterdir()) == []
    Path('pack').mkdir()  # may be there, if it is empty
    write()
    assert len(packed()) == 6


def test_what_is_there_is_not_written_over():
    write()
    with pytest.raises(DataError, match='pack is not empty; remove it, or name'):
        write()
    assert np.array_equal(open_images('pack'), IMAGES)


def test_no_images_and_no_room(monkeypatch):
    with pytest.raises(DataError, match='there is no image to pack'):
        write(images=[])
    usage = type('Usage', (), dict(free=300))
    monkeypatch.setattr(packed_files.shutil, 'disk_usage', lambda path: usage)
    message = r'6 images of \(4, 5, 3\) need 360 bytes .* has 300'
    with pytest.raises(DataError, match=message):
        write()


def test_a_disk_that_fills_up(monkeypatch):
    class Full(io.BytesIO):
        def write(self, data):
            raise OSError(28, 'No space left on device')

    with PackWriter('pack', 6) as writer:
        writer.add(IMAGES[0], {})
        writer._file.close()
        writer._file = Full()
        with pytest.raises(DataError, match='cannot write pack: No space left'):
            writer.add(IMAGES[1], {})
        with pytest.raises(DataError, match='cannot write pack: No space left'):
            writer.finish()
    assert not Path('pack').exists()
    Path('file').write_text('')
    with pytest.raises(DataError, match='cannot write file/pack: '):
        with PackWriter('file/pack', 1):
            pass


def damage(path, data):
    Path('pack', path).write_bytes(data)


@pytest.mark.parametrize(
    ('path', 'data', 'message'),
    [
        ('index.json', b'{', 'index.json is damaged'),
        ('index.json', b'[]', 'index.json is damaged'),
        ('index.json', b'{"version": 2}', 'is of version 2, this mmlite reads 1'),
        ('images.npy', b'', 'images.npy is damaged'),
        ('images.npy', b'no numpy', 'images.npy is damaged'),
    ],
)
def test_damaged_files(path, data, message):
    write()
    damage(path, data)
    with pytest.raises(DataError, match=message):
        packed()


def test_files_that_are_cut_off_or_do_not_fit():
    write()
    whole = Path('pack/images.npy').read_bytes()
    damage('images.npy', whole[:-10])
    with pytest.raises(DataError, match='images.npy is damaged'):
        packed()
    Path('pack/images.npy').unlink()
    with pytest.raises(DataNotFoundError, match='images.npy does not exist'):
        packed()
    write('other', IMAGES[:5])
    Path('other/images.npy').rename('pack/images.npy')
    with pytest.raises(DataError, match='not that of 6 images'):
        packed()


def test_a_folder_without_packed_images():
    with pytest.raises(DataNotFoundError, match='make them with mmlite pack-dataset'):
        packed()
    Path('pack').mkdir()
    with pytest.raises(DataNotFoundError, match='expected index.json and images.npy'):
        PackedDataset('pack', lazy_init=True).prepare()
    with pytest.raises(DataNotFoundError):
        read_index('pack')


def test_a_pipeline_that_would_decode_again():
    write()
    with pytest.raises(ConfigError, match='remove LoadImageFromFile'):
        packed(dict(type='LoadImageFromFile'), PACK)


def test_what_is_kept_comes_back_as_it_was():
    polygons = [np.array([1.0, 2, 3, 4, 5, 6]), np.zeros((0, 2), np.float32)]
    given = dict(
        instances=[dict(bbox=np.arange(4), bbox_label=1, mask=polygons)],
        grid=(2, [(3, 4.5)]),
        known=dict(at=dict(hour=np.int64(5)), names=['a']),
        nothing=None,
    )
    kept = json.loads(json.dumps(KeepFields(False)(dict(given))['kept']))
    found = as_arrays(kept)
    (one,) = found['instances']
    assert one['bbox'].tolist() == [0, 1, 2, 3] and one['bbox'].dtype == np.int64
    for mask, polygon in zip(one['mask'], polygons, strict=True):
        np.testing.assert_array_equal(mask, polygon)
        assert mask.dtype == polygon.dtype
    assert found['grid'] == (2, [(3, 4.5)])
    assert found['known'] == dict(at=dict(hour=5), names=['a'])
    assert found['nothing'] is None


@pytest.mark.parametrize(
    ('value', 'kind'), [({1: 'a'}, 'dict'), (torch.ones(2).bfloat16(), 'Tensor')]
)
def test_what_would_change_is_refused(value, kind):
    with pytest.raises(DataError, match=f'the field known .* it has a {kind}, which'):
        KeepFields(False)(dict(known=[value]))


@pytest.mark.parametrize(
    'change',
    [
        dict(__array__='object'),
        dict(__array__='nope'),
        dict(__array__=[['a', 'i4']]),
        dict(shape=[10**9, 10**9]),
        dict(shape='x'),
        dict(values='abcd'),
        dict(values=None),
    ],
)
def test_arrays_of_a_damaged_index(change):
    kept = KeepFields(False)(dict(gt_bboxes=np.ones((1, 4))))['kept']
    kept['gt_bboxes'].update(change)
    with pytest.raises(DataError, match='index of packed images is damaged'):
        as_arrays(kept)
