-- A database account that can only read the calls. did-optimizer-sync needs no more, but VICIdial's own account may
-- change everything. Choose a password, and run this file as the database's administrator:
--
--     mysql --force < grant.sql
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
-- The archive of old calls, and the number of the dialer's hosts. The table servers also has passwords, so grant only
-- one column.
GRANT SELECT ON asterisk.vicidial_log_archive TO 'did_optimizer'@'localhost';
GRANT SELECT (active) ON asterisk.servers TO 'did_optimizer'@'localhost';
-- The tables for [enrich] in the manual page. If your VICIdial lacks a table, mysql prints an error; with --force mysql
-- continues.
GRANT SELECT ON asterisk.vicidial_log_extended TO 'did_optimizer'@'localhost';
GRANT SELECT ON asterisk.vicidial_log_extended_archive TO 'did_optimizer'@'localhost';
GRANT SELECT ON asterisk.call_log TO 'did_optimizer'@'localhost';
GRANT SELECT ON asterisk.call_log_archive TO 'did_optimizer'@'localhost';
GRANT SELECT ON asterisk.vicidial_inbound_caller_codes TO 'did_optimizer'@'localhost';
GRANT SELECT ON asterisk.vicidial_inbound_caller_codes_archive TO 'did_optimizer'@'localhost';
GRANT SELECT ON asterisk.vicidial_dial_cid_log TO 'did_optimizer'@'localhost';
GRANT SELECT ON asterisk.vicidial_dial_cid_log_archive TO 'did_optimizer'@'localhost';
GRANT SELECT ON asterisk.vicidial_dial_log TO 'did_optimizer'@'localhost';
GRANT SELECT ON asterisk.vicidial_dial_log_archive TO 'did_optimizer'@'localhost';
GRANT SELECT ON asterisk.vicidial_carrier_log TO 'did_optimizer'@'localhost';
GRANT SELECT ON asterisk.vicidial_carrier_log_archive TO 'did_optimizer'@'localhost';
GRANT SELECT ON asterisk.vicidial_agent_log TO 'did_optimizer'@'localhost';
GRANT SELECT ON asterisk.vicidial_agent_log_archive TO 'did_optimizer'@'localhost';
GRANT SELECT ON asterisk.vicidial_amd_log TO 'did_optimizer'@'localhost';
GRANT SELECT ON asterisk.vicidial_amd_log_archive TO 'did_optimizer'@'localhost';
-- Personal data, only for customer_state, customer_zip and vendor_lead_code:
-- GRANT SELECT (lead_id, state, postal_code, vendor_lead_code) ON asterisk.vicidial_list TO 'did_optimizer'@'localhost';
-- The flags of statuses, for use = flags under [dispositions] and the command dispositions.
GRANT SELECT ON asterisk.vicidial_statuses TO 'did_optimizer'@'localhost';
GRANT SELECT ON asterisk.vicidial_campaign_statuses TO 'did_optimizer'@'localhost';
-- The list of campaigns, which is needed if the settings name campaigns.
GRANT SELECT (campaign_id) ON asterisk.vicidial_campaigns TO 'did_optimizer'@'localhost';
-- The addresses of recordings, for [recordings]:
-- GRANT SELECT (vicidial_id, lead_id, location, start_epoch, end_epoch, length_in_sec) ON asterisk.recording_log TO 'did_optimizer'@'localhost';
-- For the source vicidial-inbound, remove the dashes before GRANT: the calls of queues, the DIDs that callers dialled,
-- and the list of queues. An old VICIdial has no vicidial_did_log_archive.
-- GRANT SELECT ON asterisk.vicidial_closer_log TO 'did_optimizer'@'localhost';
-- GRANT SELECT ON asterisk.vicidial_closer_log_archive TO 'did_optimizer'@'localhost';
-- GRANT SELECT (uniqueid, extension, call_date) ON asterisk.vicidial_did_log TO 'did_optimizer'@'localhost';
-- GRANT SELECT (uniqueid, extension, call_date) ON asterisk.vicidial_did_log_archive TO 'did_optimizer'@'localhost';
-- GRANT SELECT (group_id) ON asterisk.vicidial_inbound_groups TO 'did_optimizer'@'localhost';
