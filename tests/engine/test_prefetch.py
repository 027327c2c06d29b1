from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from support.memory_run import memory_runner

from mmlite.engine.prefetch import prefetched, tensors_moved
from mmlite.structures import DataSample, SampleBatch

META = torch.device('meta')


def test_nothing_is_done_on_a_cpu():
    batches = [dict(inputs=torch.zeros(2)), [1]]
    got = list(prefetched(iter(batches), torch.device('cpu')))
    assert got[0] is batches[0] and got[1] is batches[1]


def test_images_are_moved_and_the_rest_is_not():
    samples = SampleBatch([DataSample().set_gt_label(1)])
    named = DataSample().set_gt_label(2)
    batch = dict(
        inputs=[torch.zeros(2), torch.zeros(3)],
        more=(torch.zeros(1), dict(deep=torch.ones(4))),
        data_samples=samples,
        listed=[named],
        name='a',
        none=None,
    )
    got, moved = tensors_moved(batch, META)
    assert [x.is_meta for x in got['inputs']] == [True, True]
    assert isinstance(got['more'], tuple) and got['more'][1]['deep'].is_meta
    assert got['data_samples'] is samples and got['listed'][0] is named
    assert not samples.field('gt_label').is_meta
    assert got['name'] == 'a' and got['none'] is None
    assert len(moved) == 4 and all(tensor.is_meta for tensor in moved)
    assert not batch['inputs'][0].is_meta
    again, moved = tensors_moved(got, META)
    assert moved == [] and again['inputs'][0] is got['inputs'][0]


class Streams:
    """Stands for torch.cuda, and notes what happens in which order."""

    def __init__(self) -> None:
        self.log: list[str] = []

    def Stream(self, device):  # noqa: N802
        return 'side'

    def stream(self, stream):
        log = self.log

        class Entered:
            def __enter__(self):
                log.append(f'enter {stream}')

            def __exit__(self, *args):
                log.append(f'leave {stream}')

        return Entered()

    def current_stream(self, device):
        return SimpleNamespace(
            wait_stream=lambda stream: self.log.append(f'wait for {stream}')
        )


@pytest.fixture
def streams(monkeypatch):
    streams = Streams()
    monkeypatch.setattr('mmlite.engine.prefetch.torch.cuda', streams)

    def moved(batch, device):
        streams.log.append(f'copy {batch}')
        tensor = SimpleNamespace(
            record_stream=lambda stream: streams.log.append(f'keep {batch}')
        )
        return f'{batch} there', [tensor]

    monkeypatch.setattr('mmlite.engine.prefetch.tensors_moved', moved)
    return streams


def test_copies_go_on_a_stream_of_their_own(streams):
    def batches():
        for i in range(2):
            streams.log.append(f'load {i}')
            yield i

    for batch in prefetched(batches(), torch.device('cuda')):
        streams.log.append(f'use {batch}')
    one = ['load {0}', 'enter side', 'copy {0}', 'leave side', 'wait for side']
    one += ['keep {0}', 'use {0} there']
    # A batch is loaded only when the one before has been used: nothing that is
    # drawn while loading is drawn ahead of its time.
    assert streams.log == [line.format(i) for i in range(2) for line in one]


def test_what_is_on_the_device_is_not_brought_there(tmp_path, monkeypatch):
    brought = []

    def record(batches, device):
        brought.append(device)
        return batches

    monkeypatch.setattr('mmlite.engine.loops.epoch_batches.prefetched', record)
    memory_runner(tmp_path / 'a').train()
    assert brought == []
    memory_runner(tmp_path / 'b', in_memory=False).train()
    assert brought
