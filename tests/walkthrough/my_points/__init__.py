"""A task that mmlite does not have: where the corners of a thing are."""

from . import data, measuring, model, predicting  # noqa: F401
