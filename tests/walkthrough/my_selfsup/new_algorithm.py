from mmlite.models.selfsup import BaseSelfSupvisor
from mmlite.registry import MODELS


@MODELS.register_module()
class NewAlgorithm(BaseSelfSupvisor):
    """Hide patches, and predict their pixels."""

    def __init__(self, backbone, neck=None, head=None, init_cfg=None):
        super().__init__(backbone, neck, head, init_cfg=init_cfg)

    # ``extract_feat`` is defined in BaseSelfSupvisor; overwrite it if needed
    def extract_feat(self, inputs, **kwargs):
        return self.backbone(inputs, mask=None)

    # the core function to compute the loss
    def loss(self, inputs, data_samples, **kwargs):
        latent, mask, ids_restore = self.backbone(inputs)
        pred = self.neck(latent, ids_restore)
        return dict(loss=self.head.loss(pred, inputs, mask))
