"""XML from strangers, read as a stream: no DTD, no entities, no network, and bounds on everything that can grow."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from lxml import etree

from pipeline.base.errors import InputError

BLOCK_BYTES = 1024**2
MAX_DOCUMENT_BYTES = 1024**3
"""Largest document."""
MAX_ELEMENT_BYTES = 16 * 1024**2
"""Most bytes that may pass without one of the elements wanted coming to its end: the parser keeps them as a tree, and
a tree of tiny elements takes thirty times their bytes."""
MAX_DEPTH = 256
"""libxml2 refuses deeper nesting as long as ``huge_tree`` is off; TransXChange needs about 12."""
ROOT = re.compile(rb"<([A-Za-z_][\w.\-]*:)?([A-Za-z_][\w.\-]*)")
ASIDES = re.compile(rb"<\?.*?\?>|<!--.*?-->", re.DOTALL)
WEB_PAGE = re.compile(rb"<!doctype\s+html|<html[\s>]", re.IGNORECASE)
DOCTYPE = re.compile(rb"<!DOCTYPE", re.IGNORECASE)
ATTRIBUTE = re.compile(r"""\s([A-Za-z_]\w*)\s*=\s*(["'])(.*?)\2""", re.DOTALL)
Element = etree._Element  # noqa: SLF001 (lxml has no public name for it)


def get_local_name(tag: str) -> str:
    """Return an element's name without its namespace.

    Parameters
    ----------
    tag
        As lxml gives it.

    Returns
    -------
    str
        The part after the brace.
    """
    return tag.rpartition("}")[2]


def _narrow(start: bytes) -> bytes:
    """Return the beginning of a document as ASCII-like bytes, whatever its encoding."""
    if start.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in start[:8]:
        return start.replace(b"\x00", b"")
    return start


def find_root_name(start: bytes) -> str | None:
    """Find the name of the outermost element.

    Parameters
    ----------
    start
        The first kilobytes of a file.

    Returns
    -------
    str or None
        Without namespace; None if this is no XML, or a web page.
    """
    text = _narrow(start)
    if WEB_PAGE.search(text[:2048]):
        return None
    if not text.lstrip(b"\xef\xbb\xbf\xff\xfe \r\n\t").startswith(b"<"):
        return None
    found = ROOT.search(ASIDES.sub(b"", text))
    return found.group(2).decode("ascii", errors="replace") if found else None


def _check_start(start: bytes, file: str, root: str) -> None:
    """Refuse what is no XML, a web page, a DTD or another kind of document."""
    text = _narrow(start)
    if not text.strip(b"\xef\xbb\xbf\xff\xfe \r\n\t\x00"):
        raise InputError(f"{file} is empty", file=file, cure="Fetch it again.")
    if WEB_PAGE.search(text[:2048]):
        raise InputError(
            f"{file} is a web page, not {root}",
            file=file,
            row=1,
            cure="The download probably gave an error page: open it in a browser, then fetch the file again.",
        )
    if not text.lstrip(b"\xef\xbb\xbf\xff\xfe \r\n\t").startswith(b"<"):
        raise InputError(f"{file} is not XML", file=file, row=1, cure=f"Give a file of {root}.")
    found = ROOT.search(ASIDES.sub(b"", text))
    head = ASIDES.sub(b"", text)[: found.start()] if found else text
    if DOCTYPE.search(head):
        raise _refuse_dtd(file, text[: DOCTYPE.search(text).start()].count(b"\n") + 1)  # type: ignore[union-attr]


def _refuse_dtd(file: str, row: int) -> InputError:
    return InputError(
        f"{file} declares a document type (DTD), which is refused: it may define entities that grow without bound",
        file=file,
        row=row,
        field="DOCTYPE",
        cure="Timetables need none: remove the declaration if you trust the file.",
    )


def _explain(error: etree.XMLSyntaxError, parser: etree.XMLPullParser, file: str) -> InputError:
    """Put a syntax error into words with line and cure."""
    message, row = error.msg or "it ends in the middle", error.lineno
    if not row:  # the parser stopped at an error that it did not raise
        for entry in parser.feed_error_log:
            message, row = entry.message, entry.line
    if "Excessive depth" in message:
        what, cure = f"{file} nests elements more than {MAX_DEPTH} deep", "No timetable does: do not trust this file."
    elif any(text in message for text in ("Premature end", "EndTag", "end of Start Tag", "in the middle")):
        what = f"{file} breaks off: {message}"
        cure = "The download was probably cut short: fetch it again."
    else:
        what, cure = f"{file} is not well-formed XML: {message}", "Fetch it again, or correct it at that line."
    return InputError(what, file=file, row=row or None, cure=cure)


def iter_elements(blocks: Iterable[bytes], *, file: str, root: str, wanted: Collection[str]) -> Iterator[Element]:
    """Yield the outermost element as it begins, then each wanted element as it ends.

    What was yielded is emptied as soon as the next is asked for, so that memory does not grow with the document.

    Parameters
    ----------
    blocks
        The bytes of the document, in blocks of about a megabyte.
    file
        Its name for messages.
    root
        Name of the outermost element that the document must have.
    wanted
        Names of the elements to be yielded, in any namespace; none may lie inside another.

    Yields
    ------
    lxml.etree._Element
        First the root, of which only the attributes can be read, then the elements in document order.

    Raises
    ------
    InputError
        If the document is empty, a web page, no XML, broken off, has another root or a DTD, nests too deep or is too
        large; with the line.
    """
    parser = etree.XMLPullParser(
        events=("start", "end"),
        tag=[f"{{*}}{name}" for name in (root, *wanted)],
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    total = since = 0
    is_begun = False
    try:
        for block in blocks:
            if not total:
                _check_start(block, file, root)
            total += len(block)
            since += len(block)
            parser.feed(block)
            for element in _drain(parser, file, root, is_begun=is_begun):
                is_begun, since = True, 0
                yield element
            if not is_begun:
                raise _wrong_root(block, file, root)
            if since > MAX_ELEMENT_BYTES:
                raise _too_much(file, MAX_ELEMENT_BYTES)
            if total > MAX_DOCUMENT_BYTES:
                raise _too_much(file, MAX_DOCUMENT_BYTES)
        if not total:
            _check_start(b"", file, root)
        parser.close()
    except etree.XMLSyntaxError as error:
        raise _explain(error, parser, file) from error


def _drain(parser: etree.XMLPullParser, file: str, root: str, *, is_begun: bool) -> Iterator[Element]:
    """Yield what the parser has finished, and empty it afterwards."""
    for event, element in parser.read_events():
        if not isinstance(element, Element):
            continue
        if event == "start":
            if not is_begun:
                outermost = element.getroottree().getroot()
                name = get_local_name(str(outermost.tag))
                if name != root or outermost is not element:
                    raise _wrong_root(f"<{name}".encode(), file, root)
                if element.getroottree().docinfo.internalDTD is not None:
                    raise _refuse_dtd(file, 1)
                is_begun = True
                yield element
            continue
        parent = element.getparent()
        if parent is None:
            continue
        yield element
        element.clear()
        while element.getprevious() is not None:
            del parent[0]


def _wrong_root(start: bytes, file: str, root: str) -> InputError:
    found = ROOT.search(ASIDES.sub(b"", _narrow(start)))
    name = found.group(2).decode("ascii", errors="replace") if found else "nothing"
    return InputError(
        f"{file} is not {root}: its outermost element is {name}",
        file=file,
        row=1,
        field=name,
        cure=f"Give a file of {root}.",
    )


def _too_much(file: str, limit: int) -> InputError:
    return InputError(
        f"{file} is too large to be read safely: more than {limit:,} bytes"
        + (" without an element that a timetable has" if limit == MAX_ELEMENT_BYTES else ""),
        file=file,
        cure="Check that this is a genuine timetable; if so, split it.",
    )


def find_root_attributes(start: bytes) -> dict[str, str]:
    """Find the plain attributes of the outermost element, without parsing the document.

    Parameters
    ----------
    start
        The first kilobytes of a file.

    Returns
    -------
    dict
        Name to value, without those of namespaces; empty if the root is not found. Entities are left as they are.
    """
    text = ASIDES.sub(b"", _narrow(start))
    found = ROOT.search(text)
    if not found:
        return {}
    head = text[found.end() :].partition(b">")[0].decode("utf-8", errors="replace")
    return {name: value for name, _, value in ATTRIBUTE.findall(head)}
