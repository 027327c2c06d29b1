"""Samples with labels."""

from mmlite.structures import DataSample


def labelled(*labels: int | list[int]) -> list[DataSample]:
    return [DataSample().set_gt_label(label) for label in labels]
