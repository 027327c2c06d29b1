"""Predictions on pictures are those of a test."""

import json
import logging
import re

import cv2
import numpy as np
import pytest
import torch
from support.runs import DIGITS, TINY

from mmlite.apis import ImageClassificationInferencer, Inferencer, predict, train
from mmlite.apis import test as run_test
from mmlite.apis.cli import main
from mmlite.apis.inferencers.base import config_and_checkpoint
from mmlite.datasets import Digits
from mmlite.errors import CheckpointError, DataError, UserError


@pytest.fixture(scope='module')
def checkpoint(tmp_path_factory):
    work_dir = tmp_path_factory.mktemp('a run') / 'tiny'
    train(DIGITS, TINY, work_dir=work_dir)
    return work_dir / 'epoch_1.pth'


@pytest.fixture(scope='module')
def images():
    digits = Digits(split='test')
    return [digits.get_data_info(i)['img'] for i in range(5)]


@pytest.fixture(scope='module')
def run(checkpoint):
    return ImageClassificationInferencer(checkpoint)


@pytest.fixture
def folder(tmp_path, images):
    for i, image in enumerate(images):
        cv2.imwrite(str(tmp_path / f'{i}.png'), image[..., ::-1])
    return tmp_path


def test_a_checkpoint_alone_predicts_as_the_test_does(
    checkpoint, run, images, tmp_path
):
    run_test(DIGITS, checkpoint, TINY, work_dir=tmp_path, out=tmp_path / 'rows.json')
    rows = json.loads((tmp_path / 'rows.json').read_text())[: len(images)]
    results = run(images, batch_size=2)
    for row, result in zip(rows, results, strict=True):
        np.testing.assert_allclose(result['pred_scores'], row['pred_score'], atol=1e-6)
        assert [result['pred_label']] == row['pred_label']
        assert result['pred_class'] == str(result.classes[result['pred_label']])
        assert result['pred_score'] == max(result['pred_scores'])


def test_files_predict_as_arrays_and_alone_as_together(run, folder, images):
    of_arrays = run(images, batch_size=5)
    of_files = run(folder)
    for one, other in zip(of_arrays, of_files, strict=True):
        np.testing.assert_allclose(
            one['pred_scores'], other['pred_scores'], rtol=1e-4, atol=1e-6
        )


def test_pictures_of_other_sizes_and_channels_are_brought_to_the_datasets(run, images):
    large = cv2.resize(images[0], (64, 64), interpolation=cv2.INTER_NEAREST)
    results = run([images[0], large, large[..., 0]], batch_size=3)
    scores = [result['pred_scores'] for result in results]
    np.testing.assert_allclose(scores[0], scores[1], atol=1e-5)
    np.testing.assert_allclose(scores[0], scores[2], atol=1e-5)


def test_no_graph_is_kept_and_the_model_is_in_eval_mode(run, images):
    sample = run(images[0])[0].sample
    assert not run.model.training and not sample.pred_score.requires_grad


def test_top_and_text(run, images):
    result = run(images[0])[0]
    best = result.top(3)
    assert len(best) == 3 and best[0] == (result['pred_class'], result['pred_score'])
    assert result.text().startswith(f'{result["pred_class"]} ')


def test_a_picture_that_cannot_be_read(run, folder, caplog):
    (folder / '2.png').write_bytes(b'no picture')
    with pytest.raises(DataError, match=r"2\.png .* out with on_error='skip' \(--on-"):
        run(folder)
    with caplog.at_level(logging.WARNING):
        results = run(folder, on_error='skip', batch_size=3)
    assert 'in the dataset' not in caplog.text and 'on_error' not in caplog.text
    assert [result.name[-5:] for result in results] == [
        f'{i}.png' for i in (0, 1, 3, 4)
    ]


def test_workers_give_the_same(run, folder):
    assert [r['pred_scores'] for r in run(folder, num_workers=2)] == [
        r['pred_scores'] for r in run(folder)
    ]


def test_random_weights_are_warned_of():
    with pytest.warns(UserWarning, match='the weights are random'):
        Inferencer(DIGITS, overrides=TINY)


def test_pictures_are_drawn_and_rows_written(checkpoint, folder, tmp_path):
    out, shown = tmp_path / 'out/rows.csv', tmp_path / 'shown'
    results = predict(checkpoint, inputs=[folder, folder], out=out, show_dir=shown)
    assert len(out.read_text().splitlines()) == 11 == len(results) + 1
    assert len(list(shown.iterdir())) == 10  # none written over another
    assert cv2.imread(str(shown / '0.png')).shape == (224, 224, 3)


def test_the_command_line(checkpoint, folder, capsys, tmp_path):
    out = str(tmp_path / 'rows.json')
    words = ['predict', DIGITS, str(checkpoint), str(folder / '0.png')]
    assert main([*words, '--out', out, '--cfg-options', *TINY[:3]]) == 0
    line, last = capsys.readouterr().out.strip().splitlines()[-2:]
    assert last == f'written   predictions in {out}'
    row = json.loads((tmp_path / 'rows.json').read_text())[0]
    assert line.startswith(f'{folder / "0.png"}: {row["pred_class"]} ')
    assert main(['predict', str(checkpoint), 'absent.jpg']) == 1
    assert 'there is no file absent.jpg' in capsys.readouterr().err


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (['a.jpg'], 'found no checkpoint'),
        (['a.py', 'a.jpg', 'b.pth'], 'found no checkpoint'),
        (['a.py', 'a.pth'], 'there is no input'),
        (['a.pth', 'a.jpg', '--out', 'a.txt'], r'\.npz or \.pkl'),
    ],
)
def test_words_that_make_no_sense(words, message, capsys):
    assert main(['predict', *words]) == 1
    assert re.search(message, capsys.readouterr().err)


@pytest.mark.parametrize('text', ['x = 1', 'model = [1]'])
def test_a_checkpoint_whose_config_has_no_model(tmp_path, text):
    content = dict(meta=dict(cfg=text), state_dict={'a': torch.zeros(1)})
    torch.save(content, tmp_path / 'a.pth')
    with pytest.raises(CheckpointError, match=r'a\.pth: the config in it has no model'):
        config_and_checkpoint(tmp_path / 'a.pth')


def test_a_checkpoint_without_its_config(tmp_path):
    torch.save(dict(state_dict={'a': torch.zeros(1)}), tmp_path / 'a.pth')
    with pytest.raises(CheckpointError, match='does not hold the config'):
        config_and_checkpoint(tmp_path / 'a.pth')
    with pytest.raises(UserError, match='both checkpoints; give one'):
        config_and_checkpoint(tmp_path / 'a.pth', tmp_path / 'b.pth')
