"""The database of runs that were started: SQLAlchemy over SQLite (WAL), or any URL in LATENTARIUM_DATABASE."""

from __future__ import annotations

import os
import time
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, Engine, create_engine, event, select, update
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from vae_core.config import TrainConfig, runs_folder
from vae_core.runs.errors import RunError

MAX_MESSAGE = 1000


class Base(DeclarativeBase):
    pass


class RunRow(Base):
    """One started run: how far it is and what was asked of it. What it reached stands in its folder."""

    __tablename__ = "runs"

    name: Mapped[str] = mapped_column(primary_key=True)
    folder: Mapped[str]
    config: Mapped[dict[str, Any]] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(default="queued")
    """queued, running, finished, stopped or failed"""
    request: Mapped[str] = mapped_column(default="")
    """'stop', or nothing"""
    message: Mapped[str] = mapped_column(default="")
    pid: Mapped[int | None] = mapped_column(default=None)
    created: Mapped[float]
    heartbeat: Mapped[float]
    step: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    samples_per_second: Mapped[float] = mapped_column(default=0.0)
    seconds_left: Mapped[float | None] = mapped_column(default=None)
    live: Mapped[dict[str, Any] | None] = mapped_column(JSON, default=None)
    """The newest step: {"step", "distortion", "rate": [D]}, nats"""

    @property
    def train_config(self) -> TrainConfig:
        return TrainConfig.model_validate({**self.config, "out": self.folder})


class RunStore:
    """The few things that are done with rows. Each call is a transaction of its own."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        Base.metadata.create_all(engine)

    def enter(self, folder: Path, config: TrainConfig, *, resume: bool = False) -> RunRow:
        """A new row, or the old one queued again. Raises RunError where the run is queued or running already."""
        now = time.time()
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            row = session.get(RunRow, folder.name, with_for_update=True)
            if row is None:
                row = RunRow(name=folder.name, created=now)
                session.add(row)
            elif row.state in ("queued", "running") and not resume and row.pid is None and now - row.heartbeat < 60:
                raise RunError(f"{folder.name} is waiting to be trained already: watch it, or choose another name.")
            row.folder = str(folder)
            row.config = config.model_dump(mode="json", exclude={"out"})
            row.state, row.request, row.message, row.pid, row.heartbeat = "queued", "", "", None, now
            return row

    def get(self, name: str) -> RunRow | None:
        with Session(self.engine, expire_on_commit=False) as session:
            return session.get(RunRow, name)

    def all(self) -> list[RunRow]:
        """Newest first."""
        with Session(self.engine, expire_on_commit=False) as session:
            return list(session.scalars(select(RunRow).order_by(RunRow.created.desc())))

    def note(self, name: str, **values: object) -> None:
        """Write progress; the heartbeat comes by itself."""
        if "message" in values:
            values["message"] = str(values["message"])[:MAX_MESSAGE]
        with Session(self.engine) as session, session.begin():
            session.execute(update(RunRow).where(RunRow.name == name).values(heartbeat=time.time(), **values))

    def ask(self, name: str, request: str) -> None:
        """Leave a request ('stop') for the worker."""
        with Session(self.engine) as session, session.begin():
            session.execute(update(RunRow).where(RunRow.name == name).values(request=request))

    def take_request(self, name: str) -> str:
        """What was asked of the run since the last look; taking it clears it."""
        with Session(self.engine) as session, session.begin():
            request = session.scalar(select(RunRow.request).where(RunRow.name == name)) or ""
            if request:
                session.execute(update(RunRow).where(RunRow.name == name).values(request=""))
            return request

    def delete(self, name: str) -> None:
        with Session(self.engine) as session, session.begin():
            row = session.get(RunRow, name)
            if row is not None:
                session.delete(row)


def database_url() -> str:
    return os.environ.get("LATENTARIUM_DATABASE") or f"sqlite:///{(runs_folder() / 'runs.db').resolve()}"


def open_store() -> RunStore:
    """The store of this process, opened once for each URL."""
    return _open(database_url())


@lru_cache(maxsize=4)
def _open(url: str) -> RunStore:
    if url.startswith("sqlite"):
        Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _sqlite_settings)
    return RunStore(engine)


def _sqlite_settings(connection: Any, _: object) -> None:
    """WAL lets pages read while a worker writes; the timeout outlasts another's write."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout=10000")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()
