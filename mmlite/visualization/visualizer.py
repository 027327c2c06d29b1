"""Draw what a model predicts onto images."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from mmengine.config import Config
from mmengine.dist import master_only
from mmengine.logging import print_log
from mmengine.visualization import Visualizer

from ..config import plain_config
from ..registry import VISUALIZERS
from ..structures import DataSample
from .drawers import DRAWERS, Look, contact_sheet, label_texts
from .image import as_rgb, resize_image, write_image

#: What mmengine's visualizer draws on.
_OF_FIGURE = ('fig_save_canvas', 'fig_save', 'ax_save', 'dpi')

#: The letters that were missing first; others need not be said.
_SAID: list[str] = []


@VISUALIZERS.register_module()
class UniversalVisualizer(Visualizer):
    """One visualizer for all tasks: it draws what a sample has.

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
        >>> visualizer.add_datasample('a', image, sample, classes=['cat', 'dog']).shape
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
            vis_backends=vis_backends,
            save_dir=save_dir,
            fig_save_cfg=fig_save_cfg or dict(frameon=False),
            fig_show_cfg=fig_show_cfg or dict(frameon=False),
        )
        for name in _OF_FIGURE:
            del self.__dict__[name]
        if image is not None:
            self.set_image(image)

    def _initialize_fig(self, fig_cfg: dict[str, Any]) -> tuple:
        """Not yet: matplotlib takes half a second, and most trainings draw nothing."""
        return None, SimpleNamespace(get_dpi=lambda: None), None

    def __getattr__(self, name: str) -> Any:
        """What is drawn on, once it is asked for."""
        if name not in _OF_FIGURE:
            raise AttributeError(f'{type(self).__name__} has no attribute {name!r}')
        canvas, figure, axes = super()._initialize_fig(self.fig_save_cfg)
        made = (canvas, figure, axes, figure.get_dpi())
        self.__dict__.update(zip(_OF_FIGURE, made, strict=True))
        return self.__dict__[name]

    @master_only
    def add_config(self, config: Config, **kwargs: Any) -> None:
        """Hand a config to all storage backends, with names for its classes.

        Args:
            config: The config.
            **kwargs: Passed on to the backends.
        """
        super().add_config(plain_config(config), **kwargs)

    @master_only
    def add_datasample(
        self,
        name: str,
        image: np.ndarray,
        data_sample: DataSample | None = None,
        draw_gt: bool = True,
        draw_pred: bool = True,
        show: bool = False,
        wait_time: float = 0,
        step: int = 0,
        *,
        classes: Sequence[str] | None = None,
        draw_score: bool = True,
        pred_score_thr: float = 0.3,
        resize: int | None = None,
        rescale_factor: float | None = None,
        text_cfg: dict[str, Any] | None = None,
        out_file: str | Path | None = None,
    ) -> np.ndarray:
        """Draw all that a sample has: labels, boxes, disparities, silhouettes, ...

        Each kind of field has a drawer in ``mmlite.visualization.DRAWERS``; another
        kind is drawn once its drawer is entered there.

        Args:
            name: Name of the image in the window and in the backends.
            image: The image, RGB or grey, or the frames of a sequence.
            data_sample: Its fields are drawn as far as they are there.
            draw_gt: Whether to draw the ground truth.
            draw_pred: Whether to draw the prediction.
            show: Whether to open a window.
            wait_time: Seconds until the window closes; 0 waits for a key.
            step: Step of the image in the backends.
            classes: Names of the classes; by default those of the dataset.
            draw_score: Whether to write the scores.
            pred_score_thr: Boxes with a lower score are not drawn.
            resize: Length of the shorter edge of the image, in pixels.
            rescale_factor: Scale factor, where ``resize`` is not given.
            text_cfg: Arguments of ``Visualizer.draw_texts`` that differ from
                the default.
            out_file: Where to write the image. Without it, the image goes to
                the storage backends.

        Shape:
            image: uint8, ``(H, W)`` or ``(H, W, 1 or 3)``, or ``(S, H, W)`` frames.
            returns: uint8, RGB, ``(H, W, 3)`` after scaling; wider where maps or
            pictures stand beside the image.
        """
        if classes is None and self.dataset_meta is not None:
            classes = self.dataset_meta.get('classes')
        sample = DataSample() if data_sample is None else data_sample
        look = Look(classes, draw_gt, draw_pred, draw_score, pred_score_thr)
        drawn = resize_image(_picture(image), resize, rescale_factor)
        for drawer in DRAWERS.values():
            if any(field in sample for field in drawer.fields):
                drawn = drawer.draw(drawn, sample, look)
        with _missing_letters():
            self.set_image(drawn)
            if lines := label_texts(sample, look):
                self._draw_lines_of_text(lines, text_cfg or {})
            drawn = self.get_image()
        self._put(drawn, show, wait_time, out_file, name, step)
        return drawn

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
        """What :meth:`add_datasample` does, with the signature of mmpretrain."""
        return self.add_datasample(
            name,
            image,
            data_sample,
            draw_gt,
            draw_pred,
            show,
            wait_time,
            step,
            classes=classes,
            draw_score=draw_score,
            pred_score_thr=0.0,
            resize=resize,
            rescale_factor=rescale_factor,
            text_cfg=text_cfg,
            out_file=out_file,
        )

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


@contextmanager
def _missing_letters() -> Iterator[None]:
    """Say once, and in plain words, that the font lacks letters of class names."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter('always')
        yield
    for warning in found:
        if 'missing from' not in str(warning.message):
            warnings.warn_explicit(
                warning.message, warning.category, warning.filename, warning.lineno
            )
        elif not _SAID:
            _SAID.append(str(warning.message))
            print_log(
                'pictures show boxes for letters that their font lacks: '
                f'{warning.message} Install a font that has them, and name it by '
                "text_cfg=dict(font_families='...')",
                logger='current',
                level=logging.WARNING,
            )


def _picture(image: np.ndarray) -> np.ndarray:
    """An image as it is drawn on; frames side by side."""
    if image.ndim == 4 or (image.ndim == 3 and image.shape[2] not in (1, 3)):
        return contact_sheet(image)
    return as_rgb(image)
