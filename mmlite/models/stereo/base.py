"""The base of all models of stereo matching."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from ...errors import (
    ConfigError,
    DataError,
    Problem,
    TrainingError,
    did_you_mean,
)
from ...ops import regress_disparity
from ...structures import DataSample, has_field, meta_values, scatter_field
from ..named_outputs import BaseModel as NamedOutputs

__all__ = ['BaseModel', 'StereoModel', 'of_both', 'upsampled_disparity']

_IMAGENET = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375])


class BaseModel(NamedOutputs):
    """Base of models that estimate the disparity of a pair of images.

    It is :class:`~mmlite.models.named_outputs.BaseModel` with what stereo matching
    needs: ``forward`` is given a dict with ``ref_img`` and ``tgt_img`` (the left and
    the right view), and with ``disp_gt`` and ``mask`` where the ground truth is known.
    What it returns as ``training_disp`` finds its losses by name: with no loss
    configured, ``disp_est`` is compared with the ground truth by a smooth L1 loss over
    the pixels that count.

    Pairs are padded to a multiple of :attr:`size_divisor` and normalised by
    ``StereoDataPreprocessor``; predictions are cut back to the size of the images.

    Override:
        build_network: makes the layers from ``model_cfg``.
        forward: takes the dict of images.
        get_loss: the loss of what ``forward`` gives, in place of ``loss_cfg``.
        init_parameters: how the weights start.

    Args:
        args: See :class:`~mmlite.models.named_outputs.BaseModel`. ``max_disp`` is the
            disparity in px below which the ground truth counts.
        kwargs: Likewise.

    Raises:
        DataError: if the views are missing, or of different sizes.

    Example:
        >>> class Brightness(BaseModel):
        ...     def build_network(self, model_cfg):
        ...         self.scale = torch.nn.Parameter(torch.ones(1))
        ...     def forward(self, inputs):
        ...         disparity = self.scale * inputs['ref_img'].mean(dim=1)
        ...         return dict(training_disp=dict(disp_est=disparity),
        ...                     inference_disp=dict(disp_est=disparity))
        >>> pair = dict.fromkeys(('ref_img', 'tgt_img'), torch.ones(1, 3, 4, 6))
        >>> Brightness(max_disp=8).predict(pair)[0].pred_disparity.shape
        torch.Size([4, 6])
    """

    task: ClassVar[str] = 'stereo'
    sample_unit: ClassVar[str] = 'pair'
    input_keys: ClassVar[tuple[str, ...]] = ('ref_img', 'tgt_img')
    default_data_preprocessor: ClassVar[str] = 'StereoDataPreprocessor'
    #: Hooks of a run beside the usual ones, as in ``default_hooks`` of a config.
    default_hooks: ClassVar[Mapping[str, Any]] = dict(
        disparity_check=dict(type='DisparityCheckHook')
    )
    #: Height and width of what ``forward`` is given are multiples of it.
    size_divisor: ClassVar[int] = 1
    #: ``max_disp`` is a multiple of it.
    disparity_divisor: ClassVar[int] = 1
    #: Settings of the data preprocessor where the config gives none.
    normalization: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        cfgs = args[0] if args and args[0] else kwargs.get('cfgs') or {}
        given = kwargs.get('data_preprocessor') or cfgs.get('data_preprocessor') or {}
        if isinstance(given, Mapping):
            own = dict(pad_size_divisor=self.size_divisor)
            if given.get('type') in (None, self.default_data_preprocessor):
                own.update(self.normalization)
            kwargs['data_preprocessor'] = {**own, **given}
        super().__init__(*args, **kwargs)

    def build_inputs(self, inputs: Any, data_samples: Any = None) -> Any:
        """The images by name, with the ground truth where there is one."""
        if isinstance(inputs, Mapping):
            check_pair(inputs, self.size_divisor)
        return super().build_inputs(inputs, data_samples)

    def _ground_truth(self, samples: Sequence[DataSample]) -> dict[str, Tensor]:
        if not self.training and _is_of_the_files(samples):
            return {}  # only predictions that are resized back compare with it
        return super()._ground_truth(samples)

    def get_loss(self, outputs: dict[str, Any], inputs: Any) -> Any:
        """The loss of what ``forward`` gives; the ground truth has to be there."""
        if isinstance(inputs, Mapping) and 'disp_gt' not in inputs:
            raise TrainingError(
                'the samples have no gt_disparity to train on; load it with '
                'LoadDisparity in the pipeline of train_dataloader'
            )
        return super().get_loss(outputs, inputs)

    def predict(
        self, inputs: Any, data_samples: Sequence[DataSample] | None = None
    ) -> Sequence[DataSample]:
        """The samples with their disparity, at the size of the files of the images.

        Where the pipeline resized a pair, the disparity is resized back, and grows by
        as much as the width does.
        """
        samples = super().predict(inputs, data_samples)
        factors = meta_values(samples, 'scale_factor')
        if any(factor is not None for factor in factors):
            shapes = meta_values(samples, 'ori_shape')
            maps = [
                _resized_back(sample.pred_disparity, factor, shape)
                for sample, factor, shape in zip(samples, factors, shapes, strict=True)
            ]
            scatter_field(samples, 'pred_disparity', maps)
        return samples

    def export_outputs(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The disparity of pairs of any size, ``(B, H, W)``.

        They are padded as the data preprocessor pads, and the disparity is cut back.
        """
        ready, cut = self._padded(inputs)
        outputs = self.forward_outputs(ready)
        disparity = outputs['inference_disp']['disp_est']
        return dict(disparity=cut(disparity.reshape(-1, *disparity.shape[-2:])))

    def _padded(
        self, inputs: Mapping[str, Tensor]
    ) -> tuple[dict[str, Tensor], Callable[[Tensor], Tensor]]:
        """The views as the network takes them, and what cuts a map back.

        Sizes stay those of the graph while it is traced, and may change in it.
        """
        prepare = self.data_preprocessor
        step = getattr(prepare, 'pad_size_divisor', 1)
        size = tuple(inputs['ref_img'].shape[-2:])
        padded = tuple(n + -n % step for n in size)
        fits = step == 1 or not torch.jit.is_tracing() and size == padded
        if fits:
            return dict(inputs), lambda values: values
        borders = prepare.borders(size, padded)
        left, top, right, bottom = borders

        def cut(values: Tensor) -> Tensor:
            if tuple(values.shape[-2:]) != padded:
                return values  # no map of the images
            height, width = padded
            return values[..., top : height - bottom, left : width - right]

        return {name: prepare.pad(x, borders) for name, x in inputs.items()}, cut


def of_both(maps: Tensor, views: Tensor) -> tuple[Tensor, Tensor]:
    """The maps of the left views and those of the right ones, which lie behind them.

    Unlike ``chunk(2)`` it lets an exported program take any batch.

    Args:
        maps: Of both, ``(2 B, *)``.
        views: The left ones, ``(B, *)``.

    Example:
        >>> of_both(torch.arange(4), torch.zeros(2))
        (tensor([0, 1]), tensor([2, 3]))
    """
    count = views.size(0)
    return maps[:count], maps[count:]


class StereoModel(BaseModel):
    """Base of the published networks, with the names of predictions and losses.

    Override:
        estimate: disparities of a pair, from the first to the last.

    Raises:
        TrainingError: if a map has one pixel, of which there are no batch statistics.
    """

    normalization: ClassVar[Mapping[str, Any]] = dict(_IMAGENET, to_rgb=True)

    def _build(self) -> None:
        super()._build()
        idle = self.model_cfg.idle()
        if idle:
            hint = did_you_mean(idle[0], self.model_cfg.seen())
            raise ConfigError(
                f'{type(self).__name__} has no argument {idle[0]!r}{hint}'
            )

    def estimate(self, left: Tensor, right: Tensor) -> list[Tensor]:
        """Disparities ``(B, H, W)``; in training all that have a loss."""
        raise NotImplementedError(f'{type(self).__name__} has to define estimate')

    def forward_outputs(self, inputs: Mapping[str, Tensor]) -> dict[str, Any]:
        """Disparities by name, see :class:`BaseModel`."""
        disparities = self._estimate(inputs['ref_img'], inputs['tgt_img'])
        final = disparities[-1]
        outputs: dict[str, Any] = dict(
            inference_disp=dict(disp_est=final),
            visual_summary={'image/disp_est': final},
        )
        if 'disp_gt' in inputs:
            known = dict(disp_gt=inputs['disp_gt'], mask=inputs['mask'])
            outputs['training_disp'] = dict(disp=dict(disp_ests=disparities, **known))
        elif self.training:
            outputs['training_disp'] = dict(disp=dict(disp_ests=disparities))
        return outputs

    def _estimate(self, left: Tensor, right: Tensor) -> list[Tensor]:
        try:
            return self.estimate(left, right)
        except ValueError as error:
            if not str(error).startswith('Expected more than 1'):
                raise
            raise TrainingError(
                f'{len(left)} pair of {left.shape[-1]}x{left.shape[-2]} leaves one '
                f'pixel in a map of {type(self).__name__}, of which there are no '
                'statistics; train with batch_size=2 or more, or with larger crops'
            ) from error

    def check_max_disp(self) -> int:
        """``max_disp``, which has to be a multiple of :attr:`disparity_divisor`."""
        value, divisor = self.max_disp, self.disparity_divisor
        if not isinstance(value, int) or value < divisor or value % divisor:
            message = (
                f'is {value!r}; {type(self).__name__} takes a multiple of {divisor} '
                'px, e.g. 192'
            )
            raise ConfigError([Problem('max_disp', message)])
        return value


def check_pair(inputs: Mapping[str, Any], divisor: int) -> None:
    """Refuse what is no pair of images of one size, or of no multiple of the divisor.

    Raises:
        DataError: if it is.
    """
    for name in ('ref_img', 'tgt_img'):
        if name not in inputs:
            raise DataError(
                f'a pair is dict(ref_img=..., tgt_img=...), and {name} is missing; got '
                f'{sorted(inputs)}; set input_key=["ref_img", "tgt_img"] of PackInputs'
            )
    left, right = inputs['ref_img'], inputs['tgt_img']
    if not isinstance(left, Tensor) or not isinstance(right, Tensor):
        return
    if left.shape[-2:] != right.shape[-2:]:
        sizes = ' and '.join(f'{x.shape[-1]}x{x.shape[-2]}' for x in (left, right))
        raise DataError(
            f'both views of a pair have one size, got {sizes} (width x height)'
        )
    if torch.jit.is_tracing() or torch.compiler.is_compiling():
        return
    height, width = left.shape[-2:]
    if height % divisor or width % divisor:
        raise DataError(
            f'the images are {width}x{height}, and the network takes multiples of '
            f'{divisor}; leave pad_size_divisor of the data preprocessor at {divisor}, '
            'and call test_step, val_step or train_step, which pad'
        )


def _is_of_the_files(samples: Sequence[DataSample]) -> bool:
    """Whether the pairs were resized, but not their ground truth."""
    if not has_field(samples, 'gt_disparity'):
        return False
    sizes = [meta_values(samples, key) for key in ('ori_shape', 'img_shape')]
    return any(
        None not in (ori, new)
        and tuple(ori[:2]) != tuple(new[:2])
        and tuple(sample.gt_disparity.shape[-2:]) == tuple(ori[:2])
        for sample, ori, new in zip(samples, *sizes, strict=True)
    )


def _resized_back(
    disparity: Tensor, factor: Sequence[float] | None, shape: Sequence[int] | None
) -> Tensor:
    """A disparity of a resized image at the size of the file."""
    height, width = disparity.shape[-2:]
    if factor is None or shape is None or (height, width) == tuple(shape[:2]):
        return disparity
    expected = round(shape[1] * factor[0]), round(shape[0] * factor[1])
    if abs(expected[0] - width) > 1 or abs(expected[1] - height) > 1:
        return disparity  # it was cropped as well
    flat = disparity.reshape(1, 1, height, width)
    back = F.interpolate(flat, tuple(shape[:2]), mode='bilinear', align_corners=False)
    back = back.reshape(*disparity.shape[:-2], *shape[:2])
    return back * (shape[1] / width)


def upsampled_disparity(
    cost: Tensor, num_disp: int, size: tuple[int, int], align_corners: bool = False
) -> Tensor:
    """The disparity of a coarse cost volume, at every pixel.

    In training the fine volume is computed again for the gradient: it is 64 times as
    large as the coarse one, which alone is kept.

    Args:
        cost: Larger where both views fit better.
        num_disp: Number of disparities of the images.
        size: Height and width of the images.
        align_corners: Whether the corner entries stay at the corners.

    Shape:
        cost: ``(B, 1, M, H, W)``; returns: ``(B, *size)``, px.
    """

    def regressed(cost: Tensor) -> Tensor:
        fine = F.interpolate(
            cost, (num_disp, *size), mode='trilinear', align_corners=align_corners
        )
        return regress_disparity(fine.squeeze(1))

    if not torch.is_grad_enabled():
        return regressed(cost)
    return checkpoint(regressed, cost, use_reentrant=False, preserve_rng_state=False)
