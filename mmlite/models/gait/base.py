"""The base of all models of gait recognition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from ...errors import ConfigError, DataError, Problem
from ...structures import DataSample, SampleBatch
from ..named_outputs import BaseModel as NamedOutputs

__all__ = ['BaseModel']


class BaseModel(NamedOutputs):
    """Base of models that recognise people by their gait.

    It is :class:`~mmlite.models.named_outputs.BaseModel` with what gait recognition
    needs: sequences are scaled by ``GaitDataPreprocessor``, and the weights start as
    OpenGait's do.

    Override:
        build_network: makes the layers from ``model_cfg``.
        forward: takes ``(ipts, labs, typs, vies, seqL)``.
        init_parameters: how the weights start.

    Args:
        args: See :class:`~mmlite.models.named_outputs.BaseModel`.
        kwargs: Likewise.

    Example:
        >>> class MeanSilhouette(BaseModel):
        ...     def build_network(self, model_cfg):
        ...         self.scale = nn.Parameter(torch.ones(1))
        ...     def forward(self, inputs):
        ...         (sils,), labs, typs, vies, seqL = inputs
        ...         embed = self.scale * sils.mean(dim=1).flatten(1)
        ...         return dict(
        ...             training_feat=dict(triplet=dict(embeddings=embed, labels=labs)),
        ...             inference_feat=dict(embeddings=embed))
        >>> model = MeanSilhouette(
        ...     loss_cfg=dict(type='TripletLoss', margin=0.2, log_prefix='triplet'))
        >>> model.predict(torch.ones(2, 5, 8, 6))[0].pred_embedding.shape
        torch.Size([48])
    """

    task: ClassVar[str] = 'gait'
    sample_unit: ClassVar[str] = 'walk'
    exports_any_size: ClassVar[bool] = False  # strips are of one height
    default_data_preprocessor: ClassVar[str] = 'GaitDataPreprocessor'
    #: Number of identities that it is trained on; None if it does not classify.
    class_num: int | None = None

    def loss(self, inputs: Any, data_samples: Sequence[DataSample]) -> dict[str, Any]:
        """The losses, of labels that the model has a class for."""
        if self.class_num is not None and isinstance(data_samples, SampleBatch):
            bounds = data_samples.bounds('gt_label')
            if bounds is not None and bounds[1] >= self.class_num:
                raise DataError(
                    f'label {bounds[1]} is not one of the {self.class_num} classes of '
                    f'the model; set class_num of {type(self).__name__} to the number '
                    'of identities that are trained on'
                )
        return super().loss(inputs, data_samples)

    def init_parameters(self) -> None:
        """Xavier's rule for convolutions and linear layers, no bias.

        Batch norms begin with weights from a normal distribution around 1. Layers of
        parts keep the rule of their own.
        """
        for module in self.modules():
            if isinstance(module, (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.Linear)):
                nn.init.xavier_uniform_(module.weight)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
            elif isinstance(module, _BatchNorm) and module.affine:
                nn.init.normal_(module.weight, 1.0, 0.02)
                nn.init.zeros_(module.bias)

    def export_outputs(self, inputs: Tensor) -> dict[str, Tensor]:
        """The results of one or more sequences, by name."""
        return dict(self.forward_tensor(inputs)['inference_feat'])


def as_volumes(sils: Tensor) -> Tensor:
    """Sequences with a dimension for channels, ``(B, C, S, H, W)``.

    Args:
        sils: ``(B, S, H, W)`` or ``(B, S, C, H, W)``.

    Raises:
        DataError: if they are of another kind.

    Example:
        >>> as_volumes(torch.zeros(2, 7, 64, 44)).shape
        torch.Size([2, 1, 7, 64, 44])
    """
    if sils.ndim == 4:
        return sils.unsqueeze(1)
    if sils.ndim == 5:
        return sils.transpose(1, 2)
    raise DataError(
        'sequences come as (B, S, H, W) or (B, S, C, H, W), got a tensor of shape '
        f'{tuple(sils.shape)}'
    )


def as_pictures(volumes: Tensor) -> Tensor:
    """All frames in a row, for a visual summary, ``(B * S, C, H, W)``.

    Example:
        >>> as_pictures(torch.zeros(2, 1, 7, 64, 44)).shape
        torch.Size([14, 1, 64, 44])
    """
    return volumes.transpose(1, 2).flatten(0, 1)


def check_width(name: str, given: int, backbone: nn.Module) -> None:
    """Refuse a layer that takes another width than the backbone gives.

    Args:
        name: The setting of the layer, e.g. ``'SeparateFCs'``.
        given: Its ``in_channels``.
        backbone: The backbone; it may say nothing about its width.

    Raises:
        ConfigError: if they differ.
    """
    specs = getattr(backbone, 'feature_specs', None)
    if specs and specs[-1].channels != given:
        width = specs[-1].channels
        message = f'is {given}, but the backbone gives {width}; set it to {width}'
        raise ConfigError([Problem(f'{name}.in_channels', message)])


def settings_of(model_cfg: Mapping[str, Any], name: str, **defaults: Any) -> dict:
    """The settings of a layer, with what stands for those that are not given.

    Example:
        >>> settings_of(dict(SeparateFCs=dict(parts_num=4)), 'SeparateFCs', norm=True)
        {'norm': True, 'parts_num': 4}
    """
    given = model_cfg[name] if name in model_cfg else {}
    return {**defaults, **given}
