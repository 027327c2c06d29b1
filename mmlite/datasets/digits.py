"""1,797 handwritten digits that ship with mmlite."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from ..errors import check_at_least, check_choice
from ..registry import DATASETS
from .base_dataset import BaseDataset
from .categories import DIGITS_CLASSES
from .folders import held_out
from .published import in_order_of
from .storage import ArrayList
from .transforms.image_ops import resize_image

_FILE = Path(__file__).parent / 'data' / 'digits.npz'


@DATASETS.register_module()
class Digits(BaseDataset):
    """Real handwritten digits, for runs without a download.

    E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI
    Machine Learning Repository, 1998, https://doi.org/10.24432/C50P49, CC BY 4.0
    (scikit-learn's ``load_digits``): 8 x 8 pixels with values from 0 to 16, here
    brought to 0-255 and resized bilinearly.

    A fifth of each digit is held out for the test by the rule of
    :func:`~mmlite.datasets.folders.held_out`: 1,438 images are left to train
    with, 359 to test.

    Args:
        split: ``'train'`` or ``'test'``; taken from ``test_mode`` if not stated.
        size: Edge of the images in pixels.
        channels: Number of channels, all alike.
        seed: Chooses what is held out.
        test_mode: Whether a sample must never be replaced by another; so in the
            test split.
        kwargs: Arguments of :class:`BaseDataset`.

    Shape:
        img: ``(size, size, channels)``, uint8; white on black.

    Example:
        >>> digits = DATASETS.build(dict(type='Digits', split='test'))
        >>> len(digits), digits.get_data_info(0)['img'].shape
        (359, (32, 32, 3))
    """

    METAINFO: ClassVar[dict] = dict(classes=DIGITS_CLASSES)
    states_size: ClassVar[dict] = {'size': 'hw'}

    def __init__(
        self,
        split: Literal['train', 'test'] | None = None,
        size: int = 32,
        channels: int = 3,
        seed: int = 0,
        test_mode: bool = False,
        **kwargs: Any,
    ) -> None:
        split = split or ('test' if test_mode else 'train')
        check_choice(('train', 'test'), split=split)
        check_at_least(1, size=size, channels=channels)
        check_at_least(0, seed=seed)
        self.split = split
        self.size = size
        self.channels = channels
        self.seed = seed
        super().__init__(test_mode=test_mode or split == 'test', **kwargs)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """The shape of every image."""
        return self.size, self.size, self.channels

    def load_data_list(self) -> ArrayList:
        """Read the images of the split."""
        samples = self.images_of(self.split)
        return in_order_of(self.CLASSES, self.METAINFO['classes'], samples)

    def images_of(self, split: Literal['train', 'test']) -> ArrayList:
        """The images of a split, each with its digit as label.

        Args:
            split: ``'train'`` or ``'test'``.
        """
        with np.load(_FILE, allow_pickle=False) as file:
            images, labels = file['images'], file['labels'].astype(np.int64)
        keys = [str(i) for i in range(len(labels))]
        for_test = np.array(
            held_out(keys, labels.tolist(), fraction=0.2, seed=self.seed)
        )
        chosen = for_test if split == 'test' else ~for_test
        grey = (images[chosen].astype(np.float32) * (255 / 16)).round().astype(np.uint8)
        grey = np.stack([resize_image(image, (self.size, self.size)) for image in grey])
        images = np.repeat(grey[..., None], self.channels, -1)
        return ArrayList(images, labels[chosen])
