"""What goes wrong with a world: each message is one sentence with a remedy."""


class WorldError(Exception):
    """Something about the world is not as asked; the message is one sentence with a remedy."""


class UnknownNameError(WorldError):
    """No environment, node, role, region or link goes by that name."""


class GoneError(WorldError):
    """What was asked is not there any more, and waiting does not bring it back."""


class UnreachableError(WorldError):
    """Whoever runs the world did not answer: nobody knows whether it did as it was asked."""


class NotReadyError(WorldError):
    """A part did not become ready, or an engine or an image is missing."""


class CommandTimedOutError(WorldError):
    """A command on a node was still running when its time was up."""


class ImpairmentError(WorldError):
    """A link did not take or did not give up an impairment."""
