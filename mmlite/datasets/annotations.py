"""Read annotation files and lists of classes, and check their content."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import DataError, DataNotFoundError, did_you_mean
from ..structures.class_lists import checked_names, names_of_categories, shortened
from .label_map import label_map_names

__all__ = [
    'LARGEST_LABEL',
    'check_samples',
    'class_names',
    'classes_of',
    'file_exists',
    'is_difficult',
    'names_in',
    'parsed_samples',
    'place_of',
    'read_annotations',
    'read_data',
    'read_text',
    'read_xml',
]

#: Labels become 64-bit integers, and counts of classes tensors of that size.
LARGEST_LABEL = 2**31 - 1
_YAML = ('.yaml', '.yml')


def file_exists(path: str | Path) -> bool:
    """Whether there is a file of that name.

    Raises:
        DataError: if no file can be named so.
    """
    try:
        return Path(path).is_file()
    except (OSError, ValueError) as error:  # too long, or with a null character
        raise DataError(
            f'{shortened(str(path))} is not the name of a file: {error}'
        ) from error


def read_text(path: str | Path) -> str:
    """The text of a UTF-8 file, without a byte order mark.

    Raises:
        DataNotFoundError: if there is no such file.
        DataError: if it is no text, or cannot be read.
    """
    if not file_exists(path):
        raise DataNotFoundError(f'{path} does not exist')
    try:
        return Path(path).read_text(encoding='utf-8-sig')
    except UnicodeDecodeError as error:
        raise DataError(
            f'{path} is not UTF-8 text: byte {error.start} is '
            f'0x{error.object[error.start]:02x}; save it as UTF-8'
        ) from error
    except OSError as error:
        raise DataError(f'cannot read {path}: {error.strerror or error}') from error


def read_data(path: str | Path) -> Any:
    """What a JSON or YAML file holds.

    Raises:
        DataNotFoundError: if there is no such file.
        DataError: if it cannot be parsed, with the line.
    """
    text = read_text(path)
    try:
        if Path(path).suffix.lower() in _YAML:
            return _from_yaml(text, path)
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise DataError(
            f'{path}:{error.lineno}: not valid JSON: {error.msg}'
        ) from error
    except RecursionError as error:
        raise DataError(f'{path} is nested too deep to be annotations') from error
    except (ValueError, OverflowError) as error:  # e.g. an integer of 5,000 digits
        reason = str(error).partition(';')[0]
        raise DataError(f'{path} cannot be read: {reason}') from error


def _from_yaml(text: str, path: str | Path) -> Any:
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, 'problem_mark', None)
        line = f':{mark.line + 1}' if mark else ''
        reason = getattr(error, 'problem', None) or str(error).partition('\n')[0]
        raise DataError(f'{path}{line}: not valid YAML: {reason}') from error


def read_xml(path: str | Path) -> ElementTree.Element:
    """What an XML file holds, which says itself how its characters are encoded.

    Raises:
        DataNotFoundError: if there is no such file.
        DataError: if it cannot be parsed.
    """
    if not file_exists(path):
        raise DataNotFoundError(f'{path} does not exist')
    try:
        return ElementTree.fromstring(Path(path).read_bytes())
    except OSError as error:
        raise DataError(f'cannot read {path}: {error.strerror or error}') from error
    except (ElementTree.ParseError, LookupError, ValueError) as error:
        # The latter two are for an encoding that is not known.
        raise DataError(f'{path} is not valid XML: {error}') from error


def is_difficult(element: ElementTree.Element) -> bool:
    """Whether an object of Pascal VOC's XML is marked as difficult.

    Example:
        >>> text = '<object><difficult>{}</difficult></object>'
        >>> [is_difficult(ElementTree.fromstring(text.format(m))) for m in ('1', '0')]
        [True, False]
    """
    mark = element.findtext('difficult', '').strip().lower()
    return mark in ('1', 'true', 'yes')


def class_names(classes: Any, data_root: str = '') -> tuple[str, ...]:
    r"""The names of classes, from a list or a file: the one reader of all datasets.

    A text file has a name on each line. A JSON or YAML file holds a list of names, or
    a dict with ``classes`` or ``categories``, by itself or below ``metainfo``, as
    annotation files have. A ``.pbtxt`` file is a label map of TensorFlow's Object
    Detection API. The order is the one in which they stand there, that of their ids
    for ``categories`` and label maps.

    Args:
        classes: The names, or a file, looked for in the working directory and then in
            ``data_root``.
        data_root: The folder of the dataset.

    Raises:
        DataNotFoundError: if there is no such file.
        DataError: if what is there is no list of different names.

    Example:
        >>> import pathlib
        >>> _ = pathlib.Path('names.txt').write_text('big dog\ncat\n')
        >>> class_names('names.txt'), class_names(['a', 'b'])
        (('big dog', 'cat'), ('a', 'b'))
    """
    if not isinstance(classes, (str, Path)):
        return checked_names(classes, 'classes')
    path = next(
        (p for p in (Path(classes), Path(data_root, classes)) if file_exists(p)), None
    )
    if path is None:
        raise DataNotFoundError(
            f'classes={str(classes)!r} is not a file; give a list of names, or a text '
            'file with one name per line'
        )
    names: Any
    if path.suffix.lower() == '.pbtxt':
        names = label_map_names(read_text(path), str(path))
    elif path.suffix.lower() not in ('.json', *_YAML):
        lines = [line.strip() for line in read_text(path).splitlines()]
        names = [line for line in lines if line]
    else:
        names = read_data(path)
        if isinstance(names, Mapping):
            found = classes_of(names, str(path))
            if found is None and isinstance(names.get('metainfo'), Mapping):
                found = classes_of(names['metainfo'], str(path))
            if found is None:
                raise DataError(f'{path} has neither classes nor categories')
            names = found
    if not names:
        raise DataError(f'{path} names no class')
    return checked_names(names, str(path))


def classes_of(metainfo: Mapping[str, Any], source: str) -> tuple[str, ...] | None:
    """The names of classes that meta information states, if it does.

    Args:
        metainfo: With ``classes``, or ``categories`` as OpenMMLab's format 2.0.
        source: Where it stands, for the message.

    Raises:
        DataError: if they are no list of different names.
    """
    for key in ('classes', 'CLASSES'):  # the latter as of old
        if metainfo.get(key) is not None:
            return checked_names(metainfo[key], source)
    if metainfo.get('categories') is not None:
        return names_of_categories(metainfo['categories'], source)
    return None


def read_annotations(path: str | Path) -> tuple[dict[str, Any], list[dict]]:
    """An annotation file of OpenMMLab's format: its meta information and samples.

    Raises:
        DataNotFoundError: if there is no such file.
        DataError: if it is none.
    """
    content = read_data(path)
    if not isinstance(content, dict) or not {'metainfo', 'data_list'} <= content.keys():
        raise DataError(
            f'{path}: expected a dict with the keys metainfo and data_list, got '
            f'{shortened(content)}'
        )
    metainfo, samples = content['metainfo'], content['data_list']
    if not isinstance(metainfo, dict):
        raise DataError(f'{path}: metainfo is {shortened(metainfo)}, expected a dict')
    if not isinstance(samples, list):
        raise DataError(f'{path}: data_list is {shortened(samples)}, expected a list')
    for place, sample in enumerate(samples):
        if not isinstance(sample, dict):
            raise DataError(
                f'{place_of(path, place)}: expected a dict like {{"img_path": "a.jpg", '
                f'"gt_label": 0}}, got {shortened(sample)}'
            )
        if 'img_label' in sample:  # as OpenMMLab's format 2.0 calls it
            sample.setdefault('gt_label', sample.pop('img_label'))
    return metainfo, samples


def check_samples(
    samples: Sequence[dict], classes: Sequence[str] | None, source: str | Path
) -> None:
    """Check that the labels of samples are classes; put indices in the place of names.

    Args:
        samples: Samples as they stand in a file, ``gt_label`` an index, the name of a
            class, or a list of these.
        classes: The names of the classes, if they are known.
        source: The file, for the message.

    Raises:
        DataError: for a label that is none, with its place.
    """
    names = {name: i for i, name in enumerate(classes or ())}
    limit = len(classes) if classes else LARGEST_LABEL + 1
    labelled = any('gt_label' in sample for sample in samples)
    for place, sample in enumerate(samples):
        _check_path(sample.get('img_path', ''), source, place)
        if labelled and 'gt_label' not in sample:
            raise DataError(
                f'{place_of(source, place)}: has no gt_label, though others have'
            )
        label = sample.get('gt_label', 0)
        if type(label) is int and 0 <= label < limit:
            continue
        several = isinstance(label, (list, tuple))
        found = [
            _index(one, names, limit, source, place)
            for one in (label if several else [label])
        ]
        sample['gt_label'] = found if several else found[0]


def names_in(samples: Sequence[dict]) -> tuple[str, ...]:
    """The classes that samples name in ``gt_label``, sorted, where all are names."""
    found: set[str] = set()
    for sample in samples:
        label = sample.get('gt_label', ())
        labels = label if isinstance(label, (list, tuple)) else [label]
        if not all(isinstance(one, str) for one in labels):
            return ()
        found.update(labels)
    return tuple(sorted(found))


def _check_path(path: Any, source: str | Path, place: int) -> None:
    if not isinstance(path, str):
        raise DataError(
            f'{place_of(source, place)}: img_path is {shortened(path)}, expected a '
            'string'
        )
    if '\0' in path or not path.isprintable():
        try:
            path.encode()
            bad = '\0' in path
        except UnicodeEncodeError:
            bad = True
        if bad:
            raise DataError(
                f'{place_of(source, place)}: img_path {shortened(path)} has a '
                'character that no file name can have'
            )


def _index(
    label: Any, names: Mapping[str, int], limit: int, source: str | Path, place: int
) -> int:
    """The index of a class that is given as one, or by its name."""
    where = f'{place_of(source, place)}: gt_label {shortened(label)}'
    if isinstance(label, str):
        if label in names:
            return names[label]
        if names:
            raise DataError(
                f'{where} is none of the {len(names)} classes'
                f'{did_you_mean(label, names)}; correct it, or state more classes'
            )
        raise DataError(
            f'{where} is a name, but the classes are not known; state classes, or give '
            'metainfo.classes in the file'
        )
    if type(label) is not int:
        raise DataError(f'{where} is not an integer; a label is the index of a class')
    if not 0 <= label < limit:
        raise DataError(
            f'{where} is not a class; they go from 0 to {limit - 1}; correct it, or '
            'state more classes'
        )
    return label


def parsed_samples(
    samples: Sequence[dict], parse: Callable[[dict], dict | list[dict]], source: str
) -> list[dict]:
    """What a dataset makes of the samples of a file.

    Raises:
        DataError: if it cannot, with the place.
    """
    parsed: list[dict] = []
    for place, sample in enumerate(samples):
        try:
            made = parse(sample)
        except (AssertionError, KeyError, TypeError, ValueError) as error:
            reason = str(error) or type(error).__name__
            if 'does not contain prefix' in reason.replace('dose', 'does'):  # mmengine
                reason = 'expected a path for each key of data_prefix, e.g. img_path'
            raise DataError(f'{place_of(source, place)}: {reason}') from error
        parsed.extend(made if isinstance(made, list) else [made])
    return parsed


def place_of(source: str | Path, place: int) -> str:
    """The file, the line and the number of a sample, for a message."""
    line = _line_of(source, place)
    return f'{source}{f":{line}" if line else ""}: data_list.{place}'


def _line_of(path: str | Path, place: int) -> int | None:
    """In which line of a JSON file a sample begins; None if it is not found."""
    if Path(path).suffix.lower() != '.json':
        return None
    text = read_text(path)
    decoder = json.JSONDecoder()
    start = text.find('[', text.find('"data_list"')) + 1
    try:
        for _ in range(place):
            start = decoder.raw_decode(text, _skip_blanks(text, start))[1]
            start = text.index(',', start) + 1
    except (ValueError, RecursionError):
        return None
    return text.count('\n', 0, _skip_blanks(text, start)) + 1


def _skip_blanks(text: str, start: int) -> int:
    while start < len(text) and text[start].isspace():
        start += 1
    return start
