"""Networks of timm, torchvision and Hugging Face as backbones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from ...errors import needs_package
from ...registry import MODELS
from ...structures import FeatureSpec

__all__ = ['HuggingFaceBackbone', 'TIMMBackbone', 'TorchvisionBackbone']


class _Wrapped(BaseModule):
    """A network of another library, whose weights need no rule of ours."""

    package: ClassVar[str]
    feature_specs: tuple[FeatureSpec, ...] | None = None

    def _import(self, name: str) -> Any:
        with needs_package(self.package, self.package, type(self).__name__):
            return __import__(name, fromlist=['_'])


@MODELS.register_module()
class TIMMBackbone(_Wrapped):
    """A network of pytorch-image-models (timm).

    Args:
        model_name: Name of the network, as ``timm.list_models()`` has it.
        features_only: Whether to give the maps of all strides, where the network can;
            else the last map, or the tokens.
        pretrained: Whether timm loads its published weights.
        checkpoint_path: A checkpoint that timm loads.
        in_channels: Channels of the images.
        init_cfg: Config of the initialisation, as in mmengine.
        kwargs: Further arguments of ``timm.create_model``.

    Shape:
        x: ``(B, in_channels, H, W)``; returns: a tuple of what the network gives.

    Raises:
        MissingDependencyError: if timm is not installed.
    """

    package = 'timm'

    def __init__(
        self,
        model_name: str,
        features_only: bool = False,
        pretrained: bool = False,
        checkpoint_path: str = '',
        in_channels: int = 3,
        init_cfg: dict | list | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(init_cfg)
        timm = self._import('timm')
        self.timm_model = timm.create_model(
            model_name,
            features_only=features_only,
            pretrained=pretrained,
            in_chans=in_channels,
            checkpoint_path=checkpoint_path,
            **kwargs,
        )
        if hasattr(self.timm_model, 'reset_classifier'):
            self.timm_model.reset_classifier(0, '')
        info = getattr(self.timm_model, 'feature_info', None)
        if features_only:
            pairs = zip(info.channels(), info.reduction(), strict=True)
            self.feature_specs = tuple(FeatureSpec(c, stride=s) for c, s in pairs)
        elif width := getattr(self.timm_model, 'num_features', None):
            stride = None
            if isinstance(info, list) and not hasattr(self.timm_model, 'pos_embed'):
                stride = info[-1].get('reduction')  # tokens have none
            self.feature_specs = (FeatureSpec(width, stride=stride),)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """The features."""
        return _as_tuple(self.timm_model(x))


@MODELS.register_module()
class TorchvisionBackbone(_Wrapped):
    """A network of torchvision, cut at the outputs of some of its modules.

    Args:
        model_name: Name of the network, as ``torchvision.models.list_models()`` has it.
        out_layers: Names of the modules whose outputs are given, e.g.
            ``('layer3', 'layer4')``, in the order in which they run.
        weights: Name of published weights that torchvision loads, e.g. ``'DEFAULT'``.
        init_cfg: Config of the initialisation, as in mmengine.
        kwargs: Further arguments of the network.

    Shape:
        x: ``(B, 3, H, W)``; returns: a tuple, one entry per layer.

    Raises:
        MissingDependencyError: if torchvision is not installed.
        ValueError: if the network has no module of a name.
    """

    package = 'torchvision'

    def __init__(
        self,
        model_name: str,
        out_layers: Sequence[str],
        weights: str | None = None,
        init_cfg: dict | list | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(init_cfg)
        models = self._import('torchvision.models')
        self.model = models.get_model(model_name, weights=weights, **kwargs)
        known = [name for name, _ in self.model.named_modules() if name]
        wrong = [name for name in out_layers if name not in known]
        if wrong or not out_layers:
            top = ', '.join(name for name, _ in self.model.named_children())
            raise ValueError(
                f'out_layers names modules of {model_name}, got {list(out_layers)}; '
                f'at its top there are {top}'
            )
        self.out_layers = tuple(out_layers)
        self._found: dict[str, Tensor] = {}
        for name in self.out_layers:
            self.model.get_submodule(name).register_forward_hook(self._keep(name))
        self.feature_specs = self._measure()

    def _keep(self, name: str) -> Callable[..., None]:
        def keep(module: nn.Module, inputs: Any, output: Tensor) -> None:
            self._found[name] = output

        return keep

    def _measure(self) -> tuple[FeatureSpec, ...] | None:
        size = getattr(self.model, 'image_size', 224)
        training = self.training
        try:
            with torch.no_grad():
                outs = self.eval()(torch.zeros(1, 3, size, size))
        except RuntimeError:  # e.g. built without memory
            return None
        finally:
            self.train(training)
        return tuple(
            FeatureSpec(o.shape[1], stride=size // o.shape[-1] if o.ndim == 4 else None)
            for o in outs
        )

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """The features."""
        self._found.clear()
        self.model(x)
        outs = tuple(self._found[name] for name in self.out_layers)
        self._found.clear()
        return outs


@MODELS.register_module()
class HuggingFaceBackbone(_Wrapped):
    """A vision network of Hugging Face's transformers.

    Args:
        model_name: Name on the hub or a folder; without ``pretrained`` its config is
            read alone. A config, as ``transformers`` has it, is taken too.
        pretrained: Whether to load the weights.
        init_cfg: Config of the initialisation, as in mmengine.
        kwargs: Further arguments of ``from_pretrained``.

    Shape:
        x: ``(B, C, H, W)``; returns: a tuple of the last hidden state.

    Raises:
        MissingDependencyError: if transformers is not installed.
    """

    package = 'transformers'

    def __init__(
        self,
        model_name: Any,
        pretrained: bool = False,
        init_cfg: dict | list | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(init_cfg)
        transformers = self._import('transformers')
        if pretrained:
            self.model = transformers.AutoModel.from_pretrained(model_name, **kwargs)
        else:
            config = model_name
            if isinstance(config, str):
                config = transformers.AutoConfig.from_pretrained(config, **kwargs)
            self.model = transformers.AutoModel.from_config(config)
        config = self.model.config
        width = getattr(config, 'hidden_size', None)
        width = width or (getattr(config, 'hidden_sizes', None) or [None])[-1]
        if width:
            self.feature_specs = (FeatureSpec(width),)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """The features."""
        return (self.model(x).last_hidden_state,)


def _as_tuple(features: Any) -> tuple[Tensor, ...]:
    return tuple(features) if isinstance(features, (list, tuple)) else (features,)
