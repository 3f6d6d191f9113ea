"""Rounds of the matching game in the database of runs: the tables `plays` and `classes`, made and mended as its own.

Kept of a player: the nickname they typed, cut short, and nothing else. A class is a code that players share and a key
that its instructor alone knows; of the key only a hash is kept.
"""

from __future__ import annotations

import csv
import hashlib
import hmac
import io
import secrets
import time
import unicodedata
from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from sqlalchemy import JSON, Engine, UniqueConstraint, delete, func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from vae_core.game import Play, area, slope
from vae_core.runs.database import Base, DatabaseError, make_tables, one_sentence, open_store
from vae_core.runs.errors import RunError

MOST_NAME = 24
"""Letters of a nickname."""
FORMULA = "=+-@"
"""What a spreadsheet takes for a formula where a cell begins with it."""
MOST_OF_CLASS = 2_000
"""Rounds that are kept of one class."""
MOST_ALONE = 20_000
"""Rounds that are kept of people who play without a class; the oldest go first."""
MOST_CLASSES = 200
UNUSED = 7 * 86_400.0
"""Seconds after which a class that nobody played makes room for others."""
CODE_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""None that is mistaken for another when it is read from a projector."""
CODE_LENGTH = 6


class PlayRow(Base):
    """One round as it was played (vae_core.game.Play)."""

    __tablename__ = "plays"
    __table_args__ = (UniqueConstraint("game", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    game: Mapped[str] = mapped_column(index=True)
    number: Mapped[int]
    class_code: Mapped[str] = mapped_column(index=True)
    player: Mapped[str]
    created: Mapped[float]
    run: Mapped[str]
    rotated: Mapped[bool]
    sliders: Mapped[int]
    seed: Mapped[int]
    close: Mapped[float]
    seconds: Mapped[float]
    active: Mapped[float]
    moves: Mapped[int]
    travel: Mapped[float]
    switches: Mapped[int]
    solved: Mapped[bool]
    distance: Mapped[float]
    code_distance: Mapped[float]
    trace: Mapped[list[list[float]]] = mapped_column(JSON)


class ClassRow(Base):
    """A class: what its members play, and who may see what came of it."""

    __tablename__ = "classes"

    code: Mapped[str] = mapped_column(primary_key=True)
    key_hash: Mapped[str]
    models: Mapped[list[list[Any]]] = mapped_column(JSON)
    """Two of [run, rotated]."""
    rounds: Mapped[int]
    seed: Mapped[int]
    close: Mapped[float]
    created: Mapped[float]


FIGURES = (
    "game", "number", "class_code", "player", "created", "run", "rotated", "sliders", "seed", "close", "seconds",
    "active", "moves", "travel", "switches", "solved", "distance", "code_distance",
)  # fmt: skip


def nickname(text: str) -> str:
    """A nickname as it is kept: one line of visible letters, MOST_NAME at most; '' where there are none.

    None begins like a formula: tables on the page have a download of their own, which escapes nothing.
    """
    visible = "".join(c if unicodedata.category(c)[0] in "LMNPSZ" else " " for c in text[:1000])
    return " ".join(visible.split()).lstrip(f"{FORMULA} ")[:MOST_NAME].rstrip()


def new_game() -> str:
    """A name for a game that nobody guesses."""
    return secrets.token_hex(8)


class PlayStore:
    """What is done with rounds and classes, each a transaction of its own; each may raise DatabaseError."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        with one_sentence(engine):
            make_tables(engine)

    # -- rounds ------------------------------------------------------------------------------------------------

    def keep(self, play: Play) -> None:
        """Keeps a round; a second one of the same game and number is not kept.

        Raises RunError where its class has as many rounds as a class may have, or is not there (any more).
        """
        values = {name: getattr(play, name) for name in FIGURES}
        values |= {
            "player": nickname(play.player),
            "created": play.created or time.time(),
            "trace": np.round(play.trace, 3).tolist(),
        }
        with one_sentence(self.engine), Session(self.engine) as session:
            if play.class_code and session.get(ClassRow, play.class_code) is None:
                raise RunError(f"There is no class {play.class_code} (any more): ask for a new link.")
            count = session.scalar(select(func.count()).where(PlayRow.class_code == play.class_code)) or 0
            if play.class_code and count >= MOST_OF_CLASS:
                raise RunError(f"Class {play.class_code} has {count:,} rounds, which is all that is kept of a class.")
            if not play.class_code and count >= MOST_ALONE:
                oldest = select(PlayRow.id).where(PlayRow.class_code == "").order_by(PlayRow.id)
                surplus = list(session.scalars(oldest.limit(count - MOST_ALONE + 1)))
                session.execute(delete(PlayRow).where(PlayRow.id.in_(surplus)))
            try:
                session.execute(insert(PlayRow).values(**values))
                session.commit()
            except IntegrityError:  # sent twice
                session.rollback()

    def of_game(self, game: str) -> list[Play]:
        """The rounds of one game, in their order."""
        return self._plays(PlayRow.game == game, PlayRow.number)

    def of_class(self, code: str) -> list[Play]:
        """The rounds of all games of a class, game by game, the oldest first."""
        return self._plays(PlayRow.class_code == code, PlayRow.id) if code else []

    def count_of_class(self, code: str) -> int:
        """How many rounds `of_class` would return."""
        with one_sentence(self.engine), Session(self.engine) as session:
            counted = select(func.count()).where(PlayRow.class_code == code)
            return (session.scalar(counted) or 0) if code else 0

    def _plays(self, which: Any, order: Any) -> list[Play]:
        with one_sentence(self.engine), Session(self.engine) as session:
            rows = session.scalars(select(PlayRow).where(which).order_by(order))
            return [_play(row) for row in rows]

    # -- classes -----------------------------------------------------------------------------------------------

    def begin_class(
        self, models: Sequence[tuple[str, bool]], rounds: int, seed: int, close: float
    ) -> tuple[ClassRow, str]:
        """A new class and its instructor's key. Raises RunError where there are MOST_CLASSES that are in use."""
        key = secrets.token_urlsafe(16)
        with one_sentence(self.engine), Session(self.engine, expire_on_commit=False) as session:
            unused = ClassRow.code.not_in(select(PlayRow.class_code)), ClassRow.created < time.time() - UNUSED
            if _classes(session) >= MOST_CLASSES:
                session.execute(delete(ClassRow).where(*unused))
                session.commit()
            if _classes(session) >= MOST_CLASSES:
                raise RunError(f"There are {MOST_CLASSES} classes: delete one that is over.")
            for _ in range(20):
                row = ClassRow(
                    code="".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH)),
                    key_hash=_hash(key), models=[list(model) for model in models], rounds=rounds, seed=seed,
                    close=close, created=time.time(),
                )  # fmt: skip
                try:
                    session.add(row)
                    session.commit()
                    return row, key
                except IntegrityError:  # the code is taken
                    session.rollback()
        raise DatabaseError("No free code for a class was found: try once more.")

    def get_class(self, code: str) -> ClassRow | None:
        with one_sentence(self.engine), Session(self.engine, expire_on_commit=False) as session:
            return session.get(ClassRow, code[:64].upper())

    def may_see(self, row: ClassRow, key: str) -> bool:
        """Whether the key is the one that the class's instructor was given."""
        return hmac.compare_digest(row.key_hash, _hash(key[:200]))

    def delete_class(self, code: str) -> None:
        """The class and every round of it."""
        with one_sentence(self.engine), Session(self.engine) as session:
            session.execute(delete(PlayRow).where(PlayRow.class_code == code))
            session.execute(delete(ClassRow).where(ClassRow.code == code))
            session.commit()


def _classes(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(ClassRow)) or 0


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()


def _play(row: PlayRow) -> Play:
    trace = np.array(row.trace, dtype=np.float64).reshape(-1, 3)
    return Play(trace=trace, **{name: getattr(row, name) for name in FIGURES})


_stores: WeakKeyDictionary[Engine, PlayStore] = WeakKeyDictionary()


def open_plays() -> PlayStore:
    """The rounds in the database of runs. Raises DatabaseError where it cannot be used."""
    engine = open_store().engine
    store = _stores.get(engine)
    if store is None:
        store = _stores[engine] = PlayStore(engine)
    return store


# -- CSV ---------------------------------------------------------------------------------------------------

COLUMNS = (
    "class", "game", "player", "round", "model", "rotated", "sliders", "solved", "seconds", "active_seconds", "moves",
    "slider_travel", "slider_switches", "agreement", "code_distance", "error_area", "slope_per_10_s",
    "agreement_needed", "seed", "played_at",
)  # fmt: skip


def to_csv(plays: Sequence[Play]) -> bytes:
    """One line a round. What a spreadsheet would take for a formula gets an apostrophe in front."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for play in plays:
        played = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(play.created))
        writer.writerow(
            [
                play.class_code, play.game, _harmless(play.player), play.number + 1, _harmless(play.run),
                int(play.rotated), play.sliders, int(play.solved), f"{play.seconds:.2f}", f"{play.active:.2f}",
                play.moves, f"{play.travel:.3f}", play.switches, f"{1 - play.distance:.4f}",
                f"{play.code_distance:.4f}", f"{area(play):.3f}", f"{slope(play):.4f}", play.close, play.seed, played,
            ]
        )  # fmt: skip
    return text.getvalue().encode("utf-8-sig")  # the mark tells a spreadsheet that names are UTF-8


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(tuple(FORMULA)) else text
