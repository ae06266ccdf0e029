"""We believe that a verifier lets in who knows the password, and tells nobody what it is."""

from __future__ import annotations

import base64

from hypothesis import given
from hypothesis import strategies as st

from environments.replica.images.vault.vault.scram import verifier

# RFC 7677, section 3: the user "user" with the password "pencil", as PostgreSQL would keep it.
SALT = base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
OF_PENCIL = (
    "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$"
    "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
)


def test_it_is_what_the_standard_says() -> None:
    assert verifier("pencil", SALT) == OF_PENCIL


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8))
def test_it_is_salted_anew_and_does_not_have_the_password(password: str) -> None:
    one, other = verifier(password), verifier(password)
    assert one != other
    assert password not in one
