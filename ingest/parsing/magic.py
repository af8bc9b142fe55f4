"""First bytes of formats that are not read, and what to do about each."""

PICTURE = "a picture: run text recognition (OCR) on it and upload the text or a PDF"
MEDIA = "sound or video: upload a transcript"
ARCHIVE = "an archive: unpack it and upload the files in it"
PROGRAM = "a program or binary data, which holds no text to read"
MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n", PICTURE),
    (0, b"\xff\xd8\xff", PICTURE),
    (0, b"GIF8", PICTURE),
    (0, b"II*\x00", PICTURE),
    (0, b"MM\x00*", PICTURE),
    (0, b"8BPS", PICTURE),
    (8, b"WEBP", PICTURE),
    (4, b"ftyphei", PICTURE),
    (4, b"ftypavif", PICTURE),
    (8, b"WAVE", MEDIA),
    (8, b"AVI ", MEDIA),
    (4, b"ftyp", MEDIA),
    (0, b"ID3", MEDIA),
    (0, b"\xff\xfb", MEDIA),
    (0, b"OggS", MEDIA),
    (0, b"fLaC", MEDIA),
    (0, b"\x1aE\xdf\xa3", MEDIA),
    (0, b"\x1f\x8b", ARCHIVE),
    (0, b"BZh", ARCHIVE),
    (0, b"7z\xbc\xaf\x27\x1c", ARCHIVE),
    (0, b"\xfd7zXZ", ARCHIVE),
    (0, b"Rar!", ARCHIVE),
    (0, b"\x28\xb5\x2f\xfd", ARCHIVE),
    (257, b"ustar", ARCHIVE),
    (0, b"MZ", PROGRAM),
    (0, b"\x7fELF", PROGRAM),
    (0, b"\xca\xfe\xba\xbe", PROGRAM),
    (0, b"\xcf\xfa\xed\xfe", PROGRAM),
    (0, b"\x00asm", PROGRAM),
    (0, b"SQLite format 3", PROGRAM),
)
OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
OLE2_STREAMS = (
    ("__substg1.0_", "an Outlook message: save it as .eml"),
    ("WordDocument", "the old Word format: save it as .docx"),
    ("PowerPoint Document", "the old PowerPoint format: save it as .pptx"),
    ("Workbook", "the old Excel format: save it as .xlsx"),
    ("Book", "the old Excel format: save it as .xlsx"),
)
