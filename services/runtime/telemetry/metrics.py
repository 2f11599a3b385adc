"""Every metric of Balcon: name, type, labels, meaning, and what to do when it is high. Nowhere else is one made."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

# The second word of a name is the service that has the metric, or one of these, which every process may have.
SHARED = frozenset({"build", "event", "events", "job", "loop", "outbound", "outbox", "pool", "refusals", "rpc"})

_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_COUNTS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)

RPC_SECONDS = Histogram(
    "balcon_rpc_seconds",
    "Time to answer a call, by method and status. High: look at the store's time and the mailbox wait first.",
    ["method", "code"],
    buckets=_SECONDS,
)
RPC_IN_FLIGHT = Gauge("balcon_rpc_in_flight", "Calls being answered. Growing without end: the service is overloaded.")
RPC_UNBEGUN = Gauge(
    "balcon_rpc_unbegun",
    "Calls that came and were not begun: their callers went away first. Growing: callers give up too soon to be heard.",
)
REFUSALS = Counter(
    "balcon_refusals_total", "Refused requests, by reason. SEATS_TAKEN is a healthy on-sale.", ["reason"]
)
OUTBOX_PENDING = Gauge(
    "balcon_outbox_pending", "Events not yet published. Growing: the bus is down or the relay is stuck.", ["source"]
)
OUTBOX_OLDEST_SECONDS = Gauge(
    "balcon_outbox_oldest_seconds",
    "Age of the oldest event that is not published. High: the bus is down or the relay is stuck, however few wait.",
    ["source"],
)
OUTBOX_PUBLISHED = Counter("balcon_outbox_published_total", "Events published.", ["source"])
EVENTS_CONSUMED = Counter(
    "balcon_events_consumed_total",
    "Events taken from the bus, by outcome: applied, duplicate, parked. parked: read the dead-letter topic.",
    ["group", "outcome"],
)
EVENT_OLDEST_SECONDS = Gauge(
    "balcon_event_oldest_seconds",
    "Age of the oldest event that a consumer is processing, 0 without one. Growing: it is stuck at that event.",
    ["group"],
)
EVENT_KEYS_PARKED = Gauge(
    "balcon_event_keys_parked",
    "Keys whose events wait in the dead-letter topic. Above 0: read why, mend the cause, replay the key.",
    ["group"],
)
EVENTS_PAUSED = Gauge(
    "balcon_events_paused",
    "1 while operators pause the consumer group, by group. Long: somebody forgot `balcon bus resume`.",
    ["group"],
)
EVENTS_BEHIND = Gauge(
    "balcon_events_behind",
    "Messages on its topics that a consumer group has not worked off, by group. Growing: it is down, paused or slow.",
    ["group"],
)
EVENTS_BEHIND_SECONDS = Gauge(
    "balcon_events_behind_seconds",
    "Age of the oldest message that a consumer group has not worked off, 0 without one. High: it is down or stuck.",
    ["group"],
)
BUILD_INFO = Gauge("balcon_build_info", "Always 1; the labels say what runs here.", ["service", "version", "python"])
LOOP_LAG_SECONDS = Histogram(
    "balcon_loop_lag_seconds",
    "Event loop lag: how late a short sleep woke. High: the process or the machine is short of CPU.",
    buckets=_SECONDS,
)
POOL_CONNECTIONS = Gauge(
    "balcon_pool_connections",
    "Database connections in use. At balcon_pool_size for long: calls queue for connections.",
    ["application"],
)
POOL_SIZE = Gauge("balcon_pool_size", "Database connections that a process may open.", ["application"])
TURN_SECONDS = Histogram(
    "balcon_inventory_turn_seconds",
    "Time to handle one batch of commands: decide, append, apply, reply. High: the store's fsync is slow.",
    buckets=_SECONDS,
)
TURN_COMMANDS = Histogram(
    "balcon_inventory_turn_commands",
    "Commands in one batch. Near 512 all the time: the owner is saturated.",
    buckets=_COUNTS,
)
APPEND_SECONDS = Histogram(
    "balcon_inventory_append_seconds",
    "One round trip to a store. High: disk or network of that store.",
    ["store"],
    buckets=_SECONDS,
)
STORE_SILENCES = Counter(
    "balcon_inventory_store_silences_total",
    "Appends that a store did not answer, by store; each is sent again. Above 0 for minutes: look at that store.",
    ["store"],
)
LEASE_VALID_SECONDS = Gauge(
    "balcon_inventory_lease_valid_seconds",
    "Remaining validity of this node's lease. 0: the hold store does not answer, and the node decides nothing.",
)
RECORDS_SILENT = Gauge(
    "balcon_inventory_records_silent",
    "Performances whose claims the record does not answer. Above 0: look at PostgreSQL; holds go on.",
)
MAILBOX_WAIT_SECONDS = Histogram(
    "balcon_inventory_mailbox_wait_seconds",
    "Queueing time of the oldest command in a batch. High: overload.",
    buckets=_SECONDS,
)
COMMANDS = Counter("balcon_inventory_commands_total", "Commands decided, by kind and outcome.", ["command", "outcome"])
ACTIVE_PERFORMANCES = Gauge("balcon_inventory_active_performances", "Performances this node owns and has in memory.")
ACTIVATIONS = Counter(
    "balcon_inventory_activations_total",
    "Performances loaded, by cause. Many with cause fenced or gap: two nodes claim ownership, or Redis lost writes.",
    ["cause"],
)
FENCED = Counter("balcon_inventory_fenced_total", "Batches refused by a store because a newer owner exists.", ["store"])
WATCHERS = Gauge("balcon_inventory_watchers", "Open WatchSeats streams.")
WATCHERS_DROPPED = Counter(
    "balcon_inventory_watchers_dropped_total", "WatchSeats streams closed because the client read too slowly."
)
LOG_INS = Counter(
    "balcon_accounts_log_ins_total",
    "Tries to log in, by outcome. too_many_attempts or log_in_refused rising: somebody guesses passwords.",
    ["outcome"],
)
TOKENS_ISSUED = Counter("balcon_accounts_tokens_issued_total", "Tokens signed, by the kind of principal.", ["kind"])
ORDERS_ENDED = Counter("balcon_orders_ended_total", "Orders that reached a final state, by state.", ["state"])
SAGA_STEPS = Counter(
    "balcon_orders_saga_steps_total",
    "Steps of the checkout saga, by step and outcome. unanswered: the called service is down; odd: read the logs.",
    ["step", "outcome"],
)
ANSWERS_NOT_UNDERSTOOD = Counter(
    "balcon_orders_answers_not_understood_total",
    "Refusals by another service that orders cannot read as a yes or a no, by call. Above 0: read the logs.",
    ["call"],
)
ORDERS_UNRESOLVED = Gauge(
    "balcon_orders_unresolved", "Orders between claim and a final state. Growing: payments do not answer."
)
ORDERS_STUCK = Gauge(
    "balcon_orders_stuck",
    "Orders that have tried in vain several times, by what they wait for: `balcon orders stuck`. At most 1,000.",
    ["reason"],
)
REFUNDS_DUE = Gauge(
    "balcon_orders_refunds_due", "Orders whose refund is owed and not yet done; some providers take days."
)
REFUNDS_OVERDUE = Gauge(
    "balcon_payments_refunds_overdue",
    "Refunds that are owed for longer than their provider takes. Above 0: see RefundOverdue among the alerts.",
)
PAYMENTS_UNCERTAIN = Gauge(
    "balcon_payments_uncertain", "Payments whose state at the provider is not known. Growing: the provider is down."
)
PAYMENTS_LATE = Counter(
    "balcon_payments_late_total",
    "Payments that succeeded after they counted as ended. Many: buyers pay after their seats were released.",
)
REFUNDS_STUCK = Gauge(
    "balcon_payments_refunds_stuck",
    "Refunds that the provider refused too often. Above 0: people must act, see RefundStuck among the alerts.",
)
VOUCHER_CODES_WRONG = Counter(
    "balcon_payments_voucher_codes_wrong_total",
    "Codes of vouchers that were none. Many at once: somebody guesses, and is turned away after a few.",
)
ORDER_CODES_WRONG = Counter(
    "balcon_ticketing_order_codes_wrong_total",
    "Numbers of orders shown with codes that are none of theirs. Many at once: somebody guesses, and is turned away.",
)
DISPUTES_OPEN = Gauge(
    "balcon_payments_disputes_open", "Payments that buyers dispute with their bank. Above 0: answer at the provider."
)
PROVIDER_ACCOUNTS_LOCKED = Gauge(
    "balcon_payments_provider_accounts_locked",
    "Accounts of houses whose key the payment provider refuses. Above 0: see ProviderAccountLocked among the alerts.",
)
PAYMENTS_UNKNOWN = Counter(
    "balcon_payments_unknown_total",
    "Payments that a provider has and we do not know: ours, by the ids that they carry, or foreign. Of ours above 0: "
    "see ProviderPaymentLost among the alerts.",
    ["kind"],
)
PROVIDER_ACCOUNTS_SILENT = Gauge(
    "balcon_payments_provider_accounts_silent",
    "Accounts of houses that this process lets rest, for their payment provider does not answer.",
)
PAYMENT_CONTRADICTIONS = Counter(
    "balcon_payments_contradictions_total",
    "Provider reports against our record, by what differs: state, money, owner, account. Above 0: read the logs.",
    ["what"],
)
PROVIDER_SECONDS = Histogram(
    "balcon_payments_provider_seconds",
    "Calls to a payment provider, by operation and outcome.",
    ["operation", "outcome"],
    buckets=_SECONDS,
)
WEBHOOKS = Counter(
    "balcon_payments_webhooks_total", "Webhooks received, by outcome: stored, duplicate, refused.", ["outcome"]
)
EVENT_LAG_SECONDS = Histogram(
    "balcon_event_lag_seconds",
    "Consumer lag: from the event's time to its effect, by group. High: the consumer is behind.",
    ["group"],
    buckets=(*_SECONDS, 60, 300, 3600),
)
JOB_TRIES = Counter(
    "balcon_job_tries_total",
    "Tries at durable jobs, by task and outcome: done, again, failed. failed: the job stays; read why in the log.",
    ["task", "outcome"],
)
OUTBOUND_OLDEST_SECONDS = Gauge(
    "balcon_outbound_oldest_seconds",
    "Age of the oldest that is due and not yet told to a target that is neither locked nor paused, by integration. "
    "High: the other side is down or slow; see `balcon integrations status`.",
    ["integration"],
)
OUTBOUND_WAITING = Gauge(
    "balcon_outbound_waiting",
    "What waits to be told outside, by integration. Growing: targets are down, locked, paused or slow.",
    ["integration"],
)
OUTBOUND_TARGETS = Gauge(
    "balcon_outbound_targets",
    "Targets by integration and state: open, resting, locked, paused. locked: the house has to mend its account.",
    ["integration", "state"],
)
OUTBOUND_CARRIED = Counter(
    "balcon_outbound_carried_total",
    "What was told outside, by integration and outcome: delivered, refused, expired, dropped, later, locked. refused: "
    "read the ledger, mend, replay.",
    ["integration", "outcome"],
)
OUTBOUND_FAILURES = Counter(
    "balcon_outbound_failures_total",
    "Exchanges that did not deliver, by integration and class: silence, too_many, locked, 3xx, 4xx, 5xx, answer, fault."
    " fault: a fault of ours, read the log.",
    ["integration", "class"],
)
OUTBOUND_EXCHANGE_SECONDS = Histogram(
    "balcon_outbound_exchange_seconds",
    "Questions to outside systems, by integration and outcome. High: the other side is slow.",
    ["integration", "outcome"],
    buckets=_SECONDS,
)
REPORT_RUNS = Counter(
    "balcon_reporting_report_runs_total",
    "Mailed reports that came due, by what became of them: sent, failed, skipped, stopped. failed: read the ledger of "
    "the house's schedules.",
    ["outcome"],
)
ORDER_LETTERS = Counter(
    "balcon_ticketing_order_letters_total",
    "Letters to buyers that have ended: sent, unknown, refused (the address), failed, stopped (nothing to send).",
    ["state"],
)
LETTERS_OLDEST_SECONDS = Gauge(
    "balcon_ticketing_letters_oldest_seconds", "Age of the oldest letter to a buyer that has not left yet; 0: none."
)
REPORT_MAILS = Counter(
    "balcon_reporting_report_mails_total",
    "Mails of reports, each receiver's by itself: sent, unknown, failed, stopped. unknown: the server drops lines.",
    ["state"],
)
