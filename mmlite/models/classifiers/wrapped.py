"""Classifiers of timm and Hugging Face, with all their layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from torch import Tensor, nn

from ...errors import needs_package
from ...registry import MODELS
from ...structures import DataSample
from ..heads.cls_head import CROSS_ENTROPY, ClsHead
from ..joining import preprocessor_cfg
from .base import BaseClassifier

__all__ = ['HuggingFaceClassifier', 'TimmClassifier']

_OTHERS = ('data_preprocessor.', 'head.')


class _Wrapped(BaseClassifier):
    """A whole network of another library, whose checkpoints have its own names."""

    learns_classes: ClassVar[bool] = True
    task = 'classification'

    def __init__(
        self,
        loss: dict | nn.Module,
        train_cfg: dict | None,
        data_preprocessor: dict | nn.Module | None,
        init_cfg: dict | list | None,
    ) -> None:
        super().__init__(init_cfg, preprocessor_cfg(data_preprocessor, train_cfg))
        self.head = ClsHead(loss=loss)
        self._register_state_dict_hook(_without_prefix)
        # Public under another name from torch 2.5 on.
        self._register_load_state_dict_pre_hook(_with_prefix, with_module=True)

    def forward_tensor(self, inputs: Tensor) -> Tensor:
        """The logits."""
        return self.model(inputs)

    def loss(
        self, inputs: Tensor, data_samples: Sequence[DataSample]
    ) -> dict[str, Tensor]:
        """The loss."""
        return self.head.loss((self.forward_tensor(inputs),), data_samples)

    def predict(
        self, inputs: Tensor, data_samples: Sequence[DataSample] | None = None
    ) -> Sequence[DataSample]:
        """The samples with ``pred_score`` and ``pred_label``."""
        return self.head.predict((self.forward_tensor(inputs),), data_samples)

    def export_outputs(self, inputs: Tensor) -> dict[str, Tensor]:
        """The ``scores`` of the classes."""
        return dict(scores=self.head.scores((self.forward_tensor(inputs),)))


@MODELS.register_module()
class TimmClassifier(_Wrapped):
    """A network of pytorch-image-models (timm), with its own head.

    Its checkpoints have timm's names, and timm's are loaded.

    Args:
        args: Arguments of ``timm.create_model``, e.g. the name of the network.
        loss: Config of the loss, or the module itself.
        train_cfg: ``dict(augments=...)``: what is done to training batches.
        with_cp: Whether to save memory by computing activations again.
        data_preprocessor: Config of the data preprocessor, or the module itself.
        init_cfg: How the weights are initialised, as mmengine has it.
        kwargs: Further arguments of ``timm.create_model``.

    Shape:
        inputs: ``(B, C, H, W)``; returns: logits ``(B, K)``.

    Raises:
        MissingDependencyError: if timm is not installed.
    """

    def __init__(
        self,
        *args: Any,
        loss: dict | nn.Module = CROSS_ENTROPY,
        train_cfg: dict | None = None,
        with_cp: bool = False,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | list | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(loss, train_cfg, data_preprocessor, init_cfg)
        with needs_package('timm', 'timm', 'TimmClassifier'):
            from timm import create_model
        self.model = create_model(*args, **kwargs)
        if with_cp:
            self.model.set_grad_checkpointing()

    def extract_feat(self, inputs: Tensor) -> tuple[Tensor]:
        """What enters timm's head."""
        return (self.model.forward_features(inputs),)


@MODELS.register_module()
class HuggingFaceClassifier(_Wrapped):
    """An image classifier of Hugging Face's transformers, with its own head.

    Its checkpoints have the names of transformers, whose own are loaded.

    Args:
        model_name: Name on the hub or a folder; without ``pretrained`` its config is
            read alone. A config, as ``transformers`` has it, is taken too.
        pretrained: Whether to load the weights.
        model_args: Further arguments of ``from_pretrained``.
        loss: Config of the loss, or the module itself.
        train_cfg: ``dict(augments=...)``: what is done to training batches.
        with_cp: Whether to save memory by computing activations again.
        data_preprocessor: Config of the data preprocessor, or the module itself.
        init_cfg: How the weights are initialised, as mmengine has it.
        kwargs: Further arguments of ``from_pretrained``.

    Shape:
        inputs: ``(B, C, H, W)``; returns: logits ``(B, K)``.

    Raises:
        MissingDependencyError: if transformers is not installed.
    """

    def __init__(
        self,
        model_name: Any,
        pretrained: bool = False,
        *model_args: Any,
        loss: dict | nn.Module = CROSS_ENTROPY,
        train_cfg: dict | None = None,
        with_cp: bool = False,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | list | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(loss, train_cfg, data_preprocessor, init_cfg)
        with needs_package('transformers', 'transformers', 'HuggingFaceClassifier'):
            import transformers
        factory = transformers.AutoModelForImageClassification
        if pretrained:
            self.model = factory.from_pretrained(model_name, *model_args, **kwargs)
        else:
            config = model_name
            if isinstance(config, str):
                load = transformers.AutoConfig.from_pretrained
                config = load(config, *model_args, **kwargs)
            self.model = factory.from_config(config)
        if with_cp:
            self.model.gradient_checkpointing_enable()

    def forward_tensor(self, inputs: Tensor) -> Tensor:
        """The logits."""
        return self.model(inputs).logits

    def extract_feat(self, inputs: Tensor) -> tuple[Tensor, ...]:
        """The hidden states."""
        return tuple(self.model(inputs, output_hidden_states=True).hidden_states)


def _without_prefix(
    module: nn.Module, state: dict[str, Tensor], prefix: str, metadata: Any
) -> None:
    for key in list(state):  # in their order, as an optimizer's state goes by it
        value = state.pop(key)
        whose = f'{prefix}model.'
        own = prefix + key[len(whose) :] if key.startswith(whose) else key
        state[own] = value


def _with_prefix(
    module: nn.Module, state: dict[str, Tensor], prefix: str, *others: Any
) -> None:
    for key in [k for k in state if k.startswith(prefix)]:
        own = key[len(prefix) :]
        if not own.startswith(_OTHERS):
            state[f'{prefix}model.{own}'] = state.pop(key)
