"""The exceptions that trustsem raises: what happened, where, and what to do.

::

    TrustsemError
    ├── SurveyError ──────── UnreadableFileError · UnknownItemError · NotNumericError
    │                        · ScaleMismatchError
    ├── SpecificationError ─ ModelSyntaxError · UnknownIndicatorError · DuplicateParameterError
    │                        · NotIdentifiedError · UnknownOptionError · UnsupportedError
    ├── MomentsError ─────── NotPositiveDefiniteError · TooFewObservationsError
    ├── EstimationError ──── EngineUnavailableError
    ├── InferenceError ───── NotNestedError · ImproperSolutionError · ResamplingError
    ├── UndefinedIndexError
    ├── PlanError ────────── StudyFileError · UntestableHypothesisError
    ├── OutputError
    └── WorkerError

Stages, not mechanisms, name the families. A leaf takes facts, composes its own message and keeps
the facts as attributes. ``exit_code`` is what the command line returns for it. A doubtful *result*
is no exception but a :class:`trustsem.findings.Finding`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from pathlib import Path


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ``" Did you mean 'x'?"`` for the closest known name, or an empty string."""
    name, candidates = str(name), list(known)
    matches = difflib.get_close_matches(name, candidates, n=1, cutoff=0.6) or [
        candidate for candidate in candidates if candidate.lower() == name.lower()
    ]
    return f" Did you mean {matches[0]!r}?" if matches else ""


def listed(names: Iterable[object], limit: int = 12) -> str:
    """Return names as a readable list, cut after ``limit``."""
    shown = [str(name) for name in names]
    rest = len(shown) - limit
    return ", ".join(shown[:limit]) + (f" and {rest} more" if rest > 0 else "")


def visible(text: str) -> str:
    r"""Return text in which characters without a shape stand as escapes, such as ``\x1b``.

    Line breaks stay. What a message quotes can then neither steer a terminal nor hide in it.

    Examples
    --------
    >>> print(visible(chr(0x202E) + "item"))
    \u202eitem
    """
    return "".join(
        letter if letter.isprintable() or letter == "\n" else repr(letter)[1:-1] for letter in text
    )


class TrustsemError(Exception):
    """Base of every exception that trustsem raises on purpose.

    Parameters
    ----------
    what : str
        What is wrong, in one sentence.
    where : str, optional
        The place: a file, a key, a variable.
    remedy : str, optional
        What the user can do.
    """

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", remedy: str = "") -> None:
        self.what, self.where, self.remedy = what, where, remedy
        place = f"{where}: " if where else ""
        super().__init__(visible(f"{place}{what}" + (f" {remedy}" if remedy else "")))


class SurveyError(TrustsemError, ValueError):
    """The survey data cannot be used as they are."""

    exit_code = 3


class UnreadableFileError(SurveyError):
    """A data file is missing, truncated, or of a format that cannot be read."""

    def __init__(self, path: str | Path, reason: str, remedy: str = "") -> None:
        self.path, self.reason = Path(path), reason
        super().__init__(reason, where=str(path), remedy=remedy)


class UnknownItemError(SurveyError, KeyError):
    """Variables that are asked for are not in the data.

    Parameters
    ----------
    missing, available : sequence of str
        What is asked for, and what there is.
    where : str, optional
        The data.
    hint : str, optional
        What else the user can do.
    """

    def __init__(
        self, missing: Sequence[str], available: Iterable[str], where: str = "", hint: str = ""
    ) -> None:
        self.missing, self.available = tuple(missing), tuple(available)
        suggestions = "".join(
            f" {name!r}:{near}" for name in missing if (near := did_you_mean(name, self.available))
        )
        super().__init__(
            f"{len(missing)} variable(s) not found: {listed(missing)}.",
            where=where,
            remedy=f"The data hold: {listed(self.available, 40)}.{suggestions}"
            + (f" {hint}" if hint else ""),
        )

    def __str__(self) -> str:
        """Return the message as written (``KeyError`` would quote it)."""
        return str(self.args[0])


class NotNumericError(SurveyError, TypeError):
    """An item that must be numeric holds text.

    Parameters
    ----------
    cells : sequence of (variable, row, value)
        The offending cells; ``row`` counts from 1 in the data as read.
    """

    def __init__(self, cells: Sequence[tuple[str, int, object]], where: str = "") -> None:
        self.cells = tuple(cells)
        shown = listed((f"{name}, row {row}: {value!r}" for name, row, value in cells), 8)
        super().__init__(
            f"{len(cells)} cell(s) of numeric items hold text: {shown}.",
            where=where,
            remedy="Correct the cells, or declare the text as a missing code.",
        )


class ScaleMismatchError(SurveyError):
    """An answer lies outside the scale that the study declares."""

    def __init__(
        self,
        cells: Sequence[tuple[str, int, object]],
        scale: tuple[float, float],
        where: str = "",
    ) -> None:
        self.cells, self.scale = tuple(cells), scale
        shown = listed((f"{name}, row {row}: {value}" for name, row, value in cells), 8)
        super().__init__(
            f"{len(cells)} answer(s) outside the scale {scale[0]:g} to {scale[1]:g}: {shown}.",
            where=where,
            remedy="Correct them, declare them as missing codes, or change the scale.",
        )


class SpecificationError(TrustsemError, ValueError):
    """The model or its options cannot mean what was written."""

    exit_code = 2


class ModelSyntaxError(SpecificationError):
    """The model text cannot be read; the message shows the place.

    Parameters
    ----------
    what : str
        What is wrong.
    source : str
        The whole model text.
    start, stop : int
        Offsets of the offending part in ``source``.
    hint : str, optional
        What was probably meant.
    """

    def __init__(
        self, what: str, *, source: str, start: int, stop: int | None = None, hint: str = ""
    ) -> None:
        self.source, self.start, self.stop = source, start, stop or start + 1
        self.line = source.count("\n", 0, start) + 1
        line_start = source.rfind("\n", 0, start) + 1
        line_stop = source.find("\n", start)
        text = source[line_start : line_stop if line_stop >= 0 else len(source)]
        line = text.replace("\t", " ")
        first, last = start - line_start, min(self.stop - line_start, len(line))
        wrong = max(1, len(visible(line[first:last])))
        marker = " " * len(visible(line[:first])) + "^" * wrong
        picture = f"\n  {line}\n  {marker}" + (f"\n{hint}" if hint else "")
        super().__init__(f"{what} (line {self.line}){picture}")


class UnknownIndicatorError(SpecificationError, KeyError):
    """The model names variables that the data do not hold."""

    exit_code = 3

    def __init__(self, missing: Sequence[str], available: Iterable[str]) -> None:
        self.missing, self.available = tuple(missing), tuple(available)
        hints = "".join(did_you_mean(name, self.available) for name in missing[:1])
        super().__init__(
            f"The model uses variable(s) that are not in the data: {listed(missing)}.{hints}",
            remedy=f"The data hold: {listed(self.available, 40)}.",
        )

    def __str__(self) -> str:
        """Return the message as written (``KeyError`` would quote it)."""
        return str(self.args[0])


class DuplicateParameterError(SpecificationError):
    """One parameter is specified twice with different meanings."""

    def __init__(self, parameter: str, lines: Sequence[int] = ()) -> None:
        self.parameter = parameter
        place = f" (lines {listed(lines)})" if lines else ""
        super().__init__(f"The parameter {parameter!r} is specified twice{place}.")


class NotIdentifiedError(SpecificationError):
    """The model has no unique solution, whatever the data.

    Parameters
    ----------
    reason : str
        Why.
    parameters : sequence of str
        Parameters that can move without changing the implied moments.
    """

    exit_code = 4

    def __init__(self, reason: str, parameters: Sequence[str] = (), remedy: str = "") -> None:
        self.parameters = tuple(parameters)
        involved = f" Involved: {listed(parameters)}." if parameters else ""
        super().__init__(f"The model is not identified: {reason}{involved}", remedy=remedy)


class UnknownOptionError(SpecificationError, TypeError):
    """An option or option value does not exist."""

    def __init__(self, name: str, known: Iterable[str], kind: str = "option") -> None:
        self.name, self.known = name, tuple(known)
        super().__init__(
            f"Unknown {kind} {name!r}.{did_you_mean(name, self.known)}",
            remedy=f"Known: {listed(self.known, 60)}.",
        )


class UnsupportedError(SpecificationError, NotImplementedError):
    """A combination of options that this version does not estimate."""

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(f"This version does not estimate {what}.", remedy=remedy)


class MomentsError(TrustsemError, ValueError):
    """Sample moments cannot be formed or cannot be analysed."""

    exit_code = 3


class NotPositiveDefiniteError(MomentsError):
    """A sample covariance matrix has no inverse.

    Parameters
    ----------
    matrix : str
        Which matrix, in words.
    variables : sequence of str
        Variables that are linearly dependent, or constant.
    """

    def __init__(self, matrix: str, variables: Sequence[str] = (), reason: str = "") -> None:
        self.matrix, self.variables = matrix, tuple(variables)
        cause = reason or (f"Linearly dependent: {listed(variables)}." if variables else "")
        super().__init__(
            f"The {matrix} is not positive definite.{' ' + cause if cause else ''}",
            remedy="Remove or recompute one of the variables involved.",
        )


class TooFewObservationsError(MomentsError):
    """There are fewer usable cases than the analysis needs."""

    def __init__(self, n_obs: int, needed: int, what: str) -> None:
        self.n_obs, self.needed = n_obs, needed
        super().__init__(f"Only {n_obs} usable case(s); {what} needs at least {needed}.")


class EstimationError(TrustsemError, RuntimeError):
    """A model could not be estimated."""

    exit_code = 4


class EngineUnavailableError(EstimationError, ImportError):
    """The chosen estimation engine cannot be imported or cannot do what is asked."""


class InferenceError(TrustsemError, ValueError):
    """A conclusion cannot be drawn from an estimated model."""

    exit_code = 4


class NotNestedError(InferenceError):
    """Two models that are to be compared are not nested."""


class ImproperSolutionError(InferenceError):
    """A quantity does not exist for a solution outside the admissible space."""


class ResamplingError(InferenceError):
    """A model cannot be estimated again from resamples of this kind."""


class UndefinedIndexError(TrustsemError, ArithmeticError):
    """An index is not defined for this model; the message is the reason that is shown."""


class PlanError(TrustsemError, ValueError):
    """A study plan is not valid."""

    exit_code = 2


class StudyFileError(PlanError):
    """A study file has mistakes; all of them are listed.

    Parameters
    ----------
    path : path
        The study file.
    mistakes : sequence of str
        One line each: line number, key, what is wrong, suggestion.
    """

    def __init__(self, path: str | Path, mistakes: Sequence[str]) -> None:
        self.path, self.mistakes = Path(path), tuple(mistakes)
        lines = "".join(f"\n  {mistake}" for mistake in mistakes)
        super().__init__(f"{len(mistakes)} mistake(s) in the study file:{lines}", where=str(path))


class UntestableHypothesisError(PlanError):
    """A hypothesis cannot be judged from the model, or contradicts itself.

    Parameters
    ----------
    hypothesis : str
        Its name.
    reason : str
        Why, in one sentence.
    """

    def __init__(self, hypothesis: str, reason: str, remedy: str = "") -> None:
        self.hypothesis, self.reason = hypothesis, reason
        super().__init__(reason, where=hypothesis, remedy=remedy)


class OutputError(TrustsemError, OSError):
    """Results cannot be written where they should go."""

    exit_code = 2


class WorkerError(TrustsemError, RuntimeError):
    """A process that shared the work was lost.

    Parameters
    ----------
    reason : str
        What is known about its end.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        first = next(iter(reason.strip().splitlines()), "no reason is known").rstrip(".")
        super().__init__(
            f"A worker process was lost before its part was finished: {first}.",
            remedy="Most often memory ran out: use fewer workers.",
        )


MODEL_FAILURES = (EstimationError, InferenceError, MomentsError, SpecificationError)
"""Why a further model may have no answer: the rest of a study stands, and a finding says why."""
