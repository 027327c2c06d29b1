"""Low-rank adaptation of linear layers."""

from __future__ import annotations

import math

from torch import Tensor, nn

from ...errors import check_at_least


class LoRALinear(nn.Module):
    """A linear layer, and beside it a product of two narrow ones that is learnt.

    Paper: LoRA: Low-Rank Adaptation of Large Language Models, ICLR 2022,
    https://arxiv.org/abs/2106.09685. It starts as the layer itself.

    Args:
        original_layer: The layer.
        alpha: The product is multiplied by ``alpha / rank``.
        rank: Width between the two narrow layers.
        drop_rate: Probability of dropping an entry of what enters them.

    Raises:
        ValueError: if ``rank`` is not positive.

    Example:
        >>> layer = LoRALinear(nn.Linear(8, 4), alpha=2, rank=2)
        >>> sum(p.numel() for n, p in layer.named_parameters() if 'lora_' in n)
        24
    """

    def __init__(
        self,
        original_layer: nn.Linear,
        alpha: float = 1,
        rank: int = 0,
        drop_rate: float = 0.0,
    ) -> None:
        super().__init__()
        check_at_least(1, rank=rank)
        self.lora_dropout = nn.Dropout(drop_rate)
        self.lora_down = nn.Linear(original_layer.in_features, rank, bias=False)
        self.lora_up = nn.Linear(rank, original_layer.out_features, bias=False)
        self.scaling = alpha / rank
        nn.init.kaiming_uniform_(self.lora_down.weight, a=math.sqrt(5))
        nn.init.zeros_(self.lora_up.weight)
        self.original_layer = original_layer

    def forward(self, x: Tensor) -> Tensor:
        """The layer's output, adapted."""
        change = self.lora_up(self.lora_down(self.lora_dropout(x)))
        return self.original_layer(x) + change * self.scaling
