"""Small stereo networks."""

from __future__ import annotations

from typing import Any

# Networks of stereo matching, few layers where they can have fewer.
STEREO: dict[str, dict[str, Any]] = {
    'GwcNet': dict(max_disp=16, num_groups=8, use_concat_volume=True),
    'IGEV': dict(
        hidden_dims=(8, 8, 8), n_gru_layers=2, train_iters=2, valid_iters=2, max_disp=32
    ),
    'LightStereo': dict(max_disp=16, aggregation_blocks=(1, 2, 2), expanse_ratio=1),
    'PSMNet': dict(max_disp=16),
    'RAFTStereo': dict(
        hidden_dims=(16, 16, 16),
        n_gru_layers=2,
        slow_fast_gru=True,
        shared_backbone=True,
        train_iters=2,
        valid_iters=2,
        max_disp=16,
    ),
    'TinyStereo': dict(max_disp=16, channels=8, num_groups=2, depth=1),
}
