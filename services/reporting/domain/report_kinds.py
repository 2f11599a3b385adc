"""The reports there are, and what may be said of when: kinds, intervals, periods, formats. Names as in the protos."""

from __future__ import annotations

from enum import Enum


class ReportKind(Enum):
    """Each is told in handlers/reports, in a file of its own or beside its likes."""

    SALES_OVER_TIME = "SALES_OVER_TIME"
    BY_INTERVAL = "BY_INTERVAL"
    BY_VENUE = "BY_VENUE"
    BY_PERFORMANCE = "BY_PERFORMANCE"
    BY_CATEGORY = "BY_CATEGORY"
    BY_TICKET_KIND = "BY_TICKET_KIND"
    BY_CHANNEL = "BY_CHANNEL"
    BY_COMPONENT = "BY_COMPONENT"
    VAT = "VAT"
    PACE = "PACE"
    OCCUPANCY = "OCCUPANCY"
    SEATS = "SEATS"
    REFUNDS = "REFUNDS"
    CONTINGENTS = "CONTINGENTS"
    OFFICES = "OFFICES"
    SELLERS = "SELLERS"
    FREE_TICKETS = "FREE_TICKETS"
    FUNNEL = "FUNNEL"
    MOVEMENTS = "MOVEMENTS"
    CUSTOMERS = "CUSTOMERS"


class Interval(Enum):
    """Of the report by interval, in house time."""

    MINUTE = "MINUTE"
    HOUR = "HOUR"
    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"


class Period(Enum):
    """Days of the house's calendar, as of the moment at which a report is made."""

    TODAY = "TODAY"
    YESTERDAY = "YESTERDAY"
    THIS_WEEK = "THIS_WEEK"
    LAST_WEEK = "LAST_WEEK"
    LAST_7_DAYS = "LAST_7_DAYS"
    LAST_14_DAYS = "LAST_14_DAYS"
    THIS_MONTH = "THIS_MONTH"
    LAST_MONTH = "LAST_MONTH"


class FileFormat(Enum):
    """What a file is."""

    PDF = "PDF"
    EXCEL = "EXCEL"
    CSV = "CSV"
