"""My self-supervised learning. A config names it in ``custom_imports``."""

from . import mae_head, mae_vit, new_algorithm

__all__ = ['mae_head', 'mae_vit', 'new_algorithm']
