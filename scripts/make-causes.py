"""Makes fixtures/healix/causes: a suite with twenty-one faults in fixtures, helpers and imports, run by pytest with all of them, and
the truth: which tests fail when one fault alone is there.

    python3 scripts/make-causes.py        (needs pytest)

Besides there are tests that are wrong themselves, some of them through a helper that others call too: each is its own cause.
"""
import gzip
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

OUT = pathlib.Path(__file__).resolve().parent.parent / "fixtures" / "healix" / "causes"
random.seed(11)

CONFTEST = '''
import os, random, uuid
import pytest
from shop import core, faults
from tests.helpers import rows

@pytest.fixture
def db():
    if "db" in faults.ON:
        raise ConnectionError(f"no database at 127.0.0.1:{random.randint(33000, 60000)} after {random.random():.2f}s")
    return {}

@pytest.fixture(scope="session")
def catalogue(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "prices.csv"
    if "catalogue" not in faults.ON:
        path.write_text("a,1")
    return path.read_text()

@pytest.fixture
def account():
    return core.open_account("kim")

@pytest.fixture
def user(request):
    number = random.randint(1, 9999)
    if "user" in faults.ON:
        raise LookupError(f"user {number} of request {uuid.uuid4()} not found")
    return number

@pytest.fixture
def spool():
    yield []
    if "spool" in faults.ON:
        raise RuntimeError("spool is still open")

if "client" not in faults.ON:
    @pytest.fixture
    def client():
        return object()
'''

CONFTEST_API = '''
import pytest
from shop import faults

@pytest.fixture(autouse=True)
def settings():
    values = {} if "settings" in faults.ON else {"TOKEN": "x"}
    return values["TOKEN"]
'''

HELPERS = '''
import contextlib, functools, json
from shop import faults

def rows(count):
    return list(range(count))

def check(actual, expected):
    assert actual == expected

def fetch(path):
    status = 500 if "status" in faults.ON else 200
    assert status == 200, f"GET {path}"
    return path

def parse(text):
    return json.loads("<html>" if "parse" in faults.ON else text)

def retried(function):
    @functools.wraps(function)
    def call(*args):
        if "retried" in faults.ON:
            raise RuntimeError("gave up after 3 attempts")
        return function(*args)
    return call

@contextlib.contextmanager
def locked(name):
    if "locked" in faults.ON:
        raise PermissionError(13, "Permission denied", f"/run/lock/{name}.lock")
    yield
'''

CORE = '''
import json
from shop import faults

def open_account(name):
    return ledger()[name]

def ledger():
    return None if "ledger" in faults.ON else {"kim": 1}

def mean(values):
    count = 0 if "mean" in faults.ON else len(values)
    return sum(values) / count

def price(sku):
    prices = {} if "price" in faults.ON else {"apple": 1, "pear": 2, "fig": 3, "plum": 4}
    return prices[sku]

def currency(order):
    if "currency" in faults.ON:
        order = {}
    return order["currency"]

def body():
    return "" if "body" in faults.ON else "{}"

if "discount" in faults.ON:
    def discount(total, percent, customer):
        return total
else:
    def discount(total, percent):
        return total
'''

FAULTS = '''
import os
ON = set(os.environ.get("FAULTS", "").split(","))
'''

MODULES = {
    "shop/__init__.py": "",
    "shop/faults.py": FAULTS,
    "shop/core.py": CORE,
    "shop/report.py": 'from shop import faults\nTITLE = UNKNOWN_TITLE if "report" in faults.ON else "Report"\n',
    "shop/cache.py": 'from shop import faults\nif "redis" in faults.ON:\n    import redis_of_nobody\n',
    "shop/names.py": 'from shop import faults\nif "names" not in faults.ON:\n    def full_name(): return "a b"\n',
    "tests/__init__.py": "",
    "tests/helpers.py": HELPERS,
    "tests/conftest.py": CONFTEST,
    "tests/api/__init__.py": "",
    "tests/api/conftest.py": CONFTEST_API,
}
# "syntax" writes this module broken.
FAKER = {False: "def fake(): return 1\n", True: "def fake(: return 1\n"}

#: fault -> (number of tests, arguments, body); {n} is the test's number.
TESTS = {
    "db": (200, "db", "assert db == {{}}"),
    "catalogue": (40, "catalogue", 'assert catalogue.split(",")[0] == "a"'),
    "ledger": (25, "account", "assert account == 1"),
    "user": (30, "user", "assert user > 0"),
    "spool": (15, "spool", "assert spool == []"),
    "client": (6, "client", "assert client"),
    "status": (80, "", 'assert helpers.fetch("/orders/{n}") == "/orders/{n}"'),
    "parse": (35, "", 'data = helpers.parse("[{n}]")\n    assert data == [{n}]'),
    "retried": (18, "", "double = helpers.retried(lambda x: 2 * x)\n    assert double({n}) == 2 * {n}"),
    "locked": (14, "", 'with helpers.locked("orders"):\n        assert {n} >= 0'),
    "mean": (50, "", "values = [{n}, {n}]\n    assert core.mean(values) == {n}"),
    "price": (10, "", 'assert core.price("{sku}") > 0'),
    "currency": (60, "", 'order = {{"currency": "EUR", "id": {n}}}\n    assert core.currency(order) == "EUR"'),
    "body": (7, "", "answer = json.loads(core.body())\n    assert answer == {{}}"),
    "discount": (5, "", "assert core.discount({n}, 10) == {n}"),
}
API_TESTS = ("settings", 60)
IMPORTS = {
    "report": (20, "from shop import report\n"),
    "redis": (8, "from shop.cache import *\n"),
    "syntax": (5, "from tests import faker\n"),
    "names": (4, "from shop.names import full_name\n"),
    "missing": (6, "import {missing}\n"),
}
#: Wrong whatever is broken: in themselves, and through a helper that all call.
WRONG = {"itself": 40, "helper": 20}
GREEN = 150
AREAS = ["orders", "stock", "cash", "mail", "search", "login", "export", "audit"]


def suite(on):
    files = dict(MODULES)
    files["tests/faker.py"] = FAKER["syntax" in on]
    bodies = {f"tests/test_{area}.py": [] for area in AREAS}
    order = random.Random(5)
    jobs = [(fault, n) for fault, (count, *_) in TESTS.items() for n in range(count)]
    jobs += [(kind, n) for kind, count in WRONG.items() for n in range(count)] + [("green", n) for n in range(GREEN)]
    order.shuffle(jobs)
    for at, (kind, n) in enumerate(jobs):
        area = list(bodies)[at % len(bodies)]
        if kind == "itself":
            arguments, body = "", f"total = sum(range({n}))\n    assert total == {n + 1000}"
        elif kind == "helper":
            arguments, body = "", f"helpers.check({n} + 1, {n} + {n + 2})"
        elif kind == "green":
            arguments, body = "", f"assert core.open_account is not {n}"
        else:
            _, arguments, template = TESTS[kind]
            body = template.format(n=n, sku=["apple", "pear", "fig", "plum"][n % 4])
        bodies[area].append(f"def test_{kind}_{n}({arguments}):\n    {body}\n")
    for path, tests in bodies.items():
        files[path] = "import json\nfrom shop import core\nfrom tests import helpers\n\n\n" + "\n\n".join(tests)
    for k in range(3):
        files[f"tests/api/test_api_{k}.py"] = "\n\n".join(
            f"def test_{API_TESTS[0]}_{n}():\n    assert {n} >= 0\n" for n in range(k, API_TESTS[1], 3))
    for fault, (count, line) in IMPORTS.items():
        name = "dependency_of_nobody" if "missing" in on else "json"
        for n in range(count):
            header = line.format(missing=name)
            if fault == "missing" and n % 2:
                header = f"from {name} import dumps as d{n}\n"
            files[f"tests/test_imports_{fault}_{n}.py"] = f"{header}\n\ndef test_it():\n    assert {n} >= 0\n"
    return files


def run(on, tb):
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder) / "shop"
        for path, text in suite(on).items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        env = {**os.environ, "FAULTS": ",".join(on), "PYTHONPATH": ".", "PYTHONDONTWRITEBYTECODE": "1"}
        subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--tb={tb}", "--junitxml=r.xml",
             "--continue-on-collection-errors", "tests"],
            cwd=root, env=env, stdout=subprocess.DEVNULL, check=False)
        text = re.sub('hostname="[^"]*"', 'hostname="runner"', (root / "r.xml").read_text())
        return text.replace(folder, "/home/runner/work/shop").replace(sys.base_prefix, "/opt/hostedtoolcache/Python/3.11.7/x64")


def failing(xml_text):
    root = xml.etree.ElementTree.fromstring(xml_text)
    found = set()
    for case in root.iter("testcase"):
        if any(child.tag in ("failure", "error") for child in case):
            found.add(".".join(filter(None, [case.get("classname"), case.get("name")])))
    return found


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    faults = [*TESTS, API_TESTS[0], *IMPORTS]
    truth = {}
    always = failing(run([], "auto"))
    for fault in faults:
        for test in failing(run([fault], "auto")) - always:
            truth.setdefault(test, []).append(fault)
        print(fault, sum(fault in found for found in truth.values()), file=sys.stderr)
    for test in always:
        truth[test] = [test]
    several = [test for test, found in truth.items() if len(found) > 1]
    assert not several, several
    (OUT / "truth.json").write_text(
        json.dumps({test: found[0] for test, found in sorted(truth.items())}, indent=0) + "\n")
    for tb in ("auto", "short", "native"):
        text = run(faults, tb)
        missing = failing(text) ^ set(truth)
        assert not missing, sorted(missing)[:5]
        with gzip.GzipFile(OUT / f"{tb}.xml.gz", "wb", mtime=0) as file:
            file.write(text.encode())


main()
