"""Hostile and broken XML is refused with file, line and cure, in little memory."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from pipeline.base.errors import InputError
from pipeline.base.xml_files import MAX_ELEMENT_BYTES, find_root_name, iter_elements

NS = 'xmlns="http://www.transxchange.org.uk/"'
BOMB = '<!DOCTYPE TransXChange [<!ENTITY a "aaaaaaaaaa">' + "".join(
    f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(12)
)


def _read(*blocks: bytes) -> list[str]:
    found = iter_elements(blocks, file="x.xml", root="TransXChange", wanted=["Service", "Route"])
    return [str(element.get("id")) for element in found]


def test_the_root_comes_first_and_then_each_wanted_element() -> None:
    text = f'<?xml version="1.0"?><!-- x --><TransXChange id="r" {NS}><A><Service id="1"/><B/><Service id="2"/></A>'
    assert _read(text.encode(), b"<C><Route id='3'/></C></TransXChange>") == ["r", "1", "2", "3"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "iso-8859-1"])
def test_declared_encodings_are_understood(encoding: str) -> None:
    name = encoding.removesuffix("-sig")
    text = f'<?xml version="1.0" encoding="{name}"?>\n<TransXChange id="\xe9"/>'
    assert _read(text.encode(encoding)) == ["\xe9"]


@pytest.mark.parametrize(
    ("content", "message", "row"),
    [
        (b"", "is empty", None),
        (b" \n ", "is empty", None),
        (b"stop_id,stop_name\n", "is not XML", 1),
        (b"<!DOCTYPE html>\n<html><body>Not found</body></html>", "is a web page", 1),
        (b"\n<HTML><head/></HTML>", "is a web page", 1),
        (b"<?xml version='1.0'?>\n<!DOCTYPE TransXChange>\n<TransXChange/>", "declares a document type", 2),
        (b"<!DOCTYPE x SYSTEM 'file:///etc/passwd'><TransXChange/>", "declares a document type", 1),
        ((BOMB + "]><TransXChange>&m;</TransXChange>").encode(), "declares a document type", 1),
        ((BOMB + "]><TransXChange a='&m;'/>").encode(), "declares a document type", 1),
        ((BOMB + "]><TransXChange/>").encode("utf-16"), "declares a document type", 1),
        (b"<TransXChange>\n<Service>\n", "breaks off", 3),
        (b"<TransXChange>\n<Service>\n<Rou", "breaks off", 3),
        (b"<TransXChange>\n<Service>\n</Route></TransXChange>", "not well-formed", 3),
        (b"<TransXChange>\n&unknown;</TransXChange>", "not well-formed", 2),
        (b"<NaPTAN><Service/></NaPTAN>", "is not TransXChange: its outermost element is NaPTAN", 1),
        (b"<NaPTAN><TransXChange/></NaPTAN>", "is not TransXChange: its outermost element is NaPTAN", 1),
        (b"<TransXChange>" + b"<a>" * 100_000 + b"</a>" * 100_000 + b"</TransXChange>", "more than 256 deep", 1),
    ],
)
def test_it_is_refused_with_line_and_cure(content: bytes, message: str, row: int | None) -> None:
    with pytest.raises(InputError, match=message) as caught:
        _read(content) if content else _read()
    assert caught.value.row == row
    assert caught.value.file == "x.xml"
    assert caught.value.cure


def test_a_comment_that_mentions_a_document_type_is_none() -> None:
    assert _read(b'<!-- <!DOCTYPE x> --><TransXChange id="r"/>') == ["r"]


def test_elements_without_end_are_refused_before_they_fill_the_memory() -> None:
    def blocks() -> Iterator[bytes]:
        yield b"<TransXChange>"
        while True:
            yield b"<a/>" * 2**18

    with pytest.raises(InputError, match=f"more than {MAX_ELEMENT_BYTES:,} bytes without an element"):
        list(iter_elements(blocks(), file="x.xml", root="TransXChange", wanted=["Service"]))


def test_an_endless_stream_of_tiny_elements_takes_less_than_a_gigabyte() -> None:
    code = (
        "from pipeline.base.errors import InputError\n"
        "from pipeline.base.xml_files import iter_elements\n"
        "blocks = [b'<TransXChange>'] + [b'<a/>' * 2**18] * 64\n"
        "try:\n"
        "    list(iter_elements(blocks, file='x', root='TransXChange', wanted=['Service']))\n"
        "except InputError:\n"
        "    lines = open('/proc/self/status').read().splitlines()\n"
        "    print(next(int(line.split()[1]) // 1024 for line in lines if line.startswith('VmHWM')))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 0 < int(done.stdout) < 1000


def test_the_root_is_found_from_the_beginning_of_a_file() -> None:
    assert (
        find_root_name(b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- <x> -->\n<t:TransXChange xmlns:t='x'>")
        == "TransXChange"
    )
    assert find_root_name('<?xml version="1.0"?><TransXChange>'.encode("utf-16")) == "TransXChange"
    assert find_root_name(b"<!doctype html><html>") is None
    assert find_root_name(b"PK\x03\x04") is None
    assert find_root_name(b"") is None
