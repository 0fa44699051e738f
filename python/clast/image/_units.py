"""Units of length as files spell them, reduced to millimetres and micrometres."""

from collections.abc import Sequence

_MICROMETRES = {
    "nm": 1e-3,
    "nanometer": 1e-3,
    "um": 1.0,
    "\u00b5m": 1.0,  # micro sign
    "\u03bcm": 1.0,  # Greek mu
    "\\u00b5m": 1.0,  # ImageJ stores the escape itself
    "micron": 1.0,
    "microns": 1.0,
    "micrometer": 1.0,
    "mm": 1e3,
    "millimeter": 1e3,
    "cm": 1e4,
    "centimeter": 1e4,
    "inch": 25400.0,
    "m": 1e6,
    "meter": 1e6,
    "\u00e5": 1e-4,  # angstrom, lower case
}


def standard_length(spacing: Sequence[float], unit: str | None) -> tuple[tuple[float, ...] | None, str | None]:
    """Express a spacing in mm (millimetres and metres) or um (every other unit of length).

    Parameters
    ----------
    spacing : sequence of float
        Distance between neighbours along each axis, in `unit`.
    unit : str or None
        The unit as spelled in the file.

    Returns
    -------
    spacing : tuple of float or None
        None when the unit is not a length, or a distance is not positive and finite.
    unit : {"mm", "um"} or None
    """
    factor = _MICROMETRES.get((unit or "").strip().lower())
    if factor is None or not all(0 < distance < float("inf") for distance in spacing):
        return None, None
    if factor in (1e3, 1e6):
        return tuple(float(distance) * factor / 1e3 for distance in spacing), "mm"
    return tuple(float(distance) * factor for distance in spacing), "um"
