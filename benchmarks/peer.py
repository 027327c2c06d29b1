"""mmpretrain in its own environment, asked over a pipe so that sides take turns."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any


class Peer:
    """A process of the peer's python that answers calls.

    ``peer.ask('evaluation', images=100)`` calls the function of that name in
    ``peer_worker.py`` and returns what it returns.

    Args:
        python: The python of an environment with mmpretrain, as an absolute path;
            see ``setup_peer.sh``.
        folder: Where the peer may write, its log among others.

    Raises:
        RuntimeError: if the peer cannot be started, or a call fails there.
    """

    def __init__(self, python: str, folder: Path) -> None:
        self.python = python
        self.log = folder / 'peer.log'
        worker = Path(__file__).with_name('peer_worker.py')
        with self.log.open('w') as log:
            self.process = subprocess.Popen(
                [python, str(worker)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=folder,
                text=True,
            )

    def ask(self, name: str, **arguments: Any) -> Any:
        request = json.dumps(dict(name=name, arguments=arguments))
        try:
            self.process.stdin.write(request + '\n')
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # it has ended, so that there is no answer either
        answer = self.process.stdout.readline()
        if not answer:
            tail = ''.join(self.log.read_text().splitlines(keepends=True)[-15:])
            raise RuntimeError(f'the peer ended in {name}:\n{tail}')
        result = json.loads(answer)
        if 'error' in result:
            raise RuntimeError(f'the peer failed in {name}:\n{result["error"]}')
        return result['value']

    def __enter__(self) -> Peer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.process.stdin.close()
        self.process.wait()
