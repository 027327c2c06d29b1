"""Take the pictures of reports: python docs/screenshots.py [FOLDER_OF_WORK_DIRS].

Trains a recipe of each task where its work_dir is not there yet, some in fewer epochs
than the recipe has; needs Chromium and Pillow, and half an hour of a CPU core.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from mmlite.apis import report, train

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / 'docs/images'
BROWSERS = ('chromium', 'chromium-browser', 'google-chrome')
_WIDTH, _HEIGHT, _COLOURS = 1000, 6000, 96

#: The recipe of each task, and what is changed in it.
RUNS: dict[str, tuple[str, list[str]]] = {
    'classification': ('resnet18_digits.py', []),
    'detection': ('ssd/ssd_tiny_1xb16-30e_shapes.py', []),
    'gait': ('gait/gaitbase_tiny_1xb32-400i_walkers.py', []),
    'stereo': (
        'stereo/tinystereo_1xb8-40e_scenes.py',
        [
            'train_cfg.max_epochs=15',
            'train_cfg.val_interval=5',
            'param_scheduler.total_steps=360',
        ],
    ),
    'selfsup': ('mae/mae_vit-tiny-p8_1xb128_digits.py', []),
    'retrieval': ('retrieval/arcface_resnet18_1xb64_digits.py', []),
}
#: What of a page is not in the picture of a task: all but its head and its pictures.
_ALONE = (
    'nav, footer, .kind, #pictures > h2, main > section:not(#pictures) '
    '{ display: none } header, main > section { padding-top: 24px }'
)
_TALLEST = 1500  # pixels of such a picture
_TILE, _EDGE = 420, '#d8d8d2'  # of a page in the picture of all


def main(work_dirs: str = 'work_dirs/screenshots') -> None:
    """Train what is missing, and take a picture of each report."""
    for task, (config, overrides) in RUNS.items():
        folder = Path(work_dirs, task)
        if not (folder / 'report.html').is_file():
            train(ROOT / 'configs' / config, overrides, work_dir=folder)
        page = report([folder]).read_text(encoding='utf-8')
        taken = screenshot(page.replace('</style>', f'{_ALONE}</style>', 1))
        save(taken[:_TALLEST], IMAGES / f'report_{task}.png')
        if task == 'classification':
            save(screenshot(page)[:1500], IMAGES / 'report.png')
    save(overview(), IMAGES / 'reports.png')


def overview() -> np.ndarray:
    """The pictures of all tasks side by side, small."""
    tiles = []
    for task in RUNS:
        with Image.open(IMAGES / f'report_{task}.png') as taken:
            page = Image.new(
                'RGB', (_WIDTH, _WIDTH), taken.convert('RGB').getpixel((0, 0))
            )
            page.paste(taken.convert('RGB'))
        tile = page.resize((_TILE, _TILE), Image.Resampling.LANCZOS)
        tiles.append(np.asarray(ImageOps.expand(tile, 1, _EDGE)))
    rows = [np.hstack(tiles[i : i + 3]) for i in range(0, len(tiles), 3)]
    return np.vstack(rows)


def screenshot(page: str) -> np.ndarray:
    """A page as a browser shows it, RGB, without the empty rows below it."""
    browser = next(filter(None, map(shutil.which, BROWSERS)))
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, 'page.html'), Path(folder, 'page.png')
        source.write_text(page, encoding='utf-8')
        command = [
            browser,
            '--headless',
            '--no-sandbox',
            '--disable-gpu',
            '--disable-dev-shm-usage',
            '--hide-scrollbars',
            '--blink-settings=preferredColorScheme=1',
            f'--user-data-dir={folder}/profile',
            f'--window-size={_WIDTH},{_HEIGHT}',
            f'--screenshot={target}',
            source.as_uri(),
        ]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
        image = np.asarray(Image.open(target).convert('RGB'))
    shown = np.flatnonzero((image != image[-1, -1]).any(axis=(1, 2)))
    return image[: shown[-1] + 32]


def save(image: np.ndarray, path: Path) -> None:
    """Write a picture with few colours, which is what makes it small."""
    palette = Image.fromarray(image).quantize(_COLOURS, dither=Image.Dither.NONE)
    palette.save(path, optimize=True)
    print(path, f'{path.stat().st_size // 1024} KB')


if __name__ == '__main__':
    main(*sys.argv[1:])
