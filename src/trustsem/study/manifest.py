"""How did a run come about? Inputs with their digests, versions, options, seed, times."""

from __future__ import annotations

import hashlib
import os
import platform
import re
from dataclasses import fields
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, requires, version
from typing import TYPE_CHECKING, Any

from threadpoolctl import threadpool_info

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trustsem.options import Options
    from trustsem.results import ModelResult
    from trustsem.study.answers import Answers
    from trustsem.study.plan import Study

PROGRAM = "trustsem"
_REQUIREMENT = re.compile(r"[A-Za-z0-9_.-]+")
_MOMENTS = ("sample_cov", "sample_mean", "sample_sd", "sample_nobs")


def manifest(
    study: Study,
    answers: Answers,
    options: Options,
    overrides: Mapping[str, Any],
    *,
    seed: int,
    models: Mapping[str, ModelResult],
    started: datetime,
) -> dict[str, Any]:
    """Record everything that a run depends on.

    Parameters
    ----------
    study : Study
        The plan.
    answers : Answers
        What was analysed.
    options : Options
        Options of the estimation as resolved.
    overrides : mapping
        Those that were given with the run, and its settings.
    seed : int
        Seed of everything random.
    models : mapping of str to ModelResult
        The models estimated.
    started : datetime
        When the run began.

    Returns
    -------
    dict
        ``inputs`` (study file and data with sha256), ``plan`` (the whole study file as text),
        ``options``, ``overrides``, ``seed``, ``models``, ``versions``, ``environment``,
        ``times``: plain values.

    Notes
    -----
    Where ``SOURCE_DATE_EPOCH`` is set, it is the time of the run, so that equal runs give equal
    manifests.
    """
    return {
        "inputs": _inputs(study, answers),
        "synthetic": answers.synthetic,
        "options": _resolved(options),
        "overrides": {name: _plain(value) for name, value in overrides.items()},
        "seed": seed,
        "models": {name: _convergence(model) for name, model in models.items()},
        "versions": versions(),
        "environment": _environment(),
        "times": {"started": _stamp(started), "finished": _stamp(datetime.now(UTC))},
        "plan": study.to_toml(),
    }


def versions() -> dict[str, str]:
    """Return the versions of trustsem and of everything that it needs at run time."""
    names = [PROGRAM, *_requirements()]
    found = {"python": platform.python_version()}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def _requirements() -> list[str]:
    """Return the distributions that trustsem needs at run time."""
    try:
        declared = requires(PROGRAM) or []
    except PackageNotFoundError:
        return []
    needed = [text for text in declared if "extra ==" not in text]
    return sorted(match[0] for text in needed if (match := _REQUIREMENT.match(text)))


def _inputs(study: Study, answers: Answers) -> list[dict[str, Any]]:
    """Return the study file and the data with their digests."""
    inputs: list[dict[str, Any]] = []
    if study.source is not None and study.source.is_file():
        content = study.source.read_bytes()
        inputs.append(
            {
                "role": "study",
                "name": study.source.name,
                "sha256": hashlib.sha256(content).hexdigest(),
                "size": len(content),
            }
        )
    else:
        text = study.to_toml().encode()
        inputs.append(
            {"role": "study", "name": study.name, "sha256": hashlib.sha256(text).hexdigest()}
        )
    return [*inputs, _data_input(study, answers)]


def _data_input(study: Study, answers: Answers) -> dict[str, Any]:
    """Return where the data came from."""
    entry: dict[str, Any] = {"role": "data", "own": answers.own, "cases_analysed": answers.n_obs}
    read = answers.moments or answers.survey
    if read is None:
        matrix = answers.inputs["sample_cov"]
        digest = hashlib.sha256(repr(_plain(matrix)).encode()).hexdigest()
        where = study.moments.where if answers.own and study.moments else ""
        return {**entry, "name": "printed matrix", "where": where, "sha256": digest}
    source = read.source
    return {
        **entry,
        "name": source.name,
        "path": source.path,
        "format": source.format,
        "sha256": source.sha256,
        "size": source.size,
        "rows": source.n_rows,
        "columns": source.n_columns,
        "log": [f"{entry.step}: {entry.what}" for entry in read.log],
    }


def _resolved(options: Options) -> dict[str, Any]:
    """Return every option but the moments, as plain values."""
    return {
        field.name: _plain(getattr(options, field.name))
        for field in fields(options)
        if field.name not in _MOMENTS
    }


def _convergence(model: ModelResult) -> dict[str, Any]:
    """Return how the estimation of a model went."""
    return {
        "converged": bool(model.converged),
        "admissible": bool(model.admissible),
        "iterations": int(model.iterations),
        "n_free": int(model.n_free),
        "df": int(model.df),
    }


def _environment() -> dict[str, Any]:
    """Return the machine and its numerical libraries."""
    pools = [
        f"{pool['internal_api']} {pool.get('version') or ''} ({pool['num_threads']} threads)"
        for pool in threadpool_info()
    ]
    return {
        "platform": platform.platform(),
        "cpu_count": os.cpu_count(),
        "numerical_libraries": sorted(set(pools)),
    }


def _stamp(moment: datetime) -> str:
    """Return a time as text, that of ``SOURCE_DATE_EPOCH`` where it is set."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    if epoch.isdigit():
        moment = datetime.fromtimestamp(int(epoch), UTC)
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _plain(value: Any) -> Any:
    """Return a value as text, numbers, lists and dictionaries."""
    if hasattr(value, "to_numpy"):
        return value.to_numpy().tolist()
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value
