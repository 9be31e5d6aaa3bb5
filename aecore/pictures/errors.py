"""The one error of this package."""


class PictureError(ValueError):
    """A picture that cannot be used; the message is one plain sentence that says what to do."""
