-- Calls that BigQuery does not have yet.
MERGE `calls.telephony.calls` AS target
USING (
  SELECT * FROM `calls.telephony.calls_staging_5eb1_1795714390`
  WHERE change = 0
  QUALIFY ROW_NUMBER() OVER (PARTITION BY tenant, source, call_id ORDER BY seen_at DESC) = 1
) AS staged
ON target.tenant = staged.tenant AND target.source = staged.source AND target.call_id = staged.call_id
  AND target.call_date BETWEEN @first_day AND @last_day
WHEN MATCHED AND target.row_hash IS DISTINCT FROM staged.row_hash
  AND (target.seen_at IS NULL OR target.seen_at <= staged.seen_at
       OR target.seen_at > CURRENT_TIMESTAMP()) THEN
  UPDATE SET
    call_date = staged.call_date,
    direction = staged.direction,
    caller_id = staged.caller_id,
    destination = staged.destination,
    phone_number = staged.phone_number,
    campaign = staged.campaign,
    agent = staged.agent,
    disposition = staged.disposition,
    result = staged.result,
    started_at = staged.started_at,
    answered_at = staged.answered_at,
    ended_at = staged.ended_at,
    duration = staged.duration,
    billsec = staged.billsec,
    recording_path = staged.recording_path,
    extras = staged.extras,
    row_hash = staged.row_hash,
    seen_at = staged.seen_at
WHEN NOT MATCHED THEN
  INSERT (tenant, source, call_id, call_date, direction, caller_id, destination, phone_number, campaign, agent, disposition, result, started_at, answered_at, ended_at, duration, billsec, recording_path, extras, row_hash, seen_at)
  VALUES (staged.tenant, staged.source, staged.call_id, staged.call_date, staged.direction, staged.caller_id, staged.destination, staged.phone_number, staged.campaign, staged.agent, staged.disposition, staged.result, staged.started_at, staged.answered_at, staged.ended_at, staged.duration, staged.billsec, staged.recording_path, staged.extras, staged.row_hash, staged.seen_at)

-- Calls that it may have, perhaps on another day.
MERGE `calls.telephony.calls` AS target
USING (
  SELECT * FROM `calls.telephony.calls_staging_5eb1_1795714390`
  WHERE change >= @least_change
  QUALIFY ROW_NUMBER() OVER (PARTITION BY tenant, source, call_id ORDER BY seen_at DESC) = 1
) AS staged
ON target.tenant = staged.tenant AND target.source = staged.source AND target.call_id = staged.call_id
  AND target.call_date >= DATE '0001-01-01'
  AND target.tenant BETWEEN @first_tenant AND @last_tenant AND target.source = @source
  AND target.call_id BETWEEN @first_id AND @last_id
WHEN MATCHED AND target.row_hash IS DISTINCT FROM staged.row_hash
  AND (target.seen_at IS NULL OR target.seen_at <= staged.seen_at
       OR target.seen_at > CURRENT_TIMESTAMP()) THEN
  UPDATE SET
    call_date = staged.call_date,
    direction = staged.direction,
    caller_id = staged.caller_id,
    destination = staged.destination,
    phone_number = staged.phone_number,
    campaign = staged.campaign,
    agent = staged.agent,
    disposition = staged.disposition,
    result = staged.result,
    started_at = staged.started_at,
    answered_at = staged.answered_at,
    ended_at = staged.ended_at,
    duration = staged.duration,
    billsec = staged.billsec,
    recording_path = staged.recording_path,
    extras = staged.extras,
    row_hash = staged.row_hash,
    seen_at = staged.seen_at
WHEN NOT MATCHED THEN
  INSERT (tenant, source, call_id, call_date, direction, caller_id, destination, phone_number, campaign, agent, disposition, result, started_at, answered_at, ended_at, duration, billsec, recording_path, extras, row_hash, seen_at)
  VALUES (staged.tenant, staged.source, staged.call_id, staged.call_date, staged.direction, staged.caller_id, staged.destination, staged.phone_number, staged.campaign, staged.agent, staged.disposition, staged.result, staged.started_at, staged.answered_at, staged.ended_at, staged.duration, staged.billsec, staged.recording_path, staged.extras, staged.row_hash, staged.seen_at)

-- Without a billing account: the days that change.
SELECT DISTINCT call_date FROM `calls.telephony.calls_staging_5eb1_1795714390`
UNION DISTINCT
SELECT DISTINCT target.call_date FROM `calls.telephony.calls` AS target
JOIN `calls.telephony.calls_staging_5eb1_1795714390` AS staged ON target.tenant = staged.tenant AND target.source = staged.source AND target.call_id = staged.call_id
WHERE target.call_date >= DATE '0001-01-01'
  AND target.tenant BETWEEN @first_tenant AND @last_tenant AND target.source = @source
  AND target.call_id BETWEEN @first_id AND @last_id

-- Without a billing account: all rows of such a day.
SELECT tenant, source, call_id, call_date, direction, caller_id, destination, phone_number, campaign, agent, disposition, result, started_at, answered_at, ended_at, duration, billsec, recording_path, extras, row_hash, seen_at
FROM (
  SELECT * FROM `calls.telephony.calls_staging_5eb1_1795714390`
  WHERE TRUE
  QUALIFY ROW_NUMBER() OVER (PARTITION BY tenant, source, call_id ORDER BY seen_at DESC) = 1
) AS newest
WHERE call_date = @day
UNION ALL
SELECT target.tenant, target.source, target.call_id, target.call_date, target.direction, target.caller_id, target.destination, target.phone_number, target.campaign, target.agent, target.disposition, target.result, target.started_at, target.answered_at, target.ended_at, target.duration, target.billsec, target.recording_path, target.extras, target.row_hash, target.seen_at
FROM `calls.telephony.calls` AS target
LEFT JOIN (SELECT DISTINCT tenant, source, call_id FROM `calls.telephony.calls_staging_5eb1_1795714390`) AS staged
ON target.tenant = staged.tenant AND target.source = staged.source AND target.call_id = staged.call_id
WHERE target.call_date = @day AND staged.call_id IS NULL

-- How many rows of each tenant a MERGE has made or changed.
SELECT FORMAT('%d %s', COUNT(*), target.tenant) FROM `calls.telephony.calls` AS target
JOIN `calls.telephony.calls_staging_5eb1_1795714390` AS staged ON target.tenant = staged.tenant AND target.source = staged.source AND target.call_id = staged.call_id
  AND target.seen_at = staged.seen_at
WHERE target.call_date BETWEEN @first_day AND @last_day
GROUP BY target.tenant
