"""Precision over recall as a picture."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

__all__ = ['plot_precision_recall']


def plot_precision_recall(
    curves: Mapping[str, np.ndarray], path: str | Path, title: str = ''
) -> None:
    """Draw the precision of each class over its recall.

    Args:
        curves: Precision at recalls evenly from 0 to 1, by the name of the class.
        path: Where to write the picture.
        title: What stands above it.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 6))
    axes = figure.add_subplot()
    for name, precision in curves.items():
        recall = np.linspace(0, 1, len(precision))
        axes.plot(recall, precision, label=f'{name} ({precision.mean():.3f})')
    axes.set(xlabel='Recall', ylabel='Precision', xlim=(0, 1), ylim=(0, 1.05))
    axes.set_title(title)
    if curves:
        axes.legend(fontsize='small', ncols=1 + len(curves) // 20)
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
