import pytest
from support.runs import DIGITS, TINY


@pytest.fixture
def tiny_args(tmp_path, monkeypatch):
    """Arguments of ``train``: a tiny model, one epoch, everything in tmp_path."""
    monkeypatch.chdir(tmp_path)
    return [DIGITS, '--work-dir', str(tmp_path / 'run'), '--cfg-options', *TINY]
