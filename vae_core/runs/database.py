"""The database of started runs: SQLAlchemy over SQLite (WAL), or any URL in LATENTARIUM_DATABASE."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from pydantic import ValidationError
from sqlalchemy import JSON, Engine, create_engine, delete, event, insert, inspect, make_url, select, text, update
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, NoSuchModuleError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.schema import CreateColumn

from vae_core.config import TrainConfig, runs_folder
from vae_core.runs.errors import RunError

MAX_MESSAGE = 1000
BUSY_SECONDS = 10.0
"""How long a call waits for another's write."""


class DatabaseError(RunError):
    """The database is locked, damaged or out of reach; the message says which, in one sentence."""


class Base(DeclarativeBase):
    pass


class RunRow(Base):
    """One started run: how far it is and what was asked of it. What it reached stands in its folder."""

    __tablename__ = "runs"

    name: Mapped[str] = mapped_column(primary_key=True)
    folder: Mapped[str]
    config: Mapped[dict[str, Any]] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(default="queued")
    """queued, running, paused, finished, stopped or failed"""
    request: Mapped[str] = mapped_column(default="")
    """'stop', or nothing"""
    message: Mapped[str] = mapped_column(default="")
    pid: Mapped[int | None] = mapped_column(default=None)
    created: Mapped[float]
    """When it was last started or resumed: its place in the queue."""
    heartbeat: Mapped[float]
    step: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    samples_per_second: Mapped[float] = mapped_column(default=0.0)
    seconds_left: Mapped[float | None] = mapped_column(default=None)
    # What is younger than the table has a default of the database's own: it is added to tables that are older.
    account: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True), default=None)
    """What the last single step did (vae_core.training.Account)."""
    sweep: Mapped[str] = mapped_column(default="", server_default="")
    """The sweep it belongs to, or nothing."""
    trashed: Mapped[float | None] = mapped_column(default=None)
    """When it was deleted, as long as that can be undone."""
    job: Mapped[str] = mapped_column(default="", server_default="")
    """Its id on a cluster, or nothing."""
    host: Mapped[str] = mapped_column(default="", server_default="")
    """The machine that its worker runs on, as that calls itself."""

    @property
    def train_config(self) -> TrainConfig:
        """The settings it was started with. Raises RunError where this version cannot read them."""
        try:
            return TrainConfig.model_validate({**self.config, "out": self.folder})
        except ValidationError as error:
            setting = ".".join(str(part) for part in error.errors()[0]["loc"])
            raise RunError(
                f"{self.name} was started by another version of Latentarium, with a setting that this one does not "
                f"know ({setting}): start it anew under another name."
            ) from error


class OrderRow(Base):
    """What a visitor wants of a run that trains; its worker takes it away."""

    __tablename__ = "orders"

    id: Mapped[int] = mapped_column(primary_key=True)
    run: Mapped[str] = mapped_column(index=True)
    what: Mapped[str]
    """pause, go on, step or steer"""
    setting: Mapped[str] = mapped_column(default="", server_default="")
    """Which one is steered."""
    value: Mapped[float | None] = mapped_column(default=None)
    """What it is from now on."""
    created: Mapped[float]


class RunStore:
    """The few things that are done with rows, each a transaction of its own; each may raise DatabaseError."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        with one_sentence(engine):
            make_tables(engine)

    def enter(self, folder: Path, config: TrainConfig, *, seen: RunRow | None, sweep: str | None = None) -> RunRow:
        """A new row, or the old one queued again, where the row is still as the caller has `seen` it.

        Orders of before are forgotten; the sweep it belongs to stays unless another is named ('' is none). Of any
        number of callers who start the same run at once, one gets its row; the others get a RunError.
        """
        now = time.time()
        values: dict[str, Any] = {
            "folder": str(folder),
            "config": config.model_dump(mode="json", exclude={"out"}),
            "created": now,
            "state": "queued",
            "request": "",
            "message": "",
            "pid": None,
            "heartbeat": now,
            "step": 0,
            "total": 0,
            "samples_per_second": 0.0,
            "seconds_left": None,
            "account": None,
            "trashed": None,
            "job": "",
            "host": "",
        }
        if sweep is not None:
            values["sweep"] = sweep
        mine = False
        with self._session() as session:
            if seen is None:
                with contextlib.suppress(IntegrityError):  # the name is the key: another was quicker
                    session.execute(insert(RunRow).values(name=folder.name, **values))
                    session.commit()
                    mine = True
            else:
                unchanged = (RunRow.name == seen.name, RunRow.state == seen.state, RunRow.heartbeat == seen.heartbeat)
                result = session.connection().execute(update(RunRow).where(*unchanged).values(**values))
                session.commit()
                mine = result.rowcount == 1
            if mine:
                session.execute(delete(OrderRow).where(OrderRow.run == folder.name))
                session.commit()
        row = self.get(folder.name)
        if not mine or row is None:
            raise RunError(f"Somebody started {folder.name} a moment ago: watch it, or choose another name.")
        return row

    def get(self, name: str) -> RunRow | None:
        with self._session() as session:
            return session.get(RunRow, name)

    def all(self) -> list[RunRow]:
        """Newest first."""
        with self._session() as session:
            return list(session.scalars(select(RunRow).order_by(RunRow.created.desc())))

    def note(self, name: str, **values: object) -> None:
        """Write progress; the heartbeat comes by itself."""
        if "message" in values:
            values["message"] = str(values["message"])[:MAX_MESSAGE]
        with self._session() as session:
            session.execute(update(RunRow).where(RunRow.name == name).values(heartbeat=time.time(), **values))
            session.commit()

    def ask(self, name: str, request: str) -> None:
        """Leave a request ('stop') for the worker."""
        with self._session() as session:
            session.execute(update(RunRow).where(RunRow.name == name).values(request=request))
            session.commit()

    def request_of(self, name: str) -> str:
        """What was asked of the run. It stands until the run's end is noted, so that pages know of it as long."""
        with self._session() as session:
            return session.scalar(select(RunRow.request).where(RunRow.name == name)) or ""

    def order(self, name: str, what: str, setting: str = "", value: float | None = None) -> None:
        """Leave an order (pause, go on, step, steer) for the worker."""
        values = {"run": name, "what": what, "setting": setting, "value": value, "created": time.time()}
        with self._session() as session:
            session.execute(insert(OrderRow).values(**values))
            session.commit()

    def take_orders(self, name: str) -> list[OrderRow]:
        """The run's orders, oldest first; they are gone from the database then."""
        with self._session() as session:
            orders = list(session.scalars(select(OrderRow).where(OrderRow.run == name).order_by(OrderRow.id)))
            if orders:  # each look at an empty table would be a write otherwise
                session.execute(delete(OrderRow).where(OrderRow.id.in_([order.id for order in orders])))
                session.commit()
            return orders

    def delete(self, name: str) -> None:
        with self._session() as session:
            session.execute(delete(RunRow).where(RunRow.name == name))
            session.execute(delete(OrderRow).where(OrderRow.run == name))
            session.commit()

    @contextlib.contextmanager
    def _session(self) -> Iterator[Session]:
        with one_sentence(self.engine), Session(self.engine, expire_on_commit=False) as session:
            yield session


def make_tables(engine: Engine) -> None:
    """Tables where there are none, and columns that an older version's tables lack.

    Another process may do the same at the same time: whoever comes second finds it done.
    """
    try:
        Base.metadata.create_all(engine)
    except DBAPIError:  # another process was quicker with one of them; once more for those that are missing
        Base.metadata.create_all(engine)
    for table in Base.metadata.sorted_tables:
        there = {column["name"] for column in inspect(engine).get_columns(table.name)}
        for column in table.columns:
            if column.name not in there:
                _add_column(engine, table.name, column.name, str(CreateColumn(column).compile(dialect=engine.dialect)))


def _add_column(engine: Engine, table: str, name: str, definition: str) -> None:
    try:
        with engine.begin() as connection:
            connection.execute(text(f"ALTER TABLE {table} ADD COLUMN {definition}"))
    except DBAPIError:
        if name not in {column["name"] for column in inspect(engine).get_columns(table)}:
            raise


@contextlib.contextmanager
def one_sentence(engine: Engine) -> Iterator[None]:
    """Turns what the driver says into a DatabaseError."""
    try:
        yield
    except (DBAPIError, OSError) as error:
        where = engine.url.database if engine.dialect.name == "sqlite" else engine.url.render_as_string()
        said = str(error.orig if isinstance(error, DBAPIError) else error.strerror or error).splitlines()[0]
        if isinstance(error, Timeout):
            said = "database is locked"
        if "locked" in said:
            way_out = "another program holds it; try again in a moment"
        elif "not a database" in said or "malformed" in said:
            way_out = "move it away and a new one is begun, the runs themselves stay in their folders"
        else:
            way_out = "see that it can be reached and written"
        raise DatabaseError(f"The database of runs ({where}) cannot be used ({said}): {way_out}.") from error


def database_url() -> str:
    return os.environ.get("LATENTARIUM_DATABASE") or f"sqlite:///{(runs_folder() / 'runs.db').resolve()}"


_stores: dict[str, RunStore] = {}
_opening = threading.Lock()


def open_store() -> RunStore:
    """The store of this process, opened once for each URL; folder and tables are made where they are missing.

    Raises DatabaseError where it cannot be.
    """
    url = database_url()
    with _opening:
        store = _stores.get(url)
        if store is None or not _still_there(store.engine):
            store = _stores[url] = _open(url)
        return store


def _still_there(engine: Engine) -> bool:
    """False where SQLite's file was taken away: connections would go on writing to a file without a name."""
    file = engine.url.database
    return engine.dialect.name != "sqlite" or not file or file == ":memory:" or Path(file).exists()


def _open(url: str) -> RunStore:
    try:
        parsed = make_url(url)
        engine = create_engine(parsed, pool_pre_ping=True)  # a server may have been restarted
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise DatabaseError(
            f"LATENTARIUM_DATABASE is no database that can be opened ({str(error).splitlines()[0]}); "
            "a right one is sqlite:////home/me/runs.db."
        ) from error
    if engine.dialect.name != "sqlite":
        return RunStore(engine)
    event.listen(engine, "connect", _sqlite_settings)
    if not parsed.database or parsed.database == ":memory:":
        return RunStore(engine)
    file = Path(parsed.database).resolve()
    with one_sentence(engine):
        file.parent.mkdir(parents=True, exist_ok=True)
        # SQLite does not wait where two begin a file at once: the second's change to WAL fails there and then.
        with FileLock(file.parent / f".{file.name}.lock", timeout=BUSY_SECONDS):
            return RunStore(engine)


def _sqlite_settings(connection: Any, _: object) -> None:
    """WAL lets pages read while a worker writes; the timeout outlasts another's write."""
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={round(BUSY_SECONDS * 1000)}")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()
