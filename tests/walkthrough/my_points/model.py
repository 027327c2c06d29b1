"""A network that says where the corners are."""

import torch
from torch import nn
from torch.nn import functional as F

from mmlite.models.base import BaseModel
from mmlite.models.joining import Joined
from mmlite.registry import MODELS
from mmlite.structures import SampleBatch, scatter_field


@MODELS.register_module()
class PointRegressor(Joined, BaseModel):
    """Points as shares of the picture, from the whole of a small map."""

    task = 'points'
    default_data_preprocessor = 'ImageDataPreprocessor'

    def __init__(self, backbone, num_points=2, data_preprocessor=None, init_cfg=None):
        super().__init__(data_preprocessor, init_cfg)
        self.join(backbone)
        channels = self.backbone.feature_specs[-1].channels
        self.points = nn.Linear(channels * 16, num_points * 2)

    def extract_feat(self, inputs):
        return F.adaptive_avg_pool2d(self.backbone(inputs)[-1], 4).flatten(1)

    def forward_tensor(self, inputs):
        shares = self.points(self.extract_feat(inputs)).unflatten(1, (-1, 2))
        return shares * inputs.shape[-1]

    def loss(self, inputs, data_samples):
        wanted = torch.stack([sample.gt_points for sample in data_samples])
        return dict(loss_points=F.l1_loss(self.forward_tensor(inputs), wanted))

    def predict(self, inputs, data_samples=None):
        points = self.forward_tensor(inputs)
        if data_samples is None:
            data_samples = SampleBatch.of(len(points))
        scatter_field(data_samples, 'pred_points', list(points))
        return data_samples

    def export_outputs(self, inputs):
        return dict(points=self.forward_tensor(inputs))
