"""What every backbone promises, and what several of them need."""

from __future__ import annotations

from abc import ABCMeta, abstractmethod
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from mmengine.model import BaseModule
from torch import Tensor, nn

from ...errors import did_you_mean
from ...structures import FeatureSpec
from ..layers import norms_to_eval

__all__ = [
    'CONV_INIT',
    'BaseBackbone',
    'check_frozen_stages',
    'check_out_indices',
    'freeze',
    'layer_depth',
    'run_stages',
]

CONV_INIT = [
    dict(type='Kaiming', layer=['Conv2d']),
    dict(type='Constant', val=1, layer=['_BatchNorm', 'GroupNorm']),
]


class BaseBackbone(BaseModule, metaclass=ABCMeta):
    """Base of all backbones: an image in, a tuple of features out.

    Args:
        init_cfg: Config of the initialisation.

    Override:
        forward: the computation; returns a tuple, one entry per output.
        feature_specs: width and stride of every output. A neck, a head or a
            detector can then be checked when the model is built.
        chain: names of the modules that follow each other, where that is all that
            ``forward`` does; Faster R-CNN can cut the backbone between them.
        frozen_parts: what keeps weights and statistics; the constructor ends
            with ``self.freeze_parts()`` then.
    """

    norm_eval = False  # whether batch norms keep their statistics in training

    def __init__(self, init_cfg: dict | list[dict] | None = None) -> None:
        super().__init__(init_cfg)

    @property
    def feature_specs(self) -> tuple[FeatureSpec, ...] | None:
        """Width and stride of every output; ``None`` if it is not known."""
        return None

    @property
    def chain(self) -> tuple[str, ...]:
        """Names of the modules that run one after the other; none if it is no chain.

        A module of a list has a name with a dot, ``layers.0``.
        """
        return ()

    def split(self, at: str) -> tuple[nn.Module, nn.Module]:
        """Cut the backbone in two, which in sequence compute the same.

        The parts share their modules with the backbone, under the same names.

        Args:
            at: Name of the last stage of the first part.

        Raises:
            ValueError: if the backbone is no chain, or has no such stage but the last.
        """
        stages = self.chain
        if at not in stages[:-1]:
            last = f'; it is one of {", ".join(stages[:-1])}{did_you_mean(at, stages)}'
            raise ValueError(
                f'{type(self).__name__} cannot be cut behind {at!r}'
                + (last if stages else ', as it is not a chain of stages')
            )
        cut = stages.index(at) + 1
        return _Part(self, stages[:cut]), _Part(self, stages[cut:])

    @property
    def is_pretrained(self) -> bool:
        """Whether init_cfg loads weights, which no rule must overwrite then."""
        cfgs = [self.init_cfg] if isinstance(self.init_cfg, dict) else self.init_cfg
        return any(cfg.get('type') == 'Pretrained' for cfg in cfgs or ())

    def frozen_parts(self) -> Iterable[nn.Module]:
        """The parts that keep weights and statistics."""
        return ()

    def frozen_stem_and_stages(
        self, stem: Sequence[str], stages: Sequence[str | nn.Module]
    ) -> list[nn.Module]:
        """The stem, and as many stages as ``frozen_stages`` says.

        Args:
            stem: Names of the modules before the first stage.
            stages: The stages, or their names.
        """
        if self.frozen_stages < 0:
            return []
        parts = [*stem, *stages[: self.frozen_stages]]
        return [getattr(self, p) if isinstance(p, str) else p for p in parts]

    def freeze_parts(self) -> None:
        """Put frozen parts in evaluation mode, and out of the gradient."""
        freeze(*self.frozen_parts())

    def train(self, mode: bool = True) -> BaseBackbone:
        """Set the mode of all but what is frozen."""
        super().train(mode)
        self.freeze_parts()
        if mode and self.norm_eval:
            norms_to_eval(self)
        return self

    @abstractmethod
    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Features of x, a batch of images ``(B, C, H, W)``."""


class _Part(nn.Module):
    """Modules of a backbone in sequence, under the names that they have."""

    def __init__(self, whole: nn.Module, names: Sequence[str]) -> None:
        super().__init__()
        self.names = tuple(names)
        for name in names:
            *path, last = name.split('.')
            holder: nn.Module = self
            for step in path:
                if step not in holder._modules:
                    holder.add_module(step, nn.Module())
                holder = holder.get_submodule(step)
            holder.add_module(last, whole.get_submodule(name))

    def forward(self, x: Tensor) -> Tensor:
        """The output of the last one."""
        for name in self.names:
            x = self.get_submodule(name)(x)
        return x


def check_out_indices(
    out_indices: int | Sequence[int], num_outputs: int
) -> tuple[int, ...]:
    """The indices in rising order; negative ones count from the end.

    Raises:
        ValueError: if there is none, or one is out of range.
    """
    given = (out_indices,) if isinstance(out_indices, int) else tuple(out_indices)
    if not given or any(not -num_outputs <= i < num_outputs for i in given):
        raise ValueError(
            f'out_indices={out_indices} must be one or more of '
            f'0 to {num_outputs - 1}, or negative to count from the end'
        )
    return tuple(sorted({i % num_outputs for i in given}))


def check_frozen_stages(frozen_stages: int, num_stages: int) -> int:
    """``frozen_stages``, if there are as many.

    Raises:
        ValueError: if not.
    """
    if not -1 <= frozen_stages <= num_stages:
        raise ValueError(
            f'frozen_stages={frozen_stages} must be from -1 (nothing is frozen) '
            f'to {num_stages}'
        )
    return frozen_stages


def freeze(*modules: nn.Module) -> None:
    """Put modules in evaluation mode and exclude them from the gradient."""
    for module in modules:
        module.eval()
        module.requires_grad_(False)


def run_stages(
    x: Any, stages: Iterable[nn.Module], out_indices: Collection[int]
) -> tuple[Any, ...]:
    """The outputs of the stages of ``out_indices``; the stages run in sequence."""
    outs = []
    for i, stage in enumerate(stages):
        x = stage(x)
        if i in out_indices:
            outs.append(x)
    return tuple(outs)


def layer_depth(
    param_name: str, prefix: str, num_layers: int, first: Sequence[str] = ()
) -> tuple[int, int]:
    """How deep a parameter lies in a backbone whose layers are called ``layers``.

    Args:
        param_name: Name of the parameter.
        prefix: What the names of the backbone's parameters start with.
        num_layers: Number of layers.
        first: Names of what comes before the layers.

    Returns:
        The depth: 0 for what comes first, ``i + 1`` for layer ``i``, and the
        number of depths - 1 for all else; and the number of depths.

    Example:
        >>> layer_depth('backbone.layers.0.ln1.bias', 'backbone.', num_layers=2)
        (1, 4)
    """
    num_depths = num_layers + 2
    name = param_name.removeprefix(prefix)
    if not param_name.startswith(prefix):
        return num_depths - 1, num_depths
    head = name.split('.')[0]
    if head in first:
        return 0, num_depths
    if head == 'layers':
        return int(name.split('.')[1]) + 1, num_depths
    return num_depths - 1, num_depths
