"""What a report is asked, as far as messages can be wrong by themselves."""

from __future__ import annotations

from balcon.reporting.v1 import report_questions_pb2 as pb

from services.reporting.api.report_questions import refused_question


def test_r3_16_a_promoter_does_not_find_out_who_sold_by_asking_for_one() -> None:
    asked = pb.ReportQuestion(
        kind=pb.REPORT_KIND_BY_CATEGORY, language="en", filter=pb.ReportFilter(seller_ids=["psn_till"])
    )
    refused = [fault for fault in refused_question("question", asked, for_promoter=True) if fault is not None]
    assert [fault.field for fault in refused] == ["question.filter.seller_ids"]
    assert not any(refused_question("question", asked, for_promoter=False))
