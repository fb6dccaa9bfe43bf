-- A report on each member of the staff and each day: calls, talk time, customers received, and the customers' states.
-- For `after` in [sink], with the source callio and records in PostgreSQL. The tenant is PK, and a day is one in Vietnam
-- (UTC+7, no summer time). The last 7 days and today are made anew in each run, whole days, so that no hour is missing
-- and a late or changed call counts. Copy this file, and change tenant and words, for another tenant.
CREATE TABLE IF NOT EXISTS "fact_staff_daily_PK" (
    "Ngay" date NOT NULL, "MaNV_id" text NOT NULL, "MaNV" text, "Team" text,
    "TongCuoc" bigint, "SoSDT_Unique" bigint, "SoCuoc_NoiMay" bigint, "SoCuoc_KhongNoiMay" bigint,
    "TongThoiluongGoi_Giay" bigint, "TongRungChuong_Giay" bigint, "SoDataNhan" bigint,
    "SoSDT_KetBanZalo" bigint, "SoSDT_CoNhuCau" bigint, "SoSDT_TuChoi" bigint, "SoSDT_KhongNgheMay" bigint,
    "max_create_ms" bigint, "max_assigned_ms" bigint, "_ingested_at" timestamptz,
    PRIMARY KEY ("Ngay", "MaNV_id"));

CREATE TABLE IF NOT EXISTS "customer" ("tenant" text NOT NULL, "_id" text NOT NULL, "name" text, "phone" text,
    "createTime" bigint, "updateTime" bigint, "assignedTime" bigint, "user_id" text, "user_name" text,
    "user_group_id" text, "customField_0_val" text, "NgayUpdate" date, "NgayAssign" date, "row_hash" text,
    PRIMARY KEY ("tenant", "_id"));
CREATE TABLE IF NOT EXISTS "staff" ("tenant" text NOT NULL, "_id" text NOT NULL, "email" text, "name" text,
    "createTime" bigint, "updateTime" bigint, "group_id" text, "row_hash" text, PRIMARY KEY ("tenant", "_id"));
CREATE TABLE IF NOT EXISTS "group" ("tenant" text NOT NULL, "group_id" text NOT NULL, "name" text, "row_hash" text,
    PRIMARY KEY ("tenant", "group_id"));

DELETE FROM "fact_staff_daily_PK" WHERE "Ngay" >= (now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date - 7;

INSERT INTO "fact_staff_daily_PK"
WITH
made AS ( -- the calls, with the local day of their createTime
    SELECT coalesce(agent, '') AS staff, destination AS number,
           CASE WHEN billsec < 1000000000 THEN billsec ELSE 0 END AS talked, -- a sum of more may be too large
           (raw_data ->> 'create_ms')::bigint AS create_ms,
           (raw_data ->> 'start_ms')::bigint AS start_ms,
           (raw_data ->> 'end_ms')::bigint AS end_ms
    FROM callcenter_records
    WHERE source = 'callio' AND campaign = 'PK'
      AND start_epoch >= extract(epoch FROM now())::bigint - 9 * 86400),
call AS ( -- a time after the year 9999 has no day, and stops no report
    SELECT CASE WHEN create_ms BETWEEN 0 AND 253402214400000
                THEN (to_timestamp(create_ms / 1000) AT TIME ZONE 'Asia/Ho_Chi_Minh')::date END AS day, made.*
    FROM made),
counted AS (
    SELECT day, staff, count(*) AS calls, count(DISTINCT number) AS numbers, count(*) FILTER (WHERE talked > 0) AS answered,
           count(*) FILTER (WHERE talked = 0) AS unanswered, sum(talked) AS seconds,
           sum(CASE WHEN talked = 0 THEN coalesce(end_ms - start_ms, 0) / 1000 ELSE 0 END) AS ringing,
           max(create_ms) AS newest
    FROM call WHERE day >= (now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date - 7 GROUP BY day, staff),
stated AS ( -- numbers, not calls. In the locale C, ILIKE knows capitals of ASCII only
    SELECT day, staff,
           count(DISTINCT CASE WHEN state ILIKE '%zalo%' THEN number END) AS zalo,
           count(DISTINCT CASE WHEN state ILIKE '%nhu cầu%' OR state ILIKE '%NHU CẦU%' OR state ILIKE '%suy nghĩ%'
                                 OR state ILIKE '%SUY NGHĨ%' THEN number END) AS need,
           count(DISTINCT CASE WHEN state ILIKE '%từ chối%' OR state ILIKE '%TỪ CHỐI%' THEN number END) AS refusal,
           count(DISTINCT CASE WHEN state ILIKE '%không nghe%' OR state ILIKE '%KHÔNG NGHE%' OR state ILIKE '%tắt máy%'
                                 OR state ILIKE '%TẮT MÁY%' OR state ILIKE '%thuê bao%' OR state ILIKE '%THUÊ BAO%'
                                 OR state ILIKE '%máy bận%' OR state ILIKE '%MÁY BẬN%' THEN number END) AS silent
    FROM (SELECT call.day, call.staff, call.number, customer."customField_0_val" AS state
          FROM call JOIN customer ON customer.tenant = 'PK' AND customer.phone = call.number) AS known
    GROUP BY day, staff),
given AS (
    SELECT CASE WHEN "assignedTime" BETWEEN 0 AND 253402214400000
                THEN (to_timestamp("assignedTime" / 1000) AT TIME ZONE 'Asia/Ho_Chi_Minh')::date END AS day,
           coalesce("user_id", '') AS staff, "assignedTime" AS assigned_ms
    FROM customer WHERE tenant = 'PK' AND "assignedTime" > 0),
received AS (
    SELECT day, staff, count(*) AS customers, max(assigned_ms) AS newest
    FROM given WHERE day >= (now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date - 7 GROUP BY day, staff),
pair AS (SELECT day, staff FROM counted UNION SELECT day, staff FROM received)
SELECT pair.day, pair.staff, coalesce(staff.name, pair.staff), coalesce("group".name, 'Unassigned'),
       coalesce(calls, 0), coalesce(numbers, 0), coalesce(answered, 0), coalesce(unanswered, 0), coalesce(seconds, 0),
       coalesce(ringing, 0), coalesce(customers, 0), coalesce(zalo, 0), coalesce(need, 0), coalesce(refusal, 0),
       coalesce(silent, 0), counted.newest, received.newest, now()
FROM pair
LEFT JOIN counted ON counted.day = pair.day AND counted.staff = pair.staff
LEFT JOIN stated ON stated.day = pair.day AND stated.staff = pair.staff
LEFT JOIN received ON received.day = pair.day AND received.staff = pair.staff
LEFT JOIN staff ON staff.tenant = 'PK' AND staff._id = pair.staff
LEFT JOIN "group" ON "group".tenant = 'PK' AND "group".group_id = staff.group_id;
