"""Record store: every finished batch, in one SQLite file, written in one transaction.

SQLite's rollback journal is used, not its write-ahead log: a write-ahead log needs shared memory, which network file
systems of clusters do not give, and leaves three files to copy instead of one; batches arrive about once a second, so
its concurrency is not needed.  ``synchronous=FULL`` makes a batch that was reported as kept survive a power cut.

Nothing read from the store is trusted without its checksum.  A store that fails SQLite's own check or a checksum is
moved aside under a name that says so, and a new one is begun; nothing is deleted.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from rmtsym.errors import RmtsymError
from rmtsym.simulate.experiment import Batch, BatchResult

__all__ = ["RecordStore", "StoreDamaged", "StoreError", "default_path"]

log = logging.getLogger("rmtsym.simulate")

_APPLICATION, _VERSION = 0x726D7453, 1  # "rmtS"
_BUSY_SECONDS = 60.0
_PATIENCE = 10.0  # seconds to wait for other processes before a damaged store is moved
_SCHEMA = """
CREATE TABLE IF NOT EXISTS batches (
    theorem TEXT NOT NULL, point TEXT NOT NULL, law TEXT NOT NULL, size INTEGER NOT NULL,
    seed TEXT NOT NULL, code TEXT NOT NULL, first INTEGER NOT NULL, count INTEGER NOT NULL,
    columns TEXT NOT NULL, data BLOB NOT NULL, seconds REAL NOT NULL, checksum BLOB NOT NULL,
    PRIMARY KEY (theorem, point, law, size, seed, code, first, count)
)
"""


class StoreError(RmtsymError):
    """The record store cannot be used now (disk full, no permission, held by others); the message says what to do."""


class StoreDamaged(StoreError):
    """The record store contains something that it did not write."""


def default_path() -> Path:
    """``$RMTSYM_STORE``, or ``.rmtsym/records.sqlite`` in the current directory."""
    return Path(os.environ.get("RMTSYM_STORE") or Path(".rmtsym") / "records.sqlite")


def _checksum(key: tuple[object, ...], columns: str, data: bytes, seconds: float) -> bytes:
    text = json.dumps([*key, columns, seconds], separators=(",", ":"))
    return hashlib.blake2b(text.encode() + b"\0" + data, digest_size=16).digest()


class RecordStore:
    """Finished batches by theorem, point, law, size, seed, code and range of replicates.

    Parameters
    ----------
    path : path-like, optional
        File of the store, made with its directory if absent; :func:`default_path` if not given.

    Examples
    --------
    >>> import tempfile
    >>> batch = Batch("demo", {}, 10, "gauss", 0, first=0, count=2)
    >>> with tempfile.TemporaryDirectory() as folder, RecordStore(Path(folder) / "records.sqlite") as store:
    ...     store.put(batch, "code", BatchResult(("m",), np.array([[1.0], [2.0]])))
    ...     [(first, result.values.tolist()) for first, result in store.get(batch, "code")]
    [(0, [[1.0], [2.0]])]
    """

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        self.path = Path(path) if path is not None else default_path()
        self.notices: list[str] = []
        self._connection: sqlite3.Connection | None = None
        self._lock: int | None = None
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"cannot make {self.path.parent}: {error}; set RMTSYM_STORE to a writable path") from None
        try:
            self._open()
        except StoreDamaged as damage:
            self.set_aside(str(damage))

    # -- opening, checking, setting aside ---------------------------------------------------------------------------

    def _hold(self, exclusive: bool, patience: float) -> None:
        """Hold the lock file: shared while the store is open, exclusive while it is moved."""
        try:
            import fcntl
        except ImportError:  # Windows does not let an open file be moved in the first place
            return
        self._release()
        handle = os.open(self.path.with_name(self.path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o666)
        deadline = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(handle, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    os.close(handle)
                    raise StoreError(
                        f"{self.path} is damaged and in use by another process; end that run, or set RMTSYM_STORE"
                        if exclusive
                        else f"{self.path} is being set aside by another process; run again"
                    ) from None
                time.sleep(0.05)
            else:
                self._lock = handle
                return

    def _release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)  # closing releases the lock
            self._lock = None

    def _open(self) -> None:
        try:
            self._hold(exclusive=False, patience=_BUSY_SECONDS)
            connection = sqlite3.connect(
                self.path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
        except (OSError, sqlite3.OperationalError) as error:
            raise StoreError(f"cannot open {self.path}: {error}; set RMTSYM_STORE to a writable path") from None
        self._connection = connection
        with self._explained():
            connection.execute("PRAGMA journal_mode=DELETE")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("BEGIN")  # one snapshot: another process may be making the tables at this moment
            application = connection.execute("PRAGMA application_id").fetchone()[0]
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            empty = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
            connection.execute("COMMIT")
            if not empty and (application, version) != (_APPLICATION, _VERSION):
                raise StoreDamaged(f"{self.path} is not a record store of this version")
            if empty:
                with self._transaction():
                    connection.execute(_SCHEMA)
                    connection.execute(f"PRAGMA application_id={_APPLICATION}")
                    connection.execute(f"PRAGMA user_version={_VERSION}")
            report = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            if report != "ok":
                raise StoreDamaged(f"{self.path} fails SQLite's check ({report.splitlines()[-1]})")

    def set_aside(self, why: str) -> None:
        """Move a damaged store to ``<name>.damaged-N`` and begin a new one."""
        self.close()
        self._hold(exclusive=True, patience=_PATIENCE)
        try:
            if not self._still_damaged():
                return  # another process has set it aside in the meantime
            number = 1
            while (target := self.path.with_name(f"{self.path.name}.damaged-{number}")).exists():
                number += 1
            journal = self.path.with_name(self.path.name + "-journal")
            if journal.exists():
                journal.rename(target.with_name(target.name + "-journal"))
            self.path.rename(target)
            notice = f"{why}: set aside as {target}; its results are not used and will be computed again"
            self.notices.append(notice)
            log.warning(notice)
        finally:
            self._release()
            self._open()

    def _still_damaged(self) -> bool:
        if not self.path.exists():
            return False
        try:
            connection = sqlite3.connect(self.path, timeout=1.0, isolation_level=None)
            with contextlib.closing(connection):
                if connection.execute("PRAGMA user_version").fetchone()[0] != _VERSION:
                    return True
                if connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
                    return True
                for row in connection.execute("SELECT * FROM batches"):
                    if not _sound(row):
                        return True
        except sqlite3.DatabaseError:
            return True
        return False

    # -- transactions -----------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn SQLite's errors into ours."""
        try:
            yield
        except sqlite3.OperationalError as error:
            text = str(error)
            if "full" in text or "disk I/O" in text:
                raise StoreError(
                    f"{self.path}: {text}; the finished batches are kept: free some space and run again to resume"
                ) from None
            if "locked" in text or "busy" in text:
                raise StoreError(f"{self.path} is held by another process ({text}); run again to resume") from None
            if "malformed" in text or "no such" in text:
                raise StoreDamaged(f"{self.path} is damaged ({text})") from None
            raise StoreError(f"{self.path}: {text}; set RMTSYM_STORE to a writable path") from None
        except sqlite3.DatabaseError as error:
            raise StoreDamaged(f"{self.path} is damaged ({error})") from None

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        connection = self._live()
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def _live(self) -> sqlite3.Connection:
        if self._connection is None:
            raise StoreError(f"{self.path} is closed")
        return self._connection

    # -- records ----------------------------------------------------------------------------------------------------

    def put(self, batch: Batch, code: str, result: BatchResult) -> None:
        """Keep a finished batch; on return it is on the disk."""
        key = (batch.theorem, batch.key, batch.law, batch.size, str(batch.seed), code, batch.first, batch.count)
        columns = json.dumps(list(result.columns))
        data = np.ascontiguousarray(result.values, dtype="<f8").tobytes()
        seconds = float(result.seconds)
        row = (*key, columns, data, seconds, _checksum(key, columns, data, seconds))
        with self._explained(), self._transaction() as connection:
            connection.execute("INSERT OR IGNORE INTO batches VALUES (?,?,?,?,?,?,?,?,?,?,?,?)", row)

    def get(self, cell: Batch, code: str) -> list[tuple[int, BatchResult]]:
        """Batches of a cell (theorem, point, law, size, seed) made by this code, as (first replicate, result).

        Raises
        ------
        StoreDamaged
            If a record does not carry its checksum.
        """
        key = (cell.theorem, cell.key, cell.law, cell.size, str(cell.seed), code)
        with self._explained():
            rows = (
                self._live()
                .execute(
                    "SELECT * FROM batches WHERE theorem=? AND point=? AND law=? AND size=? AND seed=? AND code=? "
                    "ORDER BY first, count",
                    key,
                )
                .fetchall()
            )
        found = []
        for row in rows:
            if not _sound(row):
                raise StoreDamaged(f"{self.path}: a record of {cell.theorem} does not carry its checksum")
            columns = tuple(json.loads(row[8]))
            values = np.frombuffer(row[9], dtype="<f8").reshape(row[7], len(columns))
            found.append((row[6], BatchResult(columns, values, row[10])))
        return found

    def __len__(self) -> int:
        with self._explained():
            return int(self._live().execute("SELECT count(*) FROM batches").fetchone()[0])

    def close(self) -> None:
        """Close the file; also done at the end of a ``with`` block."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._release()

    def __enter__(self) -> RecordStore:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def _sound(row: tuple) -> bool:
    try:
        return row[11] == _checksum(row[:8], row[8], bytes(row[9]), row[10])
    except (TypeError, ValueError):
        return False
