_base_ = 'configs/resnet18_digits.py'

custom_imports = dict(imports=['my_project'])

model = dict(
    _delete_=True,
    type='MyRotNet',
    backbone=_base_.model.backbone,
    neck=_base_.model.neck,
    in_channels=128,
)
data_preprocessor = dict(type='ClsDataPreprocessor')

# There is nothing to validate: a model without predict has no predictions.
val_dataloader = val_cfg = val_evaluator = None
test_dataloader = test_cfg = test_evaluator = None
default_hooks = dict(checkpoint=dict(save_best=None))
