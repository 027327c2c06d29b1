"""The fast path: datasets whose images all lie in one tensor."""

__all__: list[str] = []
