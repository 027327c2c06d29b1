"""What makes the target of self-supervised learning from the images."""

__all__: list[str] = []
