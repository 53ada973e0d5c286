"""Takes whole cases out of a recording: the bytes of their entries as they stand, nothing edited.

    excerpt.py CAPTURE TRUTH CASE... > OUT

A case is named as in the truth file, without its number.
"""

import json
import sys


def spans(text):
    """Yields the start and end of each element of `log.entries`."""
    reader = json.JSONDecoder()
    at = text.index("[", text.index('"entries"')) + 1
    while True:
        while text[at] in ", \t\r\n":
            at += 1
        if text[at] == "]":
            return
        _, end = reader.raw_decode(text, at)
        yield at, end
        at = end


def main():
    capture, truth, *cases = sys.argv[1:]
    with open(truth, encoding="utf-8") as lines:
        known = [json.loads(line) for line in lines]
    chosen = {
        row["entry"]
        for row in known
        if row["capture"] == capture and row["case"].partition(" ")[2] in cases
    }
    with open(capture, encoding="utf-8", newline="") as file:
        text = file.read()
    all_spans = list(spans(text))
    kept = [text[start:end] for index, (start, end) in enumerate(all_spans) if index in chosen]
    if not kept:
        sys.exit(f"no such case in {capture}")
    between = text[all_spans[0][1] : all_spans[1][0]]
    sys.stdout.write(text[: all_spans[0][0]] + between.join(kept) + text[all_spans[-1][1] :])


main()
