-- A database account that can do nothing but read the calls. did-optimizer-sync needs no more, while VICIdial's own
-- account may change everything. Choose a password, and run this as the database's administrator:
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
-- Where calls are moved at night, and how many hosts the dialer has (that table also holds passwords: one column).
GRANT SELECT ON asterisk.vicidial_log_archive TO 'did_optimizer'@'localhost';
GRANT SELECT (active) ON asterisk.servers TO 'did_optimizer'@'localhost';
-- Which campaigns there are, where the settings name some.
GRANT SELECT (campaign_id) ON asterisk.vicidial_campaigns TO 'did_optimizer'@'localhost';
