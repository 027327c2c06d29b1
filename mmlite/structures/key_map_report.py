"""What a key map did with the entries of a checkpoint, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ['KeyMapReport', 'part_removed']


@dataclass
class KeyMapReport:
    """What a key map did.

    Args:
        given: Number of entries before.
        made: Number of entries afterwards.
        removed: The prefixes that were removed.
        touched: How many entries each step took, beside the step.
        examples: The first entry that each step took, before and afterwards.
        kept: The entries whose name is as it was.
    """

    given: int
    made: int
    removed: list[str] = field(default_factory=list)
    touched: list[tuple[Any, int]] = field(default_factory=list)
    examples: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)

    @property
    def idle(self) -> list[Any]:
        """The steps that found nothing to do."""
        return [step for step, count in self.touched if not count]

    def note(self, step: Any, count: int, before: Mapping, after: Mapping) -> None:
        """Enter a step.

        Args:
            step: The step.
            count: How many entries it took.
            before: The entries before it.
            after: The entries afterwards.
        """
        self.touched.append((step, count))
        gone = [name for name in before if name not in after]
        new = [name for name in after if name not in before]
        self.examples.append(' -> '.join([*gone[:1], *new[:1]]))

    def __str__(self) -> str:
        lines = [f'{self.given} entries of the checkpoint became {self.made}']
        lines += [f'  without {part_removed(name)}' for name in self.removed]
        for (step, count), example in zip(self.touched, self.examples, strict=True):
            if count:
                words = getattr(step, 'words', f'changed by {type(step).__name__}')
                such = f', e.g. {example}' if example else ''
                lines.append(f'  {count} {words}{such}')
        if self.kept:
            verb = 'keeps its name' if len(self.kept) == 1 else 'keep their names'
            lines.append(f'  {len(self.kept)} {verb}, e.g. {self.kept[0]}')
        return '\n'.join(lines)


def part_removed(name: str) -> str:
    """What was taken away, for a message: a prefix, or an entry.

    Example:
        >>> part_removed('module.'), part_removed('n_averaged')
        ("the prefix 'module.'", "the entry 'n_averaged'")
    """
    return f'the {"prefix" if name.endswith(".") else "entry"} {name!r}'
