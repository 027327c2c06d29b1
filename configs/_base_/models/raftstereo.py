"""RAFT-Stereo with the settings of its paper."""

model = dict(type='RAFTStereo', max_disp=192, train_iters=16, valid_iters=32)
