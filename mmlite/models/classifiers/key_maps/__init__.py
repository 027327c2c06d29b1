"""From the checkpoints of timm, torchvision and Hugging Face to ours.

A map is named ``<project>-<architecture>``. Where a checkpoint is loaded, the one that
makes the most entries fit is found by names and shapes.
"""

from . import convnets, huggingface, mobile, resnets, transformers  # noqa: F401

__all__: list[str] = []
