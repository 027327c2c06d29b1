"""Read images."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np

from ...errors import DataError
from ...registry import TRANSFORMS
from .annotated_size import SizeComparison
from .base import OR_SKIP, BaseTransform
from .decoding import TooLargeError
from .image_backends import decoder_of, why_not


@TRANSFORMS.register_module()
class LoadImageFromFile(BaseTransform):
    """Read the image ``results['img_path']``, or several.

    Adds ``img``, ``img_shape`` and ``ori_shape``. Colours come as BGR; the data
    preprocessor turns a whole batch to RGB. Transparency is dropped, and 16 bits
    become 8, unless the image is taken ``'unchanged'``.

    Args:
        to_float32: Whether to turn the image into float32.
        color_type: ``'color'``, ``'grayscale'`` (both rotated by the EXIF
            orientation, unless ``..._ignore_orientation``) or ``'unchanged'``.
        imdecode_backend: ``'cv2'``; ``'pillow'``, which differs by a few grey levels
            in some JPEG files, else in nothing; or ``'turbojpeg'``, the fastest:
            simplejpeg with the quick cosine transform and plain upsampling of colours.
            It differs by one or two grey levels, and by more at sharp edges of colours.
            Where simplejpeg is installed, it decodes JPEG files for ``'cv2'`` too, to
            OpenCV's very pixels in less time; OpenCV keeps those that have to be
            rotated. What OpenCV reads otherwise, or not in all its versions (GIF,
            CMYK or transparent TIFF, animated WebP), is left to Pillow, where it is
            installed, and what Pillow reduces to 8 bits, to OpenCV.
        ignore_empty: Whether an unreadable image gives ``None``, so that the
            dataset takes another sample, instead of an error.
        backend_args: Arguments of an mmengine file backend, for paths that are
            not local.
        keys: Names of the images: ``'ref_img'`` is read from ``ref_img_path``.

    Shape:
        img: ``(H, W, 3)``, or ``(H, W)`` for ``'grayscale'``; uint8. ``'unchanged'``
            gives what is there, ``(H, W)``, BGR or BGRA, of 8 or 16 bits, or the
            numbers of a TIFF file. CMYK is turned to BGR; of several pictures in a
            file it is the first.

    Raises:
        DataError: if the file is absent, or is not an image, or boxes that come with a
            ``width`` and a ``height`` are of another one.
        MissingDependencyError: if ``'turbojpeg'`` is asked for without simplejpeg.

    Example:
        >>> import cv2
        >>> cv2.imwrite('grey.png', np.full((4, 6), 7, np.uint8))
        True
        >>> load = TRANSFORMS.build(dict(type='LoadImageFromFile'))
        >>> load(dict(img_path='grey.png'))['img'].shape
        (4, 6, 3)
    """

    is_random = False
    reads_files = True
    former_arguments: ClassVar = {'file_client_args': 'backend_args'}

    def __init__(
        self,
        to_float32: bool = False,
        color_type: Literal[
            'color',
            'grayscale',
            'unchanged',
            'color_ignore_orientation',
            'grayscale_ignore_orientation',
        ] = 'color',
        imdecode_backend: Literal['cv2', 'pillow', 'turbojpeg'] = 'cv2',
        ignore_empty: bool = False,
        backend_args: dict | None = None,
        keys: str | Sequence[str] = 'img',
    ) -> None:
        self.to_float32 = to_float32
        self.color_type = color_type
        self.imdecode_backend = imdecode_backend
        self.ignore_empty = ignore_empty
        self.backend_args = backend_args
        self.keys = (keys,) if isinstance(keys, str) else tuple(keys)
        if not self.keys:
            raise ValueError('keys must name at least one image, got none')
        self._decode = decoder_of(imdecode_backend)
        self._compare_size = SizeComparison(color_type.endswith('ignore_orientation'))

    def transform(self, results: dict) -> dict | None:
        """Add the images to the sample."""
        for key in self.keys:
            path = results.get(f'{key}_path')
            if path is None:
                raise DataError(
                    f'LoadImageFromFile: the sample has no {key}_path to read {key} '
                    f'from, it has {sorted(results)}; check keys and the annotations'
                )
            img = self._image(path)
            if img is None:
                return None
            results[key] = img
        shape = results[self.keys[0]].shape[:2]
        results['img_shape'] = results['ori_shape'] = shape
        if 'width' in results:
            self._compare_size(results, shape)
        return results

    def _image(self, path: str) -> np.ndarray | None:
        try:
            data = self._read(path)
        except (OSError, ValueError) as error:  # the second: no file can be named so
            if self.ignore_empty:
                return None
            name = path if isinstance(error, OSError) else repr(path)
            hint = _no_folder(path) if isinstance(error, FileNotFoundError) else ''
            raise DataError(f'cannot read the image {name}: {error}{hint}') from error
        try:
            img = self._decode(data, self.color_type) if data else None
            reason = '' if img is not None else why_not(data)
        except TooLargeError:
            img, reason = None, 'its header claims more pixels than there can be'
        if img is None:
            if self.ignore_empty:
                return None
            raise DataError(
                f'{path} is not an image that can be decoded ({reason}); '
                f'replace or remove it{OR_SKIP}'
            )
        return img.astype(np.float32) if self.to_float32 else img

    def _read(self, path: str) -> bytes:
        if self.backend_args is None and '://' not in str(path):
            with io.FileIO(path) as file:  # the fastest way
                return file.read()
        from mmengine.fileio import get

        return get(path, backend_args=self.backend_args)


def _no_folder(path: str) -> str:
    """That the folder of an absent file is absent, too, as where it is misspelt."""
    folder = os.path.dirname(path)
    if '://' in path or not folder or os.path.isdir(folder):
        return ''
    return (
        f'; there is no folder {folder}: see data_root and data_prefix of the dataset'
    )
