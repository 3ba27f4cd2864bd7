"""What the scripts share: where the files go, and JSON that a person can read and git can compare."""

import json
import textwrap
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
WIDTH = 400


def write_json(name, data):
    """Writes an object in lines of at most 400 characters: what fits into one stands on one, numbers side by side."""
    (FOLDER / name).parent.mkdir(exist_ok=True)
    (FOLDER / name).write_text(_lines(data, 0) + "\n", encoding="utf-8", newline="\n")


def rounded(value, digits):
    """A number with so many significant digits, or its name where JSON has none for it."""
    value = float(value)
    if value != value:
        return "nan"
    if value in (float("inf"), float("-inf")):
        return "inf" if value > 0 else "-inf"
    value = float(f"{value:.{digits}g}")
    return int(value) if value.is_integer() and abs(value) < 2 ** 53 else value


def _lines(value, depth, before=0):
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    if depth + before + len(text) <= WIDTH or not isinstance(value, (dict, list)):
        return text
    margin = " " * (depth + 1)
    if isinstance(value, dict):
        items = [f"{json.dumps(key)}: {_lines(item, depth + 1, len(key) + 5)}" for key, item in value.items()]
    elif all(isinstance(item, (int, float)) for item in value):
        items = textwrap.wrap(text[1:-1], WIDTH - len(margin), break_on_hyphens=False)
        return "[\n" + "\n".join(margin + line for line in items) + f"\n{margin[:-1]}]"
    else:
        items = [_lines(item, depth + 1) for item in value]
    open_, close = "{}" if isinstance(value, dict) else "[]"
    return f"{open_}\n" + ",\n".join(margin + item for item in items) + f"\n{margin[:-1]}{close}"
