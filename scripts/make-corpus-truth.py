"""Makes fixtures/healix/causes/corpus-truth.json.gz: of each failing test of the corpus' broken suites the faults that alone make it
fail with the same error, else those that alone make it fail.

    python3 scripts/make-corpus-truth.py CORPUS SUITE RUN

needs pytest and the suite's package (numpy 2.4, sympy 1.14) installed; takes minutes a fault. Each breaker of the corpus is a line of
its conftest.py that assigns to the package; it is switched on alone, on its own line, so that tracebacks show the same numbers.
"""
import gzip
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

corpus, suite, run = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2], sys.argv[3]
OUT = pathlib.Path(__file__).resolve().parent.parent / "fixtures" / "healix" / "causes" / "corpus-truth.json.gz"
ASSIGNED = {"sympy": r"(?:sympy|[A-Z]\w+)\.[\w.]+", "numpy": r"np\.[\w.]+"}[suite]


def failures(path):
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt") as lines:
        tests = [line for line in map(json.loads, lines) if line["kind"] == "test"]
    return {test["nodeid"]: test for test in tests if test["outcome"] in ("failed", "error")}


def guarded(source):
    """The conftest with each breaker behind `if NAME in FAULTS:`, and the names."""
    names, lines = [], []
    for line in source.split("\n"):
        found = re.fullmatch(rf"( {{4}})({ASSIGNED}) = (.*)", line)
        if found:
            names.append(found[2])
            line = f'{found[1]}if "{found[2]}" in os.environ["FAULTS"].split("+"): {found[2]} = {found[3]}'
        lines.append(line)
    return "\n".join(lines), names


def same(one, other, *members):
    return all(one.get(member) == other.get(member) for member in members)


broken = failures(next(corpus.glob(f"runs/{run}.truth.jsonl*")))
tests = sorted({name.split("[")[0] for name in broken})
conftest, faults = guarded((corpus / "breakers" / f"{suite}-conftest.py").read_text())
alone = {}
with tempfile.TemporaryDirectory() as folder:
    where = subprocess.run(
        [sys.executable, "-c", f"import {suite}; print({suite}.__path__[0])"], capture_output=True, text=True, check=True
    ).stdout.strip()
    shutil.copytree(where, pathlib.Path(folder, suite))
    pathlib.Path(folder, "conftest.py").write_text(conftest)
    for fault in faults:
        truth = pathlib.Path(folder, "truth.jsonl")
        subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "truth_plugin", f"--truth={truth}", f"--junitxml={folder}/x.xml", *tests],
            cwd=folder, env={**os.environ, "BREAK": "1", "FAULTS": fault, "PYTHONPATH": str(corpus)},
        )
        alone[fault] = failures(truth)

result = {}
for name, test in broken.items():
    causes = [fault for fault in faults if name in alone[fault]]
    for members in (("exc_type", "message", "crash_lineno"), ("exc_type", "line"), ()):
        alike = [fault for fault in causes if same(alone[fault][name], test, *members)]
        if alike:
            break
    result[name] = alike
known = json.loads(gzip.decompress(OUT.read_bytes()))
known[run] = result
OUT.write_bytes(gzip.compress(json.dumps(known, separators=(",", ":"), sort_keys=True).encode(), 9, mtime=0))
