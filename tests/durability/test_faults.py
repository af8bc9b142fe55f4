"""Faults of what Footnote depends on delay documents, and do nothing else."""

from tests.durability.faults import EMBEDDING_FAULTS, QDRANT_FAULTS, FaultReport, measure_faults


def assert_well(report: FaultReport) -> None:
    """Every document has ended as it should, with the right vectors."""
    assert report.findings.problems == []
    assert report.findings.lost == 0
    assert report.findings.points_found == report.findings.points_expected > 0
    assert report.faults > 0


def test_faults_of_the_embeddings_server_spoil_nothing_and_are_paid_once() -> None:
    report = measure_faults("embeddings", documents=24, every=4)
    assert report.faults >= len(EMBEDDING_FAULTS)
    assert_well(report)
    assert report.paid.texts_again == 0


def test_faults_of_qdrant_lose_no_point() -> None:
    report = measure_faults("qdrant", documents=18, every=6)
    assert report.faults >= len(QDRANT_FAULTS)
    assert_well(report)
    assert report.paid.texts_again == 0


def test_a_database_that_goes_away_loses_nothing(postgres_url: str) -> None:
    assert_well(measure_faults("database", documents=36, every=1, postgres_url=postgres_url))
