"""Layers that see only the shown cells of an image.

Paper: Designing BERT for Convolutional Networks: Sparse and Hierarchical Masked
Modeling, ICLR 2023, https://arxiv.org/abs/2301.03580

Within ``with only_shown(cells)`` they give 0 wherever a cell is hidden, and take
nothing from there: what is computed is what a sparse convolution would compute.
Outside they are the dense layers whose weights they have.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from torch import Tensor, nn

from ...errors import DataError
from ...registry import MODELS
from .norm import LayerNorm2d

__all__ = [
    'SparseBatchNorm2d',
    'SparseConv2d',
    'SparseLayerNorm2d',
    'SparseMaxPool2d',
    'SparseSyncBatchNorm2d',
    'hide',
    'only_shown',
]


class _Shown:
    """The shown cells of a batch, on maps of any size.

    Args:
        cells: See :func:`only_shown`.
    """

    def __init__(self, cells: Tensor) -> None:
        self.cells = cells
        self._known: dict[tuple, tuple[Tensor, Tensor]] = {}

    def on(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Of a map: the mask ``(B, 1, H, W)``, and the shown places by number.

        They are worked out once for each size, on the device of the cells.
        """
        height, width = x.shape[2:]
        key = (height, width, x.device)
        if key not in self._known:
            mask = self._places(height, width)
            found = mask, mask.flatten().nonzero().squeeze(1)
            self._known[key] = tuple(
                own.to(x.device, non_blocking=True) for own in found
            )
        return self._known[key]

    def _places(self, height: int, width: int) -> Tensor:
        """The cells as places of a map, ``(B, 1, height, width)``."""
        rows, columns = self.cells.shape[2:]
        if height % rows or width % columns:
            raise DataError(
                f'a map of {height} x {width} places cannot show {rows} x {columns} '
                'cells; every stride of the backbone must divide downsample_raito'
            )
        return self.cells.repeat_interleave(height // rows, 2).repeat_interleave(
            width // columns, 3
        )


_SHOWN: ContextVar[_Shown | None] = ContextVar('shown', default=None)


@contextmanager
def only_shown(cells: Tensor) -> Iterator[None]:
    """Let sparse layers see the shown cells alone.

    Args:
        cells: ``(B, 1, rows, columns)`` of bool, true where the image is shown. On
            the host they can be counted without a wait for a device.

    Example:
        >>> import torch
        >>> conv = SparseConv2d(1, 1, 3, padding=1)
        >>> with only_shown(torch.tensor([[[[True, False]]]])):
        ...     out = conv(torch.ones(1, 1, 2, 4))
        >>> (out != 0)[0, 0, 0].tolist()
        [True, True, False, False]
    """
    before = _SHOWN.set(_Shown(cells))
    try:
        yield
    finally:
        _SHOWN.reset(before)


def hide(x: Tensor) -> Tensor:
    """The map ``(B, C, H, W)`` with 0 in hidden cells; x where nothing is hidden.

    Raises:
        DataError: if the cells do not divide the map.
    """
    shown = _SHOWN.get()
    return x if shown is None else x.masked_fill(~shown.on(x)[0], 0)


@MODELS.register_module()
class SparseConv2d(nn.Conv2d):
    """A convolution of shown cells; arguments are those of ``torch.nn.Conv2d``.

    Example:
        >>> import torch
        >>> SparseConv2d(3, 8, 3)(torch.zeros(1, 3, 8, 8)).shape
        torch.Size([1, 8, 6, 6])
    """

    def forward(self, x: Tensor) -> Tensor:
        """The convolution, 0 where hidden."""
        return hide(super().forward(x))


class SparseMaxPool2d(nn.MaxPool2d):
    """The largest of shown cells; arguments are those of ``torch.nn.MaxPool2d``.

    It is for maps that are not negative, as after a ReLU: hidden cells count as 0.

    Example:
        >>> import torch
        >>> SparseMaxPool2d(2)(torch.zeros(1, 3, 8, 8)).shape
        torch.Size([1, 3, 4, 4])
    """

    def forward(self, x: Tensor) -> Tensor:
        """The pooled map, 0 where hidden."""
        return hide(super().forward(x))


class _ShownRows:
    """Lets a batch norm count and normalise shown places alone."""

    def forward(self, x: Tensor) -> Tensor:
        """The normalised map, 0 where hidden."""
        shown = _SHOWN.get()
        if shown is None:
            return super().forward(x)
        places = x.permute(0, 2, 3, 1)
        _, numbers = shown.on(x)
        rows = places.flatten(0, 2).index_select(0, numbers)
        rows = super().forward(rows[..., None, None])[..., 0, 0]
        normalised = rows.new_zeros(places.shape).flatten(0, 2)
        normalised = normalised.index_copy(0, numbers, rows)
        return normalised.view(places.shape).permute(0, 3, 1, 2)


@MODELS.register_module()
class SparseBatchNorm2d(_ShownRows, nn.BatchNorm2d):
    """Batch normalisation by the statistics of shown places.

    Arguments are those of ``torch.nn.BatchNorm2d``.

    Example:
        >>> import torch
        >>> norm = SparseBatchNorm2d(1)
        >>> with only_shown(torch.tensor([[[[True, False]]]])):
        ...     out = norm(torch.tensor([[[[1., 3., 9., 9.]]]]))
        >>> out.round().tolist()
        [[[[-1.0, 1.0, 0.0, 0.0]]]]
    """


@MODELS.register_module()
class SparseSyncBatchNorm2d(_ShownRows, nn.SyncBatchNorm):
    """:class:`SparseBatchNorm2d` over the places of all processes.

    Arguments are those of ``torch.nn.SyncBatchNorm``.

    Example:
        >>> import torch
        >>> SparseSyncBatchNorm2d(8)(torch.rand(2, 8, 4, 4)).shape
        torch.Size([2, 8, 4, 4])
    """


@MODELS.register_module('SparseLN2d')
class SparseLayerNorm2d(LayerNorm2d):
    """Layer normalisation over the channels of shown places.

    Arguments and shapes are those of :class:`LayerNorm2d`.

    Example:
        >>> import torch
        >>> SparseLayerNorm2d(8)(torch.rand(2, 8, 4, 4)).shape
        torch.Size([2, 8, 4, 4])
    """

    def forward(self, x: Tensor, data_format: str = 'channel_first') -> Tensor:
        """Normalise every shown place; 0 where hidden."""
        x = super().forward(x, data_format)
        if data_format == 'channel_first':
            return hide(x)
        return hide(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
