"""/graphql of the live page: what dashboards of call centres ask, over HTTP, and whether an independent implementation
of the language agrees."""
import datetime
import itertools
import json
import os
import re
import shlex
import shutil
import subprocess

import pytest

from harness.process import ROOT, until
from harness.serve import PASSWORD, Client, Page

try:
    import graphql as judge
    HAS_JUDGE = judge.version_info >= (3, 2)  # older ones know an older edition of the language
except (ImportError, AttributeError):
    HAS_JUDGE = False

needs_judge = pytest.mark.skipif(not HAS_JUDGE, reason="needs python3-graphql-core 3.2 or later")

# As dashboards write them: the whole input in one variable.
RECORDS = """
query GetCallCenterRecords($pagination: PaginationInput!, $filters: CallCenterRecordFiltersInput) {
  getCallCenterRecords(pagination: $pagination, filters: $filters) {
    items {
      id externalUuid direction callerIdNumber outboundCallerIdNumber destinationNumber startEpoch endEpoch answerEpoch
      duration billsec sipHangupDisposition callStatus recordPath domain syncedAt
    }
    pagination { currentPage totalPages totalItems hasNextPage hasPreviousPage }
  }
}
"""
LOGS = """
query GetCallCenterSyncLogs($pagination: PaginationInput!) {
  getCallCenterSyncLogs(pagination: $pagination) {
    id syncType status fromDate toDate recordsFetched recordsCreated recordsUpdated recordsSkipped errorMessage
    startedAt completedAt duration
  }
}
"""
CONFIG = """
query GetCallCenterConfig {
  getCallCenterConfig {
    id apiUrl domain syncMode cronExpression isActive defaultDaysBack batchSize lastSyncAt lastSyncStatus lastSyncError
    totalRecordsSynced
  }
}
"""
SYNC = """
mutation SyncCallCenterData($input: SyncCallCenterInput) {
  syncCallCenterData(input: $input) { success message syncLogId recordsFetched recordsCreated recordsUpdated error }
}
"""
UPDATE = """
mutation UpdateCallCenterConfig($id: String!, $input: UpdateCallCenterConfigInput!) {
  updateCallCenterConfig(id: $id, input: $input) { id syncMode cronExpression isActive defaultDaysBack batchSize }
}
"""


def ask(client, query, variables=None, **more):
    return client.ask("POST", "/graphql", {"query": query, "variables": variables}, **more)


def data(client, query, variables=None):
    got = ask(client, query, variables)
    assert got.status == 200 and "errors" not in got.json(), got.body
    return got.json()["data"]


@pytest.fixture
def page(sync, db, tmp_path):
    """Five calls that arrived, of two statuses, and the page that shows them. Viewers see masked numbers."""
    for i in range(5):
        db.insert(end_epoch=db.now() - 100 + i, phone_number=f"555010{i:04}", status="SALE" if i < 3 else "B")
    assert sync.run("run").code == 0
    sync.configure(config={"sync": {"settle": 0, "splay": 0}, "log": {"mask_phone": "yes"}})
    page = Page(tmp_path / "page", sync)
    page.add_user("ann")
    page.add_user("vic", "viewer")
    page.start()
    client = page.client("ann")  # a filter needs the view's indexes, which are made last
    until(lambda: client.get("/api/v1/calls?status=SALE").status != 503, page.said)
    yield page
    page.close()


# ---- the manual page's example ----

@pytest.mark.plain_only
@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed: apt-get install curl")
def test_the_commands_of_the_manual_page_ask_for_calls(page, tmp_path):
    """Goal: a program gets calls with a token, by commands that are copied from did-optimizer-sync-serve(8)."""
    manual = (ROOT / "packaging/man/did-optimizer-sync-serve.8").read_text()
    text = re.search(r"\.Bd -literal -offset 2n\n(umask .*?)\.Ed", manual, re.S).group(1).replace("\\e", "\\")
    assert "user add dashboard" in text and text.count("curl") == 2
    page.configure()
    (tmp_path / "did-optimizer-sync").write_text('#!/bin/sh\nshift\nexec ' + shlex.join(page.words()) + ' "$@"\n')
    (tmp_path / "did-optimizer-sync").chmod(0o755)
    text = text.replace("127.0.0.1:8470", f"127.0.0.1:{page.port}").replace("state=rejected", "state=accepted")
    done = subprocess.run(["sh", "-e", "-c", text], input=PASSWORD + "\n", cwd=tmp_path, text=True,
                          capture_output=True, env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"})
    assert done.returncode == 0, done.stderr
    calls, _ = json.JSONDecoder().raw_decode(done.stdout[done.stdout.index("{"):])
    assert len(calls["calls"]) == 5 and calls["calls"][0]["number"].endswith("0004")
    assert '"totalItems":5' in done.stdout, done.stdout
    assert (tmp_path / "bearer").stat().st_mode & 0o777 == 0o600


# ---- what dashboards ask ----

def test_a_dashboard_asks_for_calls_page_by_page(page, api):
    client = page.client("ann")
    seen = []
    for number in (1, 2, 3):
        got = data(client, RECORDS, {"pagination": {"page": number, "limit": 2}, "filters": {}})["getCallCenterRecords"]
        seen += [call["externalUuid"] for call in got["items"]]
        assert got["pagination"] == {"currentPage": number, "totalPages": 3, "totalItems": 5,
                                     "hasNextPage": number < 3, "hasPreviousPage": number > 1}
    assert sorted(seen) == sorted(api.by_uniqueid())
    call = got["items"][0]
    assert call["direction"] == "OUTBOUND" and call["destinationNumber"] == "5550100000" and call["syncedAt"]
    assert int(call["endEpoch"]) - int(call["startEpoch"]) == int(call["duration"])
    assert data(client, "query($id:String!){getCallCenterRecordById(id:$id){externalUuid}}", {"id": call["id"]}) == {
        "getCallCenterRecordById": {"externalUuid": call["externalUuid"]}}


@pytest.mark.parametrize("filters, found", [
    ({"disposition": "SALE"}, 3), ({"disposition": "B", "direction": "OUTBOUND"}, 2), ({"direction": "INBOUND"}, 0),
    ({"search": "5550100003"}, 1), ({"startDateFrom": "2020-01-01T00:00:00.000Z"}, 5),
    ({"startDateTo": "2020-01-01"}, 0),
    ({"callStatus": "answered"}, 3), ({"domain": "pbx.example.com"}, 0)])
def test_a_dashboard_filters(page, filters, found):
    got = data(page.client("ann"), RECORDS, {"pagination": {"page": 1}, "filters": filters})["getCallCenterRecords"]
    assert got["pagination"]["totalItems"] == found == len(got["items"])


def test_a_dashboard_asks_for_runs_and_the_configuration(page):
    client = page.client("ann")
    log, = data(client, LOGS, {"pagination": {"page": 1, "limit": 10}})["getCallCenterSyncLogs"]
    assert log["status"] == "completed" and log["recordsCreated"] == 5 and log["syncType"] == "SCHEDULED"
    config = data(client, CONFIG)["getCallCenterConfig"]
    assert config["id"] == "default" and config["totalRecordsSynced"] == 5 and config["lastSyncStatus"] == "succeeded"
    assert config["lastSyncAt"] and not config["lastSyncError"]


def test_a_viewer_sees_masked_numbers_and_changes_nothing(page):
    client = page.client("vic")
    got = ask(client, RECORDS, {"pagination": {"page": 1}, "filters": {}})
    assert b"5550100" not in got.body and b"******0003" in got.body
    for query, variables in ((SYNC, {"input": {}}), (UPDATE, {"id": "default", "input": {"isActive": False}})):
        got = ask(client, query, variables)
        assert got.json()["data"] is None and "your user may not do this" in got.json()["errors"][0]["message"]
    assert not (page.sync.state / "enabled").exists() or (page.sync.state / "enabled").read_text().strip() == "yes"


def _ended(client):
    """The actions of the journal, first to last, when all have ended."""
    def rows():
        return client.get("/api/v1/journal").json()["actions"]
    until(lambda: all(row["state"] != "running" for row in rows()), rows)
    return sorted(rows(), key=lambda row: row["id"])


def test_mutations_are_commands_in_the_journal(page, api):
    client, before = page.client("ann"), len(api.by_uniqueid())
    got = data(client, SYNC, {"input": {}})["syncCallCenterData"]
    assert got["success"] and got["syncLogId"], got
    will = data(client, UPDATE, {"id": "default", "input": {"isActive": False, "batchSize": 40}})
    assert (will["updateCallCenterConfig"]["isActive"], will["updateCallCenterConfig"]["batchSize"]) == (False, 40)
    rows = _ended(client)
    assert [row["action"] for row in rows] == ["sync", "settings_set", "disable"]
    assert {(row["state"], row["user"]) for row in rows} == {("done", "ann")}, rows
    assert got["syncLogId"] == f"default/action-{rows[0]['id']}" and len(api.by_uniqueid()) == before
    assert "batch_size = 40" in page.sync.config_file.read_text()
    assert not page.sync.enabled_file.read_text().startswith("yes\n")


def test_the_log_of_a_backfill_has_its_dates(page):
    client = page.client("ann")
    given = {"fromDate": "2026-01-01T00:00:00Z", "toDate": "2026-01-02T00:00:00Z"}
    number = data(client, SYNC, {"input": given})["syncCallCenterData"]["syncLogId"]
    query = "query($id:String){getCallCenterSyncLogs(id:$id){id kind syncType status fromDate toDate}}"
    began, = data(client, query, {"id": number})["getCallCenterSyncLogs"]  # even before the run has begun
    _ended(client)
    log, = data(client, query, {"id": number})["getCallCenterSyncLogs"]
    for one in (began, log):
        assert (one["id"], one["kind"], one["syncType"]) == (number, "backfill", "MANUAL")
        assert [datetime.datetime.fromisoformat(one[key]).timestamp() for key in given] == [1767225600, 1767312000]
    assert log["status"] == "completed"
    logs = data(client, LOGS, {"pagination": {"page": 1}})["getCallCenterSyncLogs"]
    assert [log["status"] for log in logs if log["id"] == number] == ["completed"], logs


def test_a_setting_that_is_wrong_is_an_error_and_changes_nothing(page):
    client, before = page.client("ann"), page.sync.config_file.read_text()
    error, = ask(client, UPDATE, {"id": "default", "input": {"batchSize": -4, "isActive": False}}).json()["errors"]
    assert "'-4' is not a whole number from 1 to 5000" in error["message"]
    assert _ended(client) == [] and page.sync.config_file.read_text() == before


# ---- who gets in, and what is refused ----

def test_strangers_and_forms_of_other_sites_get_nothing(page):
    assert ask(page.client(), CONFIG).status == 401
    client = page.client("ann")
    assert ask(client, CONFIG, X_CSRF_Token="x" * 64).status == 403
    assert client.ask("POST", "/graphql", json.dumps({"query": CONFIG}), Content_Type="text/plain").status == 415
    got = client.get("/graphql?query={getCallCenterConfig{id}}")
    assert (got.status, got.headers["Allow"]) == (405, "POST")
    assert client.ask("POST", "/graphql", [{"query": CONFIG}]).status == 400


def test_a_machine_comes_with_a_bearer_token(page):
    done = page.run("token", "ann", "--days", "1")
    assert done.returncode == 0, done.stderr
    assert data(Client(page, token=done.stdout.strip()), CONFIG)["getCallCenterConfig"]["id"] == "default"


def _doubling(levels):
    parts = [f"fragment f{i} on CallCenterRecordPaginationInfo{{...f{i + 1} a{i}:pageSize ...f{i + 1}}}"
             for i in range(levels)]
    return " ".join(["{getCallCenterRecords{pagination{...f0}}}", *parts,
                     f"fragment f{levels} on CallCenterRecordPaginationInfo{{pageSize}}"])


@pytest.mark.parametrize("query, said", [
    ("{a" * 10000, "nested too deeply"), ("{a(b:" + "[" * 20000, "nested too deeply"),
    ("query($a:" + "[" * 20000, "nested too deeply"), ("{" + "a " * 10000 + "}", "too long"),
    ("{" + " " * 40000 + "a}", "too long"), ("query a{b}" * 200, "too many operations"),
    ("{" + " ".join(f"a{i}:getCallCenterRecords(pagination:{{limit:1000}}){{total}}" for i in range(100)) + "}",
     "at most 10 things"),
    ("{getCallCenterRecords{items{" + " ".join(f"a{i}:id" for i in range(1300)) + "}} b:getCallCenterRecords{items{" +
     "id}}}" + " fragment x on Query{__typename}", "not used"),
    ("{__schema{types{" + "fields{type{" * 11 + "name" + "}}" * 11 + "}}}", "nested too deeply"),
    ("{getCallCenterConfig{id \0}}", "one JSON object")], ids=itertools.count())
def test_a_hostile_query_is_refused_and_the_page_goes_on(page, query, said):
    client = page.client("ann")
    got = ask(client, query)
    assert got.status in (200, 400) and said in got.body.decode() and '"data"' not in got.body.decode()
    assert data(client, CONFIG)["getCallCenterConfig"]["id"] == "default"


def test_fragments_that_double_cost_nothing_when_they_repeat(page):
    got = data(page.client("ann"), _doubling(60))["getCallCenterRecords"]["pagination"]
    assert got["pageSize"] == got["a59"] == 25


# ---- an independent implementation ----

WHOLE = {"descriptions": True, "specified_by_url": True, "directive_is_repeatable": True, "schema_description": True,
         "input_value_deprecation": True}


@needs_judge
@pytest.mark.parametrize("options", [{}, WHOLE])
def test_a_client_can_build_the_schema(page, options):
    schema = judge.build_client_schema(data(page.client("vic"), judge.get_introspection_query(**options)))
    assert judge.validate_schema(schema) == []
    for query in (RECORDS, LOGS, CONFIG, SYNC, UPDATE):
        assert judge.validate(schema, judge.parse(query)) == []


# Each is a query, or is none, for both.
CORPUS = [
    "{getCallCenterConfig{id}}", "{getCallCenterConfig{id}", "{getCallCenterConfig{}}", "{getCallCenterConfig}",
    "{}", "",
    "{getCallCenterConfig{id{x}}}", "{what}", "query{__typename}", "query a b{__typename}",
    "{a:__typename b:__typename}",
    "{getCallCenterConfigs{id ...on CallCenterConfig{profile}}}", "{getCallCenterConfigs{...on Query{__typename}}}",
    "{...f} fragment f on Query{__typename}", "{...f} fragment f on Query{...f}", "{...f}",
    "fragment f on Query{__typename}",
    "{__typename} fragment f on Query{__typename}", "{__typename @skip(if:true)}", "{__typename @skip}",
    "{__typename @skip(if:1)}", "{__typename @skip(if:true)@skip(if:true)}", "{__typename @what}",
    "query @skip(if:true){__typename}", "{getCallCenterConfig(profile:1){id}}",
    "{getCallCenterConfig(profile:null){id}}",
    "{getCallCenterConfig(what:1){id}}", "{getCallCenterRecordById{id}}", "{getCallCenterRecordById(id:\"x\"){id}}",
    "{getCallCenterRecordById(id:1){id}}", "{getCallCenterRecordById(id:\"x\" id:\"y\"){id}}",
    "query($i:String!){getCallCenterRecordById(id:$i){id}}", "query($i:String){getCallCenterRecordById(id:$i){id}}",
    "query($i:String=\"x\"){getCallCenterRecordById(id:$i){id}}", "query($i:Int!){getCallCenterRecordById(id:$i){id}}",
    "query($i:String!){__typename}", "query($i:String! $i:String!){getCallCenterRecordById(id:$i){id}}",
    "{getCallCenterRecordById(id:$i){id}}", "query($i:CallCenterConfig){__typename}", "query($i:What){__typename}",
    "{getCallCenterRecords(pagination:{page:1}){total}}", "{getCallCenterRecords(pagination:{page:\"1\"}){total}}",
    "{getCallCenterRecords(pagination:{what:1}){total}}", "{getCallCenterRecords(pagination:{page:1 page:2}){total}}",
    "{getCallCenterRecords(pagination:1){total}}", "{getCallCenterRecords(filters:{direction:INBOUND}){total}}",
    "{getCallCenterRecords(filters:{direction:UP}){total}}",
    "{getCallCenterRecords(filters:{direction:\"INBOUND\"}){total}}",
    "{getCallCenterRecords(pagination:{page:2147483648}){total}}",
    "{getCallCenterRecords(pagination:{page:1.5}){total}}",
    "{getCallCenterRecords(filters:{agent:\"\"\"\n  x\n\"\"\"}){total}}",
    "{getCallCenterRecords(filters:{agent:\"\\x\"}){total}}",
    "{getCallCenterRecords(filters:{agent:\"\\u00e9\"}){total}}",
    "{getCallCenterRecords(filters:{agent:\"a\nb\"}){total}}",
    "{x:getCallCenterRecords{total} x:getCallCenterRecords{pages}}",
    "{x:getCallCenterRecords{total} x:getCallCenterRecords(pagination:{page:2}){pages}}",
    "{x:getCallCenterRecords{total} x:getCallCenterConfig{id}}", "{getCallCenterRecords{x:total x:pages}}",
    "query a{__typename} query a{__typename}", "{__typename} {__typename}",
    "mutation{syncCallCenterData(input:{fullSync:1}){success}}", "mutation{getCallCenterConfig{id}}",
    "mutation{updateCallCenterConfig(id:\"x\"){id}}", "type A{b:Int}", "{a(b:01)}", "{a(b:1.)}", "{a(b:-)}", "{a..b}",
    "{a?}", "# only\n", "\ufeff{__typename}", "{__typename,,,}", "{__type(name:\"Query\"){name}}", "{__type{name}}",
]


@needs_judge
def test_the_judge_refuses_the_same_queries(page):
    client = page.client("vic")
    schema = judge.build_client_schema(data(client, judge.get_introspection_query()))
    for query in CORPUS:
        try:
            wrong = [error.message for error in judge.validate(schema, judge.parse(query))]
        except judge.GraphQLError as error:
            wrong = [error.message]
        got = ask(client, query, None, Accept="application/graphql-response+json")
        needs_more = "needs a value" in got.body.decode()  # a variable, which no validation asks for
        assert (got.status == 400 and not needs_more) == bool(wrong), (query, wrong, got.body)
