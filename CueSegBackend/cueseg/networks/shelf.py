"""The networks that come with cueseg. Needs no torch."""

from difflib import get_close_matches
from pathlib import Path

from cueseg.networks.card import NetworkCard, read_network_card

__all__ = ["SHIPPED_FOLDER", "list_networks", "shipped_path"]

SHIPPED_FOLDER = Path(__file__).parent / "shipped"


def list_networks() -> list[NetworkCard]:
    """Cards of the shipped networks, by name.

    Raises:
        ValueError: a card that cannot be read.
    """
    return [read_network_card(path) for path in sorted(SHIPPED_FOLDER.glob("*.json"))]


def shipped_path(name: str) -> Path:
    """Weights file of a shipped network.

    Raises:
        ValueError: no network of this name; the message lists those there are.
    """
    card_path = SHIPPED_FOLDER / f"{name}.json"
    names = [path.stem for path in sorted(SHIPPED_FOLDER.glob("*.json"))]
    if name not in names:
        close = get_close_matches(name, names, n=1)
        hint = f" (did you mean {close[0]!r}?)" if close else ""
        raise ValueError(
            f"no shipped network {name!r}{hint}: there is {', '.join(names) or 'none'}; for your own file or "
            "folder give its path"
        )
    return SHIPPED_FOLDER / (read_network_card(card_path).file or f"{name}.pt")
