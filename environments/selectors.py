"""Selectors: the short way to say which nodes.

    selector := term {"," term}
    term     := name | ("*" | role [":" state]) ["@" place]
    place    := region | zone

``east-db-2`` is a node, ``app@east`` every app in that region, ``*@east-b`` all that stands
in that zone of it, ``db:primary`` whichever database is the primary at the moment of asking;
``*`` alone is every node. Where a node and a role share a name, the node is
meant. A name that nobody knows raises UnknownNameError: a selector that silently
selected nothing would make a drill that breaks nothing.
"""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

from environments.model import UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from environments.model import Environment, Link, Node

_WORD = r"[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?"
_TERM = re.compile(
    rf"(?:\*|(?P<role>{_WORD})(?::(?P<state>{_WORD}))?)(?:@(?P<place>{_WORD}))?", re.ASCII
)


def select(environment: Environment, selector: str) -> tuple[Node, ...]:
    """Return the nodes that a selector means now, each once, in the environment's order.

    Raises:
        UnknownNameError: a term is malformed, names what is not there, or matches nothing.
        WorldError: a state was asked for and nobody could say.
    """
    chosen = {
        node.name for term in selector.split(",") for node in _matching(environment, term)
    }
    return tuple(node for node in environment.nodes if node.name in chosen)


def find_node(environment: Environment, name: str) -> Node:
    """Return the node of exactly that name; roles are not looked at.

    Raises:
        UnknownNameError: there is none.
    """
    nodes = {node.name: node for node in environment.nodes}
    _must_be_known(f"node of {environment.name}", name, nodes)
    return nodes[name]


def find_link(environment: Environment, name: str) -> Link:
    """Return the link of exactly that name.

    Raises:
        UnknownNameError: there is none.
    """
    links = {link.name: link for link in environment.links}
    _must_be_known(f"link of {environment.name}", name, links)
    return links[name]


def _matching(environment: Environment, term: str) -> Sequence[Node]:
    nodes = environment.nodes
    by_name = [node for node in nodes if node.name == term]
    if by_name:
        return by_name
    parts = _TERM.fullmatch(term)
    if parts is None:
        raise UnknownNameError(
            f"{term!r} is no selector: write *, a node's name or role[:state][@place], as in "
            f"db:primary, app@east or *@east-b, with commas and no spaces between several"
        )
    role, state, place = parts["role"], parts["state"], parts["place"]
    found = nodes
    if role:
        _must_be_known_role(nodes, role, qualified=bool(state or place))
        found = [node for node in found if node.role == role]
    if place:
        _must_be_known("region or zone", place, _places(nodes))
        found = [node for node in found if place in (node.region, node.zone)]
    if state:
        found = _in_state(found, state, role, environment.states(role))
    if not found:
        raise UnknownNameError(f"no node matches {term!r}: no {role} is in {place}")
    return found


def _places(nodes: Sequence[Node]) -> set[str]:
    return {place for node in nodes for place in (node.region, node.zone) if place}


def _must_be_known_role(nodes: Sequence[Node], role: str, *, qualified: bool) -> None:
    roles = {node.role for node in nodes}
    if qualified:
        _must_be_known("role", role, roles)
    else:
        _must_be_known("node or role", role, roles | {node.name for node in nodes})


def _in_state(
    nodes: Sequence[Node], state: str, role: str, states: Mapping[str, str]
) -> list[Node]:
    _must_be_known(f"state of {role} now", state, states.values())
    found = [node for node in nodes if states.get(node.name) == state]
    if nodes and not found:
        said = ", ".join(f"{node.name} is {states.get(node.name, 'silent')}" for node in nodes)
        raise UnknownNameError(f"no {role} that was asked for is {state!r} now: {said}")
    return found


def _must_be_known(what: str, given: str, known: Iterable[str]) -> None:
    names = sorted(set(known))
    if given in names:
        return
    close = difflib.get_close_matches(given, names, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    raise UnknownNameError(
        f"{given!r} is no {what}: known are {', '.join(names) or 'none'}{hint}"
    )
