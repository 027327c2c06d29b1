"""Models, losses and metrics of gait recognition against OpenGait's figures."""

import json
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from golden.rules import assert_state, fill

from mmlite.config import load_config
from mmlite.evaluation.functional import match_ranks, part_distances
from mmlite.registry import METRICS, MODELS
from mmlite.structures import DataSample

HERE = Path(__file__).parent / 'gait'
MODEL_CASES = json.loads((HERE / 'models.json').read_text())
LOSSES = json.loads((HERE / 'losses.json').read_text())
METRIC_FIGURES = json.loads((HERE / 'metrics.json').read_text())
LABELS = torch.tensor([0, 0, 1, 1])
for_each_model = pytest.mark.parametrize('name', MODEL_CASES)


def drawn(name, shape):
    rng = np.random.Generator(np.random.PCG64(zlib.crc32(name.encode())))
    return rng.standard_normal(shape)


def build(name):
    case = MODEL_CASES[name]
    model = MODELS.build(dict(case['model']))
    state = model.state_dict()
    for key, value in state.items():
        kept = case['kept_at_init'].get(key)
        state[key] = fill(key, value) if kept is None else torch.full_like(value, *kept)
    model.load_state_dict(state)
    return model


def walks(name):
    z = np.random.Generator(np.random.PCG64(0)).standard_normal(
        MODEL_CASES[name]['input_shape']
    )
    limits = np.reshape([-0.6, -0.2, 0.2, 0.6], (4,) + (1,) * (z.ndim - 1))
    return torch.from_numpy((z > limits).astype(np.float32))


def outputs_of(model, frames, labels):
    found = model(([frames], labels, None, None, None))
    losses = found['training_feat']
    named = dict(
        triplet_embeddings=losses['triplet']['embeddings'],
        embeddings=found['inference_feat']['embeddings'],
    )
    if 'softmax' in losses:
        named['logits'] = losses['softmax']['logits']
    return named


def assert_summary(got, expected, tolerance):
    """Compare as the figures were taken: relative to the spread of the tensor."""
    assert list(got.shape) == expected['shape']
    flat = got.detach().double().flatten()
    scale = tolerance * max(expected['std'], expected['abs_mean'])
    assert flat.mean().item() == pytest.approx(expected['mean'], abs=scale)
    assert flat.abs().mean().item() == pytest.approx(expected['abs_mean'], abs=scale)
    probed = flat[expected['probe_index']].tolist()
    assert probed == pytest.approx(expected['probe'], abs=scale)


@pytest.mark.parametrize(
    ('base', 'name'),
    [('gaitset', 'gaitset_casiab'), ('deepgaitv2_2d', 'deepgaitv2_2d_1111')],
)
def test_the_base_config_is_of_the_published_settings(base, name):
    own = load_config(f'mmlite::_base_/models/{base}.py').model.to_dict()
    del own['loss_cfg']
    assert own == MODEL_CASES[name]['model']


@for_each_model
def test_names_shapes_and_order_of_the_state(name):
    with torch.device('meta'):
        model = MODELS.build(dict(MODEL_CASES[name]['model']))
    assert_state(model, MODEL_CASES[name]['state'])
    total = sum(value.numel() for value in model.parameters())
    assert total == MODEL_CASES[name]['num_parameters']


@for_each_model
@torch.no_grad()
def test_embeddings_of_walks_of_several_lengths(name):
    model, frames = build(name).eval(), walks(name)
    for key, expected in MODEL_CASES[name]['by_length'].items():
        if key.startswith('x['):  # e.g. x[1][:6]
            place, length = key[1:].replace('[', '').replace(':', '').split(']')[:2]
        else:
            place, length = 0, key
        part = frames[int(place)][None, : int(length)]
        found = outputs_of(model, part, LABELS[:1])
        assert_summary(found['embeddings'], expected, 1e-4)


@pytest.mark.slow
@for_each_model
def test_evaluation_and_training(name):
    case, frames = MODEL_CASES[name], walks(name)
    model = build(name).eval()
    with torch.no_grad():
        found = outputs_of(model, frames, LABELS)
    for key, expected in case['outputs'].items():
        assert_summary(found[key], expected, 1e-4)
    train = case['train']
    found = outputs_of(model.train(), frames, LABELS)
    assert_summary(found['triplet_embeddings'], train['embeddings'], 2e-3)
    objective = found['triplet_embeddings'].square().mean()
    if 'logits' in train:
        assert_summary(found['logits'], train['logits'], 2e-3)
        loss = MODELS.build(dict(type='PartCrossEntropyLoss'))
        objective = objective + loss(found['logits'], LABELS)[0]
    assert objective.item() == pytest.approx(train['objective'], rel=1e-3)
    objective.backward()
    grads = [p.grad.double().square().sum() for p in model.parameters()]
    assert sum(grads).sqrt().item() == pytest.approx(train['norm_total'], rel=1e-2)
    state = model.state_dict()
    for key, expected in train['bn_after'].items():
        assert_summary(state[key], expected, 2e-3)


def loss_input(spec):
    x = torch.from_numpy(drawn(spec['name'], spec['shape']) * spec.get('mul', 1))
    if spec.get('permute_rows'):
        x = x[spec['permute_rows']]
    return x[: spec.get('first_rows')].float()


@pytest.mark.parametrize(
    'case', LOSSES['cases'], ids=lambda case: case['case'].replace(' ', '_')
)
def test_losses(case):
    labels = torch.tensor(case['labels'])
    if case['loss'] == 'CrossEntropyLoss':
        loss = MODELS.build(dict(case['kwargs'], type='PartCrossEntropyLoss'))
        value, info = loss(loss_input(case['logits']), labels)
        assert value.item() == pytest.approx(case['value'], rel=1e-5)
        for key, expected in case['info'].items():
            assert info[key].item() == pytest.approx(expected, rel=1e-5)
        return
    x = loss_input(case['embeddings']).requires_grad_()
    loss = MODELS.build(dict(type='TripletLoss', margin=case['margin']))
    value, info = loss(x, labels)
    assert value.tolist() == pytest.approx(case['per_part'], rel=1e-4, abs=1e-6)
    for key, expected in case.get('info', {}).items():
        assert info[key].tolist() == pytest.approx(expected, rel=1e-4, abs=1e-4), key
    if 'loss_num' in case:
        assert info['loss_num'].tolist() == case['loss_num']
    value.mean().backward()
    if 'grad_of_mean' in case:
        assert_summary(x.grad, case['grad_of_mean'], 1e-2)


@pytest.mark.parametrize('name', [n for n in LOSSES['modules'] if 'separate' in n])
def test_layers_of_parts(name):
    case = LOSSES['modules'][name]
    kind = 'SeparateFCs' if 'fcs' in name else 'SeparateBNNecks'
    parts, width, out = case['args']
    options = dict(out_channels=out) if 'fcs' in name else dict(class_num=out)
    if 'parallel' in name:
        options['parallel_BN1d'] = 'parallelTrue' in name
    layer = MODELS.build(
        dict(
            options,
            type=kind,
            parts_num=parts,
            in_channels=width,
            norm='normTrue' in name,
        )
    ).eval()
    state = layer.state_dict()
    assert {k: list(v.shape) for k, v in state.items()} == case['state']
    layer.load_state_dict({key: fill(key, value) for key, value in state.items()})
    x = torch.from_numpy(drawn(case['input']['name'], case['input']['shape'])).float()
    found = layer(x)
    if kind == 'SeparateFCs':
        torch.testing.assert_close(found, torch.tensor(case['output']))
        return
    for got, expected in zip(found, case['eval'], strict=True):
        assert_summary(got, expected, 1e-4)
    for got, expected in zip(layer.train()(x), case['train'], strict=True):
        assert_summary(got, expected, 2e-3)


@pytest.mark.parametrize('name', ['hpp_16_8_4_2_1', 'hpp_16', 'gem_hpp'])
def test_pooling(name):
    case = LOSSES['modules'][name]
    x = torch.from_numpy(drawn(case['input']['name'], case['input']['shape'])).float()
    if name == 'gem_hpp':
        neck = MODELS.build(dict(type='GeMHPP', bin_num=[case['bins']], p=6.5))
    else:
        bins = [int(b) for b in name.split('_')[1:]]
        neck = MODELS.build(dict(type='HorizontalPoolingPyramid', bin_num=bins))
    assert_summary(neck(x), case['output'], 1e-4)


def walks_by_rule(args):
    """The walks of a case: identities plus noise of types and of walks."""
    size = args['c'], args['p']
    found = []
    for number in range(args['first'], args['first'] + args['ids']):
        for kind in args['types']:
            for view in args['views']:
                value = drawn(f'id/{number:03d}', size)
                value = value + args['a'] * drawn(f'type/{number:03d}/{kind}', size)
                value += args['b'] * drawn(f'seq/{number:03d}/{kind}/{view}', size)
                known = dict(type=kind, view=view, subject=f'{number:03d}')
                sample = DataSample(metainfo=known).set_gt_label(number)
                sample.pred_embedding = torch.from_numpy(value.astype(np.float32))
                found.append(sample)
    return found


def is_in_gait3d(sample):
    number, kind = int(sample.subject), sample.type
    if kind == 'camid0':
        return True
    absent = kind == 'camid4' and number % 2 == 0 or kind == 'camid3' and not number % 3
    return bool(number % 9) and not absent


PEER_NAMES = {'Umberalla@R1': 'Umbrella@R1'}


@pytest.mark.parametrize('name', METRIC_FIGURES['cases'])
def test_protocols(name):
    cases = METRIC_FIGURES['cases']
    case = cases[name]
    source = (
        {'same': 'casiab_euc'}.get(case['args'], 'oumvlp_euc')
        if isinstance(case['args'], str)
        else name
    )
    samples = walks_by_rule(cases[source]['args'])
    cfg = dict(type='CrossViewRank', metric=case['metric'])
    cfg['protocol'] = dict(c='CASIA-B', o='OUMVLP', s='SUSTech1K', g=None)[name[0]]
    if 'missing' in name:
        samples = [sample for i, sample in enumerate(samples) if i % 7 != 3]
    if 'cross_view_gallery' in name:
        cfg['type'] = 'CrossViewRetrieval'
        if name[0] == 'c':
            del cfg['protocol']
    if 'gait3d' in name:
        samples = [sample for sample in samples if is_in_gait3d(sample)]
        probes = [f'{s.subject}-{s.type}-{s.view}' for s in samples]
        cfg.update(type='GaitRetrieval', probe_set=[p for p in probes if 'camid0' in p])
    metric = METRICS.build(cfg)
    metric.process(None, samples)
    found = metric.evaluate(len(samples))
    expected = {}
    for key, value in case['result'].items():
        key = key.split('/')[-1].replace('Rank-', 'R').replace('-R', '@R')
        key = key.replace('Rank@', 'R').replace('-mAP', '@mAP')
        expected[f'gait/{PEER_NAMES.get(key, key)}'] = value
    assert found == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize('metric', ['euc', 'cos'])
def test_distances(metric):
    a = torch.from_numpy(drawn('dist/a', (5, 8, 4))).float()
    b = torch.from_numpy(drawn('dist/b', (6, 8, 4))).float()
    expected = torch.tensor(METRIC_FIGURES['distance'][metric])
    torch.testing.assert_close(part_distances(a, b, metric), expected)


def test_retrieval_with_what_is_removed_from_the_gallery():
    rng = np.random.Generator(np.random.PCG64(zlib.crc32(b'reid')))
    distances = torch.from_numpy(rng.random((20, 90)).astype(np.float32))
    names, others, cams, other_cams = (
        torch.from_numpy(rng.integers(0, top, size))
        for top, size in ((8, 20), (8, 90), (3, 20), (3, 90))
    )
    same = names[:, None] == others
    found = match_ranks(distances, same, ~(same & (cams[:, None] == other_cams)))
    expected = METRIC_FIGURES['reid_evaluate_many']
    cmc = [(found.first <= k).double().mean().item() for k in range(1, 11)]
    assert cmc == pytest.approx(expected['cmc'][:10])
    assert found.average_precision.mean().item() == pytest.approx(expected['mAP'])
    assert found.inverse_penalty.mean().item() == pytest.approx(expected['mINP'])
