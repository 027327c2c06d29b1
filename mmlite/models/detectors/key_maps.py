"""From torchvision's names of weights to ours; published and current ones.

torchvision counts COCO's 91 ids with the background as class 0, so that its class ``c``
is our class ``c - 1`` of 90. Where background has no use here, its rows are left out.
"""

from __future__ import annotations

from torch import Tensor

from ...structures.key_maps import Change, KeyMap, Rename, register_key_map

__all__: list[str] = []

CLASSES = 91
ANCHORS = 9  # of RetinaNet at a place

BODY = 'feature_extractor.backbone.'
NECK = 'feature_extractor.neck.'


def _without_background(weight: Tensor) -> Tensor:
    """The logits of all classes of each anchor but for the first."""
    by_class = weight.unflatten(0, (ANCHORS, -1))
    return by_class[:, 1:].flatten(0, 1)


def _without_background_box(weight: Tensor) -> Tensor:
    return weight[4:]


PYRAMID = [
    Rename(r'^backbone\.body\.', BODY),
    Rename(
        r'^backbone\.fpn\.inner_blocks\.(\d+)\.(?:0\.)?(?=weight|bias)',
        rf'{NECK}lateral_convs.\1.conv.',
    ),
    Rename(r'^backbone\.fpn\.inner_blocks\.(\d+)\.1\.', rf'{NECK}lateral_convs.\1.bn.'),
    Rename(
        r'^backbone\.fpn\.layer_blocks\.(\d+)\.(?:0\.)?(?=weight|bias)',
        rf'{NECK}fpn_convs.\1.conv.',
    ),
    Rename(r'^backbone\.fpn\.layer_blocks\.(\d+)\.1\.', rf'{NECK}fpn_convs.\1.bn.'),
    Rename(r'^backbone\.fpn\.extra_blocks\.p6\.', f'{NECK}fpn_convs.3.conv.'),
    Rename(r'^backbone\.fpn\.extra_blocks\.p7\.', f'{NECK}fpn_convs.4.conv.'),
]
MOBILENET = [
    Rename(r'\.block\.\d+\.fc([12])\.', r'.se.conv\1.conv.'),
    # Without widening in the first block, its depth-wise convolution comes first.
    Rename(r'(features\.(?:0\.)?1)\.block\.0\.', r'\1.depthwise_conv.'),
    Rename(r'(features\.(?:0\.)?1)\.block\.1\.', r'\1.linear_conv.'),
    Rename(r'\.block\.0\.', '.expand_conv.'),
    Rename(r'\.block\.1\.', '.depthwise_conv.'),
    Rename(r'\.block\.[23]\.', '.linear_conv.'),
]
LAYERS = [
    Rename(r'(layer\d+(?:\.\w+_conv)?)\.0\.', r'\1.conv.'),
    Rename(r'(layer\d+(?:\.\w+_conv)?)\.1\.', r'\1.bn.'),
]
RPN = [
    Rename(r'^rpn\.head\.conv\.(?=weight|bias)', 'rpn_head.rpn_convs.0.conv.'),
    Rename(r'^rpn\.head\.conv\.(\d+)\.0\.', r'rpn_head.rpn_convs.\1.conv.'),
    Rename(r'^rpn\.head\.cls_logits\.', 'rpn_head.rpn_cls.'),
    Rename(r'^rpn\.head\.bbox_pred\.', 'rpn_head.rpn_reg.'),
]
ROI = [
    Rename(r'^roi_heads\.box_head\.fc6\.', 'roi_head.bbox_head.shared_fcs.0.'),
    Rename(r'^roi_heads\.box_head\.fc7\.', 'roi_head.bbox_head.shared_fcs.1.'),
    Rename(r'^roi_heads\.box_head\.5\.', 'roi_head.bbox_head.shared_fcs.0.'),
    Rename(
        r'^roi_heads\.box_head\.(\d)\.0\.', r'roi_head.bbox_head.shared_convs.\1.conv.'
    ),
    Rename(
        r'^roi_heads\.box_head\.(\d)\.1\.', r'roi_head.bbox_head.shared_convs.\1.bn.'
    ),
    Rename(r'^roi_heads\.box_predictor\.cls_score\.', 'roi_head.bbox_head.fc_cls.'),
    Rename(r'^roi_heads\.box_predictor\.bbox_pred\.', 'roi_head.bbox_head.fc_reg.'),
    Change(r'bbox_head\.fc_reg\.', _without_background_box),
]
RETINA = [
    Rename(r'^head\.classification_head\.cls_logits\.', 'bbox_head.retina_cls.'),
    Rename(r'^head\.regression_head\.bbox_reg\.', 'bbox_head.retina_reg.'),
    # Published checkpoints count the activations in between.
    *(
        Rename(rf'_head\.conv\.{2 * i}\.(?=weight|bias)', f'_head.conv.{i}.0.')
        for i in range(4)
    ),
    Rename(
        r'^head\.classification_head\.conv\.(\d)\.0\.', r'bbox_head.cls_convs.\1.conv.'
    ),
    Rename(
        r'^head\.classification_head\.conv\.(\d)\.1\.', r'bbox_head.cls_convs.\1.gn.'
    ),
    Rename(r'^head\.regression_head\.conv\.(\d)\.0\.', r'bbox_head.reg_convs.\1.conv.'),
    Rename(r'^head\.regression_head\.conv\.(\d)\.1\.', r'bbox_head.reg_convs.\1.gn.'),
    Change(r'bbox_head\.retina_cls\.', _without_background),
]
# Index of a convolution there, and of the same with its activation here.
VGG_CONVS = {0: 0, 2: 1, 5: 3, 7: 4, 10: 6, 12: 7, 14: 8, 17: 10, 19: 11, 21: 12}
SSD_HEADS = [
    Rename(r'^head\.classification_head\.module_list\.', 'bbox_head.cls_convs.'),
    Rename(r'^head\.regression_head\.module_list\.', 'bbox_head.reg_convs.'),
]
SSD300 = [
    Rename(r'^backbone\.scale_weight$', f'{NECK}l2_norm.weight'),
    *(
        Rename(rf'^backbone\.features\.{theirs}\.', f'{BODY}features.{ours}.conv.')
        for theirs, ours in VGG_CONVS.items()
    ),
    *(
        Rename(
            rf'^backbone\.extra\.0\.{theirs}\.(?=weight|bias)',
            f'{BODY}features.{ours}.conv.',
        )
        for theirs, ours in {1: 14, 3: 15, 5: 16}.items()
    ),
    Rename(r'^backbone\.extra\.0\.7\.1\.', f'{BODY}fc6.'),
    Rename(r'^backbone\.extra\.0\.7\.3\.', f'{BODY}fc7.'),
    *(
        Rename(
            rf'^backbone\.extra\.{i + 1}\.{2 * j}\.',
            f'{NECK}extra_layers.{i}.{j}.conv.',
        )
        for i in range(4)
        for j in range(2)
    ),
    *SSD_HEADS,
    Rename(r'(bbox_head\.\w+_convs\.\d+)\.', r'\1.0.'),
]
SSDLITE = [
    Rename(r'^backbone\.features\.0\.13\.', f'{BODY}layer13.expand_conv.'),
    Rename(
        r'^backbone\.features\.1\.0\.2\.fc([12])\.', rf'{BODY}layer13.se.conv\1.conv.'
    ),
    Rename(r'^backbone\.features\.1\.0\.1\.', f'{BODY}layer13.depthwise_conv.'),
    Rename(r'^backbone\.features\.1\.0\.3\.', f'{BODY}layer13.linear_conv.'),
    *(
        Rename(rf'^backbone\.features\.1\.{i}\.', f'backbone.features.0.{13 + i}.')
        for i in (3, 2, 1)
    ),
    *MOBILENET,
    Rename(r'^backbone\.features\.0\.(\d+)\.', rf'{BODY}layer\1.'),
    *LAYERS,
    Rename(r'^backbone\.extra\.(\d)\.0\.0\.', rf'{NECK}extra_layers.\1.0.conv.'),
    Rename(r'^backbone\.extra\.(\d)\.0\.1\.', rf'{NECK}extra_layers.\1.0.bn.'),
    Rename(
        r'^backbone\.extra\.(\d)\.1\.0\.',
        rf'{NECK}extra_layers.\1.1.depthwise_conv.conv.',
    ),
    Rename(
        r'^backbone\.extra\.(\d)\.1\.1\.',
        rf'{NECK}extra_layers.\1.1.depthwise_conv.bn.',
    ),
    Rename(
        r'^backbone\.extra\.(\d)\.2\.0\.',
        rf'{NECK}extra_layers.\1.1.pointwise_conv.conv.',
    ),
    Rename(
        r'^backbone\.extra\.(\d)\.2\.1\.',
        rf'{NECK}extra_layers.\1.1.pointwise_conv.bn.',
    ),
    *SSD_HEADS,
    Rename(r'(bbox_head\.\w+_convs\.\d+\.0)\.0\.', r'\1.conv.'),
    Rename(r'(bbox_head\.\w+_convs\.\d+\.0)\.1\.', r'\1.bn.'),
]
MOBILENET_FPN = [
    *(
        Rename(rf'^backbone\.body\.{i}\.', f'backbone.body.features.{i}.')
        for i in range(17)
    ),
    *MOBILENET,
    Rename(r'^backbone\.body\.features\.(\d+)\.', rf'{BODY}layer\1.'),
    *LAYERS,
]

# A prefix is no wrapper here: all names of a detector may begin with 'backbone.'.
WRAPPERS = ('module.', 'model.')

register_key_map('torchvision_fasterrcnn', KeyMap([*PYRAMID, *RPN, *ROI], WRAPPERS))
register_key_map(
    'torchvision_fasterrcnn_mobilenet',
    KeyMap([*MOBILENET_FPN, *PYRAMID[1:], *RPN, *ROI], WRAPPERS),
)
register_key_map('torchvision_retinanet', KeyMap([*PYRAMID, *RETINA], WRAPPERS))
register_key_map('torchvision_ssd300', KeyMap(SSD300, WRAPPERS))
register_key_map('torchvision_ssdlite320', KeyMap(SSDLITE, WRAPPERS))
