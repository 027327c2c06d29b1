"""How each field of a sample lies in a batch: as one tensor, or as a list."""

from __future__ import annotations

__all__ = ['is_stacked', 'register_kind']

#: Whether the values of a field are stacked, by name.
_STACKED: dict[str, bool] = dict.fromkeys(
    ('gt_label', 'gt_score', 'pred_label', 'pred_score', 'embedding', 'pred_embedding'),
    True,
)


def register_kind(name: str, stacked: bool) -> None:
    """Say how a field lies in a batch; it follows from its name, not from the data.

    Args:
        name: Name of the field.
        stacked: True for values of one size a sample (one label, scores, an
            embedding), which become one tensor ``(B, *)``; False for all else
            (several labels, boxes, maps, sequences), which stays a list.

    Raises:
        ValueError: if it was registered as the other kind.

    Example:
        >>> register_kind('gt_quality', stacked=True)
        >>> is_stacked('gt_quality'), is_stacked('gt_bboxes')
        (True, False)
    """
    if _STACKED.setdefault(name, stacked) != stacked:
        kind = 'listed' if stacked else 'stacked'
        raise ValueError(
            f'the field {name!r} is registered as {kind} already; use another name'
        )


def is_stacked(name: str) -> bool:
    """Whether a field of a batch is one tensor; an unregistered name is a list.

    Example:
        >>> is_stacked('gt_label'), is_stacked('gt_seg_map')
        (True, False)
    """
    return _STACKED.get(name, False)
