"""What a network of tokens returns of them."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from ...errors import check_choice

__all__ = ['OUT_TYPES', 'check_out_type', 'format_tokens']

OUT_TYPES = ('raw', 'cls_token', 'featmap', 'avg_featmap')


def check_out_type(
    out_type: str, with_cls_token: bool, known: Sequence[str] = OUT_TYPES
) -> None:
    """Refuse an ``out_type`` that is unknown, or needs a token that does not exist.

    Raises:
        ValueError: if so.
    """
    check_choice(known, out_type=out_type)
    if out_type == 'cls_token' and not with_cls_token:
        raise ValueError(
            "out_type='cls_token' needs with_cls_token=True; "
            "set it, or out_type='avg_featmap'"
        )


def format_tokens(
    x: Tensor, out_type: str, size: Sequence[int], num_extra_tokens: int
) -> Tensor:
    """All tokens, the first, the others as a map, or the mean of the others.

    Args:
        x: ``(B, L, D)``, the extra tokens first.
        out_type: One of ``OUT_TYPES``.
        size: Rows and columns of the others.
        num_extra_tokens: How many are extra.
    """
    if out_type == 'raw':
        return x
    if out_type == 'cls_token':
        return x[:, 0]
    patches = x[:, num_extra_tokens:]
    if out_type == 'avg_featmap':
        return patches.mean(dim=1)
    return patches.transpose(1, 2).unflatten(2, tuple(size))
