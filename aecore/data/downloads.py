"""Fetching one file from the first mirror that delivers it whole, with progress."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from urllib.parse import urlsplit

Progress = Callable[[str, float], None]
"""Called with what is being done, in words, and how much of it is done, 0 to 1."""

_TIMEOUT = (10.0, 30.0)  # seconds to connect, and between two pieces of an answer
_CHUNK = 1 << 16  # bytes
# Without this a server may send a .gz file as compressed *content*, which arrives unpacked and fails its md5.
_AS_IT_IS = {"Accept-Encoding": "identity"}


class DataUnavailableError(RuntimeError):
    """Data that are neither on this machine nor to be had; the message says why and what works instead."""


class _Meter:
    """Passes pooch's byte counts on as a fraction that never falls, not even when a second mirror starts."""

    def __init__(self, report: Callable[[float], None]) -> None:
        self.total = 0
        self._report = report
        self._count = 0
        self._shown = 0.0

    def update(self, count: int) -> None:
        self._count += count
        if self.total:
            self._shown = max(self._shown, min(1.0, self._count / self.total))
            self._report(self._shown)

    def reset(self) -> None:
        self._count = 0

    def close(self) -> None:
        """Nothing to close; pooch calls it."""


def _plainly(error: OSError | ValueError) -> str:
    """Why a mirror did not deliver, in a few words."""
    response = getattr(error, "response", None)
    if response is not None:
        return f"answered with error {response.status_code}"
    if not isinstance(error, OSError):
        return "sent a damaged file"
    # Only errors of this machine, such as a full disk, carry a text of their own.
    return error.strerror or "gave no complete answer"


def fetch(urls: Iterable[str], md5: str, target: Path, report: Callable[[float], None]) -> None:
    """Put the file at `target`, whole or not at all, from the first of `urls` that gives it with this md5.

    `report` gets the fraction of the file, 0 to 1, never falling; what it raises ends the download (OSError
    and ValueError excepted: those count as a failed mirror). A file already at `target` is replaced unless
    it has this md5. Raises DataUnavailableError with a reason for each address if none works.
    """
    # Imported here: the server reads data sets that are on the disk without it.
    import pooch

    pooch.get_logger().setLevel("WARNING")
    meter = _Meter(report)
    reasons = []
    for url in urls:
        meter.reset()
        downloader = pooch.HTTPDownloader(progressbar=meter, chunk_size=_CHUNK, timeout=_TIMEOUT, headers=_AS_IT_IS)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            # pooch writes beside the target, checks the md5, then renames.
            pooch.retrieve(url, f"md5:{md5}", fname=target.name, path=target.parent, downloader=downloader)
        except (PermissionError, FileExistsError, NotADirectoryError) as error:
            raise DataUnavailableError(f"the folder {target.parent} cannot be written to") from error
        except (OSError, ValueError) as error:
            reasons.append(f"{urlsplit(url).hostname} {_plainly(error)}")
        else:
            report(1.0)
            return
    raise DataUnavailableError("; ".join(reasons) or "there is no address to fetch it from")
