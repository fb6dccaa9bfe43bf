-- A report on each member of the staff and each day: calls, talk time, customers received, and the customers' states.
-- For `after` in [sink], with the source callio and records in SQLite. The tenant is PK, and a day is one in Vietnam
-- (UTC+7, no summer time). The last 7 days and today are made anew in each run, whole days, so that no hour is missing
-- and a late or changed call counts. Copy this file, and change tenant and words, for another tenant.
CREATE TABLE IF NOT EXISTS "fact_staff_daily_PK" (
    "Ngay" TEXT NOT NULL, "MaNV_id" TEXT NOT NULL, "MaNV" TEXT, "Team" TEXT,
    "TongCuoc" INTEGER, "SoSDT_Unique" INTEGER, "SoCuoc_NoiMay" INTEGER, "SoCuoc_KhongNoiMay" INTEGER,
    "TongThoiluongGoi_Giay" INTEGER, "TongRungChuong_Giay" INTEGER, "SoDataNhan" INTEGER,
    "SoSDT_KetBanZalo" INTEGER, "SoSDT_CoNhuCau" INTEGER, "SoSDT_TuChoi" INTEGER, "SoSDT_KhongNgheMay" INTEGER,
    "max_create_ms" INTEGER, "max_assigned_ms" INTEGER, "_ingested_at" TEXT,
    PRIMARY KEY ("Ngay", "MaNV_id"));

CREATE TABLE IF NOT EXISTS "customer" ("tenant" TEXT NOT NULL, "_id" TEXT NOT NULL, "name" TEXT, "phone" TEXT,
    "createTime" INTEGER, "updateTime" INTEGER, "assignedTime" INTEGER, "user_id" TEXT, "user_name" TEXT,
    "user_group_id" TEXT, "customField_0_val" TEXT, "NgayUpdate" TEXT, "NgayAssign" TEXT, "row_hash" TEXT,
    PRIMARY KEY ("tenant", "_id"));
CREATE TABLE IF NOT EXISTS "staff" ("tenant" TEXT NOT NULL, "_id" TEXT NOT NULL, "email" TEXT, "name" TEXT,
    "createTime" INTEGER, "updateTime" INTEGER, "group_id" TEXT, "row_hash" TEXT, PRIMARY KEY ("tenant", "_id"));
CREATE TABLE IF NOT EXISTS "group" ("tenant" TEXT NOT NULL, "group_id" TEXT NOT NULL, "name" TEXT, "row_hash" TEXT,
    PRIMARY KEY ("tenant", "group_id"));

DELETE FROM "fact_staff_daily_PK" WHERE "Ngay" >= date('now', '+7 hours', '-7 days');

INSERT INTO "fact_staff_daily_PK"
WITH
made AS ( -- the calls, with the local day of their createTime
    SELECT coalesce(agent, '') AS staff, destination AS number,
           CASE WHEN billsec < 1000000000 THEN billsec ELSE 0 END AS talked, -- a sum of more may be too large
           CAST(json_extract(raw_data, '$.create_ms') AS INTEGER) AS create_ms,
           CAST(json_extract(raw_data, '$.start_ms') AS INTEGER) AS start_ms,
           CAST(json_extract(raw_data, '$.end_ms') AS INTEGER) AS end_ms
    FROM callcenter_records
    WHERE source = 'callio' AND campaign = 'PK'
      AND start_epoch >= CAST(strftime('%s', 'now', '-9 days') AS INTEGER)),
call AS (
    SELECT date(create_ms / 1000, 'unixepoch', '+7 hours') AS day, made.* FROM made),
counted AS (
    SELECT day, staff, count(*) AS calls, count(DISTINCT number) AS numbers, sum(talked > 0) AS answered,
           sum(talked = 0) AS unanswered, sum(talked) AS seconds,
           sum(CASE WHEN talked = 0 THEN coalesce(end_ms - start_ms, 0) / 1000 ELSE 0 END) AS ringing,
           max(create_ms) AS newest
    FROM call WHERE day >= date('now', '+7 hours', '-7 days') GROUP BY day, staff),
stated AS ( -- numbers, not calls. LIKE knows capitals of ASCII only
    SELECT day, staff,
           count(DISTINCT CASE WHEN state LIKE '%zalo%' THEN number END) AS zalo,
           count(DISTINCT CASE WHEN state LIKE '%nhu cầu%' OR state LIKE '%NHU CẦU%' OR state LIKE '%suy nghĩ%'
                                 OR state LIKE '%SUY NGHĨ%' THEN number END) AS need,
           count(DISTINCT CASE WHEN state LIKE '%từ chối%' OR state LIKE '%TỪ CHỐI%' THEN number END) AS refusal,
           count(DISTINCT CASE WHEN state LIKE '%không nghe%' OR state LIKE '%KHÔNG NGHE%' OR state LIKE '%tắt máy%'
                                 OR state LIKE '%TẮT MÁY%' OR state LIKE '%thuê bao%' OR state LIKE '%THUÊ BAO%'
                                 OR state LIKE '%máy bận%' OR state LIKE '%MÁY BẬN%' THEN number END) AS silent
    FROM (SELECT call.day, call.staff, call.number, customer."customField_0_val" AS state
          FROM call JOIN customer ON customer.tenant = 'PK' AND customer.phone = call.number) AS known
    GROUP BY day, staff),
received AS (
    SELECT date("assignedTime" / 1000, 'unixepoch', '+7 hours') AS day, coalesce("user_id", '') AS staff,
           count(*) AS customers, max("assignedTime") AS newest
    FROM customer WHERE tenant = 'PK' AND "assignedTime" > 0
    GROUP BY 1, 2 HAVING day >= date('now', '+7 hours', '-7 days')),
pair AS (SELECT day, staff FROM counted UNION SELECT day, staff FROM received)
SELECT pair.day, pair.staff, coalesce(staff.name, pair.staff), coalesce("group".name, 'Unassigned'),
       coalesce(calls, 0), coalesce(numbers, 0), coalesce(answered, 0), coalesce(unanswered, 0), coalesce(seconds, 0),
       coalesce(ringing, 0), coalesce(customers, 0), coalesce(zalo, 0), coalesce(need, 0), coalesce(refusal, 0),
       coalesce(silent, 0), counted.newest, received.newest, strftime('%Y-%m-%dT%H:%M:%SZ', 'now')
FROM pair
LEFT JOIN counted ON counted.day = pair.day AND counted.staff = pair.staff
LEFT JOIN stated ON stated.day = pair.day AND stated.staff = pair.staff
LEFT JOIN received ON received.day = pair.day AND received.staff = pair.staff
LEFT JOIN staff ON staff.tenant = 'PK' AND staff._id = pair.staff
LEFT JOIN "group" ON "group".tenant = 'PK' AND "group".group_id = staff.group_id;
