-- A report on each member of the staff and each day: calls, talk time, customers received, and the customers' states.
-- For `after` in [sink], with the source callio and the sink bigquery. The tenant is PK, and a day is one in Vietnam
-- (UTC+7, no summer time). The last 7 days and today are made anew, whole days, so that no hour is missing and a late or
-- changed call counts; older days stay. No statement is DML, so a project without a billing account runs the file too.
-- A table without a dataset is one of the sink's dataset. Copy this file, and change tenant and words, for another
-- tenant.
CREATE TABLE IF NOT EXISTS `fact_staff_daily_PK` (
  Ngay DATE, MaNV_id STRING, MaNV STRING, Team STRING,
  TongCuoc INT64, SoSDT_Unique INT64, SoCuoc_NoiMay INT64, SoCuoc_KhongNoiMay INT64,
  TongThoiluongGoi_Giay INT64, TongRungChuong_Giay INT64, SoDataNhan INT64,
  SoSDT_KetBanZalo INT64, SoSDT_CoNhuCau INT64, SoSDT_TuChoi INT64, SoSDT_KhongNgheMay INT64,
  max_create_ms INT64, max_assigned_ms INT64, _ingested_at TIMESTAMP)
CLUSTER BY Ngay, MaNV_id;

CREATE TABLE IF NOT EXISTS `customer` (
  tenant STRING, _id STRING, name STRING, phone STRING, createTime INT64, updateTime INT64, assignedTime INT64,
  user_id STRING, user_name STRING, user_group_id STRING, customField_0_val STRING, NgayUpdate DATE, NgayAssign DATE,
  row_hash STRING)
CLUSTER BY tenant, _id;

CREATE TABLE IF NOT EXISTS `staff` (
  tenant STRING, _id STRING, email STRING, name STRING, createTime INT64, updateTime INT64, group_id STRING,
  row_hash STRING)
CLUSTER BY tenant, _id;

CREATE TABLE IF NOT EXISTS `group` (tenant STRING, group_id STRING, name STRING, row_hash STRING)
CLUSTER BY tenant, group_id;

CREATE OR REPLACE TABLE `fact_staff_daily_PK`
CLUSTER BY Ngay, MaNV_id AS
WITH
made AS ( -- BigQuery reads only the UTC days that can have such a call
  SELECT COALESCE(agent, '') AS staff_id, destination AS number,
         CASE WHEN billsec < 1000000000 THEN billsec ELSE 0 END AS talked, -- a sum of more may be too large
         SAFE_CAST(JSON_VALUE(extras, '$.create_ms') AS INT64) AS create_ms,
         SAFE_CAST(JSON_VALUE(extras, '$.start_ms') AS INT64) AS start_ms,
         SAFE_CAST(JSON_VALUE(extras, '$.end_ms') AS INT64) AS end_ms
  FROM `calls`
  WHERE call_date >= DATE_SUB(CURRENT_DATE('Asia/Ho_Chi_Minh'), INTERVAL 9 DAY)
    AND tenant = 'PK' AND source = 'callio'),
dialled AS ( -- with the local day of their createTime; one that is no date gives NULL (SAFE), and stops no report
  SELECT SAFE.DATE(SAFE.TIMESTAMP_MILLIS(create_ms), 'Asia/Ho_Chi_Minh') AS day, made.* FROM made
  WHERE SAFE.DATE(SAFE.TIMESTAMP_MILLIS(create_ms), 'Asia/Ho_Chi_Minh') >=
        DATE_SUB(CURRENT_DATE('Asia/Ho_Chi_Minh'), INTERVAL 7 DAY)),
counted AS (
  SELECT day, staff_id, COUNT(*) AS calls, COUNT(DISTINCT number) AS numbers, COUNTIF(talked > 0) AS answered,
         COUNTIF(talked = 0) AS unanswered, SUM(talked) AS seconds,
         SUM(CASE WHEN talked = 0 THEN DIV(COALESCE(end_ms - start_ms, 0), 1000) ELSE 0 END) AS ringing,
         MAX(create_ms) AS newest
  FROM dialled GROUP BY day, staff_id),
known AS (
  SELECT dialled.day, dialled.staff_id, dialled.number, LOWER(customer.customField_0_val) AS state
  FROM dialled JOIN `customer` AS customer ON customer.tenant = 'PK' AND customer.phone = dialled.number),
stated AS ( -- numbers, not calls
  SELECT day, staff_id,
         COUNT(DISTINCT CASE WHEN state LIKE '%zalo%' THEN number END) AS zalo,
         COUNT(DISTINCT CASE WHEN state LIKE '%nhu cầu%' OR state LIKE '%suy nghĩ%' THEN number END) AS need,
         COUNT(DISTINCT CASE WHEN state LIKE '%từ chối%' THEN number END) AS refusal,
         COUNT(DISTINCT CASE WHEN state LIKE '%không nghe%' OR state LIKE '%tắt máy%' OR state LIKE '%thuê bao%'
                               OR state LIKE '%máy bận%' THEN number END) AS silent
  FROM known GROUP BY day, staff_id),
given AS (
  SELECT SAFE.DATE(SAFE.TIMESTAMP_MILLIS(assignedTime), 'Asia/Ho_Chi_Minh') AS day,
         COALESCE(user_id, '') AS staff_id, assignedTime AS assigned_ms
  FROM `customer` WHERE tenant = 'PK' AND assignedTime > 0),
received AS (
  SELECT day, staff_id, COUNT(*) AS customers, MAX(assigned_ms) AS newest
  FROM given WHERE day >= DATE_SUB(CURRENT_DATE('Asia/Ho_Chi_Minh'), INTERVAL 7 DAY) GROUP BY day, staff_id),
pair AS (SELECT day, staff_id FROM counted UNION DISTINCT SELECT day, staff_id FROM received)
SELECT Ngay, MaNV_id, MaNV, Team, TongCuoc, SoSDT_Unique, SoCuoc_NoiMay, SoCuoc_KhongNoiMay, TongThoiluongGoi_Giay,
       TongRungChuong_Giay, SoDataNhan, SoSDT_KetBanZalo, SoSDT_CoNhuCau, SoSDT_TuChoi, SoSDT_KhongNgheMay,
       max_create_ms, max_assigned_ms, _ingested_at
FROM `fact_staff_daily_PK` WHERE Ngay < DATE_SUB(CURRENT_DATE('Asia/Ho_Chi_Minh'), INTERVAL 7 DAY)
UNION ALL
SELECT pair.day, pair.staff_id, COALESCE(staff.name, pair.staff_id), COALESCE(team.name, 'Unassigned'),
       COALESCE(calls, 0), COALESCE(numbers, 0), COALESCE(answered, 0), COALESCE(unanswered, 0), COALESCE(seconds, 0),
       COALESCE(ringing, 0), COALESCE(customers, 0), COALESCE(zalo, 0), COALESCE(need, 0), COALESCE(refusal, 0),
       COALESCE(silent, 0), counted.newest, received.newest, CURRENT_TIMESTAMP()
FROM pair
LEFT JOIN counted ON counted.day = pair.day AND counted.staff_id = pair.staff_id
LEFT JOIN stated ON stated.day = pair.day AND stated.staff_id = pair.staff_id
LEFT JOIN received ON received.day = pair.day AND received.staff_id = pair.staff_id
LEFT JOIN `staff` AS staff ON staff.tenant = 'PK' AND staff._id = pair.staff_id
LEFT JOIN `group` AS team ON team.tenant = 'PK' AND team.group_id = staff.group_id;
