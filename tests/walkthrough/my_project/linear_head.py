from torch import Tensor, nn

from mmlite.models.heads import ClsHead
from mmlite.registry import MODELS


@MODELS.register_module()
class MyLinearClsHead(ClsHead):
    """One linear layer on the last feature vector.

    Args:
        num_classes: Number of classes.
        in_channels: Width of the feature vector.
        init_cfg: How the layer is initialised.
        **kwargs: See :class:`mmlite.models.heads.ClsHead`.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        init_cfg: dict | None = None,
        **kwargs,
    ) -> None:
        if init_cfg is None:
            init_cfg = dict(type='Normal', layer='Linear', std=0.01)
        super().__init__(init_cfg=init_cfg, **kwargs)
        if num_classes <= 0:
            raise ValueError(f'num_classes={num_classes} must be a positive integer')
        self.in_channels = in_channels
        self.num_classes = num_classes
        self.fc = nn.Linear(in_channels, num_classes)

    def pre_logits(self, feats: tuple[Tensor, ...]) -> Tensor:
        return feats[-1]

    def forward(self, feats: tuple[Tensor, ...]) -> Tensor:
        return self.fc(self.pre_logits(feats))
