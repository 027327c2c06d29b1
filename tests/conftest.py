"""Every test starts from the same state, and leaves nothing behind."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.logging import MMLogger
from mmengine.utils import ManagerMixin
from support.extras import skipped_without_extras

from mmlite.structures import SampleBatch


def pytest_configure() -> None:
    # The suite runs one process per core; more threads would only get in each
    # other's way.
    torch.set_num_threads(1)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Tests are about a CPU, on any machine, but for those that are marked."""
    with pytest.MonkeyPatch.context() as patch:
        if item.get_closest_marker('gpu') is None:
            patch.setenv('CUDA_VISIBLE_DEVICES', '')  # of the processes it starts
            patch.setattr(torch.cuda, 'is_available', lambda: False)
            patch.setattr('mmengine.device.utils.DEVICE', 'cpu')
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """A test that hangs fails by name, instead of holding up all others.

    One that needs an extra which is not installed is skipped.
    """
    with time_limit(300), skipped_without_extras():
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    """So is one whose fixtures need an extra."""
    with skipped_without_extras():
        return (yield)


@contextmanager
def time_limit(seconds: int) -> Iterator[None]:
    """Fail after that time, where the system has alarms."""
    if not hasattr(signal, 'SIGALRM'):
        yield
        return

    def stop(*_: object) -> None:
        pytest.fail(f'took longer than {seconds} seconds')

    previous = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, previous)


@pytest.fixture
def repo_root() -> Path:
    """The folder that holds ``mmlite``, ``configs`` and ``tools``."""
    return Path(__file__).parent.parent


@pytest.fixture
def no_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Check that no sample of a batch is made."""

    def refuse(self: SampleBatch, place: int) -> None:
        raise AssertionError('a sample was asked for')

    monkeypatch.setattr(SampleBatch, '__getitem__', refuse)


@pytest.fixture
def deterministic_ends(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a deterministic training sets for the process ends with the test."""
    monkeypatch.setenv('CUBLAS_WORKSPACE_CONFIG', ':4096:8')
    yield
    torch.use_deterministic_algorithms(False)
    torch.backends.cudnn.deterministic = False


@pytest.fixture(autouse=True)
def work_in_tmp_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a test writes under a relative path is gone after it."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def own_global_state() -> Iterator[None]:
    """Seeds are fixed, and no scope, logger or visualizer outlives its test."""
    torch.manual_seed(0)
    np.random.seed(0)
    yield
    for logger in MMLogger._instance_dict.values():
        for handler in list(logger.handlers):
            handler.close()
            logger.removeHandler(handler)
    for cls in managed_classes(ManagerMixin):
        cls._instance_dict.clear()


def managed_classes(base: type) -> Iterator[type]:
    """Classes whose instances mmengine hands out by name, to everybody."""
    for cls in base.__subclasses__():
        yield cls
        yield from managed_classes(cls)
