#!/usr/bin/env python3
"""Adds up test results: prints "N passed, N failed, N skipped" for JUnit files that ctest wrote.

    tools/dev/count_tests.py [--failed-builds N] build/ci/tests.xml ...

A GoogleTest or lit program is one test to ctest; what it printed tells how many it really ran, and
that a test was skipped. Any other program counts as one.
"""

import argparse
import re
import sys
import xml.etree.ElementTree

# GoogleTest repeats the names of failed and skipped tests below these lines; the counts come once.
GTEST = {
    "passed": re.compile(r"^\[  PASSED  \] (\d+) tests?\.", re.M),
    "failed": re.compile(r"^\[  FAILED  \] (\d+) tests?, listed below", re.M),
    "skipped": re.compile(r"^\[  SKIPPED \] (\d+) tests?, listed below", re.M),
}
LIT = {
    "passed": re.compile(r"^  (?:Passed|Expectedly Failed)\s*: +(\d+)", re.M),
    "failed": re.compile(r"^  (?:Failed|Timed Out|Unresolved|Unexpectedly Passed)\s*: +(\d+)", re.M),
    "skipped": re.compile(r"^  (?:Skipped|Unsupported)\s*: +(\d+)", re.M),
}


def printed_counts(output):
    """The counts of a test program's own summary, or none."""
    for patterns in (GTEST, LIT):
        counts = {kind: sum(map(int, p.findall(output))) for kind, p in patterns.items()}
        if any(counts.values()):
            return counts
    return None


def count_case(case):
    """The counts of one ctest test; its verdict stands above what the program printed."""
    counts = printed_counts(case.findtext("system-out") or "")
    status = case.get("status")
    if status == "run":
        return counts or {"passed": 1, "failed": 0, "skipped": 0}
    if status == "fail":
        counts = counts or {"passed": 0, "failed": 0, "skipped": 0}
        counts["failed"] = max(counts["failed"], 1)  # a crash or a timeout prints no summary
        return counts
    # Not run: asked for by a SKIP_ property or DISABLED, or a program that is not there.
    reason = case.find("skipped")
    asked_for = status == "disabled" or reason is not None and "SKIP_" in reason.get("message", "")
    return {"passed": 0, "failed": int(not asked_for), "skipped": int(asked_for)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("files", nargs="*", help="JUnit files, ctest --output-junit")
    parser.add_argument("--failed-builds", type=int, default=0, help="each counts as one failure")
    args = parser.parse_args()
    total = {"passed": 0, "failed": args.failed_builds, "skipped": 0}
    for path in args.files:
        for case in xml.etree.ElementTree.parse(path).getroot().iter("testcase"):
            for kind, number in count_case(case).items():
                total[kind] += number
    print(", ".join(f"{number} {kind}" for kind, number in total.items()))
    return 1 if total["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
