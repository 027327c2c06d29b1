"""A page to look at: what a run has done, or several side by side."""

from .blocks import (
    Block,
    Curves,
    Line,
    Matrix,
    Picture,
    Pictures,
    Ranking,
    Rankings,
    Table,
)
from .evidence import Evidence, Origin, as_picture, sample_name, short_name
from .evidence_by_task import evidence_for
from .facts import Change, Facts, write_facts
from .figures import (
    leading,
    lower_is_better,
    measured,
    numbers_in,
    why_unmeasured,
)
from .page import comparison_page, run_page, write_page, write_report
from .runs import Run, read_run, scalars_at
from .scalars import Scalars, read_scalars

__all__ = [
    'Block',
    'Change',
    'Curves',
    'Evidence',
    'Facts',
    'Line',
    'Matrix',
    'Origin',
    'Picture',
    'Pictures',
    'Ranking',
    'Rankings',
    'Run',
    'Scalars',
    'Table',
    'as_picture',
    'comparison_page',
    'evidence_for',
    'leading',
    'lower_is_better',
    'measured',
    'numbers_in',
    'read_run',
    'read_scalars',
    'run_page',
    'sample_name',
    'scalars_at',
    'short_name',
    'why_unmeasured',
    'write_facts',
    'write_page',
    'write_report',
]
