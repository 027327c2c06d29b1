"""Pairs of images with their disparities, found in folders or named in lists."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from ..errors import DataError, DataNotFoundError
from ..given import absence
from ..registry import DATASETS
from .annotations import read_text
from .base_dataset import BaseDataset
from .folders import find_images

__all__ = ['PICTURES', 'StereoDataset', 'files_in']

_COLUMNS = (
    'ref_img_path',
    'tgt_img_path',
    'disparity_path',
    'disparity_tgt_path',
    'occlusion_path',
)
PICTURES = ('.png', '.jpg', '.jpeg', '.ppm', '.bmp', '.webp')
_DISPARITIES = ('.pfm', '.png', '.npy', '.npz')


@DATASETS.register_module()
class StereoDataset(BaseDataset):
    """Pairs of images, from a list or from the folders ``left`` and ``right``.

    A list is a text file with a pair on each line: ``left right [disparity
    [disparity_of_the_right [occlusion]]]``, with tabs between paths that have blanks;
    or a JSON or YAML file of OpenMMLab's format with ``ref_img_path``,
    ``tgt_img_path``, ``disparity_path`` and so on. Without a list, files of one name
    belong together: ``left/a.png``, ``right/a.png``, and where it is known
    ``disparity/a.pfm`` (or ``.png``, ``.npy``).

    A sample has the paths; ``LoadImageFromFile(keys=['ref_img', 'tgt_img'])`` and
    ``LoadDisparity`` read them.

    Override:
        scan: the pairs in the folder ``data_root``.

    Args:
        ann_file: The list, relative to ``data_root``.
        data_root: Folder of everything.
        disparity_scale: What the 16 bits of PNG files are divided by.
        kwargs: See :class:`~mmlite.datasets.BaseDataset`.

    Raises:
        DataError: if a line names fewer than two files, or a view has no counterpart.
        DataNotFoundError: if there are no pairs.

    Example:
        >>> import pathlib
        >>> _ = pathlib.Path('pairs.txt').write_text('l.png r.png d.pfm')
        >>> StereoDataset('pairs.txt').get_data_info(0)['disparity_path']
        'd.pfm'
    """

    METAINFO: ClassVar[dict] = dict(task='stereo')

    def __init__(
        self,
        ann_file: str = '',
        data_root: str = '',
        disparity_scale: float = 256.0,
        **kwargs: Any,
    ) -> None:
        self.disparity_scale = disparity_scale
        super().__init__(ann_file=ann_file, data_root=data_root, **kwargs)

    def check_samples(self, samples: list[dict]) -> None:
        """There are no labels."""

    def parse_data_info(self, raw_data_info: dict) -> dict:
        """The paths of a sample of a JSON file, in ``data_root``."""
        return self._sample(**raw_data_info)

    def load_data_list(self) -> Sequence[dict]:
        """The pairs of the list, or of the folders."""
        if not self.ann_file:
            found = self.scan(Path(self.data_root))
            if not found:
                raise DataNotFoundError(
                    f'{type(self).__name__}: there are no pairs in {self.data_root!r}; '
                    f'{self._layout()}'
                )
            return [self._sample(**sample) for sample in found]
        if Path(self.ann_file).suffix.lower() in ('.json', '.yaml', '.yml'):
            return super().load_data_list()
        if not Path(self.ann_file).is_file():
            raise DataNotFoundError(
                f'{type(self).__name__}: the list {self.ann_file} '
                f'{absence(self.ann_file)}; check ann_file and data_root'
            )
        lines = read_text(self.ann_file).splitlines()
        rows = [(n, line.strip()) for n, line in enumerate(lines, 1) if line.strip()]
        return [self._parsed(number, line) for number, line in rows]

    def scan(self, root: Path) -> list[dict[str, Any]]:
        """The pairs in a folder, paths by name."""
        found = []
        for left in files_in(root / 'left', PICTURES):
            inner = left.relative_to(root / 'left')
            sample = dict(ref_img_path=left, tgt_img_path=root / 'right' / inner)
            for key, folder in (
                ('disparity_path', 'disparity'),
                ('disparity_tgt_path', 'disparity_right'),
            ):
                options = ((root / folder / inner).with_suffix(e) for e in _DISPARITIES)
                there = [path for path in options if path.is_file()]
                if there:
                    sample[key] = there[0]
            found.append(sample)
        return found

    def _layout(self) -> str:
        """Where pairs are looked for."""
        return (
            'it has the folders left, right and disparity, with files of one name; or '
            'give a list as ann_file'
        )

    def _parsed(self, number: int, line: str) -> dict:
        parts = line.split('\t') if '\t' in line else line.split()
        if not 2 <= len(parts) <= len(_COLUMNS):
            raise DataError(
                f'{self.ann_file}:{number}: expected "left right disparity", 2 to '
                f'{len(_COLUMNS)} paths, got {len(parts)}; put tabs between paths that '
                'have blanks'
            )
        return self._sample(**dict(zip(_COLUMNS, map(str.strip, parts), strict=False)))

    def _sample(self, **sample: Any) -> dict:
        for key in ('ref_img_path', 'tgt_img_path'):
            if not sample.get(key):
                raise DataError(
                    f'{type(self).__name__}: a sample has ref_img_path and '
                    f'tgt_img_path, got {sorted(sample)}'
                )
        for key, value in sample.items():
            if key.endswith('_path'):
                path = Path(value)
                if not path.is_absolute() and self.ann_file:
                    path = Path(self.data_root) / path
                sample[key] = str(path)
        if not self.ann_file and not Path(sample['tgt_img_path']).is_file():
            raise DataError(
                f'{sample["ref_img_path"]} has no right view: there is no '
                f'{sample["tgt_img_path"]}'
            )
        return dict(sample, disparity_scale=self.disparity_scale)


def files_in(folder: Path, endings: Sequence[str] = PICTURES) -> list[Path]:
    """The files of a folder and of those in it, with one of the endings, sorted.

    Links to folders are followed.
    """
    if not folder.is_dir():
        return []
    return sorted(folder / name for name in find_images(folder, endings))
