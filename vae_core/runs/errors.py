"""The one error of run folders: a sentence that can be shown as it is."""


class RunError(ValueError):
    """A run folder cannot be read or written; the message says which, what is wrong and what would be right."""
