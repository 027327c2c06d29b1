"""Retrieval of birds of kinds that were not seen in training."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Literal

from ..registry import DATASETS
from .fine_grained import CUB
from .query_places import all_but_itself

__all__ = ['CUBRetrieval']


@DATASETS.register_module()
class CUBRetrieval(CUB):
    """:class:`CUB` for retrieval: learn from some kinds, look up the others.

    Paper: Deep Metric Learning via Lifted Structured Feature Embedding, CVPR 2016,
    https://arxiv.org/abs/1511.06452, whose protocol it is: the first 100 kinds are
    learned, and each image of the other 100 is looked for among all the others of
    these.

    Layout: as that of :class:`CUB`; ``train_test_split.txt`` is not needed. In the
    training split ``gt_label`` is the number of the kind. The test split is gallery
    and queries at once: ``gt_label`` has the places of all other images of the kind,
    and ``gallery_index`` that of the image itself, which a retriever leaves out.

    Args:
        data_root: The folder of the dataset.
        split: ``'train'`` or ``'test'``.
        test_mode: Whether a sample must never be replaced by another; so in the
            test split.
        kwargs: Arguments of :class:`BaseDataset`.

    Raises:
        DataNotFoundError: if a file is absent.
        DataError: if a file makes no sense.
    """

    SEEN: ClassVar[int] = 100

    def __init__(
        self,
        data_root: str,
        split: Literal['train', 'test'] = 'train',
        test_mode: bool | None = None,
        **kwargs: Any,
    ) -> None:
        if test_mode is None:
            test_mode = split == 'test'
        super().__init__(data_root, split, test_mode, **kwargs)

    def samples(self) -> Iterator[tuple[str, str, int]]:
        """The images of the kinds of the split."""
        for place, path, text in self.listed('image_class_labels.txt'):
            label = self.number(text, place) - 1
            if (label < self.SEEN) == (self.split == 'train'):
                yield place, path, label

    def load_data_list(self) -> Sequence[dict]:
        """Read the list of images, and in the test what each one looks for."""
        samples = super().load_data_list()
        return all_but_itself(samples) if self.split == 'test' else samples
