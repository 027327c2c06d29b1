"""Transforms of torchvision in a pipeline, and the images of PIL that they take."""

from __future__ import annotations

from typing import Any, ClassVar

import cv2
import numpy as np
import torch

from ...errors import DataError, MissingDependencyError, needs_package
from ...registry import TRANSFORMS
from .base import BaseTransform, rng_of
from .geometry import fields_of

__all__ = ['NumpyToPIL', 'PILToNumpy', 'TorchvisionTransform']

_NAMES = """
AugMix AutoAugment CenterCrop ColorJitter ConvertImageDtype ElasticTransform FiveCrop
GaussianBlur Grayscale LinearTransformation Normalize Pad PILToTensor RandAugment
RandomAdjustSharpness RandomAffine RandomAutocontrast RandomCrop RandomEqualize
RandomErasing RandomGrayscale RandomHorizontalFlip RandomInvert RandomPerspective
RandomPosterize RandomResizedCrop RandomRotation RandomSolarize RandomVerticalFlip
Resize TenCrop ToPILImage ToTensor TrivialAugmentWide
""".split()

#: Those that move nothing; the policies (AutoAugment, ...) rotate and shift too.
_IN_PLACE = frozenset(
    """
ColorJitter ConvertImageDtype GaussianBlur Grayscale LinearTransformation Normalize
PILToTensor RandomAdjustSharpness RandomAutocontrast RandomEqualize RandomErasing
RandomGrayscale RandomInvert RandomPosterize RandomSolarize ToPILImage ToTensor
""".split()
)


class TorchvisionTransform(BaseTransform):
    """A transform of torchvision, which changes ``img`` alone.

    In a config each has a name of its own, e.g. ``type='torchvision/RandomRotation'``.
    It draws from torch's generator, which is seeded by the sample for the time. One
    that moves the image is refused where other fields would have to move with it.

    Args:
        kwargs: Arguments of torchvision's class; ``interpolation`` and ``dtype`` may be
            strings, e.g. ``'bicubic'`` and ``'float32'``.

    Raises:
        MissingDependencyError: if torchvision is not installed.
        DataError: if it would leave boxes, maps or another view behind.
    """

    name: ClassVar[str]

    def __init__(self, **kwargs: Any) -> None:
        with needs_package('torchvision', 'torchvision', f'torchvision/{self.name}'):
            from torchvision import transforms
        modes = transforms.InterpolationMode
        if isinstance(kwargs.get('interpolation'), str):
            kwargs['interpolation'] = modes(kwargs['interpolation'].lower())
        if isinstance(kwargs.get('dtype'), str):
            kwargs['dtype'] = getattr(torch, kwargs['dtype'])
        self.wrapped = getattr(transforms, self.name)(**kwargs)

    def transform(self, results: dict) -> dict:
        """Change the image."""
        if self.name not in _IN_PLACE:
            self._refuse_left_behind(results)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(rng_of(results).getrandbits(62))
            image = self.wrapped(results['img'])
        results['img'] = image
        if isinstance(image, torch.Tensor):
            results['img_shape'] = tuple(image.shape[-2:])
        elif hasattr(image, 'height'):
            results['img_shape'] = (image.height, image.width)
        return results

    def _refuse_left_behind(self, results: dict) -> None:
        others = {key: value for key, value in results.items() if key != 'img'}
        if left := [name for name, _ in fields_of(others)]:
            raise DataError(
                f'torchvision/{self.name} moves img, but not {", ".join(left)}; use '
                'the steps of mmlite that move all fields (RandomFlip, RandomCrop, '
                'Rotate)'
            )

    def __repr__(self) -> str:
        return f'torchvision/{self.wrapped!r}'


for _name in _NAMES:
    # The module is torchvision's: what these promise is not ours to say.
    _class = type(_name, (TorchvisionTransform,), {'name': _name})
    _class.__module__ = 'torchvision.transforms'
    TRANSFORMS.register_module(name=f'torchvision/{_name}', module=_class)


@TRANSFORMS.register_module(name=['NumpyToPIL', 'ToPIL'])
class NumpyToPIL(BaseTransform):
    """Turn the image from an array into an image of PIL, for what takes one.

    Args:
        to_rgb: Whether to turn BGR into RGB.

    Raises:
        MissingDependencyError: if Pillow is not installed.
        DataError: if there is no array.
    """

    is_random = False

    def __init__(self, to_rgb: bool = False) -> None:
        self.to_rgb = to_rgb

    def transform(self, results: dict) -> dict:
        """Turn the image."""
        try:
            from PIL import Image
        except ImportError as error:
            message = 'pillow', 'torchvision', 'NumpyToPIL'
            raise MissingDependencyError(*message) from error
        image = results['img']
        if not isinstance(image, np.ndarray):
            raise DataError(f'NumpyToPIL takes an array, got a {type(image).__name__}')
        try:
            image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB) if self.to_rgb else image
            results['img'] = Image.fromarray(image)
        except (TypeError, cv2.error) as error:
            raise DataError(
                'PIL has images in grey, RGB and RGBA of 8 bits, not '
                f'{image.shape} of {image.dtype}; load the images in colour'
            ) from error
        return results


@TRANSFORMS.register_module(name=['PILToNumpy', 'ToNumpy'])
class PILToNumpy(BaseTransform):
    """Turn an image of PIL into an array.

    Args:
        to_bgr: Whether to turn RGB into BGR.
        dtype: Type of the array; by default that of the image.
    """

    is_random = False

    def __init__(self, to_bgr: bool = False, dtype: str | None = None) -> None:
        self.to_bgr = to_bgr
        self.dtype = dtype

    def transform(self, results: dict) -> dict:
        """Turn the image."""
        image = np.array(results['img'], dtype=self.dtype)
        results['img'] = (
            cv2.cvtColor(image, cv2.COLOR_RGB2BGR) if self.to_bgr else image
        )
        results['img_shape'] = image.shape[:2]
        return results
