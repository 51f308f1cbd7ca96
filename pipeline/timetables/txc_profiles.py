"""Operating profiles and serviced organisations as TransXChange writes them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from pipeline.base.notices import NoticeCode, Notices
from pipeline.base.xml_files import Element
from pipeline.timetables.bank_holidays import ALL_NAMES
from pipeline.timetables.txc_codes import (
    DAY_NAME_UNKNOWN,
    DAYS_EMPTY,
    ORGANISATION_COMPLEMENT,
    ORGANISATION_UNKNOWN,
    VALUE_UNREADABLE,
)
from pipeline.timetables.txc_days import (
    ALL_DAYS,
    DAY_SETS,
    WEEKS,
    BankHolidayRule,
    Organisation,
    OrganisationRule,
    Profile,
    Range,
    SpecialRule,
    find_organisation,
)
from pipeline.timetables.txc_values import (
    find_child,
    find_text,
    get_children,
    get_line,
    get_name,
    get_text,
    list_children,
    parse_date,
)

OTHER_HOLIDAY = "OtherPublicHoliday"


class Reporter:
    """Notes things about one document.

    Parameters
    ----------
    notices
        The collector.
    file
        The document's name for messages.
    """

    def __init__(self, notices: Notices, file: str) -> None:
        self.notices = notices
        self.file = file

    def note(
        self,
        code: NoticeCode,
        element: Element | None = None,
        *,
        field: str = "",
        value: object = "",
        count: int = 1,
        detail: str = "",
    ) -> None:
        """Note one place of the document; see :meth:`pipeline.base.notices.Notices.add`."""
        row = None if element is None else get_line(element)
        self.notices.add(code, file=self.file, row=row, field=field, value=value, count=count, detail=detail)


def parse_ranges(parent: Element | None, report: Reporter) -> tuple[Range, ...]:
    """Read the DateRange children of an element.

    Parameters
    ----------
    parent
        Element or None.
    report
        Where unreadable dates are noted.

    Returns
    -------
    tuple
        First and last date of each; a range without an end goes on, one that cannot be read is left out.
    """
    found = []
    for item in list_children(parent, "DateRange"):
        parts = get_children(item)
        begin = parse_date(get_text(parts.get("StartDate")))
        text = get_text(parts.get("EndDate"))
        end = parse_date(text) if text else date.max
        if begin is None or end is None or end < begin:
            value = f"{get_text(parts.get('StartDate'))} to {text}"
            report.note(VALUE_UNREADABLE, item, field="DateRange", value=value)
        else:
            found.append((begin, end))
    return tuple(found)


def _parse_weekdays(regular: Element | None, report: Reporter) -> frozenset[int] | None:
    if regular is None:
        return None
    parts = get_children(regular)
    if "HolidaysOnly" in parts:
        return frozenset()
    days: set[int] = set()
    names = [get_name(str(child.tag)) for child in parts.get("DaysOfWeek", ())]
    for name in names:
        if name in DAY_SETS:
            days |= DAY_SETS[name]
        else:
            report.note(DAY_NAME_UNKNOWN, regular, field="DaysOfWeek", value=name)
    if not names:
        report.note(DAYS_EMPTY, regular, field="DaysOfWeek")
        return ALL_DAYS
    return frozenset(days)


def _parse_weeks(periodic: Element | None, report: Reporter) -> frozenset[int] | None:
    if periodic is None:
        return None
    weeks = set()
    for item in periodic.iter():
        if get_name(str(item.tag)) == "WeekNumber":
            number = WEEKS.get(get_text(item).lower())
            if number is None:
                report.note(VALUE_UNREADABLE, item, field="WeekNumber", value=get_text(item))
            else:
                weeks.add(number)
    return frozenset(weeks) or None


def _parse_codes(parent: Element | None, kind: str) -> tuple[str, ...]:
    found = [
        get_text(reference)
        for group in list_children(parent, kind)
        for reference in list_children(group, "ServicedOrganisationRef")
    ]
    return tuple(sorted({code for code in found if code}))


def _parse_organisations(element: Element | None) -> OrganisationRule | None:
    if element is None:
        return None
    runs, rests = find_child(element, "DaysOfOperation"), find_child(element, "DaysOfNonOperation")
    return OrganisationRule(
        _parse_codes(runs, "WorkingDays"),
        _parse_codes(runs, "Holidays"),
        _parse_codes(rests, "WorkingDays"),
        _parse_codes(rests, "Holidays"),
    )


def _parse_holidays(parent: Element | None, report: Reporter) -> tuple[tuple[str, ...], tuple[date, ...]]:
    names, dates = set(), set()
    for child in parent if parent is not None else ():
        name = get_name(str(child.tag))
        if name in ALL_NAMES:
            names.add(name)
            continue
        day = parse_date(find_text(child, "Date")) if name == OTHER_HOLIDAY else None
        if day is not None:
            dates.add(day)
        else:
            code = VALUE_UNREADABLE if name == OTHER_HOLIDAY else DAY_NAME_UNKNOWN
            report.note(code, child, field="BankHolidayOperation", value=find_text(child, "Description") or name)
    return tuple(sorted(names)), tuple(sorted(dates))


def parse_profile(element: Element | None, report: Reporter) -> Profile | None:
    """Read an operating profile.

    Parameters
    ----------
    element
        ``OperatingProfile``, or None.
    report
        Where what cannot be understood is noted.

    Returns
    -------
    Profile or None
        None for None.
    """
    if element is None:
        return None
    parts = get_children(element)
    bank = special = None
    if (holidays := parts.get("BankHolidayOperation")) is not None:
        runs = _parse_holidays(find_child(holidays, "DaysOfOperation"), report)
        rests = _parse_holidays(find_child(holidays, "DaysOfNonOperation"), report)
        bank = BankHolidayRule(*runs, *rests)
    if (days := parts.get("SpecialDaysOperation")) is not None:
        special = SpecialRule(
            parse_ranges(find_child(days, "DaysOfOperation"), report),
            parse_ranges(find_child(days, "DaysOfNonOperation"), report),
        )
    return Profile(
        _parse_weekdays(parts.get("RegularDayType"), report),
        _parse_weeks(parts.get("PeriodicDayType"), report),
        _parse_organisations(parts.get("ServicedOrganisationDayType")),
        bank,
        special,
    )


def parse_organisation(element: Element, report: Reporter) -> Organisation:
    """Read a serviced organisation.

    Parameters
    ----------
    element
        ``ServicedOrganisation``.
    report
        Where unreadable dates are noted.

    Returns
    -------
    Organisation
        With its working days and holidays.
    """
    parts = get_children(element)
    return Organisation(
        get_text(parts.get("OrganisationCode")),
        parse_ranges(parts.get("WorkingDays"), report),
        parse_ranges(parts.get("Holidays"), report),
        get_text(parts.get("ParentServicedOrganisationRef")),
    )


def note_organisations(
    rule: OrganisationRule, organisations: Mapping[str, Organisation], noted: set[tuple[str, str]], report: Reporter
) -> None:
    """Note references to organisations whose dates had to be assumed, each once for a document.

    Parameters
    ----------
    rule
        What a profile refers to.
    organisations
        By code.
    noted
        What was noted before; added to.
    report
        Where to note.
    """
    working = (*rule.working_operation, *rule.working_non_operation)
    holiday = (*rule.holiday_operation, *rule.holiday_non_operation)
    for kind, codes in (("WorkingDays", working), ("Holidays", holiday)):
        for code in codes:
            if (kind, code) in noted:
                continue
            noted.add((kind, code))
            found = find_organisation(code, organisations)
            if found is None:
                report.note(ORGANISATION_UNKNOWN, field=kind, value=code)
            elif not (found.working if kind == "WorkingDays" else found.holidays):
                report.note(ORGANISATION_COMPLEMENT, field=kind, value=code)
