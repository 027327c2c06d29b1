"""The runner of the pages notices what is wrong with one."""

from __future__ import annotations

import pytest
from support.run_page import blocks_of, is_like, run_block, run_page


def write(tmp_path, text):
    page = tmp_path / 'page.md'
    page.write_text(text)
    return page


def test_blocks_carry_their_notes():
    page = (
        'text\n\n<!-- not run: needs a cluster -->\n```bash\nls\n```\n\n'
        '<!-- run with: -v -->\nmore text\n\n```python\n# my/part.py\nx = 1\n```\n'
    )
    first, second = blocks_of(page)
    assert first[:3] == (4, 'bash', 'ls\n')
    assert first.notes == {'not run': 'needs a cluster'}
    assert second.notes == {}
    assert (first.file, second.file) == (None, 'my/part.py')


def test_python_blocks_share_a_namespace(tmp_path):
    page = write(
        tmp_path,
        '```python\nx = 1\n```\n```python\nassert x == 1\nopen("out", "w").close()\n'
        '```\n<!-- not run: it would fail -->\n```python\n1 / 0\n```\n',
    )
    run_page(page)
    assert (tmp_path / 'out').exists()


def test_a_failing_block_is_named(tmp_path, capsys):
    page = write(tmp_path, 'text\n```python\n1 / 0\n```\n')
    with pytest.raises(SystemExit, match=r'page\.md:2: this python block failed'):
        run_page(page)
    assert 'line 3' in capsys.readouterr().err


@pytest.mark.parametrize(
    'text',
    [
        '```bash\nfalse\n```\n',
        '```bash\nmmlite train absent.py\n```\n',
        '```console\n$ echo one\ntwo\n```\n',
        '```yaml\na: 1\n```\n',
    ],
)
def test_a_wrong_block_fails(tmp_path, text):
    (block,) = blocks_of(text)
    with pytest.raises((AssertionError, ValueError)):
        run_block(block, tmp_path, {})


@pytest.mark.parametrize(
    ('wanted', 'output'),
    [
        ('one ... three', 'one two three'),
        ('a\n...\nb', 'a\nb'),
        ('a\n...\nb', 'a\nx\ny\nb'),
        ('a   b', 'a b\n\n'),
        ('...', ''),
    ],
)
def test_output_may_be_shortened(wanted, output):
    assert is_like(output, wanted)


@pytest.mark.parametrize(
    ('wanted', 'output'), [('a', 'a\nb'), ('a ... c', 'a\nc'), ('a', ''), ('1', '2')]
)
def test_output_must_be_all_there(wanted, output):
    assert not is_like(output, wanted)


def test_commands_may_be_continued(tmp_path):
    (block,) = blocks_of('```console\n$ echo a \\\n    b\na b\n```\n')
    run_block(block, tmp_path, {})


def test_words_are_added_to_save_time(tmp_path):
    (block,) = blocks_of(
        '<!-- run with: two -->\n```console\n$ echo one\none two\n```\n'
    )
    run_block(block, tmp_path, {})


def test_numbers_may_differ_where_the_page_says_so(tmp_path):
    text = (
        '<!-- numbers differ: a slower machine -->\n'
        '```console\n$ echo 12 of 1e-3 {}\n3 of 0.5 s\n```\n'
    )
    (right,) = blocks_of(text.format('s'))
    run_block(right, tmp_path, {})
    (wrong,) = blocks_of(text.format('min'))
    with pytest.raises(AssertionError):
        run_block(wrong, tmp_path, {})
