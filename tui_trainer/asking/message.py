"""What questions and answers have in common."""

from typing import ClassVar, Generic, TypeVar

from pydantic import ConfigDict

Reply = TypeVar("Reply")


class Message:
    """Goes over the wire as JSON: bytes as base64, infinities and not-a-numbers as constants."""

    __slots__ = ()
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64", ser_json_inf_nan="constants", extra="ignore")


class Question(Message, Generic[Reply]):
    """Something to ask; ``Reply`` is the type of its answer."""

    __slots__ = ()
