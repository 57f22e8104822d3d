"""How numbers are told."""

__all__ = ["counted"]


def counted(number: int, noun: str) -> str:
    """A number with its noun, which takes an s unless the number is 1: "1 slice", "2 slices"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
