"""Which object each anchor stands for."""

from __future__ import annotations

import torch
from torch import Tensor

from ...registry import TASK_UTILS

__all__ = ['BACKGROUND', 'IGNORED', 'ArgMaxMatcher', 'BipartiteMatcher']

#: What an anchor is matched with that has no object: nothing, or what does not count.
BACKGROUND, IGNORED = -1, -2


@TASK_UTILS.register_module()
class ArgMaxMatcher:
    """Give each anchor the object that it is most similar to, if it is enough.

    Args:
        matched_threshold: From which similarity an anchor is matched.
        unmatched_threshold: Below which it is background; None is matched_threshold.
            What lies in between is ignored.
        negatives_lower_than_unmatched: False makes background of what lies in between,
            and ignores what lies below.
        force_match_for_each_row: Whether every object also gets its most similar
            anchor, however little it is (TensorFlow, SSD).
        allow_low_quality_matches: Whether all anchors that are most similar to an
            object keep the object that they themselves are most similar to
            (torchvision, detectron2).

    Shape:
        similarity: ``(N, A)``, objects by anchors.
        returns: int64 ``(A, )``: the index of the object, -1 for background, -2 for
        ignored.

    Raises:
        ValueError: if unmatched_threshold is the larger one.

    Example:
        >>> matcher = ArgMaxMatcher(matched_threshold=0.5, unmatched_threshold=0.4)
        >>> matcher(torch.tensor([[0.9, 0.45, 0.1], [0.2, 0.3, 0.1]]))
        tensor([ 0, -2, -1])
    """

    def __init__(
        self,
        matched_threshold: float = 0.5,
        unmatched_threshold: float | None = None,
        negatives_lower_than_unmatched: bool = True,
        force_match_for_each_row: bool = False,
        allow_low_quality_matches: bool = False,
    ) -> None:
        if unmatched_threshold is None:
            unmatched_threshold = matched_threshold
        if unmatched_threshold > matched_threshold:
            raise ValueError(
                f'unmatched_threshold={unmatched_threshold} is at most '
                f'matched_threshold={matched_threshold}'
            )
        self.matched_threshold = matched_threshold
        self.unmatched_threshold = unmatched_threshold
        self.negatives_lower_than_unmatched = negatives_lower_than_unmatched
        self.force_match_for_each_row = force_match_for_each_row
        self.allow_low_quality_matches = allow_low_quality_matches

    def __call__(self, similarity: Tensor) -> Tensor:
        """The match of each anchor."""
        num_objects, num_anchors = similarity.shape
        if not num_objects:
            return similarity.new_full((num_anchors,), BACKGROUND, dtype=torch.int64)
        best, nearest = similarity.max(dim=0)
        low, middle = BACKGROUND, IGNORED
        if not self.negatives_lower_than_unmatched:
            low, middle = middle, low
        matches = torch.where(best < self.matched_threshold, middle, nearest)
        matches = torch.where(best < self.unmatched_threshold, low, matches)
        if self.allow_low_quality_matches and num_anchors:
            highest = similarity.max(dim=1, keepdim=True).values
            # An object that touches no anchor is not most similar to any.
            tied = ((similarity == highest) & (highest > 0)).any(dim=0)
            matches = torch.where(tied, nearest, matches)
        if self.force_match_for_each_row and num_anchors:
            highest, places = similarity.max(dim=1)
            own = torch.arange(num_objects, device=places.device)
            forced = matches.new_full((num_anchors,), -1)
            # Of objects that want one anchor, the last has it.
            own = torch.where(highest > 0, own, -1)
            forced = forced.scatter_reduce(0, places, own, 'amax')
            matches = torch.where(forced >= 0, forced, matches)
        return matches


@TASK_UTILS.register_module()
class BipartiteMatcher:
    """Give each object one anchor: the most similar pair first, then the next.

    Shape:
        similarity: ``(N, A)``, objects by anchors.
        returns: int64 ``(A, )``: the index of the object, or -1 for background.

    Example:
        >>> BipartiteMatcher()(torch.tensor([[0.9, 0.8, 0.1], [0.7, 0.2, 0.1]]))
        tensor([ 0,  1, -1])
    """

    def __call__(self, similarity: Tensor) -> Tensor:
        """The match of each anchor."""
        num_objects, num_anchors = similarity.shape
        left = similarity.detach().clone()
        matches = left.new_full((num_anchors,), BACKGROUND, dtype=torch.int64)
        for _ in range(min(num_objects, num_anchors)):
            place = left.argmax()
            row = torch.div(place, num_anchors, rounding_mode='floor')
            column = place % num_anchors
            matches[column] = row
            left[row] = -torch.inf
            left[:, column] = -torch.inf
        return matches
