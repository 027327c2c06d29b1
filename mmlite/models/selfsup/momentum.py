"""What algorithms with a momentum encoder share: it, its keys, and their queue."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import torch
from mmengine.dist import broadcast, get_world_size
from torch import Tensor, nn
from torch.nn import functional as F

from ...errors import check_at_least
from ...ops import gather, place_in_gathered
from ...structures import DataSample
from ..layers import CosineEMA
from .base import BaseSelfSupervisor
from .views import check_views

__all__ = ['AveragedPair', 'MemoryQueue', 'OnlineNetwork', 'shuffled_between_processes']


class OnlineNetwork:
    """A reference to the network that a momentum encoder averages, not a child.

    As a child of the model, its weights would have two names.

    Args:
        parts: The backbone and the neck.

    Example:
        >>> online = OnlineNetwork(nn.Conv2d(3, 8, 1), nn.Flatten())
        >>> online.network(torch.rand(2, 3, 4, 4)).shape
        torch.Size([2, 128])
    """

    def __init__(self, *parts: nn.Module) -> None:
        self.network = nn.Sequential(*parts)


class AveragedPair(BaseSelfSupervisor):
    """Base of algorithms that compare both views with an average's of the other.

    The average is updated in every iteration, before it is used. Its batch norms
    normalise by the batch; their running statistics are those of the network.

    Override:
        average_name: under which name the average is a part, ``module.0`` of which is
            the backbone and ``module.1`` the neck.
        scale: what the sum of both losses is multiplied by.

    Args:
        backbone: Config of the backbone, or the module itself.
        neck: Config of the projection.
        head: Config of the head, which has the predictor.
        base_momentum: Weight of the newest weights in the average at first; it falls
            to 0 with a cosine. Papers state one minus this.
        kwargs: Further arguments of :class:`BaseSelfSupervisor`.

    Shape:
        inputs: a list of two views, ``(B, C, H, W)`` each.

    Raises:
        ValueError: if the momentum does not lie in (0, 1).
        DataError: if there are not two views.
    """

    num_views: ClassVar[int | None] = 2
    average_name: ClassVar[str]
    scale: ClassVar[float] = 1.0

    def __init__(
        self,
        backbone: dict | nn.Module,
        neck: dict | nn.Module,
        head: dict | nn.Module,
        base_momentum: float,
        **kwargs: Any,
    ) -> None:
        super().__init__(backbone, neck, head, **kwargs)
        self.online = OnlineNetwork(self.backbone, self.neck)
        average = CosineEMA(self.online.network, momentum=base_momentum)
        self.add_module(self.average_name, average)

    def loss(
        self, inputs: list[Tensor], data_samples: list[DataSample] | None = None
    ) -> dict[str, Tensor]:
        """The loss, symmetrical in both views.

        Args:
            inputs: The views.
            data_samples: Not needed.
        """
        views = check_views(self, inputs)
        average = self.get_submodule(self.average_name)
        first, second = (self.online.network(view)[0] for view in views)
        with torch.no_grad():
            average.update_parameters(self.online.network)
            of_first, of_second = (average(view)[0] for view in views)
        loss = self.head.loss(first, of_second) + self.head.loss(second, of_first)
        return dict(loss=self.scale * loss)


class MemoryQueue:
    """Keys of earlier batches: a buffer, and the place where the next ones go.

    The buffers belong to the model, so that they are saved with it.

    Args:
        model: Where the buffers are registered.
        name: Name of the queue; the place is ``{name}_ptr``.
        feat_dim: Width of a key.
        length: Number of keys.

    Raises:
        ValueError: if there is no room for a key.

    Example:
        >>> model = nn.Module()
        >>> queue = MemoryQueue(model, 'queue', feat_dim=2, length=3)
        >>> for _ in range(2):
        ...     queue.add(torch.ones(2, 2))
        >>> model.queue_ptr, model.queue
        (tensor([1]), tensor([[1., 1., 1.],
                [1., 1., 1.]]))
    """

    def __init__(self, model: nn.Module, name: str, feat_dim: int, length: int) -> None:
        check_at_least(1, queue_len=length, feat_dim=feat_dim)
        self.name = name
        self.length = length
        self._model = [model]  # not a child of whatever holds this
        keys = F.normalize(torch.randn(feat_dim, length), dim=0)
        model.register_buffer(name, keys)
        model.register_buffer(f'{name}_ptr', torch.zeros(1, dtype=torch.long))

    def similarities(self, queries: Tensor) -> Tensor:
        """With all keys, ``(B, length)``; keys may be added before the backward pass.

        Args:
            queries: ``(B, feat_dim)``.
        """
        keys = getattr(self._model[0], self.name)
        return queries @ keys.to(queries.dtype, copy=True)

    @torch.no_grad()
    def add(self, keys: Tensor) -> None:
        """Replace the oldest keys by those of all processes, going round at the end.

        Args:
            keys: Of this process, ``(B, feat_dim)``.
        """
        keys = gather(keys)
        queue = getattr(self._model[0], self.name)
        place = getattr(self._model[0], f'{self.name}_ptr')
        count = len(keys)
        keys = keys[-self.length :]  # of more, the newest
        skipped = count - len(keys)
        to = torch.arange(skipped, count, device=queue.device)
        queue[:, (place + to) % self.length] = keys.t().to(queue.dtype)
        place.add_(count).remainder_(self.length)


@torch.no_grad()
def shuffled_between_processes(
    encode: Callable[[Tensor], Sequence[Tensor]], images: Tensor
) -> list[Tensor]:
    """Encode images that are redistributed among the processes.

    So that the batch norm of a process does not see which key belongs to which
    query. With one process the images are encoded as they are.

    Args:
        encode: Images to several tensors, one entry an image.
        images: Of this process, ``(B, C, H, W)``, equally many in each.

    Returns:
        The tensors of the images of this process, in their order.
    """
    if get_world_size() == 1:
        return list(encode(images))
    everything = gather(images)
    order = torch.randperm(len(everything), device=images.device)
    broadcast(order)
    first = place_in_gathered(images)
    own = slice(first, first + len(images))
    back = order.argsort()[own]
    return [gather(x)[back] for x in encode(everything[order[own]])]
