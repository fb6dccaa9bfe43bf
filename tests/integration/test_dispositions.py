"""The results of calls, decided by the flags that VICIdial gives its statuses."""
import configparser

import pytest

DAY = 86400


@pytest.fixture(params=["newest", "2.4"])
def dialer_of(request, db, sync):
    db.make_vicidial(request.param)
    return db


def result_of(api):
    return {body["disposition"]: body["result"] for body in api.recorded()}


def test_the_flags_give_the_results(dialer_of, db, api, sync):
    sync.configure(config={"dispositions": {"use": "flags", "AB": "failed"}})
    db.put("vicidial_campaign_statuses", status="WON", campaign_id="TESTCAMP", sale="Y")
    db.put("vicidial_campaign_statuses", status="LOST", campaign_id="TESTCAMP", sale="N")
    db.insert_many([{"status": status}
                    for status in ("SALE", "B", "A", "NI", "DNC", "NA", "DROP", "AB", "WON", "LOST")])
    assert sync.run().code == 0
    assert result_of(api) == {"SALE": "answered", "B": "busy", "A": "completed", "NI": "answered", "DNC": "dnc",
                              "NA": "no_answer", "DROP": "dropped", "AB": "failed", "WON": "answered",
                              "LOST": "completed"}
    assert "use = flags" in sync.run("check").out


def test_without_use_flags_no_flags_are_read(db, api, sync):
    """The results come from the table in the settings; this database has no tables of statuses."""
    db.insert(status="B")
    assert sync.run().code == 0
    assert result_of(api) == {"B": "dnc"}


def test_flags_that_cannot_be_read_end_the_run_and_lose_no_call(db, api, sync):
    db.insert(status="B")
    sync.configure(config={"dispositions": {"use": "flags"}})
    run = sync.run()
    assert run.code == 78 and "vicidial_statuses" in run.log and api.recorded() == []
    sync.configure(config={"dispositions": {"use": "table"}})
    assert sync.run().code == 0 and result_of(api) == {"B": "dnc"}


def test_use_is_table_or_flags(sync):
    sync.configure(config={"dispositions": {"use": "both"}})
    assert sync.run().code == 78


def test_the_command_compares_table_and_flags(dialer_of, db, api, sync):
    now = db.now()
    db.insert_many([{"status": "B", "end_epoch": now - n} for n in range(3)]
                   + [{"status": "SALE", "end_epoch": now - 29 * DAY + n} for n in range(5)]
                   + [{"status": "OLD", "end_epoch": now - 40 * DAY}, {"status": "INCALL", "end_epoch": None},
                      {"status": "N", "end_epoch": now - DAY}])
    told = sync.run("dispositions")
    assert told.code == 0, told.err
    lines = [line.split() for line in told.out.splitlines() if line.startswith("# ")]
    table = {words[1]: words for words in lines if len(words) > 2 and words[2].isdigit()}
    assert list(table) == ["SALE", "B", "N"]
    assert table["SALE"][2] == "5" and table["SALE"][-3:] == ["H$", "answered", "answered"]
    assert table["B"][2:] == ["3", "Busy", "-", "dnc", "busy", "differs"]
    settings = configparser.ConfigParser()
    settings.optionxform = str
    settings.read_string(told.out)
    assert dict(settings["dispositions"]) == {"B": "busy", "N": "no_answer"}
    assert api.recorded() == [] and not (sync.state / "ledger.db").exists()
    sync.config_file.write_text(sync.config_file.read_text() + told.out)  # this is what the command advises
    assert sync.run().code == 0 and result_of(api)["B"] == "busy"


def test_the_command_reports_a_missing_right(db, sync):
    told = sync.run("dispositions")
    assert told.code == 78 and "vicidial_statuses" in told.err and told.out == ""
