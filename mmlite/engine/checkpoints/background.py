"""Write checkpoints while training goes on."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

from ...errors import CheckpointError
from .snapshot import Snapshot, SnapshotMemory
from .writer import write_checkpoint

#: Snapshots in memory at a time.
_MOST = 2


class BackgroundWriter:
    """Writes checkpoints one after the other, each whole or not at all.

    Whoever submits one waits for a copy of it in memory only. The process does
    not end before all are written.

    Example:
        >>> import tempfile
        >>> path = tempfile.mkdtemp() + '/a.pth'
        >>> writer, weights = BackgroundWriter(), torch.ones(2)
        >>> writer.submit(dict(state_dict=dict(w=weights)), path)
        >>> _ = weights.zero_()  # does not change what is written
        >>> writer.close()
        >>> torch.load(path, weights_only=True)['state_dict']['w']
        tensor([1., 1.])
    """

    def __init__(self) -> None:
        self._pending: deque[Future] = deque()
        self._thread: ThreadPoolExecutor | None = None
        self._memory = SnapshotMemory()

    def submit(
        self,
        checkpoint: Mapping[str, Any],
        path: str | Path,
        then: Callable[[], Any] | None = None,
    ) -> None:
        """Take a snapshot of a checkpoint, to be written as soon as possible.

        Args:
            checkpoint: Tensors and plain values, nested as you like.
            path: Where it goes; the folder is made if needed.
            then: Called in the background when the file is there.

        Raises:
            CheckpointError: if one that was submitted before cannot be written;
                this one is not written then, nor are those between them.
        """
        self.check()
        while len(self._pending) >= _MOST:
            self._pending.popleft().result()
        snapshot = Snapshot(checkpoint, self._memory)
        if self._thread is None:
            # Python waits for its threads at exit, also after an error.
            self._thread = ThreadPoolExecutor(1, 'checkpoints')
        before = self._pending[-1] if self._pending else None
        job = self._thread.submit(_write, snapshot, Path(path), then, before)
        self._pending.append(job)

    def check(self) -> None:
        """Check whether something could not be written, without waiting.

        Raises:
            CheckpointError: if so.
        """
        while self._pending and self._pending[0].done():
            self._pending.popleft().result()

    def settle(self) -> None:
        """Wait until everything is written or has failed, which is reported later."""
        wait(self._pending)

    def wait(self) -> None:
        """Wait until everything is written.

        Raises:
            CheckpointError: if something cannot be.
        """
        while self._pending:
            self._pending.popleft().result()

    def close(self) -> None:
        """Wait until everything is written, and give all memory back.

        Raises:
            CheckpointError: if something cannot be written.
        """
        try:
            self.wait()
        finally:
            if self._thread is not None:
                self._thread.shutdown()
            self._thread = None
            self._pending.clear()
            self._memory = SnapshotMemory()


def _write(
    snapshot: Snapshot,
    path: Path,
    then: Callable[[], Any] | None,
    before: Future | None,
) -> bool:
    """Write one, unless one before it could not be written, which will be reported."""
    try:
        if before is not None and (before.exception() or not before.result()):
            return False
        write_checkpoint(snapshot.content(), path)
    finally:
        snapshot.release()
    try:
        if then is not None:
            then()
    except OSError as error:
        raise CheckpointError(f'{path} is written, but then: {error}') from error
    return True
