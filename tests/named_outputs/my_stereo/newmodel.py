"""A new model, as the guide has it."""

import torch
from torch import nn

from mmlite.models.stereo import BaseModel


class NewModel(BaseModel):
    def __init__(self, cfgs, is_training):
        super().__init__(cfgs, is_training)

    def build_network(self, model_cfg):
        self.net = nn.Conv2d(6, 1, model_cfg['param1'], padding='same')

    def forward(self, inputs):
        ref_img = inputs['ref_img']
        tgt_img = inputs['tgt_img']
        res = self.net(torch.cat([ref_img, tgt_img], dim=1))
        return {
            'training_disp': {'disp_est': res},
            'inference_disp': {'disp_est': res},
            'visual_summary': {'image/disp': res},
        }
