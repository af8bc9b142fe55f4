from pathlib import Path

from ingest.chunking import split
from ingest.parsing import Extracted, Limits, ParseError, parse
from ingest.parsing.errors import EncryptedError, ScannedError
from ingest.text.cleaning import clean
from tests.ingest.parsing.files import assert_consistent

MAX_BYTES = 300_000


def outcomes(folder: Path) -> dict[str, Extracted | ParseError]:
    results: dict[str, Extracted | ParseError] = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and path.stat().st_size < MAX_BYTES):
        try:
            results[path.name] = parse(path.read_bytes(), path.name, Limits())
        except ParseError as exc:
            results[path.name] = exc
    return results


def test_real_documents_are_read_into_canonical_text_with_exact_offsets(shared_data: Path) -> None:
    results = outcomes(shared_data / "documents")
    documents = [result for result in results.values() if isinstance(result, Extracted)]
    assert len(documents) > len(results) * 0.8
    for document in documents:
        assert clean(document.text) == document.text
        assert_consistent(document)


def test_a_user_password_beside_an_empty_owner_password_does_not_hinder_reading(shared_data: Path) -> None:
    path = shared_data / "documents/pdf_encrypted/pypdf__r6-user-password.pdf"
    assert "encryption test" in parse(path.read_bytes(), path.name, Limits()).text


def test_real_documents_fail_only_for_reasons_a_person_can_act_on(shared_data: Path) -> None:
    failures = [result for result in outcomes(shared_data / "documents").values() if isinstance(result, ParseError)]
    assert all(isinstance(failure, EncryptedError | ScannedError) for failure in failures)


def test_real_documents_are_covered_by_their_chunks(shared_data: Path) -> None:
    for document in outcomes(shared_data / "documents").values():
        if isinstance(document, Extracted):
            position = 0
            for span in split(document, max_tokens=200, overlap_tokens=50):
                assert not document.text[position : span.start].strip()
                position = span.end
            assert not document.text[position:].strip()
