"""Whether a classifier decides by shape or by texture."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import Any, NamedTuple

import torch
from mmengine.dist import is_main_process
from torch import Tensor

from ...errors import DataError
from ...registry import METRICS
from .base import Sample, scores_of
from .sample_metric import SampleMetric

#: The classes of ImageNet-1k in each of the 16 categories, as ranges.
_RANGES: dict[str, tuple[tuple[int, int], ...]] = dict(
    airplane=((404, 404),),
    bear=((294, 297),),
    bicycle=((444, 444), (671, 671)),
    bird=(
        *((8, 8), (10, 16), (18, 20), (22, 24), (80, 83)),
        *((87, 96), (98, 100), (127, 133), (135, 145)),
    ),
    boat=((472, 472), (554, 554), (625, 625), (814, 814), (914, 914)),
    bottle=((440, 440), (720, 720), (737, 737), (898, 899), (901, 901), (907, 907)),
    car=((436, 436), (511, 511), (817, 817)),
    cat=((281, 286),),
    chair=((423, 423), (559, 559), (765, 765), (857, 857)),
    clock=((409, 409), (530, 530), (892, 892)),
    dog=(
        *((152, 191), (193, 203), (205, 226), (228, 241), (243, 250)),
        *((252, 257), (259, 259), (261, 263), (265, 268)),
    ),
    elephant=((385, 386),),
    keyboard=((508, 508), (878, 878)),
    knife=((499, 499),),
    oven=((766, 766),),
    truck=(
        *((555, 555), (569, 569), (656, 656), (675, 675), (717, 717)),
        *((734, 734), (864, 864), (867, 867)),
    ),
)
CATEGORIES: dict[str, list[int]] = {
    name: [index for low, high in ranges for index in range(low, high + 1)]
    for name, ranges in _RANGES.items()
}

_NUM_CLASSES = 1000
_HEADER = (
    *('subj', 'session', 'trial', 'rt', 'object_response'),
    *('category', 'condition', 'imagename'),
)


class _Trial(NamedTuple):
    """One image.

    Args:
        response: The predicted category.
        category: The category of its shape.
        name: The name of the file.
    """

    response: str
    category: str
    name: str


@METRICS.register_module()
class ShapeBiasMetric(SampleMetric):
    """Accuracy on ``cue_conflict`` images, and a CSV file of all responses.

    The images have the shape of one category and the texture of another. The score of
    a category is the mean score of its classes in ImageNet-1k; an image is right if the
    best category is that of its shape, which is the name of its folder.

    Paper: ImageNet-trained CNNs are biased towards texture; increasing shape bias
    improves accuracy and robustness, https://arxiv.org/abs/1811.12231. The file has the
    columns of its toolbox ``model-vs-human``, which draws the curves. It is written by
    the main process at the end of every evaluation; mmpretrain appends to it instead.

    It reads ``pred_score`` of the 1000 classes and ``img_path`` of the data samples.
    The result ``accuracy/top1`` is a fraction, as in mmpretrain, not a percentage.

    Args:
        csv_dir: Folder of the file.
        model_name: Name of the model; the file is
            ``{dataset_name}_{model_name}_session-1.csv``.
        dataset_name: Name of the dataset.
        collect_device: See :class:`~mmlite.evaluation.SampleMetric`.
        prefix: Stands before the name of the result, instead of ``accuracy``.

    Raises:
        DataError: when processing, if a sample has no scores of the classes of
            ImageNet-1k, or does not name its file.

    Example:
        >>> from mmlite.structures import DataSample
        >>> metric = ShapeBiasMetric('responses', 'resnet50')
        >>> sample = DataSample(metainfo=dict(img_path='cat/cat1-dog2.png'))
        >>> metric.process(None, [sample.set_pred_score(torch.eye(1000)[281])])
        >>> metric.evaluate(1)
        {'accuracy/top1': 1.0}
    """

    default_prefix = 'accuracy'

    def __init__(
        self,
        csv_dir: str,
        model_name: str,
        dataset_name: str = 'cue_conflict',
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.csv_dir = csv_dir
        self.model_name = model_name
        self.dataset_name = dataset_name

    @property
    def csv_path(self) -> Path:
        """The file of the responses."""
        return Path(
            self.csv_dir, f'{self.dataset_name}_{self.model_name}_session-1.csv'
        )

    def objects(self, data_samples: Sequence[Sample]) -> list[_Trial]:
        """The response to each image."""
        responses = _responses(scores_of(data_samples, 'pred_score'))
        trials = []
        for response, sample in zip(responses, data_samples, strict=True):
            path = sample.get('img_path')
            if not path:
                raise DataError(
                    'ShapeBiasMetric: a sample has no img_path, whose folder names the '
                    "category; keep 'img_path' in meta_keys of PackInputs"
                )
            file = PurePath(path)
            trials.append(_Trial(response, file.parent.name, file.name))
        return trials

    def compute_metrics(self, results: list[_Trial]) -> dict[str, float]:
        """The accuracy; the main process writes the file."""
        if is_main_process():
            self._write(results)
        right = sum(trial.response == trial.category for trial in results)
        return dict(top1=right / len(results))

    def result_names(self) -> list[str]:
        """The accuracy alone."""
        return ['top1']

    def _write(self, trials: Sequence[_Trial]) -> None:
        self.csv_path.parent.mkdir(parents=True, exist_ok=True)
        with self.csv_path.open('w', newline='', encoding='utf-8') as file:
            writer = csv.writer(file)
            writer.writerow(_HEADER)
            for number, (response, category, name) in enumerate(trials, 1):
                known = [self.model_name, 1, number, 'NaN', response, category]
                writer.writerow([*known, 'NaN', name])


def _responses(scores: Tensor | None) -> list[str]:
    """The best category of each image."""
    if scores is None or scores.ndim != 2 or scores.size(1) != _NUM_CLASSES:
        came = 'none' if scores is None else f'those of {scores.size(-1)} classes'
        raise DataError(
            'ShapeBiasMetric: expected pred_score with the scores of the '
            f'{_NUM_CLASSES} classes of ImageNet-1k, got {came}'
        )
    scores = scores.float().cpu()
    means: list[Any] = [scores[:, list(at)].mean(dim=1) for at in CATEGORIES.values()]
    best = torch.stack(means, dim=1).argmax(dim=1)
    names = list(CATEGORIES)
    return [names[place] for place in best.tolist()]
