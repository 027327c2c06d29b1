"""The plain training loop that an expert writes, as fast as it goes.

Images lie in memory as uint8 and are augmented by whole batches; the optimizer is
fused; nothing is read back from the device. On a GPU also bfloat16, channels_last
and ``torch.compile``, which on most CPUs gain nothing or lose a lot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Memory:
    """Images in memory: random crops out of a border, and flips, batch by batch.

    Args:
        images: ``(N, C, H, W)``, uint8.
        labels: ``(N, )``.
        batch_size: Images in a batch; what is left of an epoch is dropped.
        padding: Width of the border that crops may reach into.

    Shape:
        yields: ``(B, C, H, W)`` uint8, and labels ``(B, )``, without end.
    """

    def __init__(
        self, images: Tensor, labels: Tensor, batch_size: int, padding: int = 4
    ) -> None:
        height, width = images.shape[-2:]
        padded = F.pad(images, (padding,) * 4)
        # (N, C, Y, X, H, W): every crop there is, without a copy.
        self.crops = padded.unfold(2, height, 1).unfold(3, width, 1)
        self.labels = labels
        self.batch_size = batch_size
        self.places = 2 * padding + 1

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        size, device = self.batch_size, self.labels.device
        count = len(self.labels)
        while True:
            order = torch.randperm(count, device=device)
            for start in range(0, count - size + 1, size):
                index = order[start : start + size]
                y, x = torch.randint(self.places, (2, size), device=device)
                images = self.crops[index, :, y, x]
                flipped = torch.rand(size, 1, 1, 1, device=device) < 0.5
                yield torch.where(flipped, images.flip(3), images), self.labels[index]


def fused_sgd(
    parameters: Iterable[nn.Parameter],
    lr: float,
    momentum: float = 0.9,
    weight_decay: float = 0.0,
) -> torch.optim.SGD:
    return torch.optim.SGD(
        parameters, lr=lr, momentum=momentum, weight_decay=weight_decay, fused=True
    )


class Loop:
    """Train step by step.

    Args:
        loss: A batch to its loss, on the device of the parameters.
        optimizer: Of the parameters.
        amp: What to compute in, by autocast; None is float32.
        compile: Options of ``torch.compile``, which is given network and loss as
            one function; None does not compile.
    """

    def __init__(
        self,
        loss: Callable[..., Tensor],
        optimizer: torch.optim.Optimizer,
        amp: torch.dtype | None = None,
        compile: dict[str, Any] | None = None,
    ) -> None:
        device = optimizer.param_groups[0]['params'][0].device
        self.loss = loss if compile is None else torch.compile(loss, **compile)
        self.optimizer = optimizer
        self.autocast = torch.autocast(device.type, amp, enabled=amp is not None)

    def step(self, *batch: Tensor) -> Tensor:
        """Train with a batch; the loss stays on the device, until the next step."""
        with self.autocast:
            loss = self.loss(*batch)
        loss.backward()
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return loss.detach()


class BareLoop(Loop):
    """Train a classifier step by step.

    Args:
        net: Images ``(B, C, H, W)`` to logits ``(B, K)``, on its device.
        optimizer: Of its parameters.
        mean: Of the images, per channel.
        std: Of the images, per channel.
        rates: The learning rate of each step; None leaves it.
        channels_last: Whether images take that layout; the net should have it.
        kwargs: Further arguments of :class:`Loop`.
    """

    def __init__(
        self,
        net: nn.Module,
        optimizer: torch.optim.Optimizer,
        mean: Sequence[float],
        std: Sequence[float],
        rates: Sequence[float] | None = None,
        channels_last: bool = False,
        **kwargs: Any,
    ) -> None:
        device = next(net.parameters()).device
        self.net = net.train()
        self.mean = torch.tensor(mean, device=device).view(-1, 1, 1)
        self.std = torch.tensor(std, device=device).view(-1, 1, 1)
        self.rates = None if rates is None else iter(rates)
        self.layout = torch.channels_last if channels_last else torch.contiguous_format
        super().__init__(self.cross_entropy, optimizer, **kwargs)

    def cross_entropy(self, images: Tensor, labels: Tensor) -> Tensor:
        """The loss of a uint8 batch."""
        inputs = images.to(torch.float32, memory_format=self.layout, copy=True)
        inputs.sub_(self.mean).div_(self.std)
        return F.cross_entropy(self.net(inputs), labels)

    def step(self, *batch: Tensor) -> Tensor:
        """Train with uint8 images and their labels."""
        if self.rates is not None:
            rate = next(self.rates)
            for group in self.optimizer.param_groups:
                group['lr'] = rate
        return super().step(*batch)
