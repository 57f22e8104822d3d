"""What the panel does, without widgets; nothing is imported here, so opening it stays cheap."""
