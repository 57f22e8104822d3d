"""Adapters between MRML nodes and NumPy arrays; nothing is imported here, so opening a panel stays cheap."""
