"""`make demo-routes`, `make demo-callcenter` and `make demo-callio` deliver each call as they say, and so do the
examples of profiles."""
import contextlib
import json
import sqlite3
import subprocess
import sys
import time

import pytest

from harness.bigquery import BigQuery
from harness.callio import Callio
from harness.drive import Drive
from harness.pbx_api import PbxApi
from harness.process import ROOT
from harness.sync import Sync


@pytest.mark.plain_only
@pytest.mark.parametrize("demo, words", [
    ("demo_routes",
     ("type = records", "type = webhook", "type = asterisk-cdr", "Each call arrived once, by its own route.")),
    ("demo_callcenter", ("type = pbx-api", "upload = google-drive", "records [████████████████████████] 2,000 of 2,000",
                         "recordings [████████████████████████]", "in the table once, with its recording in Drive.")),
    ("demo_callio", ("type = callio", "type = bigquery", "calls [████████████████████████] 1,500 of 1,500",
                     "customers [████████████████████████] 500 of 500",
                     "Each call, customer, user and group is in BigQuery once.")),
])
def test_a_demo_delivers_each_call(demo, words):
    done = subprocess.run([sys.executable, "-B", ROOT / f"tests/{demo}.py"], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, encoding="utf-8", timeout=240, cwd=ROOT)
    assert done.returncode == 0, done.stdout
    for word in words:
        assert word in done.stdout, done.stdout


def test_the_example_of_a_hosted_pbx_delivers_calls_and_recordings(tmp_path):
    """The test copies the example as an operator does. Only the names of the operator's PBX, files and folder are
    changed."""
    with PbxApi() as pbx, Drive() as drive:
        account = drive.accounts.service_account()
        (tmp_path / "hosted-pbx.key").write_text(pbx.key)
        (tmp_path / "drive.json").write_text(json.dumps(account))
        text = (ROOT / "packaging/examples/hosted-pbx.conf").read_text()
        folder = f"folder = {drive.folder([account], shared_drive=True)}\nendpoint = {drive.url}"
        for old, new in {"https://pbx.example.com:8080": pbx.url, "domain = example": "domain = demo",
                         "/etc/did-optimizer-sync.d/": f"{tmp_path}/",
                         "folder = 1AbCdEfGhIjKlMnOpQrStUvWxYz": folder}.items():
            assert old in text
            text = text.replace(old, new)
        sync = Sync(tmp_path / "host", timezone="UTC")
        sync.config_file.write_text(text)
        call = pbx.call(time.time() - 60)
        content = pbx.record(call)
        run = sync.run("run")
        sync.close()
        assert run.code == 0, run.log
        (file,) = drive.files.values()
        assert file["content"] == content
        with contextlib.closing(sqlite3.connect(sync.state / "records.db")) as table:
            assert table.execute("SELECT uuid, google_drive_url FROM callcenter_records").fetchall() == \
                [(call["uuid"], file["webViewLink"])]


@pytest.mark.plain_only
def test_the_example_of_callio_copies_calls_and_tables_to_bigquery(tmp_path):
    """The test follows README: the four lines of BigQuery stand in place of `type = records`."""
    with Callio("PK") as callio, BigQuery() as bigquery:
        (tmp_path / "accounts.json").write_text(callio.accounts())
        (tmp_path / "bigquery.json").write_text(json.dumps(bigquery.accounts.service_account()))
        text = (ROOT / "packaging/examples/callio.conf").read_text()
        for old, new in {"type = callio": f"type = callio\nurl = {callio.url}", "\ntype = records\n": "\n",
                         ";type = bigquery": f"type = bigquery\nbigquery_url = {bigquery.url}",
                         ";project = acme-calls": "project = calls", ";dataset = ": "dataset = ",
                         ";credentials_file = ": "credentials_file = ",
                         "/etc/did-optimizer-sync.d/": f"{tmp_path}/"}.items():
            assert old in text
            text = text.replace(old, new)
        sync = Sync(tmp_path / "host", timezone="UTC")
        sync.config_file.write_text(text)
        tenant = callio["PK"]
        tenant.call(time.time() - 90)
        tenant.groups["g1"] = {"_id": "g1", "name": "Team 1"}
        checked, run = sync.run("check"), sync.run("run")
        sync.close()
        assert checked.code == 0 and "answers the tenant PK" in checked.out, checked.out
        assert run.code == 0, run.log
        assert [len(bigquery.rows(f"telephony.{table}")) for table in ("calls", "group")] == [1, 1]
