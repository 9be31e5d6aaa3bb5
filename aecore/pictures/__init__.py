"""People's own pictures: opening files that may be anything, and finding handwritten digits in photos.

This package imports neither torch nor streamlit.
"""

from aecore.pictures.errors import PictureError
from aecore.pictures.intake import Picture, luminance, open_picture, png_bytes, thumbnail

__all__ = ["Picture", "PictureError", "luminance", "open_picture", "png_bytes", "thumbnail"]
