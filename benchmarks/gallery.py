"""The shipped boards: what the README quotes, from the finished runs of the two miniatures.

``python -m benchmarks.gallery RUN...`` copies ``leaderboard.csv`` of each run into
``reports/gallery`` under the name of its model, and writes the headlines and the gains over the
matched controls beside it.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path
from typing import Final

_GALLERY: Final = Path(__file__).parents[1] / "reports" / "gallery"


def main() -> None:
    """Copy and write."""
    parser = argparse.ArgumentParser(description="Write the shipped boards.")
    parser.add_argument("runs", nargs="+", type=Path, help="directories of finished runs")
    for path in parser.parse_args().runs:
        (view,) = json.loads((path / "report.json").read_text(encoding="utf-8"))["runs"]
        model = view["model"]
        shutil.copyfile(path / "leaderboard.csv", _GALLERY / f"{model}.csv")
        panels = view["panels"]
        told = {
            "gains": {
                row["lens"]: [row["excess"], row["excess_low"], row["excess_high"]]
                for row in panels[0]["overall"]["rows"]
                if row["excess"] is not None
            },
            "headlines": [
                {name: panel[key] for name, key in _HEADLINE.items()} for panel in panels
            ],
            "spec_hash": view["spec_hash"],
        }
        text = json.dumps(told, indent=2, sort_keys=True) + "\n"
        (_GALLERY / f"{model}.json").write_text(text, encoding="utf-8")
        print(f"{model}: {_GALLERY / model}.csv and .json")


_HEADLINE: Final = {"definition": "definition", "judge": "judge", "text": "headline"}

if __name__ == "__main__":
    main()
