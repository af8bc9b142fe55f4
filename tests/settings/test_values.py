import pytest

from settings import SettingsError, load_settings


@pytest.mark.parametrize("url", ["s3://bucket", "s3://my.bucket-1/", "s3://bucket/a/b"])
def test_a_bucket_is_named_by_its_url(url: str) -> None:
    assert load_settings({"FOOTNOTE_FILES_URL": url}).files.url == url


@pytest.mark.parametrize(
    "url",
    ["bucket", "s3://", "s3://B", "gs://bucket", "https://s3/bucket", "s3://key:secret@bucket", "s3://bucket?x=1"],
)
def test_what_names_no_bucket_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="s3://bucket/folder"):
        load_settings({"FOOTNOTE_FILES_URL": url})


@pytest.mark.parametrize(
    "address",
    ["minio:9000", "https://", "ftp://minio", "http://key:secret@minio", "https://minio:99999", "https://a?b=c"],
)
def test_what_is_no_address_of_a_storage_is_refused(address: str) -> None:
    with pytest.raises(SettingsError, match="https://host:port"):
        load_settings({"FOOTNOTE_FILES_ENDPOINT": address})
