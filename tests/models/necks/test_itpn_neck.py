import pytest
import torch

from mmlite.errors import ConfigError
from mmlite.registry import MODELS

SIZES = dict(num_patches=4, patch_size=2, embed_dim=16, fpn_dim=8, fpn_depth=1)
DECODER = dict(decoder_embed_dim=16, decoder_depth=1, decoder_num_heads=2)


def build(kind, **changes):
    return MODELS.build(dict(SIZES, type=kind, **DECODER, **changes))


def test_dropout_in_the_pyramid_alone():
    neck = build('iTPNPretrainDecoder', drop_rate=0.3, attn_drop_rate=0.9)
    found = {
        name.split('.')[0]: part.p
        for name, part in neck.named_modules()
        if isinstance(part, torch.nn.Dropout) and part.p > 0
    }
    assert found == dict(fpn_modules=0.3, block_16to8=0.3, block_8to4=0.3)


def test_the_width_of_what_mixmim_predicts():
    sizes = dict(num_patches=4, patch_size=2, embed_dim=16, encoder_stride=4)
    for changes, width in ((dict(), 48), (dict(predict_feature_dim=5), 5)):
        neck = MODELS.build(
            dict(sizes, type='MixMIMPretrainDecoder', **DECODER, **changes)
        )
        assert neck(torch.ones(1, 4, 16), torch.ones(1, 4, 1)).shape == (2, 4, width)


def test_an_argument_that_no_decoder_has():
    with pytest.raises(ConfigError, match="no argument 'depht'"):
        MODELS.build(dict(type='MixMIMPretrainDecoder', depht=1))
