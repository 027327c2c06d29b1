"""What every run shares: hooks, environment, logging."""

default_scope = 'mmlite'

default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=100),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(type='CheckpointHook', interval=1, max_keep_ckpts=3),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    visualization=dict(type='VisualizationHook'),
)

env_cfg = dict(
    cudnn_benchmark=True,
    tf32=True,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'),
)

visualizer = dict(
    type='UniversalVisualizer', vis_backends=[dict(type='LocalVisBackend')]
)

log_level = 'INFO'
load_from = None
resume = False
randomness = dict(seed=None, deterministic=False)
