"""`junit.xml` of a run's checks, which CI servers show. Computes nothing.

The form is the one that Jenkins' xunit plug-in describes (junit-10.xsd).
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from xml.etree import ElementTree as Tree

from loadtest import atomic
from loadtest.budget import Check

__all__ = ("write",)


def write(path: Path, run: str, checks: Sequence[Check]) -> None:
    """One test case per check; one that can't be told is skipped."""
    attributes = {
        "name": "load lab",
        "tests": str(len(checks)),
        "failures": str(sum(check.status == "broken" for check in checks)),
        "skipped": str(sum(check.status == "can't tell" for check in checks)),
    }
    suite = Tree.Element("testsuite", attributes)
    for check in checks:
        case = Tree.SubElement(suite, "testcase", classname=run, name=check.name)
        if check.status == "broken":
            Tree.SubElement(case, "failure", message=check.found)
        elif check.status == "can't tell":
            Tree.SubElement(case, "skipped", message=f"can't tell: {check.found}")
        else:
            Tree.SubElement(case, "system-out").text = check.found
    Tree.indent(suite)
    tree = Tree.ElementTree(suite)
    atomic.write(path, partial(tree.write, encoding="utf-8", xml_declaration=True))
