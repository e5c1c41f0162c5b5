"""MySQL or MariaDB as the store's engine: for any number of nodes."""

from __future__ import annotations

import re
import select
import sys
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from twisted.enterprise.adbapi import Connection, ConnectionPool, Transaction

from chatserver.store import charset, migrations
from chatserver.store.chunks import chunks, marks
from chatserver.store.engine import MESSAGE_COLUMNS, Cursor, Row, Verdict, Versions
from chatserver.store.errors import DatabaseUnusable, without_password
from chatserver.store.messages import select_last_seqs

try:
    import MySQLdb
    from MySQLdb.constants import CLIENT
    from MySQLdb.cursors import SSCursor
except ImportError:
    MySQLdb = None

_CONNECT_TIMEOUT = 1  # seconds
_STATEMENT_TIMEOUT = 3  # seconds without an answer
_PATIENCE = 86_400  # seconds, for work on the whole database
_LOCK_TIMEOUT = 2  # seconds
# Seconds for which a connection need not be asked whether its server is reachable.
_SURELY_ALIVE = 1.0
# Seconds after which a transaction in which nothing happens is rolled back: a node that is frozen
# in the midst of one would keep its locks, and with them other nodes from their work.
_IDLE_TIMEOUT = 5
_INSERT = f"INSERT INTO messages {MESSAGE_COLUMNS} VALUES ".encode()
# Bytes of messages that one statement writes, but for one long message: a server's
# max_allowed_packet may be as low as 1 MiB.
_MOST_BYTES = 2**19
_MIGRATION_LOCK = "chatserver.migrations"
_MIGRATION_TIMEOUT = 60  # seconds

# Numbers of errors: the same in both servers, but for those of one.
_DENIED = {1044, 1142, 1143, 1227}  # this user may not do that
# No value, key taken, out of range, not this character, too long, CHECK (MySQL, MariaDB),
# and what a trigger refuses.
_REFUSED = {1048, 1062, 1264, 1366, 1406, 3819, 4025, 1644}
# Deadlock, changed by others since it was read, table altered meanwhile, group replication's no.
_AGAIN = {1213, 1020, 1412, 3101}
_LOCKED = {1205, 3572}  # lock wait timeout, NOWAIT


class MySQL:
    """The database of a ``mysql://USER:PASSWORD@HOST:PORT/NAME`` URL.

    ``?unix_socket=PATH`` may stand for host and port.

    :raises DatabaseUnusable: the URL names none, or mysqlclient is not installed.
    """

    dialect = "mysql"
    hangs_as_one = True
    upsert_cursor = (
        "INSERT INTO cursors (device, conversation, seq) VALUES (?, ?, ?) "
        "ON DUPLICATE KEY UPDATE seq = GREATEST(seq, VALUES(seq))"
    )
    for_update = " FOR UPDATE"
    body_size = "LENGTH(m.body)"
    size = (
        "SELECT COALESCE(SUM(data_length + index_length), 0) FROM information_schema.tables "
        "WHERE table_schema = DATABASE()"
    )

    def __init__(self, url: str) -> None:
        if MySQLdb is None:
            raise DatabaseUnusable(
                "mysql:// needs mysqlclient: pip install 'chatserver[mysql]' (Debian: first "
                "apt-get install gcc pkg-config default-libmysqlclient-dev)"
            )
        self._options = _options_of(url)
        self.name = without_password(url)
        #: The database's own name.
        self.database: str = self._options["db"]

    def prepare(self) -> Versions:
        """Check the character set, and migrate."""
        with self._connected(read_timeout=_MIGRATION_TIMEOUT * 2) as connection:
            cursor = self.adapt(connection.cursor())
            charset.check_connection(cursor, self.name)
            versions = self._migrate(connection, cursor)
            charset.check_tables(cursor, self.name, migrations.tables(self.dialect))
            return versions

    def look(self) -> Versions:
        with self._connected() as connection:
            return migrations.look(self.adapt(connection.cursor()), self.dialect, self.name)

    def pool(self, reactor: Any, size: int) -> ConnectionPool:
        pool = ConnectionPool(
            "MySQLdb",
            cp_min=1,
            cp_max=size,
            cp_openfun=_configure,
            cp_reactor=reactor,
            cp_noisy=False,
            cp_reconnect=True,
            **self._options,
        )
        pool.connectionFactory = _Connection
        pool.transactionFactory = _CheckedTransaction
        return pool

    def be_patient(self) -> None:
        self._options |= {"read_timeout": _PATIENCE, "write_timeout": _PATIENCE}

    def adapt(self, cursor: Any) -> Cursor:
        return _QuestionMarks(cursor)

    def begin(self, cursor: Cursor) -> None:
        """The driver begins a transaction with the first statement."""

    def begin_snapshot(self, cursor: Cursor) -> None:
        cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        cursor.execute(f"SET SESSION {_idle_timeout(cursor)} = {_PATIENCE}")
        cursor.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")

    def lock(self, cursor: Cursor, conversations: Collection[int]) -> dict[int, int]:
        """Lock the conversations' rows, always in the order of their ids."""
        ids = sorted(conversations)
        if not ids:
            return {}
        cursor.execute(
            f"SELECT id FROM conversations WHERE id IN ({marks(ids)}) ORDER BY id FOR UPDATE", ids
        )
        return select_last_seqs(cursor, ids)

    def insert_messages(self, cursor: Any, rows: Sequence[Row]) -> None:
        """With the values in the text, which the driver would fill in one by one, slowly."""
        literal = cursor.literal
        for chunk in chunks(rows):
            _insert(
                cursor,
                [
                    b"(%d,%d,%d,%d,%d,%b,%b)"
                    % (conversation, seq, sender, device, sent, literal(cid), literal(body))
                    for conversation, seq, sender, device, sent, cid, body in chunk
                ],
            )

    def verdict(self, problem: Exception) -> Verdict:
        return _verdict(problem)

    def _migrate(self, connection: Any, cursor: Cursor) -> Versions:
        """Migrate under a lock of the server's, as its DDL commits by itself."""
        versions = migrations.look(cursor, self.dialect, self.name)
        connection.commit()
        if versions.is_current:
            return versions
        collation = charset.collation(cursor)
        cursor.execute("SET SESSION lock_wait_timeout = ?", (_MIGRATION_TIMEOUT,))
        cursor.execute("SELECT GET_LOCK(?, ?)", (_MIGRATION_LOCK, _MIGRATION_TIMEOUT))
        if cursor.fetchone()[0] != 1:
            raise DatabaseUnusable(f"another node is migrating the database {self.name}")
        try:
            versions = migrations.apply(cursor, self.dialect, self.name, collation=collation)
            connection.commit()
            return versions
        except MySQLdb.Error as problem:
            if _code(problem) in _DENIED:
                raise DatabaseUnusable(
                    f"the database {self.name} has schema version {versions.found}, this program "
                    f"needs {versions.needed}: run `chatserver-admin migrate` with a database "
                    "user that may create tables"
                ) from None
            raise
        finally:
            cursor.execute("SELECT RELEASE_LOCK(?)", (_MIGRATION_LOCK,))

    @contextmanager
    def _connected(self, **options: Any) -> Iterator[Any]:
        """A connection for a while; its errors are told as those of the database."""
        with self.explained(), closing(MySQLdb.connect(**self._options | options)) as connection:
            _configure(connection)
            yield connection

    def connect(self, patience: float) -> Any:
        """A connection as the server gives it, for one who reads; must be closed.

        :param patience: seconds to wait for an answer.
        """
        with self.explained():
            return MySQLdb.connect(**self._options | {"read_timeout": patience})

    def stream(self, connection: Any, statement: str) -> Any:
        """A driver's cursor that gets rows from the server only as they are fetched."""
        cursor = connection.cursor(SSCursor)
        cursor.execute(statement)
        return cursor

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Tell errors of the driver as those of the database."""
        try:
            yield
        except MySQLdb.Error as problem:
            why = problem.args[1] if len(problem.args) > 1 else problem
            raise DatabaseUnusable(f"can't use the database {self.name}: {why}") from None


def _insert(cursor: Any, values: list[bytes]) -> None:
    """Insert messages in as many statements as the server's limit for one demands."""
    if len(values) > 1 and sum(map(len, values)) > _MOST_BYTES:
        half = len(values) // 2
        _insert(cursor, values[:half])
        _insert(cursor, values[half:])
    else:
        cursor.execute_text(_INSERT + b",".join(values))


class _QuestionMarks:
    """A cursor that takes question marks where the driver wants %s."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor
        self.fetchone = cursor.fetchone
        self.fetchall = cursor.fetchall
        self._escaped: Callable[[bytes], bytes] = cursor.connection.string_literal

    @property
    def lastrowid(self) -> int | None:
        return int(self._cursor.lastrowid)

    @property
    def rowcount(self) -> int:
        return int(self._cursor.rowcount)

    def execute(self, sql: str, values: Sequence[Any] = (), /) -> Any:
        return self._cursor.execute(sql.replace("?", "%s"), values)

    def execute_text(self, sql: bytes) -> None:
        """Execute a statement that has its values in it, as :meth:`literal` gives them."""
        self._cursor.execute(sql)

    def literal(self, text: str) -> bytes:
        """A text in quotes, with all escaped that would not stand for itself."""
        return self._escaped(text.encode())

    def executemany(self, sql: str, rows: Sequence[Sequence[Any]], /) -> Any:
        return self._cursor.executemany(sql.replace("?", "%s"), rows)


class _Connection(Connection):
    """Is dropped when its server can't be used any more: a new one may find a successor."""

    _pool: Any
    _connection: Any

    def is_alive(self) -> bool:
        """Whether the server is there; it is asked only where that can't be seen."""
        connection = self._connection
        idle_since, connection.used = connection.used, time.monotonic()
        socket = select.poll()
        socket.register(connection.fileno(), select.POLLIN)
        if socket.poll(0):  # it says something that it was not asked: good-bye
            return False
        if connection.used - idle_since < _SURELY_ALIVE:
            return True
        try:
            connection.ping()
        except MySQLdb.Error:
            return False
        return True

    def rollback(self) -> None:
        """What adbapi calls while it handles a transaction's error."""
        is_lost = _verdict(sys.exception()) is Verdict.UNREACHABLE
        if not is_lost:
            try:
                self._connection.rollback()
            except MySQLdb.Error:
                is_lost = True
        if is_lost:
            self._pool.disconnect(self._connection)


class _CheckedTransaction(Transaction):
    """Finds out that a connection is dead before it is used, and takes a new one."""

    _connection: _Connection

    def reopen(self) -> None:
        super().reopen()
        if not self._connection.is_alive():
            self.reconnect()
            self._cursor = self._connection.cursor()


def _configure(connection: Any) -> None:
    """What is committed by other nodes shall be seen at once, also within a transaction."""
    connection.used = time.monotonic()
    cursor = connection.cursor()
    cursor.execute(f"SET SESSION {_idle_timeout(cursor)} = {_IDLE_TIMEOUT}")
    cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
    cursor.execute("SET SESSION sql_mode = 'STRICT_ALL_TABLES'")
    cursor.execute(f"SET SESSION innodb_lock_wait_timeout = {_LOCK_TIMEOUT}")
    cursor.execute(f"SET SESSION lock_wait_timeout = {_LOCK_TIMEOUT}")
    connection.commit()


def _idle_timeout(cursor: Any) -> str:
    """The setting for transactions in which nothing happens."""
    cursor.execute("SHOW VARIABLES LIKE 'idle_transaction_timeout'")
    # MySQL has none: there, a connection without a transaction is closed, too, and opened again.
    return "idle_transaction_timeout" if cursor.fetchone() else "wait_timeout"


def _code(problem: Exception) -> int | None:
    """The number of a server's or the driver's error."""
    return problem.args[0] if problem.args else None


def _verdict(problem: BaseException | None) -> Verdict:
    if not isinstance(problem, MySQLdb.Error):
        return Verdict.FAULT
    code = _code(problem)
    if code in _AGAIN:
        return Verdict.AGAIN
    if code in _LOCKED:
        return Verdict.LOCKED
    if code in _REFUSED or isinstance(problem, MySQLdb.DataError):
        return Verdict.REFUSED
    if isinstance(problem, MySQLdb.ProgrammingError | MySQLdb.NotSupportedError):
        return Verdict.FAULT
    return Verdict.UNREACHABLE


def _options_of(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    name = parts.path.removeprefix("/")
    if parts.scheme != "mysql" or not re.fullmatch(r"\w+", name):
        raise DatabaseUnusable(
            f"can't use the database {without_password(url)!r}: write mysql://USER:PASSWORD@HOST:PORT/NAME"
        )
    options: dict[str, Any] = {
        "db": name,
        "charset": "utf8mb4",
        # An UPDATE tells how many rows it found, not how many were different before.
        "client_flag": CLIENT.FOUND_ROWS,
        "connect_timeout": _CONNECT_TIMEOUT,
        "read_timeout": _STATEMENT_TIMEOUT,
        "write_timeout": _STATEMENT_TIMEOUT,
    }
    given = {
        "unix_socket": dict(parse_qsl(parts.query)).get("unix_socket"),
        "host": parts.hostname,
        "port": parts.port,
        "user": parts.username and unquote(parts.username),
        "passwd": parts.password and unquote(parts.password),
    }
    return options | {option: value for option, value in given.items() if value}
