"""Small arguments for schedulers and optimizers."""

from __future__ import annotations

# Schedulers by the name without LR, Momentum or ParamScheduler: two epochs long.
SCHEDULERS = {
    'Constant': dict(factor=0.5, end=1),
    'CosineAnnealing': dict(T_max=2, eta_min=0.01),
    'CosineRestart': dict(periods=[1, 1], restart_weights=[1, 0.5], eta_min=0.01),
    'Exponential': dict(gamma=0.5),
    'Linear': dict(start_factor=0.2, end=2),
    'MultiStep': dict(milestones=[1], gamma=0.1),
    'OneCycle': dict(eta_max=0.3, total_steps=8),
    'Poly': dict(eta_min=0.01, end=2),
    'ReduceOnPlateau': dict(monitor='toy/count', rule='greater', patience=0),
    'Step': dict(step_size=1, gamma=0.5),
    'Triangular': dict(start_factor=0.2, end=2),
}

# Optimizers with settings that a tiny network learns with.
OPTIMIZERS = {
    'ASGD': dict(lr=0.05),
    'Adadelta': dict(lr=1.0),
    'Adafactor': dict(lr=0.05),
    'Adagrad': dict(lr=0.05),
    'Adam': dict(lr=0.01, amsgrad=True),
    'AdamW': dict(lr=0.01, weight_decay=0.1),
    'Adamax': dict(lr=0.01),
    'Adan': dict(lr=0.01),
    'LARS': dict(lr=0.1, momentum=0.9),
    'Lamb': dict(lr=0.01),
    'Muon': dict(lr=0.02),
    'NAdam': dict(lr=0.01),
    'RAdam': dict(lr=0.01),
    'RMSprop': dict(lr=0.01, momentum=0.9, centered=True),
    'Rprop': dict(lr=0.01),
    'SGD': dict(lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    'TorchAdafactor': dict(lr=0.05),
}

# Optimizers that no loop of ours can train with, each with the reason.
NO_TRAINING = {
    'LBFGS': 'asks for the loss several times a step',
    'Optimizer': 'is the base of the others',
    'SparseAdam': 'takes sparse gradients only',
    'ZeroRedundancyOptimizer': 'shares its state among several processes',
}
