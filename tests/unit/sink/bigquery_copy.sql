-- From when on customers are copied.
SELECT MAX(updateTime) FROM `calls.callio.customer` WHERE tenant = @tenant

-- Customers: the newer row stays.
MERGE `calls.callio.customer` AS target
USING (
  SELECT * FROM `calls.callio.customer_staging_5eb1`
  WHERE TRUE
  QUALIFY ROW_NUMBER() OVER (PARTITION BY tenant, _id ORDER BY updateTime DESC) = 1
) AS staged
ON target.tenant = staged.tenant AND target._id = staged._id
  AND target.tenant = @tenant
WHEN MATCHED AND target.row_hash IS DISTINCT FROM staged.row_hash
  AND COALESCE(target.updateTime, 0) <= COALESCE(staged.updateTime, 0) THEN
  UPDATE SET
    name = staged.name,
    phone = staged.phone,
    createTime = staged.createTime,
    updateTime = staged.updateTime,
    assignedTime = staged.assignedTime,
    user_id = staged.user_id,
    user_name = staged.user_name,
    user_group_id = staged.user_group_id,
    customField_0_val = staged.customField_0_val,
    NgayUpdate = staged.NgayUpdate,
    NgayAssign = staged.NgayAssign,
    row_hash = staged.row_hash
WHEN NOT MATCHED THEN
  INSERT (tenant, _id, name, phone, createTime, updateTime, assignedTime, user_id, user_name, user_group_id, customField_0_val, NgayUpdate, NgayAssign, row_hash)
  VALUES (staged.tenant, staged._id, staged.name, staged.phone, staged.createTime, staged.updateTime, staged.assignedTime, staged.user_id, staged.user_name, staged.user_group_id, staged.customField_0_val, staged.NgayUpdate, staged.NgayAssign, staged.row_hash)

-- Groups: those of the tenant are replaced.
MERGE `calls.callio.group` AS target
USING (
  SELECT * FROM `calls.callio.group_staging_5eb1`
  WHERE TRUE
  QUALIFY ROW_NUMBER() OVER (PARTITION BY tenant, group_id ORDER BY row_hash DESC) = 1
) AS staged
ON target.tenant = staged.tenant AND target.group_id = staged.group_id
  AND target.tenant = @tenant
WHEN MATCHED AND target.row_hash IS DISTINCT FROM staged.row_hash THEN
  UPDATE SET
    name = staged.name,
    row_hash = staged.row_hash
WHEN NOT MATCHED THEN
  INSERT (tenant, group_id, name, row_hash)
  VALUES (staged.tenant, staged.group_id, staged.name, staged.row_hash)
WHEN NOT MATCHED BY SOURCE AND target.tenant = @tenant THEN
  DELETE

-- The same without a billing account: all rows.
SELECT tenant, _id, name, phone, createTime, updateTime, assignedTime, user_id, user_name, user_group_id, customField_0_val, NgayUpdate, NgayAssign, row_hash
FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY tenant, _id ORDER BY COALESCE(updateTime, 0) DESC, is_staged DESC) AS nth
  FROM (
    SELECT tenant, _id, name, phone, createTime, updateTime, assignedTime, user_id, user_name, user_group_id, customField_0_val, NgayUpdate, NgayAssign, row_hash, 0 AS is_staged FROM `calls.callio.customer`
    WHERE TRUE
    UNION ALL
    SELECT tenant, _id, name, phone, createTime, updateTime, assignedTime, user_id, user_name, user_group_id, customField_0_val, NgayUpdate, NgayAssign, row_hash, 1 AS is_staged FROM `calls.callio.customer_staging_5eb1`
    WHERE tenant = @tenant
  ) AS merged
) AS numbered
WHERE nth = 1

SELECT tenant, group_id, name, row_hash
FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY tenant, group_id ORDER BY is_staged DESC) AS nth
  FROM (
    SELECT tenant, group_id, name, row_hash, 0 AS is_staged FROM `calls.callio.group`
    WHERE tenant IS DISTINCT FROM @tenant
    UNION ALL
    SELECT tenant, group_id, name, row_hash, 1 AS is_staged FROM `calls.callio.group_staging_5eb1`
    WHERE tenant = @tenant
  ) AS merged
) AS numbered
WHERE nth = 1
