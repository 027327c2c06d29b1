"""What is exported computes what the model computes, or is not kept."""

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from support.runs import DIGITS, TINY
from torch.nn import functional

from mmlite.apis import Inferencer, export
from mmlite.apis.cli import main
from mmlite.apis.exporting import Exported, _recordable
from mmlite.datasets import Digits
from mmlite.errors import MissingDependencyError, UserError

ort = pytest.importorskip('onnxruntime')


def onnx_scores(path, images):
    session = ort.InferenceSession(str(path), providers=['CPUExecutionProvider'])
    return session.run(['scores'], {'inputs': images.astype(np.float32)})[0]


@pytest.mark.parametrize(
    ('format', 'ending'), [('onnx', '.onnx'), ('torch-export', '.pt2')]
)
def test_scores_of_raw_pixels_in_any_batch(tmp_path, format, ending):
    torch.manual_seed(0)
    run = Inferencer(DIGITS, overrides=TINY)
    torch.save(dict(state_dict=run.model.state_dict()), tmp_path / 'a.pth')
    path = export(
        DIGITS,
        tmp_path / 'a.pth',
        tmp_path / f'new/model{ending}',
        format,
        TINY,
        dynamic=True,
        preprocessing=True,
    )
    digits = [Digits(split='test').get_data_info(i)['img'] for i in range(3)]
    expected = Inferencer(DIGITS, tmp_path / 'a.pth', overrides=TINY)(digits)
    images = np.stack(digits).transpose(0, 3, 1, 2).astype(np.float32)
    if format == 'onnx':
        scores = onnx_scores(path, images)
    else:
        program = torch.export.load(path).module()
        with torch.no_grad():
            scores = program(torch.from_numpy(images))[0].numpy()
    for ours, theirs in zip(scores, expected, strict=True):
        np.testing.assert_allclose(ours, theirs.sample.pred_score, atol=1e-5)


def test_a_model_that_computes_in_bgr_takes_rgb(tmp_path):
    """``to_rgb=False`` with images that are read from files."""
    picture = np.random.default_rng(0).integers(0, 255, (32, 32, 3), np.uint8)
    cv2.imwrite(str(tmp_path / 'a.png'), picture[..., ::-1])
    pipeline = '[dict(type="LoadImageFromFile"),dict(type="PackInputs")]'
    overrides = [*TINY, f'test_dataloader.dataset.pipeline={pipeline}']
    torch.manual_seed(0)
    run = Inferencer(DIGITS, overrides=overrides)
    torch.save(dict(state_dict=run.model.state_dict()), tmp_path / 'a.pth')
    path = export(
        DIGITS,
        tmp_path / 'a.pth',
        tmp_path / 'a.onnx',
        overrides=overrides,
        preprocessing=True,
        image=tmp_path / 'a.png',
    )
    scores = onnx_scores(path, picture.transpose(2, 0, 1)[None])
    expected = run(tmp_path / 'a.png')[0].sample.pred_score
    np.testing.assert_allclose(scores[0], expected, atol=1e-5)


def test_a_file_that_computes_something_else_is_not_kept(tmp_path, monkeypatch):
    path = tmp_path / 'a.onnx'
    right = Exported.forward

    def changing(self, inputs):
        outputs = right(self, inputs)
        return outputs if torch.onnx.is_in_onnx_export() else [outputs[0] + 0.01]

    monkeypatch.setattr(Exported, 'forward', changing)
    with pytest.raises(UserError, match='scores .* differs on random input: by up to'):
        export(DIGITS, out=path, overrides=TINY)
    assert not path.exists()


def test_the_size_of_the_input(tmp_path):
    path = export(DIGITS, out=tmp_path / 'a.onnx', overrides=TINY, size=(24, 40))
    shape = ort.InferenceSession(str(path)).get_inputs()[0].shape
    assert shape == [1, 3, 24, 40]


def test_by_default_it_is_that_of_the_data_and_it_is_reported(tmp_path, monkeypatch):
    described = []
    monkeypatch.setattr(
        'mmlite.apis.exporting._write_checked', lambda *given: given[2].touch()
    )
    export(DIGITS, out=tmp_path / 'a.onnx', overrides=TINY, report=described.append)
    assert described == ['1 x 3 x 32 x 32 giving scores (1 x 10)']


@pytest.mark.slow
@pytest.mark.parametrize('backbone', ['VisionTransformer', 'SwinTransformer'])
def test_the_batch_may_change_where_the_size_of_the_image_may_not(
    tmp_path, capsys, backbone
):
    arch = dict(embed_dims=8, num_layers=1, num_heads=2, feedforward_channels=8)
    model = dict(
        type='ImageClassifier',
        backbone=dict(type=backbone, arch=arch, img_size=32, patch_size=16),
        head=dict(type='VisionTransformerClsHead', num_classes=10, in_channels=8),
    )
    if backbone == 'SwinTransformer':  # with merged patches in the second stage
        arch = dict(embed_dims=8, depths=[1, 2], num_heads=[1, 2])
        model['backbone'] |= dict(arch=arch, patch_size=4, window_size=4)
        model['backbone'] |= dict(out_indices=(1,))
        model['head'] |= dict(type='LinearClsHead', in_channels=16)
        model['neck'] = dict(type='GlobalAveragePooling')
    pipeline = [dict(type='Resize', scale=(32, 32)), dict(type='PackInputs')]
    digits = dict(type='Digits', channels=3, pipeline=pipeline)
    cfg = Config(dict(model=model, test_dataloader=dict(dataset=digits)))
    path = export(cfg, out=tmp_path / 'a.onnx', dynamic=True)
    said = 'height and width are fixed in the file, the batch may change'
    assert said in capsys.readouterr().out
    session = ort.InferenceSession(str(path))
    assert session.get_inputs()[0].shape == ['batch', 3, 32, 32]
    images = np.random.default_rng(0).normal(size=(5, 3, 32, 32)).astype('float32')
    (together,) = session.run(None, dict(inputs=images))
    alone = [session.run(None, dict(inputs=x[None]))[0][0] for x in images]
    np.testing.assert_allclose(together, alone, atol=1e-6)


@pytest.mark.parametrize('scale', [None, 8**-0.5, 0.75])
def test_attention_is_recorded_with_its_scale(scale):
    """As torch 2.4 can record it: stated by the query alone."""
    q, k, v = torch.randn(3, 1, 2, 5, 8)
    expected = (q @ k.mT * (scale or 8**-0.5)).softmax(-1) @ v
    attention, given = functional.scaled_dot_product_attention, []

    def noting(*args, **kwargs):
        given.append(kwargs)
        return attention(*args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(functional, 'scaled_dot_product_attention', noting)
        with _recordable():
            found = functional.scaled_dot_product_attention(q, k, v, scale=scale)
        assert functional.scaled_dot_product_attention is noting
    torch.testing.assert_close(found, expected)
    assert given == [{}]


def test_a_file_that_was_there_stays_when_the_new_one_is_wrong(tmp_path, monkeypatch):
    path = tmp_path / 'a.onnx'
    path.write_bytes(b'before')

    def differs(*_):
        raise UserError('it differs')

    monkeypatch.setattr('mmlite.apis.exporting.compare', differs)
    with pytest.raises(UserError, match='it differs'):
        export(DIGITS, out=path, overrides=TINY)
    assert path.read_bytes() == b'before'
    assert list(tmp_path.iterdir()) == [path]


def test_the_command_line(tmp_path, capsys):
    out = tmp_path / 'a.onnx'
    words = ['export', DIGITS, '--out', str(out), '--size', '32', '--cfg-options']
    assert main([*words, *TINY]) == 0
    assert out.exists() and 'the same as in PyTorch' in capsys.readouterr().out


def test_what_cannot_be_exported(tmp_path, monkeypatch):
    with pytest.raises(UserError, match="format must be 'onnx' or 'torch-export', got"):
        export(DIGITS, format='coreml')
    for size in ((1, 2, 3), (0, 8), 10**9, -1):
        with pytest.raises(UserError, match='size must be a height and a width'):
            export(DIGITS, overrides=TINY, size=size)
    monkeypatch.setattr('importlib.util.find_spec', lambda name: None)
    with pytest.raises(MissingDependencyError, match=r"'onnx'; pip install"):
        export(DIGITS, out=tmp_path / 'a.onnx', overrides=TINY)
