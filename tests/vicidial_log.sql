-- The two tables the program reads, as a VICIdial database has them (written from a description of the schema).
-- To be loaded into an empty database made with CHARACTER SET utf8 COLLATE utf8_unicode_ci; the tables name no
-- character set of their own, as VICIdial's do not.
-- MyISAM is the point: no transactions, and a reader blocks every writer. There is no index on end_epoch.

CREATE TABLE vicidial_log (
    uniqueid      VARCHAR(20)      NOT NULL,
    lead_id       INT(9) UNSIGNED  NOT NULL,
    list_id       BIGINT(14) UNSIGNED,
    campaign_id   VARCHAR(8),
    call_date     DATETIME,
    start_epoch   INT(10) UNSIGNED,
    end_epoch     INT(10) UNSIGNED,
    length_in_sec INT(10),
    status        VARCHAR(6),
    phone_code    VARCHAR(10),
    phone_number  VARCHAR(18),
    user          VARCHAR(20),
    comments      VARCHAR(255),
    processed     ENUM('Y','N'),
    user_group    VARCHAR(20),
    term_reason   ENUM('CALLER','AGENT','QUEUETIMEOUT','ABANDON','AFTERHOURS','NONE','SYSTEM') DEFAULT 'NONE',
    alt_dial      VARCHAR(6)        DEFAULT 'NONE',
    called_count  SMALLINT UNSIGNED DEFAULT 0,
    PRIMARY KEY (uniqueid),
    INDEX lead_id (lead_id),
    INDEX call_date (call_date)
) ENGINE=MyISAM;

-- Where the nightly job copies rows, fresh ones too; a copy is never updated again.
CREATE TABLE vicidial_log_archive LIKE vicidial_log;
