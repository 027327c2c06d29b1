"""Sphinx: the pages are Markdown, the reference is made from the docstrings."""

import importlib
import re
from pathlib import Path

from mmlite.version import __version__

HERE = Path(__file__).parent

project = 'mmlite'
author = 'the mmlite contributors'
release = version = __version__
copyright = author

extensions = ['myst_parser', 'sphinx.ext.autodoc', 'sphinx.ext.napoleon']
source_suffix = {'.md': 'markdown', '.rst': 'restructuredtext'}
exclude_patterns = ['_build']
html_theme = 'furo'
html_title = f'mmlite {__version__}'
html_static_path = []

myst_enable_extensions = ['colon_fence']
myst_heading_anchors = 4

autodoc_typehints = 'signature'
autodoc_class_signature = 'mixed'
autodoc_member_order = 'bysource'
autodoc_default_options = {
    'members': True,
    'show-inheritance': True,
    'ignore-module-all': False,
}
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_custom_sections = [('Override', 'params_style')]

#: Packages whose public names the reference lists, each on a page of its own.
REFERENCE = (
    'mmlite.apis',
    'mmlite.apis.inferencers',
    'mmlite.config',
    'mmlite.datasets',
    'mmlite.datasets.samplers',
    'mmlite.datasets.transforms',
    'mmlite.engine',
    'mmlite.engine.checkpoints',
    'mmlite.engine.hooks',
    'mmlite.engine.loops',
    'mmlite.engine.optimizers',
    'mmlite.engine.schedulers',
    'mmlite.errors',
    'mmlite.evaluation',
    'mmlite.evaluation.functional',
    'mmlite.evaluation.metrics',
    'mmlite.models',
    'mmlite.models.backbones',
    'mmlite.models.classifiers',
    'mmlite.models.data_preprocessors',
    'mmlite.models.detectors',
    'mmlite.models.extractors',
    'mmlite.models.gait',
    'mmlite.models.heads',
    'mmlite.models.layers',
    'mmlite.models.losses',
    'mmlite.models.necks',
    'mmlite.models.retrievers',
    'mmlite.models.selfsup',
    'mmlite.models.stereo',
    'mmlite.models.target_generators',
    'mmlite.models.task_utils',
    'mmlite.ops',
    'mmlite.report',
    'mmlite.structures',
    'mmlite.visualization',
)

_OUTSIDE = re.compile(r'\[([^\]]+)\]\((?:\.\./)[^)]*\)')


def setup(app):
    """Make the pages of the reference, and let the pages be of one site."""
    app.connect('builder-inited', _write_reference)
    # Before napoleon, which knows no section of that name.
    app.connect('autodoc-process-docstring', _shapes_as_lines, priority=400)
    app.connect('source-read', _without_links_outside)


def _write_reference(app):
    """A page for each package: its docstring, and all that it calls public."""
    folder = Path(app.srcdir, 'api')
    folder.mkdir(exist_ok=True)
    for name in REFERENCE:
        module = importlib.import_module(name)
        lines = [
            name,
            '=' * len(name),
            '',
            f'.. automodule:: {name}',
            '   :no-members:',
        ]
        for public in sorted(module.__all__, key=str.lower):
            value = getattr(module, public)
            if _page_of(value) == name:
                kind = 'class' if isinstance(value, type) else 'function'
                lines += ['', f'.. auto{kind}:: {name}.{public}']
        _write(folder / f'{name}.rst', '\n'.join(lines) + '\n')


def _page_of(value):
    """The innermost package of the reference that a class or function lies in."""
    home = getattr(value, '__module__', None) or ''
    return max((n for n in REFERENCE if f'{home}.'.startswith(f'{n}.')), default='')


def _shapes_as_lines(app, what, name, obj, options, lines):
    """Give each shape of the section of that name a line of its own."""
    if 'Shape:' not in lines:
        return
    start = lines.index('Shape:')
    end = start + 1
    while end < len(lines) and (not lines[end] or lines[end].startswith(' ')):
        end += 1
    shapes = []
    for line in filter(None, lines[start + 1 : end]):
        if line.startswith('     ') and shapes:
            shapes[-1] += ' ' + line.strip()
        else:
            shapes.append(f'| {line.strip()}')
    lines[start:end] = ['**Shape**', '', *shapes, '']


def _write(path, text):
    if not path.is_file() or path.read_text(encoding='utf-8') != text:
        path.write_text(text, encoding='utf-8')


def _without_links_outside(app, docname, source):
    """Leave the words of a link to a file of the repository, which a site has not."""
    source[0] = _OUTSIDE.sub(r'\1', source[0])
