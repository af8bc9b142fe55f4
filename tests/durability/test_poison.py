"""A file that kills whoever reads it harms only itself."""

from records.leases import PARK_AFTER_CRASHES, SUSPECT_AFTER_CRASHES
from tests.durability.kills import POISON_ALONE, POISON_BESIDE_OTHERS
from tests.durability.measuring import Combination, measure


def test_a_deadly_file_is_read_alone_after_some_crashes_and_then_given_up() -> None:
    report = measure(Combination("sqlite", 1, 6, plan=(), seed=5, with_poison=True), None)
    points, findings = report.course.points, report.findings
    assert len(points) == PARK_AFTER_CRASHES
    assert set(points) <= {POISON_ALONE, POISON_BESIDE_OTHERS}
    assert set(points[SUSPECT_AFTER_CRASHES:]) == {POISON_ALONE}
    assert len(findings.parked) == 1
    assert all(findings.parked[0] in being_read for being_read in report.course.read_at_kills)
    assert findings.problems == []
    assert findings.lost == 0
    assert findings.statuses["completed"] > 0
