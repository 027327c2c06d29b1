"""Checkpoints of OpenGait."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

from ...structures.key_maps import KeyMap, register_key_map

__all__ = ['PartMajorNorms']

_ENTRIES = ('weight', 'bias', 'running_mean', 'running_var')


class PartMajorNorms(NamedTuple):
    """Bring the norms of parts into the order of OpenGait from version 2 on.

    Until then their entries were ``p * C + c``, and are ``c * P + p`` since; the
    names and shapes are the same, so that a checkpoint is loaded without an error, and
    gives other embeddings.

    Args:
        pattern: How the norms are called.
    """

    pattern: str = 'bn1d'

    def apply(self, state: dict[str, Tensor]) -> tuple[dict[str, Tensor], int]:
        """The entries, and how many of them were put in order."""
        found, count = dict(state), 0
        for name, weight in state.items():
            if not name.endswith('fc_bin'):
                continue
            parts, channels = weight.shape[:2]
            for entry in _ENTRIES:
                key = f'{name.removesuffix("fc_bin")}{self.pattern}.{entry}'
                if key in state and state[key].numel() == parts * channels:
                    found[key] = state[key].view(parts, channels).T.flatten()
                    count += 1
        return found, count


register_key_map('opengait', KeyMap(prefixes=('module.',)))
register_key_map('opengait-v1', KeyMap([PartMajorNorms()], prefixes=('module.',)))
