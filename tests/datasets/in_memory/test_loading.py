from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from mmlite.datasets import BaseDataset, Digits, load_in_memory
from mmlite.datasets.in_memory import loading as in_memory
from mmlite.datasets.storage import ArrayList
from mmlite.datasets.transforms import BaseTransform
from mmlite.errors import ConfigError, DataError
from mmlite.registry import DATASETS, TRANSFORMS
from mmlite.structures import DataSample
from mmlite.visualization import write_image

CPU = torch.device('cpu')
CROP = dict(type='RandomCrop', crop_size=8, padding=1)
FLIP = dict(type='RandomFlip', prob=0.5)
PACK = dict(type='PackInputs')


def digits(*pipeline, **args):
    args = dict(size=8, indices=20) | args
    return Digits(pipeline=list(pipeline), **args)


def assert_same_samples(loaded, dataset):
    """Whether a sample from memory is what the dataset gives."""
    for place in range(len(dataset)):
        row = place if loaded.rows is None else loaded.rows[place]
        expected = dataset[place]
        sample = expected['data_samples']
        assert torch.equal(loaded.images[row], expected['inputs'])
        got = loaded.samples[int(row)]
        assert got.gt_label.tolist() == sample.gt_label.tolist()
        assert got.metainfo == sample.metainfo
        assert loaded.numbers[row] == sample.sample_idx


def test_images_that_are_stored_as_arrays(monkeypatch):
    dataset = digits(PACK)
    monkeypatch.setattr(in_memory, '_decoded', None)  # nothing is loaded one by one
    loaded = load_in_memory(dataset, CPU)
    assert loaded.images.shape == (20, 3, 8, 8) and loaded.images.is_contiguous()
    assert loaded.transforms == ()
    assert_same_samples(loaded, dataset)
    loaded.images[0] = 7  # is memory of its own
    assert dataset[0]['inputs'].max() != 7 or dataset[0]['inputs'].min() != 7


def test_what_is_not_random_is_done_once():
    pipeline = [dict(type='Resize', scale=12), dict(type='CenterCrop', crop_size=10)]
    dataset = digits(*pipeline, PACK)
    loaded = load_in_memory(dataset, CPU)
    assert loaded.images.shape == (20, 3, 10, 10)
    assert_same_samples(loaded, dataset)


def test_random_transforms_are_left_for_the_batches():
    loaded = load_in_memory(digits(dict(type='Resize', scale=9), CROP, FLIP, PACK), CPU)
    assert [type(step).__name__ for step in loaded.transforms] == [
        'BatchRandomCrop',
        'BatchRandomFlip',
    ]
    assert loaded.images.shape[2:] == (9, 9)
    # The size that is stated is that after the crop.
    assert loaded.samples[0].img_shape == (8, 8)
    assert 'flip' not in loaded.samples[0]


def test_images_from_files(capsys):
    rng = np.random.default_rng(0)
    for i in range(5):
        folder = Path('images', 'ab'[i % 2])
        folder.mkdir(parents=True, exist_ok=True)
        image = rng.integers(0, 256, (6 + i, 8, 3), dtype=np.uint8)
        write_image(image, folder / f'{i}.png')
    cfg = dict(type='CustomDataset', data_root='images')
    load = dict(type='LoadImageFromFile')
    dataset = DATASETS.build(
        dict(cfg, pipeline=[load, dict(type='Resize', scale=(5, 4)), PACK])
    )
    loaded = load_in_memory(dataset, CPU)
    assert loaded.images.shape == (5, 3, 4, 5)
    assert_same_samples(loaded, dataset)
    assert loaded.samples[4].img_path == dataset.get_data_info(4)['img_path']
    assert '100% of 5 images' in capsys.readouterr().err

    ragged = DATASETS.build(dict(cfg, pipeline=[load, PACK]))
    message = r'one size, but sample 1 \(images/a/2.png\) is \(3, 8, 8\).*\(3, 6, 8\)'
    with pytest.raises(DataError, match=message):
        load_in_memory(ragged, CPU)


def test_labels_of_any_kind():
    class Several(BaseDataset):
        def load_data_list(self):
            image = np.zeros((4, 4, 3), np.uint8)
            return [
                dict(img=image, gt_label=[0, 1], gt_score=[0.5, 0.5]),
                dict(img=image + 1, gt_label=[2], gt_score=[1.0, 0.0]),
            ]

    loaded = load_in_memory(Several(pipeline=[PACK]), CPU)
    taken = loaded.samples.take(torch.tensor([1, 0]))
    assert [s.gt_label.tolist() for s in taken] == [[2], [0, 1]]
    assert taken.field('gt_score').tolist() == [[1.0, 0.0], [0.5, 0.5]]


def test_a_dataset_that_adds_something_is_asked_for_each_sample():
    class Noisy(Digits):
        def get_data_info(self, idx):
            info = super().get_data_info(idx)
            return info | dict(gt_label=(info['gt_label'] + 1) % 10)

    dataset = Noisy(pipeline=[PACK], size=8, indices=5)
    assert_same_samples(load_in_memory(dataset, CPU), dataset)


def test_datasets_made_of_others():
    part = dict(type='Digits', size=8, pipeline=[CROP, PACK])
    first, second = dict(part, indices=7), dict(part, indices=-4)
    cfgs = [
        dict(type='ConcatDataset', datasets=[first, second]),
        dict(type='RepeatDataset', dataset=first, times=3),
        dict(type='ClassBalancedDataset', dataset=first, oversample_thr=0.5),
        dict(type='KFoldDataset', dataset=first, fold=1, num_splits=3),
    ]
    cfgs += [
        dict(type='RepeatDataset', dataset=cfgs[0], times=2),
        dict(type='ConcatDataset', datasets=[second, *cfgs[1:]]),
    ]
    for cfg in cfgs:
        dataset = DATASETS.build(cfg)
        loaded = load_in_memory(dataset, CPU)
        rows = range(len(dataset)) if loaded.rows is None else loaded.rows
        assert len(rows) == len(dataset)
        for place, row in enumerate(rows):
            info = dataset.get_data_info(place)
            image = torch.from_numpy(info['img'].copy()).permute(2, 0, 1)
            assert torch.equal(loaded.images[int(row)], image)
            assert loaded.numbers[row] == info['sample_idx']
            assert loaded.samples[int(row)].gt_label.tolist() == [info['gt_label']]


def test_room_is_made_sure_of_first(monkeypatch):
    monkeypatch.setattr(in_memory, '_free_bytes', lambda device: 3000)
    message = r'needs 3,840 bytes \(0.0 GiB\) .* cpu has 3,000 .*in_memory=False'
    for pipeline in ([PACK], [dict(type='Shift'), PACK]):
        with pytest.raises(DataError, match=message):
            load_in_memory(digits(*pipeline), CPU)
    monkeypatch.undo()
    assert in_memory._free_bytes(torch.device('meta')) is None
    assert in_memory._free_bytes(CPU) > 1_000_000


@TRANSFORMS.register_module(force=True)
class Darker(BaseTransform):
    """Not random, but does not say so."""

    def transform(self, results):
        return results | dict(img=results['img'] // 2)


@TRANSFORMS.register_module(force=True)
def lighter(results):
    return results


@pytest.mark.parametrize(
    ('pipeline', 'message'),
    [
        (
            [CROP, dict(type='ColorJitter', brightness=0.5), PACK],
            r'pipeline.1: ColorJitter has no batched version.*batched\(\)',
        ),
        (
            [dict(type='Darker'), PACK],
            r'pipeline.0: Darker has no batched .*is_random = False if it is not',
        ),
        ([dict(type='lighter'), PACK], 'lighter has no batched version'),
        (
            [FLIP, dict(type='Resize', scale=4), PACK],
            'pipeline.1: Resize stands behind a random transform.*in front of them',
        ),
        ([CROP], 'pipeline.0: RandomCrop ends the pipeline, which has to end with'),
        ([dict(type='Resize', scale=4)], 'a pipeline that ends with PackInputs'),
        ([], 'a pipeline that ends with PackInputs'),
    ],
)
def test_pipelines_that_cannot_be_had(pipeline, message):
    with pytest.raises(ConfigError, match=message) as caught:
        load_in_memory(digits(*pipeline), CPU)
    assert 'in_memory=False' in str(caught.value)


def test_datasets_that_cannot_be_had():
    mixed = dict(type='MultiImageMixDataset', dataset=digits(), pipeline=[PACK])
    with pytest.raises(ConfigError, match='which MultiImageMixDataset lacks'):
        load_in_memory(DATASETS.build(mixed), CPU)
    with pytest.raises(ConfigError, match='which TensorDataset lacks'):
        load_in_memory(torch.utils.data.TensorDataset(torch.zeros(3)), CPU)
    parts = [digits(CROP, PACK), digits(CROP, FLIP, PACK)]
    both = DATASETS.build(dict(type='ConcatDataset', datasets=parts))
    with pytest.raises(ConfigError, match='same random transforms, got .RandomCrop'):
        load_in_memory(both, CPU)
    parts = [digits(PACK), digits(PACK, size=9)]
    both = DATASETS.build(dict(type='ConcatDataset', datasets=parts))
    with pytest.raises(DataError, match=r'\(3, 8, 8\), \(3, 9, 9\)'):
        load_in_memory(both, CPU)


def test_arrays_with_fewer_meta_keys():
    loaded = load_in_memory(digits(dict(PACK, meta_keys=())), CPU)
    assert loaded.samples[3].metainfo == dict(img_shape=(8, 8), ori_shape=(8, 8))
    assert isinstance(loaded.samples[3], DataSample)
    assert isinstance(digits(PACK).data_list, ArrayList)


class Boxed(BaseDataset):
    def load_data_list(self):
        image = np.zeros((8, 8, 3), np.uint8)
        return [dict(img=image, gt_label=0, gt_bboxes=[[0, 0, 2, 2]])] * 3


def test_boxes_are_not_left_behind():
    with pytest.raises(DataError, match='BatchRandomFlip .*not gt_bboxes.*in_memory=F'):
        load_in_memory(Boxed(pipeline=[FLIP, PACK]), CPU)
    loaded = load_in_memory(Boxed(pipeline=[dict(type='Resize', scale=4), PACK]), CPU)
    assert loaded.samples[0].gt_bboxes.tolist() == [[0, 0, 1, 1]]


def test_several_inputs_are_refused():
    with pytest.raises(ConfigError, match='neither views nor several inputs'):
        load_in_memory(Boxed(pipeline=[dict(PACK, input_key=['img'])]), CPU)
