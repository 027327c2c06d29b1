default_scope = 'mmlite'
custom_imports = dict(imports=['my_kinds'])
train_cfg = dict(by_epoch=True, max_epochs=2)
val_cfg = dict()
test_cfg = dict()
optim_wrapper = dict(optimizer=dict(type='Adam', lr=0.01))
param_scheduler = dict(type='CosineAnnealingLR', T_max=2)
custom_hooks = [dict(type='VisualSummaryHook', interval=1)]
default_hooks = dict(
    logger=dict(interval=1),
    visualization=dict(type='VisualizationHook', enable=True, interval=2),
)
randomness = dict(seed=0)
