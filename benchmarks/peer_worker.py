"""What mmpretrain does, measured in its own environment for ``peer.py``.

Reads one JSON object a line, ``{"name": ..., "arguments": {...}}``, calls the
function of that name, and writes ``{"value": ...}`` or ``{"error": ...}``.
"""

from __future__ import annotations

import functools
import itertools
import json
import os
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

import cv2
import mmpretrain
import mmpretrain.datasets.cifar
import torch
from clock import ReadyLoader
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner, ValLoop
from mmpretrain.registry import DATASETS, MODELS
from mmpretrain.structures import DataSample
from mmpretrain.utils import register_all_modules
from torch import nn
from torch.utils.data import DataLoader
from validations import predict_and_measure, validate

# It accepts only the published files; ours are made up.
mmpretrain.datasets.cifar.check_md5 = lambda path, md5: True
CONFIGS = Path(mmpretrain.__file__).parent / '.mim' / 'configs'


def parameter_counts(folder: str, names: list[str]) -> dict[str, int | str]:
    """Parameters of the models of config files; the reason where it builds none."""
    linspace, counts = torch.linspace, {}
    # The rates of stochastic depth are read from it, which meta tensors do not have.
    torch.linspace = functools.partial(linspace, device='cpu')
    try:
        for name in names:
            counts[name] = _parameter_count(Path(folder) / name)
    finally:
        torch.linspace = linspace
    return counts


def _parameter_count(path: Path) -> int | str:
    try:
        cfg = Config.fromfile(path)
        with torch.device('meta'):
            return sum(p.numel() for p in MODELS.build(cfg.model).parameters())
    except Exception as error:  # some of its files are broken
        traceback.print_exc()
        return f'{type(error).__name__}: {" ".join(str(error).split())[:200]}'


def cifar_config(root: str, batch_size: int, workers: int) -> Config:
    """Its own recipe, on made-up data and without validation."""
    cfg = Config.fromfile(CONFIGS / 'resnet/resnet18_8xb16_cifar10.py')
    loader = cfg.train_dataloader
    loader.update(batch_size=batch_size, num_workers=workers)
    loader.dataset.data_root = root
    cfg.update(val_cfg=None, val_dataloader=None, val_evaluator=None)
    cfg.update(test_cfg=None, test_dataloader=None, test_evaluator=None)
    cfg.work_dir = tempfile.mkdtemp(dir='.')
    cfg.experiment_name = Path(cfg.work_dir).name
    return cfg


@functools.cache
def cifar_loader(root: str, batch_size: int, workers: int) -> tuple[DataLoader, Any]:
    cfg = cifar_config(root, batch_size, workers)
    loader = Runner.build_dataloader(cfg.train_dataloader, seed=0)
    prepare = dict(cfg.data_preprocessor, type='ClsDataPreprocessor')
    return loader, MODELS.build(prepare)


def pipeline(root: str, batch_size: int, workers: int, batches: int) -> float:
    """CPU seconds of this process per image that is ready for the network."""
    loader, prepare = cifar_loader(root, batch_size, workers)
    iterator = iter(loader)
    prepare(next(iterator), training=True)
    start = time.process_time()
    for _ in range(batches):
        prepare(next(iterator), training=True)
    return (time.process_time() - start) / (batches * batch_size)


@MODELS.register_module()
class BenchmarkFlat(nn.Module):
    """Images that already are the scores."""

    def forward(self, inputs: torch.Tensor) -> tuple[torch.Tensor]:
        return (inputs.flatten(1),)


@functools.cache
def ready_loop(images: int, batch_size: int) -> ValLoop:
    """A validation whose batches are ready, and that has run once."""
    model = dict(
        type='ImageClassifier',
        backbone=dict(type='BenchmarkFlat'),
        head=dict(type='ClsHead'),
    )
    samples = [
        dict(
            inputs=torch.randint(256, (10, 1, 1), dtype=torch.uint8),
            data_samples=DataSample().set_gt_label(i % 10),
        )
        for i in range(images)
    ]
    batches = list(DataLoader(samples, batch_size, collate_fn=pseudo_collate))
    loader = ReadyLoader(batches, len(batches), batch_size)
    folder = tempfile.mkdtemp(dir='.')
    runner = Runner(
        model,
        folder,
        val_dataloader=loader,
        val_cfg=dict(),
        val_evaluator=dict(type='Accuracy'),
        default_scope='mmpretrain',
        experiment_name=Path(folder).name,
    )
    runner.val_loop.run()
    return runner.val_loop


def evaluation(images: int, batch_size: int) -> float:
    """CPU seconds per image from a batch to the accuracy, without a network."""
    return predict_and_measure(ready_loop(images, batch_size)) / images


def validation(images: int, batch_size: int) -> float:
    """CPU seconds per image of a whole validation in which the network does nothing."""
    return validate(ready_loop(images, batch_size)) / images


@HOOKS.register_module()
class BenchmarkClock(Hook):
    """Notes when each iteration ends."""

    priority = 'LOWEST'

    def before_train(self, runner: Runner) -> None:
        self.marks = [time.perf_counter()]

    def after_train_iter(self, runner: Runner, *args: Any, **kwargs: Any) -> None:
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        self.marks.append(time.perf_counter())


@functools.cache
def view_dataset(root: str) -> Any:
    """Its own recipe of SimCLR, on the images of a folder."""
    cfg = Config.fromfile(CONFIGS / 'simclr/simclr_resnet50_16xb256-coslr-200e_in1k.py')
    pipeline = cfg.train_dataloader.dataset.pipeline
    (views,) = (step for step in pipeline if step['type'] == 'MultiView')
    for step in views['transforms'][0]:
        if step['type'] == 'RandomApply':  # mmcv's hue fails with numpy 2
            step['transforms'][0]['hue'] = 0.0
    dataset = dict(type='CustomDataset', data_root=root, data_prefix='train')
    return DATASETS.build(dict(dataset, pipeline=pipeline))


def views(root: str) -> float:
    """CPU seconds per image of which two views are made."""
    dataset = view_dataset(root)
    start = time.process_time()
    for i in range(len(dataset)):
        dataset[i]
    return (time.process_time() - start) / len(dataset)


def training(root: str, batch_size: int, workers: int, iterations: int) -> float:
    """Seconds of an iteration.

    On a GPU the mean of the second half, when what workers loaded ahead is used
    up; on a CPU what a fifth of the iterations need less than.
    """
    cfg = cifar_config(root, batch_size, workers)
    cfg.train_cfg = dict(by_epoch=True, max_epochs=1)
    cfg.train_dataloader.num_batch_per_epoch = iterations
    cfg.default_hooks.checkpoint = None
    runner = Runner.from_cfg(cfg)
    clock = BenchmarkClock()
    runner.register_hook(clock)
    runner.train()
    marks = clock.marks[1:]
    if torch.cuda.is_available():
        marks = marks[len(marks) // 2 :]
        return (marks[-1] - marks[0]) / (len(marks) - 1)
    steps = sorted(b - a for a, b in zip(marks, marks[1:], strict=False))
    return steps[len(steps) // 5]


@functools.cache
def _images(dataset: str) -> tuple[Any, Any]:
    """A dataset, and its indices again and again."""
    built = DATASETS.build(json.loads(dataset))
    return built, itertools.cycle(range(len(built)))


def augmented(dataset: dict, images: int) -> list[float]:
    """CPU seconds of each of the next images of a dataset."""
    built, indices = _images(json.dumps(dataset))
    costs = []
    for index in itertools.islice(indices, images):
        start = time.process_time()
        built[index]
        costs.append(time.process_time() - start)
    return costs


FUNCTIONS = dict(
    augmented=augmented,
    pipeline=pipeline,
    evaluation=evaluation,
    validation=validation,
    training=training,
    views=views,
    parameter_counts=parameter_counts,
)


def main() -> None:
    answers = os.fdopen(os.dup(1), 'w')
    os.dup2(2, 1)  # whatever is printed goes to the log
    torch.set_num_threads(int(os.environ.get('OMP_NUM_THREADS', '1')))
    cv2.setNumThreads(0)
    register_all_modules()
    for line in sys.stdin:
        request = json.loads(line)
        try:
            value = FUNCTIONS[request['name']](**request['arguments'])
            answer = dict(value=value)
        except Exception:
            answer = dict(error=traceback.format_exc())
        answers.write(json.dumps(answer) + '\n')
        answers.flush()


if __name__ == '__main__':
    main()
