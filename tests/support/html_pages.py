"""Read an HTML page, and say what is wrong with it."""

from __future__ import annotations

import re
from html.parser import HTMLParser

#: Elements without an end.
_VOID = {'br', 'hr', 'img', 'input', 'link', 'meta', 'path', 'line', 'polyline', 'wbr'}


class Page(HTMLParser):
    """The elements of a page, and its mistakes.

    Attributes:
        elements: Tag and attributes of each.
        text: All text outside of styles and scripts.
        mistakes: Elements that are not closed, pictures without a text, ...
    """

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict]] = []
        self.text = ''
        self.mistakes: list[str] = []
        self._open: list[str] = []
        self.feed(page)
        self.close()
        self.mistakes += [f'<{tag}> is not closed' for tag in self._open]
        self._judge()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if len(dict(attrs)) < len(attrs):
            self.mistakes.append(f'<{tag}> has an attribute twice')
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self._open or self._open.pop() != tag:
            self.mistakes.append(f'</{tag}> closes nothing at {self.getpos()}')

    def handle_data(self, data):
        if not {'style', 'script'} & set(self._open):
            self.text += data

    def all(self, tag: str) -> list[dict]:
        """The attributes of all elements of a tag."""
        return [attrs for name, attrs in self.elements if name == tag]

    def _judge(self) -> None:
        for tag, attrs in self.elements:
            if tag == 'img' and not attrs.get('alt'):
                self.mistakes.append('a picture has no text')
            if tag == 'th' and 'scope' not in attrs:
                self.mistakes.append('a head of a table says not of what')
            for name in ('src', 'href'):
                value = attrs.get(name, '#')
                if not value.startswith(('#', 'data:')):
                    self.mistakes.append(f'{name} leads to {value}')
        ids = [attrs['id'] for _, attrs in self.elements if 'id' in attrs]
        self.mistakes += [f'id {i} twice' for i in set(ids) if ids.count(i) > 1]
        for attrs in self.all('a'):
            if attrs['href'][1:] not in ids:
                self.mistakes.append(f'{attrs["href"]} leads nowhere')
        levels = [int(t[1]) for t, _ in self.elements if re.fullmatch('h[1-6]', t)]
        if levels.count(1) != 1:
            self.mistakes.append(f'{levels.count(1)} first headings')
        for before, after in zip(levels, levels[1:], strict=False):
            if after > before + 1:
                self.mistakes.append(f'a heading {after} follows one of {before}')
