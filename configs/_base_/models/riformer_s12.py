"""RIFormer-S12 at 224x224: PoolFormer-S12 whose pooling is learned away."""

_base_ = './poolformer_s12.py'

model = dict(backbone=dict(type='RIFormer'))
