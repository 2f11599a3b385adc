"""What a report is asked, as far as messages can be wrong by themselves."""

from __future__ import annotations

from balcon.reporting.v1 import report_questions_pb2 as pb

from services.reporting.api.report_questions import refused_sellers


def test_r3_16_a_promoter_does_not_find_out_who_sold_by_asking_for_one() -> None:
    refused = refused_sellers("question.filter.seller_ids", pb.ReportFilter(seller_ids=["psn_till"]))
    assert refused is not None and refused.field == "question.filter.seller_ids"
    assert refused_sellers("question.filter.seller_ids", pb.ReportFilter(hall_ids=["hal_1"])) is None
