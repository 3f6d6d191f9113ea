"""Fetching MNIST and Fashion-MNIST from torchvision's mirrors, with progress.

torchvision knows where the files are and what their checksums are; its own download prints a bar on the
console and cannot tell a caller how far it is, hence the few lines of streaming here.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import ssl
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

from vae_core.data import cards
from vae_core.data.cards import CARDS, DatasetError, Progress

_CHUNK = 1 << 16
_TIMEOUT = 30.0  # seconds without a byte


def fetch(name: str, progress: Progress) -> None:
    """Put the four idx.gz files of `name` into data_folder(), in torchvision's layout.

    Each file gets its name only once it is whole and its MD5 is right; one that is already there is kept.
    Raises DatasetError where the folder cannot be written or no mirror delivers a sound file.
    """
    from torchvision import datasets  # not at the top: a second of imports that only a download needs

    source = getattr(datasets, cards.TORCHVISION_CLASSES[name])
    card = CARDS[name]
    folder = cards.data_folder() / cards.TORCHVISION_CLASSES[name] / "raw"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatasetError(
            f"{folder} cannot be made ({error.strerror or error}); set LATENTARIUM_DATA to a folder that can be."
        ) from error
    total = card.download_mb * 1e6
    done = 0
    for filename, md5 in source.resources:
        path = folder / filename
        if path.is_file() and _md5(path) == md5:
            done += path.stat().st_size
            continue
        done += _fetch_file(card.title, path, md5, source.mirrors, done, total, progress)
    progress(1.0, f"{card.title} is here")


def _fetch_file(
    title: str, path: Path, md5: str, mirrors: list[str], before: int, total: float, progress: Progress
) -> int:
    """Fetch one file from the first mirror that delivers it whole; returns its size in bytes."""
    reasons = []
    for mirror in mirrors:
        try:
            return _fetch_from(title, f"{mirror}{path.name}", path, md5, before, total, progress)
        except urllib.error.HTTPError as error:
            reasons.append(f"{mirror} answered {error.code}")
        except urllib.error.URLError as error:
            reasons.append(f"{mirror} cannot be reached ({error.reason})")
        except (http.client.HTTPException, TimeoutError, ConnectionError, ssl.SSLError) as error:
            reasons.append(f"{mirror} broke off ({type(error).__name__})")
        except _BadFile as error:
            reasons.append(f"{mirror} {error}")
        except OSError as error:
            raise DatasetError(
                f"{path} cannot be written ({error.strerror or error}); set LATENTARIUM_DATA to a folder that can be."
            ) from error
    raise DatasetError(
        f"{title} could not be downloaded ({path.name}: {'; '.join(reasons)}); try again later, or put "
        f"its files into {path.parent}."
    )


class _BadFile(Exception):
    """A mirror delivered something else than the file asked for."""


def _fetch_from(title: str, url: str, path: Path, md5: str, before: int, total: float, progress: Progress) -> int:
    digest = hashlib.md5(usedforsecurity=False)
    size = 0
    handle, part = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file, urllib.request.urlopen(url, timeout=_TIMEOUT) as response:
            while piece := response.read(_CHUNK):
                size += len(piece)
                if size > 1.1 * total + _CHUNK:
                    raise _BadFile("sent more than the whole dataset")
                file.write(piece)
                digest.update(piece)
                megabytes = (before + size) / 1e6
                fraction = min(1.0, (before + size) / total)
                progress(fraction, f"Downloading {title}: {megabytes:.1f} of {total / 1e6:.1f} MB")
        if digest.hexdigest() != md5:
            raise _BadFile("sent a file with a wrong checksum")
        os.chmod(part, 0o644)  # mkstemp keeps files private; a data folder is often shared
        os.replace(part, path)
    finally:
        Path(part).unlink(missing_ok=True)
    return size


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
