"""What a session did, line by line: recorded, replayed, timed; and a robot that works in the user's place.

Importing this package imports no torch; names are loaded from their home at first use.
"""

from cueseg.lazy_names import lazy_names

_HOMES = {
    "SessionHeader": "sessions.record",
    "SessionRecord": "sessions.record",
    "SessionRecorder": "sessions.recorder",
    "UserClock": "sessions.clock",
    "VolumeIdentity": "sessions.identity",
    "WeightsIdentity": "sessions.identity",
    "header_for": "sessions.identity",
    "read_record": "sessions.record_file",
    "write_record": "sessions.record_file",
}

__all__ = [*_HOMES]
__getattr__, __dir__ = lazy_names(__name__, _HOMES)
