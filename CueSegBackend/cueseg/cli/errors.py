"""Errors that the command line tells apart by their exit code."""


class UnusableWeightsError(Exception):
    """A model that is unknown, missing, damaged or altered; the message says which and what to do."""
