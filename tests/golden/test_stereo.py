"""Stereo networks have the state, the outputs and the losses of their authors' code."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from golden.rules import assert_state, fill

from mmlite.engine.checkpoints import convert_keys
from mmlite.evaluation import DisparityMetric
from mmlite.registry import MODELS

FOLDER = Path(__file__).parent / 'stereo'
FILES = sorted(path for path in FOLDER.glob('*.json') if path.stem != 'metrics')
SHIFT = 8  # px, between the views


def random_of(seed):
    return np.random.Generator(np.random.PCG64(seed))


def fill_network(model, scales):
    """As :func:`golden.rules.fill_model`, times the scale of a few entries."""
    state = {}
    for name, entry in model.state_dict().items():
        rule = name.replace('norm3.', 'downsample.1.')  # one tensor with two names
        value = fill(rule, entry)
        state[name] = value * scales[name] if name in scales else value
    model.load_state_dict(state)


def pair_of(golden):
    batch, height, width = golden['size']
    noise = random_of(0).standard_normal((batch, 3, height, width + SHIFT))
    views = noise[..., :width], noise[..., SHIFT:]
    if golden['raw']:  # grey levels, which the network brings to -1 to 1
        views = [(128 + 50 * view).clip(0, 255) / 127.5 - 1 for view in views]
    return [torch.from_numpy(np.ascontiguousarray(view)).float() for view in views]


def target_of(golden):
    target = random_of(1).random(golden['size']) * 1.1 * golden['max_disp']
    target[:, :4] = 0
    target = torch.from_numpy(target).float()
    mask = target < golden['max_disp']
    return target, mask if golden['zero_counts'] else mask & (target > 0)


def assert_close(ours, expected, sign, tolerance):
    values = sign * ours.detach().double().flatten()
    scale = max(expected['std'], expected['abs_mean'])
    found = [values.mean(), values.abs().mean(), values.std(unbiased=False)]
    wanted = [expected[key] for key in ('mean', 'abs_mean', 'std')]
    found += values[expected['probe_index']].tolist()
    wanted += expected['probe']
    np.testing.assert_allclose(found, wanted, rtol=0, atol=tolerance * scale)


@pytest.mark.parametrize(
    'path',
    [
        pytest.param(
            path,
            id=path.stem,
            marks=[] if path.stem[:4] in ('ligh', 'raft') else [pytest.mark.slow],
        )
        for path in FILES
    ],
)
def test_network(path):
    golden = json.loads(path.read_text())
    model = MODELS.build(golden['model'])
    assert_state(model, golden['state'])
    assert sum(p.numel() for p in model.parameters()) == golden['num_parameters']
    left, right = pair_of(golden)

    fill_network(model.eval(), golden['scales']['eval'])
    with torch.no_grad():
        (disparity,) = model.estimate(left, right)
    assert_close(disparity, golden['eval'], golden['sign'], 1e-4)

    fill_network(model.train(), golden['scales']['train'])
    target, mask = target_of(golden)
    inputs = dict(ref_img=left, tgt_img=right, disp_gt=target, mask=mask)
    outputs = model.forward_outputs(inputs)
    ests = outputs['training_disp']['disp']['disp_ests']
    for est, expected in zip(ests, golden['train'], strict=True):
        assert_close(est, expected, golden['sign'], 2e-3)
    loss = model.get_loss(outputs, inputs)['loss_disp']
    assert loss.item() == pytest.approx(golden['loss'], rel=1e-3)
    loss.backward()
    grads = [p.grad for p in model.parameters() if p.grad is not None]
    norm = torch.stack([grad.double().norm() for grad in grads]).norm()
    assert norm.item() == pytest.approx(golden['grad_norm'], rel=1e-2)


@pytest.mark.parametrize(
    ('cfg', 'count'),
    [
        (dict(type='LightStereo', arch='m'), 7_641_264),
        (dict(type='LightStereo', arch='l'), 24_286_512),
    ],
)
def test_number_of_parameters(cfg, count):
    with torch.device('meta'):
        model = MODELS.build(cfg)
    assert sum(p.numel() for p in model.parameters()) == count


def test_realtime_has_the_published_number_of_parameters():
    """9.867 million with the norms that have two names counted twice."""
    cfg = dict(n_downsample=3, n_gru_layers=2, shared_backbone=True)
    with torch.device('meta'):
        model = MODELS.build(dict(cfg, type='RAFTStereo', slow_fast_gru=True))
    named = model.named_parameters(remove_duplicate=False)
    assert sum(p.numel() for _, p in named) == pytest.approx(9.867e6, abs=500)


def openstereo_psmnet(name):
    """The name of an entry in OpenStereo, by the rules in reverse."""
    pieces = name.split('.')
    if pieces[0] == 'feature_extraction':
        pieces[0] = 'Backbone'
        if pieces[1] == 'firstconv':
            pieces[2] = str(int(pieces[2]) // 2)
        if pieces[1].startswith('layer') and pieces[3] == 'conv1':
            del pieces[4]
        if pieces[1] == 'lastconv' and pieces[2] == '2':
            pieces[2] = '1'
        return '.'.join(pieces)
    kind = pieces[0]
    if kind in ('dres0', 'dres1') or kind.startswith('classif'):
        pieces[1] = str(int(pieces[1]) // 2)
    elif pieces[1] in ('conv1', 'conv3', 'conv4'):
        del pieces[2]
    return '.'.join(['CostProcessor', 'aggregator', *pieces])


def test_checkpoints_of_openstereo():
    with torch.device('meta'):
        psmnet = MODELS.build(dict(type='PSMNet', max_disp=16)).state_dict()
        gwcnet = MODELS.build(dict(type='GwcNet', max_disp=16)).state_dict()
    theirs = {f'module.{openstereo_psmnet(k)}': v for k, v in psmnet.items()}
    extra = 'module.DispProcessor.disp_processor.disp_regression.weight'
    theirs[extra] = torch.zeros(1)
    assert convert_keys(theirs, 'openstereo_psmnet')[0].keys() == psmnet.keys()
    theirs = {
        ('Backbone.' if k.startswith('feature') else 'DispProcessor.') + k: v
        for k, v in gwcnet.items()
    }
    assert convert_keys(theirs, 'openstereo_gwcnet')[0].keys() == gwcnet.keys()


def test_official_checkpoints():
    with torch.device('meta'):
        state = MODELS.build(dict(type='GwcNet', max_disp=16)).state_dict()
    theirs = {f'module.{key}': value for key, value in state.items()}
    assert convert_keys(theirs, 'gwcnet')[0].keys() == state.keys()


def test_metrics():
    golden = json.loads((FOLDER / 'metrics.json').read_text())
    rng = random_of(3)
    target = rng.random((4, 32, 48)) * 200
    noise = np.array([0.5, 2, 6, 1])[:, None, None]
    pred = target + rng.standard_normal((4, 32, 48)) * noise
    target[rng.random((4, 32, 48)) < 0.3] = 0
    target[3] = 0
    samples = [
        dict(
            pred_disparity=torch.from_numpy(p).float(),
            gt_disparity=torch.from_numpy(t).float(),
        )
        for p, t in zip(pred, target, strict=True)
    ]
    metric = DisparityMetric(max_disp=192, reduction=['image', 'pixel'])
    metric.process(None, samples[:1])
    metric.process(None, samples[1:])
    found = metric.evaluate(4)
    assert found['disparity/skipped'] == 1
    for kind, key in (
        ('image', 'mean_over_images_skip_empty'),
        ('pixel', 'pooled_over_pixels'),
    ):
        for ours, theirs in (
            *(('epe', 'epe'), ('d1', 'd1_all')),
            *((f'bad_{i}', f'bad_{i}') for i in (1, 2, 3)),
        ):
            value = found[f'disparity/{kind}_{ours}']
            assert value == pytest.approx(golden[key][theirs], rel=1e-5)
