"""V1 to V4: views, encoders of hidden patches, momentum steps, and exact search."""

from __future__ import annotations

import copy
import importlib.util
import time
from collections.abc import Callable

import bare_losses
import torch
from bare import Loop, fused_sgd
from data import write_jpegs
from memory import output_of
from protocol import Goal, Line
from session import ROOT, Session, quiet
from torch import nn

from mmlite.config import load_config
from mmlite.registry import DATASETS, MODELS, OPTIM_WRAPPERS
from mmlite.structures import DataSample

_SIMCLR = ROOT / 'configs/simclr/simclr_resnet50_16xb256-coslr-200e_in1k.py'


def without_hue(steps: list[dict]) -> list[dict]:
    """The pipeline with no change of hue, which fails in mmcv with numpy 2."""
    for step in steps:
        if isinstance(step, list):
            without_hue(step)
        elif step['type'] == 'ColorJitter':
            step['hue'] = 0.0
        else:
            without_hue(step.get('transforms', []))
    return steps


def views(session: Session) -> list[Line]:
    """V1: JPEG files to two views of 224 pixels as SimCLR makes them."""
    what = 'JPEG 500x375 to two views of SimCLR, img per CPU s, over mmpretrain'
    goal = Goal('>=', 1.5)
    if session.peer is None:
        return [Line('V1', what, goal, note='peer absent')]
    root = session.folder / 'jpegs'
    count = len(write_jpegs(root, session.size(60, 4)))
    pipeline = without_hue(load_config(_SIMCLR).train_dataloader.dataset.pipeline)
    cfg = dict(type='CustomDataset', data_root=str(root), data_prefix='train')
    with quiet():
        dataset = DATASETS.build(dict(cfg, pipeline=pipeline))

    def ours() -> float:
        start = time.process_time()
        for i in range(count):
            dataset[i]
        return (time.process_time() - start) / count

    rounds = session.compare(
        mmlite=ours, mmpretrain=lambda: session.peer.ask('views', root=str(root))
    )
    ratio = rounds.ratio('mmpretrain', 'mmlite')
    return [Line('V1', what, goal, ratio, rounds.rates(), rounds.medians)]


def encoder(session: Session) -> list[Line]:
    """V2: MAE's encoder on a quarter of the patches, over all of them."""
    arch, size = session.size(
        ('base', 224),
        (dict(embed_dims=8, num_layers=1, num_heads=1, feedforward_channels=8), 32),
    )
    vit = MODELS.build(dict(type='MAEViT', arch=arch, img_size=size)).train()
    images = torch.rand(session.size(4, 2), 3, size, size)

    def step(mask: bool | None) -> Callable[[], None]:
        def run() -> None:
            vit.zero_grad(set_to_none=True)  # as a training does
            vit(images, mask=mask)[0].square().mean().backward()

        return run

    rounds = session.compare(quarter=_seconds(step(True)), whole=_seconds(step(None)))
    what = "MAE's ViT-B/16 on 25 % of the patches, forward and backward, over all"
    ratio = rounds.ratio('quarter', 'whole')
    return [Line('V2', what, Goal('<=', 0.35), ratio, figures=rounds.medians)]


def momentum_steps(session: Session) -> list[Line]:
    """V3: training steps of MoCo and BYOL, over bare loops of the same networks."""
    return [_momentum_step(session, name) for name in ('MoCo', 'BYOL')]


def _momentum_step(session: Session, name: str) -> Line:
    width, side, batch = session.size((64, 64, 16), (4, 16, 4))
    neck = dict(type='MoCoV2Neck', in_channels=8 * width, hid_channels=512)
    cfg = dict(
        type=name,
        backbone=dict(type='ResNet', depth=18, base_channels=width),
        neck=dict(neck, out_channels=128),
        data_preprocessor=dict(mean=[127.5] * 3, std=[64.0] * 3),
    )
    if name == 'MoCo':
        cross_entropy = dict(type='CrossEntropyLoss')
        head = dict(type='ContrastiveHead', loss=cross_entropy, temperature=0.2)
        cfg.update(queue_len=session.size(4096, 16), head=head)
    else:
        mlp = dict(neck, in_channels=128, out_channels=128, with_avg_pool=False)
        loss = dict(type='CosineSimilarityLoss')
        cfg['head'] = dict(type='LatentPredictHead', loss=loss, predictor=mlp)
    generator = torch.Generator().manual_seed(0)
    pictures = torch.randint(0, 256, (2, batch, 3, side, side), generator=generator)
    pictures = list(pictures.byte())
    model = MODELS.build(cfg).train()
    wrapper = OPTIM_WRAPPERS.build(
        dict(type='OptimWrapper', optimizer=fused_sgd(_learned(model), 0.01))
    )
    samples = [DataSample() for _ in range(batch)]

    def ours() -> None:
        model.train_step(dict(inputs=pictures, data_samples=samples), wrapper)

    net = copy.deepcopy(model)
    loss = bare_losses.moco(net) if name == 'MoCo' else bare_losses.byol(net)
    loop = Loop(loss, fused_sgd(_learned(net), 0.01))
    bare = _seconds(lambda: loop.step(*pictures))
    rounds = session.compare(mmlite=_seconds(ours), bare=bare)
    what = f'training step of {name} with a ResNet-18, over a bare loop'
    ratio = rounds.ratio('mmlite', 'bare')
    return Line('V3', what, Goal('<=', 1.1), ratio, figures=rounds.medians)


def _learned(model: nn.Module) -> list[nn.Parameter]:
    return [p for p in model.parameters() if p.requires_grad]


_SEARCH = """
import sys, time, torch
torch.set_num_threads(1)
from memory import peak, reset_peak
from mmlite.ops import nearest
side, count = sys.argv[1], int(sys.argv[2])
side, what = side.split('-')
torch.manual_seed(0)
before = reset_peak()
gallery = torch.nn.functional.normalize(torch.randn(count, 512), dim=1)
queries = torch.nn.functional.normalize(torch.randn(1000, 512), dim=1)
nearest(queries[:2], gallery[:100], 10)
if side == 'faiss':
    import faiss
    faiss.omp_set_num_threads(1)
    index = faiss.IndexFlatIP(512)
    index.add(gallery.numpy())
    start = time.process_time()
    index.search(queries.numpy(), 10)
else:
    reset_peak()
    start = time.process_time()
    nearest(queries, gallery, 10)
print(time.process_time() - start if what == 'time' else (peak() - before) / count / 2)
"""


def search(session: Session) -> list[Line]:
    """V4: exact search, over faiss's flat index; the memory of the process."""
    count = session.size(1_000_000, 1_000)
    what = f'1,000 queries in {count:,} x 512, exact'
    goal, memory = Goal('<=', 1.5), Goal('<=', 1.2)
    peak = Line(
        'V4',
        f'{what}: most memory, over the gallery',
        memory,
        [output_of(_SEARCH, 'mmlite-memory', count)],
    )
    time_line = f"{what}: CPU time over faiss's flat index"
    if importlib.util.find_spec('faiss') is None:
        return [Line('V4', time_line, goal, note='faiss absent'), peak]
    rounds = session.compare(
        mmlite=lambda: output_of(_SEARCH, 'mmlite-time', count),
        faiss=lambda: output_of(_SEARCH, 'faiss-time', count),
    )
    ratio = rounds.ratio('mmlite', 'faiss')
    return [Line('V4', time_line, goal, ratio, figures=rounds.medians), peak]


def _seconds(call: Callable[[], object]) -> Callable[[], float]:
    """CPU time, as the machine may have other users."""

    def run() -> float:
        start = time.process_time()
        call()
        return time.process_time() - start

    return run
