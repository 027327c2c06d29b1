_base_ = 'configs/resnet18_digits.py'

custom_imports = dict(imports=['my_project'])

model = dict(
    backbone=dict(
        _delete_=True,
        type='VisionTransformer',
        arch=dict(embed_dims=64, num_layers=4, num_heads=4, feedforward_channels=128),
        img_size=32,
        patch_size=4,
    ),
    neck=None,
    head=dict(type='MyVisionTransformerClsHead', in_channels=64, hidden_dim=32),
)

optim_wrapper = dict(
    optimizer=dict(_delete_=True, type='AdamW', lr=1e-3, weight_decay=0.05)
)
