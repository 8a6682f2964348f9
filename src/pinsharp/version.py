"""The version of pinsharp, for files that remember by what they were made."""

__version__ = "0.2.0"
