"""Start a detector from the checkpoint of a classifier or of a detector."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mmengine.logging import print_log
from torch import Tensor

from ...errors import CheckpointError, check_choice
from ...structures.key_maps import convert_keys, without_prefixes, without_wrappers

if TYPE_CHECKING:
    from ...engine.checkpoints import LoadReport

__all__ = ['FineTuning']

KINDS = ('classification', 'detection')
_BACKBONE = 'backbone.'


class FineTuning:
    """Mixin of the detectors that takes weights over, and says which."""

    def _set_fine_tuning(self: Any, checkpoint: str | None, kind: str) -> None:
        self.fine_tune_checkpoint = checkpoint
        self.fine_tune_checkpoint_type = _checked(kind)

    def init_weights(self: Any) -> None:
        """As ``init_cfg`` says, then from ``fine_tune_checkpoint``."""
        done = self.is_init
        super().init_weights()
        if self.fine_tune_checkpoint is not None and not done:
            self.restore(self.fine_tune_checkpoint, self.fine_tune_checkpoint_type)

    def restore_map(
        self: Any,
        fine_tune_checkpoint_type: str = 'classification',
        load_all_detection_checkpoint_vars: bool = False,
    ) -> dict[str, str]:
        """Names in a checkpoint, and the names here that they go to.

        Args:
            fine_tune_checkpoint_type: ``'classification'`` for the backbone of a
                classifier, ``'detection'`` for a detector.
            load_all_detection_checkpoint_vars: Whether ``'detection'`` takes all of a
                detector, or only its feature extractor.

        Raises:
            ValueError: if there is no such type.
        """
        if _checked(fine_tune_checkpoint_type) == 'classification':
            extractor = self.feature_extractor
            found = extractor.restore_from_classification_checkpoint_fn(
                *extractor.scopes
            )
            return {
                theirs: f'feature_extractor.{ours}' for theirs, ours in found.items()
            }
        return {
            name: name
            for name in self.state_dict()
            if load_all_detection_checkpoint_vars
            or name.startswith('feature_extractor.')
        }

    def restore(
        self: Any,
        checkpoint: str | Mapping[str, Any],
        fine_tune_checkpoint_type: str = 'classification',
        load_all_detection_checkpoint_vars: bool = False,
        key_map: str | None = None,
    ) -> LoadReport:
        """Take the weights of a checkpoint over.

        Args:
            checkpoint: A file, a URL, or what was read from one.
            fine_tune_checkpoint_type: See :meth:`restore_map`.
            load_all_detection_checkpoint_vars: See :meth:`restore_map`.
            key_map: Name of the key map for the checkpoint of another project.

        Returns:
            What fitted and what did not; it is logged too.

        Raises:
            CheckpointError: if nothing fits.
            ValueError: if there is no such type.
        """
        # The engine loads OpenCV, which no model needs to be built.
        from ...engine.checkpoints import load_checkpoint, load_state

        names = self.restore_map(
            fine_tune_checkpoint_type, load_all_detection_checkpoint_vars
        )
        source = checkpoint if isinstance(checkpoint, str) else 'the checkpoint'
        if isinstance(checkpoint, str):
            checkpoint = load_checkpoint(checkpoint, 'cpu')
        state, _ = without_wrappers(checkpoint.get('state_dict', checkpoint))
        if key_map is not None:
            state, _ = convert_keys(state, key_map)
        state = _without_prefix(state, names)
        wanted = {names[name]: state[name] for name in names if name in state}
        if not wanted:
            raise CheckpointError(
                f'{source} has nothing for a checkpoint of type '
                f'{fine_tune_checkpoint_type!r}: it has {_some(state)}, wanted are '
                f'{_some(names)}; is it of another backbone?'
            )
        report = load_state(self, wanted, source=source, quiet=True)
        print_log(
            f'{source}: {report.matched} of {len(names)} entries restored '
            f'({fine_tune_checkpoint_type}); missing: '
            f'{_some([n for n in names if n not in state])}',
            logger='current',
        )
        return report


def _without_prefix(
    state: Mapping[str, Tensor], names: Mapping[str, str]
) -> dict[str, Tensor]:
    """The entries under the names that are wanted: those of a backbone, if any are."""
    state, _ = without_prefixes(state, ['module.', 'model.'])
    if any(name in state for name in names):
        return dict(state)
    return {
        name[len(_BACKBONE) :]: value
        for name, value in state.items()
        if name.startswith(_BACKBONE)
    }


def _checked(kind: str) -> str:
    check_choice(KINDS, fine_tune_checkpoint_type=kind)
    return kind


def _some(names: Any) -> str:
    names = list(names)
    more = f', and {len(names) - 3} more' if len(names) > 3 else ''
    return ', '.join(names[:3]) + more if names else 'nothing'
