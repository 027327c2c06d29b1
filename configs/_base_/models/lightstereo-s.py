"""The smallest LightStereo of its paper."""

model = dict(type='LightStereo', arch='s', max_disp=192)
