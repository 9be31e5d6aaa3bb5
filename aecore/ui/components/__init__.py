"""The browser parts of the app: JavaScript, CSS and HTML that Python hands to the browser as they are."""

from pathlib import Path

_FOLDER = Path(__file__).parent


def source(*names: str) -> str:
    """Return the text of the named files of this folder, joined by line breaks, in the given order.

    JavaScript files joined this way share one module: a file may use what the files before it declare.
    Raises FileNotFoundError when a name is not a file of this folder.
    """
    return "\n".join((_FOLDER / name).read_text(encoding="utf-8") for name in names)
