"""G4: the whole recipe of airbench94, seconds and accuracy."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple

from data import write_cifar10
from mmengine.config import Config
from mmengine.hooks import Hook
from protocol import Goal, Line
from recipes import GRAPHS, Cifar, forget_compiled, on_gpu
from session import ROOT, Session, attempted, quiet
from turns import now

from mmlite.apis import prepare_training, test
from mmlite.engine import Runner

_RECIPE = ROOT / 'configs/airbench/airbench94_cifar10.py'
#: Of airbench94_muon.py on an A100 of 400 W, torch 2.4.1: what its README states. Its
#: clock runs from the whitening to the last step, and through a last test with six
#: views; ours has a validation of one view, and the checkpoint, in their place.
PUBLISHED, PUBLISHED_ACCURACY = 2.59, 94.0


class _Start(Hook):
    """Notes when a training begins, ahead of the whitening."""

    priority = 'HIGHEST'

    def before_train(self, runner: Runner) -> None:
        self.time = now()


class Run(NamedTuple):
    """What a run took, in seconds.

    Args:
        training: From the whitening to the last validation and checkpoint.
        whole: With the data and the model brought to the GPU.
        top1: Accuracy in % with six views; None without the real data.
        compiled: How many graphs were compiled in it.
    """

    training: float
    whole: float
    top1: float | None
    compiled: int


def config(session: Session, root: str, compile: dict[str, Any]) -> Config:
    """The recipe on the data of a folder; on a GPU also compiled, and in bfloat16."""
    splits = ('train', 'val', 'test')
    small = (
        'train_dataloader.batch_size=8',
        'train_cfg.max_epochs=4',
        'train_cfg.val_interval=4',
        'default_hooks.checkpoint.interval=4',
        'model.backbone.widths=[8,8,8]',
        'model.head.in_channels=8',
        'custom_hooks.0.num_images=16',
        'test_dataloader.num_workers=0',
    )
    with quiet():
        return prepare_training(
            _RECIPE,
            [
                *(f'{split}_dataloader.dataset.data_root={root}' for split in splits),
                f'+compile={compile or True}',
                *session.size((), small),
            ],
            work_dir=session.new_folder('airbench'),
            amp=on_gpu(),
        )


def run(session: Session, root: str, compile: dict[str, Any], views: bool) -> Run:
    """Train once; with ``views`` test as airbench does."""
    cfg, start = config(session, root, compile), _Start()
    before, begin = _graphs(), now()
    with quiet():
        runner = Runner.from_cfg(cfg)
        runner.register_hook(start)
        runner.train()
    end = now()
    top1 = None
    if views:
        with quiet():
            top1 = test(runner.work_dir, tta=True)['accuracy/top1']
    return Run(end - start.time, end - begin, top1, _graphs() - before)


def _graphs() -> int:
    """How many graphs torch has compiled so far."""
    from torch._dynamo.utils import counters  # takes a second to import

    return counters['stats']['unique_graphs']


def airbench(session: Session) -> Iterator[Line]:
    """G4: airbench94, seconds of the whole recipe."""
    for how, compile in (('', {}), (', CUDA graphs', GRAPHS)):
        what = f'airbench94: seconds of a run, over the {PUBLISHED} of an A100{how}'
        yield from attempted('G4', what, partial(_lines, session, what, compile))


def _lines(session: Session, what: str, compile: dict[str, Any]) -> Iterator[Line]:
    images = Cifar.images_per_file(session)
    made_up = partial(write_cifar10, session.folder / 'cifar10', images)
    root = session.cifar10 or made_up()
    measure = partial(run, session, root, compile)
    forget_compiled()
    first = measure(views=False)
    views = session.cifar10 is not None
    runs = [measure(views=views) for _ in range(session.rounds)]
    seconds = sorted(each.training for each in runs)[len(runs) // 2]
    whole = sorted(each.whole for each in runs)[len(runs) // 2]
    yield Line(
        'G4',
        what,
        Goal('<=', 1.1),
        [each.training / PUBLISHED for each in runs],
        f'{seconds:.2f} s, with data and model {whole:.2f} s, the first run '
        f'{first.whole:.1f} s; {sum(each.compiled for each in runs)} graphs compiled',
        dict(seconds=seconds, whole=whole, first=first.whole),
    )
    if views:
        accuracies = [each.top1 for each in runs]
        text = f'airbench94: top-1 in % with six views, {len(runs)} runs'
        yield Line('G4', text, Goal('>=', PUBLISHED_ACCURACY - 0.1), accuracies)
