"""Draw what a model predicts onto images."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.config import Config
from mmengine.dist import master_only
from mmengine.visualization import Visualizer
from torch import Tensor

from ..config import plain_config
from ..registry import VISUALIZERS
from ..structures import DataSample
from .image import as_rgb, resize_image, write_image


@VISUALIZERS.register_module()
class UniversalVisualizer(Visualizer):
    """One visualizer for all tasks, with one method a task.

    A drawn image is returned, and goes to the window, to the file or to the
    storage backends (``vis_backends``) as the arguments say.

    Args:
        name: Name of the instance.
        image: The image to draw on, RGB.
        vis_backends: Where images and scalars are stored, as config dicts.
        save_dir: Folder of the storage backends.

    Example:
        >>> visualizer = UniversalVisualizer()
        >>> sample = DataSample().set_gt_label(1).set_pred_label(0)
        >>> image = np.zeros((32, 32, 3), np.uint8)
        >>> visualizer.visualize_cls(image, sample, classes=['cat', 'dog']).shape
        (32, 32, 3)
    """

    def __init__(
        self,
        name: str = 'visualizer',
        image: np.ndarray | None = None,
        vis_backends: Sequence[dict] | dict | None = None,
        save_dir: str | None = None,
        fig_save_cfg: dict | None = None,
        fig_show_cfg: dict | None = None,
    ) -> None:
        super().__init__(
            name=name,
            image=image,
            vis_backends=vis_backends,
            save_dir=save_dir,
            fig_save_cfg=fig_save_cfg or dict(frameon=False),
            fig_show_cfg=fig_show_cfg or dict(frameon=False),
        )

    @master_only
    def add_config(self, config: Config, **kwargs: Any) -> None:
        """Hand a config to all storage backends, with names for its classes.

        Args:
            config: The config.
            **kwargs: Passed on to the backends.
        """
        super().add_config(plain_config(config), **kwargs)

    @master_only
    def visualize_cls(
        self,
        image: np.ndarray,
        data_sample: DataSample,
        classes: Sequence[str] | None = None,
        draw_gt: bool = True,
        draw_pred: bool = True,
        draw_score: bool = True,
        resize: int | None = None,
        rescale_factor: float | None = None,
        text_cfg: dict[str, Any] | None = None,
        show: bool = False,
        wait_time: float = 0,
        out_file: str | Path | None = None,
        name: str = '',
        step: int = 0,
    ) -> np.ndarray:
        """Write true and predicted classes onto an image.

        Args:
            image: The image, RGB or grey.
            data_sample: Its ``gt_label``, ``pred_label`` and ``pred_score``
                are drawn as far as they are there.
            classes: Names of the classes; by default those of the dataset.
            draw_gt: Whether to write the true class.
            draw_pred: Whether to write the predicted class.
            draw_score: Whether to write the score behind it.
            resize: Length of the shorter edge of the drawn image, in pixels.
            rescale_factor: Scale factor, where ``resize`` is not given.
            text_cfg: Arguments of ``Visualizer.draw_texts`` that differ from
                the default.
            show: Whether to open a window.
            wait_time: Seconds until the window closes; 0 waits for a key.
            out_file: Where to write the image. Without it, the image goes to
                the storage backends.
            name: Name of the image in the window and in the backends.
            step: Step of the image in the backends.

        Shape:
            image: uint8, ``(H, W)`` or ``(H, W, 1 or 3)``.
            returns: uint8, RGB, ``(H, W, 3)`` after scaling.
        """
        if classes is None and self.dataset_meta is not None:
            classes = self.dataset_meta.get('classes')
        lines = []
        if draw_gt and 'gt_label' in data_sample:
            labels = _label_texts(data_sample.gt_label, None, classes)
            lines.append(f'Ground truth: {labels}')
        if draw_pred and 'pred_label' in data_sample:
            score = data_sample.get('pred_score') if draw_score else None
            labels = _label_texts(data_sample.pred_label, score, classes)
            lines.append(f'Prediction: {labels}')
        self.set_image(resize_image(as_rgb(image), resize, rescale_factor))
        if lines:
            self._draw_lines_of_text(lines, text_cfg or {})
        drawn = self.get_image()
        self._put(drawn, show, wait_time, out_file, name, step)
        return drawn

    def _draw_lines_of_text(self, lines: list[str], text_cfg: dict[str, Any]) -> None:
        # Large enough to read, small enough for the longest line to fit in.
        per_letter = self.width / max(map(len, lines))
        size = min(max(min(self.width, self.height) // 30, 7), per_letter * 1.3)
        look = dict(
            positions=np.array([[0.2 * size, 0.2 * size]]),
            font_sizes=max(1, int(size)),
            font_families='monospace',
            colors='white',
            bboxes=dict(facecolor='black', alpha=0.5, boxstyle='square'),
        )
        self.draw_texts('\n'.join(lines), **{**look, **text_cfg})

    def _put(
        self,
        drawn: np.ndarray,
        show: bool,
        wait_time: float,
        out_file: str | Path | None,
        name: str,
        step: int,
    ) -> None:
        """Hand a drawn image to the window, the file or the backends."""
        if show:
            self.show(drawn, win_name=name, wait_time=wait_time)
        if out_file is not None:
            write_image(drawn, out_file)
        else:
            self.add_image(name, drawn, step=step)


def _label_texts(
    labels: Tensor, scores: Tensor | None, classes: Sequence[str] | None
) -> str:
    """E.g. ``'3, 0.87 (cat)'``, several of them with commas."""
    texts = []
    for label in labels.tolist():
        text = str(label)
        if scores is not None:
            text += f', {scores[label].item():.2f}'
        if classes is not None:
            text += f' ({classes[label]})'
        texts.append(text)
    return ', '.join(texts)
