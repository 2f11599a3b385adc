"""Limits that more than one service checks, each with its one home. Nothing here knows who checks it.

What one service takes the next must take too: whoever tightens a number here tightens it along the whole way of a sale.
"""

from __future__ import annotations

# A holder's seats at one performance, and so the seats of one hold, of one command and of one part of an order.
MAX_SEATS_PER_HOLD = 100
# Performances of an order, and the seats of all of them. An order is claimed and told part by part.
MAX_PARTS_PER_ORDER = 20
MAX_SEATS_PER_ORDER = 400
# Tickets of a performance that a house may allow one customer over all their orders.
MAX_SEATS_PER_CUSTOMER = 100

# INV-6: no hold lives longer, extensions and grace included.
HOLD_CAP_SECONDS = 1_800
# Between the end that a buyer is shown and the release of the seats: who pays at the last moment is not told no.
HOLD_GRACE_SECONDS = 15
# So a hold cannot be asked for, nor a performance's holds be set, for longer than this.
MAX_HOLD_TTL_SECONDS = HOLD_CAP_SECONDS - HOLD_GRACE_SECONDS

# Characters.
MAX_SEAT_ID_CHARS = 64
MAX_CATEGORY_CHARS = 100
MAX_ZONE_CHARS = 100
# Of a seat's number and a row's.
MAX_NUMBER_CHARS = 32
MAX_TICKET_TYPE_CHARS = 64
# Of a pass that a ticket type asks for, as it is typed.
MAX_PASS_NUMBER_CHARS = 40
# What people and things are called: buyers, houses, halls, titles.
MAX_NAME_CHARS = 200
# Why somebody did it, for the people of the house.
MAX_REASON_CHARS = 200
MAX_URL_CHARS = 2_048
MAX_EMAIL_CHARS = 254
# Of a BCP 47 tag: zh-Hant-419.
MAX_LANGUAGE_CHARS = 11

# The ticket type that every category has a price for, and that a seat without another one is sold as.
NORMAL_TICKET_TYPE = "normal"

# Minor units. A seat may cost a thousand million of a currency with two digits (IDR, IRR, LBP), and an order as much
# for each of its seats; sums over the largest hall stay far within the 64 bits of a stored integer.
MAX_PRICE_MINOR = 100_000_000_000
MAX_TOTAL_MINOR = MAX_PRICE_MINOR * MAX_SEATS_PER_ORDER

# Bytes of an answer that any gRPC client takes which was told nothing else. What can be larger is streamed, in parts of
# about the second.
MAX_ANSWER_BYTES = 4 * 1024 * 1024
PART_BYTES = 1024 * 1024

# Entries of one page of a list.
MAX_PAGE_SIZE = 500
DEFAULT_PAGE_SIZE = 100
# Prices, or lines with their tickets, of all entries of a page together: the longest texts keep it within
# MAX_ANSWER_BYTES.
MAX_PAGE_PARTS = 1_000

# Codes of vouchers that a buyer may give for one order, and how long one may be as it is typed.
MAX_VOUCHER_CODES = 5
MAX_VOUCHER_CODE_CHARS = 40
