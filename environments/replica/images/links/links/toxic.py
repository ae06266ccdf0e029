"""A toxic as the API knows it: a kind, its attributes, a stream, a toxicity."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace

from . import body, errors
from .toxics import KINDS, Attributes, Kind

UPSTREAM = "upstream"
DOWNSTREAM = "downstream"
STREAMS = (UPSTREAM, DOWNSTREAM)


@dataclass(frozen=True, slots=True)
class Toxic:
    """``toxicity`` is the share of connections that the toxic works on."""

    name: str
    type: str
    stream: str
    toxicity: float
    attributes: Attributes

    @property
    def kind(self) -> Kind:
        return KINDS[self.type]

    def as_json(self) -> dict[str, object]:
        return asdict(self)


def new_toxic(sent: body.Fields) -> Toxic:
    """Read a toxic from the body of a request.

    Raises:
        ApiError: 400, it describes none.
    """
    kind_name = body.text(sent, "type", "")
    stream = body.text(sent, "stream", DOWNSTREAM)
    if stream not in STREAMS:
        raise errors.invalid_stream()
    if kind_name not in KINDS:
        raise errors.invalid_toxic_type()
    toxic = Toxic(
        name=body.text(sent, "name", "") or f"{kind_name}_{stream}",
        type=kind_name,
        stream=stream,
        toxicity=1.0,
        attributes=KINDS[kind_name].attributes(),
    )
    return changed(toxic, sent)


def changed(toxic: Toxic, sent: body.Fields) -> Toxic:
    """Read new attributes and toxicity; what is not sent stays, all else is ignored.

    Raises:
        ApiError: 400, a value has the wrong type.
    """
    attributes = body.as_object(sent.get("attributes"), "attributes")
    values = {
        field.name: body.integer(
            attributes, field.name, default=getattr(toxic.attributes, field.name)
        )
        for field in fields(toxic.attributes)
    }
    return replace(
        toxic,
        attributes=KINDS[toxic.type].attributes(**values),
        toxicity=body.number(sent, "toxicity", toxic.toxicity),
    )
