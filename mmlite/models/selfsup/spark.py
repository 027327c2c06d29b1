"""SparK."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn

from ...errors import ConfigError, DataError, Problem
from ...registry import MODELS
from ...structures import DataSample
from ..layers import build_norm_layer, only_shown
from .masked import MaskedImageModel

__all__ = ['SparK']

SPARSE_NORM = dict(type='SparseSyncBatchNorm2d')


@MODELS.register_module()
class SparK(MaskedImageModel):
    """Encode the shown cells of an image with a convolutional network, and predict all.

    Paper: Designing BERT for Convolutional Networks: Sparse and Hierarchical Masked
    Modeling, ICLR 2023, https://arxiv.org/abs/2301.03580

    Args:
        backbone: Config of the backbone, whose layers are sparse, e.g.
            ``SparseResNet``; it gives a map of every stage.
        neck: Config of the decoder, ``SparKLightDecoder``.
        head: Config of the head, ``SparKPretrainHead``.
        pretrained: Checkpoint of the whole model.
        data_preprocessor: Config of the data preprocessor, or the module itself.
        input_size: Pixels of a side of the image.
        downsample_raito: Pixels of a side of a cell (mmpretrain's spelling).
        mask_ratio: Share of the cells that is hidden.
        enc_dec_norm_cfg: Config of the norms between backbone and decoder.
        enc_dec_norm_dim: Channels of the smallest map of the backbone; each larger
            one has half of them.
        init_cfg: How the weights are initialised, as mmengine has it.

    Shape:
        inputs: ``(B, C, input_size, input_size)``.

    Raises:
        ValueError: if the cells do not divide the image, or none or all are hidden.
        ConfigError: if the backbone gives maps of other widths.
        DataError: if an image is of another size.

    Example:
        >>> norm = dict(type='SparseBatchNorm2d')
        >>> model = MODELS.build(dict(
        ...     type='SparK', input_size=64, enc_dec_norm_cfg=norm, enc_dec_norm_dim=32,
        ...     backbone=dict(
        ...         type='SparseResNet', depth=18, stem_channels=4, base_channels=4,
        ...         out_indices=(0, 1, 2, 3), norm_cfg=norm),
        ...     neck=dict(type='SparKLightDecoder', feature_dim=32, upsample_ratio=32),
        ...     head=dict(type='SparKPretrainHead')))
        >>> list(model.loss(torch.rand(2, 3, 64, 64), []))
        ['loss']
        >>> model.visual_summary['image/reconstruction'].shape
        torch.Size([2, 3, 64, 192])
    """

    loss_in_one_graph: ClassVar[bool] = False

    def __init__(
        self,
        backbone: dict | nn.Module,
        neck: dict | nn.Module,
        head: dict | nn.Module,
        pretrained: str | None = None,
        data_preprocessor: dict | nn.Module | None = None,
        input_size: int = 224,
        downsample_raito: int = 32,
        mask_ratio: float = 0.6,
        enc_dec_norm_cfg: dict = SPARSE_NORM,
        enc_dec_norm_dim: int = 2048,
        init_cfg: dict | list | None = None,
    ) -> None:
        super().__init__(
            backbone,
            neck,
            head,
            pretrained=pretrained,
            data_preprocessor=data_preprocessor,
            init_cfg=init_cfg,
        )
        self.input_size = input_size
        self.downsample_raito = downsample_raito
        self.mask_ratio = mask_ratio
        self.side = _cells_of_a_side(input_size, downsample_raito)
        self.num_shown_cells = _shown_cells(self.side**2, mask_ratio)
        self._check_widths(enc_dec_norm_dim)
        self._make_way_over(enc_dec_norm_cfg, enc_dec_norm_dim)

    def _check_widths(self, width: int) -> None:
        specs = getattr(self.backbone, 'feature_specs', None) or ()
        for i, spec in enumerate(reversed(specs)):
            if spec.channels != width // 2**i:
                raise ConfigError(
                    [
                        Problem(
                            'enc_dec_norm_dim',
                            f'is {width}, so that map {i} from the smallest has '
                            f'{width // 2**i} channels, but the backbone gives '
                            f'{spec.channels}; set model.enc_dec_norm_dim='
                            f'{spec.channels * 2**i}',
                        )
                    ]
                )

    def _make_way_over(self, norm_cfg: dict, width: int) -> None:
        """Add what takes each map of the backbone to the decoder."""
        self.enc_dec_norms = nn.ModuleList()
        self.enc_dec_projectors = nn.ModuleList()
        self.mask_tokens = nn.ParameterList()
        wanted = self.neck.feature_dim
        for i in range(len(self.backbone.out_indices)):
            self.enc_dec_norms.append(build_norm_layer(norm_cfg, width)[1])
            size = 3 if i else 1
            same = not i and width == wanted
            self.enc_dec_projectors.append(
                nn.Identity()
                if same
                else nn.Conv2d(width, wanted, size, padding=size // 2)
            )
            self.mask_tokens.append(_mask_token(width))
            width, wanted = width // 2, wanted // 2

    def whole_features(self, inputs: Tensor) -> tuple[Tensor, ...]:
        """The features of whole images."""
        return self.backbone(inputs)

    def mask(self, batch: int) -> Tensor:
        """Draw the cells that are shown, ``(B, 1, rows, columns)`` of bool.

        They are on the host, where they can be counted without a wait for a device.
        """
        order = torch.rand(batch, self.side**2).argsort(dim=1)
        cells = torch.zeros_like(order, dtype=torch.bool)
        cells.scatter_(1, order[:, : self.num_shown_cells], True)
        return cells.view(batch, 1, self.side, self.side)

    def loss(self, inputs: Tensor, data_samples: list[DataSample]) -> dict[str, Tensor]:
        """The loss of the hidden cells.

        Args:
            inputs: Images, ``(B, C, H, W)``.
            data_samples: Not used.
        """
        if tuple(inputs.shape[2:]) != (self.input_size, self.input_size):
            height, width = inputs.shape[2:]
            raise DataError(
                f'SparK was built for images of {self.input_size} x {self.input_size} '
                f'pixels, got {height} x {width}; set model.input_size, or the size '
                'in the pipeline'
            )
        cells = self.mask(len(inputs))
        shown = cells.to(inputs.device, non_blocking=True)
        seen = inputs.masked_fill(~_larger(shown, self.downsample_raito), 0)
        with only_shown(cells):
            maps = self._to_decoder(self.backbone(seen)[::-1], shown)
        pred = self.neck(maps)
        loss = self.head.loss(pred, inputs, shown)
        self._show_prediction(inputs, pred, shown)
        return dict(loss=loss)

    def _to_decoder(self, feats: Sequence[Tensor], shown: Tensor) -> list[Tensor]:
        """The maps, the smallest first, with a token in every hidden place."""
        given = []
        for feat, norm, token, projector in zip(
            feats,
            self.enc_dec_norms,
            self.mask_tokens,
            self.enc_dec_projectors,
            strict=True,
        ):
            feat = norm(feat)
            places = _larger(shown, feat.shape[2] // shown.shape[2])
            given.append(projector(torch.where(places, feat, token.to(feat.dtype))))
        return given

    def _show_prediction(self, images: Tensor, pred: Tensor, shown: Tensor) -> None:
        few = slice(0, self.num_shown)
        images, shown = images[few], shown[few]
        patches = self.head.patchify(pred[few].detach())
        hidden = shown.logical_not().to(images.dtype)
        self.show(images, self.head.reconstruct(patches, images), hidden)


def _cells_of_a_side(pixels: int, of_a_cell: int) -> int:
    if pixels % of_a_cell:
        raise ValueError(
            f'input_size={pixels} must be a multiple of downsample_raito={of_a_cell}'
        )
    return pixels // of_a_cell


def _shown_cells(cells: int, mask_ratio: float) -> int:
    shown = round(cells * (1 - mask_ratio))
    if not 0 < shown < cells:
        raise ValueError(
            f'mask_ratio={mask_ratio} shows {shown} of {cells} cells; set one that '
            'shows some of them and hides others'
        )
    return shown


def _mask_token(width: int) -> nn.Parameter:
    token = torch.empty(1, width, 1, 1)
    return nn.Parameter(nn.init.trunc_normal_(token, std=0.02, a=-0.02, b=0.02))


def _larger(cells: Tensor, times: int) -> Tensor:
    return cells.repeat_interleave(times, 2).repeat_interleave(times, 3)
