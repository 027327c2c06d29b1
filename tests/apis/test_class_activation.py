import numpy as np
import pytest
import torch
from contracts.tiny import AROUND, PRETRAINING, backbone_cfg, image_shape, names_of
from support.runs import DIGITS
from torch import nn
from torch.nn import functional as F

from mmlite.apis.activation_maps import attention_rollout, grad_cam
from mmlite.apis.class_activation import ActivationMap, cam, cams
from mmlite.errors import UserError
from mmlite.registry import MODELS


class Linear(nn.Module):
    """A convolution of single pixels, their mean, and a linear classifier."""

    def __init__(self):
        super().__init__()
        self.backbone = nn.Conv2d(3, 4, 1)
        self.fc = nn.Linear(4, 5)

    def forward(self, inputs, mode='tensor'):
        return self.fc(self.backbone(inputs).mean(dim=(2, 3)))


def test_of_a_linear_network_it_is_the_weighted_sum_of_its_maps():
    model, image = Linear(), torch.randn(1, 3, 6, 8)
    heat, layer, number = grad_cam(model, image, target=3)
    maps = model.backbone(image)[0].detach()
    expected = np.zeros((6, 8))
    for channel in range(4):
        expected += model.fc.weight[3, channel].item() * maps[channel].numpy()
    assert heat == pytest.approx(np.maximum(expected, 0) / 48, abs=1e-6)
    assert (layer, number) == ('backbone', 3)
    assert heat.max() > 0


def test_without_a_class_it_is_the_predicted_one():
    model, image = Linear(), torch.randn(1, 3, 6, 8)
    assert grad_cam(model, image)[2] == int(model(image).argmax())


class Tokens(nn.Module):
    """Layers of attention with a class token, whose weights depend on the image."""

    def __init__(self, layers=2, heads=2):
        super().__init__()
        self.heads = heads
        self.token = nn.Parameter(torch.randn(1, 1, 8))
        self.embed = nn.Conv2d(3, 8, 2, stride=2)
        self.qkv = nn.ModuleList(nn.Linear(8, 24) for _ in range(layers))

    def parts(self, x, layer):
        shape = len(x), -1, self.heads, 8 // self.heads
        return [
            part.reshape(shape).transpose(1, 2)
            for part in self.qkv[layer](x).chunk(3, dim=-1)
        ]

    def extract_feat(self, inputs):
        x = torch.cat([self.token, self.embed(inputs).flatten(2).mT], dim=1)
        for layer in range(len(self.qkv)):
            out = F.scaled_dot_product_attention(*self.parts(x, layer))
            x = x + out.transpose(1, 2).reshape(x.shape)
        return x


@torch.no_grad()
def test_rollout_is_the_product_of_what_each_layer_attends_to():
    model, image = Tokens(), 3 * torch.randn(1, 3, 6, 8)
    x = torch.cat([model.token, model.embed(image).flatten(2).mT], dim=1)
    total = np.eye(13)
    for layer in range(2):
        query, key, value = model.parts(x, layer)
        attention = (query @ key.mT / 4**0.5).softmax(-1)
        total = (attention[0].mean(0).numpy() + np.eye(13)) / 2 @ total
        x = x + (attention @ value).transpose(1, 2).reshape(x.shape)
    found = attention_rollout(model, image)
    assert found == pytest.approx(total[0, 1:].reshape(3, 4), abs=1e-5)
    assert F.scaled_dot_product_attention.__name__ == 'scaled_dot_product_attention'


class Classifier(nn.Module):
    def __init__(self, backbone, image):
        super().__init__()
        self.backbone = backbone
        with torch.no_grad():
            self.width = self.vector(image).size(1)
        self.fc = nn.Linear(self.width, 5)

    def vector(self, image):
        out = self.backbone(image)[-1]
        out = out[-1] if isinstance(out, list) else out
        return out.flatten(2).mean(2) if out.ndim > 2 else out

    def forward(self, image, mode='tensor'):
        return self.fc(self.vector(image))


@pytest.mark.slow
@pytest.mark.parametrize(
    'name', [n for n in names_of('backbones') if n not in (*AROUND, *PRETRAINING)]
)
def test_every_backbone_has_a_map(name):
    torch.manual_seed(0)
    image = torch.randn(1, *image_shape(name))
    model = Classifier(MODELS.build(backbone_cfg(name)).eval(), image)
    heat, layer, _ = grad_cam(model, image)
    assert min(heat.shape) > 1 and np.isfinite(heat).all()
    assert layer.startswith('backbone')


@pytest.fixture
def digit():
    return np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)


TINY = [
    'model.backbone.stem_channels=4',
    'model.backbone.base_channels=4',
    'model.head.in_channels=32',
]


@pytest.mark.filterwarnings('ignore:no checkpoint is given')
def test_of_a_config(digit, tmp_path):
    found = cam(DIGITS, image=digit, target='3', overrides=TINY)
    assert (found.target, found.layer, found.heat.shape) == (3, 'backbone', (4, 4))
    assert found.plot().shape == (224, 448, 3)
    assert found.save(tmp_path / 'a.png').is_file()
    assert found.to_dict()['heat'] == found.heat.tolist()
    assert found._repr_png_()[1:4] == b'PNG'


@pytest.mark.filterwarnings('ignore:no checkpoint is given')
@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(method='gradcam'), "method must be .* did you mean 'grad-cam'"),
        (dict(target=10), 'there is no class 10; they are 0 to 9'),
        (dict(target='cat'), "there is no class 'cat'"),
        (dict(layer='backbone.layer9'), "no layer 'backbone.layer9'; did you mean"),
        (dict(layer='head'), 'head gives no map of the picture'),
        (dict(method='attention'), 'no attention of this network'),
    ],
)
def test_mistakes(digit, options, message):
    with pytest.raises(UserError, match=message):
        cam(DIGITS, image=digit, overrides=TINY, **options)


def test_a_map_says_what_it_is():
    image = np.zeros((8, 8, 3), np.uint8)
    found = ActivationMap(image, np.eye(4), 'a.png', target=1, target_name='cat')
    assert repr(found) == (
        "ActivationMap('a.png': grad-cam of cat, 4 x 4 from all layers)"
    )


@pytest.mark.filterwarnings('ignore:no checkpoint is given')
def test_several_pictures(digit, tmp_path):
    rows = list(cams(DIGITS, None, [digit, digit], tmp_path / 'new', overrides=TINY))
    assert [path.name for _, path in rows] == ['array_0.png', 'array_1.png']
    assert all(path.is_file() for _, path in rows)
