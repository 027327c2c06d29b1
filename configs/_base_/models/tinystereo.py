"""A small stereo network that learns on a CPU."""

model = dict(type='TinyStereo', max_disp=192)
