"""Tests that need an optional package are skipped where it is not installed."""

import pytest
from support import extras

from mmlite.errors import ConfigError, DataError, MissingDependencyError


def raised(error, cause=None):
    with pytest.raises(type(error)) as caught:
        raise error from cause
    return caught.value


def test_what_an_error_misses(monkeypatch):
    monkeypatch.setattr(extras, 'MISSING', {'onnx'})
    missing = MissingDependencyError('onnx', 'export', 'an ONNX file')
    absent = ModuleNotFoundError("No module named 'onnx.helper'", name='onnx.helper')
    for error in (missing, absent, raised(ConfigError('x'), missing)):
        assert extras.missing_extra(error) == 'onnx'
    there = MissingDependencyError('safetensors', 'io', 'a file')
    needed = ModuleNotFoundError("No module named 'numpy'", name='numpy')
    for error in (there, needed, raised(DataError('x')), raised(AssertionError())):
        assert extras.missing_extra(error) == ''


def test_a_test_is_skipped_by_name(monkeypatch):
    monkeypatch.setattr(extras, 'MISSING', {'onnx'})
    with pytest.raises(pytest.skip.Exception, match='^onnx is not installed$'):
        with extras.skipped_without_extras():
            raise MissingDependencyError('onnx', 'export', 'an ONNX file')
    with pytest.raises(DataError):
        with extras.skipped_without_extras():
            raise DataError('something else')
