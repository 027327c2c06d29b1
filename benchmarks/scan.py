"""C13: find the images of a folder of 200 classes of 1,000 files."""

from __future__ import annotations

import os
from pathlib import Path

from protocol import Goal, Line, timed
from session import Session

from mmlite.datasets.folders import IMAGE_EXTENSIONS
from mmlite.registry import DATASETS


def scan(session: Session) -> list[Line]:
    """C13: a dataset of class folders, over a list of what os.walk finds."""
    classes, files = session.size(200, 2), session.size(1000, 3)
    root = session.folder / 'classes'
    _make_files(root, classes, files)
    cfg = dict(type='CustomDataset', data_root=str(root))
    assert len(DATASETS.build(cfg)) == len(_walk(root)) == classes * files
    rounds = session.compare(
        mmlite=timed(lambda: DATASETS.build(cfg)), walk=timed(lambda: _walk(root))
    )
    what = f'find {classes * files:,} files in class folders, over os.walk'
    ratio = rounds.ratio('mmlite', 'walk')
    return [Line('C13', what, Goal('<=', 1.5), ratio, rounds.times, rounds.medians)]


def _make_files(root: Path, classes: int, files: int) -> None:
    for label in range(classes):
        folder = root / f'n{label:08d}'
        folder.mkdir(parents=True)
        for i in range(files):
            (folder / f'{folder.name}_{i}.JPEG').touch()


def _walk(root: Path) -> list[tuple[str, int]]:
    """Paths with labels, as torchvision's ImageFolder finds them."""
    samples = []
    names = sorted(entry.name for entry in os.scandir(root) if entry.is_dir())
    for label, name in enumerate(names):
        for place, _, files in sorted(os.walk(root / name, followlinks=True)):
            for file in sorted(files):
                if file.lower().endswith(IMAGE_EXTENSIONS):
                    samples.append((os.path.join(place, file), label))
    return samples
