"""Batches of images of any layout, made ready for a network."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from ...errors import DataError, at, check_at_least
from ...registry import MODELS, TRANSFORMS
from ...structures import (
    DataSample,
    Ragged,
    SampleBatch,
    field_names,
    has_meta,
    move_field,
    set_meta,
)
from ...structures.channel_statistics import check_statistics
from .base_data_preprocessor import BaseDataPreprocessor

Size = tuple[int, int]
Borders = tuple[int, int, int, int]


@MODELS.register_module()
class ImageDataPreprocessor(BaseDataPreprocessor):
    """Bring images to the device, reverse channels, normalise and pad them there.

    Images travel as uint8 and are widened on the device. The samples are moved field by
    field, and record the size of their batch.

    What is padded to a common size depends on the phase: in training all images of a
    batch, to the largest of them; in evaluation each one to its own multiple of
    ``pad_size_divisor``, so that no prediction depends on what else is in the batch.
    Where sizes then still differ the inputs are a
    :class:`~mmlite.structures.Ragged` list, which a model predicts in groups.

    Override:
        borders: where an image is padded.
        is_single: what a single image is, in a list of several.

    Args:
        mean: Mean of each channel, in the units of the images (0 to 255), in
            the order that ``to_rgb`` leaves; None skips the normalisation.
        std: Standard deviation of each channel, likewise.
        pad_size_divisor: Height and width are padded to a multiple of it.
        pad_value: What is padded with, after the normalisation.
        to_rgb: Whether to reverse the order of three channels (BGR to RGB).
        bgr_to_rgb: The same, by the name in mmengine.
        rgb_to_bgr: The same, too.
        non_blocking: Whether to go on while pinned memory is being copied.
        batch_transforms: What is done to the images before they are normalised,
            one after the other, each image by its own random numbers: e.g.
            ``[dict(type='BatchRandomCrop', crop_size=32, padding=4)]``; only in
            training. A callable takes and gives the batch.

    Shape:
        inputs: ``(B, C, H, W)``, or a list of ``(C, H, W)`` of any sizes; a list of
        either for several views; a dict of either for several inputs.
        returns: float32, in the same structure: ``(B, C, H', W')``.

    Raises:
        ValueError: if only one of ``mean`` and ``std`` is given, they are of
            different lengths, or hold what no image can be normalised with.
        DataError: if the images do not fit.

    Example:
        >>> prepare = ImageDataPreprocessor(mean=[100.], std=[50.], pad_size_divisor=2)
        >>> views = [torch.full((1, 1, s, s), 150, dtype=torch.uint8) for s in (2, 3)]
        >>> [view.shape for view in prepare(dict(inputs=views))['inputs']]
        [torch.Size([1, 1, 2, 2]), torch.Size([1, 1, 4, 4])]
    """

    def __init__(
        self,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
        pad_size_divisor: int = 1,
        pad_value: float = 0,
        to_rgb: bool = False,
        bgr_to_rgb: bool = False,
        rgb_to_bgr: bool = False,
        non_blocking: bool = True,
        batch_transforms: Sequence[dict | Callable] | None = None,
    ) -> None:
        super().__init__(non_blocking)
        check_at_least(1, pad_size_divisor=pad_size_divisor)
        if not math.isfinite(pad_value):
            raise ValueError(f'pad_value must be a finite number, got {pad_value}')
        self._register_statistics('mean', 'std', mean, std)
        self.pad_size_divisor = pad_size_divisor
        self.pad_value = pad_value
        self.to_rgb = to_rgb or bgr_to_rgb or rgb_to_bgr
        self._layout = 'preserve_format'
        self.batch_transforms = _build_transforms(batch_transforms or ())

    @property
    def memory_format(self) -> torch.memory_format:
        """How images of one size are laid out; by default as they come."""
        return getattr(torch, self._layout)

    @memory_format.setter
    def memory_format(self, layout: torch.memory_format) -> None:
        """Keep its name, as torch.save does not take the layout itself."""
        self._layout = str(layout).removeprefix('torch.')

    def _register_statistics(
        self,
        mean_name: str,
        std_name: str,
        mean: Sequence[float] | None,
        std: Sequence[float] | None,
    ) -> None:
        if (mean is None) != (std is None):
            raise ValueError(
                f'{mean_name} and {std_name} have one value per channel each, got '
                f'{mean} and {std}'
            )
        if mean is not None:
            check_statistics(mean, std, mean_name, std_name)
        self.register_buffer(mean_name, _per_channel(mean), persistent=False)
        self.register_buffer(std_name, _per_channel(std), persistent=False)

    def forward(self, data: dict, training: bool = False) -> dict:
        """Prepare what the data loader gives.

        Args:
            data: ``dict(inputs=..., data_samples=...)``; the samples are
                optional.
            training: Whether to apply the transforms and augmentations of batches,
                and to pad all images to one size.

        Returns:
            ``dict(inputs=..., data_samples=...)``, on the device.
        """
        if not isinstance(data, dict) or 'inputs' not in data:
            raise DataError(
                'a batch is dict(inputs=images, data_samples=samples), got '
                f'{_shown(data)}; end the pipeline of the dataset with PackInputs'
            )
        inputs, samples = data['inputs'], data.get('data_samples')
        labelled = _are_samples(samples)
        if training and self.batch_transforms:
            from ...datasets.transforms import refuse_left_behind, refuse_several

            refuse_several(self.batch_transforms, inputs)
            if labelled:
                refuse_left_behind(self.batch_transforms, samples)
        ready = self.prepare(inputs, training)
        if not labelled:
            return dict(inputs=ready, data_samples=self.cast_data(samples))
        self._note_sizes(inputs, ready, samples)
        return self.label(ready, samples, training)

    def label(
        self, inputs: Any, samples: Sequence[DataSample], training: bool
    ) -> dict[str, Any]:
        """Bring the samples to the device, beside inputs that are there."""
        self.move(samples)
        return dict(inputs=inputs, data_samples=samples)

    def move(self, samples: Sequence[DataSample]) -> None:
        """Bring the samples to the device, field by field."""
        if self._device.type != 'cpu':
            for name in field_names(samples):
                move_field(samples, name, self._device)

    def prepare(self, inputs: Any, training: bool = False) -> Any:
        """The inputs on the device, normalised and padded, in their structure."""
        if not isinstance(inputs, Tensor):
            if isinstance(inputs, Mapping):
                return {key: self.prepare(x, training) for key, x in inputs.items()}
            _check_list(inputs)
            if self._are_views(inputs):
                return [self.prepare(view, training) for view in inputs]
        return self.images(inputs, training, self.normalize)

    def images(
        self,
        inputs: Tensor | Sequence[Tensor],
        training: bool,
        normalize: Callable[[Tensor], Tensor],
    ) -> Tensor | Ragged:
        """A batch of single images on the device, normalised and padded."""
        if training and self.batch_transforms:
            inputs = self._transformed(inputs)
        if not isinstance(inputs, Tensor):
            if len({image.shape for image in inputs}) > 1:
                return self._several_sizes(inputs, training, normalize)
            inputs = torch.stack(tuple(inputs))
        self.check_batch(inputs)
        ready = normalize(inputs)
        if self.pad_size_divisor == 1:
            return ready
        return self._pad(ready, self._padded(ready))

    def is_single(self, entry: Any) -> bool:
        """Whether an entry of a list is one image of a batch, not a batch of views."""
        return isinstance(entry, Tensor) and entry.ndim < 4

    def _are_views(self, inputs: Any) -> bool:
        if isinstance(inputs, Tensor) or not len(inputs):
            return False
        return not self.is_single(inputs[0])

    def _transformed(self, inputs: Tensor | Sequence[Tensor]) -> Any:
        if not isinstance(inputs, Tensor) and len({x.shape for x in inputs}) == 1:
            inputs = torch.stack(tuple(inputs))
        if isinstance(inputs, Tensor):
            inputs = inputs.to(self.device, non_blocking=True)
        for transform in self.batch_transforms:
            inputs = transform(inputs)
        return inputs

    def _several_sizes(
        self,
        inputs: Sequence[Tensor],
        training: bool,
        normalize: Callable[[Tensor], Tensor],
    ) -> Tensor | Ragged:
        self.check_list(inputs)
        images = [normalize(image) for image in inputs]
        sizes = [self._padded(image) for image in images]
        if training:
            largest = max(h for h, _ in sizes), max(w for _, w in sizes)
            sizes = [largest] * len(sizes)
        padded = [self._pad(x, size) for x, size in zip(images, sizes, strict=True)]
        alike = len({image.shape for image in padded}) == 1
        return torch.stack(padded) if alike else Ragged(padded)

    def check_batch(self, inputs: Tensor) -> None:
        """Refuse a tensor that is no batch of images."""
        if inputs.ndim != 4:
            raise DataError(
                'images come as (B, C, H, W) or a list of (C, H, W), got a tensor of '
                f'shape {tuple(inputs.shape)}'
            )

    def check_list(self, inputs: Sequence[Tensor]) -> None:
        """Refuse images that are of several numbers of channels."""
        for image in inputs:
            self.check_batch(image[None])
        if len({image.shape[:-2] for image in inputs}) > 1:
            raise DataError(
                'the images of a batch have one number of channels, got '
                f'{[tuple(image.shape) for image in inputs]}; load all with the same '
                'color_type'
            )

    def normalize(
        self, images: Tensor, mean: Tensor | None = None, std: Tensor | None = None
    ) -> Tensor:
        """Move to the device, flip channels as bytes, then widen and scale.

        Args:
            images: ``(*, C, H, W)``.
            mean: In place of ``self.mean``.
            std: In place of ``self.std``.
        """
        if images.device != self._device:
            images = images.to(self._device, non_blocking=True)
        if mean is None:
            # Without Module's search for them, which costs as much as a small batch.
            mean, std = self._buffers['mean'], self._buffers['std']
        channels = images.size(-3)
        if self.to_rgb and channels == 3:
            images = images.flip(-3)
        layout = self.memory_format if images.ndim == 4 else torch.preserve_format
        if mean is None:
            return images.to(torch.float32, memory_format=layout)
        if mean.size(0) not in (1, channels):
            raise DataError(
                f'the images have {channels} channels, but model.data_preprocessor.'
                f'mean has {len(mean)} values; set mean and std for '
                f'{channels} channels, or load the images with another color_type'
            )
        if images.dtype is torch.uint8 and mean.dtype is torch.float32:
            widened = images.float(memory_format=layout)  # called sooner than to()
        else:
            widened = images.to(mean.dtype, copy=True, memory_format=layout)
        return widened.sub_(mean).div_(std)

    def borders(self, size: Size, padded: Size) -> Borders:
        """How far an image is padded left, top, right and bottom; here at the end."""
        return 0, 0, padded[1] - size[1], padded[0] - size[0]

    def pad(self, images: Tensor, borders: Borders) -> Tensor:
        """The images with borders; here of ``pad_value``."""
        left, top, right, bottom = borders
        return F.pad(images, (left, right, top, bottom), value=self.pad_value)

    def _pad(self, images: Tensor, size: Size) -> Tensor:
        own = _size(images)
        return images if size == own else self.pad(images, self.borders(own, size))

    def _padded(self, image: Tensor) -> Size:
        height, width = _size(image)
        step = self.pad_size_divisor
        return math.ceil(height / step) * step, math.ceil(width / step) * step

    def _note_sizes(
        self, inputs: Any, ready: Any, samples: Sequence[DataSample]
    ) -> None:
        """Record the sizes of images that are the only ones of their samples."""
        if isinstance(inputs, Tensor) and isinstance(ready, Tensor):
            # Of one size all of them: the usual case, without a look at each.
            count, shape = len(samples), inputs.shape
            if shape[0] != count:
                raise _of_other_count(shape[0], count)
            size, padded = tuple(shape[-2:]), tuple(ready.shape[-2:])
            borders = [self.borders(size, padded)] * count if size != padded else None
            before, after = [size] * count, [padded] * count
        elif isinstance(inputs, Mapping):
            for key in inputs:
                return self._note_sizes(inputs[key], ready[key], samples)
        elif self._are_views(inputs):
            return None
        else:
            if len(inputs) != len(samples):
                raise _of_other_count(len(inputs), len(samples))
            before = [_size(image) for image in inputs]
            after = [_size(image) for image in ready]
            pairs = zip(before, after, strict=True)
            borders = [self.borders(*pair) for pair in pairs]
        set_meta(samples, 'batch_input_shape', after)
        if not has_meta(samples, 'img_shape'):
            set_meta(samples, 'img_shape', before)
        if borders is not None:
            set_meta(samples, 'padding', borders)

    def extra_repr(self) -> str:
        """What ``print(model)`` shows."""
        shown = f'to_rgb={self.to_rgb}'
        if self.mean is not None:
            mean, std = self.mean.flatten().tolist(), self.std.flatten().tolist()
            shown = f'mean={mean}, std={std}, {shown}'
        if self.batch_transforms:
            shown += f', batch_transforms={self.batch_transforms}'
        return shown


def _check_list(inputs: Any) -> None:
    """Refuse inputs that are no list of tensors, nor of lists of them."""
    is_list = isinstance(inputs, (list, tuple))
    if is_list and inputs and all(isinstance(x, (Tensor, list, tuple)) for x in inputs):
        return
    came = 'none' if is_list and not inputs else _shown(inputs)
    if is_list and inputs:
        came = f'a list with {_shown(inputs[0])}'
    raise DataError(
        f'the inputs of a batch are tensors, or lists or dicts of them, got {came}; '
        'end the pipeline of the dataset with PackInputs'
    )


def _of_other_count(images: int, samples: int) -> DataError:
    return DataError(
        f'a batch has a sample for each image, got {images} images and {samples} '
        'samples'
    )


def _size(image: Tensor) -> Size:
    *_, height, width = image.shape
    return height, width


def _shown(data: object) -> str:
    keys = f' with the keys {list(data)}' if isinstance(data, dict) else ''
    return f'a {type(data).__name__}{keys}'


def _per_channel(values: Sequence[float] | None) -> Tensor | None:
    if values is None:
        return None
    return torch.tensor(values, dtype=torch.float).view(-1, 1, 1)


def _are_samples(samples: Any) -> bool:
    if isinstance(samples, SampleBatch):
        return len(samples) > 0
    return bool(samples) and isinstance(samples[0], DataSample)


def _build_transforms(cfgs: Sequence[dict | Callable]) -> list[Callable]:
    steps = []
    for i, cfg in enumerate(cfgs):
        with at('batch_transforms', str(i)):
            steps.append(TRANSFORMS.build(cfg) if isinstance(cfg, dict) else cfg)
    return steps
