"""Downloads from a server on this machine, with everything that can go wrong."""

from __future__ import annotations

import contextlib
import hashlib
import io
import tarfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from mmlite.datasets import download
from mmlite.datasets.download import RemoteFile, extract, fetch, on_first_process
from mmlite.errors import DataError, DataNotFoundError

CONTENT = bytes(range(256)) * 4000
MD5 = hashlib.md5(CONTENT).hexdigest()


class Handler(BaseHTTPRequestHandler):
    requests: list[str] = []

    def do_GET(self) -> None:  # noqa: N802
        Handler.requests.append(self.path)
        if self.path == '/absent':
            self.send_error(404)
            return
        self.send_response(200)
        if self.path != '/unsized':
            self.send_header('Content-Length', str(len(CONTENT)))
        self.end_headers()
        content = CONTENT
        if self.path == '/broken':
            content = CONTENT[: len(CONTENT) // 2]
        if self.path == '/changed':
            content = bytes(len(CONTENT))
        with contextlib.suppress(ConnectionError):  # the other side may leave
            self.wfile.write(content)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    Handler.requests.clear()
    with ThreadingHTTPServer(('127.0.0.1', 0), Handler) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield f'http://127.0.0.1:{http.server_port}'
        http.shutdown()


def remote(*urls: str) -> RemoteFile:
    return RemoteFile('data.bin', MD5, urls)


@pytest.mark.parametrize('path', ['/good', '/unsized'])
def test_a_file_arrives_whole(server: str, tmp_path: Path, path: str) -> None:
    found = fetch(remote(server + path), tmp_path / 'new' / 'folder')
    assert found == tmp_path / 'new' / 'folder' / 'data.bin'
    assert found.read_bytes() == CONTENT
    assert [p.name for p in found.parent.iterdir()] == ['data.bin']


def test_a_whole_file_is_not_fetched_again(server: str, tmp_path: Path) -> None:
    (tmp_path / 'data.bin').write_bytes(CONTENT)
    fetch(remote(server + '/good'), tmp_path)
    assert Handler.requests == []


def test_what_an_interrupted_tool_left_is_not_trusted(server, tmp_path, capsys) -> None:
    (tmp_path / 'data.bin').write_bytes(CONTENT[:1000])
    assert fetch(remote(server + '/good'), tmp_path).read_bytes() == CONTENT
    assert 'data.bin is damaged or not complete' in capsys.readouterr().err


@pytest.mark.parametrize(
    ('path', 'reason'),
    [
        ('/broken', 'stopped after 512000 of 1024000 bytes'),
        ('/changed', f'expected {MD5}'),
        ('/absent', 'HTTP Error 404'),
    ],
)
def test_a_failure_leaves_nothing(server, tmp_path: Path, path, reason) -> None:
    with pytest.raises(DataNotFoundError) as caught:
        fetch(remote(server + path), tmp_path / 'data')
    message = str(caught.value)
    assert f'tried {server}{path}' in message and reason in message
    assert f'put it at {tmp_path / "data" / "data.bin"}' in message
    assert not list(tmp_path.glob('data/*'))


def test_the_next_mirror_is_tried(server: str, tmp_path: Path) -> None:
    urls = [server + path for path in ('/absent', '/broken', '/changed', '/good')]
    assert fetch(remote(*urls), tmp_path).read_bytes() == CONTENT


def test_no_server_at_all(tmp_path: Path) -> None:
    with pytest.raises(DataNotFoundError, match='tried http://127.0.0.1:9/x: .*'):
        fetch(remote('http://127.0.0.1:9/x'), tmp_path)


def test_ctrl_c_leaves_nothing(server, tmp_path: Path, monkeypatch) -> None:
    def interrupt(self: download.Progress, count: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(download.Progress, 'update', interrupt)
    with pytest.raises(KeyboardInterrupt):
        fetch(remote(server + '/good'), tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_place_that_cannot_be_written_to(server: str, tmp_path: Path) -> None:
    (tmp_path / 'file').touch()
    with pytest.raises(DataNotFoundError, match='cannot write .*set data_root'):
        fetch(remote(server + '/good'), tmp_path / 'file' / 'folder')


def test_progress_in_lines_and_as_a_bar(server, tmp_path, capsys, monkeypatch) -> None:
    fetch(remote(server + '/good'), tmp_path / 'a')
    lines = capsys.readouterr().err
    assert '100% of 1.0 MB' in lines and '\r' not in lines
    monkeypatch.setattr('sys.stderr.isatty', lambda: True, raising=False)
    fetch(remote(server + '/good'), tmp_path / 'b')
    assert '\rdata.bin [########################] 100% of' in capsys.readouterr().err


def archive(path: Path, members: list[tarfile.TarInfo | str]) -> Path:
    with tarfile.open(path, 'w') as tar:
        for member in members:
            info = tarfile.TarInfo(member) if isinstance(member, str) else member
            if info.isfile():
                info.size = 3
            tar.addfile(info, io.BytesIO(b'abc') if info.isfile() else None)
    return path


def test_only_wanted_regular_files_are_taken_out(tmp_path: Path) -> None:
    link = tarfile.TarInfo('set/link')
    link.type, link.linkname = tarfile.SYMTYPE, '/etc/passwd'
    path = archive(
        tmp_path / 'a.tar', ['./set/a', 'set/b', '../outside', '/absolute', link]
    )
    extract(path, tmp_path / 'out', ['set/a', 'set/b'])
    assert sorted(p.name for p in (tmp_path / 'out').rglob('*')) == ['a', 'b', 'set']
    assert not (tmp_path / 'outside').exists()
    with pytest.raises(DataError, match=r"does not hold \['set/link'\]"):
        extract(path, tmp_path / 'out', ['set/link'])


def test_a_damaged_archive_is_named(tmp_path: Path) -> None:
    path = tmp_path / 'a.tar.gz'
    path.write_bytes(b'\x1f\x8b nonsense')
    with pytest.raises(DataError, match=r'a.tar.gz is damaged'):
        extract(path, tmp_path, ['x'])


def _one_process(rank: int, folder: str) -> None:
    import torch.distributed as torch_dist

    torch_dist.init_process_group(
        'gloo', init_method=f'file://{folder}/rendezvous', rank=rank, world_size=2
    )
    seen = []
    on_first_process(lambda: seen.append(rank))
    assert seen == ([0] if rank == 0 else [])

    def fail() -> None:
        raise DataNotFoundError('no network')

    with pytest.raises(DataNotFoundError, match='no network'):
        on_first_process(fail)

    def fail_otherwise() -> None:
        raise DataError('damaged')

    with pytest.raises(DataError, match='damaged') as caught:
        on_first_process(fail_otherwise)
    assert type(caught.value) is DataError
    torch_dist.destroy_process_group()
    Path(folder, f'done{rank}').touch()


def test_of_several_processes_the_first_acts_and_all_learn(tmp_path: Path) -> None:
    import torch.multiprocessing as mp

    mp.start_processes(
        _one_process, args=(str(tmp_path),), nprocs=2, start_method='fork'
    )
    assert len(list(tmp_path.glob('done*'))) == 2
