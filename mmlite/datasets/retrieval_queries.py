"""Your own queries for retrieval, with the places of their class in the gallery."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import DataError
from ..registry import DATASETS
from .custom import CustomDataset
from .folders import IMAGE_EXTENSIONS
from .query_places import places_by_label

__all__ = ['RetrievalQueries']


@DATASETS.register_module()
class RetrievalQueries(CustomDataset):
    r"""Images of classes, each with the places of its class in a gallery.

    Read as :class:`CustomDataset` is. ``gt_label`` of a query are the indices of all
    images of its class in the gallery, as the metrics of retrieval take them. A query
    that is in the gallery itself looks for all the others there; with the list of the
    gallery as ``ann_file`` each image does.

    Args:
        gallery: The list of the gallery, an annotation file as that of the queries,
            relative to ``data_root``.
        data_root: Folder of queries and gallery.
        data_prefix: Folder of their images, below ``data_root``.
        extensions: Which files are images.
        metainfo: Their classes, as ``dict(classes=...)``.
        kwargs: Further arguments of :class:`CustomDataset`.

    Raises:
        DataError: if there is no gallery, or it has none of the classes.

    Example:
        >>> from pathlib import Path
        >>> for name, text in (('a.txt', 'x.png cat\ny.png cat\nz.png dog'),
        ...                    ('q.txt', 'q.png cat')):
        ...     _ = Path(name).write_text(text)
        >>> for name in ('x.png', 'q.png'):
        ...     Path(name).touch()
        >>> queries = RetrievalQueries(
        ...     gallery='a.txt', ann_file='q.txt', classes=['cat', 'dog'])
        >>> queries.get_data_info(0)['gt_label']
        [0, 1]
    """

    def __init__(
        self,
        gallery: str = '',
        data_root: str = '',
        data_prefix: str | dict = '',
        extensions: Sequence[str] = IMAGE_EXTENSIONS,
        metainfo: dict | None = None,
        **kwargs: Any,
    ) -> None:
        if not gallery:
            raise ValueError('set gallery to the list of the images to be found')
        self.gallery = gallery
        self._shared = dict(
            data_root=data_root,
            data_prefix=data_prefix,
            extensions=extensions,
            metainfo=metainfo,
        )
        super().__init__(**self._shared, **kwargs)

    def load_data_list(self) -> Sequence[dict]:
        """The queries, with the places of what is to be found."""
        known = CustomDataset(
            ann_file=self.gallery, classes=self.CLASSES, **self._shared
        )
        if self.CLASSES is None:
            self._metainfo['classes'] = known.CLASSES
        queries = super().load_data_list()
        places = places_by_label(known.get_gt_labels().tolist())
        place_of = {
            known.get_data_info(place)['img_path']: place for place in range(len(known))
        }
        found = []
        for query in queries:
            own = place_of.get(query['img_path'])
            wanted = places.get(int(query['gt_label']), [])
            query = dict(query, gt_label=[place for place in wanted if place != own])
            found.append(query if own is None else dict(query, gallery_index=own))
        if not any(query['gt_label'] for query in found):
            raise DataError(
                f'{self.gallery} has no image of a class that is looked for; check '
                'gallery and ann_file'
            )
        return found
