"""What a model that was trained without labels gives elsewhere."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mmlite.models.selfsup import BaseSelfSupervisor


class Levels(nn.Module):
    """The image as it is, and a second level of another shape."""

    def __init__(self, *shape):
        super().__init__()
        self.shape = shape

    def forward(self, x):
        return x, 2 * x.reshape(len(x), *self.shape)


@pytest.mark.parametrize(
    ('shape', 'places'), [((3, 2, 4), (2, 3)), ((8, 3), 1), ((24,), ())]
)
def test_an_exported_model_gives_the_embedding_that_is_predicted(shape, places):
    """Maps and tokens are averaged over their places, a vector stays as it is."""
    images = torch.rand(2, 3, 2, 4)
    model = BaseSelfSupervisor(Levels(*shape))
    outputs = model.export_outputs(images)
    assert list(outputs) == ['embedding', 'feat_0', 'feat_1']
    last = 2 * images.reshape(2, *shape)
    expected = last.mean(places) if places else last
    torch.testing.assert_close(outputs['embedding'], expected)
    predicted = torch.stack([s.pred_embedding for s in model.predict(images)])
    torch.testing.assert_close(predicted, expected)
    torch.testing.assert_close(outputs['feat_0'], images)
