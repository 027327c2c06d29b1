"""The features of a gallery, kept until the weights change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from mmengine.dist import get_world_size
from torch import Tensor, nn
from torch.utils.data import DataLoader

from ...errors import ConfigError, DataError
from ...ops import gather
from ...saved import read_saved

__all__ = ['Gallery', 'fingerprint']

Prototype = DataLoader | Mapping[str, Any] | str | Path | Tensor


class Gallery:
    """What queries are compared with: images to be encoded, or their features.

    Args:
        prototype: A data loader, or the config of one; features ``(M, D)``, or the
            file that has them.

    Raises:
        ConfigError: if it is nothing of these.

    Example:
        >>> Gallery(torch.eye(3)).load().shape
        torch.Size([3, 3])
    """

    def __init__(self, prototype: Prototype) -> None:
        if not isinstance(prototype, (DataLoader, Mapping, str, Path, Tensor)):
            raise ConfigError(
                'model.prototype is the config of a data loader, a data loader, '
                'features (M, D) or the path of a file with them, got '
                f'{type(prototype).__name__}'
            )
        self.prototype = prototype
        self._loader: DataLoader | None = None

    def __deepcopy__(self, memo: dict) -> Gallery:
        """Copies of a model, such as averages, share the gallery."""
        return self

    @property
    def has_images(self) -> bool:
        """Whether it is images, so that its features depend on the weights."""
        return isinstance(self.prototype, (DataLoader, Mapping))

    @property
    def dataset(self) -> Any:
        """The images."""
        return self.loader.dataset

    @property
    def loader(self) -> DataLoader:
        """The data loader of the images, built when it is first asked for."""
        if isinstance(self.prototype, DataLoader):
            return self.prototype
        if self._loader is None:
            cfg = dict(self.prototype)
            cfg.setdefault('sampler', dict(type='DefaultSampler', shuffle=False))
            from ...engine.dataloaders import build_dataloader

            self._loader = build_dataloader(cfg)
        return self._loader

    def load(self) -> Tensor:
        """The features, where they are given.

        Raises:
            ConfigError: if there is no such file.
            CheckpointError: if the file is damaged.
        DataError: if they are no features.
        """
        found: Any = self.prototype
        if not isinstance(found, Tensor):
            if not Path(found).is_file():
                raise ConfigError(
                    f'model.prototype: there is no file {str(found)!r}; '
                    'dump_prototype(path) of a retriever writes one'
                )
            found = read_saved(Path(found))
        if not isinstance(found, Tensor) or found.ndim != 2:
            came = f'{tuple(found.shape)}' if isinstance(found, Tensor) else type(found)
            raise DataError(f'model.prototype has features (M, D), got {came}')
        return found

    @torch.no_grad()
    def encode(self, features_of: Callable[[Any], Tensor]) -> Tensor:
        """The features of all images, in the order of the dataset, on the CPU.

        Each process encodes its share.

        Args:
            features_of: What a batch of the loader gives, ``(B, D)``.

        Raises:
            DataError: if the loader leaves out images, or shuffles them.
        """
        loader = self.loader
        size = len(loader.dataset)
        if getattr(loader.sampler, 'shuffle', False):
            raise DataError(
                'model.prototype shuffles its images, so that a result does not say '
                "which they are; set sampler=dict(type='DefaultSampler', shuffle=False)"
            )
        rows = torch.cat([features_of(batch).float().cpu() for batch in loader])
        processes = get_world_size()
        if processes > 1 and hasattr(loader.sampler, 'rank'):
            # Dealt out in turn: 0, 1, 0, 1, ...; the first ones fill up the end.
            order = torch.arange(len(rows)) * processes + loader.sampler.rank
            rows, order = gather(rows), gather(order)
            rows = rows[order.argsort()]
        if len(rows) < size:
            raise DataError(
                f'model.prototype gives {len(rows)} of its {size} images; set '
                'drop_last=False'
            )
        return rows[:size]


@torch.no_grad()
def fingerprint(network: nn.Module) -> Tensor:
    """Numbers that change when the weights do, whatever has changed them.

    Example:
        >>> network = nn.Linear(1, 1)
        >>> before = fingerprint(network)
        >>> _ = network.weight.data.add_(1)
        >>> torch.equal(before, fingerprint(network))
        False
    """
    state = [value for value in network.state_dict().values() if value.numel()]
    sums = [
        torch.stack((value.double().sum(), value.double().square().sum()))
        for value in state
    ]
    return torch.stack([pair.cpu() for pair in sums]) if sums else torch.zeros(0, 2)
