"""The page in a real browser, where there is one."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import numpy as np
import pytest

from mmlite.report import (
    Change,
    Facts,
    Matrix,
    Picture,
    Pictures,
    Ranking,
    Rankings,
    Run,
    Scalars,
    comparison_page,
    run_page,
)

BROWSER = next(
    filter(None, map(shutil.which, ('chromium', 'chromium-browser', 'google-chrome'))),
    None,
)
needs_browser = pytest.mark.skipif(
    BROWSER is None,
    reason='no chromium, chromium-browser or google-chrome is installed',
)

# Before all other scripts: what goes wrong, and in the end what the page is like.
PROBE = """<script>
var errors = [];
window.addEventListener('error', function (event) { errors.push(event.message); });
window.addEventListener('load', function () {
  var area = document.querySelector('.area');
  var before = document.querySelector('.readout').textContent;
  var box = area.getBoundingClientRect();
  area.dispatchEvent(new PointerEvent('pointermove', { clientX: box.left + 5 }));
  var after = document.querySelector('.readout').textContent;
  var style = getComputedStyle(document.body);
  var note = getComputedStyle(document.querySelector('.note'));
  var sizes = Array.from(document.querySelectorAll('body *'))
    .filter(function (e) { return e.textContent.trim() && e.offsetWidth > 1; })
    .map(function (e) { return parseFloat(getComputedStyle(e).fontSize); });
  var broken = Array.from(document.images)
    .filter(function (i) { return i.complete && !i.naturalWidth; });
  parent.postMessage(JSON.stringify({
    errors: errors, width: window.innerWidth,
    needed: document.documentElement.scrollWidth, back: style.backgroundColor,
    ink: style.color, soft: note.color, smallest: Math.min.apply(null, sizes),
    moved: before !== after, broken: broken.length,
    ranks: Array.from(document.querySelectorAll('.ranking')).map(function (list) {
      return Array.from(list.querySelectorAll('.picture'))
        .map(function (e) { return Math.round(e.getBoundingClientRect().width); });
    })
  }), '*');
});
</script>"""

# A window is never as narrow as a phone, a frame may be.
FRAME = """<!doctype html><title>nothing</title><script>
window.addEventListener('message', function (event) {{ document.title = event.data; }});
</script><iframe src="{}" width="{}" height="900" style="border:0"></iframe>"""


def pages():
    """A page of each kind, with long names and wide tables."""
    many = {f'a_rather_long_name_of_a_metric_{i}/value': float(i) for i in range(12)}
    train = dict(loss=[(i, 1 / i) for i in range(1, 50)], lr=[(1, 0.1), (49, 0.01)])
    val = {name: [(10, 0.1), (40, 0.5)] for name in many}
    picture = Picture.of(np.zeros((64, 256)), 'a caption that is long ' * 4, 'picture')
    names = [f'class_with_a_long_name_{i}' for i in range(30)]
    blocks = [
        Matrix.of('Confusion', 'note', names, np.eye(30, dtype=int)),
        Pictures('Pictures', 'note', [picture] * 5),
        Pictures('Rows', 'note', [picture] * 4, columns=4),
        Rankings('Ranks', 'note', [Ranking(picture, [picture] * 8)]),
        Rankings('Small gallery', 'note', [Ranking(picture, [picture] * 2)]),
    ]
    facts = Facts(
        'train',
        config='configs/' + 'very_long_' * 20 + '.py',
        model='Model',
        metrics=many,
        environment={'a': 'word' * 60},
        changes=[Change('model.' + 'key.' * 30, "'value'" * 20, '')],
        pictures=[block.to_dict() for block in blocks],
    )
    from pathlib import Path

    text = 'a = 1  # ' + 'long ' * 60
    run = Run(Path('work_dirs/' + 'deep_' * 20), Scalars(train, val, 3), facts)
    run.config_text = text
    return dict(run=run_page(run), comparison=comparison_page([run, run]))


@pytest.fixture(scope='module')
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp('pages')
    for name, page in pages().items():
        probed = page.replace('<head>', f'<head>{PROBE}', 1)
        (folder / f'{name}.html').write_text(probed, encoding='utf-8')
    return folder


def brightness(colour: str) -> float:
    """The relative luminance of ``rgb(r, g, b)``, as WCAG has it."""
    channels = [int(c) / 255 for c in re.findall(r'\d+', colour)[:3]]
    linear = [
        c / 12.92 if c <= 0.04 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted(map(brightness, (one, other)))
    return (high + 0.05) / (low + 0.05)


def looked_at(path, width, dark, profile):
    frame = path.with_name(f'{path.stem}_{width}_{dark}.html')
    frame.write_text(FRAME.format(path.name, width))
    command = [
        BROWSER,
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-dev-shm-usage',
        '--allow-file-access-from-files',
        f'--user-data-dir={profile}',
        '--window-size=1500,1000',
        f'--blink-settings=preferredColorScheme={0 if dark else 1}',
        '--virtual-time-budget=2000',
        '--dump-dom',
        frame.as_uri(),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    title = re.search(r'<title>(\{.*?\})</title>', done.stdout)
    assert title, done.stderr[-2000:]
    return json.loads(title[1].replace('&amp;', '&').replace('&quot;', '"'))


@pytest.mark.slow
@needs_browser
@pytest.mark.parametrize('dark', [False, True], ids=['light', 'dark'])
@pytest.mark.parametrize('width', [400, 1400])
@pytest.mark.parametrize('name', ['run', 'comparison'])
def test_it_can_be_read(written, tmp_path, name, width, dark):
    found = looked_at(written / f'{name}.html', width, dark, tmp_path)
    assert found['errors'] == []
    assert found['broken'] == 0
    assert found['width'] == width
    assert found['needed'] <= width  # nothing is beyond the right edge
    assert found['smallest'] >= 12
    assert found['moved']  # the numbers follow the pointer
    assert contrast(found['ink'], found['back']) > 10
    assert contrast(found['soft'], found['back']) > 4.5
    assert (brightness(found['back']) < 0.2) == dark
    if name == 'run' and width == 1400:
        eight, two = found['ranks']
        assert len(eight) == 9 and max(eight) - min(eight) <= 1
        assert len(two) == 3 and max(two) - min(two) <= 1 and two[0] <= 240
