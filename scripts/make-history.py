"""Makes fixtures/healix/history: thirty runs of a small project on two branches, with real git commits and pytest's own reports.

    python3 scripts/make-history.py        (needs git and pytest)

The short expectations below are the story as it was first told. What is said of each failure now (history.json) was decided by hand
from docs/healix.md; this script keeps it. Nothing of lukhas-ingest runs here.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

OUT = pathlib.Path(__file__).resolve().parent.parent / "fixtures" / "healix" / "history"

TESTS = '''\
import os

import pytest

from shop import things
{filler}

def test_stable():
    assert things.STABLE


def test_prices():
    prices = things.prices()
    assert prices["total"] == 7


class TestStock:
    def test_count(self):
        assert things.stock() == [1, 2, 3]


def test_login():
    things.login("kim")


def test_network():
    assert os.environ.get("LUCK", "good") == "good"


@pytest.fixture
def exporter():
    return things.exporter()

{skip}
def test_export(exporter):
    assert exporter == "csv"
'''

WHOLE = {
    "prices": 'def prices():\n    return {"total": 7}\n',
    "stock": "def stock():\n    return [1, 2, 3]\n",
    "login": "def login(name):\n    return name\n",
    "export": 'def exporter():\n    return "csv"\n',
}
BROKEN = {
    "prices": 'def prices():\n    return {"total": 8}\n',
    "stock": "def stock():\n    return [1, 3]\n",
    "login": 'def login(name):\n    users = {}\n    return users[name]\n',
    "export": 'def exporter():\n    raise RuntimeError("no format")\n',
}
NAMES = {
    "prices": "tests/test_shop.py::test_prices",
    "stock": "tests/test_shop.py::TestStock::test_count",
    "login": "tests/test_shop.py::test_login",
    "network": "tests/test_shop.py::test_network",
    "export": "tests/test_shop.py::test_export",
}

# (branch, hours after the beginning, what is broken, options, what is expected of each failure:
#  class, failing since run, runs in a row, run whose commit repaired it the last time)
NEW, OLD, FLAKY, KNOWN = "new", "pre-existing", "flaky", "known"
M, F = "main", "feature"
STEPS = [
    (M, 0, "", {}, {}),
    (M, 12, "prices", {}, {"prices": (NEW, 2, 1, None)}),
    (M, 24, "prices", {}, {"prices": (OLD, 2, 2, None)}),
    (M, 36, "", {}, {}),
    (F, 48, "", {}, {}),
    (F, 60, "stock", {}, {"stock": (NEW, 6, 1, None)}),
    # main broke prices and repaired it in run 4, two days ago.
    (F, 72, "stock prices", {}, {"stock": (NEW, 6, 2, None), "prices": (FLAKY, 7, 1, 4)}),
    (F, 84, "", {}, {}),
    (F, 96, "stock", {}, {"stock": (NEW, 9, 1, 8)}),
    (M, 100, "login", {}, {"login": (NEW, 10, 1, None)}),
    (F, 108, "login", {"merge": True}, {"login": (OLD, 11, 1, None)}),
    (F, 120, "login", {}, {"login": (OLD, 11, 2, None)}),
    (M, 130, "login", {}, {"login": (OLD, 10, 2, None)}),
    (M, 140, "", {}, {}),
    # Repaired on main in run 14, not merged yet.
    (F, 150, "login", {}, {"login": (FLAKY, 11, 3, 14)}),
    (F, 160, "", {"merge": True}, {}),
    (F, 170, "", {"luck": "bad"}, {"network": (NEW, 17, 1, None)}),
    (F, 171, "", {"again": True}, {}),
    (F, 172, "", {"again": True, "luck": "bad"}, {"network": (FLAKY, 19, 1, None)}),
    (F, 180, "", {}, {}),
    (M, 480, "", {}, {}),
    # What main did with prices is more than two weeks ago by now; this branch repaired it in run 8.
    (F, 490, "prices", {"remember": ["prices"]}, {"prices": (NEW, 22, 1, 8)}),
    (F, 500, "prices", {}, {"prices": (KNOWN, 22, 2, 8, "exact")}),
    (F, 510, "prices", {"filler": 3}, {"prices": (KNOWN, 22, 3, 8, "moved")}),
    (M, 515, "export", {}, {"export": (NEW, 25, 1, None)}),
    (F, 520, "export", {"merge": True, "filler": 3}, {"export": (OLD, 26, 1, None)}),
    (M, 525, "export", {"skip": True}, {}),
    # The latest run of main that ran it at all had it broken.
    (F, 530, "export", {"filler": 3}, {"export": (OLD, 26, 2, None)}),
    (M, 540, "", {}, {}),
    (F, 550, "export prices", {"filler": 3}, {"export": (FLAKY, 26, 3, 29), "prices": (KNOWN, 30, 1, 26, "moved")}),
]


def main():
    repo = pathlib.Path(tempfile.mkdtemp(prefix="shop-"))
    try:
        make(repo)
    finally:
        shutil.rmtree(repo)


def make(repo):
    told = json.loads((OUT / "history.json").read_text())
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    git(repo, 0, "init", "-q", "-b", M)
    runs, shas = [], {}
    for number, (branch, hours, broken, options, _) in enumerate(STEPS, 1):
        if branch == F and not any(run["branch"] == F for run in runs):
            git(repo, hours, "checkout", "-q", "-b", F)
        elif runs:
            git(repo, hours, "checkout", "-q", branch)
        if not options.get("again"):
            if options.get("merge"):
                git(repo, hours, "merge", "-q", "-s", "ours", "--no-commit", M)
            write(repo, number, broken.split(), options)
            git(repo, hours, "add", "-A")
            git(repo, hours, "commit", "-q", "-m", f"Step {number}")
        shas[number] = git(repo, hours, "rev-parse", "HEAD").strip()
        report(repo, number, options)
        runs.append({
            "report": f"{number:02}.xml",
            "branch": branch,
            "hours": hours,
            "sha": shas[number],
            "remember": [NAMES[thing] for thing in options.get("remember", [])],
            "failures": told[number - 1]["failures"],
        })
    (OUT / "history.json").write_text(json.dumps(runs, indent=2) + "\n")


def write(repo, number, broken, options):
    (repo / "shop").mkdir(exist_ok=True)
    (repo / "tests").mkdir(exist_ok=True)
    (repo / "shop" / "__init__.py").write_text("")
    parts = [f"STABLE = {number}\n"] + [(BROKEN if name in broken else WHOLE)[name] for name in WHOLE]
    (repo / "shop" / "things.py").write_text("\n\n".join(parts))
    filler = "".join(f"# What the tests share, line {line}.\n" for line in range(options.get("filler", 0)))
    skip = '@pytest.mark.skip(reason="looked into")' if options.get("skip") else ""
    (repo / "tests" / "test_shop.py").write_text(TESTS.format(filler=filler, skip=skip))


def report(repo, number, options):
    file = OUT / f"{number:02}.xml"
    env = {**os.environ, "LUCK": options.get("luck", "good"), "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={file}", "tests"],
        cwd=repo, env=env, stdout=subprocess.DEVNULL, check=False,
    )
    text = file.read_text().replace(str(repo), "/home/runner/work/shop/shop")
    file.write_text(re.sub(r' hostname="[^"]*"', ' hostname="runner"', text))


def git(repo, hours, *args):
    date = f"{1_790_000_000 + hours * 3600} +0000"
    env = {
        **os.environ,
        "GIT_AUTHOR_NAME": "Kim", "GIT_AUTHOR_EMAIL": "kim@example.com", "GIT_AUTHOR_DATE": date,
        "GIT_COMMITTER_NAME": "Kim", "GIT_COMMITTER_EMAIL": "kim@example.com", "GIT_COMMITTER_DATE": date,
        "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull,
    }
    return subprocess.run(["git", *args], cwd=repo, env=env, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    main()
