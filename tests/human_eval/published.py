"""Published tables of ratings, with the coefficients that their sources print.

``printed`` holds what the source prints, with its number of digits. ``exact`` holds all
coefficients to four digits, computed once from the same table by packages this project does not
use: irrCAC 0.4.4 (its ``raw.CAC``; Conger's kappa of two raters is Cohen's) and krippendorff 0.9.0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from human_eval.rating_table import Codes, RatingTable

NAMES = ("percent", "pabak", "gwet_ac1", "fleiss_kappa", "krippendorff_alpha", "cohen_kappa")
"""Order of ``exact``; the last only for two raters."""


@dataclass(frozen=True)
class Published:
    """One table."""

    name: str
    source: str
    ratings: Codes
    printed: Mapping[str, str]
    exact: tuple[float, ...]

    @property
    def categories(self) -> int:
        return int(self.ratings.max()) + 1

    def table(self) -> RatingTable:
        return RatingTable(self.ratings, self.categories, np.ones(len(self.ratings)))

    def values(self) -> dict[str, float]:
        return dict(zip(NAMES, self.exact, strict=False))


def crosstab(*rows: Sequence[int]) -> Codes:
    """Return the ratings of a table of counts: first rater by row, second by column."""
    cells = [
        (first, second)
        for first, row in enumerate(rows)
        for second, count in enumerate(row)
        for _ in range(count)
    ]
    return np.array(cells, dtype=np.int64)


def lines(text: str) -> Codes:
    """Return ratings with a line per item and a digit from 1 per rater; a dot is missing."""
    rows = [[-1 if mark == "." else int(mark) - 1 for mark in line] for line in text.split()]
    return np.array(rows, dtype=np.int64)


FLEISS_1971 = lines(
    """
    444444 222555 233335 555555 222444 113333 333355 113334 114444 555555
    144444 124444 222333 144444 224445 333335 111455 111112 224444 133555
    555555 244444 224555 114444 144445 222224 111155 224444 133333 555555
    """
)

FOUR_RATERS = lines("11.1 2232 3333 3333 2222 1234 4444 1121 2222 .555 ..11 ..3.")

PUBLISHED = (
    Published(
        "cohen-1960",
        "Cohen 1960, Educ. Psychol. Meas. 20(1), p. 45: 200 cases, three diagnoses",
        crosstab((88, 14, 18), (10, 40, 10), (2, 6, 12)),
        {"percent": "0.70", "cohen_kappa": "0.492"},
        (0.7000, 0.5500, 0.5760, 0.4872, 0.4885, 0.4915),
    ),
    Published(
        "fleiss-1971",
        "Fleiss 1971, Psychol. Bull. 76(5), Table 1: 30 patients, six psychiatrists each",
        FLEISS_1971,
        {"fleiss_kappa": "0.430"},
        (0.5556, 0.4444, 0.4479, 0.4302, 0.4334),
    ),
    Published(
        "landis-koch-1977-winnipeg",
        "Landis and Koch 1977, Biometrics 33(1), Table 1 and equation 4.6: Winnipeg patients",
        crosstab((38, 5, 0, 1), (33, 11, 3, 0), (10, 14, 5, 6), (3, 7, 3, 10)),
        {"cohen_kappa": "0.208"},
        (0.4295, 0.2394, 0.2578, 0.1782, 0.1810, 0.2079),
    ),
    Published(
        "landis-koch-1977-new-orleans",
        "Landis and Koch 1977, Biometrics 33(1), Table 1 and equation 4.6: New Orleans patients",
        crosstab((5, 3, 0, 0), (3, 11, 4, 0), (2, 13, 3, 4), (1, 2, 4, 14)),
        {"cohen_kappa": "0.297"},
        (0.4783, 0.3043, 0.3111, 0.2833, 0.2885, 0.2965),
    ),
    Published(
        "altman-1991",
        "Altman 1991, Practical Statistics for Medical Research, Table 14.2 (Boyd et al. 1982), "
        "as printed by Klein 2018, Stata Journal 18(4)",
        crosstab((21, 12, 0, 0), (4, 17, 1, 0), (3, 9, 15, 2), (0, 0, 0, 1)),
        {
            "percent": "0.6353",
            "pabak": "0.5137",
            "cohen_kappa": "0.4728",
            "fleiss_kappa": "0.4605",
            "gwet_ac1": "0.5292",
            "krippendorff_alpha": "0.4637",
        },
        (0.6353, 0.5137, 0.5292, 0.4605, 0.4637, 0.4728),
    ),
    Published(
        "krippendorff-2004-binary",
        "Krippendorff 2004, Content Analysis, 2nd ed., p. 224: ten units, two observers, binary",
        lines("21 22 12 11 11 12 11 12 11 11"),
        {"percent": "0.600", "krippendorff_alpha": "0.095"},
        (0.6000, 0.2000, 0.3103, 0.0476, 0.0952, 0.0909),
    ),
    Published(
        "krippendorff-2004-nominal",
        "Krippendorff 2004, Content Analysis, 2nd ed., p. 227: twelve units, two observers",
        lines("11 12 22 22 22 22 23 33 33 33 33 33"),
        {"percent": "0.833", "krippendorff_alpha": "0.734"},
        (0.8333, 0.7500, 0.7618, 0.7225, 0.7341, 0.7241),
    ),
    Published(
        "krippendorff-2011-nominal",
        "Krippendorff 2011, Computing Krippendorff's alpha-reliability, section B",
        lines("12 11 22 22 42 33 33 33 55 44 44 14"),
        {"krippendorff_alpha": "0.692"},
        (0.7500, 0.6875, 0.6897, 0.6786, 0.6920, 0.6842),
    ),
    Published(
        "krippendorff-2011-missing",
        "Krippendorff 2011, Computing Krippendorff's alpha-reliability, section C; the other "
        "coefficients in Gwet 2014, Handbook of Inter-Rater Reliability, 4th ed. (cac.raw4raters)",
        FOUR_RATERS,
        {
            "percent": "0.8182",
            "pabak": "0.7727",
            "gwet_ac1": "0.7754",
            "fleiss_kappa": "0.7612",
            "krippendorff_alpha": "0.743",
        },
        (0.8182, 0.7727, 0.7754, 0.7612, 0.7434),
    ),
    Published(
        "krippendorff-1980",
        "Krippendorff 1980, Content Analysis, p. 139: nine units, three observers",
        lines("111 122 222 444 144 222 123 333 222"),
        {"krippendorff_alpha": "0.642"},
        (0.7407, 0.6543, 0.6623, 0.6280, 0.6417),
    ),
    Published(
        "gwet-2014-abstractors",
        "Gwet 2014, Handbook of Inter-Rater Reliability, 4th ed. (cont3x3abstractors): "
        "100 pregnancies",
        crosstab((13, 0, 0), (0, 20, 7), (0, 4, 56)),
        {
            "percent": "0.8900",
            "pabak": "0.8350",
            "cohen_kappa": "0.7964",
            "fleiss_kappa": "0.7962",
            "gwet_ac1": "0.8493",
            "krippendorff_alpha": "0.7973",
        },
        (0.8900, 0.8350, 0.8493, 0.7962, 0.7973, 0.7964),
    ),
    Published(
        "gwet-2014-six-raters",
        "Gwet 2014, Handbook of Inter-Rater Reliability, 4th ed. (distrib.6raters): the first "
        "half of Fleiss' patients",
        FLEISS_1971[:15],
        {
            "percent": "0.5511",
            "pabak": "0.4389",
            "gwet_ac1": "0.4448",
            "fleiss_kappa": "0.4139",
            "krippendorff_alpha": "0.4204",
        },
        (0.5511, 0.4389, 0.4448, 0.4139, 0.4204),
    ),
    Published(
        "feinstein-cicchetti-1990-even",
        "Feinstein and Cicchetti 1990, J. Clin. Epidemiol. 43(6): even classes",
        crosstab((40, 9), (6, 45)),
        {"percent": "0.85", "cohen_kappa": "0.70"},
        (0.8500, 0.7000, 0.7007, 0.6992, 0.7008, 0.6995),
    ),
    Published(
        "feinstein-cicchetti-1990-uneven",
        "Feinstein and Cicchetti 1990, J. Clin. Epidemiol. 43(6): one class is rare",
        crosstab((80, 10), (5, 5)),
        {"percent": "0.85", "cohen_kappa": "0.32"},
        (0.8500, 0.7000, 0.8080, 0.3143, 0.3177, 0.3182),
    ),
    Published(
        "sim-wright-2005-shift",
        "Sim and Wright 2005, Phys. Ther. 85(3), Table 1",
        crosstab((22, 2), (4, 11)),
        {"cohen_kappa": "0.67"},
        (0.8462, 0.6923, 0.7150, 0.6657, 0.6700, 0.6667),
    ),
    Published(
        "sim-wright-2005-pain",
        "Sim and Wright 2005, Phys. Ther. 85(3), Table 2",
        crosstab((15, 3, 1, 1), (4, 18, 3, 2), (4, 5, 16, 4), (1, 2, 4, 17)),
        {"cohen_kappa": "0.55"},
        (0.6600, 0.5467, 0.5470, 0.5455, 0.5478, 0.5462),
    ),
    Published(
        "sim-wright-2005-syndromes",
        "Sim and Wright 2005, Phys. Ther. 85(3), Table 3",
        crosstab((22, 10, 2), (6, 27, 11), (2, 5, 17)),
        {"cohen_kappa": "0.46"},
        (0.6471, 0.4706, 0.4757, 0.4602, 0.4628, 0.4613),
    ),
    Published(
        "zwick-1988-same-margins",
        "Zwick 1988, Psychol. Bull. 103(3), p. 376: equal uneven marginals",
        crosstab((20, 10, 10, 0), (10, 10, 0, 0), (10, 0, 10, 0), (0, 0, 0, 20)),
        {"percent": "0.600", "pabak": "0.467", "fleiss_kappa": "0.444", "cohen_kappa": "0.444"},
        (0.6000, 0.4667, 0.4737, 0.4444, 0.4472, 0.4444),
    ),
    Published(
        "zwick-1988-other-margins",
        "Zwick 1988, Psychol. Bull. 103(3), p. 376: unequal marginals",
        crosstab((20, 5, 5, 10), (0, 10, 5, 5), (0, 5, 10, 5), (0, 0, 0, 20)),
        {"percent": "0.600", "pabak": "0.467", "cohen_kappa": "0.474"},
        (0.6000, 0.4667, 0.4690, 0.4595, 0.4622, 0.4737),
    ),
    Published(
        "brennan-prediger-1981-first",
        "Brennan and Prediger 1981, Educ. Psychol. Meas. 41(3), p. 689",
        crosstab((50, 0, 0), (10, 10, 10), (20, 0, 0)),
        {"percent": "0.60", "pabak": "0.40", "cohen_kappa": "0.27"},
        (0.6000, 0.4000, 0.4613, 0.2233, 0.2272, 0.2727),
    ),
    Published(
        "brennan-prediger-1981-second",
        "Brennan and Prediger 1981, Educ. Psychol. Meas. 41(3), p. 691",
        crosstab((50, 0, 10), (0, 10, 10), (10, 10, 0)),
        {"percent": "0.60", "pabak": "0.40", "cohen_kappa": "0.29"},
        (0.6000, 0.4000, 0.4444, 0.2857, 0.2893, 0.2857),
    ),
    Published(
        "artstein-poesio-2008",
        "Artstein and Poesio 2008, Comput. Linguist. 34(4), Table 1",
        crosstab((20, 20), (10, 50)),
        {"percent": "0.7", "cohen_kappa": "0.348"},
        (0.7000, 0.4000, 0.4495, 0.3407, 0.3440, 0.3478),
    ),
)
