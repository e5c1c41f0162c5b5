"""The types of message fields, each with the rule that an error text quotes."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

MAX_ID = 2**53 - 1
MAX_NAME = 50
MAX_SIGNAL = 4096
MAX_PING = 64

# White space at either end, control characters and bidi overrides can fake another name.
_NAME = r"\A(?!\s)[^\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]{1,50}(?<!\s)\Z"
_NAME_RULE = (
    "a text of 1 to 50 characters, without control characters, bidi overrides "
    "or white space at either end"
)

Id = Annotated[int, Meta(ge=1, le=MAX_ID, description="a whole number from 1 to 2^53-1")]
Seq = Annotated[int, Meta(ge=0, le=MAX_ID, description="a whole number from 0 to 2^53-1")]
Name = Annotated[str, Meta(pattern=_NAME, description=_NAME_RULE)]
LoginName = Annotated[str, Meta(min_length=1, max_length=50, description="1 to 50 characters")]
Password = Annotated[str, Meta(min_length=1, max_length=128, description="1 to 128 characters")]
Token = Annotated[str, Meta(min_length=1, max_length=128, description="1 to 128 characters")]
Device = Annotated[str, Meta(min_length=1, max_length=64, description="1 to 64 characters")]
Cid = Annotated[str, Meta(min_length=1, max_length=64, description="1 to 64 characters")]
GroupDesc = Annotated[str, Meta(max_length=200, description="a text of up to 200 characters")]
Text = Annotated[str, Meta(min_length=1, description="a text that is not empty")]
Limit = Annotated[int, Meta(ge=1, le=200, description="a whole number from 1 to 200")]
Flag = Annotated[bool, Meta(description="true or false")]
