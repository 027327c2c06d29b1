"""Checkpoints are read wherever they come from, and nothing in them is run."""

import argparse
import builtins
import collections
import hashlib
import os
import pickle
import sys
import zipfile

import numpy as np
import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.logging import HistoryBuffer
from mmengine.runner import CheckpointLoader
from torch import nn

from mmlite.engine import load_checkpoint, load_state
from mmlite.errors import CheckpointError, MissingDependencyError
from mmlite.saved import reading, unpickler


class Call:
    """Pickled as a call of any function."""

    def __init__(self, function, *args):
        self.function, self.args = function, args

    def __reduce__(self):
        return self.function, self.args


def touch(path):
    return f'open({str(path)!r}, "w").close()'


ATTACKS = {
    'os.system': lambda path: Call(os.system, f'touch {path}'),
    'eval': lambda path: Call(eval, touch(path)),
    'exec': lambda path: Call(exec, touch(path)),
    'import': lambda path: Call(__import__, 'this'),
    'open': lambda path: Call(open, str(path), 'w'),
    'getattr of a module': lambda path: Call(
        Call(getattr, Call(__import__, 'os'), 'system'), f'touch {path}'
    ),
    'loads within': lambda path: Call(
        pickle.loads, pickle.dumps(Call(os.system, f'touch {path}'))
    ),
    'torch bytes': lambda path: Call(
        torch.storage._load_from_bytes, pickle.dumps(Call(os.system, f'touch {path}'))
    ),
    'default factory': lambda path: Call(collections.defaultdict, builtins.print),
    'state of a function': lambda path: Call(
        os.path.join, str(path), Call(os.system, f'touch {path}')
    ),
}


def test_before_torch_2_6_nothing_is_read_by_torch_itself(tmp_path, monkeypatch):
    """There ``weights_only`` can be got around (CVE-2025-32434)."""
    path = tmp_path / 'w.pth'
    torch.save(torch.arange(3.0), path)
    real, asked = torch.load, []

    def load(*args, weights_only, pickle_module=None, **kwargs):
        asked.append((weights_only, pickle_module))
        kwargs |= dict(weights_only=weights_only, pickle_module=pickle_module)
        return real(*args, **kwargs)

    monkeypatch.setattr(torch, 'load', load)
    monkeypatch.setattr(reading, '_WEIGHTS_ONLY_IS_SAFE', False)
    assert torch.equal(reading.read_saved(path), torch.arange(3.0))
    assert asked == [(False, unpickler)]


@pytest.mark.parametrize('protocol', [2, 4, 5])
@pytest.mark.parametrize('legacy', [False, True])
@pytest.mark.parametrize('attack', ATTACKS)
def test_nothing_is_executed(tmp_path, attack, legacy, protocol):
    mark, path = tmp_path / 'executed', tmp_path / 'bad.pth'
    bad = ATTACKS[attack](mark)
    if isinstance(bad.function, Call):
        bad = Call(os.system, f'touch {mark}')
    torch.save(
        dict(state_dict=dict(w=torch.ones(2)), meta=bad),
        path,
        pickle_protocol=protocol,
        _use_new_zipfile_serialization=not legacy,
    )
    sys.modules.pop('this', None)
    state = load_checkpoint(path)['state_dict']
    assert torch.equal(state['w'], torch.ones(2))
    assert not mark.exists()
    assert 'this' not in sys.modules


def test_a_dotted_name_is_not_followed():
    """``STACK_GLOBAL`` with 'torch' and 'os.system' is how getattr is abused."""
    code = b'\x80\x04\x8c\x05torch\x8c\x09os.system\x93\x8c\x04exit\x85R.'
    assert isinstance(unpickler.loads(code), unpickler.Placeholder)


def test_setting_attributes_leaves_the_real_functions_alone():
    rebuild = torch._utils._rebuild_tensor_v2
    before = dict(vars(rebuild))
    # GLOBAL, EMPTY_DICT with one entry, BUILD.
    code = b'\x80\x02ctorch._utils\n_rebuild_tensor_v2\n}U\x01aK\x01sb.'
    with pytest.raises(TypeError):
        unpickler.loads(code)
    assert vars(rebuild) == before


def test_arrays_of_objects_are_refused():
    data = pickle.dumps(np.array([Call(print, 1)], dtype=object), protocol=2)
    with pytest.raises(pickle.UnpicklingError):
        unpickler.loads(data)


@pytest.mark.parametrize('value', [np.arange(6.0).reshape(2, 3), np.array(['a', 'bc'])])
def test_arrays_and_their_scalars_are_read(value):
    for protocol in (2, 4, 5):
        assert np.array_equal(unpickler.loads(pickle.dumps(value, protocol)), value)
    scalar = value.flat[-1]
    assert unpickler.loads(pickle.dumps(scalar)) == scalar


@pytest.mark.parametrize('protocol', [2, 4])
@pytest.mark.parametrize(
    'value', [{1, 2}, frozenset('a'), 1j, b'', b'ab', np.zeros((0, 3))], ids=repr
)
def test_plain_values_are_read(value, protocol):
    read = unpickler.loads(pickle.dumps(value, protocol))
    assert type(read) is type(value)
    assert np.array_equal(read, value)


def foreign_checkpoint():
    """What mmengine's and others' checkpoints hold beside tensors."""
    return dict(
        state_dict=collections.OrderedDict(w=nn.Parameter(torch.arange(3.0))),
        meta=dict(cfg=ConfigDict(a=1), best=np.float64(0.5), epoch=3),
        args=argparse.Namespace(lr=0.1),
        message_hub=dict(log_scalars=dict(loss=HistoryBuffer([1.0, 2.0], [1, 1]))),
    )


@pytest.mark.parametrize('legacy', [False, True])
def test_a_foreign_checkpoint_is_read_without_its_objects(tmp_path, legacy):
    path = tmp_path / 'foreign.pth'
    torch.save(foreign_checkpoint(), path, _use_new_zipfile_serialization=not legacy)
    read = load_checkpoint(path)
    assert torch.equal(read['state_dict']['w'], torch.arange(3.0))
    assert read['meta']['best'] == 0.5
    assert read['meta']['epoch'] == 3
    assert read['args'].name == 'argparse.Namespace'
    history = read['message_hub']['log_scalars']['loss']
    assert history.state['_log_history'].tolist() == [1.0, 2.0]


@pytest.mark.parametrize('key', ['state_dict', 'model', 'module', 'model_state', None])
def test_weights_are_found_under_many_keys(tmp_path, key):
    state = dict(w=torch.ones(1))
    torch.save(state if key is None else {key: state, 'epoch': 1}, tmp_path / 'a.pth')
    assert load_checkpoint(tmp_path / 'a.pth')['state_dict'].keys() == {'w'}


def test_safetensors(tmp_path):
    safetensors = pytest.importorskip('safetensors.torch')
    path = tmp_path / 'a.safetensors'
    safetensors.save_file(dict(w=torch.ones(2)), path)
    assert torch.equal(load_checkpoint(path)['state_dict']['w'], torch.ones(2))
    path.write_bytes(path.read_bytes()[:20])
    with pytest.raises(CheckpointError, match=r'is cut off or damaged \(20 bytes\)'):
        load_checkpoint(path)


def test_safetensors_without_the_package(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'safetensors', None)
    (tmp_path / 'a.safetensors').touch()
    with pytest.raises(MissingDependencyError, match=r"pip install 'mmlite\[io\]'"):
        load_checkpoint(tmp_path / 'a.safetensors')


@pytest.mark.parametrize('legacy', [False, True])
@pytest.mark.parametrize('keep', [0, 10, 0.5, 0.97])
def test_a_truncated_file_is_named_with_its_size(tmp_path, keep, legacy):
    path = tmp_path / 'cut.pth'
    state = dict(w=torch.rand(1000))
    torch.save(state, path, _use_new_zipfile_serialization=not legacy)
    data = path.read_bytes()
    size = keep if isinstance(keep, int) else int(len(data) * keep)
    path.write_bytes(data[:size])
    reason = 'is empty' if size == 0 else 'is cut off or damaged'
    with pytest.raises(CheckpointError) as caught:
        load_checkpoint(path)
    assert str(caught.value) == (
        f'{path} {reason} ({size:,} bytes); copy or download it again, '
        'or use another one'
    )


def test_a_flipped_bit_is_found_by_the_checksum(tmp_path):
    path = tmp_path / 'flipped.pth'
    state = dict(w=torch.rand(1000))
    torch.save(state, path)
    data = bytearray(path.read_bytes())
    data[data.index(state['w'].numpy().tobytes()) + 2000] ^= 1
    path.write_bytes(data)
    with pytest.raises(CheckpointError, match=r'flipped\.pth is cut off or damaged'):
        load_checkpoint(path)


def test_a_file_without_checksums_is_read(tmp_path):
    torch.save(dict(w=torch.ones(3)), tmp_path / 'a.pth')
    data = bytearray((tmp_path / 'a.pth').read_bytes())
    # Where the checksum stands in an entry, in the local and the central header.
    for head, place in ((b'PK\x03\x04', 14), (b'PK\x01\x02', 16)):
        start = data.find(head)
        while start >= 0:
            data[start + place : start + place + 4] = bytes(4)
            start = data.find(head, start + 4)
    (tmp_path / 'a.pth').write_bytes(data)
    state = load_checkpoint(tmp_path / 'a.pth')['state_dict']
    assert torch.equal(state['w'], torch.ones(3))


def test_another_archive_is_no_checkpoint(tmp_path):
    with zipfile.ZipFile(tmp_path / 'a.pth', 'w') as archive:
        archive.writestr('readme.txt', 'hello')
    with pytest.raises(CheckpointError, match='is not a checkpoint, or damaged'):
        load_checkpoint(tmp_path / 'a.pth')


def test_a_device_that_is_not_there(tmp_path):
    torch.save(dict(w=torch.ones(3)), tmp_path / 'a.pth')
    with pytest.raises(CheckpointError, match="map_location='cpu'"):
        load_checkpoint(tmp_path / 'a.pth', 'cuda')


@pytest.mark.parametrize('scheme', ['torchvision', 'open-mmlab', 's3'])
def test_another_scheme_is_named_as_such(scheme):
    message = rf'^{scheme}://resnet18: {scheme}:// is not supported; .* https://'
    with pytest.raises(CheckpointError, match=message):
        load_checkpoint(f'{scheme}://resnet18')


@pytest.fixture
def said(monkeypatch):
    """What is logged for the terminal."""
    lines = []
    monkeypatch.setattr(
        'mmlite.engine.checkpoints.reader.say', lambda _, line: lines.append(line)
    )
    return lines


def test_objects_left_out_are_reported(tmp_path, said):
    path = tmp_path / 'a.pth'
    inner = [Call(os.path.join, 'a'), HistoryBuffer()]
    inner.append(inner)
    torch.save(dict(state_dict=dict(w=torch.ones(1)), a=inner), path)
    load_checkpoint(path)
    assert said == [f'left out of {path}: posixpath.join (objects, not data)']


def test_what_mmengine_adds_is_not_worth_a_line(tmp_path, said):
    content = foreign_checkpoint()
    del content['args']
    torch.save(content, tmp_path / 'a.pth')
    load_checkpoint(tmp_path / 'a.pth')
    assert said == []


@pytest.mark.parametrize('legacy', [False, True])
def test_other_protocols_are_not_warned_of(tmp_path, legacy, recwarn):
    torch.save(
        foreign_checkpoint(),
        tmp_path / 'a.pth',
        pickle_protocol=4,
        _use_new_zipfile_serialization=not legacy,
    )
    load_checkpoint(tmp_path / 'a.pth')
    assert not recwarn.list


def test_a_text_file_is_no_checkpoint(tmp_path):
    (tmp_path / 'a.pth').write_text('hello\n')
    with pytest.raises(CheckpointError, match=r'is not a checkpoint, .* \(6 bytes\)'):
        load_checkpoint(tmp_path / 'a.pth')
    (tmp_path / 'a.pth').write_text('version https://git-lfs.github.com/spec/v1\n')
    with pytest.raises(CheckpointError, match='is a pointer of git-lfs'):
        load_checkpoint(tmp_path / 'a.pth')


def test_an_absent_file_is_reported_with_the_nearest(tmp_path):
    (tmp_path / 'epoch_10.pth').touch()
    with pytest.raises(CheckpointError, match=r"did you mean 'epoch_10\.pth'"):
        load_checkpoint(tmp_path / 'epoch_1O.pth')
    with pytest.raises(CheckpointError, match='is a folder'):
        load_checkpoint(tmp_path)


def test_a_pickled_model_holds_no_weights(tmp_path):
    torch.save(nn.Linear(1, 1), tmp_path / 'whole.pth')
    with pytest.raises(CheckpointError, match=r'torch\.nn\..*Linear'):
        load_checkpoint(tmp_path / 'whole.pth')
    torch.save(dict(model=nn.Linear(1, 1)), tmp_path / 'inside.pth')
    with pytest.raises(CheckpointError, match="at 'model' instead of weights"):
        load_checkpoint(tmp_path / 'inside.pth')
    torch.save(torch.zeros(1), tmp_path / 'tensor.pth')
    with pytest.raises(CheckpointError, match=r'an object \(Tensor\) instead'):
        load_checkpoint(tmp_path / 'tensor.pth')
    torch.save(dict(epoch=1), tmp_path / 'none.pth')
    with pytest.raises(CheckpointError, match="holds no weights; it has 'epoch'"):
        load_checkpoint(tmp_path / 'none.pth')
    torch.save({}, tmp_path / 'empty.pth')
    with pytest.raises(CheckpointError, match='holds no weights; it is an empty dict'):
        load_checkpoint(tmp_path / 'empty.pth')


@pytest.mark.parametrize('path', [5, None, [], '', ' ', b'a.pth', True])
def test_what_names_no_checkpoint(path):
    with pytest.raises(CheckpointError) as caught:
        load_checkpoint(path)
    expected = f'expected the path or URL of a checkpoint, got {path!r}'
    assert str(caught.value) == expected


@pytest.mark.parametrize('place', ['gpu', '', [5], 7])
def test_a_device_that_is_none(tmp_path, place):
    torch.save(dict(a=torch.zeros(1)), tmp_path / 'a.pth')
    with pytest.raises(CheckpointError, match='map_location is .*, expected a device'):
        load_checkpoint(tmp_path / 'a.pth', place)


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A checkpoint on a server, and torch hub's cache; both are folders here."""
    monkeypatch.setattr(torch.hub, '_hub_dir', str(tmp_path / 'hub'))
    served = tmp_path / 'w.pth'
    torch.save(dict(w=torch.ones(2)), served)
    fetched = []
    original = torch.hub.download_url_to_file

    def download(url, *args, **kwargs):
        fetched.append(url)
        return original(served.as_uri(), *args, **kwargs)

    monkeypatch.setattr(torch.hub, 'download_url_to_file', download)
    digest = hashlib.sha256(served.read_bytes()).hexdigest()[:8]
    return digest, fetched


def test_a_url_is_fetched_once(hub):
    digest, fetched = hub
    for _ in range(2):
        state = load_checkpoint(f'https://example.org/w-{digest}.pth')['state_dict']
    assert torch.equal(state['w'], torch.ones(2))
    assert len(fetched) == 1


def test_a_download_is_checked_by_its_hash(hub, tmp_path):
    with pytest.raises(CheckpointError, match='cannot download'):
        load_checkpoint('https://example.org/w-00000000.pth')
    assert not list((tmp_path / 'hub/checkpoints').iterdir())


def test_a_failed_download_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setattr(torch.hub, '_hub_dir', str(tmp_path))

    def refuse(*args, **kwargs):
        raise OSError('Network is unreachable')

    monkeypatch.setattr('torch.hub.urlopen', refuse)
    with pytest.raises(CheckpointError, match='give the path of the file'):
        load_checkpoint('https://example.org/w.pth')


def test_mmengine_reads_through_it(tmp_path):
    path = tmp_path / 'foreign.pth'
    torch.save(foreign_checkpoint(), path)
    read = CheckpointLoader.load_checkpoint(str(path), logger='silent')
    assert torch.equal(read['state_dict']['w'], torch.arange(3.0))


@pytest.mark.parametrize('registry', ['mmengine', 'mmlite'])
def test_init_cfg_pretrained(tmp_path, registry):
    """With mmengine's initializer and with ours, under its name."""
    from mmengine.registry import WEIGHT_INITIALIZERS as THEIRS

    from mmlite.registry import WEIGHT_INITIALIZERS as OURS

    source = nn.Linear(2, 2)
    state = {f'backbone.{k}': v for k, v in source.state_dict().items()}
    torch.save(dict(state_dict=state, meta=argparse.Namespace()), tmp_path / 'a.pth')
    initializers = dict(mmengine=THEIRS, mmlite=OURS)[registry]
    target = nn.Linear(2, 2)
    initializers.build(
        dict(type='Pretrained', checkpoint=str(tmp_path / 'a.pth'), prefix='backbone.')
    )(target)
    assert torch.equal(target.weight, source.weight)


def test_what_is_read_fits(tmp_path):
    model = nn.Linear(2, 2)
    torch.save(model.state_dict(), tmp_path / 'a.pth')
    other = nn.Linear(2, 2)
    assert load_state(other, load_checkpoint(tmp_path / 'a.pth')).complete
    assert torch.equal(other.weight, model.weight)


def test_an_archive_whose_directory_has_a_flipped_byte(tmp_path):
    path = tmp_path / 'a.pth'
    torch.save(dict(state_dict=dict(w=torch.ones(3))), path)
    whole = path.read_bytes()
    begin = whole.index(b'PK\x01\x02')  # of the directory, at the end of the file
    ends = []
    for place in range(begin, len(whole), 7):
        path.write_bytes(
            whole[:place] + bytes([whole[place] ^ 0x81]) + whole[place + 1 :]
        )
        try:
            found = load_checkpoint(path)['state_dict']['w']
            assert found.tolist() == [1, 1, 1]
            ends.append('read')
        except CheckpointError as error:
            assert 'a.pth' in str(error)
            ends.append('refused')
    assert set(ends) == {'read', 'refused'}


@pytest.mark.parametrize('content', [b'junk', b'I', b'(', b'.', b']' * 2000])
def test_a_few_bytes_of_something_else(tmp_path, content):
    path = tmp_path / 'a.pth'
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match='a.pth is not a checkpoint, or damaged'):
        load_checkpoint(path)
