-- A database account that can only read the calls. did-optimizer-sync needs no more, but VICIdial's own account may
-- change everything. Choose a password, and run this file as the database's administrator:
--
--     mysql < grant.sql
--
-- Then name the account in /etc/did-optimizer-sync.conf, and let only root read that file (chmod 600):
--
--     [database]
--     user = did_optimizer
--     password = CHOOSE_A_PASSWORD
--
-- If the program runs on another host than the database, write that host's address instead of localhost.

CREATE USER IF NOT EXISTS 'did_optimizer'@'localhost' IDENTIFIED BY 'CHOOSE_A_PASSWORD';
GRANT SELECT ON asterisk.vicidial_log TO 'did_optimizer'@'localhost';
-- The archive of old calls, and how many hosts the dialer has. The table servers also holds passwords, so grant one
-- column.
GRANT SELECT ON asterisk.vicidial_log_archive TO 'did_optimizer'@'localhost';
GRANT SELECT (active) ON asterisk.servers TO 'did_optimizer'@'localhost';
-- The list of campaigns, which is needed if the settings name campaigns.
GRANT SELECT (campaign_id) ON asterisk.vicidial_campaigns TO 'did_optimizer'@'localhost';
