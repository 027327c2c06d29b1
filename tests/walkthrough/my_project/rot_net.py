import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmlite.models.base import BaseModel, build_part
from mmlite.registry import MODELS
from mmlite.structures import DataSample


@MODELS.register_module()
class MyRotNet(BaseModel):
    """Learns features, without labels, by predicting how far an image was turned.

    Paper: Unsupervised Representation Learning by Predicting Image Rotations,
    ICLR 2018, https://arxiv.org/abs/1803.07728.

    Args:
        backbone: Config of the backbone.
        neck: Config of the neck.
        in_channels: Width of the feature vector.
        data_preprocessor: Config of the data preprocessor.
        init_cfg: How the weights are initialised.
    """

    def __init__(
        self,
        backbone: dict,
        neck: dict,
        in_channels: int,
        data_preprocessor: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(data_preprocessor, init_cfg)
        self.backbone = build_part('backbone', backbone)
        self.neck = build_part('neck', neck)
        self.fc = nn.Linear(in_channels, 4)

    def extract_feat(self, inputs: Tensor) -> tuple[Tensor, ...]:
        return self.neck(self.backbone(inputs))

    def loss(self, inputs: Tensor, data_samples: list[DataSample]) -> dict[str, Tensor]:
        views = [inputs.rot90(turns, dims=(2, 3)) for turns in range(4)]
        scores = self.fc(self.extract_feat(torch.cat(views))[-1])
        turns = torch.arange(4, device=inputs.device).repeat_interleave(len(inputs))
        accuracy = (scores.argmax(dim=1) == turns).float().mean()
        return dict(loss=F.cross_entropy(scores, turns), accuracy=accuracy)
