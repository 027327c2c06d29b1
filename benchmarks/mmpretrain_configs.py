"""How many configs of mmpretrain run here: python mmpretrain_configs.py FOLDER.

FOLDER holds config files in one folder a family, e.g. ``mmpretrain/.mim/configs``
of the peer's wheel. Of each is said whether it parses, passes the check, builds
(on the meta device, with how many parameters), trains one step and predicts once
on two random images. Pretrained weights are left out. Images are small where the
network takes any size, and models that are large are trained on the meta device,
which shows that the step can be done, but not its numbers.

With ``--peer`` the counts of parameters are compared, and what mmpretrain itself
cannot build is counted as broken there, with its reason, whether it runs here or not.
``--json`` is written as it goes: what it holds already is not looked at again, so that
a run that was stopped goes on.
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import io
import json
import logging
import sys
import tempfile
import warnings
from collections import defaultdict
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from peer import Peer
from pretraining_configs import step_on_noise
from torch import nn

from mmlite.config import check_config, dataset_of, load_config
from mmlite.config.image_sizes import size_left_by
from mmlite.registry import MODELS, OPTIM_WRAPPER_CONSTRUCTORS
from mmlite.signature import arguments_of
from mmlite.structures import DataSample

# Sizes of CLIP ViT-B/16, whose file is the target of some pre-trainings.
CLIP = dict(grid=14, patch_size=16, width=768, layers=12, heads=12, output_dim=512)
STEPS = ('parses', 'check', 'builds', 'count', 'trains', 'predicts')
SMALL = 96  # pixels
_SIZES = ('img_size', 'input_size', 'resolution', 'pretrain_img_size')
# Networks whose weights fit one size of image, which no argument states.
_KNOWN = dict(
    AlexNet=224, EfficientFormer=224, LeNet5=32, PyramidVig=224, VGG=224, Vig=224
)


def files_in(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.rglob('*.py')
        if not any(part.startswith('_') for part in path.relative_to(folder).parts)
    )


def without_weights(cfg: Any) -> Any:
    """The config, without what would load a file."""
    if isinstance(cfg, Mapping):
        for key in [k for k, v in cfg.items() if _is_pretrained(v)]:
            cfg[key] = None
        for value in cfg.values():
            without_weights(value)
        if 'pretrained' in cfg:
            cfg['pretrained'] = None
        if cfg.pop('tokenizer_path', None) is not None:
            cfg['arch'] = CLIP  # what the file holds
    elif isinstance(cfg, list):
        cfg[:] = [value for value in cfg if not _is_pretrained(value)]
        for value in cfg:
            without_weights(value)
    return cfg


def _is_pretrained(value: Any) -> bool:
    return isinstance(value, Mapping) and value.get('type') == 'Pretrained'


def model_config(cfg: Config) -> dict:
    model = copy.deepcopy(cfg.model)
    if cfg.get('data_preprocessor') is not None:
        model.setdefault('data_preprocessor', copy.deepcopy(cfg.data_preprocessor))
    return without_weights(model)


def image_size(cfg: Config) -> int:
    """Pixels of an image: small, but where the network knows its size."""
    backbone = cfg.model.get('backbone') or {}
    kind = MODELS.get(backbone.get('type', '')) if backbone else None
    taken = arguments_of(kind).kinds if kind else {}
    for name in _SIZES:
        size = backbone.get(name)
        if size is not None:
            return size if isinstance(size, int) else size[0]
    if backbone.get('type') in _KNOWN:
        return _KNOWN[backbone['type']]
    size = _cropped(cfg)
    return size if any(name in taken for name in _SIZES) else min(size, SMALL)


def _cropped(cfg: Config) -> int:
    size = size_left_by(dataset_of(cfg, 'test').get('pipeline')) or 224
    return size if isinstance(size, int) else size[0]


def random_batch(cfg: Config, model: nn.Module) -> dict[str, list]:
    size = image_size(cfg)
    channels = 1 if (cfg.model.get('backbone') or {}).get('type') == 'LeNet5' else 3
    classes = getattr(model.head, 'num_classes', None)
    if classes is None:
        classes = (cfg.model.get('backbone') or {}).get('num_classes') or 10
    samples = []
    for label in range(2):
        sample = DataSample().set_gt_label(label % classes)
        if 'MultiLabel' in type(model.head).__name__ and hasattr(model.head, 'thr'):
            sample.set_gt_score(
                torch.nn.functional.one_hot(torch.tensor(label), classes)
            )
        samples.append(sample)
    images = torch.randint(0, 256, (2, channels, size, size), dtype=torch.uint8)
    return dict(inputs=list(images), data_samples=samples)


def train_step(cfg: Config, model: nn.Module, batch: dict[str, list]) -> None:
    wrapper = copy.deepcopy(
        cfg.get('optim_wrapper') or dict(optimizer=dict(type='SGD', lr=0.1))
    )
    wrapper['type'] = 'OptimWrapper'  # mixed precision is the GPU's
    wrapper.pop('loss_scale', None)
    wrapper.pop('dtype', None)
    constructor = wrapper.pop('constructor', 'DefaultOptimWrapperConstructor')
    build = OPTIM_WRAPPER_CONSTRUCTORS.build(
        dict(
            type=constructor,
            optim_wrapper_cfg=wrapper,
            paramwise_cfg=wrapper.pop('paramwise_cfg', None),
        )
    )
    model.train()
    model.train_step(copy.deepcopy(batch), build(model))


def on_meta(model: nn.Module, batch: dict[str, list]) -> None:
    """The loss, its gradient and the raw output, in shapes alone."""
    size = batch['inputs'][0].shape
    images = torch.empty(2, *size, device='meta')
    head = model.head
    logits = model.train()(images)
    if head is not None and isinstance(logits, torch.Tensor):
        logits.sum().backward()


class Report(dict):
    """What was found of one config; ``why`` is the first failure."""

    def step(self, name: str) -> Any:
        return _Step(self, name)

    @property
    def passed(self) -> bool:
        return all(self.get(name, True) for name in STEPS)

    @property
    def verdict(self) -> str:
        broken = 'BROKEN' if 'broken' in self else 'FAILS'
        return 'ok' if self.passed else broken


class _Step(contextlib.AbstractContextManager):
    def __init__(self, report: Report, name: str) -> None:
        self.report, self.name = report, name

    def __exit__(self, kind: Any, error: Any, trace: Any) -> bool:
        self.report[self.name] = error is None
        if error is not None:
            text = ' '.join(str(error).split())
            self.report.setdefault('why', f'{self.name}: {kind.__name__}: {text[:300]}')
        return error is None or isinstance(error, Exception)


def look_at(path: Path, count: int | str | None, largest: int) -> Report:
    """Go through the steps as far as they can be done.

    Args:
        path: The config.
        count: Parameters of the peer's model, or why it has none.
        largest: Parameters of a model that is trained in memory.
    """
    report = Report()
    if isinstance(count, str):
        report['broken'] = count
    init_default_scope('mmlite')
    with report.step('parses'):
        cfg = load_config(path)
    if not report['parses']:
        return report
    without_weights(cfg.model)
    report['type'] = cfg.model.get('type')
    with report.step('check'):
        if problems := check_config(cfg, build_model=False):
            raise ValueError('; '.join(str(problem) for problem in problems))
    with report.step('builds'), torch.device('meta'):
        model = MODELS.build(model_config(cfg))
        report['parameters'] = sum(p.numel() for p in model.parameters())
    if not report['builds']:
        return report
    if isinstance(count, int):
        with report.step('count'):
            if count != report['parameters']:
                raise ValueError(
                    f'{report["parameters"]} parameters, the peer has {count}'
                )
    if report['type'] == 'ImageClassifier':
        _run(report, cfg, model, largest)
    elif cfg.get('train_dataloader') is not None:
        del model
        with report.step('trains'):
            small = model_config(cfg)
            if 'prototype' in small:  # its images are not here
                small['prototype'] = torch.zeros(1, 1)
            step_on_noise(cfg, MODELS.build(small), largest, train_step)
    return report


def _run(report: Report, cfg: Config, model: nn.Module, largest: int) -> None:
    torch.manual_seed(0)
    if report['parameters'] > largest:
        report['on_meta'] = True
        with report.step('trains'):
            on_meta(model, random_batch(cfg, model))
        return
    model = MODELS.build(model_config(cfg))
    batch = random_batch(cfg, model)
    if model.head is not None:
        with report.step('trains'):
            train_step(cfg, model, batch)
    with report.step('predicts'), torch.no_grad():
        model.eval()
        if model.head is None:
            model(model.data_preprocessor(copy.deepcopy(batch))['inputs'])
        elif len(model.test_step(copy.deepcopy(batch))) != 2:
            raise ValueError('not one prediction an image')


def _quietly(*args: Any) -> Report:
    warnings.simplefilter('ignore')
    logging.disable(logging.WARNING)
    torch.set_num_threads(1)
    with contextlib.redirect_stdout(io.StringIO()):
        return look_at(*args)


def reports(
    files: Mapping[str, Path], counts: Mapping[str, int | str], options: Any
) -> Iterator[tuple[str, Report]]:
    with ProcessPoolExecutor(options.jobs) as pool:
        jobs = {
            name: pool.submit(_quietly, path, counts.get(name), options.largest)
            for name, path in files.items()
        }
        for name, job in jobs.items():
            yield name, job.result()


def print_totals(found: Mapping[str, Report]) -> None:
    families = defaultdict(list)
    for name, report in found.items():
        families[name.split('/')[0]].append(report)
    print(
        f'\n{"family":24} {"files":>5} {"good":>5} {"broken":>6} '
        + ' '.join(f'{s:>8}' for s in STEPS)
    )
    for family, members in [*families.items(), ('total', list(found.values()))]:
        done = (sum(bool(m.get(step)) for m in members) for step in STEPS)
        good = sum(m.passed for m in members)
        broken = sum('broken' in m for m in members)
        print(
            f'{family:24} {len(members):5} {good:5} {broken:6} '
            + ' '.join(f'{n:8}' for n in done)
        )


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('folder', type=Path, help='of config files')
    parser.add_argument('--only', default='', help='families, with commas between them')
    parser.add_argument('--all', action='store_true', help='not only classifiers')
    parser.add_argument(
        '--others', action='store_true', help='only what is no classifier'
    )
    parser.add_argument('--peer', help="the peer's python, to compare parameter counts")
    parser.add_argument('--counts', type=Path, help='JSON of parameter counts by file')
    parser.add_argument('--json', type=Path, help='what was found, written as it goes')
    parser.add_argument('--jobs', type=int, default=1, help='processes')
    parser.add_argument(
        '--largest',
        type=int,
        default=60_000_000,
        help='parameters of a model that is trained in memory',
    )
    return parser


def is_classifier(path: Path) -> bool:
    """Whether the model is one, or the config cannot be read."""
    try:
        return load_config(path).model.get('type') == 'ImageClassifier'
    except Exception as error:  # the report says why
        return 'names a config of the package' not in str(error)


def main(words: list[str] | None = None) -> int:
    options = arguments().parse_args(words)
    folder = options.folder.resolve()
    files = files_in(folder)
    if options.only:
        wanted = options.only.split(',')
        files = [f for f in files if f.relative_to(folder).parts[0] in wanted]
    if not options.all:
        files = [f for f in files if is_classifier(f) != options.others]
    named = {path.relative_to(folder).as_posix(): path for path in files}
    found = {}
    if options.json and options.json.exists():
        known = json.loads(options.json.read_text())
        found = {name: Report(known[name]) for name in named if name in known}
    left = {name: path for name, path in named.items() if name not in found}
    counts = json.loads(options.counts.read_text()) if options.counts else {}
    if options.peer and left:
        with Peer(options.peer, Path(tempfile.mkdtemp())) as peer:
            counts = peer.ask('parameter_counts', folder=str(folder), names=[*left])
    for name, report in reports(left, counts, options):
        found[name] = report
        print(
            f'{report.verdict:6}',
            name,
            report.get('parameters', ''),
            report.get('why', ''),
            report.get('broken', ''),
            flush=True,
        )
        if options.json:
            options.json.write_text(json.dumps(found, indent=1))
    print_totals(found)
    return 0 if all(report.verdict != 'FAILS' for report in found.values()) else 1


if __name__ == '__main__':
    sys.exit(main())
