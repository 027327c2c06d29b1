"""Read images."""

from __future__ import annotations

import importlib.util
import io
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Literal

import cv2
import numpy as np

from ...errors import DataError, MissingDependencyError
from ...registry import TRANSFORMS
from .annotated_size import SizeComparison
from .base import OR_SKIP, BaseTransform
from .decoding import TooLargeError, decode

_CV2_FLAGS = {
    'color': cv2.IMREAD_COLOR,
    'grayscale': cv2.IMREAD_GRAYSCALE,
    'unchanged': cv2.IMREAD_UNCHANGED,
    'color_ignore_orientation': cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION,
    'grayscale_ignore_orientation': (
        cv2.IMREAD_GRAYSCALE | cv2.IMREAD_IGNORE_ORIENTATION
    ),
}
_TURBO_SPACES = {'color': 'BGR', 'grayscale': 'GRAY'}


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
            in some JPEG files; or ``'turbojpeg'``, the fastest: simplejpeg with the
            quick cosine transform and plain upsampling of colours. It differs by one
            or two grey levels, and by more at sharp edges of colours. Where
            simplejpeg is installed, it decodes JPEG files for ``'cv2'`` too, to
            OpenCV's very pixels in less time; OpenCV keeps those that have to be
            rotated.
        ignore_empty: Whether an unreadable image gives ``None``, so that the
            dataset takes another sample, instead of an error.
        backend_args: Arguments of an mmengine file backend, for paths that are
            not local.
        keys: Names of the images: ``'ref_img'`` is read from ``ref_img_path``.

    Shape:
        img: ``(H, W, 3)``, or ``(H, W)`` for ``'grayscale'``; uint8. ``'unchanged'``
            gives what is there, ``(H, W)``, BGR or BGRA, of 8 or 16 bits.

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
            raise ValueError('keys names one image or more, got none')
        self._decode = _decoder(imdecode_backend)
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
            raise DataError(f'cannot read the image {name}: {error}') from error
        try:
            img = self._decode(data, self.color_type) if data else None
            reason = f'{len(data)} bytes'
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


def _decoder(backend: str) -> Callable[[bytes, str], np.ndarray | None]:
    """The function that decodes with a backend."""
    has_simplejpeg = importlib.util.find_spec('simplejpeg') is not None
    if backend == 'turbojpeg' and not has_simplejpeg:
        raise MissingDependencyError(
            'simplejpeg', 'jpeg', "imdecode_backend='turbojpeg'"
        )
    if backend == 'cv2' and has_simplejpeg:
        return _decode_simplejpeg
    return _DECODERS[backend]


def _decode_turbojpeg(data: bytes, color_type: str) -> np.ndarray | None:
    return _decode_simplejpeg(data, color_type, fastdct=True, fastupsample=True)


def _decode_simplejpeg(
    data: bytes, color_type: str, **options: bool
) -> np.ndarray | None:
    """What simplejpeg does not decode, or turn upright, is left to OpenCV."""
    kind, _, as_it_lies = color_type.partition('_')
    space = _TURBO_SPACES.get(kind)
    if space and data.startswith(b'\xff\xd8') and (as_it_lies or not _has_exif(data)):
        from simplejpeg import decode_jpeg

        try:
            img = decode_jpeg(data, space, **options)
        except ValueError:
            return _decode_cv2(data, color_type)
        return img if kind == 'color' else img[..., 0]
    return _decode_cv2(data, color_type)


def _has_exif(data: bytes) -> bool:
    """Whether there are notes of a camera before the first scan of a JPEG file."""
    return data.find(b'Exif\0\0', 0, data.find(b'\xff\xda')) >= 0


_LARGEST_16_BITS = 2**16 - 1
_PNG = b'\x89PNG\r\n\x1a\n'
#: Depth and kind in the header of PNG files of which Pillow gives 8 bits alone.
_COLOURS_OF_16_BITS = (b'\x10\x02', b'\x10\x04', b'\x10\x06')


def _decode_cv2(data: bytes, color_type: str) -> np.ndarray | None:
    img = decode(data, _CV2_FLAGS[color_type])
    if img is None and data.startswith(b'GIF8') and importlib.util.find_spec('PIL'):
        return _decode_pillow(data, color_type)  # OpenCV reads them from 4.11 on
    return img


def _decode_pillow(data: bytes, color_type: str) -> np.ndarray | None:
    from PIL import Image, ImageOps

    deep = data.startswith(_PNG) and data[24:26] in _COLOURS_OF_16_BITS
    try:
        picture = Image.open(io.BytesIO(data))
        picture.load()
    except (Image.DecompressionBombError, MemoryError, OverflowError) as error:
        raise TooLargeError from error
    except (OSError, SyntaxError, ValueError):  # Pillow's "broken PNG" is the second
        return None
    if color_type in ('color', 'grayscale'):
        picture = ImageOps.exif_transpose(picture)
    if color_type == 'unchanged':
        return decode(data, _CV2_FLAGS[color_type]) if deep else _unchanged(picture)
    if picture.mode == 'F':  # of any range: Pillow would make most of them 0
        return None
    if picture.mode.startswith('I'):  # 16 bits; Pillow would cut them off at 255
        img = np.asarray(picture)
        if img.min() < 0 or img.max() > _LARGEST_16_BITS:
            return None
        picture = Image.fromarray((img >> 8).astype(np.uint8))
    try:
        if color_type.startswith('grayscale'):
            return np.asarray(picture.convert('L'))
        return np.ascontiguousarray(np.asarray(picture.convert('RGB'))[..., ::-1])
    except ValueError:  # of a space of colours that Pillow cannot convert
        return None


def _unchanged(picture: Any) -> np.ndarray:
    """The channels of a Pillow image as OpenCV has them: grey, BGR or BGRA."""
    mode = picture.mode
    if mode in ('1', 'L'):
        return np.asarray(picture.convert('L'))
    if mode.startswith('I') or mode == 'F':
        img = np.asarray(picture)
        sixteen_bits = picture.format == 'PNG'  # 'I' of older versions of Pillow
        return img.astype(np.uint16) if sixteen_bits else img
    has_alpha = mode in ('LA', 'La', 'PA', 'RGBA', 'RGBa')
    if has_alpha or 'transparency' in picture.info:
        img = np.asarray(picture.convert('RGBA'))[..., [2, 1, 0, 3]]
    else:
        img = np.asarray(picture.convert('RGB'))[..., ::-1]
    return np.ascontiguousarray(img)


_DECODERS = dict(cv2=_decode_cv2, pillow=_decode_pillow, turbojpeg=_decode_turbojpeg)
