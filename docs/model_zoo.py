"""Write docs/model_zoo.md from the cards: python docs/model_zoo.py."""

from __future__ import annotations

import json
from pathlib import Path

from mmlite.apis import model_card
from mmlite.apis.zoo.cards import FOLDER, Card

PAGE = Path(__file__).with_suffix('.md')
HEAD = """# Model zoo

{count} published models of {families} families, by the names that mmpretrain gave
them, with its weights. The recipes under `configs/` are models too, by the names of
their files.

```bash
mmlite list-models '*resnet50*'
mmlite list-models resnet50_8xb32_in1k --cards
mmlite flops resnet50_8xb32_in1k --depth 1
```

```python
import torch

from mmlite import get_model, list_models, model_card

print(list_models('swin-tiny*', pretrained=True))
print(model_card('swin-tiny_16xb64_in1k').results)

model = get_model('resnet18_8xb32_in1k', num_classes=10, backbone=dict(frozen_stages=1))
with torch.no_grad():
    print(model(torch.zeros(1, 3, 64, 64)).shape)
```

## Weights

`get_model(name, pretrained=True)` and `Inferencer(name, True)` download the weights
once into the cache of torch hub, and compare the file with the hash in its name:

<!-- not run: downloads weights -->
```python
from mmlite import Inferencer, get_model

model = get_model('resnet50_8xb32_in1k', pretrained=True)
print(Inferencer('resnet50_8xb32_in1k', True)('photo.jpg')[0].text())
```

Without a network the error names the address, the file and the folder: put the file
there by hand, or give its path as `pretrained='weights.pth'`.

A file may also be of **timm, torchvision or Hugging Face**, and of the same
architecture: ResNet and its relatives, RegNet, RepVGG, MobileOne, VGG, DenseNet,
ConvNeXt, EfficientNet, MobileNetV2 and V3, ShuffleNetV2, ViT, DeiT, BEiT, DINOv2,
Swin, MLP-Mixer. Which key map its names are for is found by what fits, here as in
`load_from` and `init_cfg=dict(type='Pretrained', checkpoint=...)`; the log says
which, and what matched. To convert a file once, in either direction, and to publish
one of your own:

<!-- not run: needs the files -->
```bash
mmlite convert vit.safetensors vit.pth --from timm --model vit-base-p16_32xb128-mae_in1k
mmlite convert epoch_100.pth for_timm.pth --to timm
mmlite publish work_dirs/my/epoch_100.pth resnet50.safetensors
```

`timm-efficientnet` of timm's own training and torchvision's EfficientNet pad evenly:
build them with `backbone=dict(conv_cfg=dict(type='Conv2d'), norm_cfg=dict(type='BN',
eps=1e-5))`. mmpretrain's DaViT and PoolFormer are not quite timm's networks, and its
DeiT3 applies the first norm of a block twice, so that timm's weights do not give
timm's scores there.

On the **Hugging Face Hub** (`pip install 'mmlite[hub]'`):

<!-- not run: needs an account -->
```bash
mmlite push work_dirs/my/epoch_100.pth owner/name
```

<!-- not run: needs the hub -->
```python
from mmlite import get_model

model = get_model('hf-hub:owner/name')
```

Its config is read as data and never run, so that a part which is not of mmlite must be
imported before.

Networks that are not here come through `TIMMBackbone`, `TorchvisionBackbone`,
`HuggingFaceBackbone`, `TimmClassifier` and `HuggingFaceClassifier`.

## Figures

FLOPs are counted by `mmlite flops` at the size of the test, and a multiply-add is
one, as in papers: convolutions, matrix products and attention, two an element for
batch norm, five for other norms, one for ReLU. The figure that mmpretrain published
is the same to 1 % for {met} of {said} models. It leaves the products of attention out
for {attention} (Swin, Twins, CLIP), and is that of the form for deployment for
{deploy} (RepVGG, MobileOne). For {other} it is another for a reason that is not
known, or plainly wrong: `regnetx-3.2gf` states the figures of 1.6gf, the two
`efficientnet-l2` each the other's, `convnext-large_3rdparty_in21k` those of a network
that its config does not build. Such a figure is marked with `*`.

Top-1 is what mmpretrain published, in percent; nothing was trained again here.
"""


def page() -> str:
    """The whole page."""
    files = sorted(FOLDER.glob('*.json'))
    families = []
    for path in files:
        names = json.loads(path.read_text(encoding='utf-8'))['cards']
        families.append([model_card(name) for name in names])
    cards = [card for family in families for card in family]
    said = [card for card in cards if card.published.get('flops')]
    notes = [card.note or '' for card in said]
    head = HEAD.format(
        count=len(cards),
        families=len(files),
        said=len(said),
        met=notes.count(''),
        attention=sum('attention' in note for note in notes),
        deploy=sum('deployment' in note for note in notes),
        other=sum(n.endswith('not known') or 'pixels' in n for n in notes),
    )
    return '\n'.join([head, *(table(family) for family in families)])


def table(family: list[Card]) -> str:
    """The table of a family."""
    first = family[0]
    paper = f'[{first.paper}]({first.url})\n\n' if first.paper and first.url else ''
    rows = ''.join(map(row, family))
    return (
        f'### {first.family}\n\n{paper}'
        '| model | parameters | FLOPs | top-1 | weights |\n'
        f'| --- | --- | --- | --- | --- |\n{rows}'
    )


def row(card: Card) -> str:
    """The row of a model."""
    mark = '*' if card.note else ''
    weights = f'[`{card.hash or "file"}`]({card.weights})' if card.weights else '–'
    return (
        f'| {card.name} | {short(card.parameters)} | {short(card.flops)}{mark} '
        f'| {accuracy(card)} | {weights} |\n'
    )


def short(number: int) -> str:
    """A number with three digits or more, and M or G."""
    unit, size = ('G', 1e9) if number >= 1e9 else ('M', 1e6)
    return f'{number / size:.2f} {unit}'


def accuracy(card: Card) -> str:
    """The published top-1 accuracy, and on what if not ImageNet."""
    for dataset, metrics in card.results.items():
        if metrics.get('Top 1 Accuracy') is not None:
            on = '' if dataset == 'ImageNet-1k' else f' ({dataset})'
            return f'{metrics["Top 1 Accuracy"]:.2f}{on}'
    return '–'


if __name__ == '__main__':
    PAGE.write_text(page(), encoding='utf-8')
