"""The page of models is what its script makes of the cards."""

import runpy
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_page_is_up_to_date():
    script = runpy.run_path(str(ROOT / 'docs/model_zoo.py'))
    assert script['page']() == (ROOT / 'docs/model_zoo.md').read_text(encoding='utf-8')
