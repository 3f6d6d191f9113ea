"""What people are told of a training: the fixed sentences, and an error made one."""

from __future__ import annotations

import contextlib
import errno
import sys

from pydantic import ValidationError

WAITING = "Waiting for a place: another training is running."
QUEUED = "Waiting for a place on the cluster."
LOST = "Its worker was lost: it goes on from the last saved state as soon as the cluster has room."
LOADING = "Loading the data."
PLACING = "Placing every sample in the latent space."
STOPPING = "Stopping: the best weights are kept, and every sample gets its code."
ELSEWHERE = "Trained by a program that this app cannot hear; it shows what is saved at each look at held-out samples."
DISK_FULL = "The disk is full: what was saved before is whole; make room and go on from there."
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
SENTENCE_LIMIT = 500


def log(sentence: str) -> None:
    """A line of worker.log."""
    with contextlib.suppress(OSError):  # the log may lie on the very disk that is full
        print(sentence, file=sys.stderr, flush=True)


def one_sentence(error: BaseException) -> str:
    """What an error says, as one line for people."""
    if isinstance(error, OSError) and error.errno in NO_ROOM:
        said = DISK_FULL
    elif isinstance(error, OSError) and error.strerror:
        said = f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    elif isinstance(error, ValidationError):
        said = error.errors()[0]["msg"].removeprefix("Value error, ")
    elif isinstance(error, MemoryError):
        said = "the machine's memory did not suffice: take a smaller batch or a smaller net"
    elif isinstance(error, ValueError | RuntimeError | OSError):
        said = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
    else:
        said = f"the program met an error of its own ({type(error).__name__}: {error}), see worker.log"
    said = said[:SENTENCE_LIMIT]
    if said[:1].isascii():  # β is no word
        said = said[:1].upper() + said[1:]
    return said if said.endswith((".", "!", "?", "…")) else f"{said}."
