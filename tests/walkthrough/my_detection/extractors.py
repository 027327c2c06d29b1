"""Feature extractors written by hand, as TensorFlow's Object Detection API has it."""

from __future__ import annotations

from torch import Tensor

from mmlite.models.extractors import FasterRCNNFeatureExtractor, SSDFeatureExtractor
from mmlite.registry import MODELS
from mmlite.structures import FeatureSpec

from .inception_v100 import InceptionV100

CHANNEL_MEANS = (123.68, 116.779, 103.939)


@MODELS.register_module()
class FasterRCNNInceptionV100FeatureExtractor(FasterRCNNFeatureExtractor):
    """All but the last stage for proposals, the last one for their boxes."""

    def __init__(self) -> None:
        super().__init__(batch_norm_trainable=False)
        self.network = InceptionV100()

    @property
    def feature_specs(self) -> tuple[FeatureSpec, ...]:
        return (FeatureSpec(16, stride=8),)

    def preprocess(self, resized_inputs: Tensor) -> Tensor:
        means = resized_inputs.new_tensor(CHANNEL_MEANS)
        return resized_inputs - means.view(-1, 1, 1)

    def _extract_proposal_features(self, preprocessed_inputs: Tensor) -> Tensor:
        x = preprocessed_inputs
        for stage in (self.network.stage0, self.network.stage1, self.network.stage2):
            x = stage(x)
        return x

    def _extract_box_classifier_features(self, proposal_feature_maps: Tensor) -> Tensor:
        return self.network.stage3(proposal_feature_maps)

    def restore_from_classification_checkpoint_fn(self, *scopes: str) -> dict[str, str]:
        return {name: f'network.{name}' for name in self.network.state_dict()}


@MODELS.register_module()
class SSDInceptionV100FeatureExtractor(SSDFeatureExtractor):
    """The maps of the last two stages."""

    scopes = ('network',)

    def __init__(self) -> None:
        super().__init__()
        self.network = InceptionV100(out_indices=(2, 3))

    @property
    def feature_specs(self) -> tuple[FeatureSpec, ...]:
        return self.network.feature_specs

    def preprocess(self, resized_inputs: Tensor) -> Tensor:
        means = resized_inputs.new_tensor(CHANNEL_MEANS)
        return resized_inputs - means.view(-1, 1, 1)

    def extract_features(self, preprocessed_inputs: Tensor) -> tuple[Tensor, ...]:
        return self.network(preprocessed_inputs)
