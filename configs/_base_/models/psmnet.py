"""PSMNet with the settings of its paper."""

model = dict(type='PSMNet', max_disp=192)
