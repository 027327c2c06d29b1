from torch import Tensor, nn

from mmlite.models.heads import ClsHead
from mmlite.registry import MODELS


@MODELS.register_module()
class MyVisionTransformerClsHead(ClsHead):
    """A hidden layer and a linear layer on the class token.

    Args:
        num_classes: Number of classes.
        in_channels: Width of the class token.
        hidden_dim: Width of the hidden layer.
        **kwargs: See :class:`mmlite.models.heads.ClsHead`.
    """

    def __init__(
        self, num_classes: int, in_channels: int, hidden_dim: int, **kwargs
    ) -> None:
        super().__init__(**kwargs)
        self.in_channels = in_channels
        self.num_classes = num_classes
        self.fc1 = nn.Linear(in_channels, hidden_dim)
        self.act = nn.Tanh()
        self.fc2 = nn.Linear(hidden_dim, num_classes)

    def pre_logits(self, feats: tuple[Tensor, ...]) -> Tensor:
        # One entry per output of the backbone; the last one is the deepest.
        cls_token = feats[-1]
        return self.act(self.fc1(cls_token))

    def forward(self, feats: tuple[Tensor, ...]) -> Tensor:
        return self.fc2(self.pre_logits(feats))
