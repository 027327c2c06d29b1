"""GwcNet with a volume of groups alone, as GwcNet-g of its paper."""

model = dict(type='GwcNet', max_disp=192)
