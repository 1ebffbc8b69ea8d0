"""Write the synthetic survey of 221 firms: ``python data/generate_brockman2017.py [FOLDER]``.

The answers are drawn from the population below and from nothing else; data/README.md documents
it. They say nothing about the coefficients that Brockman, Park & Morgan (2017) estimated: neither
their data nor their tables were used. Item wordings are invented for this survey.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat

from trustsem.simulation import (
    choose_unanswered,
    cut_into_categories,
    draw_constructs,
    draw_indicators,
    interval_thresholds,
    reverse_keyed_answers,
)

SEED = 2017
N_FIRMS = 221
N_CATEGORIES = 7
NOTICE = "SYNTHETIC"
FILE_LABEL = "SYNTHETIC survey of 221 firms (trustsem), not real data"
NOTE = "SYNTHETIC: drawn by a seeded generator; population in data/README.md"

CONSTRUCTS = ("trust", "sharing", "interpretation", "access", "satisfaction", "performance")
MARKER = "marker"
ALL_CONSTRUCTS = (*CONSTRUCTS, MARKER)

PATHS = {
    ("sharing", "trust"): (0.40, 0.80),
    ("interpretation", "trust"): (0.20, 0.60),
    ("access", "trust"): (0.20, 0.60),
    ("interpretation", "sharing"): (0.35, 0.35),
    ("access", "sharing"): (0.35, 0.35),
    ("satisfaction", "sharing"): (0.30, 0.30),
    ("satisfaction", "interpretation"): (0.30, 0.30),
    ("satisfaction", "access"): (0.30, 0.30),
    ("performance", "sharing"): (0.30, 0.30),
    ("performance", "interpretation"): (0.30, 0.30),
    ("performance", "access"): (0.30, 0.30),
}
"""(outcome, predictor): path where CRM has simple functions, and where it has complex ones."""

DISTURBANCE_VARIANCES = {
    "trust": 1.00,
    "sharing": 0.60,
    "interpretation": 0.55,
    "access": 0.55,
    "satisfaction": 0.45,
    "performance": 0.45,
    MARKER: 1.00,
}
DISTURBANCE_COVARIANCES = {("satisfaction", "performance"): 0.10}

IN_HOUSE_SHARING = 0.50
"""How much more firms with in-house CRM share, in standard deviations of trust."""

ITEMS = {
    # item: (construct, loading, mean answer, wording); residual variance is 1 - loading squared
    "bt1": ("trust", 0.84, 4.9, "Our CRM provider keeps the promises it makes to us."),
    "bt2": ("trust", 0.81, 4.7, "We can count on our CRM provider to act in our interest."),
    "bt3": ("trust", 0.86, 4.8, "Our CRM provider is honest with us when problems arise."),
    "bt4": ("trust", 0.74, 4.6, "We need to watch our CRM provider closely. (reverse-keyed)"),
    "bt5": ("trust", 0.79, 5.0, "Our CRM provider has the skills that we rely on."),
    "is1": ("sharing", 0.82, 4.5, "Customer knowledge travels quickly between our departments."),
    "is2": ("sharing", 0.85, 4.4, "Our people pass on what they learn about customers."),
    "is3": ("sharing", 0.80, 4.6, "We exchange customer reports with our CRM provider."),
    "is4": ("sharing", 0.78, 4.3, "Bad news about customers is shared as readily as good news."),
    "ii1": ("interpretation", 0.83, 4.6, "We agree on what our customer information means."),
    "ii2": ("interpretation", 0.85, 4.5, "We discuss customer data until its meaning is clear."),
    "ii3": ("interpretation", 0.79, 4.7, "Several views are heard before we draw conclusions."),
    "ii4": ("interpretation", 0.77, 4.4, "We know what customer trends imply for our business."),
    "ia1": ("access", 0.80, 4.7, "Customer histories are easy to look up when needed."),
    "ia2": ("access", 0.84, 4.8, "What we learned from customers earlier can be found again."),
    "ia3": ("access", 0.82, 4.6, "Those who decide can reach the customer data they need."),
    "ia4": ("access", 0.78, 4.9, "Our customer records are kept up to date."),
    "cs1": ("satisfaction", 0.84, 5.1, "Our customers are satisfied with how we serve them."),
    "cs2": ("satisfaction", 0.82, 5.0, "Our customers come back to us."),
    "cs3": ("satisfaction", 0.80, 4.9, "We lose fewer customers than we used to."),
    "cs4": ("satisfaction", 0.79, 5.0, "Our customers recommend us to others."),
    "mp1": ("performance", 0.85, 4.6, "Our sales have grown faster than those of competitors."),
    "mp2": ("performance", 0.83, 4.5, "Our market share has increased."),
    "mp3": ("performance", 0.81, 4.4, "We have won more new customers than competitors have."),
    "mp4": ("performance", 0.77, 4.5, "We have reached our profit goals."),
    "mk1": (MARKER, 0.75, 4.2, "I prefer working in the morning to working in the evening."),
    "mk2": (MARKER, 0.80, 4.0, "I plan my day before noon."),
    "mk3": (MARKER, 0.72, 4.3, "I am most alert early in the day."),
}
STUDY_ITEMS = tuple(item for item, (construct, *_) in ITEMS.items() if construct != MARKER)
REVERSE_KEYED = "bt4"
SCALE_POINTS_PER_SD = 1.25

SHARE_WITH_GAPS = 0.08
MOST_GAPS = 3
DONT_KNOW, REFUSED = 98, 99

SHARE_EARLY, SHARE_COMPLEX, SHARE_IN_HOUSE = 0.62, 0.50, 0.40
MEDIAN_EMPLOYEES, SD_LOG_EMPLOYEES = 180, 1.1

ANSWERS = {
    1: "strongly disagree",
    2: "disagree",
    3: "somewhat disagree",
    4: "neither agree nor disagree",
    5: "somewhat agree",
    6: "agree",
    7: "strongly agree",
    DONT_KNOW: "don't know",
    REFUSED: "refused",
}
BACKGROUND = {
    # variable: (label, value labels, measure)
    "origin": ("SYNTHETIC: made by a seeded generator, not collected", {}, "nominal"),
    "id": ("Number of the firm", {}, "nominal"),
    "wave": ("Wave of response", {1: "early", 2: "late"}, "nominal"),
    "employees": ("Firm size: number of employees", {}, "scale"),
    "crm_goal": (
        "Goal of the CRM system",
        {1: "simple functions", 2: "complex functions"},
        "nominal",
    ),
    "crm_mode": ("Who runs the CRM system", {1: "outsourced", 2: "in-house"}, "nominal"),
    "tenure": ("Respondent's years with the firm", {}, "scale"),
}


def draw_background(n_firms: int, rng: np.random.Generator) -> pd.DataFrame:
    """Draw wave, size, CRM goal, CRM mode and tenure, independent of each other."""
    employees = np.exp(rng.normal(np.log(MEDIAN_EMPLOYEES), SD_LOG_EMPLOYEES, n_firms))
    return pd.DataFrame(
        {
            "origin": NOTICE,
            "id": np.arange(1, n_firms + 1),
            "wave": 1 + (rng.random(n_firms) >= SHARE_EARLY),
            "employees": np.maximum(5, np.round(employees)).astype(int),
            "crm_goal": 1 + (rng.random(n_firms) < SHARE_COMPLEX),
            "crm_mode": 1 + (rng.random(n_firms) < SHARE_IN_HOUSE),
            "tenure": np.minimum(40, 1 + np.floor(rng.gamma(2.0, 4.0, n_firms))).astype(int),
        }
    )


def draw_population(background: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    """Draw construct scores, one row per firm, given each firm's CRM goal and mode."""
    position = {name: at for at, name in enumerate(ALL_CONSTRUCTS)}
    complex_goal = (background["crm_goal"] == 2).to_numpy().astype(int)  # noqa: PLR2004 (code)
    Beta = np.zeros((len(background), len(position), len(position)))
    for (outcome, predictor), by_goal in PATHS.items():
        Beta[:, position[outcome], position[predictor]] = np.array(by_goal)[complex_goal]
    Psi = np.diag([DISTURBANCE_VARIANCES[name] for name in ALL_CONSTRUCTS])
    for (one, other), covariance in DISTURBANCE_COVARIANCES.items():
        Psi[position[one], position[other]] = Psi[position[other], position[one]] = covariance
    alpha = np.zeros((len(background), len(position)))
    alpha[:, position["sharing"]] = IN_HOUSE_SHARING * (background["crm_mode"] == 2)  # noqa: PLR2004
    return draw_constructs(len(background), Beta, Psi, rng, alpha=alpha)


def draw_answers(eta: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    """Draw seven-point answers to all items; item bt4 in the direction of its wording."""
    Lambda = np.zeros((len(ITEMS), len(ALL_CONSTRUCTS)))
    for row, (construct, loading, *_) in enumerate(ITEMS.values()):
        Lambda[row, ALL_CONSTRUCTS.index(construct)] = loading
    Theta = np.diag(1 - (Lambda**2).sum(axis=1))
    means = np.array([mean for _, _, mean, _ in ITEMS.values()])
    thresholds = interval_thresholds(N_CATEGORIES, mean=means, spread=SCALE_POINTS_PER_SD)
    codes = cut_into_categories(draw_indicators(eta, Lambda, Theta, rng), thresholds)
    answers = pd.DataFrame(codes, columns=list(ITEMS))
    answers[REVERSE_KEYED] = reverse_keyed_answers(answers[REVERSE_KEYED].to_numpy(), N_CATEGORIES)
    return answers


def with_gaps(answers: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Replace some answers to the study's items by 'don't know', 'refused' or nothing."""
    shape = (len(answers), len(STUDY_ITEMS))
    gaps = choose_unanswered(*shape, share=SHARE_WITH_GAPS, most=MOST_GAPS, rng=rng)
    kinds = rng.choice([DONT_KNOW, REFUSED, np.nan], size=shape, p=[0.4, 0.2, 0.4])
    coded = answers.astype(float)
    coded[list(STUDY_ITEMS)] = np.where(gaps, kinds, coded[list(STUDY_ITEMS)])
    return coded


def draw_survey(n_firms: int = N_FIRMS, seed: int = SEED) -> pd.DataFrame:
    """Draw the whole survey, with codes as a respondent file holds them."""
    rng = np.random.default_rng(seed)
    background = draw_background(n_firms, rng)
    answers = with_gaps(draw_answers(draw_population(background, rng), rng), rng)
    return pd.concat([background, answers], axis=1)


def codebook() -> pd.DataFrame:
    """Return a row per variable: label, value labels, missing codes, measure, construct."""
    rows = [
        (name, label, labels, "", measure, "")
        for name, (label, labels, measure) in BACKGROUND.items()
    ] + [
        (item, wording, ANSWERS, f"{DONT_KNOW}; {REFUSED}", "ordinal", construct)
        for item, (construct, _, _, wording) in ITEMS.items()
    ]
    frame = pd.DataFrame(
        rows, columns=["name", "label", "value_labels", "missing_codes", "measure", "construct"]
    )
    frame["value_labels"] = [
        "; ".join(f"{code} = {text}" for code, text in labels.items())
        for labels in frame["value_labels"]
    ]
    frame["data"] = NOTICE
    return frame


def write_sav(survey: pd.DataFrame, path: Path) -> None:
    """Write the SPSS file with labels and declared missing codes, its date set to a constant."""
    labels = {name: label for name, (label, *_) in BACKGROUND.items()}
    labels |= {item: wording for item, (*_, wording) in ITEMS.items()}
    value_labels = {name: values for name, (_, values, _) in BACKGROUND.items() if values}
    value_labels |= dict.fromkeys(ITEMS, ANSWERS)
    whole = {name: "F8.0" for name in survey.columns if name != "origin"}
    pyreadstat.write_sav(
        survey,
        str(path),
        file_label=FILE_LABEL,
        note=NOTE,
        column_labels=labels,
        variable_value_labels=value_labels,
        missing_ranges={item: [DONT_KNOW, REFUSED] for item in ITEMS},
        variable_measure={name: measure for name, (*_, measure) in BACKGROUND.items()}
        | dict.fromkeys(ITEMS, "ordinal"),
        variable_format=whole,
    )
    content = bytearray(path.read_bytes())
    content[92:109] = b"01 Jan 17" + b"00:00:00"  # creation date and time in the header
    path.write_bytes(content)


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write a CSV file, whole numbers without decimals."""
    frame.convert_dtypes().to_csv(
        path, index=False, lineterminator="\n", quoting=csv.QUOTE_MINIMAL, encoding="utf-8"
    )


def main(folder: Path) -> None:
    """Write the SPSS file, the CSV file and the codebook."""
    survey = draw_survey()
    write_sav(survey, folder / "brockman2017.sav")
    write_csv(survey, folder / "brockman2017.csv")
    write_csv(codebook(), folder / "brockman2017_codebook.csv")
    print(f"Wrote {len(survey)} synthetic firms, {survey.shape[1]} variables, to {folder}.")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent)
