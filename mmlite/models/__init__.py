"""The nn parts and wholes; looking one up in MODELS imports this package."""
