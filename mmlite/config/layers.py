"""Check that the layers of a backbone are of the dimensions that they get."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import Problem
from ..registry import MODELS
from .parts import dicts_in, target_of

__all__ = ['check_dimensions']

#: What takes no feature maps, and what does in its place.
_INSTEAD = {
    nn.Conv1d: 'Conv2d',
    nn.Conv3d: 'Conv2d',
    nn.BatchNorm1d: 'BN',
    nn.BatchNorm3d: 'BN',
    nn.InstanceNorm1d: 'IN',
    nn.InstanceNorm3d: 'IN',
    nn.LayerNorm: 'LN2d',
}
_KEYS = ('conv_cfg', 'norm_cfg')
_SIZE = 64


class _OfOtherDimensionsError(Exception):
    """A layer was given a feature map that it is not of."""


def check_dimensions(cfg: Mapping[str, Any], model: nn.Module) -> list[Problem]:
    """Check the normalisations and convolutions that a backbone is to have.

    Where the config names one that is not for feature maps, the backbone computes an
    image, without memory, to see whether it gets one.

    Args:
        cfg: The config of the model.
        model: The model that was built from it, on the meta device.
    """
    backbone = getattr(model, 'backbone', None)
    stated = cfg.get('backbone')
    if not isinstance(backbone, nn.Module) or not isinstance(stated, Mapping):
        return []
    problems = []
    for path, norm in _stated(stated, ('backbone',)):
        kind = target_of(norm, MODELS)
        if kind in _INSTEAD and _gets_maps(backbone, kind):
            message = (
                f'is {norm["type"]}, which is not for the feature maps (B, C, H, W) '
                f"that it gets; set type='{_INSTEAD[kind]}'"
            )
            problems.append(Problem('.'.join((*path, 'type')), message))
    return problems


def _stated(
    cfg: Mapping[str, Any], path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    for key, value in cfg.items():
        for *at, part in dicts_in(key, value):
            place = (*path, *map(str, at))
            if key in _KEYS and 'type' in part:
                yield place, part
            yield from _stated(part, place)


def _gets_maps(backbone: nn.Module, kind: type) -> bool:
    """Whether a layer of a backbone is given what it is not of."""

    def look(module: nn.Module, inputs: tuple) -> None:
        x = inputs[0] if inputs else None
        if isinstance(x, Tensor) and x.ndim == 4 and _is_wrong(module, x):
            raise _OfOtherDimensionsError

    layers = [m for m in backbone.modules() if type(m) is kind]
    hooks = [layer.register_forward_pre_hook(look) for layer in layers]
    channels = getattr(backbone, 'in_channels', 3)
    device = next((p.device for p in backbone.parameters()), torch.device('cpu'))
    image = torch.zeros(2, channels, _SIZE, _SIZE, device=device)
    try:
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter('ignore')
            backbone(image)
    except _OfOtherDimensionsError:
        return True
    except Exception:  # of another kind, or size, of input
        return False
    finally:
        for hook in hooks:
            hook.remove()
    return False


def _is_wrong(layer: nn.Module, x: Tensor) -> bool:
    if not isinstance(layer, nn.LayerNorm):
        return True
    width = layer.normalized_shape[-1]
    return x.shape[-1] != width and x.shape[1] == width
