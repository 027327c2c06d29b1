"""D4: average precision of COCO over pycocotools."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import numpy as np
from protocol import Goal, Line
from session import Session

from mmlite.evaluation.functional import CocoCurves, Detections, Objects, coco_curves
from mmlite.evaluation.functional.coco_backends import pycocotools_curves

_CLASSES = 80
_THRESHOLDS = tuple(np.linspace(0.5, 0.95, 10))


def _drawn(images: int) -> tuple[Detections, Objects]:
    """About 7 objects and 45 detections an image."""
    rng = np.random.default_rng(9)
    counts = rng.poisson(7, images)
    image = np.repeat(np.arange(images), counts)
    corner = rng.integers(0, 300, (len(image), 2))
    side = rng.integers(4, 160, (len(image), 2))
    box = np.concatenate([corner, corner + side], axis=1).astype(float)
    label = rng.integers(0, _CLASSES, len(image))
    crowd = rng.random(len(image)) < 0.02
    objects = Objects(image, label, box, crowd, side.prod(axis=1).astype(float))
    of = np.repeat(np.arange(len(image)), rng.integers(0, 4, len(image)))
    near = box[of] + rng.integers(-12, 13, (len(of), 4))
    more = 35 * images
    corner = rng.integers(0, 300, (more, 2))
    other = np.concatenate([corner, corner + rng.integers(4, 160, (more, 2))], axis=1)
    found = np.concatenate([near, other]).astype(float)
    found[:, 2:] = np.maximum(found[:, 2:], found[:, :2] + 1)
    images_of = np.concatenate([image[of], rng.integers(0, images, more)])
    labels = np.concatenate([label[of], rng.integers(0, _CLASSES, more)])
    return Detections(images_of, labels, found, rng.random(len(found))), objects


def average_precision(session: Session) -> list[Line]:
    """D4: boxes of 1,000 images and 80 classes."""
    goal = Goal('<=', 1.0)
    count = session.size(1000, 20)
    what = f'average precision of COCO of {count:,} images, over pycocotools'
    try:
        import pycocotools  # noqa: F401
    except ImportError:
        return [Line('D4', what, goal, note='pycocotools absent')]
    detections, objects = _drawn(count)

    def timed(curves_of: Callable[..., CocoCurves]) -> float:
        start = time.perf_counter()
        curves_of(detections, objects, _CLASSES, _THRESHOLDS, (1, 10, 100))
        return time.perf_counter() - start

    rounds = session.compare(
        mmlite=partial(timed, coco_curves),
        pycocotools=partial(timed, pycocotools_curves),
    )
    ratios = rounds.ratio('mmlite', 'pycocotools')
    return [Line('D4', what, goal, ratios, rounds.times, rounds.medians)]
