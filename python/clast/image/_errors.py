"""What can go wrong between files and arrays; the command line maps these to its exit codes."""


class ImageError(ValueError):
    """Base of all errors of the image layer."""


class UnreadableImageError(ImageError, OSError):
    """A file is missing, damaged, or of a kind that cannot be read."""


class GridMismatchError(ImageError):
    """Two images, or an image and a mask, do not lie on the same grid."""


class OutputError(ImageError, OSError):
    """A result cannot be written where or how it was asked for."""


class ShapeGuessWarning(UserWarning):
    """The meaning of an array's axes had to be guessed from its shape."""


class MaskValuesWarning(UserWarning):
    """A mask read from a picture has so many values that it hardly is a mask."""
