"""A new model, as the guide has it."""

import torch
from torch import nn

from mmlite.models.gait import BaseModel


class NewModel(BaseModel):
    def __init__(self, cfgs, is_training):
        super().__init__(cfgs, is_training)

    def build_network(self, model_cfg):
        self.Backbone = self.get_backbone(model_cfg)
        self.embed = nn.Linear(model_cfg['param1'], model_cfg.param2)
        self.classify = nn.Linear(model_cfg.param2, model_cfg.get('param3', 3))

    def forward(self, inputs):
        (sils,), labs, _types, _views, lengths = inputs
        n, s, h, w = sils.shape
        frames = self.Backbone(sils.reshape(n * s, 1, h, w))[-1].mean(dim=(2, 3))
        if lengths is None:
            walks = frames.view(n, s, -1).amax(dim=1)
        else:
            parts = frames.split(lengths.flatten().tolist())
            walks = torch.stack([part.amax(dim=0) for part in parts])
        embed_1 = self.embed(walks)
        logits = self.classify(embed_1)
        return {
            'training_feat': {
                'triplet': {'embeddings': embed_1, 'labels': labs},
                'softmax': {'cls_score': logits, 'label': labs},
            },
            'visual_summary': {'image/sils': sils.reshape(n * s, 1, h, w)},
            'inference_feat': {'embeddings': embed_1},
        }
