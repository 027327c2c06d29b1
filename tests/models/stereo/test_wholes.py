"""Pairs of any size, and what is said where they do not fit."""

import copy

import numpy as np
import pytest
import torch
from contracts.tiny import STEREO

from mmlite.datasets import default_collate
from mmlite.datasets.transforms import encode_pfm
from mmlite.errors import ConfigError, DataError, TrainingError
from mmlite.models.stereo import BaseModel
from mmlite.registry import DATASETS, METRICS, MODELS
from mmlite.structures import DataSample
from mmlite.visualization import write_image

for_each = pytest.mark.parametrize('name', STEREO)


def build(name, **changes):
    torch.manual_seed(0)
    return MODELS.build({**copy.deepcopy(STEREO[name]), 'type': name, **changes})


def pair(height, width, seed=0):
    generator = torch.Generator().manual_seed(seed)
    shape = (1, 3, height, width)
    views = [torch.randint(0, 256, shape, generator=generator) for _ in range(2)]
    return dict(zip(('ref_img', 'tgt_img'), [v.byte() for v in views], strict=True))


@for_each
@pytest.mark.parametrize('size', [(33, 64), (32, 65), (32, 64)])
@torch.no_grad()
def test_a_prediction_has_the_size_of_the_picture(name, size):
    model = build(name).eval()
    (sample,) = model.test_step(dict(inputs=pair(*size)))
    assert sample.pred_disparity.shape == size


@for_each
@torch.no_grad()
def test_without_padding_it_is_what_the_network_gives(name):
    model = build(name).eval()
    inputs = pair(32, 64)
    ready = model.data_preprocessor(dict(inputs=inputs))['inputs']
    (bare,) = model.estimate(ready['ref_img'], ready['tgt_img'])
    (sample,) = model.test_step(dict(inputs=inputs))
    assert torch.equal(sample.pred_disparity, bare[0])


class Copy(BaseModel):
    """The red of the left view as its disparity."""

    size_divisor = 4

    def build_network(self, model_cfg):
        self.scale = torch.nn.Parameter(torch.ones(()))
        self.constant = model_cfg.get('constant')

    def forward(self, inputs):
        disparity = self.scale * inputs['ref_img'][:, 0]
        if self.constant is not None:
            disparity = torch.full_like(disparity, self.constant)
        result = dict(disp_est=disparity)
        return dict(training_disp=result, inference_disp=result)


@pytest.mark.parametrize('size', [(5, 8), (4, 9), (7, 7), (4, 8)])
def test_pixels_stay_at_their_place(size):
    inputs = pair(*size)
    (sample,) = Copy().test_step(dict(inputs=inputs))
    assert torch.equal(sample.pred_disparity, inputs['ref_img'][0, 0].float())


@pytest.mark.parametrize(('factor', 'value'), [((0.5, 1.0), 9.0), ((1.0, 0.5), 4.5)])
def test_a_disparity_comes_back_at_the_size_of_the_file(factor, value):
    """The network saw a pair of half the width: 4.5 px there are 9 px."""
    size = round(8 * factor[1]), round(20 * factor[0])
    meta = dict(ori_shape=(8, 20), img_shape=size, scale_factor=factor)
    samples = [DataSample(metainfo=meta)]
    model = Copy(constant=4.5)
    (sample,) = model.test_step(dict(inputs=pair(*size), data_samples=samples))
    assert sample.pred_disparity.shape == (8, 20)
    assert (sample.pred_disparity == value).all()


def test_a_resized_evaluation_is_of_the_files(tmp_path):
    """The ground truth is 10 px everywhere; at half the width the network says 4.5."""
    for view in ('left', 'right'):
        (tmp_path / view).mkdir()
        write_image(np.zeros((8, 20, 3), np.uint8), tmp_path / view / 'a.png')
    (tmp_path / 'disparity').mkdir()
    truth = encode_pfm(np.full((8, 20), 10, np.float32))
    (tmp_path / 'disparity/a.pfm').write_bytes(truth)
    views = ['ref_img', 'tgt_img']
    pipeline = [
        dict(type='LoadImageFromFile', keys=views),
        dict(type='Resize', scale=(10, 8)),
        dict(type='LoadDisparity'),
        dict(type='PackInputs', input_key=views),
    ]
    cfg = dict(type='StereoDataset', data_root=str(tmp_path), pipeline=pipeline)
    batch = default_collate([DATASETS.build(cfg)[0]])
    metric = METRICS.build(dict(type='DisparityMetric'))
    metric.process(None, Copy(constant=4.5).eval().test_step(batch))
    assert metric.evaluate(1)['disparity/image_epe'] == pytest.approx(1.0)


def test_only_known_pixels_count_in_the_default_loss():
    target = torch.tensor([[1, 0, torch.nan, torch.inf, 200, 1, 1, 1]]).repeat(4, 1)
    valid = torch.tensor([[1, 1, 1, 1, 1, 0, 0, 0]]).repeat(4, 1)
    model = Copy(max_disp=192)
    inputs = dict.fromkeys(('ref_img', 'tgt_img'), torch.full((1, 3, 4, 8), 2).byte())
    inputs['ref_img'] = inputs['ref_img'].clone()

    def loss_of(**fields):
        data = dict(inputs=inputs, data_samples=[DataSample(**fields)])
        ready = model.data_preprocessor(data, training=True)
        return model(**ready, mode='loss')['loss_disp_est']

    # Where ``valid`` is given, it says that the disparity of 0 is known: (.5 + 1.5) / 2
    loss = loss_of(gt_disparity=target, valid=valid)
    assert loss.item() == pytest.approx(1.0)
    alone = loss_of(gt_disparity=target[:, :5].repeat(1, 2)[:, :8])
    assert alone.item() == pytest.approx(0.5)
    loss.backward()
    assert model.scale.grad.isfinite()


def test_views_that_do_not_fit_are_named():
    model = build('TinyStereo')
    inputs = pair(32, 64)
    with pytest.raises(DataError, match='tgt_img is missing; got .*ref_img'):
        model.test_step(dict(inputs=dict(ref_img=inputs['ref_img'])))
    other = dict(inputs, tgt_img=inputs['tgt_img'][..., :60])
    with pytest.raises(DataError, match='one size, got 64x32 and 60x32'):
        model.test_step(dict(inputs=other))
    floats = {key: view[..., :30].float() for key, view in inputs.items()}
    with pytest.raises(DataError, match='30x32, and the network takes multiples of 4'):
        model(floats)


def test_without_ground_truth_there_is_nothing_to_train_on():
    model = build('TinyStereo')
    ready = model.data_preprocessor(dict(inputs=pair(32, 64)), training=True)
    with pytest.raises(TrainingError, match='no gt_disparity .* LoadDisparity'):
        model(ready['inputs'], [DataSample()], mode='loss')


def test_batch_statistics_of_one_pixel_are_refused():
    model = build('PSMNet').train()
    inputs = {key: view.float() for key, view in pair(256, 256).items()}
    with pytest.raises(TrainingError, match='leaves one pixel.*batch_size=2'):
        model.feature_extraction(inputs['ref_img'])


@pytest.mark.parametrize(
    ('name', 'size'), [('GwcNet', 16), ('LightStereo', 32), ('TinyStereo', 4)]
)
def test_a_map_of_one_pixel_is_refused_in_training(name, size):
    """The smallest pair of each network, which a batch of one is too small for."""
    model = build(name).train()
    data = dict(inputs=pair(size, size), data_samples=[DataSample()])
    inputs = model.data_preprocessor(data, training=True)['inputs']
    with pytest.raises(TrainingError, match=f'{size}x{size} leaves one pixel.*size=2'):
        model(inputs)


RANGED = ['GwcNet', 'IGEV', 'LightStereo', 'PSMNet', 'TinyStereo']


@pytest.mark.parametrize('name', RANGED)
@pytest.mark.parametrize('value', [18, 0, 16.0])
def test_a_range_of_disparities_that_does_not_fit(name, value):
    if name == 'LightStereo' and not value:
        return  # as if it were not given
    with pytest.raises(ConfigError, match=r'max_disp is .* takes a multiple of'):
        build(name, max_disp=value)


@pytest.mark.parametrize('name', ['LightStereo', 'TinyStereo'])
def test_weights_of_another_range_are_refused(name):
    with pytest.raises(RuntimeError, match='size mismatch'):
        build(name, max_disp=32).load_state_dict(build(name).state_dict())


@torch.no_grad()
def test_more_disparities_than_columns():
    model = build('TinyStereo').eval()
    assert model.test_step(dict(inputs=pair(16, 8)))[0].pred_disparity.shape == (16, 8)


def test_batch_norms_of_raft_keep_their_statistics():
    model = build('RAFTStereo').train()
    norms = [m for m in model.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    assert norms and not any(norm.training for norm in norms)
    thawed = build('RAFTStereo', norm_eval=False).train()
    assert any(
        m.training for m in thawed.modules() if isinstance(m, torch.nn.BatchNorm2d)
    )
