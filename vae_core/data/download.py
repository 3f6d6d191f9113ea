"""Fetching datasets from where torchvision finds them, with progress.

torchvision knows where the files are and what their checksums are; its own download prints a bar on the
console and cannot tell a caller how far it is, hence the few lines of streaming here.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import shutil
import ssl
import tarfile
import tempfile
import urllib.error
import urllib.request
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from vae_core.data import cards
from vae_core.data.cards import CARDS, DatasetError, Progress

_CHUNK = 1 << 16
_TIMEOUT = 30.0  # seconds without a byte


@dataclass(frozen=True)
class Remote:
    """A file to be fetched."""

    name: str
    urls: tuple[str, ...]  # tried in this order
    md5: str


def fetch(name: str, progress: Progress) -> None:
    """Put the files of `name` into the first folder of its layout, in data_folder().

    Each file gets its name only once it is whole and its MD5 is right; one that is already there is kept. Out of an
    archive, only the files that are needed are taken.
    Raises DatasetError where the folder cannot be written or no mirror delivers a sound file.
    """
    card = CARDS[name]
    folder = cards.data_folder() / cards.LAYOUTS[name].folders[0]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatasetError(
            f"{folder} cannot be made ({error.strerror or error}); set LATENTARIUM_DATA to a folder that can be."
        ) from error
    total = card.download_mb * 1e6
    done = 0
    for remote in remotes(name):
        path = folder / remote.name
        here = path.is_file() and _md5(path) == remote.md5
        done += path.stat().st_size if here else _fetch_file(card.title, path, remote, done, total, progress)
        if path.suffix == ".zip" or path.name.endswith(".tar.gz"):
            progress(1.0, f"Unpacking {card.title}")
            _unpack(path, cards.LAYOUTS[name])
            if not here:  # what somebody put there stays
                path.unlink()
    progress(1.0, f"{card.title} is here")


def remotes(name: str) -> list[Remote]:
    """What is to be fetched for `name`, as torchvision knows it; for CIFAR-10 the version that is no pickle."""
    if name == "cifar-10":
        url = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
        return [Remote("cifar-10-binary.tar.gz", (url,), "c32a1d4ab5d03f1284b67883e8d87530")]
    from torchvision import datasets  # not at the top: a second of imports that only a download needs

    if name == "emnist":
        return [Remote("gzip.zip", (datasets.EMNIST.url,), datasets.EMNIST.md5)]
    if name == "svhn":
        return [Remote(file, (url,), md5) for url, file, md5 in map(datasets.SVHN.split_list.get, ("train", "test"))]
    source = {"mnist": datasets.MNIST, "fashion-mnist": datasets.FashionMNIST, "kmnist": datasets.KMNIST}[name]
    return [Remote(file, tuple(f"{mirror}{file}" for mirror in source.mirrors), md5) for file, md5 in source.resources]


def _unpack(archive: Path, layout: cards.Layout) -> None:
    """Put the files of this layout beside the archive, whatever folder they are in inside; its MD5 has been checked."""
    wanted = {f"{file}{ending}" for file in layout.files for ending in layout.endings}
    try:
        if archive.suffix == ".zip":
            with zipfile.ZipFile(archive) as members:
                for info in members.infolist():
                    if Path(info.filename).name in wanted:
                        with members.open(info) as content:
                            _write(archive.parent / Path(info.filename).name, content)
            return
        with tarfile.open(archive, "r:gz") as tape:
            for member in tape:
                if Path(member.name).name in wanted and (file := tape.extractfile(member)) is not None:
                    _write(archive.parent / Path(member.name).name, file)
    except (EOFError, RuntimeError, zipfile.BadZipFile, tarfile.TarError, zlib.error) as error:
        raise DatasetError(f"{archive} cannot be unpacked ({error}); delete it and try again.") from error
    except OSError as error:
        raise _unwritable(archive.parent, error) from error


def _write(path: Path, content: IO[bytes]) -> None:
    handle, part = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            shutil.copyfileobj(content, file, _CHUNK)
        os.chmod(part, 0o644)  # mkstemp keeps files private; a data folder is often shared
        os.replace(part, path)
    finally:
        Path(part).unlink(missing_ok=True)


def _unwritable(path: Path, error: OSError) -> DatasetError:
    return DatasetError(
        f"{path} cannot be written ({error.strerror or error}); set LATENTARIUM_DATA to a folder that can be."
    )


def _fetch_file(title: str, path: Path, remote: Remote, before: int, total: float, progress: Progress) -> int:
    """Fetch one file from the first mirror that delivers it whole; returns its size in bytes."""
    reasons = []
    for url in remote.urls:
        mirror = url.removesuffix(path.name)
        try:
            return _fetch_from(title, url, path, remote.md5, before, total, progress)
        except urllib.error.HTTPError as error:
            reasons.append(f"{mirror} answered {error.code}")
        except urllib.error.URLError as error:
            reasons.append(f"{mirror} cannot be reached ({error.reason})")
        except (http.client.HTTPException, TimeoutError, ConnectionError, ssl.SSLError) as error:
            reasons.append(f"{mirror} broke off ({type(error).__name__})")
        except _BadFile as error:
            reasons.append(f"{mirror} {error}")
        except OSError as error:
            raise _unwritable(path, error) from error
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
