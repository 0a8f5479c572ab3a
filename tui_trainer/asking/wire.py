"""Questions and answers as lines: a head and, after a tab, what is asked or told; both JSON.

to the process    {"id": 7, "slot": "pad", "question": "Predict"} TAB {"weights": {...}, "image": {...}}
                  {"id": 7, "drop": true}                                     nobody waits for this answer any more
from the process  {"id": 7, "answer": "Predicted"} TAB {...}
                  {"id": 7, "error": "a sentence"}
                  {"id": 7, "superseded": true}                               a newer question of its slot came
                  {"id": 7, "progress": "reading test images", "done": 256, "total": 1000}
                  {"ready": true}                                             once, when torch is imported
"""

import json
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from tui_trainer.asking import answers, questions
from tui_trainer.asking.message import Message, Question

QUESTIONS: dict[str, type[Any]] = {
    kind.__name__: kind
    for kind in (
        questions.Open, questions.Summarise, questions.ListImages, questions.Compare, questions.ShowKernels,
        questions.ShowFeatures, questions.ShowSaliency, questions.ShowHistograms, questions.Predict, questions.ShowBoundary,
    )
}  # fmt: skip
ANSWERS: dict[str, type[Any]] = {
    kind.__name__: kind
    for kind in (
        answers.Opened, answers.Summary, answers.ImageList, answers.Pair, answers.Kernels,
        answers.Features, answers.Saliency, answers.Histograms, answers.Predicted, answers.Boundary,
    )
}  # fmt: skip


_ADAPTERS: dict[str, TypeAdapter[Any]] = {}


class AskingError(Exception):
    """The question has no answer; ``str()`` is a sentence for the person who asked."""


class UnknownQuestionError(Exception):
    """A line that is no question this version knows; ``number`` is its id, -1 where it has none."""

    def __init__(self, number: int, reason: str) -> None:
        super().__init__(reason)
        self.number = number


class SupersededError(Exception):
    """A newer question of the same slot was asked, so this one is not answered."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it arrives in the process; ``question`` None: the sender has given it up."""

    id: int
    slot: str
    question: Question[Any] | None


@dataclass(frozen=True, slots=True)
class Told:
    """A line from the process. Exactly one of ``answer``, ``error``, ``superseded``, ``progress`` and ``ready`` is set."""

    id: int
    answer: Message | None = None
    error: str = ""
    superseded: bool = False
    progress: str = ""
    done: int = 0
    total: int = 0
    ready: bool = False


def encode_question(number: int, slot: str, question: Question[Any]) -> bytes:
    """A question as a line."""
    return _line({"id": number, "slot": slot, "question": type(question).__name__}, question)


def encode_drop(number: int) -> bytes:
    """Nobody waits for answer ``number`` any more."""
    return encode_told(id=number, drop=True)


def decode_question(line: bytes) -> Asked:
    """A line as a question. Raises UnknownQuestionError for one that cannot be understood."""
    number = -1
    try:
        head, _, values = line.partition(b"\t")
        told = json.loads(head)
        number = int(told["id"])
        if told.get("drop"):
            return Asked(number, "", None)
        return Asked(number, str(told["slot"]), _adapter(QUESTIONS[told["question"]]).validate_json(values))
    except ValidationError as error:
        first = error.errors()[0]
        raise UnknownQuestionError(number, f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnknownQuestionError(number, f"not a question: {error}") from None


def encode_answer(number: int, answer: Message) -> bytes:
    """An answer as a line."""
    return _line({"id": number, "answer": type(answer).__name__}, answer)


def encode_told(**values: Any) -> bytes:
    """An error, progress or the news of readiness as a line."""
    return json.dumps(values).encode() + b"\n"


def decode_told(line: bytes) -> Told:
    """A line from the process. Raises ValueError for one that cannot be understood."""
    head, _, values = line.partition(b"\t")
    told = json.loads(head)
    number = int(told.get("id", -1))
    if "answer" in told:
        return Told(number, answer=_adapter(ANSWERS[told["answer"]]).validate_json(values))
    return Told(number, **{name: told[name] for name in ("error", "superseded", "progress", "done", "total", "ready") if name in told})


def _line(head: dict[str, Any], message: Message) -> bytes:
    return json.dumps(head).encode() + b"\t" + _adapter(type(message)).dump_json(message) + b"\n"


def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    made = _ADAPTERS.get(kind.__name__)
    if made is None:
        made = _ADAPTERS[kind.__name__] = TypeAdapter(kind)
    return made
