"""IGEV-Stereo with the settings of its paper, whose backbone learns from the start."""

model = dict(type='IGEV', max_disp=192, train_iters=22, norm_eval=False)
