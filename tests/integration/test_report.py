"""report --html: the page as a file, and as Chromium shows it."""
import base64
import contextlib
import hashlib
import json
import re
import sqlite3
import time

import pytest

from fault import shim
from harness import browser as chromium
from harness.process import ROOT
from harness.sync import Sync

TEMPLATE = ROOT / "packaging/report.html"
COLUMNS = ("uniqueid", "state", "end_epoch", "updated", "reason", "seen", "tries", "tried", "answer", "took_ms",
           "status", "result", "length", "agent", "campaign", "phone")
ACCEPTED, PENDING, WAITING, REJECTED = 1, 2, 3, 4
READY = "return document.documentElement.dataset.ready === 'yes'"


def report(sync, *options):
    """Writes the page and returns its path."""
    page = sync.directory / "report.html"
    done = sync.run("report", "--html", page, "--template", TEMPLATE, *options)
    assert (done.code, done.out, done.err) == (0, "", "")
    return page


def data(page):
    return json.loads(re.search(r'id="data">(.*?)</script>', page.read_text(), re.S).group(1))


def write(sync, sql, rows):
    with contextlib.closing(sqlite3.connect(sync.state / "ledger.db")) as ledger:
        ledger.executemany(sql, rows)
        ledger.commit()


def put_calls(sync, calls):
    """Writes calls into the ledger. The defaults are those of a sale that was accepted a minute ago."""
    now, rows = int(time.time()), []
    for i, given in enumerate(calls):
        ended = given.get("end_epoch", now - 60)
        call = {"uniqueid": f"{ended}.{i}", "state": ACCEPTED, "end_epoch": ended, "updated": ended, "seen": ended,
                "tries": 1,
                "tried": ended, "answer": 200, "took_ms": 40, "status": "SALE", "result": "answered", "length": 45,
                "agent": "6666", "campaign": "TESTCAMP", "phone": f"312{i:07}", **given}
        rows.append([call.get(column) for column in COLUMNS])
    write(sync, f"INSERT INTO call ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})", rows)


def where_it_is_half_past_twelve():
    """A time zone in which no hour and no day ends during a test."""
    minutes = 750 - int(time.time()) // 60 % 1440  # a zone may be up to a day away
    # POSIX counts westward
    return f"<HERE>{'-' if minutes >= 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


@pytest.fixture
def host(tmp_path):
    """An installation with an empty ledger, without database and API."""
    installation = Sync(tmp_path / "host", timezone=where_it_is_half_past_twelve())
    assert installation.run("failed", "retry", "--all").code == 0
    yield installation
    installation.close()


# ---- the file ----

def test_the_page_is_replaced_in_one_rename_and_readable_for_everybody(host):
    page = report(host)
    first = page.stat()
    assert first.st_mode & 0o777 == 0o644
    with page.open("rb") as old:  # a reader that has the old page open
        report(host)
        assert page.stat().st_ino != first.st_ino and old.read().endswith(b"</html>\n")
    assert [path.name for path in host.directory.iterdir() if "report" in path.name] == ["report.html"]


def test_numbers_in_a_runs_message_are_masked_even_if_the_run_did_not_mask_them(host):
    put_calls(host, [{}])
    now = int(time.time())
    write(host, "INSERT INTO run (started, finished, kind, exit_code, message) VALUES (?, ?, 'poll', 70, ?)",
          [(now - 1, now, "1700000000.12: no +84912345678")])
    write(host, "INSERT INTO note (name, text) VALUES ('after_failed', ?)", [(f"{now} 1 {now} 78 no +84912345678",)])

    def views():
        return [report(host).read_text()] + [host.run(*words).out for words in (
            ["history"], ["history", "--json"], ["status"], ["status", "--json"], ["health"])]

    for shown in views():
        assert "no +84912345678" in shown
    host.configure(config={"log": {"mask_phone": "yes"}})
    for shown in views():
        assert "84912345678" not in shown and "no +*******5678" in shown


@pytest.mark.skipif(shim.cannot_load() is not None, reason=f"no shim: {shim.cannot_load()}")
@pytest.mark.parametrize("kind, action",
                         [("write", "ENOSPC"), ("sync", "EIO"), ("rename", "EROFS"), ("rename", "kill")])
def test_a_failure_leaves_the_old_page(host, kind, action):
    web = host.directory / "web"
    web.mkdir()
    (web / "report.html").write_text("old")
    strike = shim.Strike(host, 1, action, kinds=(kind,), lasting=0, root=web)
    done = host.run("report", "--html", web / "report.html", "--template", TEMPLATE, env=strike.env)
    assert done.code == (shim.END_STATUS if action == "kill" else 74) and strike.report().hits > 0
    assert (web / "report.html").read_text() == "old"
    assert host.run("report", "--html", web / "report.html", "--template", TEMPLATE).code == 0
    assert [path.name for path in web.iterdir()] == ["report.html"]


def test_the_page_can_be_written_to_standard_output(host):
    done = host.run("report", "--html", "-", "--template", TEMPLATE)
    assert done.code == 0 and done.out.startswith("<!DOCTYPE html>") and done.out.endswith("</html>\n")
    assert "@DATA@" not in done.out


def test_report_changes_nothing_in_the_state(host):
    put_calls(host, [{}])
    before = {path: path.read_bytes() for path in host.state.iterdir()
              if path.name in ("ledger.db", "checkpoint", "lock")}
    report(host)
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.parametrize("content, told", [
    (None, "install the program again, or name the file with --template"),
    ("<html></html>", "it must contain @DATA@ exactly once"),
    ("@DATA@ @DATA@", "it must contain @DATA@ exactly once")], ids=["missing", "no marker", "two markers"])
def test_a_template_that_cannot_be_used_is_named(host, content, told):
    template, page = host.directory / "own.html", host.directory / "report.html"
    if content is not None:
        template.write_text(content)
    page.write_text("old")
    done = host.run("report", "--html", page, "--template", template)
    assert done.code == 78 and told in done.err and str(template) in done.err and done.err.count("\n") == 1
    assert page.read_text() == "old"


def test_a_persons_own_template_can_be_used(host):
    template = host.directory / "own.html"
    template.write_text("before @DATA@ after\n")
    done = host.run("report", "--html", "-", "--template", template)
    assert done.out.startswith('before {"moment":') and done.out.endswith("} after\n")
    json.loads(done.out[len("before "):-len(" after\n")])


def test_report_needs_a_file_to_write(host):
    for words in ([], ["--html", ""]):
        done = host.run("report", *words)
        assert done.code == 64 and "report --html FILE" in done.err


def test_a_folder_where_the_user_may_not_write_is_named(ordinary, host):
    (host.directory / "web").mkdir(mode=0o555)
    done = host.run("report", "--html", host.directory / "web/report.html", "--template", TEMPLATE)
    assert done.code == 77
    assert "Permission denied" in done.err and "in a directory where that user may write" in done.err


def test_with_ten_thousand_long_calls_the_page_stays_below_5_mb(host):
    """Even hostile texts do not make the page larger: each '<' takes six bytes."""
    now = int(time.time())
    put_calls(host, [{"end_epoch": now - i, "reason": "<" * 1000, "state": REJECTED, "agent": "Ü" * 300}
                     for i in range(12000)])
    write(host, "INSERT INTO run (kind, started, message) VALUES ('poll', ?, ?)", [(now, "<" * 5000)] * 1500)
    page = report(host)
    told = data(page)
    assert page.stat().st_size < 5_000_000
    assert told["moment"]["rejected"] == 12000 and len(told["calls"]["rows"]) > 300
    for name in ("calls", "rejected", "runs"):
        assert told[name]["rows"] and all(len(row) == len(told[name]["columns"]) for row in told[name]["rows"])
    assert told["calls"]["rows"][0][1] == now and told["calls"]["rows"][0][-1] == "<" * 599 + "…"


def test_unknown_data_of_a_call_are_null(host):
    write(host, "INSERT INTO call (uniqueid, state, end_epoch, updated) VALUES (?, 3, 0, 0)", [("1.1",)])
    assert data(report(host))["calls"]["rows"] == [
        ["1.1", 0, 3, None, None, None, None, None, None, None, None, 0, None, None]]


def test_the_page_has_percentiles_for_each_hour(host):
    now = int(time.time())
    put_calls(host, [{"end_epoch": now - 3 * 3600, "took_ms": took} for took in range(1, 101)] + [
        {"end_epoch": now - 3 * 3600, "answer": 0, "took_ms": 9999, "state": PENDING},
        {"end_epoch": now - 8 * 86400}])
    hours = data(report(host))["hours"]
    row = hours["rows"][(now - 3 * 3600 - hours["first"]) // 3600]
    assert row == [[0, 100, 1, 0, 0, 0], [101, 0, 0, 0, 0, 0, 0], 100, 50, 95]
    assert len(hours["rows"]) == 168 and sum(sum(row[0]) for row in hours["rows"]) == 101


def test_the_policy_names_the_hashes_of_style_and_script():
    text = TEMPLATE.read_text()
    for element, policy in (("style", "style-src"), ("script", "script-src")):
        (content,) = re.findall(rf"<{element}>(.*?)</{element}>", text, re.S)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{policy} 'sha256-{digest}'" in text, f"packaging/report.html: {policy} must be 'sha256-{digest}'"
    assert "default-src 'none'" in text and "unsafe" not in text and "innerHTML" not in text
    assert re.findall(r"https?://(?!www\.w3\.org/2000/svg)\S+", text) == []


# ---- as a reader sees it ----

@pytest.fixture(scope="session")
def window(tmp_path_factory):
    """One browser for all tests, in a time zone far from the dialer's."""
    if chromium.missing():
        pytest.skip(chromium.missing())
    with chromium.Browser(tmp_path_factory.mktemp("browser"), timezone="Asia/Tokyo") as opened:
        yield opened


@pytest.fixture
def browser(window):
    window.media()
    window.size(1280, 900)
    yield window
    assert window.console() == []  # no script failed, and the policy refused nothing


def show(browser, page):
    browser.open(page)
    browser.wait_until(READY)


def card(browser, name):
    return browser.text(f"#card-{name} .value")


def column(browser, number, table="#calls-table"):
    return browser.texts(f"{table} tbody td:nth-child({number})")


def choose(browser, select, label):
    browser.run("""const select = document.querySelector(arguments[0]);
        select.value = [...select.options].find((option) => option.text.startsWith(arguments[1])).value;
        select.dispatchEvent(new Event('change'));""", f"#filter-{select}", label)


def search(browser, words):
    browser.run("""const field = document.querySelector('#filter-text'); field.value = arguments[0];
        field.dispatchEvent(new Event('input'));""", words)
    time.sleep(0.3)  # the page waits for a pause in the typing


def test_the_page_shows_what_happened(sync, db, api, browser):
    now = db.now()
    calls = [db.insert(end_epoch=now - 300 + i, status=status, phone_number=f"312555000{i}")
             for i, status in enumerate(["SALE", "NA", "BUSY", "DISPO", "SALE"])]
    api.rules([{"uniqueid": calls[2], "status": 422, "body": '{"success":false,"error":"invalid <b>campaign</b>"}'},
               {"uniqueid": calls[4], "status": 500}])
    assert sync.run().code == 75
    show(browser, report(sync))
    assert {name: card(browser, name) for name in ("today", "pending", "waiting", "rejected", "api_down")} == {
        "today": "2", "pending": "1", "waiting": "1", "rejected": "1", "api_down": "Up"}
    assert re.fullmatch(r"\d+ (s|min)", card(browser, "freshness")) and re.fullmatch(r"\d\d:\d\d", card(browser, "run"))
    assert ": partly sent, 2 accepted" in browser.text("#card-run .note")
    assert column(browser, 2) == [f"312555000{i}" for i in (4, 3, 2, 1, 0)]
    assert column(browser, 5) == ["answered", "", "busy", "no answer", "answered"]
    assert [text.partition("\n")[0] for text in column(browser, 6)] == ["pending", "waiting", "rejected", "accepted",
                                                                        "accepted"]
    assert column(browser, 5, "#rejected-table") == ["HTTP 422: invalid <b>campaign</b>"]
    assert column(browser, 2, "#runs-table") == ["poll"] and column(browser, 5, "#runs-table") == ["2"]
    assert browser.text("#trouble") == "" and browser.text("#stale") == "" and card(browser, "unsent") == "0"
    assert column(browser, 11, "#runs-table") == ["partly sent"]


def test_an_outage_is_shown_at_the_top(sync, db, api, browser):
    db.insert_many([{}] * 2)
    api.rules([{"status": 503}])
    assert sync.run().code == 69
    show(browser, report(sync))
    assert card(browser, "api_down") == "Down" and card(browser, "unsent") == "2 or more"
    assert re.match(r"CRITICAL - the last run failed \(exit 69\): .*API down since 20", browser.text("#verdict"))


def test_a_page_before_the_first_run_is_friendly(tmp_path, browser):
    """A new installation has no ledger at all."""
    new = Sync(tmp_path / "new", enabled=False)
    show(browser, report(new))
    assert "No calls yet" in browser.text("#welcome") and "did-optimizer-sync check" in browser.text("#welcome")
    assert [card(browser, name) for name in ("freshness", "api_down", "run")] == ["Unknown", "Unknown", "None yet"]
    assert browser.text("#calls") == "" and browser.text("#days") == "" and list(new.state.iterdir()) == []


def test_times_are_in_the_dialers_zone_wherever_the_reader_is(host, browser):
    summer, winter = 1782921600, 1767283200  # 2026-07-01 and 2026-01-01, 16:00 UTC
    host.timezone = "America/New_York"
    put_calls(host, [{"end_epoch": summer}, {"end_epoch": winter}])
    page = report(host)
    page.write_text(page.read_text().replace(f'"written":{data(page)["moment"]["written"]}',
                                             f'"written":{summer + 60}'))
    show(browser, page)
    assert column(browser, 1) == ["1 Jul 12:00:00", "1 Jan 11:00:00"]
    assert browser.run("return document.querySelector('#calls-table time').title") == "2026-07-01 12:00:00 -0400"
    assert "Written 2026-07-01 12:01:00 -0400" in browser.text("#written")


@pytest.mark.parametrize("age, told", [(0, ""), (840, ""), (960, "This page is old: it was written 16 min ago"),
                                       (3700, "This page is old: it was written 61 min ago"),
                                       (90000, "This page is old: it was written 25 h ago")])
def test_an_old_page_says_so_in_words(host, browser, age, told):
    page = report(host)
    written = data(page)["moment"]["written"]
    page.write_text(page.read_text().replace(f'"written":{written}', f'"written":{written - age}'))
    show(browser, page)
    assert browser.text("#verdict").startswith("UNKNOWN - this page has no data for the last " if told
                                               else "CRITICAL - no run yet")
    assert "CRITICAL - no run yet; do: did-optimizer-sync check" in browser.text("#verdict")
    assert browser.text("#stale").startswith(told) and (browser.text("#stale") == "") == (told == "")


@pytest.fixture
def various(host, browser):
    """Twelve calls. Each filter shows a different part of them."""
    now = int(time.time())
    put_calls(host, [
        {"end_epoch": now - 100 + i, "status": ["SALE", "NA", "sale"][i % 3],
         "result": ["answered", "no_answer", None][i % 3],
         "campaign": ["SOLAR", "MEDICARE"][i % 2], "phone": f"31255500{i:02}", "uniqueid": f"17000000{i:02}.{i}",
         "state": [ACCEPTED, ACCEPTED, ACCEPTED, PENDING][i % 4], "reason": "HTTP 503" if i % 4 == 3 else None,
         "agent": f"a{i}", "length": i * 10, "took_ms": (i * 7) % 12 + 1} for i in range(12)])
    show(browser, report(host))
    return [f"31255500{i:02}" for i in range(12)]


@pytest.mark.parametrize("select, label, chosen", [
    ("state", "pending", [3, 7, 11]), ("status", "NA", [1, 4, 7, 10]), ("status", "SALE", [0, 3, 6, 9]),
    ("result", "no answer", [1, 4, 7, 10]), ("result", "(none)", [2, 5, 8, 11]),
    ("campaign", "SOLAR", [0, 2, 4, 6, 8, 10]), ("campaign", "any", range(12))])
def test_each_filter_shows_its_calls(browser, various, select, label, chosen):
    choose(browser, select, label)
    assert column(browser, 2) == [various[i] for i in reversed(chosen)]
    assert browser.text("#calls-table [role=status]") == f"1–{len(chosen)} of {len(chosen)}"


@pytest.mark.parametrize("words, chosen", [
    ("3125550007", [7]), ("5550", range(12)), ("1700000011.11", [11]), ("A5", [5]), ("http 503", [3, 7, 11]),
    (" 0003 ", [3]), ("nobody", [])])
def test_the_text_filter_finds_numbers_uniqueids_agents_and_reasons(browser, various, words, chosen):
    search(browser, words)
    assert column(browser, 2) == [various[i] for i in reversed(chosen)]
    assert (browser.text("#calls-table .nothing") == "No call matches these filters.") == (len(chosen) == 0)


def test_filters_combine_and_one_button_resets_them(browser, various):
    choose(browser, "status", "NA")
    choose(browser, "campaign", "MEDICARE")
    search(browser, "a7")
    assert column(browser, 2) == [various[7]]
    browser.click("#filters button[type=reset]")
    browser.wait_until("return document.querySelectorAll('#calls-table tbody tr').length === 12")


def test_a_column_sorts_both_ways(browser, various):
    browser.click("#calls-table th:nth-child(8) button")  # the length is a number: the largest comes first
    assert column(browser, 2) == various[::-1]
    assert browser.run("return document.querySelector('#calls-table th:nth-child(8)').ariaSort") == "descending"
    browser.click("#calls-table th:nth-child(8) button")
    assert column(browser, 2) == various
    browser.click("#calls-table th:nth-child(9) button")
    took = [(i * 7) % 12 + 1 for i in range(12)]
    assert column(browser, 2) == [various[i] for i in sorted(range(12), key=lambda i: -took[i])]
    assert browser.run("return document.querySelectorAll('#calls-table th[aria-sort]').length") == 1
    browser.click("#calls-table th:nth-child(5) button")  # unknown values come last
    assert column(browser, 5) == ["answered"] * 4 + ["no answer"] * 4 + [""] * 4


def test_the_whole_page_works_with_the_keyboard(browser, various):
    tab, enter, left = "\ue004", "\ue007", "\ue012"
    focus = "return document.activeElement.{}"
    browser.press(tab)
    assert browser.run(focus.format("innerText")) == "Skip to the content"
    assert browser.run("return document.activeElement.getBoundingClientRect().top >= 0")
    browser.press(enter)
    assert browser.run(focus.format("id")) == "main"
    seen = set()
    for _ in range(60):
        browser.press(tab)
        node = browser.run("const at = document.activeElement, box = at.getBoundingClientRect(); "
                           "return [at.localName, at.id, at.innerText, getComputedStyle(at).outlineStyle, box.width > "
                           "0];")
        if node[0] == "body":
            break
        seen.add(f"{node[0]} {node[1]}".strip())
        assert node[4] and (node[3] != "none" or node[0] == "input"), node
    assert seen >= {"svg", "summary", "input filter-text", "select filter-state", "select filter-status",
                    "select filter-result", "select filter-campaign", "button"}
    browser.run("document.querySelector('.plot').focus()")
    browser.press(left)
    assert "12 calls" in browser.text(".tip") and "pending: 3" in browser.text(".tip")
    browser.run("document.querySelector('#calls-table th:nth-child(2) button').focus()")
    browser.press(enter)
    assert column(browser, 2) == various


def test_every_part_of_the_page_has_an_accessible_name(browser, various):
    unnamed = """const controls = 'input, select, button, svg[role=img], table, section, nav';
        return [...document.querySelectorAll(controls)].filter((node) =>
        !(node.labels && node.labels.length && node.labels[0].innerText.trim()) && !node.getAttribute('aria-label') &&
        !node.getAttribute('aria-labelledby') && !(node.localName === 'button' && node.innerText.trim()) &&
        !(node.localName === 'button' && !node.offsetParent) && !(node.localName === 'select' && !node.offsetParent) &&
        !(node.localName === 'table' && node.caption.textContent)).map((node) => node.outerHTML.slice(0, 80))"""
    assert browser.run(unnamed) == []
    assert browser.run("return document.querySelector('.plot').getAttribute('aria-label')").startswith(
        "Calls per hour: accepted 9, pending 3.")
    browser.click("figure summary")
    browser.wait_until("return document.querySelectorAll('figure details[open] tbody tr').length === 72")
    assert browser.run("return document.querySelector('figure details tbody "
                       "tr').innerText.trim()").endswith("\t9\t0\t3\t0\t0")


def test_the_charts_show_the_chosen_period(host, browser):
    now = int(time.time())
    put_calls(host, [{"end_epoch": now - days * 86400 + 7200} for days in (1, 3, 3, 7, 7, 7)])
    show(browser, report(host))
    for hours, calls in (("24", 1), ("72", 3), ("168", 6)):
        browser.run("document.querySelector(`input[name=range][value='${arguments[0]}']`).click()", hours)
        assert browser.run("return document.querySelector('.plot').getAttribute('aria-label')").startswith(
            f"Calls per hour: accepted {calls}.")
        assert browser.run("return document.querySelectorAll('.plot')[0].querySelectorAll('rect.k-one').length") == len(
            {1: "1", 3: "13", 6: "137"}[calls])


HOSTILE = {
    "script": "<script>window.hit = 1</script>",
    "end of the data": '</script><script>window.hit = 1</script>',
    "end in capitals": "</SCRIPT ><img src=x onerror='window.hit = 1'>",
    "comment": "<!--<script>",
    "attributes": "\"'><svg onload=window.hit=1>",
    "template literal": "${window.hit = 1}`;window.hit=1;//",
    "json": '"}]};window.hit=1;\\',
    "marker": "@DATA@",
    "line separators": "a\u2028b\u2029c",
    "right to left": "\u202egnp.exe\u202c \u0627\u0644",
    "prototype": "__proto__",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=list(HOSTILE))
def test_hostile_data_is_shown_as_text_and_nothing_of_it_runs(host, browser, text):
    names = ("reason", "agent", "campaign", "phone", "status", "result", "uniqueid")
    put_calls(host, [{name: text for name in names} | {"state": REJECTED}])
    write(host, "INSERT INTO run (kind, started, finished, exit_code, message) VALUES (?, ?, ?, 70, ?)",
          [(text, 5, 6, text), ("poll", 5, 6, text)])
    show(browser, report(host))
    assert browser.run("return [...document.querySelectorAll('#calls-table tbody td')].map((cell) => "
                       "cell.textContent)")[1:] == [
        text, text, text, text.replace("_", " ", 1), "rejected" + text, text, "45 s", "200 in 40 ms", "1", text]
    assert text in browser.run("return document.querySelector('#rejected-table tbody').textContent")
    assert text in browser.run("return document.querySelector('#runs-table tbody').textContent")
    assert text in browser.run("return document.querySelector('#verdict').textContent")
    for select in ("status", "campaign"):
        choose(browser, select, re.sub("[ \n]+", " ", text) + " (1)")
        assert len(column(browser, 1)) == 1
    assert browser.run("return [window.hit === undefined, document.querySelectorAll('script, style').length, "
                       "document.querySelectorAll('img, iframe, b').length - document.querySelectorAll('.legend "
                       "b').length]") == [
        True, 3, 0]


def test_control_characters_and_broken_text_are_made_harmless(host, browser):
    put_calls(host, [{"reason": "\x1b[2J\x07red\r\n\x7f\u0085", "state": REJECTED, "agent": "x" * 65536,
                      "campaign": "long " * 13000}])
    with contextlib.closing(sqlite3.connect(host.state / "ledger.db")) as ledger:
        ledger.execute("UPDATE call SET phone = CAST(x'33FF31C0' AS TEXT)")
        ledger.commit()
    show(browser, report(host))
    shown = browser.run("return [...document.querySelectorAll('#calls-table tbody td')].map((cell) => "
                        "cell.textContent)")
    assert shown[5] == "rejected?[2J?red????" and shown[1] == "3\ufffd1\ufffd"
    assert shown[6] == "x" * 99 + "…" and shown[2].startswith("long long") and len(shown[2]) == 100
    assert browser.run("return document.documentElement.scrollWidth <= innerWidth")


def test_the_policy_blocks_an_injected_script(host, window):
    page = report(host)
    page.write_text(page.read_text().replace("</main>", "<script>window.hit = 1</script><p onclick='window.hit = 1' "
                                             "id=p style='color: red'>x</p><img src='http://127.0.0.1:1/x'></main>"))
    show(window, page)
    window.click("#p")
    assert window.run("return window.hit === undefined")
    assert len([line for line in window.console() if "Content Security Policy" in line]) >= 3


def test_ten_thousand_calls_are_all_there(host, browser):
    """The test prints the browser's time (-s) and does not check it, because it depends on the machine."""
    now = int(time.time())
    reasons = [None, None, "HTTP 503: the service is not available at the moment, try again later"]
    put_calls(host, [{"end_epoch": now - i * 50, "status": f"ST{i % 40}", "campaign": f"CAMP{i % 25:04}",
                      "took_ms": i % 500,
                      "state": PENDING if i % 3 == 2 else ACCEPTED, "reason": reasons[i % 3]} for i in range(10500)])
    write(host, "INSERT INTO run (kind, started, finished, exit_code) VALUES ('poll', ?, ?, 0)",
          [(now - i * 60, now - i * 60) for i in range(1000)])
    page = report(host)
    assert page.stat().st_size < 5_000_000
    show(browser, page)
    load = browser.run("return performance.getEntriesByType('navigation')[0].loadEventEnd")
    filtering = browser.run("""const begun = performance.now(), select = document.querySelector('#filter-campaign');
        select.value = '3'; select.dispatchEvent(new Event('change')); document.body.offsetHeight;
        return performance.now() - begun;""")
    longest = browser.run("""return await new Promise((resolve) => { new PerformanceObserver((list) =>
        resolve(Math.max(...list.getEntries().map((entry) => entry.duration))))
            .observe({ type: 'longtask', buffered: true });
        setTimeout(() => resolve(0), 500); });""")
    print(f"\n10,000 calls: {page.stat().st_size / 1e6:.2f} MB, loaded in {load:.0f} ms, longest task {longest:.0f} "
          f"ms, filtered in {filtering:.0f} ms")
    browser.click("#filters button[type=reset]")
    browser.wait_until("return document.querySelector('#calls-table [role=status]').innerText === '1–25 of 10,000'")
    assert browser.text("#calls-after") == "The latest 10,000 of 10,500 calls in the ledger."
    browser.click("#calls-table .foot button:nth-child(4)")
    assert browser.text("#calls-table [role=status]") == "9,976–10,000 of 10,000"


@pytest.mark.parametrize("width", [320, 360, 768, 1280])
def test_no_width_needs_scrolling_sideways(host, browser, width):
    put_calls(host,
              [{"state": REJECTED, "reason": "HTTP 422: " + "long" * 60, "campaign": "W" * 60, "status": "WWWWWW"}])
    write(host, "INSERT INTO run (kind, started, finished, exit_code, message) VALUES ('poll', 5, 6, 70, ?)",
          [("unbreakable" * 30,)])
    browser.size(width, 800, mobile=width < 500)
    show(browser, report(host))
    assert browser.run("return [document.documentElement.scrollWidth <= innerWidth, innerWidth]") == [True, width]
    wide = """return [...document.querySelectorAll('main *')].filter((node) =>
        !node.closest('.table, details, caption, svg') && node.getBoundingClientRect().right > innerWidth + 1)
            .map((node) => node.outerHTML.slice(0, 80))"""
    assert browser.run(wide) == []


def test_dark_mode_has_its_own_colours(host, browser):
    put_calls(host, [{}])
    show(browser, report(host))
    colours = """const lightness = (node, what) => getComputedStyle(document.querySelector(node))[what].match(/\\d+/g)
        .slice(0, 3).reduce((sum, part) => sum + Number(part), 0) / 3;
        return ['body', '.card', '#filter-text'].map((node) =>
            [lightness(node, 'backgroundColor'), lightness(node, 'color')]);"""
    light = browser.run(colours)
    browser.media(dark=True)
    dark = browser.run(colours)
    assert all(back > 200 and ink < 80 for back, ink in light) and all(back < 60 and ink > 200 for back, ink in dark)


CONTRAST = """
    const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
    const light = (colour) => numbers(colour).slice(0, 3).map((part) => part / 255)
        .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
        .reduce((sum, part, i) => sum + part * [0.2126, 0.7152, 0.0722][i], 0);
    const behind = (node) => { for (; node; node = node.parentElement) {
        const colour = getComputedStyle(node).backgroundColor;
        if (numbers(colour)[3] !== 0) return colour; } return 'rgb(255, 255, 255)'; };
    const poor = new Set();
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
        const node = walk.currentNode.parentElement;
        if (!walk.currentNode.data.trim() || !node.checkVisibility()) continue;
        if (node.closest('script, :disabled, option')) continue;
        const style = getComputedStyle(node), ink = node.closest('svg') ? style.fill : style.color;
        const [a, b] = [light(ink), light(behind(node))];
        const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        const name = node.className.baseVal ?? node.className;
        if (contrast < 4.5) poor.add(`${node.localName}.${name} ${contrast.toFixed(2)}`);
    }
    return [...poor];"""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_text_has_enough_contrast(host, browser, dark):
    """The contrast is at least 4.5 to 1, as WCAG 2 requires for text (level AA)."""
    put_calls(host, [{"state": state, "reason": "why"} for state in range(6)])
    write(host, "INSERT INTO run (kind, started, finished, exit_code, found) VALUES ('poll', 5, 6, ?, 0)",
          [(69,), (0,), (70,)])
    page = report(host)
    page.write_text(page.read_text().replace(f'"written":{data(page)["moment"]["written"]}', '"written":1700000000'))
    browser.media(dark=dark)
    show(browser, page)
    assert browser.text("#stale") and browser.text("#verdict")
    assert browser.run(CONTRAST) == []


def test_a_printed_page_is_complete(host, browser):
    put_calls(host, [{"end_epoch": int(time.time()) - i} for i in range(30)])
    browser.size(720, 1000)  # A4 between its margins
    show(browser, report(host))
    browser.media(print_=True)
    assert browser.run("""return [...document.querySelectorAll('#calls-table td, .card, .plot')].every((node) =>
        node.getBoundingClientRect().right <= document.documentElement.clientWidth)""")
    assert browser.text("#filters") == "" and browser.text("nav") == "" and browser.text("#calls-table .buttons") == ""
