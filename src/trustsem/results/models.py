"""Several models of the same data by name."""

from __future__ import annotations

import pandas as pd

from trustsem import display
from trustsem.results.model import ModelResult
from trustsem.tables import Notes, Page, Shown, Table

_FIT = (
    "chisq", "df", "pvalue", "cfi", "tli", "rmsea", "rmsea_ci_lower", "rmsea_ci_upper", "srmr",
    "aic", "bic",
)  # fmt: skip
_WHOLE = display.Format("number", 1)


class Models(Shown, dict[str, ModelResult]):
    """Models by name: a dictionary that displays as a table of their fit."""

    __slots__ = ()

    def to_frame(self) -> pd.DataFrame:
        """Return a row per model: ``model``, its fit as it is reported, ``admissible``."""
        rows = []
        for name, model in self.items():
            fit = model.reported_fit
            measures = {key: fit.get(key, float("nan")) for key in _FIT}
            rows.append({"model": name, **measures, "admissible": model.admissible})
        return pd.DataFrame(rows, columns=["model", *_FIT, "admissible"])

    def _page(self) -> Page:
        """Return the fit of each model."""
        if not self:
            return Page((("No models.",),))
        frame = self.to_frame()
        columns = {
            "aic": display.Column("AIC", _WHOLE),
            "bic": display.Column("BIC", _WHOLE),
            "admissible": display.Column("Admissible", display.FLAG),
        }
        example = f"A model is an entry: [{next(iter(self))!r}]"
        return Page((Table("models", "Models", frame, columns=columns, notes=Notes(example)),))
