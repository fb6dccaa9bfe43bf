"""The live page, as somebody with a browser sees it."""
import contextlib
import json
import re
import sqlite3
import struct
import time

import pytest

from harness import browser as chromium
from harness.keeping import change_ledger, installed
from harness.process import ROOT
from harness.serve import PASSWORD, Page
from harness.sync import Sync

pytestmark = pytest.mark.plain_only

FILES = ROOT / "packaging/serve"
ACCEPTED, PENDING, WAITING, REJECTED, DISCARDED = 1, 2, 3, 4, 5
TAB, ENTER, ESCAPE, LEFT = "\ue004", "\ue007", "\ue00c", "\ue012"
COLUMNS = ("uniqueid", "state", "end_epoch", "updated", "reason", "seen", "tries", "tried", "answer", "took_ms",
           "status", "result", "length", "agent", "campaign", "phone", "direction")


def put_calls(sync, calls):
    """Calls as the ledger has them. The defaults are those of a sale that was accepted a minute ago."""
    now, rows = int(time.time()), []
    for i, given in enumerate(calls):
        ended = given.get("end_epoch", now - 60 - i)
        call = {"uniqueid": f"{ended}.{i}", "state": ACCEPTED, "reason": None, "end_epoch": ended, "updated": ended,
                "seen": ended, "tries": 1, "tried": ended, "answer": 200, "took_ms": 40, "status": "SALE",
                "result": "answered", "length": 45, "agent": "6666", "campaign": "TESTCAMP", "phone": f"312{i:07}",
                "direction": 0, **given}
        rows.append([call[column] for column in COLUMNS])
    write(sync, f"INSERT INTO call ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})", rows)


def write(sync, sql, rows):
    with contextlib.closing(sqlite3.connect(sync.state / "ledger.db")) as ledger:
        ledger.executemany(sql, rows)
        ledger.commit()


@pytest.fixture(scope="module")
def window(tmp_path_factory):
    if chromium.missing():
        pytest.skip(chromium.missing())
    with chromium.Browser(tmp_path_factory.mktemp("browser"), timezone="Asia/Ho_Chi_Minh") as opened:
        yield opened


@pytest.fixture
def browser(window):
    """Nothing may fail in the page, and nothing may be refused by its policy."""
    window.media()
    window.size(1280, 900)
    window.console()
    yield window
    # Chromium tells an answer of 401, as before the login, and each server that goes away.
    assert [text for text in window.console() if not re.search("status of 401|net::ERR_", text)] == []


@contextlib.contextmanager
def serving(directory, sync, **settings):
    page = Page(directory, sync, **settings)
    page.files = FILES
    page.add_user("ann")
    page.add_user("vic", "viewer")
    try:
        yield page.start()
    finally:
        page.close()


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    """130 calls of two directions, three campaigns and all states, and a run."""
    installation = Sync(tmp_path_factory.mktemp("page") / "host")
    assert installation.run("failed", "retry", "--all").code == 0
    now = int(time.time())
    put_calls(installation, [
        {"end_epoch": now - 100 - 60 * i, "phone": f"84912{i:06}", "direction": i % 2, "length": 130 - i,
         "campaign": ["AUTO", "MEDICARE", "SOLAR"][i % 3], "status": ["SALE", "NA"][i % 2],
         "result": ["answered", "no_answer"][i % 2], "agent": f"60{i % 7:02}",
         **({"state": REJECTED, "reason": "HTTP 422: invalid campaign", "answer": 422} if i % 10 == 9 else {}),
         **({"state": PENDING, "reason": "HTTP 503", "answer": 503} if i == 1 else {})} for i in range(130)])
    write(installation, "INSERT INTO run (kind, started, finished, duration_ms, found, accepted, exit_code) "
                        "VALUES (?, ?, ?, ?, ?, ?, ?)", [("poll", now - 60, now - 58, 2000, 130, 116, 0),
                                                         ("poll", now - 150, now - 148, 2000, 1, 0, 75),
                                                         ("poll", now - 250, now - 248, 2000, 0, 0, 78)])
    with serving(installation.directory / "page", installation) as page:
        installation.page = page
        yield installation
    installation.close()


def address(page, view=""):
    return f"http://127.0.0.1:{page.port}/{view}"


def log_out(browser, page):
    browser.visit(address(page))
    browser.run("""const session = await fetch('api/v1/session');
        if (session.ok) await fetch('api/v1/session', { method: 'DELETE',
            headers: { 'X-CSRF-Token': (await session.json()).csrf } });
        localStorage.clear();""")


def show(browser, page, view="", name="ann"):
    """Shows a view to a user who has just logged in."""
    log_out(browser, page)
    browser.visit(address(page))
    type_in(browser, page, name)
    browser.wait_until("return document.querySelector('.cards, .profile .notice, #title') !== null")
    if view:
        browser.run("location.hash = arguments[0]", "#/" + view)
    browser.wait_until("return !document.querySelector('[aria-busy]') && "
                       "['#updated', '#verdict'].every((one) => document.querySelector(one).innerText !== '')")
    time.sleep(0.3)


def type_in(browser, page, name, password=PASSWORD):
    browser.wait_until("return document.activeElement.name === 'name'")
    browser.press(name, TAB, password, ENTER)


def column(browser, number):
    return browser.texts(f"main tbody td:nth-child({number})")


def wait_for_rows(browser, number, text=""):
    browser.wait_until(f"return document.querySelectorAll('main tbody tr').length === {number} && "
                       "document.querySelector('main .rows:has(tbody), main .rows').innerText"
                       f".includes({json.dumps(text)})")


def choose(browser, label, value):
    """A choice in the <select> with that label, as a user makes it."""
    browser.run("""const label = [...document.querySelectorAll('label')].find((one) => (
            one.firstElementChild?.innerText === arguments[0]));
        label.querySelector('select').value = arguments[1];
        label.querySelector('select').dispatchEvent(new Event('change'));""", label, value)


# ---- log in and out ----

def test_a_user_logs_in_and_out_again(browser, host):
    log_out(browser, host.page)
    browser.visit(address(host.page, "#/calls?status=NA"))
    type_in(browser, host.page, "ann")
    wait_for_rows(browser, 50)  # the view of the address
    assert "ann (administrator)" in browser.text("#user")
    browser.click("#logout")
    browser.wait_until("return document.querySelector('.login') !== null && document.querySelector('nav') === null")
    assert browser.run("return (await fetch('api/v1/session')).status") == 401
    assert browser.run("return document.cookie") == ""


def test_a_wrong_password_is_said_in_words(browser, host):
    log_out(browser, host.page)
    browser.visit(address(host.page))
    type_in(browser, host.page, "ann", "wrong password")
    browser.wait_until("return document.querySelector('.said').innerText !== ''")
    assert browser.text(".said") == "The name or the password is wrong."
    assert browser.run("return document.activeElement.name") == "password"
    browser.press(PASSWORD, ENTER)
    browser.wait_until("return document.querySelector('.cards') !== null")


def test_a_session_that_ended_leads_back_to_the_login_and_then_to_the_same_view(browser, host):
    show(browser, host.page, "calls?campaign=SOLAR")
    browser.run("await fetch('api/v1/session', { method: 'DELETE', headers: { 'X-CSRF-Token': "
                "(await (await fetch('api/v1/session')).json()).csrf } })")
    choose(browser, "Status", "NA")
    browser.wait_until("return document.querySelector('.login .note') !== null")
    assert browser.text(".login .note") == "Your session has ended. Log in again."
    type_in(browser, host.page, "ann")
    wait_for_rows(browser, 21)


def test_a_viewer_has_no_actions(browser, host):
    show(browser, host.page, "calls?state=rejected", name="vic")
    wait_for_rows(browser, 13)
    assert browser.texts("nav a") == ["Overview", "Calls", "Runs", "Recordings"]
    browser.click("main tbody a")
    browser.wait_until("return document.querySelector('#story .facts') !== null")
    assert browser.run("return document.querySelector('#story [data-action]')") is None
    browser.run("location.hash = '#/actions'")
    browser.wait_until("return document.querySelector('main .nothing') !== null")
    assert browser.text("main .nothing") == "There is no such page."


def test_who_sees_masked_numbers_is_not_offered_to_sort_by_them(browser, host, tmp_path):
    masking = Sync(tmp_path / "host")
    assert masking.run("failed", "retry", "--all").code == 0
    put_calls(masking, [{}] * 3)
    masking.configure(config={"log": {"mask_phone": "yes"}})
    with serving(tmp_path / "page", masking) as page:
        for name, is_offered in (("vic", False), ("ann", True)):
            show(browser, page, "calls", name)
            wait_for_rows(browser, 3)
            assert ("Number" in browser.texts("main thead th button")) == is_offered
            assert ("number asc" in browser.run("return [...document.querySelectorAll('.sorting option')]"
                                                ".map((one) => one.value)")) == is_offered
    masking.close()


# ---- overview ----

def test_the_overview_shows_each_profile_and_its_calls(browser, host):
    show(browser, host.page)
    browser.wait_until("return document.querySelectorAll('#chart-calls .legend li').length > 0")
    cards = dict(zip(browser.texts(".card dt"), browser.texts(".card .value"), strict=True))
    assert {name: cards[name] for name in ("Calls", "Pending", "Waiting", "Rejected", "Mode", "Batch size")} == {
        "Calls": "130", "Pending": "1", "Waiting": "0", "Rejected": "13", "Mode": "Running", "Batch size": "500"}
    assert re.fullmatch(r"\d+ calls/h", cards["Rate"]) and int(cards["Rate"].split()[0]) > 50
    legend = browser.text("#chart-calls .legend")
    assert "accepted 116" in legend and "pending 1" in legend
    wait_for_rows(browser, 1)
    assert browser.texts("#chart-success .legend b") == ["89.9%"]  # 116 of 129
    assert column(browser, 1) == ["HTTP 422: invalid campaign"] and column(browser, 2) == ["13"]
    browser.click(".card [id=card-default-rejected]")
    wait_for_rows(browser, 13)


CUT_OFF = """return [...document.querySelectorAll('.plot text')].filter((one) => (
    one.getBoundingClientRect().right > one.ownerSVGElement.getBoundingClientRect().right + 0.5))
    .map((one) => one.textContent);"""


def test_the_arrow_keys_tell_the_bars_of_a_chart(browser, host):
    show(browser, host.page, "overview?period=90d")
    browser.wait_until("return document.querySelectorAll('#chart-calls rect.k-one').length > 0")
    browser.run("document.querySelector('#chart-calls .plot').focus()")
    browser.press(LEFT)
    assert re.search(r"Calls: [1-9]\d*\naccepted: \d+", browser.text("#chart-calls .tip"))
    browser.press(ESCAPE)
    assert browser.text("#chart-calls .tip") == ""
    for period in ("24h", "7d", "30d", "90d"):
        browser.run("location.hash = `#/overview?period=${arguments[0]}`", period)
        browser.wait_until("return !document.querySelector('[aria-busy]')")
        time.sleep(0.3)
        assert browser.run(CUT_OFF) == [], period
    browser.wait_until("return document.querySelectorAll('#chart-calls rect.k-one').length > 0")
    browser.click("#chart-calls summary")
    browser.wait_until("return document.querySelectorAll('#chart-calls tbody tr').length === 90")


# ---- calls ----

@pytest.mark.parametrize("label, value, calls", [
    ("Status", "NA", 65), ("Result", "answered", 65), ("Campaign", "SOLAR", 43), ("Agent", "6003", 19),
    ("Direction", "outbound", 65), ("Status at the API", "pending", 1), ("Recording", "stored", 0)])
def test_each_filter_shows_its_calls(browser, host, label, value, calls):
    show(browser, host.page, "calls")
    wait_for_rows(browser, 50, "of 130")
    choose(browser, label, value)
    wait_for_rows(browser, min(calls, 50), f"of {calls}" if calls else "No call matches")
    browser.click("#reset")
    wait_for_rows(browser, 50, "of 130")


def test_numbers_and_times_are_filters_too(browser, host):
    show(browser, host.page, "calls")
    browser.run("document.querySelector('input[type=search]').focus()")
    browser.press("000017", ENTER)
    wait_for_rows(browser, 1)
    assert column(browser, 2) == ["84912000017"]
    browser.click("#reset")
    wait_for_rows(browser, 50)
    browser.run("""const from = [...document.querySelectorAll('input[type=datetime-local]')][0];
        const date = new Date(Date.now() - 3600000 + 7 * 3600000);  // the browser's zone
        from.value = date.toISOString().slice(0, 16); from.dispatchEvent(new Event('change'));""")
    # One call ended in each minute; a slow machine shows them later.
    browser.wait_until("return /of ([345][0-9]|60)$/.test(document.querySelector('.foot span').innerText)")
    assert browser.run("return document.querySelector('#csv').href").count("from=") == 1


def test_pages_and_orders_are_made_by_the_server(browser, host):
    show(browser, host.page, "calls")
    wait_for_rows(browser, 50, "1–50 of 130")
    first = column(browser, 2)
    browser.run("[...document.querySelectorAll('.foot button')].find((one) => one.innerText === 'Last').click()")
    wait_for_rows(browser, 30, "101–130 of 130")
    assert column(browser, 2)[-1] == "84912000129"
    browser.run("[...document.querySelectorAll('th button')].find((one) => one.innerText === 'Length').click()")
    wait_for_rows(browser, 50, "1–50 of 130")
    assert column(browser, 2) == first  # the longest call ended last
    browser.run("[...document.querySelectorAll('th button')].find((one) => one.innerText === 'Length').click()")
    browser.wait_until("return document.querySelector('main tbody td:nth-child(2)').innerText === '84912000129'")
    assert browser.texts("th[aria-sort=ascending]") == ["Length"]
    browser.run("[...document.querySelectorAll('th button')].find((one) => one.innerText === 'Agent').focus()")
    browser.press(ENTER)
    browser.wait_until("return document.querySelector('th[aria-sort]').innerText === 'Agent'")
    assert browser.run("return document.activeElement.innerText") == "Agent"


def test_back_and_forward_go_through_views_filters_pages_and_stories(browser, host):
    show(browser, host.page, "calls")
    wait_for_rows(browser, 50, "of 130")
    choose(browser, "Campaign", "SOLAR")
    wait_for_rows(browser, 43)
    browser.click("main tbody a")
    browser.wait_until("return document.querySelector('#story[open] .facts') !== null")
    browser.back()
    browser.wait_until("return document.querySelector('#story[open]') === null")
    wait_for_rows(browser, 43)
    browser.back()
    wait_for_rows(browser, 50, "of 130")
    assert browser.run("return [...document.querySelectorAll('select')].every((one) => one.value !== 'SOLAR')")
    browser.forward()
    wait_for_rows(browser, 43)
    browser.forward()
    browser.wait_until("return document.querySelector('#story[open] .facts') !== null")
    browser.press(ESCAPE)
    browser.wait_until("return document.querySelector('#story[open]') === null && !location.hash.includes('call=')")
    browser.click("#nav-runs")
    wait_for_rows(browser, 3)
    assert browser.texts("main tbody .pill.warn") == ["partly sent"]
    browser.back()
    wait_for_rows(browser, 43)


def test_the_story_of_a_call(browser, host):
    show(browser, host.page, "calls?state=rejected")
    wait_for_rows(browser, 13)
    browser.click("main tbody a")
    browser.wait_until("return document.querySelector('#story .attempts') !== null")
    told = browser.text("#story")
    for part in ("rejected (HTTP 422: invalid campaign)", "84912000009", "inbound", "AUTO", "422", "Retry", "Discard"):
        assert part in told, part


def test_times_are_in_the_readers_zone(browser, host):
    ended = host.page.client("ann").get("/api/v1/calls").json()["calls"][0]["ended"]
    show(browser, host.page, "calls")
    there = time.strftime("%b %-d, %H:%M:%S", time.gmtime(ended + 7 * 3600))
    assert column(browser, 1)[0] == there and "Asia/" in browser.text("footer")
    browser.click("main tbody a")
    browser.wait_until("return document.querySelector('#story .told') !== null")
    assert browser.text("#story .told") == f"accepted accepted at {there}"  # the program's own sentence


def test_a_call_that_changes_keeps_the_focus_and_the_others_their_place(browser, tmp_path):
    host = Sync(tmp_path / "host")
    assert host.run("failed", "retry", "--all").code == 0
    put_calls(host, [{"state": PENDING}] * 3)
    with serving(tmp_path / "page", host) as page:
        show(browser, page, "calls")
        wait_for_rows(browser, 3)
        browser.run("document.querySelectorAll('main tbody a')[1].focus(); window.third = "
                    "document.querySelectorAll('main tbody tr')[2]")
        write(host, "UPDATE call SET state = ?, status = 'NA' WHERE uniqueid LIKE '%.1'", [(ACCEPTED,)])
        browser.wait_until("return document.querySelectorAll('main .pill.good').length === 1", 30)
        assert browser.run("const at = document.activeElement.closest('tr'); "
                           "return [at.rowIndex, document.contains(window.third)]") == [2, True]
    host.close()


def test_many_pages_do_not_use_up_the_browsers_connections(browser, host):
    """A browser opens six to one server. Pages that are left must keep none."""
    show(browser, host.page)
    for number in range(9):
        browser.visit(address(host.page, f"?{number}#/calls"))
        wait_for_rows(browser, 50)


def test_the_csv_has_what_is_filtered(browser, host):
    show(browser, host.page, "calls?campaign=SOLAR&state=accepted")
    lines = browser.run("return (await (await fetch(document.querySelector('#csv').href)).text()).trim().split('\\n')")
    assert len(lines) == 1 + sum(i % 3 == 2 and i % 10 != 9 for i in range(130))


# ---- what administrators do ----

@pytest.fixture
def acting(sync, tmp_path):
    with serving(tmp_path / "page", sync) as page:
        yield page


def act(browser, action, among="main"):
    """Presses the button of an action. Where the page asks first, it is said yes."""
    browser.run("document.querySelector(`${arguments[0]} [data-action=${arguments[1]}]:not(:disabled)`).click()",
                among, action)
    browser.run("document.querySelector('dialog.ask[open] button[value=yes]')?.click()")


def outcome(browser, panel, state="done"):
    """Waits for the end of the panel's action; returns what it printed."""
    result = f"document.querySelector('{panel} .result')"
    browser.wait_until(f"return {result} !== null && {result}.dataset.state !== 'running'", 40)
    assert browser.run(f"return {result}.dataset.state") == state, browser.run(f"return {result}.innerText")
    return browser.run(f"return {result}.querySelector('pre')?.textContent ?? ''")


def panel(name):
    return f"[aria-labelledby=act-{name}]"


def set_time(browser, selector, seconds_ago):
    """Types a time of the browser's zone, which is 7 hours ahead of UTC."""
    browser.run("""const input = document.querySelector(arguments[0]);
        input.value = new Date(Date.now() - arguments[1] * 1000 + 7 * 3600000).toISOString().slice(0, 16);
        input.dispatchEvent(new Event('input')); input.dispatchEvent(new Event('change'));""", selector, seconds_ago)


def rejected_call(api, db, sync):
    call = db.insert(end_epoch=db.now() - 300)
    api.rules([{"uniqueid": call, "status": 422, "body": '{"success":false,"error":"invalid campaign"}'}])
    assert sync.run().code == 0
    api.rules([])
    return call


def test_sync_now_and_the_journal(browser, acting, db, api):
    call = db.insert(end_epoch=db.now() - 100)
    show(browser, acting, "actions")
    act(browser, "sync")
    outcome(browser, panel("sync"))
    assert call in api.by_uniqueid()
    assert browser.text(f"{panel('sync')} .result a") == "What the run did"
    browser.click(f"{panel('sync')} .result a")
    wait_for_rows(browser, 1)
    assert browser.text("h2") == "Runs"
    browser.click("#nav-journal")
    wait_for_rows(browser, 1)
    row = browser.text("main tbody")
    assert "ann" in row and "127.0.0.1" in row and "Sync now" in row and "done" in row
    browser.click("#nav-calls")
    wait_for_rows(browser, 1)  # the list has the call


def test_the_story_has_the_row_of_the_table_of_calls(browser, acting, sync, db):
    db.insert(end_epoch=db.now() - 100, phone_number="3125550100", user="1001")
    sync.configure(config={"sync": {"settle": 0, "splay": 0}, "sink": {"type": "records"}})
    assert sync.run().code == 0
    show(browser, acting, "calls")
    wait_for_rows(browser, 1)
    browser.click("main tbody a")
    browser.wait_until("return document.querySelector('#story-record') !== null")
    told = browser.text("#story-record")
    for part in ("phone_number", "3125550100", "agent", "1001", "raw_data", "The words of the phone system"):
        assert part in told, part
    browser.click("#story [data-action=why]")
    browser.wait_until("return document.querySelector('#story .result[data-state=done]') !== null", 60)
    assert "TESTCAMP/3125550100" in browser.text("#story .result pre")


def test_a_rejected_call_is_discarded_restored_and_sent_again_from_its_story(browser, acting, sync, db, api):
    call = rejected_call(api, db, sync)
    show(browser, acting, "calls?state=rejected")
    wait_for_rows(browser, 1)
    browser.click("main tbody a")
    for action, then in (("failed_drop", "failed_restore"), ("failed_restore", "failed_retry"), ("failed_retry", None)):
        browser.wait_until(f"return document.querySelector('#story [data-action={action}]') !== null")
        act(browser, action, "#story")
        if then:
            browser.wait_until(f"return document.querySelector('#story [data-action={then}]') !== null")
    browser.wait_until("return document.querySelector('#story .told .pill').innerText === 'pending'")
    assert sync.run().code == 0 and call in api.by_uniqueid()
    # The list beside it follows by itself.
    browser.wait_until("return document.querySelectorAll('main tbody tr').length === 0", 30)


def test_a_story_that_is_closed_during_an_action_makes_no_error(browser, acting, sync, db, api):
    rejected_call(api, db, sync)
    show(browser, acting, "calls?state=rejected")
    wait_for_rows(browser, 1)
    browser.run("""window.ends = 0; window.errors = [];
        addEventListener('unhandledrejection', ({ reason }) => window.errors.push(String(reason)));
        const ask = window.fetch;
        window.fetch = async (url, ...rest) => {
            const answer = await ask(url, ...rest);
            if (/actions.[0-9]+$/.test(url)) window.ends += (await answer.clone().json()).state !== 'running';
            return answer;
        };""")
    browser.click("main tbody a")
    browser.wait_until("return document.querySelector('#story [data-action=failed_retry]') !== null")
    browser.run("document.querySelector('#story [data-action=failed_retry]').click();"
                "document.querySelector('#story').close();")
    browser.wait_until("return window.ends > 0", 30)
    time.sleep(0.3)
    assert browser.run("return window.errors") == []


def test_rejected_calls_are_retried_by_their_reason(browser, acting, sync, db, api):
    call = rejected_call(api, db, sync)
    show(browser, acting, "actions")
    browser.wait_until("return document.querySelector('[aria-labelledby=act-rejected] tbody tr') !== null")
    act(browser, "failed_retry", panel("rejected") + " tbody")
    outcome(browser, panel("rejected"))
    browser.wait_until("return document.querySelector('[aria-labelledby=act-rejected] tbody tr') === null", 30)
    assert sync.run().code == 0 and call in api.by_uniqueid()


def test_nothing_is_discarded_unless_it_is_confirmed(browser, acting, sync, db, api):
    rejected_call(api, db, sync)
    show(browser, acting, "actions")
    browser.wait_until("return document.querySelector('[aria-labelledby=act-rejected] tbody tr') !== null")
    browser.click(panel("rejected") + " tbody [data-action=failed_drop]")
    assert "The API will not get these calls: 1" in browser.text("dialog.ask")
    assert browser.run("return document.activeElement.value") == "no"
    browser.press(ENTER)
    browser.wait_until("return document.querySelector('dialog.ask') === null")
    assert acting.client("ann").get("/api/v1/journal").json()["total"] == 0


def test_pause_and_resume_over_the_page(browser, acting, sync):
    show(browser, acting, "actions")
    act(browser, "disable", panel("pause"))
    outcome(browser, panel("pause"))
    assert not sync.enabled_file.read_text().startswith("yes\n")
    browser.wait_until("return document.querySelector('[aria-labelledby=act-pause] .pill').innerText === 'Paused'")
    act(browser, "enable", panel("pause"))
    browser.wait_until("return document.querySelector('[aria-labelledby=act-pause] p .pill').innerText === 'Running'",
                       30)
    assert sync.enabled_file.read_text().startswith("yes\n")


def test_a_backfill_shows_its_progress_while_it_runs(browser, acting, db, api):
    db.insert_many([{"end_epoch": db.now() - 40000 - n} for n in range(40)])
    api.rules([{"delay_ms": 300}])
    show(browser, acting, "actions")
    browser.click(panel("backfill") + " [data-action=backfill]")  # without times nothing starts
    assert acting.client("ann").get("/api/v1/journal").json()["total"] == 0
    set_time(browser, panel("backfill") + " [name=from]", 86400)
    set_time(browser, panel("backfill") + " [name=to]", 0)
    browser.click(panel("backfill") + " [data-action=backfill]")
    browser.wait_until("return document.querySelector('#progress').innerText.includes('Backfill is running since')", 30)
    assert outcome(browser, panel("backfill"))
    browser.wait_until("return document.querySelector('#progress').innerText === ''", 30)
    assert len(api.by_uniqueid()) == 40


def test_a_checkpoint_is_set_only_after_the_page_has_shown_what_it_skips(browser, acting, sync, db):
    assert sync.run().code == 0
    db.insert(end_epoch=db.now() - 900)
    before = sync.checkpoint()
    show(browser, acting, "actions")
    set_time(browser, panel("checkpoint") + " [name=when]", 300)
    buttons = f"return document.querySelectorAll('{panel('checkpoint')} [data-action=checkpoint_set]').length"
    assert browser.run(buttons) == 1
    act(browser, "checkpoint_set", panel("checkpoint"))
    assert "1 finished call is skipped" in outcome(browser, panel("checkpoint"))
    assert browser.text(panel("checkpoint") + " .result p") == "done Set the checkpoint (dry run)"
    assert sync.checkpoint() == before
    browser.wait_until(buttons + " === 2")
    browser.click(panel("checkpoint") + " .danger")
    assert "1 finished call is skipped" in browser.text("dialog.ask")
    browser.click("dialog.ask [value=yes]")
    browser.wait_until(buttons + " === 1", 30)
    assert sync.checkpoint() != before


def test_settings_are_saved_and_errors_are_shown_beside_them(browser, acting, sync):
    show(browser, acting, "actions")
    field = "[data-setting='sync.batch_size']"
    browser.wait_until(f"return document.querySelector(\"{field}\") !== null")
    for value, told in (("0", "not a whole number from 1 to 5000"), ("123", "Saved.")):
        browser.run("document.querySelector(arguments[0]).select()", field)
        browser.press(value, ENTER)
        said = f"document.querySelector(\"{field}\").form.querySelector('.said').innerText"
        browser.wait_until(f"return {said} !== '' && !{said}.startsWith('Saving')", 30)
        assert told in browser.run(f"return {said}")
    assert "batch_size = 123" in sync.config_file.read_text()
    assert browser.run("return document.querySelector('[data-setting=\"database.host\"]')") is None


def test_a_page_that_only_shows_says_so(browser, host, tmp_path):
    with serving(tmp_path / "page", host, read_only="yes") as page:
        show(browser, page, "actions")
        assert "read_only is set" in browser.text("main")
        assert browser.run("return document.querySelector('main .act')") is None
        browser.run("location.hash = '#/calls?state=rejected'")
        wait_for_rows(browser, 13)
        browser.click("main tbody a")
        browser.wait_until("return document.querySelector('#story .facts') !== null")
        assert browser.run("return document.querySelector('#story [data-action]')") is None


# ---- recordings ----

def sound(seconds):
    """A WAV file of 8000 bytes a second."""
    data = bytes(128 + (i // 20 % 2) * 40 for i in range(8000 * seconds))
    kind = struct.pack("<IHHIIHH", 16, 1, 1, 8000, 8000, 1, 8)
    return (b"RIFF" + struct.pack("<I", 36 + len(data)) + b"WAVEfmt " + kind + b"data" + struct.pack("<I", len(data))
            + data)


def test_a_recording_is_played_and_the_player_seeks(browser, tmp_path):
    host = Sync(tmp_path / "host")
    folder = tmp_path / "sounds"
    folder.mkdir()
    host.configure(config={"recordings": {"upload": "directory", "folder": folder}})
    assert host.run("failed", "retry", "--all").code == 0
    now = int(time.time())
    put_calls(host, [{"uniqueid": f"100.{i}", "end_epoch": now - 60 - i} for i in range(4)])
    (folder / "a.wav").write_bytes(sound(60))
    places = [str(folder / "a.wav"), "https://drive.example.com/x", str(folder / "missing.wav")]
    write(host, "INSERT INTO recording (call, path, started, seen, state, updated, size, link) "
                "VALUES (?, '/x', 1, 1, 2, 1, 480044, ?)", [(f"100.{i}", place) for i, place in enumerate(places)])
    with serving(tmp_path / "page", host) as page:
        show(browser, page, "recordings")
        wait_for_rows(browser, 3)
        assert browser.texts("main tbody td:last-child") == [
            "Play", "Open the recording where it is stored\nFetch and play", "Play"]
        browser.click("main tbody .play")
        audio = "document.querySelector('main audio')"
        browser.wait_until(f"return {audio}.duration === 60 && {audio}.readyState >= 2")
        browser.run(f"{audio}.currentTime = 45; {audio}.play().catch(() => {{}})")
        browser.wait_until(f"return {audio}.currentTime > 45 && !{audio}.seeking")
        browser.run(f"{audio}.pause()")
        browser.click("main tbody .play")  # the last one, whose file is not there
        browser.wait_until("return document.querySelector('main .player .notice') !== null")
        assert "the recording's file is not in its directory" in browser.text("main .player .notice")
        browser.run("location.hash = '#/recordings?call=default/100.0'")
        browser.wait_until("return document.querySelector('#story audio') !== null")
    assert [text for text in browser.console() if not re.search("status of 40[14]|net::ERR_", text)] == []
    host.close()


def test_a_recording_is_fetched_from_the_phone_system_and_played(browser, tmp_path):
    with installed(tmp_path) as install:
        pbx, host = install()
        call = pbx.call(int(time.time()) - 100)
        pbx.record(call, sound(30), path="demo/a.wav", kind="audio/wav")
        pbx.recordings.answers["/demo/a.wav"].extend([404, 404])
        assert host.run("run").code == 0
        with serving(tmp_path / "page", host) as page:
            show(browser, page, "recordings?recording=pending", "vic")
            wait_for_rows(browser, 1)
            browser.click("main tbody .fetch")
            browser.wait_until("return document.querySelector('main .player .notice.bad') !== null", 60)
            assert "the PBX does not have the recording (HTTP 404)" in browser.text("main .player .notice")
            browser.click("main tbody .fetch")
            browser.wait_until("return document.querySelector('main audio')?.duration === 30", 60)
            # The row changes in the meantime, and the player stays.
            change_ledger(host, "UPDATE recording SET attempts = 3, reason = 'another', updated = updated + 1")
            put_calls(host, [{"uniqueid": "100.1"}])
            browser.run("window.player = document.querySelector('main audio')")
            browser.run("location.hash = '#/recordings?recording=pending&sort=length'")
            browser.wait_until("return document.querySelector('th[aria-sort]')?.textContent.startsWith('Length')")
            assert browser.run("return window.player.isConnected")
            browser.run(f"location.hash = '#/recordings?call=default/{call['uuid']}'")
            browser.wait_until("return document.querySelector('#story .fetch') !== null")
        assert [text for text in browser.console() if not re.search("status of 401|net::ERR_", text)] == []


# ---- several profiles ----

def test_each_profile_is_shown_and_can_be_chosen(browser, tmp_path):
    host = Sync(tmp_path / "host")
    assert host.run("failed", "retry", "--all").code == 0
    put_calls(host, [{}] * 3)
    (host.directory / "profiles").mkdir()
    (host.directory / "profiles/tenant.conf").write_text("")
    with serving(tmp_path / "page", host) as page:
        show(browser, page)
        browser.wait_until("return document.querySelectorAll('.profile').length === 2")
        assert browser.texts(".profile h3") == ["default", "tenant"]
        assert browser.text("#verdict") in ("Unknown", "Critical")  # tenant has no ledger: nobody knows how it is
        assert browser.texts("[data-card=mode] .value") == ["Running", "Paused"]  # tenant is new
        choose(browser, "Profile", "default")
        browser.wait_until("return document.querySelectorAll('.profile').length === 1")
        browser.back()
        browser.wait_until("return document.querySelectorAll('.profile').length === 2 && "
                           "document.querySelector('#profile').value === ''")
        browser.run("location.hash = '#/calls?profile=default'")
        wait_for_rows(browser, 3)
        assert browser.texts("th:last-child") == ["Profile"]
    host.close()


# ---- what a screen reader, the keyboard, a phone and the night need ----

VIEWS = ["overview", "calls", "calls?state=rejected&call=", "runs", "recordings", "actions", "journal"]

# WCAG 2.1, 1.4.3: 4.5, and 3 for large texts. What lies over an image or a gradient is not here.
CONTRAST = """
const parse = (text) => { const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number); return [r, g, b, a]; };
const over = ([r, g, b, a], [x, y, z]) => [r * a + x * (1 - a), g * a + y * (1 - a), b * a + z * (1 - a), 1];
const light = (colour) => colour.slice(0, 3).map((one) => one / 255).map((one) => (
    one <= 0.03928 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4))
    .reduce((sum, one, i) => sum + one * [0.2126, 0.7152, 0.0722][i], 0);
const root = parse(getComputedStyle(document.body).backgroundColor);
function ground(node) {
    const layers = [];
    for (let at = node; at; at = at.parentElement) {
        layers.push(parse(getComputedStyle(at).backgroundColor));
        if (layers.at(-1)[3] === 1) break;
    }
    return layers.reverse().reduce((below, layer) => over(layer, below), root);
}
const bad = [];
const walker = document.createTreeWalker(document.querySelector('dialog[open]') || document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim(), node = walker.currentNode.parentElement;
    if (!text || !node.checkVisibility() || node.closest(':disabled, option, .unseen, caption, .skip')) continue;
    const style = getComputedStyle(node), below = ground(node);
    const ink = over(parse(node.closest('svg') ? style.fill : style.color), below);
    const [a, b] = [light(ink), light(below)].sort((x, y) => y - x), size = parseFloat(style.fontSize);
    const least = size >= 24 || (size >= 18.66 && style.fontWeight >= 700) ? 3 : 4.5;
    if ((a + 0.05) / (b + 0.05) < least) bad.push(`${text.slice(0, 40)}: ${((a + 0.05) / (b + 0.05)).toFixed(2)}`);
}
return bad;"""

STRUCTURE = """
const bad = [], ids = [...document.querySelectorAll('[id]')].map(({ id }) => id);
bad.push(...ids.filter((id, i) => ids.indexOf(id) !== i).map((id) => `twice: ${id}`));
for (const node of document.querySelectorAll('[aria-labelledby], [aria-describedby], label[for]'))
    for (const id of [node.getAttribute('aria-labelledby'), node.getAttribute('aria-describedby'), node.htmlFor])
        if (id && !document.getElementById(id)) bad.push(`refers to nothing: ${id}`);
let level = 0;
for (const node of document.querySelectorAll('h1, h2, h3, h4')) {
    if (!node.checkVisibility()) continue;
    const now = Number(node.localName[1]);
    if (now > level + 1) bad.push(`heading ${now} after ${level}: ${node.innerText}`);
    level = now;
}
for (const node of document.querySelectorAll('th')) if (!node.scope) bad.push(`no scope: ${node.innerText}`);
for (const node of document.querySelectorAll('[style], [onclick], [onerror]'))
    if (!node.closest('.tip')) bad.push(node.outerHTML.slice(0, 80));
for (const name of ['main', 'h1']) if (document.querySelectorAll(name).length !== 1) bad.push(name);
return bad;"""

NEED_NAME = {"button", "link", "textbox", "searchbox", "combobox", "checkbox", "radio", "spinbutton", "dialog", "table",
             "navigation", "search", "region", "image", "img", "Date", "DateTime", "InputTime"}


def unnamed(browser):
    nodes = browser.accessibility()
    return [node["role"]["value"] for node in nodes if not node.get("ignored") and node["role"]["value"] in NEED_NAME
            and not node.get("name", {}).get("value", "").strip()]


@pytest.mark.parametrize("language", ["en", "vi"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_view_can_be_read_and_has_names(browser, host, language, dark):
    log_out(browser, host.page)
    browser.media(dark=dark)
    browser.run("localStorage.setItem('did-optimizer-sync-language', arguments[0])", language)
    browser.visit(address(host.page, "?"))
    browser.wait_until("return document.activeElement.name === 'name'")
    assert browser.run(CONTRAST) == [] and browser.run(STRUCTURE) == [] and unnamed(browser) == [], "login"
    assert browser.run("return document.documentElement.lang") == language
    type_in(browser, host.page, "ann")
    browser.wait_until("return document.querySelector('.cards') !== null")
    rejected = host.page.client("ann").get("/api/v1/calls?state=rejected").json()["calls"][0]["id"]
    for view in VIEWS:
        browser.run("location.hash = arguments[0]", f"#/{view}" + (f"default/{rejected}" if view.endswith("=") else ""))
        browser.wait_until("return document.querySelector('main tbody tr, .act, main .nothing:not([hidden])') !== null")
        time.sleep(0.4)
        assert browser.run(CONTRAST) == [], view
        assert browser.run(STRUCTURE) == [], view
        assert unnamed(browser) == [], view
        ground = browser.run("return getComputedStyle(document.body).backgroundColor")
        assert (int(re.search(r"\d+", ground)[0]) < 60) == dark


def test_the_checks_of_contrast_and_names_find_what_is_wrong(browser, host):
    show(browser, host.page)
    browser.run("const at = document.createElement('p'); at.textContent = 'pale'; at.style.color = '#bbb'; "
                "const field = document.createElement('input'); document.querySelector('main').append(at, field);")
    assert browser.run(CONTRAST) == ["pale: 1.78"] and "textbox" in unnamed(browser)
    assert any("pale" in text for text in browser.run(STRUCTURE))


TOO_WIDE = """return [...document.querySelectorAll('main td, main dd')].filter((one) => one.checkVisibility() &&
    one.scrollWidth > one.clientWidth + 1).map((one) => one.innerText);"""
# Numbers and times that need a second line.
BROKEN = """return [...document.querySelectorAll('main tbody td:nth-child(-n+2)')].filter((one) => {
    const range = document.createRange();
    range.selectNodeContents(one);
    return new Set([...range.getClientRects()].map(({ bottom }) => Math.round(bottom / 4))).size > 1;
}).map((one) => one.innerText);"""


@pytest.mark.parametrize("language", ["en", "vi"])
def test_no_view_is_wider_than_a_phone(browser, host, language):
    show(browser, host.page)
    browser.size(320, 640, mobile=True)  # WCAG 2.1, 1.4.10
    browser.run("localStorage.setItem('did-optimizer-sync-language', arguments[0])", language)
    browser.visit(address(host.page, "?"))
    browser.wait_until("return document.querySelector('.cards') !== null")
    for view in VIEWS[:2] + VIEWS[3:]:
        browser.run("location.hash = arguments[0]", f"#/{view}")
        browser.wait_until("return document.querySelector('main tbody tr, .act, main .nothing:not([hidden])') !== null")
        time.sleep(0.3)
        assert browser.run("return document.documentElement.scrollWidth") <= 320, view
        assert browser.run(TOO_WIDE) == [], view
        left, right = browser.run("const { left, right } = document.querySelector('nav [aria-current]')"
                                  ".getBoundingClientRect(); return [left, right];")
        assert 0 <= left < right <= 320, view
        if view == "calls":
            assert browser.run(BROKEN) == []
    browser.size(1024, 800)
    browser.run("location.hash = '#/runs'")
    wait_for_rows(browser, 3)
    too_wide = "const { scrollWidth, clientWidth } = document.querySelector('main .table'); " \
               "return scrollWidth - clientWidth;"
    assert browser.run(too_wide) <= 0  # what happened is in the last column
    browser.run("location.hash = '#/calls'")
    browser.wait_until("return document.querySelectorAll('main tbody tr').length > 3")
    assert browser.run(too_wide) <= 0


def test_the_page_works_with_the_keyboard_alone(browser, host):
    show(browser, host.page)
    browser.run("document.activeElement.blur(); getSelection().removeAllRanges(); scrollTo(0, 0)")
    browser.visit(address(host.page, "?"))
    browser.wait_until("return document.querySelector('.cards') !== null")
    browser.press(TAB)
    assert browser.run("return document.activeElement.innerText") == "Skip to the content"
    browser.press(ENTER)
    assert browser.run("return document.activeElement.id") == "main"
    browser.run("document.querySelector('#nav-calls').focus()")
    browser.press(ENTER)
    wait_for_rows(browser, 50)
    assert browser.run("return document.activeElement.id") == "title"
    seen = []
    for _ in range(45):  # an input of date and time takes six
        browser.press(TAB)
        name, outline, top = browser.run(
            "const at = document.activeElement; return [at.labels?.[0]?.firstElementChild?.innerText || at.innerText, "
            "getComputedStyle(at).outlineStyle, at.getBoundingClientRect().top]")
        assert outline != "none" and 0 <= top <= 900, name
        seen.append(name)
        if browser.run("return document.activeElement.classList.contains('open')"):
            break
    for name in ("Save as CSV", "Status at the API", "Agent", "From", "Show all", "Ended"):
        assert name in [one.split("\n")[0] for one in seen], name
    browser.press(ENTER)
    browser.wait_until("return document.querySelector('#story[open] .facts') !== null")
    assert browser.run("return document.querySelector('#story').contains(document.activeElement)")
    browser.press(ESCAPE)
    browser.wait_until("return document.querySelector('#story[open]') === null")
    assert browser.run("return document.activeElement.classList.contains('open')")  # back at the call


# ---- when the server is away ----

def test_a_lost_connection_is_said_and_nothing_is_called_well(browser, host, tmp_path):
    with serving(tmp_path / "page", host) as page:
        show(browser, page)
        assert browser.text("#lost") == ""
        # A clock that is set back does not keep the page from asking.
        browser.run("""const now = Date.now, steady = performance.now.bind(performance), ask = window.fetch;
            Date.now = () => now() - 3600000;
            performance.now = () => steady() + 20000;
            window.asked = 0;
            window.fetch = (url, ...rest) => {
                window.asked += url.endsWith('/summary');
                return ask(url, ...rest);
            };""")
        browser.wait_until("return window.asked > 0", 60)
        page.stop()
        browser.run("document.dispatchEvent(new Event('visibilitychange'))")
        browser.wait_until("return document.querySelector('#lost').innerText !== ''", 60)
        assert browser.text("#lost").startswith("No connection to the server. What you see is from ")
        assert browser.text("#verdict") == "Unknown"
        page.start()
        browser.run("document.dispatchEvent(new Event('visibilitychange'))")
        browser.wait_until("return document.querySelector('.login') !== null", 60)  # its sessions ended with it


def test_too_many_streams_are_no_lost_connection(browser, host):
    reader, streams = host.page.client("ann"), []
    for _ in range(20):
        connection = host.page.connect()
        connection.request("GET", "/api/v1/events", headers={"Cookie": f"session={reader.cookie}"})
        streams.append((connection, connection.getresponse()))
    show(browser, host.page)
    browser.wait_until("return document.querySelector('#refused').checkVisibility()", 60)
    assert re.fullmatch("This page is not told of changes.* every 15 seconds: You have this page open in too many .*",
                        browser.text("#refused"))
    assert browser.text("#lost") == "" and browser.text("#verdict") != "Unknown"
    for connection, got in streams:
        got.close()
        connection.close()
    browser.wait_until("dispatchEvent(new Event('pageshow')); "
                       "return !document.querySelector('#refused').checkVisibility()", 60)
    assert [text for text in browser.console() if not re.search("status of (429|401)", text)] == []


# ---- texts ----

def test_all_languages_have_the_same_texts_and_each_is_used():
    english, vietnamese = (json.loads((FILES / f"texts.{name}.json").read_text()) for name in ("en", "vi"))
    assert list(english) == list(vietnamese)
    for key, text in english.items():
        assert sorted(re.findall(r"\{\w+\}", text)) == sorted(re.findall(r"\{\w+\}", vietnamese[key])), key
        assert text and vietnamese[key], key
    code = "\n".join(path.read_text() for path in sorted(FILES.glob("*.js")))
    words = set(re.findall(r"'([a-z][\w.]*)'", code))
    # t(`card.${name}`), and word('state', name)
    families = set(re.findall(r"`([a-z][\w.]*\.)\$\{", code)) | {
        f"{kind}." for kind in re.findall(r"(?:word|pill)\('(\w+)'", code)}
    unused = [key for key in english if key not in words and not any(key.startswith(family) for family in families)]
    assert unused == []
    asked = set(re.findall(r"\b(?:t|parts)\('([\w.]+)'", code))
    assert sorted(asked - set(english)) == []


def test_a_time_that_no_calendar_has_stays_as_it_is(browser, tmp_path):
    """Goal: the API's own words cannot end the list of calls."""
    host = Sync(tmp_path / "host")
    assert host.run("failed", "retry", "--all").code == 0
    reason = "HTTP 422: nothing before 2026-02-30 25:61:00 +0000"
    put_calls(host, [{"state": REJECTED, "reason": reason}, {}])
    with serving(tmp_path / "page", host) as page:
        show(browser, page, "calls")
        wait_for_rows(browser, 2, reason)
    host.close()


def test_a_run_that_stopped_has_the_same_tone_in_each_view(browser, tmp_path):
    host, now = Sync(tmp_path / "host"), int(time.time())
    assert host.run("failed", "retry", "--all").code == 0
    write(host, "INSERT INTO run (kind, started, finished, accepted, exit_code, message) VALUES (?, ?, ?, 0, 75, ?)",
          [("poll", now - 60, now - 58, "the API is down")])
    with serving(tmp_path / "page", host) as page:
        show(browser, page)
        assert "stopped" in browser.text(".card.warn[data-card=run]")
        browser.run("location.hash = '#/runs?kind=poll'")
        wait_for_rows(browser, 1)
        assert browser.texts("main tbody .pill.warn") == ["stopped"]
    host.close()


def test_a_backfill_shows_how_far_it_has_come(browser, tmp_path):
    host = Sync(tmp_path / "host")
    assert host.run("failed", "retry", "--all").code == 0
    put_calls(host, [{}])
    now, day = int(time.time()), 86400
    write(host, "INSERT INTO run (id, kind, started) VALUES (?, ?, ?)", [(77, "backfill", now - 600)])

    def tell(permille, at=now):
        reached = now - 10 * day + day * permille // 100
        write(host, "INSERT OR REPLACE INTO note (name, text) VALUES ('progress', ?)",
              [(f"77 {now - 10 * day} {now} {reached} {permille} {at}",)])

    tell(250)
    with serving(tmp_path / "page", host) as page:
        show(browser, page, "overview")
        for width, dark in ((1280, False), (390, True)):
            browser.size(width, 900)
            browser.media(dark=dark)
            browser.wait_until("return document.querySelector('.running progress')?.value === 250")
            assert "25% of the time from" in browser.text(".running") and "75% left; now at" in browser.text(".running")
            assert browser.run("return document.documentElement.scrollWidth <= innerWidth")
        for view, shown in (("runs", 500), ("actions", 625), ("overview", 1000)):
            browser.run("location.hash = arguments[0]", f"#/{view}")
            tell(shown, now - 300)
            browser.wait_until(f"return document.querySelector('main .running progress')?.value === {shown}")
            assert "ago" in browser.text(".running .share")  # the run has told nothing for minutes
        write(host, "UPDATE run SET finished = ?, exit_code = 0 WHERE id = 77", [(now,)])
        browser.wait_until("return document.querySelector('.running') === null")
    host.close()


def test_a_list_that_cannot_be_kept_up_to_date_is_shown_in_each_view(browser, tmp_path):
    host = Sync(tmp_path / "host")
    assert host.run("failed", "retry", "--all").code == 0
    put_calls(host, [{}])
    with serving(tmp_path / "page", host) as page:
        show(browser, page, "calls", "vic")
        wait_for_rows(browser, 1)
        assert not browser.run("return document.querySelector('#list-problem').checkVisibility()")
        view = page.state / "view.db"
        view.unlink()
        view.mkdir()
        browser.wait_until("return document.querySelector('#list-problem').innerText.includes("
                           "'newer calls may be missing')", 60)
        browser.run("location.hash = '#/overview'")
        browser.wait_until("return document.querySelector('.cards') !== null")
        assert "view.db" in browser.text("#list-problem")
        view.rmdir()
        browser.wait_until("return !document.querySelector('#list-problem').checkVisibility()", 60)
    # The calls themselves could not be read either.
    assert [text for text in browser.console() if not re.search("status of (500|503|401)|net::ERR_", text)] == []
    host.close()


def test_the_page_in_vietnamese(browser, host):
    show(browser, host.page, "calls")
    choose(browser, "Language", "vi")
    browser.wait_until("return document.documentElement.lang === 'vi'")
    wait_for_rows(browser, 50)
    assert browser.text("#title") == "Cuộc gọi" and "đã nhận" in browser.text("main tbody")
    assert browser.run("return document.activeElement.id") == "language"
    browser.visit(address(host.page, "?again#/runs"))
    wait_for_rows(browser, 3)
    assert browser.text("#title") == "Lần chạy"  # it is kept
    assert "lỗi (78)" in browser.texts("main tbody .pill.bad")
    browser.run("location.hash = '#/runs?kind=retry'")
    browser.wait_until("return document.querySelector('main .nothing').innerText.endsWith('thuộc loại này.')")
    browser.run("location.hash = '#/calls?sort=wrong'")
    browser.wait_until("return document.querySelector('main .bad span') !== null")
    assert browser.text("main .notice.bad").startswith("Máy chủ không chấp nhận yêu cầu này: sort must be")
    assert browser.run("return document.querySelector('main .notice.bad span').lang") == "en"
    assert [text for text in browser.console() if not re.search("status of (400|401)", text)] == []


HOSTILE = ["<img src=x onerror=\"window.hit=1\">", "</script><script>window.hit=1</script>",
           "\"'><svg onload=window.hit=1>",
           "javascript:window.hit=1", "\u202egnp.exe", "{from}${window.hit=1}"]


def test_hostile_texts_are_shown_as_texts(browser, tmp_path):
    host = Sync(tmp_path / "host")
    assert host.run("failed", "retry", "--all").code == 0
    put_calls(host, [{"uniqueid": f"{text}{i}", "status": text, "result": text, "campaign": text, "agent": text,
                      "phone": text, "reason": text, "state": REJECTED} for i, text in enumerate(HOSTILE)])
    write(host, "INSERT INTO run (kind, started, finished, exit_code, message) VALUES (?, ?, ?, 70, ?)",
          [(text, 9, 10, text) for text in HOSTILE])
    with serving(tmp_path / "page", host) as page:
        show(browser, page, "calls")
        wait_for_rows(browser, len(HOSTILE))
        assert browser.run("return [...document.querySelectorAll('main tbody td:nth-child(5)')].map((one) => "
                           "one.textContent)") == HOSTILE
        for i in range(len(HOSTILE)):
            browser.run("document.querySelectorAll('main tbody a')[arguments[0]].click()", i)
            browser.wait_until("return document.querySelector('#story[open] .facts') !== null")
            assert HOSTILE[i] in browser.run("return document.querySelector('#story').textContent")
            browser.press(ESCAPE)
            # Closing the story goes back in the history, which takes a moment.
            browser.wait_until("return document.querySelector('#story[open]') === null && "
                               "!location.hash.includes('call=')")
        for view in ("runs", "overview", "actions"):
            browser.run("location.hash = arguments[0]", f"#/{view}")
            browser.wait_until("return document.querySelectorAll('main tbody tr').length >= 1")
            time.sleep(0.3)
            assert HOSTILE[0] in browser.run("return document.querySelector('main').textContent"), view
        assert browser.run("return window.hit") is None
        assert browser.run("return document.querySelector('main img, main script')") is None
    host.close()


def test_no_file_of_the_page_needs_what_the_policy_forbids():
    for path in FILES.glob("*.*"):
        text = path.read_text()
        assert re.search(r"(inner|outer|Adjacent)HTML|document\.write|\beval\(|new Function", text) is None, path
        if path.suffix in (".js", ".html", ".css"):
            assert re.findall(r"https?://(?!www\.w3\.org/)[\w.]+", text) == [], path
    html = (FILES / "index.html").read_text()
    assert "<style" not in html and " style=" not in html and re.search(r"<script(?![^>]* src=)", html) is None
