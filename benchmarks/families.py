"""G12 to G16: a line for each family beside classification, over a bare loop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import bare_losses
import torch
from bare import Loop
from clock import ReadyLoader
from protocol import Goal, Line, speed
from recipes import (
    IMAGENET,
    device,
    fast,
    fused,
    on_device,
    ready_runner,
    take_turns_with,
)
from session import ROOT, Session, attempted
from torch import Tensor, nn
from turns import steps_of

from mmlite.config import load_config
from mmlite.registry import FUNCTIONS
from mmlite.structures import DataSample

_GOAL = Goal('>=', 0.95)
_MODELS = ROOT / 'configs/_base_/models'
_DETECTORS = dict(retinanet='RetinaNet', faster_rcnn='Faster R-CNN')


@dataclass
class Family:
    """What is trained, by mmlite and by a bare loop.

    Neither side compiles: what differs is what stands around the network.

    Args:
        id: Of the line.
        what: The network.
        model: Its config.
        optimizer: Config of the optimizer.
        inputs: What mmlite's batch has as inputs, on the device.
        samples: Its annotations, on the CPU as a loader gives them.
        batch: The same for the bare loop, on the device.
        loss: Makes the loss of the bare loop of a model.
        segment: Iterations of a turn.
        unit: What is counted.
        channels_last: Whether kernels have that layout on a GPU.
    """

    id: str
    what: str
    model: dict[str, Any]
    optimizer: dict[str, Any]
    inputs: Any
    samples: list[DataSample]
    batch: tuple[Tensor, ...]
    loss: Callable[[nn.Module], bare_losses.Loss]
    segment: int
    unit: str = 'img'
    channels_last: bool = True

    @property
    def size(self) -> int:
        """Samples in a batch."""
        return len(self.samples)

    def data(self) -> dict[str, Any]:
        """The batch as mmlite's loader gives it."""
        collate = FUNCTIONS.get('default_collate')
        return dict(inputs=self.inputs, data_samples=collate(self.samples))


def over_bare(session: Session, family: Family) -> Iterator[Line]:
    """A training with all hooks, over the bare loop of the same network."""
    steps = (session.rounds + session.warmup) * family.segment
    loader = ReadyLoader([family.data()], steps, family.size)
    layout = dict(channels_last=family.channels_last)
    runner = ready_runner(
        session, family.model, family.optimizer, loader, compile=False, **layout
    )
    net = on_device(runner.model, **layout).train()
    learned = [p for p in net.parameters() if p.requires_grad]
    loop = Loop(family.loss(net), fused(family.optimizer, learned), **fast(None))
    bare = steps_of(lambda: loop.step(*family.batch), family.segment)
    taken = take_turns_with(session, runner, dict(bare=bare), family.segment)
    what = f'{family.what}, batch {family.size}: {family.unit}/s of train.py, over bare'
    yield speed(family.id, what, _GOAL, taken, 'bare', family.size, family.unit)


def _images(*shape: int) -> Tensor:
    return torch.randint(256, shape, generator=_seeded()).byte().to(device())


def _seeded() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def _width(session: Session) -> dict[str, int]:
    """Of a ResNet."""
    return session.size({}, dict(stem_channels=4, base_channels=4))


def _sgd(lr: float) -> dict[str, Any]:
    return dict(type='SGD', lr=lr, momentum=0.9, weight_decay=1e-4)


def moco(session: Session) -> Family:
    """MoCo v2 of a ResNet-50 at 224 pixels."""
    cfg = load_config(_MODELS / 'mocov2_resnet50.py').model
    cfg.data_preprocessor = dict(IMAGENET)
    if session.tiny:
        cfg.queue_len = 6
        cfg.neck.update(in_channels=128, hid_channels=8)
        cfg.backbone.update(_width(session))
    count, side = session.size((128, 224), (4, 32))
    views = _images(2, count, 3, side, side)
    return Family(
        'G12',
        'MoCo v2 of ResNet-50',
        cfg,
        _sgd(0.01),
        list(views),
        [DataSample() for _ in range(count)],
        tuple(views),
        bare_losses.moco,
        segment=session.size(10, 2),
    )


def arcface(session: Session) -> Family:
    """ArcFace of a ResNet-50 at 224 pixels."""
    cfg = load_config(_MODELS / 'arcface_resnet50.py').model
    cfg.data_preprocessor = dict(IMAGENET)
    del cfg.image_encoder[0]['init_cfg']
    if session.tiny:
        cfg.head.in_channels = 128
        cfg.image_encoder[0].update(_width(session))
    count, side = session.size((128, 224), (4, 32))
    images, labels = _images(count, 3, side, side), torch.arange(count)
    gallery = torch.zeros(1, cfg.head.in_channels)  # which training does not search
    return Family(
        'G13',
        'ArcFace of ResNet-50',
        dict(cfg, prototype=gallery),
        _sgd(0.001),
        images,
        [DataSample().set_gt_label(int(label)) for label in labels],
        (images, labels.to(device())),
        bare_losses.arcface,
        segment=session.size(20, 2),
    )


def detector(session: Session, name: str) -> Family:
    """RetinaNet or Faster R-CNN with a ResNet-50 and a feature pyramid, 512 pixels."""
    cfg = load_config(_MODELS / f'{name}_r50_fpn.py').model
    cfg.data_preprocessor = dict(type='DetDataPreprocessor', **IMAGENET)
    # Norms that learn, as there are no weights to start from.
    backbone = cfg.feature_extractor.backbone
    backbone.norm_cfg = dict(type='BN')
    backbone.update(norm_eval=False, frozen_stages=-1, **_width(session))
    if session.tiny:
        cfg.num_classes = 3
    count, side = session.size((8, 512), (2, 64))
    images = _images(count, 3, side, side)
    # (count, 8, 4): of several sizes, all within the image
    corner, extent = torch.rand(2, count, 8, 2, generator=_seeded())
    corner, extent = corner * side / 2, (0.1 + 0.4 * extent) * side
    boxes = torch.cat([corner, corner + extent], dim=2)
    labels = torch.arange(8).expand(count, 8) % cfg.num_classes
    samples = [
        DataSample(
            gt_bboxes=boxes[i],
            gt_bboxes_labels=labels[i],
            metainfo=dict(img_shape=(side, side)),
        )
        for i in range(count)
    ]
    title = _DETECTORS[name]
    return Family(
        'G14',
        f'{title} R50-FPN, {side} px',
        cfg,
        _sgd(0.001),
        images,
        samples,
        (images, boxes.to(device()), labels.to(device())),
        getattr(bare_losses, name),
        segment=session.size(20, 2),
    )


def gaitbase(session: Session) -> Family:
    """GaitBase on 8 x 4 sequences of 30 frames of 64 x 44 pixels."""
    cfg = load_config(_MODELS / 'gaitbase.py').model
    if session.tiny:
        cfg.backbone_cfg.channels = [4, 8, 8, 8]
        cfg.SeparateFCs.update(in_channels=8, out_channels=8)
        cfg.SeparateBNNecks.in_channels = 8
    (people, walks), frames = session.size(((8, 4), 30), ((2, 2), 2))
    sils = (_images(people * walks, frames, 64, 44) > 127).byte() * 255
    labels = torch.arange(people).repeat_interleave(walks)
    known = dict(type='nm-01', view='090')
    return Family(
        'G15',
        f'GaitBase, {frames} frames',
        cfg,
        _sgd(0.01),
        sils,
        [DataSample(metainfo=known).set_gt_label(int(label)) for label in labels],
        (sils, labels.to(device())),
        bare_losses.gaitbase,
        segment=session.size(20, 2),
        unit='walk',
        channels_last=False,
    )


def psmnet(session: Session) -> Family:
    """PSMNet on crops of 256 x 512 pixels."""
    count, height, most = session.size((4, 256, 192), (2, 32, 16))
    left, right = views = _images(2, count, 3, height, 2 * height)
    shares = torch.rand(count, height, 2 * height, generator=_seeded())
    disparity = 1 + shares * (most - 2)
    return Family(
        'G16',
        f'PSMNet, {height} x {2 * height} px',
        dict(
            type='PSMNet',
            max_disp=most,
            data_preprocessor=dict(
                type='StereoDataPreprocessor', **IMAGENET, to_rgb=False
            ),
        ),
        dict(type='Adam', lr=1e-4),
        dict(ref_img=left, tgt_img=right),
        [DataSample(gt_disparity=each) for each in disparity],
        (*views, disparity.to(device())),
        bare_losses.psmnet,
        segment=session.size(6, 2),
        unit='pair',
        channels_last=False,
    )


def self_supervised(session: Session) -> Iterator[Line]:
    """G12: MoCo v2 of a ResNet-50 at 224 pixels."""
    return over_bare(session, moco(session))


def retrieval(session: Session) -> Iterator[Line]:
    """G13: ArcFace of a ResNet-50 at 224 pixels."""
    return over_bare(session, arcface(session))


def detection(session: Session) -> Iterator[Line]:
    """G14: RetinaNet and Faster R-CNN at 512 pixels."""
    for name, title in _DETECTORS.items():
        run = partial(_of_detector, session, name)
        yield from attempted('G14', f'{title} R50-FPN', run)


def _of_detector(session: Session, name: str) -> Iterator[Line]:
    return over_bare(session, detector(session, name))


def gait(session: Session) -> Iterator[Line]:
    """G15: GaitBase on 8 x 4 sequences of 30 frames."""
    return over_bare(session, gaitbase(session))


def stereo(session: Session) -> Iterator[Line]:
    """G16: PSMNet on crops of 256 x 512 pixels."""
    return over_bare(session, psmnet(session))
