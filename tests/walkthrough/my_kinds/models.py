"""A model of each kind, on the bases that mmlite offers."""

import torch
from mmengine.model import BaseModule
from torch import nn
from torch.nn import functional as F

from mmlite.models.base import BaseModel
from mmlite.models.gait import BaseModel as GaitModel
from mmlite.models.joining import Joined
from mmlite.models.selfsup import BaseSelfSupervisor
from mmlite.models.stereo import BaseModel as StereoModel
from mmlite.registry import MODELS
from mmlite.structures import FeatureSpec, SampleBatch, scatter_field


@MODELS.register_module()
class MyStem(BaseModule):
    """Two convolutions."""

    def __init__(self, width=8, in_channels=3, init_cfg=None):
        super().__init__(init_cfg)
        self.layers = nn.Sequential(
            nn.Conv2d(in_channels, width, 3, 2, 1),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, 2, 1),
            nn.ReLU(),
        )
        self.feature_specs = (FeatureSpec(width, 4),)

    def forward(self, x):
        return (self.layers(x),)


@MODELS.register_module()
class MyAgreement(BaseSelfSupervisor):
    """Two views of an image are nearer than those of others."""

    def loss(self, inputs, data_samples):
        one, other = (F.normalize(self.neck(self.backbone(v))[-1]) for v in inputs)
        self.visual_summary = {'image/views': torch.cat(inputs)}
        logits = one @ other.t() / 0.2
        return dict(loss=F.cross_entropy(logits, torch.arange(len(logits))))


@MODELS.register_module()
class MyOneBox(Joined, BaseModel):
    """Says where the one object of an image is, and what."""

    task = 'detection'
    default_data_preprocessor = 'ImageDataPreprocessor'

    def __init__(self, backbone, num_classes=3, data_preprocessor=None, init_cfg=None):
        super().__init__(data_preprocessor, init_cfg)
        self.join(backbone)
        width = self.backbone.feature_specs[-1].channels * 8 * 8
        self.place, self.kind = nn.Linear(width, 4), nn.Linear(width, num_classes)

    def extract_feat(self, inputs):
        return self.backbone(inputs)[-1].flatten(1)

    def loss(self, inputs, data_samples):
        feats = self.extract_feat(inputs)
        boxes = torch.cat([s.gt_bboxes for s in data_samples])
        labels = torch.cat([s.gt_bboxes_labels for s in data_samples])
        return dict(
            loss_bbox=F.l1_loss(self.place(feats), boxes / inputs.shape[-1]),
            loss_cls=F.cross_entropy(self.kind(feats), labels),
        )

    def predict(self, inputs, data_samples=None):
        feats = self.extract_feat(inputs)
        if data_samples is None:
            data_samples = SampleBatch.of(len(feats))
        scores, labels = self.kind(feats).softmax(dim=1).max(dim=1, keepdim=True)
        boxes = self.place(feats)[:, None] * inputs.shape[-1]
        for name, values in dict(bboxes=boxes, scores=scores, labels=labels).items():
            scatter_field(data_samples, f'pred_{name}', list(values))
        return data_samples


@MODELS.register_module()
class MyWalks(GaitModel):
    """The largest feature of a walk."""

    def build_network(self, model_cfg):
        self.frames = MyStem(in_channels=1)
        self.embed = nn.Linear(8, 4)
        self.classify = nn.Linear(4, model_cfg.class_num)

    def forward(self, inputs):
        (sils,), labels, _, _, lengths = inputs
        frames = self.frames(sils.reshape(-1, 1, *sils.shape[-2:]))[-1].mean((2, 3))
        counts = [sils.shape[1]] * len(sils) if lengths is None else lengths.flatten()
        walks = torch.stack([part.amax(0) for part in frames.split(list(counts))])
        embed = self.embed(walks)
        return {
            'training_feat': {
                'softmax': {'cls_score': self.classify(embed), 'label': labels}
            },
            'visual_summary': {'image/sils': sils.reshape(-1, 1, *sils.shape[-2:])},
            'inference_feat': {'embeddings': embed},
        }


@MODELS.register_module()
class MyPairs(StereoModel):
    """Two convolutions of both views."""

    def build_network(self, model_cfg):
        self.layers = nn.Sequential(
            nn.Conv2d(6, 8, 3, padding=1),
            nn.BatchNorm2d(8),
            nn.ReLU(),
            nn.Conv2d(8, 1, 3, padding=1),
        )

    def forward(self, inputs):
        pair = torch.cat([inputs['ref_img'], inputs['tgt_img']], dim=1)
        disparity = self.layers(pair).squeeze(1)
        return {
            'training_disp': {'disp_est': disparity},
            'visual_summary': {'image/disp_est': disparity[:, None]},
            'inference_disp': {'disp_est': disparity},
        }
