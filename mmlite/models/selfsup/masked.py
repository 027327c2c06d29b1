"""What the algorithms share that hide a part of the image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.nn import functional as F

from ...errors import DataError
from ...structures import DataSample, SampleBatch, scatter_field
from .base import BaseSelfSupervisor

__all__ = ['MaskedImageModel', 'masks_of']


class MaskedImageModel(BaseSelfSupervisor):
    """Base of the algorithms that hide a part of the image and predict it.

    An algorithm that predicts pixels shows them as ``visual_summary``: in
    ``image/reconstruction`` the image with its hidden part grey, what is predicted
    of that part, and the image, side by side.

    Override:
        loss: images to a dict of losses; calls :meth:`show` where it predicts
            pixels.
        whole_features: images to features, if the backbone takes no ``mask=None``.

    Args:
        args, kwargs: Arguments of :class:`BaseSelfSupervisor`.

    Attributes:
        num_shown: Of how many images of a batch there are pictures.
    """

    num_shown = 8
    task: ClassVar[str] = 'reconstruction'
    loss_in_one_graph: ClassVar[bool] = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._shown: tuple[Tensor, Tensor, Tensor] | None = None

    def extract_feat(self, inputs: Tensor) -> Any:
        """The features of whole images."""
        return self.whole_features(inputs)

    def whole_features(self, inputs: Tensor) -> Any:
        """The features of whole images."""
        return self.backbone(inputs, mask=None)

    def show(self, images: Tensor, reconstruction: Tensor, hidden: Tensor) -> None:
        """Keep the first images of a batch for :attr:`visual_summary`.

        Args:
            images: Normalised, ``(B, C, H, W)``.
            reconstruction: What is predicted, the same.
            hidden: ``(B, 1, rows, columns)`` or ``(1, 1, rows, columns)``, 1 where
                the image was hidden.
        """
        hidden = hidden.expand(len(images), -1, -1, -1)
        kept = (images, reconstruction, hidden)
        self._shown = tuple(each[: self.num_shown].detach().clone() for each in kept)

    def show_patches(self, images: Tensor, pred: Tensor, mask: Tensor) -> None:
        """Keep pictures of the predicted patches, where the head can make them.

        Args:
            images: Normalised, ``(B, C, H, W)``.
            pred: What is predicted of the patches, ``(B, L, D)``.
            mask: ``(B, L)``, 1 where a patch was hidden.
        """
        reconstruct = getattr(self.head, 'reconstruct', None)
        if reconstruct is None:
            return
        few = slice(0, self.num_shown)
        images, pred, mask = images[few], pred[few].detach(), mask[few]
        rows = images.shape[2] // self.head.patch_size
        self.show(images, reconstruct(pred, images), mask.unflatten(1, (1, rows, -1)))

    @torch.no_grad()
    def reconstruct(
        self, inputs: Any, data_samples: Sequence[DataSample] | None = None
    ) -> Sequence[DataSample]:
        """The samples with the visible part of their images, and the reconstruction.

        ``pred_masked``, ``pred_reconstruction`` and ``pred_target`` are ``(C, H, W)``
        from 0 to 255, in the order of channels of the inputs.

        Args:
            inputs: As for :meth:`loss`.
            data_samples: As for :meth:`loss`; completed.

        Raises:
            DataError: if no pixels are predicted.
        """
        self._shown, self.num_shown = None, len(inputs)
        try:
            self.loss(inputs, data_samples)
        finally:
            del self.num_shown
        if self._shown is None:
            raise DataError(
                f'{type(self).__name__} with {type(self.head).__name__} predicts no '
                'pixels of what is hidden, so that there is nothing to be shown'
            )
        if data_samples is None:
            data_samples = SampleBatch.of(len(inputs))
        for name, panel in zip(
            ('masked', 'reconstruction', 'target'), self._panels(), strict=True
        ):
            scatter_field(data_samples, f'pred_{name}', panel)
        return data_samples

    @property
    def visual_summary(self) -> Mapping[str, Any]:
        """The picture of the last call of :meth:`loss`; empty before the first."""
        if self._shown is None:
            return {}
        return {'image/reconstruction': torch.cat(self._panels(), dim=3)}

    def _panels(self) -> tuple[Tensor, Tensor, Tensor]:
        """The hidden part grey, what is predicted of it, and the images."""
        images, reconstruction, hidden = (each.float() for each in self._shown)
        hidden = F.interpolate(hidden, size=images.shape[2:], mode='nearest')
        images, reconstruction = map(self._as_pixels, (images, reconstruction))
        masked = images * (1 - hidden) + 127.5 * hidden
        filled = images * (1 - hidden) + reconstruction * hidden
        return tuple(panel.clamp(0, 255) for panel in (masked, filled, images))

    def _as_pixels(self, images: Tensor) -> Tensor:
        """Images as they were before they were normalised."""
        mean = getattr(self.data_preprocessor, 'mean', None)
        std = getattr(self.data_preprocessor, 'std', None)
        if std is not None:
            images = images * std.to(images)
        return images if mean is None else images + mean.to(images)

    def __getstate__(self) -> dict[str, Any]:
        return dict(self.__dict__, _shown=None)


def masks_of(data_samples: Sequence[DataSample] | None) -> Tensor:
    """The masks of the samples as one tensor ``(B, *)``.

    Raises:
        DataError: if there is none, or they are of several sizes.

    Example:
        >>> samples = [DataSample()]
        >>> samples[0].mask = torch.ones(2, 2)
        >>> masks_of(samples).shape
        torch.Size([1, 2, 2])
    """
    missing = data_samples is None or any('mask' not in s for s in data_samples)
    if missing:
        raise DataError(
            'the samples have no mask; add e.g. SimMIMMaskGenerator or '
            'BEiTMaskGenerator to the pipeline before PackInputs, and let PackInputs '
            "pack it: dict(type='PackInputs', algorithm_keys=['mask'])"
        )
    masks = [sample.mask for sample in data_samples]
    sizes = sorted({tuple(mask.shape) for mask in masks})
    if len(sizes) > 1:
        raise DataError(
            f'the masks of a batch have one size, got {", ".join(map(str, sizes))}; '
            'set input_size of the mask generator, and the size of the images, to the '
            'same for all samples'
        )
    return torch.stack(masks)
