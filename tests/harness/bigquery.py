"""A stand-in for Google BigQuery: the token endpoint and the parts of the REST API that loads and queries need, with
their pitfalls. The rows are in SQLite, and the statements really run.

The real service has several hosts. Here all paths are on one address: /token, /bigquery/v2/..., /upload/bigquery/v2/...
"""
import collections
import copy
import datetime
import json
import re
import secrets
import signal
import sqlite3
import threading
import time
import zoneinfo

from .google_accounts import Accounts
from .process import until
from .web import Reply, Web

SCOPE = "https://www.googleapis.com/auth/bigquery"
MULTIPART_MOST = 11 * 1024 * 1024
PAGE = 150         # rows of one answer with a result
JOBS_PAGE = 8      # jobs of one answer with a list of them
DONE_AFTER = 0.5   # seconds; a job ends also if nobody looks
NEXT_DAY = "Your table exceeded quota for imports or query appends per table"
NO_BILLING = ("Billing has not been enabled for this project. Enable billing at "
              "https://console.cloud.google.com/billing. DML queries are not allowed in the free tier.")
# The status that belongs to a reason, and Google's word for it.
REASONS = {"invalid": 400, "invalidQuery": 400, "authError": 401, "accessDenied": 403, "accessNotConfigured": 403,
           "billingNotEnabled": 403, "quotaExceeded": 403, "rateLimitExceeded": 403, "jobRateLimitExceeded": 403,
           "notFound": 404, "duplicate": 409, "backendError": 503, "internalError": 500}


class Failed(Exception):
    """A request, or a job, ends with this reason. status None: the one of the reason."""

    def __init__(self, reason, message="", status=None, errors=()):
        super().__init__(message)
        self.reason, self.message, self.errors = reason, message or reason, list(errors)
        self.status = status or REASONS.get(reason, 400)

    def reply(self):
        return Reply.of_json(self.status, {"error": {
            "code": self.status, "message": self.message,
            "errors": [{"domain": "global", "reason": self.reason, "message": self.message}]}})


# ---- values ----

def _timestamp(value):
    match = re.fullmatch(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.\d{1,6})?(?:Z| UTC)", value)
    if match is None:
        raise ValueError("Could not parse the timestamp")
    datetime.datetime.fromisoformat(f"{match[1]}T{match[2]}")
    return f"{match[1]}T{match[2]}.{(match[3] or '.').removeprefix('.'):0<6}Z"


def _date(value):
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        raise ValueError("Could not parse the date")
    return datetime.date.fromisoformat(value).isoformat()


def _int64(value):
    number = int(value)
    if isinstance(value, (bool, float)) or not -2**63 <= number < 2**63:
        raise ValueError("Could not convert value to integer")
    return number


def _string(value):
    if not isinstance(value, str):
        raise ValueError("Could not convert non-string JSON value to STRING type")
    return value


def _shown(instant):
    return f"{instant:%FT%T.%fZ}"


def _instant(value):
    return datetime.datetime.fromisoformat(value.removesuffix("Z") + "+00:00")


def _day_in(instant, zone):
    return None if instant is None else f"{_instant(instant).astimezone(zoneinfo.ZoneInfo(zone)):%F}"


def _json_value(text, path):
    value = json.loads(text or "{}").get(path.removeprefix("$."))
    return value if value is None or isinstance(value, str) else json.dumps(value)


class CountIf:
    """The aggregate COUNTIF."""

    def __init__(self):
        self.count = 0

    def step(self, condition):
        self.count += bool(condition)

    def finalize(self):
        return self.count


def _of(function):
    """The function, which gives NULL for a NULL as its first argument, as BigQuery's do."""
    return lambda first, *others: None if first is None else function(first, *others)


def _safe(function):
    """The function with BigQuery's prefix SAFE: NULL instead of an error."""
    def safe(*arguments):
        try:
            return function(*arguments)
        except (ValueError, OverflowError):
            return None
    return safe


# BigQuery's functions that SQLite lacks, or has with another meaning: name -> (arguments, function).
FUNCTIONS = {
    "current_date_in": (1, lambda zone: f"{datetime.datetime.now(zoneinfo.ZoneInfo(zone)):%F}"),
    "current_instant": (0, lambda: _shown(datetime.datetime.now(datetime.timezone.utc))),
    "date": (2, _day_in),
    "date_sub": (2, _of(lambda day, days: f"{datetime.date.fromisoformat(day) - datetime.timedelta(days):%F}")),
    "div": (2, _of(lambda number, by: abs(number) // by * (1 if number >= 0 else -1))),
    "json_value": (2, _json_value),
    "lower": (1, _of(str.lower)),
    "timestamp_millis": (1, _of(lambda ms: _shown(datetime.datetime.fromtimestamp(ms / 1000, datetime.timezone.utc)))),
}
FUNCTIONS |= {f"safe_{name}": (count, _safe(function)) for name, (count, function) in FUNCTIONS.items()}

# How SQLite says what BigQuery says so.
WORDS = [(r"\bSAFE\.", "SAFE_"), (r"\bSAFE_CAST\(", "CAST("), (r"\bAS INT64\)", "AS INTEGER)"),
         (r"\bCURRENT_DATE\(", "CURRENT_DATE_IN("), (r"\bCURRENT_TIMESTAMP\(", "CURRENT_INSTANT("),
         (r"\bINTERVAL (\d+) DAY\b", r"\1"), (r"\bUNION DISTINCT\b", "UNION"), (r"\bDATE '", "'")]


# What Google's answers say of a MERGE besides, which is more than all that a client wants.
PLAN = [{"id": str(stage), "name": f"S{stage:02}: Join+",
         "steps": [{"kind": "READ", "substeps": ["$1:call_id"] * 20}] * 8} for stage in range(12)]

# The names that a request may ask for with fields=, of those that the answers here have.
FIELDS = {"configuration", "errorResult", "errors", "id", "jobComplete", "jobId", "jobReference", "jobs", "labels",
          "load", "location", "nextPageToken", "numDmlAffectedRows", "outputRows", "pageToken", "query", "rows",
          "schema", "state", "statistics", "status", "timePartitioning", "totalRows"}


def _select(value, fields):
    """The parts of an answer that fields, such as "a,b(c,d/e)", name."""
    selected = {}
    for field in re.findall(r"(?:[^,()]|\([^()]*\))+", fields):
        name, inner = re.fullmatch(r"(\w+)(.*)", field).groups()
        if name not in FIELDS:
            raise Failed("invalidParameter", f"Invalid field selection {name}")
        inner = inner[1:-1] if inner.startswith("(") else inner.removeprefix("/")
        if name in value:
            whole = value[name]
            selected[name] = whole if not inner else [_select(one, inner) for one in whole] \
                if isinstance(whole, list) else _select(whole, inner)
    return selected


READERS = {"STRING": _string, "INT64": _int64, "INTEGER": _int64, "DATE": _date, "TIMESTAMP": _timestamp}


class Table:
    """A table: its fields by name, the column by which it is partitioned, and when it expires (epoch)."""

    def __init__(self, made):
        self.partition = made.get("timePartitioning", {}).get("field")
        self.partition_type = made.get("timePartitioning", {}).get("type", "DAY")
        self.needs_filter = made.get("requirePartitionFilter", False)
        self.clustering = made.get("clustering", {}).get("fields", [])
        self.expires = int(made["expirationTime"]) / 1000 if "expirationTime" in made else None
        self.fields = {}
        for field in made["schema"]["fields"]:
            self.fields[field["name"]] = field
        if self.partition and self.partition not in self.fields or set(self.clustering) - set(self.fields):
            raise Failed("invalid", "The field specified for partitioning or clustering cannot be found in the schema")

    def schema(self):
        return {"fields": list(self.fields.values())}

    def read(self, line):
        """The values of a line of JSON, in the order of the fields."""
        row = json.loads(line)
        unknown = set(row) - set(self.fields)
        if unknown:
            raise ValueError(f"No such field: {min(unknown)}.")
        values = []
        for name, field in self.fields.items():
            value = row.get(name)
            if value is None and field.get("mode") == "REQUIRED":
                raise ValueError(f"Missing required field: {name}.")
            values.append(None if value is None else READERS[field["type"]](value))
        return values


class BigQuery:
    """A running stand-in. A request has one of these kinds: token, dataset.get, dataset.insert, table.get,
    table.insert, table.patch, table.delete, load, upload (its beginning), bytes, query, job.get, job.list,
    rows.

    answers[kind]: a queue of things that happen instead of the proper answer, one for each request. The things are:
      a reason, such as "backendError"; a status; a Reply; None: the proper answer;
      "cut": nothing is done, and the connection ends; "lost": the work is done, then the connection ends.
    job_errors[kind]: a queue of the reasons with which jobs of the kind load, merge, select or script end, with HTTP
    200; None: none. slow: a job has this many looks before it is done. held: jobs with one of these texts in their ids
    run on until release(). hidden: the id of a job of another account. lag: a new table is missing for so many
    requests. plans: how long the answer of a MERGE is. billing: False: a sandbox. quota: load jobs a table and day;
    None: no limit. refused: ids of calls that no load accepts. editors: the accounts that may do something; None: all.
    row_most: how many bytes a row may have. file: where the rows are, if there are too many for the memory.
    kinds: the kinds of the requests that came, in order. jobs: id -> job. statements: the queries that ran. loads:
    table -> its load jobs. pruned: for each MERGE the days it was allowed to read, None: all. overlaps: pairs of jobs
    that changed one table at the same time: the real service may run both on the same rows, so the client is wrong."""

    def __init__(self, project="calls", file=":memory:"):
        self.project, self.billing, self.quota, self.editors = project, True, None, None
        self.slow, self.lag, self.plans, self.row_most = 1, 0, 1, 100 * 1024 * 1024
        self.held, self.overlaps, self.hidden = set(), [], None
        self.answers, self.job_errors = collections.defaultdict(collections.deque), collections.defaultdict(
            collections.deque)
        self.kinds, self.statements, self.pruned = [], [], []
        self.jobs, self.datasets, self.tables, self.sessions = {}, {}, {}, {}
        self.loads, self.refused, self._lags = collections.Counter(), set(), {}
        self.on_request = None
        self.lock = threading.RLock()
        self.rows_of = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        self.rows_of.execute("PRAGMA synchronous = OFF")
        self.rows_of.row_factory = sqlite3.Row
        self.rows_of.execute("PRAGMA case_sensitive_like = ON")
        for name, (arguments, function) in FUNCTIONS.items():
            self.rows_of.create_function(name, arguments, function)
        self.rows_of.create_aggregate("countif", 1, CountIf)
        self._web = Web(self._answer)
        self.url = self._web.url
        self.accounts = Accounts(self.url + "/token")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
        assert not self.overlaps, f"jobs that changed one table at the same time: {self.overlaps}"

    def close(self):
        self._web.close()
        self.accounts.close()
        self.rows_of.close()

    # ---- for tests ----

    def release(self):
        """Ends the jobs that were held."""
        with self.lock:
            self.held.clear()
            for job in self.jobs.values():
                if job["state"] != "DONE":
                    self._finish(job)

    def rows(self, table, order="rowid"):
        """The rows of a table, "dataset.table", as dicts."""
        with self.lock:
            self._finish_jobs()
            if table not in self.tables:
                return []
            return [dict(row) for row in self.rows_of.execute(f'SELECT * FROM "{table}" ORDER BY {order}')]

    def stop_while_held(self, process, name):
        """Stops a run when it waits for a held job with name in its id, of this run or an earlier one."""
        before = {job_id: job["looks"] for job_id, job in self.jobs.items()}

        def is_looked_at():
            assert process.poll() is None, process.communicate()
            return any(name in job_id and job["looks"] > before.get(job_id, 0)
                       for job_id, job in list(self.jobs.items()))

        until(is_looked_at, "the run does not look at the job", seconds=300)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=300)
        assert process.returncode == 75

    def staging_tables(self):
        return [name for name in self.tables if "_staging_" in name]

    def save(self):
        """Everything that is stored, for restore()."""
        with self.lock:
            self._finish_jobs()
            rows = sqlite3.connect(":memory:", check_same_thread=False)
            self.rows_of.backup(rows)
            return rows, copy.deepcopy((self.jobs, self.datasets, self.tables, self.loads))

    def restore(self, saved):
        with self.lock:
            rows, others = saved
            rows.backup(self.rows_of)
            self.jobs, self.datasets, self.tables, self.loads = copy.deepcopy(others)

    # ---- tables ----

    def make_table(self, dataset, made):
        name = f"{dataset}.{made['tableReference']['tableId']}"
        if name in self.tables:
            raise Failed("duplicate", f"Already Exists: Table {self.project}:{name}")
        table = self.tables[name] = Table(made)
        self._lags[name] = self.lag
        self._make_storage(name, table)
        return table

    def _make_storage(self, name, table):
        columns = ", ".join(f'"{field["name"]}" {"INTEGER" if field["type"] in ("INT64", "INTEGER") else "TEXT"}'
                            for field in table.fields.values())
        self.rows_of.execute(f'DROP TABLE IF EXISTS "{name}"')
        self.rows_of.execute(f'CREATE TABLE "{name}" ({columns})')
        if "call_id" in table.fields:
            self.rows_of.execute(f'CREATE INDEX "i.{name}" ON "{name}" (call_id)')

    def drop_table(self, name):
        self.rows_of.execute(f'DROP TABLE "{name}"')
        del self.tables[name]

    def _table(self, name):
        table = self.tables.get(name)
        if table is not None and table.expires is not None and table.expires < time.time():
            self.drop_table(name)
            table = None
        if table is None or self._lags.get(name, 0) > 0:
            self._lags[name] = self._lags.get(name, 0) - 1
            raise Failed("notFound", f"Not found: Table {self.project}:{name.replace('.', ':', 0)}")
        return table

    def _shown(self, name):
        dataset, _, table_id = name.partition(".")
        table = self._table(name)
        shown = {"kind": "bigquery#table", "id": f"{self.project}:{name}", "schema": table.schema(),
                 "tableReference": {"projectId": self.project, "datasetId": dataset, "tableId": table_id},
                 "location": self.datasets[dataset]["location"]}
        if table.partition:
            shown["timePartitioning"] = {"type": table.partition_type, "field": table.partition}
        return Reply.of_json(200, shown)

    def _patch(self, name, change):
        """Only columns that may be NULL can be added; none can go or change."""
        table = self._table(name)
        fields = {field["name"]: field for field in change["schema"]["fields"]}
        for old, field in table.fields.items():
            if old not in fields or fields[old]["type"] != field["type"]:
                raise Failed("invalid", f"Provided Schema does not match Table {name}. Field {old} is missing in new "
                             "schema")
        for new, field in fields.items():
            if new in table.fields:
                continue
            if field.get("mode", "NULLABLE") != "NULLABLE":
                raise Failed("invalid", f"Provided Schema does not match Table {name}. Cannot add required fields to "
                             f"an existing schema. (field: {new})")
            table.fields[new] = field
            self.rows_of.execute(f'ALTER TABLE "{name}" ADD COLUMN "{new}"')
        return self._shown(name)

    def _insert_dataset(self, made):
        dataset = made["datasetReference"]["datasetId"]
        if dataset in self.datasets:
            raise Failed("duplicate", f"Already Exists: Dataset {self.project}:{dataset}")
        self.datasets[dataset] = {"location": made.get("location", "US")}
        return self._dataset(dataset)

    def _dataset(self, dataset):
        if dataset not in self.datasets:
            raise Failed("notFound", f"Not found: Dataset {self.project}:{dataset}")
        return Reply.of_json(200, {"kind": "bigquery#dataset", "location": self.datasets[dataset]["location"],
                                   "datasetReference": {"projectId": self.project, "datasetId": dataset}})

    # ---- jobs ----

    def _insert_job(self, made, content=None):
        """A job with an id that was seen before is refused, whatever became of it."""
        reference = made["jobReference"]
        job_id = reference["jobId"]
        if not re.fullmatch(r"[\w-]{1,1024}", job_id, re.ASCII):
            raise Failed("invalid", "Invalid job ID")
        kind = "load" if "load" in made["configuration"] else "query"
        if made["configuration"].get("dryRun"):
            self._check_dml(made["configuration"]["query"]["query"])
            return Reply.of_json(200, {"configuration": made["configuration"], "status": {"state": "DONE"}})
        self._check_location(reference, made["configuration"])
        if job_id in self.jobs:
            raise Failed("duplicate", f"Already Exists: Job {self.project}:{job_id}")
        job = self.jobs[job_id] = {"made": made, "content": content, "kind": kind, "looks": 0, "born": time.monotonic(),
                                   "created": time.time(), "state": "PENDING", "statistics": {}, "error": None,
                                   "rows": []}
        job["changes"] = self._changed_by(made["configuration"])
        self.overlaps += [(other_id, job_id) for other_id, other in self.jobs.items() if other["state"] != "DONE" and
                          other is not job and job["changes"] is not None and other["changes"] == job["changes"]]
        if kind == "load":
            self._count_load(made["configuration"]["load"]["destinationTable"])
        return self._job(job_id)

    def _check_location(self, reference, configuration):
        """A job runs where its dataset is; without a location that is the location of the job."""
        parts = configuration.get("load") or configuration["query"]
        given = parts.get("destinationTable") or parts.get("defaultDataset")
        used = re.findall(rf"`{self.project}\.(\w+)\.", parts.get("query", ""))
        dataset = given["datasetId"] if given else used[0] if used else None
        if dataset not in self.datasets:
            return
        home = self.datasets[dataset]["location"]
        if reference.setdefault("location", home).lower() != home.lower():
            raise Failed("notFound", f"Not found: Dataset {self.project}:{dataset} was not found in location "
                         f"{reference['location']}")

    def _job_in(self, job_id, location):
        """The job; outside US and EU only if its location is given."""
        job = self.jobs.get(job_id)
        home = job and job["made"]["jobReference"].get("location", "US")
        if job is None or (home not in ("US", "EU") if location is None else location.lower() != home.lower()):
            raise Failed("notFound", f"Not found: Job {self.project}:{job_id}")
        return job

    @staticmethod
    def _changed_by(configuration):
        """The table whose rows a query changes; the statements of a script may change any."""
        query = configuration.get("query", {})
        statement = query.get("query", "")
        if "destinationTable" in query:
            return query["destinationTable"]["tableId"].partition("$")[0]
        merged = re.match(r"MERGE `[^`]+\.([^`.]+)`", statement)
        return merged[1] if merged else "any" if statement and not statement.startswith("SELECT") else None

    def _is_held(self, job_id):
        return any(text in job_id for text in self.held)

    @staticmethod
    def _page(rows, start):
        shown = [{"f": [{"v": None if value is None else str(value)} for value in row.values()]}
                 for row in rows[start:start + PAGE]]
        more = {"pageToken": secrets.token_urlsafe()} if start + PAGE < len(rows) else {}
        return Reply.of_json(200, {"jobComplete": True, "totalRows": str(len(rows)), "rows": shown, **more})

    def _count_load(self, destination):
        """Each load job counts, also one that fails."""
        name = f"{destination['datasetId']}.{destination['tableId'].partition('$')[0]}"
        self.loads[name] += 1
        if self.quota is not None and sum(self.loads.values()) > self.quota:
            raise Failed("quotaExceeded", NEXT_DAY)

    def _job(self, job_id):
        job = self.jobs[job_id]
        status = {"state": job["state"]}
        if job["error"] is not None:
            status["errorResult"] = {"reason": job["error"].reason, "message": job["error"].message}
            status["errors"] = [status["errorResult"]] + [{"reason": "invalid", "message": message}
                                                          for message in job["error"].errors]
        return Reply.of_json(200, {"kind": "bigquery#job", "jobReference": job["made"]["jobReference"],
                                   "status": status, "statistics": job["statistics"]})

    def _look(self, job_id, location):
        if job_id == self.hidden:
            raise Failed("accessDenied", f"Access Denied: Job {self.project}:{job_id}: User does not have "
                         "bigquery.jobs.get permission")
        job = self._job_in(job_id, location)
        job["looks"] += 1
        if job["state"] != "DONE":
            job["state"] = "RUNNING"
            if job["looks"] > self.slow and not self._is_held(job_id):
                self._finish(job)
        return self._job(job_id)

    def _list(self, request):
        """A page of the caller's jobs. An empty page may have a further one."""
        states = [value.upper() for name, value in request.queries if name == "stateFilter"]
        since = int(request.query.get("minCreationTime", 0)) / 1000
        found = [{"jobReference": job["made"]["jobReference"], "configuration": job["made"]["configuration"]}
                 for job_id, job in self.jobs.items() if (not states or job["state"] in states) and
                 job["created"] >= since and job_id != self.hidden]
        start = int(request.query.get("pageToken", -JOBS_PAGE))
        return Reply.of_json(200, {"jobs": found[start:start + JOBS_PAGE] if start >= 0 else []} |
                             ({"nextPageToken": str(start + JOBS_PAGE)} if start + JOBS_PAGE < len(found) else {}))

    def _finish_jobs(self):
        """Jobs end also if nobody looks at them."""
        for job_id, job in self.jobs.items():
            if job["state"] != "DONE" and time.monotonic() - job["born"] > DONE_AFTER and not self._is_held(job_id):
                self._finish(job)

    def _finish(self, job):
        job["state"] = "DONE"
        self.rows_of.execute("BEGIN")
        try:
            self._run(job)
            self.rows_of.execute("COMMIT")
        except Failed as failed:
            job["error"] = failed
            self.rows_of.execute("ROLLBACK")
        job["content"] = None

    def _run(self, job):
        configuration = job["made"]["configuration"]
        statement = configuration.get("query", {}).get("query", "")
        kind = "load" if job["kind"] == "load" else "merge" if statement.startswith("MERGE") else \
            "select" if statement.startswith("SELECT") else "script"
        queue = self.job_errors[kind]
        error = queue.popleft() if queue else None
        if error is not None:
            raise error if isinstance(error, Failed) else Failed(error, f"The job failed: {error}")
        if kind == "load":
            job["statistics"]["load"] = {"outputRows": str(self._load(configuration["load"], job["content"]))}
            return
        self.statements.append(statement)
        query = configuration["query"]
        if query.get("useLegacySql", True):
            raise Failed("invalidQuery", "Encountered \" \" in legacy SQL")
        params = {param["name"]: READERS[param["parameterType"]["type"]](param["parameterValue"]["value"])
                  for param in query.get("queryParameters", [])}
        if kind == "merge":
            job["statistics"]["query"] = {"numDmlAffectedRows": str(self._merge(statement, params)),
                                          "queryPlan": PLAN * self.plans}
        elif kind == "script":
            self._script(statement, query["defaultDataset"]["datasetId"])
        else:
            job["rows"] = self._select(statement, params)
            if "destinationTable" in query:
                self._replace(query, job["rows"])

    # ---- loads ----

    def _load(self, load, content):
        name = f"{load['destinationTable']['datasetId']}.{load['destinationTable']['tableId']}"
        table = self._table(name)
        if load["sourceFormat"] != "NEWLINE_DELIMITED_JSON" or load.get("createDisposition") != "CREATE_NEVER":
            raise Failed("invalid", "not what the tests expect")
        if load["writeDisposition"] == "WRITE_TRUNCATE":
            self.rows_of.execute(f'DELETE FROM "{name}"')
            given = load.get("schema", {}).get("fields", [])
            if given and {field["name"]: field["type"] for field in given} != \
                    {field["name"]: field["type"] for field in table.fields.values()}:
                table.fields = {field["name"]: field for field in given}
                self._make_storage(name, table)
        rows, position = [], 0
        for line in content.split(b"\n"):
            if line:
                try:
                    values = table.read(line)
                    if len(line) > self.row_most:
                        raise ValueError(f"Row size is larger than: {self.row_most}.")
                    if json.loads(line).get("call_id") in self.refused:
                        raise ValueError("Could not convert value")
                    rows.append(values)
                except ValueError as error:
                    raise Failed("invalid", "Error while reading data, error message: JSON table encountered too many "
                                 "errors, giving up. Rows: 1; errors: 1. Please look into the errors[] collection for "
                                 "more details.",
                                 errors=["Error while reading data, error message: JSON parsing error in row starting "
                                         f"at position {' ' if 'size' in str(error) else ''}{position}: {error}"]
                                 ) from None
            position += len(line) + 1
        self._add(name, rows)
        return len(rows)

    def _add(self, name, rows):
        table = self.tables[name]
        marks = ", ".join("?" * len(table.fields))
        names = ", ".join(f'"{field}"' for field in table.fields)
        self.rows_of.executemany(f'INSERT INTO "{name}" ({names}) VALUES ({marks})', rows)

    # ---- statements ----

    def _check_dml(self, statement):
        if not self.billing and re.match(r"(MERGE|UPDATE|INSERT|DELETE)\b", statement):
            raise Failed("billingNotEnabled", NO_BILLING)

    def _translated(self, sql, dataset=None):
        """The statement, or a part of it, as SQLite understands it. dataset: that of a table without one."""
        def table(match):
            project, _, name = match[1].partition(".")
            if not name and dataset:
                project, name = self.project, f"{dataset}.{project}"
            if project != self.project:
                raise Failed("accessDenied", f"Access Denied: Project {project}")
            self._table(name)
            return f'"{name}"'

        sql = re.sub(r"SELECT \* FROM (`[^`]+`)\s+WHERE (.*?)\s+QUALIFY (ROW_NUMBER\(\) OVER \([^)]*\)) = 1",
                     r"SELECT * FROM (SELECT *, \3 AS nth FROM \1 WHERE \2) AS numbered WHERE nth = 1", sql, flags=re.S)
        if "QUALIFY" in sql:
            raise Failed("invalidQuery", "QUALIFY without WHERE")
        for theirs, ours in WORDS:
            sql = re.sub(theirs, ours, sql)
        sql = re.sub(r"`([^`]+)`", table, sql)
        return re.sub(r"@(\w+)", r":\1", sql)

    def _execute(self, sql, params):
        try:
            return self.rows_of.execute(sql, {name: value for name, value in params.items() if f":{name}" in sql})
        except sqlite3.Error as error:
            raise Failed("invalidQuery", f"{error}: {sql}") from None

    def _check_filter(self, name, condition):
        if name in self.tables and self.tables[name].needs_filter and \
                not re.search(r"call_date (=|>=|BETWEEN) ", condition):
            raise Failed("invalidQuery", f"Cannot query over table '{name}' without a filter over column(s) "
                         "'call_date' that can be used for partition elimination")

    def _merge(self, statement, params):
        self._check_dml(statement)
        match = re.fullmatch(r"MERGE `[^.`]+\.([^`]+)` AS target\s+USING \((.*?)\n\) AS staged\s+ON (.*?)\s+"
                             r"WHEN MATCHED AND (.*?) THEN\s+UPDATE SET(.*?)\s+"
                             r"WHEN NOT MATCHED THEN\s+INSERT \((.*?)\)\s+VALUES \((.*?)\)\s*"
                             r"(?:WHEN NOT MATCHED BY SOURCE AND (.*?) THEN\s+DELETE\s*)?", statement, re.S)
        if match is None:
            raise Failed("invalidQuery", f"Syntax error: {statement}")
        name, source, condition, matched, updates, columns, values, gone = match.groups()
        self._table(name)
        self._check_filter(name, condition)
        condition, matched = self._translated(condition), self._translated(matched)
        self._execute("DROP TABLE IF EXISTS temp.merging", {})
        self._execute(f"CREATE TEMP TABLE merging AS {self._translated(source)}", params)
        key = re.findall(r"staged\.(\w+)", condition)[-1]
        self.rows_of.execute(f"CREATE INDEX temp.merging_id ON merging ({key})")
        self.pruned.append((params["first_day"], params["last_day"]) if "BETWEEN :first_day" in condition else None)
        pairs = self._execute(f'SELECT target.rowid, staged.rowid FROM merging AS staged JOIN "{name}" AS target '
                              f"ON {condition} WHERE {matched}", params).fetchall()
        if len({row[0] for row in pairs}) != len(pairs):
            raise Failed("invalidQuery", "UPDATE/MERGE must match at most one source row for each target row")
        names, values = columns.split(", "), values.split(", ")
        unmatched = self._execute(f'SELECT {", ".join(values)} FROM merging AS staged WHERE NOT EXISTS '
                                  f'(SELECT 1 FROM "{name}" AS target WHERE {condition})', params).fetchall()
        lost = [] if gone is None else self._execute(
            f'SELECT target.rowid FROM "{name}" AS target WHERE {self._translated(gone)} AND NOT EXISTS '
            f"(SELECT 1 FROM merging AS staged WHERE {condition})", params).fetchall()
        settings = [update.split("=") for update in updates.split(",")]
        chosen = ", ".join(value.strip() for _, value in settings)
        changes = ", ".join(f'"{column.strip()}" = ?' for column, _ in settings)
        for target, staged in pairs:
            row = self._execute(f"SELECT {chosen} FROM merging AS staged WHERE rowid = {staged}", {}).fetchone()
            self.rows_of.execute(f'UPDATE "{name}" SET {changes} WHERE rowid = {target}', tuple(row))
        self.rows_of.executemany(f'DELETE FROM "{name}" WHERE rowid = ?', [tuple(row) for row in lost])
        self._add_named(name, names, [tuple(row) for row in unmatched])
        return len(pairs) + len(unmatched) + len(lost)

    def _add_named(self, name, names, rows):
        unknown = set(names) - set(self.tables[name].fields)
        if unknown:
            raise Failed("invalidQuery", f"Column {min(unknown)} is not present in table {name}")
        for field in self.tables[name].fields.values():
            column = field["name"]
            if field.get("mode") == "REQUIRED" and (column not in names or
                                                    any(row[names.index(column)] is None for row in rows)):
                raise Failed("invalidQuery", f"Required field {column} cannot be null")
        self.rows_of.executemany(f'INSERT INTO "{name}" ({", ".join(names)}) '
                                 f'VALUES ({", ".join("?" * len(names))})', rows)

    def _select(self, statement, params):
        for name in re.findall(r"`[^.`]+\.([^`]+)` AS target", statement):
            self._table(name)
            self._check_filter(name, statement)
        return [dict(row) for row in self._execute(self._translated(statement), params)]

    def _script(self, script, dataset):
        """The statements in turn. One that fails ends the job; those before it stay."""
        begin, script = 0, re.sub(r"--[^\n]*", "", script)
        for statement in re.split(r"(?<=;)", script):
            line = script.count("\n", 0, begin + len(statement) - len(statement.lstrip())) + 1
            begin += len(statement)
            text = statement.strip().removesuffix(";")
            if not text:
                continue
            try:
                self._check_dml(text)
                self._statement(text, dataset)
            except Failed as failed:
                self.rows_of.execute("COMMIT")
                self.rows_of.execute("BEGIN")
                raise Failed(failed.reason, f"{failed.message} at [{line}:1]") from None

    def _statement(self, text, dataset):
        for name in re.findall(r"\b(?:FROM|JOIN) `([^`.]+)`", text):
            self._check_filter(f"{dataset}.{name}", text)
        made = re.fullmatch(r"CREATE TABLE IF NOT EXISTS `([^`.]+)`\s*\((.*)\)(?:\s+CLUSTER BY ([\w, ]+))?", text, re.S)
        if made is not None:
            if f"{dataset}.{made[1]}" not in self.tables:
                fields = [dict(zip(("name", "type"), column.split())) for column in made[2].split(",")]
                self.make_table(dataset, self._described(made[1], fields, made[3]))
            return
        made = re.fullmatch(r"CREATE OR REPLACE TABLE `([^`.]+)`\s+(?:CLUSTER BY ([\w, ]+?)\s+)?AS\s+(.*)", text, re.S)
        if made is None:
            self._execute(self._translated(text, dataset), {})
            return
        rows = self._execute(self._translated(made[3], dataset), {})
        names = [column[0] for column in rows.description]
        rows, old = [tuple(row) for row in rows], self.tables.pop(f"{dataset}.{made[1]}", None)
        fields = [{"name": name, "type": old.fields[name]["type"] if old and name in old.fields else
                   "INT64" if any(isinstance(row[i], int) for row in rows) else "STRING"}
                  for i, name in enumerate(names)]
        self.make_table(dataset, self._described(made[1], fields, made[2]))
        self._add(f"{dataset}.{made[1]}", rows)

    @staticmethod
    def _described(name, fields, clustering):
        return {"tableReference": {"tableId": name}, "schema": {"fields": fields},
                "clustering": {"fields": re.findall(r"\w+", clustering or "")}}

    def _replace(self, query, rows):
        """The result replaces a table, or a day of one and no other day; no column's mode may change."""
        destination = query["destinationTable"]
        table_id, _, digits = destination["tableId"].partition("$")
        name, table = f"{destination['datasetId']}.{table_id}", self._table(f"{destination['datasetId']}.{table_id}")
        day = f"{digits[:4]}-{digits[4:6]}-{digits[6:]}" if digits else None
        if query["writeDisposition"] != "WRITE_TRUNCATE" or not re.fullmatch(r"(\d{8})?", digits):
            raise Failed("invalid", "not what the tests expect")
        if any(field.get("mode") == "REQUIRED" for field in table.fields.values()):
            raise Failed("invalid", "Provided Schema does not match Table. Field has changed mode from REQUIRED to "
                         "NULLABLE")
        if day and any(row[table.partition] != day for row in rows):
            raise Failed("invalid", f"Some rows belong to different partitions rather than destination partition {day}")
        self.rows_of.execute(f'DELETE FROM "{name}" WHERE ?1 IS NULL OR {table.partition or "NULL"} = ?1', (day,))
        if rows:
            self._add_named(name, list(rows[0]), [tuple(row.values()) for row in rows])

    # ---- requests ----

    def _multipart(self, request):
        match = re.fullmatch(r"multipart/related; boundary=(\S+)", request.headers.get("Content-Type", ""))
        if match is None or len(request.body) > MULTIPART_MOST:
            raise Failed("badContent", status=400)
        mark = b"\r\n--" + match[1].encode()
        parts = (b"\r\n" + request.body).split(mark)
        if len(parts) != 4 or parts[0] or not parts[3].startswith(b"--"):
            raise Failed("badContent", status=400)
        (head, job), (_, content) = (part.removeprefix(b"\r\n").split(b"\r\n\r\n", 1) for part in parts[1:3])
        if b"application/json" not in head:
            raise Failed("badContent", status=400)
        return self._insert_job(json.loads(job), content)

    def _start_upload(self, request):
        made = json.loads(request.body)
        session = "/session/" + secrets.token_urlsafe(30)
        self.sessions[session] = made
        return Reply(200, b"", {"Location": self.url + session})

    def _kind(self, request):
        """(kind, words) of a request."""
        path = request.path
        if path == "/token":
            return "token", ()
        if path.startswith("/session/"):
            return "bytes", ()
        if path == f"/upload/bigquery/v2/projects/{self.project}/jobs":
            return {"multipart": "load", "resumable": "upload"}[request.query["uploadType"]], ()
        prefix = f"/bigquery/v2/projects/{self.project}/"
        if not path.startswith(prefix):
            return "other", ()
        words = path[len(prefix):].split("/")
        known = {("GET", "datasets", 2): "dataset.get", ("POST", "datasets", 1): "dataset.insert",
                 ("GET", "datasets", 4): "table.get", ("POST", "datasets", 3): "table.insert",
                 ("PATCH", "datasets", 4): "table.patch", ("DELETE", "datasets", 4): "table.delete",
                 ("POST", "jobs", 1): "query", ("GET", "jobs", 1): "job.list", ("GET", "jobs", 2): "job.get",
                 ("GET", "queries", 2): "rows"}
        return known.get((request.method, words[0], len(words)), "other"), words

    def _done(self, kind, words, request):
        if kind == "token":
            return self.accounts.answer(request)
        if kind == "bytes":
            made = self.sessions.pop(request.path, None)
            if made is None or request.method != "PUT":
                raise Failed("notFound")
            return self._insert_job(made, request.body)
        caller = self.accounts.caller(request)
        if caller is None:
            raise Failed("authError", "Request had invalid authentication credentials.")
        if caller["scope"] != SCOPE:
            raise Failed("accessDenied", "Request had insufficient authentication scopes.")
        if kind == "other" or self.editors is not None and caller["who"] not in self.editors:
            raise Failed("accessDenied", f"Access Denied: Project {self.project}: User does not have "
                         "bigquery.jobs.create permission")
        body = json.loads(request.body) if request.body and kind != "load" else None
        if kind == "load":
            return self._multipart(request)
        if kind == "upload":
            return self._start_upload(request)
        if kind == "query":
            return self._insert_job(body)
        if kind == "job.get":
            return self._look(words[1], request.query.get("location"))
        if kind == "job.list":
            return self._list(request)
        if kind == "rows":
            return self._page(self._job_in(words[1], request.query.get("location"))["rows"],
                              int(request.query.get("startIndex", 0)))
        if kind == "dataset.insert":
            return self._insert_dataset(body)
        if kind != "dataset.get" and words[1] not in self.datasets:
            raise Failed("notFound", f"Not found: Dataset {self.project}:{words[1]}")
        if kind == "dataset.get":
            return self._dataset(words[1])
        if kind == "table.insert":
            self.make_table(words[1], body)
            return Reply.of_json(200, {"kind": "bigquery#table"})
        name = f"{words[1]}.{words[3]}"
        if kind == "table.get":
            return self._shown(name)
        if kind == "table.patch":
            return self._patch(name, body)
        self._table(name)
        self.drop_table(name)
        return Reply(204)

    def _answer(self, request):
        with self.lock:
            self._finish_jobs()
            kind, words = self._kind(request)
            self.kinds.append(kind)
            if self.on_request:
                self.on_request(kind, request)
            rule = self.answers[kind].popleft() if self.answers[kind] else None
            if isinstance(rule, Reply):
                return rule
            if isinstance(rule, int):
                return Reply.of_json(rule, {"error": {"code": rule, "message": "", "errors": []}})
            if rule == "cut":
                return Reply(None)
            try:
                if rule not in (None, "lost"):
                    raise Failed(rule, f"The request failed: {rule}")
                reply = self._done(kind, words, request)
                if "fields" in request.query and reply.status == 200:
                    reply = Reply.of_json(200, _select(json.loads(reply.content), request.query["fields"]))
            except Failed as failed:
                reply = failed.reply()
        return Reply(None) if rule == "lost" else reply
