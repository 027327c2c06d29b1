"""What a training sends to TensorBoard and to Weights & Biases."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.runs import DIGITS, TINY

from mmlite.apis import train

pytestmark = pytest.mark.slow

#: The first sample of the validation is drawn, and one log line comes every 2 of 4.
DRAWN = (
    'default_hooks.visualization.enable=True',
    'default_hooks.logger.interval=2',
)


def trained(folder: Path, service: str) -> tuple[Path, list[dict]]:
    """A run that logs to a service too: its folder, and the lines of its own log."""
    train(DIGITS, [*TINY, *DRAWN], work_dir=folder, log=[service])
    (own,) = folder.glob('*/vis_data')
    lines = (own / 'scalars.json').read_text().splitlines()
    return own, [json.loads(line) for line in lines]


def test_tensorboard_gets_losses_rates_results_and_pictures(tmp_path):
    pytest.importorskip('tensorboard', reason="pip install 'mmlite[tensorboard]'")
    from tensorboard.backend.event_processing import event_accumulator

    folder, lines = trained(tmp_path, 'tensorboard')
    found = event_accumulator.EventAccumulator(str(folder))
    found.Reload()
    for name in ('loss', 'lr', 'accuracy/top1'):
        known = [(line['step'], line[name]) for line in lines if name in line]
        points = [(event.step, event.value) for event in found.Scalars(name)]
        assert known
        assert [step for step, _ in points] == [step for step, _ in known]
        assert [value for _, value in points] == pytest.approx([v for _, v in known])
    (picture,) = found.Images('0')
    assert (picture.width, picture.height) == (32, 32)
    (text,) = found.Tensors('config/text_summary')
    assert b'ImageClassifier' in text.tensor_proto.string_val[0]


def test_weights_and_biases_gets_them_over_iterations(tmp_path, monkeypatch):
    wandb = pytest.importorskip('wandb', reason="pip install 'mmlite[wandb]'")
    monkeypatch.setenv('WANDB_MODE', 'offline')
    monkeypatch.setenv('WANDB_DISABLE_CODE', 'true')
    monkeypatch.setenv('WANDB_SILENT', 'true')
    folder, lines = trained(tmp_path, 'wandb')
    wandb.finish()
    (run,) = folder.glob('wandb/offline-run-*')
    records = list(records_of(next(run.glob('*.wandb'))))
    rows = [
        {item.key or item.nested_key[0]: item for item in record.history.item}
        for record in records
        if record.HasField('history')
    ]
    for name in ('loss', 'lr', 'accuracy/top1'):
        known = [(line['iter'], line[name]) for line in lines if name in line]
        points = [
            tuple(json.loads(row[key].value_json) for key in ('iter', name))
            for row in rows
            if name in row
        ]
        assert known
        assert points == [(step, pytest.approx(value)) for step, value in known]
    assert any('0' in row for row in rows)
    assert len(list(run.glob('files/media/images/0_*.png'))) == 1
    steps = [r.metric.step_metric for r in records if r.HasField('metric')]
    assert 'iter' in steps
    settings = [u.key for r in records for u in r.config.update]
    assert {'model', 'train_cfg'} <= set(settings)


def records_of(path: Path) -> Iterator:
    """The records of an offline run: pieces in blocks of 32 KiB, as LevelDB has them.

    A piece has a checksum, its size, and whether it is whole (1), or the first, a
    middle or the last one (2, 3, 4) of its record; the file begins with 7 bytes.
    """
    from wandb.proto import wandb_internal_pb2

    raw, place, whole = path.read_bytes(), 7, b''
    while place + 7 <= len(raw):
        left = 32768 - place % 32768
        if left < 7:
            place += left
            continue
        size, kind = struct.unpack_from('<HB', raw, place + 4)
        whole += raw[place + 7 : place + 7 + size]
        place += 7 + size
        if kind in (1, 4):
            record = wandb_internal_pb2.Record()
            record.ParseFromString(whole)
            whole = b''
            yield record
