"""Finds renamed tests in the histories of clones, for fixtures/healix/renames.json.gz: names, and which of them have nearly equal bodies.

    python3 scripts/make-renames.py CLONE... > renames.json     then  npx tsx scripts/make-renames.ts renames.json CLONE...

A commit is taken where test functions of changed files are gone and others came. `renamed`: the same name in another place, or
another name whose body has at least 80 % of its lines in common, each the best one for both. `alike`: other pairs with half of
their lines in common. Files that Python 3 cannot parse are left out. No source is written down.
"""

import ast
import json
import os
import subprocess
import sys
from difflib import SequenceMatcher


def git(clone, *args):
    return subprocess.run(["git", "-C", clone, *args], capture_output=True, check=False).stdout.decode("utf8", "replace")


def functions(source):
    """Test functions by their path, in order: the lines of their bodies, stripped."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return None
    lines = source.split("\n")
    found = {}

    def visit(node, path):
        for child in node.body:
            if isinstance(child, ast.ClassDef):
                visit(child, [*path, child.name])
            elif isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)) and child.name.startswith("test"):
                body = lines[child.body[0].lineno - 1 : child.end_lineno]
                found.pop("::".join([*path, child.name]), None)
                found["::".join([*path, child.name])] = [line.strip() for line in body if line.strip()]

    visit(tree, [])
    return found


class Blobs:
    """Files of commits, by one git process."""

    def __init__(self, clone):
        self.git = subprocess.Popen(["git", "-C", clone, "cat-file", "--batch"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def read(self, rev, path):
        self.git.stdin.write(f"{rev}:{path}\n".encode())
        self.git.stdin.flush()
        head = self.git.stdout.readline().split()
        if len(head) != 3 or head[1] != b"blob":
            return ""
        return self.git.stdout.read(int(head[2]) + 1)[:-1].decode("utf8", "replace")


def changes(clone):
    """Commits with their changed test files, the newest first."""
    text = git(clone, "log", "--no-merges", "--min-parents=1", "-M", "-l1000", "--name-status", "--format=@%H", "HEAD", "--", "*test*.py")
    sha, files = None, []
    for line in text.split("\n"):
        if line.startswith("@"):
            if sha:
                yield sha, files
            sha, files = line[1:], []
        elif line:
            status, *paths = line.split("\t")
            files.append((status[:1], paths[0], paths[-1]))
    if sha:
        yield sha, files


def look(blobs, name, sha, changed):
    before, after, moved = {}, {}, []
    for status, old, new in changed:
        if status == "R":
            moved.append([old, new])
        for files, path, rev, wanted in ((before, old, f"{sha}^", "DMR"), (after, new, sha, "AMR")):
            if status in wanted:
                found = functions(blobs.read(rev, path))
                if found is None:
                    return None
                if found:
                    files[path] = found
    ids = lambda files: {f"{file}::{path}": body for file, tests in files.items() for path, body in tests.items()}
    old, new = ids(before), ids(after)
    gone = [one for one in old if one not in new]
    came = [one for one in new if one not in old]
    if not gone or not came or len(gone) * len(came) > 4000:
        return None
    last = lambda one: one.rsplit("::", 1)[1]
    scores = []
    for one in gone:
        for other in came:
            ratio = SequenceMatcher(None, old[one], new[other], autojunk=False).ratio()
            if ratio >= 0.5 or last(one) == last(other):
                scores.append((ratio, last(one) == last(other), one, other))
    scores.sort(key=lambda score: (-score[0], not score[1]))
    renamed, alike, left, right = [], [], set(), set()
    for ratio, same, one, other in scores:
        if one not in left and other not in right and (ratio >= 0.8 or (same and ratio >= 0.5)):
            renamed.append([one, other])
            left.add(one)
            right.add(other)
        elif ratio >= 0.5:
            alike.append([one, other])
    if not renamed and not alike:
        return None
    names = lambda files: {file: list(tests) for file, tests in files.items()}
    return {"commit": f"{name}@{sha[:10]}", "before": names(before), "after": names(after), "moved": moved, "renamed": renamed, "alike": alike}


def main():
    found = []
    for clone in sys.argv[1:]:
        parts = os.path.abspath(clone).split(os.sep)
        name = (parts[-2] if parts[-1] == "repo" else parts[-1]).replace("+", "/")
        blobs = Blobs(clone)
        for sha, changed in changes(clone):
            one = look(blobs, name, sha, changed)
            if one is not None:
                found.append(one)
        print(name, len(found), file=sys.stderr)
    json.dump(found, sys.stdout, separators=(",", ":"))


main()
