"""From a folder to an exported model: the commands of the README, for each task."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from support import tiny_folders
from support.run_page import blocks_of

from mmlite.apis.cli import main

#: Of each line of the README: its data, and what is predicted on.
DATA = {
    'pets': (tiny_folders.class_folders, ['pets/cat/0.png']),
    'boxes': (tiny_folders.coco, ['boxes/val/val_0.jpg']),
    'walks': (tiny_folders.walks, ['walks/000/nm-01/000']),
    'pairs': (tiny_folders.pairs, ['pairs/left/0.png', 'pairs/right/0.png']),
    'photos': (tiny_folders.class_folders, ['photos/cat/0.png']),
}


def commands() -> tuple[list[list[str]], list[list[str]]]:
    """The words of the trainings of the README, and of what follows each of them."""
    page = (Path(__file__).parents[3] / 'README.md').read_text()
    section = page.split('## Your own data')[1].split('\n## ')[0]
    blocks = [block.text for block in blocks_of(section)]
    parsed = [
        [shlex.split(line, comments=True)[1:] for line in text.splitlines()]
        for text in blocks
    ]
    trainings, further = parsed
    return trainings, further


TRAININGS, FURTHER = commands()


def test_a_task_takes_five_commands_at_most():
    assert len(TRAININGS) == 6
    assert {words[words.index('--data') + 1] for words in TRAININGS} == set(DATA)
    assert 1 + len(FURTHER) <= 5


@pytest.mark.slow
@pytest.mark.parametrize('training', TRAININGS, ids=lambda words: ' '.join(words[1:5]))
def test_the_commands_of_the_readme_end_well(training, capsys):
    name = training[training.index('--data') + 1]
    make, inputs = DATA[name]
    make(Path(name))
    assert main([*training, '--epochs', '1']) == 0
    (recipe,) = (p for p in Path('out').glob('*.py') if 'whole' not in p.stem)
    assert f'recipe    {recipe}' in capsys.readouterr().out
    if 'selfsup' not in training:
        assert list(Path('out').glob('best_*.pth'))
    for words in FURTHER:
        here: list[str] = []
        for word in words:
            if word.endswith('.pth'):
                here.append('out/epoch_1.pth')
            elif word.endswith('.py'):
                here.append(str(recipe))
            elif word.endswith('.jpg'):
                here += inputs
            else:
                here.append(word)
        if words[0] == 'export':
            pytest.importorskip('onnxruntime')
        assert main(here) == 0, here
    assert list(Path('drawn').iterdir())
    assert Path('pets.onnx').stat().st_size > 1000
