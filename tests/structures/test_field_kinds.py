"""Which fields of a batch are one tensor."""

from __future__ import annotations

import pytest

from mmlite.structures import is_stacked, register_kind


def test_kinds_follow_from_the_name():
    for name in ('gt_label', 'gt_score', 'pred_label', 'pred_score', 'embedding'):
        assert is_stacked(name)
    for name in ('gt_bboxes', 'gt_seg_map', 'gt_disparity', 'sils', 'never_seen'):
        assert not is_stacked(name)


def test_a_kind_is_registered_once(monkeypatch):
    monkeypatch.setattr('mmlite.structures.field_kinds._STACKED', dict(gt_label=True))
    register_kind('gt_parts', stacked=False)
    register_kind('gt_parts', stacked=False)
    assert not is_stacked('gt_parts')
    with pytest.raises(ValueError, match="'gt_parts' is registered as listed"):
        register_kind('gt_parts', stacked=True)
