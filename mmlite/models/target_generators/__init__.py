"""What makes the target of self-supervised learning from the images."""

from .clip_generator import CLIPGenerator
from .dall_e import DALLEEncoder
from .hog_generator import HOGGenerator
from .vector_quantizer import NormEMAVectorQuantizer
from .vqkd import VQKD

__all__ = [
    'VQKD',
    'CLIPGenerator',
    'DALLEEncoder',
    'HOGGenerator',
    'NormEMAVectorQuantizer',
]
