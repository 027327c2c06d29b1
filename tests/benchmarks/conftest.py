"""The benchmarks are scripts that import each other by their bare names."""

from __future__ import annotations

from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / 'benchmarks'


@pytest.fixture(autouse=True)
def find_benchmarks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(FOLDER)


@pytest.fixture
def session(find_benchmarks, tmp_path):
    """One round of the smallest sizes, without a peer."""
    from session import Session

    return Session(tmp_path, rounds=1, warmup=0, tiny=True)
