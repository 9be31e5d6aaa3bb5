"""A zip from outside: nothing of it is unpacked before its whole directory has been looked through.

Only what the app itself writes is taken: known names, each once, stored or deflated, of a declared size within bounds. Files are
read into memory one at a time, never more bytes than were declared, and nothing is written anywhere.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import stat
import struct
import unicodedata
import zipfile
import zlib

from aecore.exchange import APP, FORMAT
from aecore.exchange.json_text import only, parsed
from aecore.exchange.parts import FOLDERS, MANIFEST, MOST, NEEDED, most_bytes, too_many
from aecore.exchange.refused import RefusedError
from aecore.limits import UNPACKED_BYTES

_END = struct.Struct("<4s4H2LH")  # the record at a zip's end
_DIRECTORY_ENTRY = 46 + 128  # bytes that an entry of the directory may take: its fields, a name, times
_NOT_PLAIN = 0x1 | 0x20 | 0x40 | 0x2000  # flags: encrypted, a patch, strongly encrypted, a hidden directory
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_PICKLES = (".pkl", ".pickle", ".pt", ".pth")
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    IndexError,
)
"""What zipfile raises for files that are damaged."""


class Archive:
    """The checked directory of a zip; :meth:`read` gives a file's content, checked against the manifest."""

    def __init__(self, content: bytes) -> None:
        """Raises RefusedError."""
        _check_end(content)
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(content))
            entries = self._zip.infolist()
        except _DAMAGED:
            raise _damaged() from None
        files = [entry for entry in entries if not _is_folder(entry)]
        _check_names(files)
        _check_kinds(entries)
        _check_sizes(files)
        self._entries = {entry.filename: entry for entry in files}
        self._manifest = self._read_manifest()

    @property
    def names(self) -> list[str]:
        """All files but the manifest."""
        return [name for name in self._entries if name != MANIFEST]

    def size(self, name: str) -> int:
        """Bytes that a file has."""
        return self._entries[name].file_size

    def read(self, name: str) -> bytes:
        """The content of a file. Raises RefusedError where it is not the one that the manifest speaks of."""
        content = self._unpacked(name)
        if hashlib.sha256(content).hexdigest() != self._manifest[name]:
            raise RefusedError(f"{name} is not the file that run.json speaks of: it was changed, or damaged on its way.")
        return content

    def _unpacked(self, name: str) -> bytes:
        entry = self._entries[name]
        try:
            with self._zip.open(entry) as file:
                content = file.read(entry.file_size + 1)  # never inflates more than it is asked for
        except _DAMAGED:
            raise RefusedError(f"{name} cannot be unpacked: the file is damaged.") from None
        if len(content) != entry.file_size:
            raise RefusedError(f"{name} is not as large as the zip says: the file is damaged.")
        return content

    def _read_manifest(self) -> dict[str, str]:
        """The SHA-256 of each file by name."""
        values = parsed(self._unpacked(MANIFEST), MANIFEST, most_bytes(MANIFEST) or 0)
        form = values.get("format")
        if values.get("app") != APP or type(form) is not int or form < 1:
            raise RefusedError(f"run.json is none of this app: it must name the app and a format from 1 to {FORMAT}.")
        if form > FORMAT:
            raise RefusedError(f"This zip has format {form}, of a newer app; this one reads up to {FORMAT}: update the app.")
        only(values, ("app", "format", "files"), MANIFEST)
        listed = values.get("files")
        if not isinstance(listed, dict) or set(listed) != set(self.names):
            raise RefusedError("run.json does not list the files that are in the zip.")
        for name, entry in listed.items():
            if not isinstance(entry, dict) or set(entry) != {"size", "sha256"} or not isinstance(entry["sha256"], str):
                raise RefusedError("run.json must give size and sha256 of each file.")
            if entry["size"] != self.size(name):
                raise RefusedError(f"{name} is not as large as run.json says: it was changed, or damaged on its way.")
        return {name: entry["sha256"] for name, entry in listed.items()}


def _check_end(content: bytes) -> None:
    """The record at the end must be plain, and its directory small: zipfile reads all of a directory before one can object."""
    if len(content) < _END.size:
        raise _damaged()
    signature, disk, first_disk, here, count, size, offset, comment = _END.unpack(content[-_END.size :])
    if signature != b"PK\x05\x06" or comment or disk or first_disk or here != count:
        raise _damaged()
    if content[-_END.size - 20 :][:4] == b"PK\x06\x07" or 0xFFFF in (here, count) or 0xFFFFFFFF in (size, offset):
        raise RefusedError("This is a zip for sizes beyond 4 GB: no run is that large.")
    if count > MOST or size > MOST * _DIRECTORY_ENTRY:
        raise RefusedError(f"This zip holds {count:,} files or a directory of {size:,} bytes: no run has that many.")
    if offset + size + _END.size != len(content):
        raise _damaged()


def _is_folder(entry: zipfile.ZipInfo) -> bool:
    """Some tools write the folders too."""
    return entry.orig_filename in FOLDERS and entry.file_size == 0


def _check_names(files: list[zipfile.ZipInfo]) -> None:
    seen: set[str] = set()
    for entry in files:
        # As it stands in the file: zipfile cuts and replaces. A second name in the extra field must not count either.
        name = entry.orig_filename
        shown = "".join(letter if letter.isprintable() else "?" for letter in name[:60])
        parts = name.replace("\\", "/").split("/")
        if name.startswith(("/", "\\")) or ".." in parts or "\\" in name or ":" in name:
            raise RefusedError(f"“{shown}” leads out of the run's folder: this zip is not opened.")
        folded = unicodedata.normalize("NFKC", name).casefold()
        if folded in seen:
            raise RefusedError(f"“{shown}” is in this zip twice.")
        seen.add(folded)
        if name.lower().endswith(_PICKLES):
            raise RefusedError(
                f"“{shown}” is a pickle, which could run anything on this server: save the weights as safetensors."
            )
        if most_bytes(name) is None or entry.filename != name:
            raise RefusedError(f"“{shown}” belongs to no run: a zip may hold only what the app puts into one.")
    if too_many([entry.filename for entry in files]):
        raise RefusedError("This zip holds more frames or snapshots than a run has.")
    missing = [name for name in NEEDED if name not in seen]
    if missing:
        raise RefusedError(f"This is not a zip of a run: it has no {missing[0]}.")


def _check_kinds(entries: list[zipfile.ZipInfo]) -> None:
    for entry in entries:
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if kind not in (0, stat.S_IFDIR if _is_folder(entry) else stat.S_IFREG):
            raise RefusedError(f"“{entry.filename[:60]}” is a link or a device, not a file: this zip is not opened.")
        if entry.flag_bits & _NOT_PLAIN:
            raise RefusedError("This zip is encrypted: the app reads plain ones only.")
        if entry.compress_type not in _METHODS:
            raise RefusedError(
                "This zip is packed in a way that the app does not read: only stored and deflated files are taken."
            )
    # Files that share bytes would make much of little.
    places = sorted((entry.header_offset, entry.header_offset + 30 + entry.compress_size) for entry in entries)
    if any(end > start for (_, end), (start, _) in itertools.pairwise(places)):
        raise RefusedError("Files in this zip overlap: it is not opened.")


def _check_sizes(files: list[zipfile.ZipInfo]) -> None:
    for entry in files:
        most = most_bytes(entry.filename) or 0
        if entry.file_size > most:
            raise RefusedError(f"{entry.filename} has {entry.file_size:,} bytes, and {most:,} is the most.")
        if entry.compress_type == zipfile.ZIP_STORED and entry.compress_size != entry.file_size:
            raise _damaged()
    total = sum(entry.file_size for entry in files)
    if total > UNPACKED_BYTES:
        raise RefusedError(f"Unpacked, this zip has {total >> 20:,} MB, and {UNPACKED_BYTES >> 20} MB is the most.")


def _damaged() -> RefusedError:
    return RefusedError("This is not a whole zip file: it is damaged, or something was added to it.")
