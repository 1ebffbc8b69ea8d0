"""The survey: files to answers with their meaning, made fit for the study, and screened."""

from trustsem.survey.codebook import Codebook, Variable
from trustsem.survey.preparing import (
    check_scale,
    declare_missing,
    listwise,
    rename,
    require_columns,
    require_distinct,
    require_numeric,
    require_scale,
    require_varying,
    reverse_keyed,
)
from trustsem.survey.readers import READER_OF, read_survey
from trustsem.survey.recoding import recode
from trustsem.survey.respondents import ScreeningPlan, case_indices, drop_cases
from trustsem.survey.rules import Rule, read_rule
from trustsem.survey.screening import Screening, screen
from trustsem.survey.shipped import data_folder, data_path
from trustsem.survey.survey import LogEntry, Source, Survey

__all__ = [
    "READER_OF",
    "Codebook",
    "LogEntry",
    "Rule",
    "Screening",
    "ScreeningPlan",
    "Source",
    "Survey",
    "Variable",
    "case_indices",
    "check_scale",
    "data_folder",
    "data_path",
    "declare_missing",
    "drop_cases",
    "listwise",
    "read_rule",
    "read_survey",
    "recode",
    "rename",
    "require_columns",
    "require_distinct",
    "require_numeric",
    "require_scale",
    "require_varying",
    "reverse_keyed",
    "screen",
]
