-- The tables that are read as VICIdial 2.4 (schema 1302) has them, written from a description of the schema. 2.4 has no
-- vicidial_dial_log, vicidial_dial_cid_log, vicidial_inbound_caller_codes, vicidial_amd_log, vicidial_did_log_archive.
-- Its own file names no engine: MyISAM was the default of the servers of its time. Loaded by make_vicidial("2.4").

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
    term_reason   ENUM('CALLER','AGENT','QUEUETIMEOUT','ABANDON','AFTERHOURS','NONE') DEFAULT 'NONE',
    alt_dial      VARCHAR(6)        DEFAULT 'NONE',
    PRIMARY KEY (uniqueid),
    INDEX lead_id (lead_id),
    INDEX call_date (call_date)
) ENGINE=MyISAM;

CREATE TABLE vicidial_closer_log (
    closecallid    INT(9) UNSIGNED   NOT NULL AUTO_INCREMENT,
    lead_id        INT(9) UNSIGNED   NOT NULL,
    list_id        BIGINT(14) UNSIGNED,
    campaign_id    VARCHAR(20),
    call_date      DATETIME,
    start_epoch    INT(10) UNSIGNED,
    end_epoch      INT(10) UNSIGNED,
    length_in_sec  INT(10),
    status         VARCHAR(6),
    phone_code     VARCHAR(10),
    phone_number   VARCHAR(18),
    user           VARCHAR(20),
    comments       VARCHAR(255),
    processed      ENUM('Y','N'),
    queue_seconds  DECIMAL(7,2)      DEFAULT 0,
    user_group     VARCHAR(20),
    xfercallid     INT(9) UNSIGNED,
    term_reason    ENUM('CALLER','AGENT','QUEUETIMEOUT','ABANDON','AFTERHOURS','HOLDRECALLXFER','HOLDTIME','NOAGENT',
                        'NONE') DEFAULT 'NONE',
    uniqueid       VARCHAR(20)       NOT NULL DEFAULT '',
    agent_only     VARCHAR(20)       DEFAULT '',
    queue_position SMALLINT UNSIGNED DEFAULT 1,
    PRIMARY KEY (closecallid),
    INDEX lead_id (lead_id),
    INDEX call_date (call_date),
    INDEX campaign_id (campaign_id),
    INDEX uniqueid (uniqueid),
    INDEX phone_number (phone_number),
    INDEX date_user (call_date, user)
) ENGINE=MyISAM;

CREATE TABLE vicidial_did_log (
    uniqueid         VARCHAR(20)  NOT NULL,
    channel          VARCHAR(100) NOT NULL,
    server_ip        VARCHAR(15)  NOT NULL,
    caller_id_number VARCHAR(18),
    caller_id_name   VARCHAR(20),
    extension        VARCHAR(100),
    call_date        DATETIME,
    did_id           VARCHAR(9)   DEFAULT '',
    did_route        VARCHAR(9)  DEFAULT '',
    INDEX uniqueid (uniqueid),
    INDEX caller_id_number (caller_id_number),
    INDEX extension (extension),
    INDEX call_date (call_date)
) ENGINE=MyISAM;

CREATE TABLE vicidial_log_extended (
    uniqueid            VARCHAR(50) NOT NULL,
    server_ip           VARCHAR(15),
    call_date           DATETIME,
    lead_id             INT(9) UNSIGNED,
    caller_code         VARCHAR(30) NOT NULL,
    custom_call_id      VARCHAR(100),
    start_url_processed ENUM('N','Y','U')           DEFAULT 'N',
    dispo_url_processed ENUM('N','Y','U','XY','XU') DEFAULT 'N',
    multi_alt_processed ENUM('N','Y','U')           DEFAULT 'N',
    noanswer_processed  ENUM('N','Y','U')           DEFAULT 'N',
    PRIMARY KEY (uniqueid),
    INDEX call_date (call_date)
) ENGINE=MyISAM;

CREATE TABLE vicidial_carrier_log (
    uniqueid          VARCHAR(20) NOT NULL,
    call_date         DATETIME,
    server_ip         VARCHAR(15) NOT NULL,
    lead_id           INT(9) UNSIGNED,
    hangup_cause      TINYINT(1) UNSIGNED  DEFAULT 0,
    dialstatus        VARCHAR(16),
    channel           VARCHAR(100),
    dial_time         SMALLINT(3) UNSIGNED DEFAULT 0,
    answered_time     SMALLINT(4) UNSIGNED DEFAULT 0,
    PRIMARY KEY (uniqueid),
    INDEX call_date (call_date)
) ENGINE=MyISAM;

CREATE TABLE call_log (
    uniqueid      VARCHAR(20) NOT NULL,
    channel       VARCHAR(100),
    channel_group VARCHAR(30),
    type          VARCHAR(10),
    server_ip     VARCHAR(15),
    extension     VARCHAR(100),
    number_dialed VARCHAR(15),
    caller_code   VARCHAR(20),
    start_time    DATETIME,
    start_epoch   INT(10),
    end_time      DATETIME,
    end_epoch     INT(10),
    length_in_sec INT(10),
    length_in_min DOUBLE(8,2),
    PRIMARY KEY (uniqueid),
    INDEX caller_code (caller_code),
    INDEX server_ip (server_ip),
    INDEX channel (channel),
    INDEX start_time (start_time),
    INDEX end_time (end_time),
    INDEX time (start_time, end_time)
) ENGINE=MyISAM;

CREATE TABLE vicidial_cpd_log (
    cpd_id      INT(10) UNSIGNED NOT NULL AUTO_INCREMENT,
    channel     VARCHAR(100)     NOT NULL,
    uniqueid    VARCHAR(20),
    callerid    VARCHAR(20),
    server_ip   VARCHAR(15)      NOT NULL,
    lead_id     INT(9) UNSIGNED,
    event_date  DATETIME,
    result      VARCHAR(20),
    status      ENUM('NEW','PROCESSED') DEFAULT 'NEW',
    cpd_seconds DECIMAL(7,2)            DEFAULT 0,
    PRIMARY KEY (cpd_id),
    INDEX uniqueid (uniqueid),
    INDEX callerid (callerid),
    INDEX lead_id (lead_id)
) ENGINE=MyISAM;

CREATE TABLE vicidial_agent_log (
    agent_log_id INT(9) UNSIGNED NOT NULL AUTO_INCREMENT,
    user         VARCHAR(20),
    server_ip    VARCHAR(15)     NOT NULL,
    event_time   DATETIME,
    lead_id      INT(9) UNSIGNED,
    campaign_id  VARCHAR(8),
    pause_epoch  INT(10) UNSIGNED,
    pause_sec    SMALLINT(5) UNSIGNED DEFAULT 0,
    wait_epoch   INT(10) UNSIGNED,
    wait_sec     SMALLINT(5) UNSIGNED DEFAULT 0,
    talk_epoch   INT(10) UNSIGNED,
    talk_sec     SMALLINT(5) UNSIGNED DEFAULT 0,
    dispo_epoch  INT(10) UNSIGNED,
    dispo_sec    SMALLINT(5) UNSIGNED DEFAULT 0,
    status       VARCHAR(6),
    user_group   VARCHAR(20),
    comments     VARCHAR(20),
    sub_status   VARCHAR(6),
    dead_epoch   INT(10) UNSIGNED,
    dead_sec     SMALLINT(5) UNSIGNED DEFAULT 0,
    processed    ENUM('Y','N')        DEFAULT 'N',
    uniqueid     VARCHAR(20)          DEFAULT '',
    PRIMARY KEY (agent_log_id),
    INDEX lead_id (lead_id),
    INDEX user (user),
    INDEX event_time (event_time),
    INDEX time_user (event_time, user)
) ENGINE=MyISAM;

CREATE TABLE vicidial_list (
    lead_id                 INT(9) UNSIGNED     NOT NULL AUTO_INCREMENT,
    entry_date              DATETIME,
    modify_date             TIMESTAMP,
    status                  VARCHAR(6),
    user                    VARCHAR(20),
    vendor_lead_code        VARCHAR(20),
    source_id               VARCHAR(50),
    list_id                 BIGINT(14) UNSIGNED NOT NULL DEFAULT 0,
    gmt_offset_now          DECIMAL(4,2)        DEFAULT 0.00,
    called_since_last_reset ENUM('Y','N','Y1','Y2','Y3','Y4','Y5','Y6','Y7','Y8','Y9','Y10') DEFAULT 'N',
    phone_code              VARCHAR(10),
    phone_number            VARCHAR(18)         NOT NULL,
    title                   VARCHAR(4),
    first_name              VARCHAR(30),
    middle_initial          VARCHAR(1),
    last_name               VARCHAR(30),
    address1                VARCHAR(100),
    address2                VARCHAR(100),
    address3                VARCHAR(100),
    city                    VARCHAR(50),
    state                   VARCHAR(2),
    province                VARCHAR(50),
    postal_code             VARCHAR(10),
    country_code            VARCHAR(3),
    gender                  ENUM('M','F','U')   DEFAULT 'U',
    date_of_birth           DATE,
    alt_phone               VARCHAR(12),
    email                   VARCHAR(70),
    security_phrase         VARCHAR(100),
    comments                VARCHAR(255),
    called_count            SMALLINT(5) UNSIGNED DEFAULT 0,
    last_local_call_time    DATETIME,
    `rank`                  SMALLINT(5)         NOT NULL DEFAULT 0,
    owner                   VARCHAR(20)         DEFAULT '',
    entry_list_id           BIGINT(14) UNSIGNED NOT NULL DEFAULT 0,
    PRIMARY KEY (lead_id),
    INDEX phone_number (phone_number),
    INDEX list_id (list_id),
    INDEX called_since_last_reset (called_since_last_reset),
    INDEX status (status),
    INDEX gmt_offset_now (gmt_offset_now),
    INDEX postal_code (postal_code),
    INDEX last_local_call_time (last_local_call_time),
    INDEX `rank` (`rank`),
    INDEX owner (owner),
    INDEX phone_list (phone_number, list_id),
    INDEX list_phone (list_id, phone_number),
    INDEX list_status (list_id, status)
) ENGINE=MyISAM;

CREATE TABLE recording_log (
    recording_id  INT(10) UNSIGNED NOT NULL AUTO_INCREMENT,
    channel       VARCHAR(100),
    server_ip     VARCHAR(15),
    extension     VARCHAR(100),
    start_time    DATETIME,
    start_epoch   INT(10) UNSIGNED,
    end_time      DATETIME,
    end_epoch     INT(10) UNSIGNED,
    length_in_sec MEDIUMINT(8) UNSIGNED,
    length_in_min DOUBLE(8,2),
    filename      VARCHAR(50),
    location      VARCHAR(255),
    lead_id       INT(9) UNSIGNED,
    user          VARCHAR(20),
    vicidial_id   VARCHAR(20),
    PRIMARY KEY (recording_id),
    INDEX filename (filename),
    INDEX lead_id (lead_id),
    INDEX user (user),
    INDEX vicidial_id (vicidial_id)
) ENGINE=MyISAM;

CREATE TABLE vicidial_statuses (
    status             VARCHAR(6)    NOT NULL,
    status_name        VARCHAR(30),
    selectable         ENUM('Y','N'),
    human_answered     ENUM('Y','N') DEFAULT 'N',
    category           VARCHAR(20)   DEFAULT 'UNDEFINED',
    sale               ENUM('Y','N') DEFAULT 'N',
    dnc                ENUM('Y','N') DEFAULT 'N',
    customer_contact   ENUM('Y','N') DEFAULT 'N',
    not_interested     ENUM('Y','N') DEFAULT 'N',
    unworkable         ENUM('Y','N') DEFAULT 'N',
    scheduled_callback ENUM('Y','N') DEFAULT 'N',
    completed          ENUM('Y','N') DEFAULT 'N',
    PRIMARY KEY (status)
) ENGINE=MyISAM;

-- campaign_id is a campaign or a status group.
CREATE TABLE vicidial_campaign_statuses (
    status             VARCHAR(6)    NOT NULL,
    status_name        VARCHAR(30),
    selectable         ENUM('Y','N'),
    campaign_id        VARCHAR(8),
    human_answered     ENUM('Y','N') DEFAULT 'N',
    category           VARCHAR(20)   DEFAULT 'UNDEFINED',
    sale               ENUM('Y','N') DEFAULT 'N',
    dnc                ENUM('Y','N') DEFAULT 'N',
    customer_contact   ENUM('Y','N') DEFAULT 'N',
    not_interested     ENUM('Y','N') DEFAULT 'N',
    unworkable         ENUM('Y','N') DEFAULT 'N',
    scheduled_callback ENUM('Y','N') DEFAULT 'N',
    completed          ENUM('Y','N') DEFAULT 'N',
    INDEX campaign_id (campaign_id),
    UNIQUE INDEX vicidial_campaign_statuses_key (status, campaign_id)
) ENGINE=MyISAM;

-- VICIdial has some hundred more columns in each of these two tables; no statement reads one of them.
CREATE TABLE vicidial_campaigns (
    campaign_id       VARCHAR(8) NOT NULL,
    campaign_name     VARCHAR(40),
    active            ENUM('Y','N'),
    campaign_cid      VARCHAR(20)          DEFAULT '0000000000',
    dial_timeout      TINYINT UNSIGNED     DEFAULT 60,
    drop_call_seconds TINYINT              DEFAULT 5,
    survey_ni_status  VARCHAR(6)           DEFAULT 'NI',
    PRIMARY KEY (campaign_id)
) ENGINE=MyISAM;

CREATE TABLE vicidial_inbound_groups (
    group_id          VARCHAR(20) NOT NULL,
    group_name        VARCHAR(30),
    group_color       VARCHAR(7),
    active            ENUM('Y','N'),
    drop_call_seconds SMALLINT(4) UNSIGNED DEFAULT 360,
    PRIMARY KEY (group_id)
) ENGINE=MyISAM;

-- One row for each host that dials. Here are the columns that the description names; one of the others holds a password.
CREATE TABLE servers (
    server_id                 VARCHAR(10)  NOT NULL,
    server_ip                 VARCHAR(15)  NOT NULL,
    active                    ENUM('Y','N'),
    asterisk_version          VARCHAR(20),
    carrier_logging_active    ENUM('Y','N') DEFAULT 'Y',
    recording_web_link        ENUM('SERVER_IP','ALT_IP','EXTERNAL_IP') DEFAULT 'SERVER_IP',
    alt_server_ip             VARCHAR(100) DEFAULT '',
    external_server_ip        VARCHAR(100) DEFAULT '',
    vicidial_recording_limit  MEDIUMINT    DEFAULT 60,
    routing_prefix            VARCHAR(10)  DEFAULT '13',
    UNIQUE INDEX server_id (server_id)
) ENGINE=MyISAM;

-- Where the nightly job copies rows. A key that counts up in the live table does not in its archive.
CREATE TABLE vicidial_log_archive LIKE vicidial_log;
CREATE TABLE call_log_archive LIKE call_log;
CREATE TABLE vicidial_closer_log_archive LIKE vicidial_closer_log;
ALTER TABLE vicidial_closer_log_archive MODIFY closecallid INT(9) UNSIGNED NOT NULL;
CREATE TABLE vicidial_agent_log_archive LIKE vicidial_agent_log;
ALTER TABLE vicidial_agent_log_archive MODIFY agent_log_id INT(9) UNSIGNED NOT NULL;
CREATE TABLE vicidial_carrier_log_archive LIKE vicidial_carrier_log;
CREATE TABLE vicidial_log_extended_archive LIKE vicidial_log_extended;
CREATE UNIQUE INDEX vlea ON vicidial_log_extended_archive (uniqueid, call_date, lead_id);

-- The statuses of a new installation.
INSERT INTO vicidial_statuses (status, status_name, selectable, human_answered, sale, dnc, customer_contact,
    not_interested, unworkable, scheduled_callback, completed) VALUES
    ('NEW', 'New Lead', 'N', 'N', 'N', 'N', 'N', 'N', 'N', 'N', 'N'),
    ('PM', 'Played Message', 'N', 'N', 'N', 'N', 'N', 'N', 'N', 'N', 'N'),
    ('QUEUE', 'Lead To Be Called', 'N', 'N', 'N', 'N', 'N', 'N', 'N', 'N', 'N'),
    ('XFER', 'Call Transferred', 'Y', 'Y', 'N', 'N', 'Y', 'N', 'N', 'N', 'N'),
    ('INCALL', 'Lead Being Called', 'N', 'N', 'N', 'N', 'N', 'N', 'N', 'N', 'N'),
    ('ERI', 'Agent Error', 'N', 'N', 'N', 'N', 'N', 'N', 'N', 'N', 'N'),
    ('DROP', 'Agent Not Available', 'N', 'Y', 'N', 'N', 'N', 'N', 'N', 'N', 'N'),
    ('SVYEXT', 'Survey sent to Extension', 'N', 'N', 'N', 'N', 'N', 'N', 'N', 'N', 'N'),
    ('XDROP', 'Agent Not Available IN', 'N', 'Y', 'N', 'N', 'N', 'N', 'N', 'N', 'N'),
    ('SVYVM', 'Survey sent to Voicemail', 'N', 'N', 'N', 'N', 'N', 'N', 'N', 'N', 'N'),
    ('NA', 'No Answer AutoDial', 'N', 'N', 'N', 'N', 'N', 'N', 'N', 'N', 'N'),
    ('SVYHU', 'Survey Hungup', 'N', 'N', 'N', 'N', 'N', 'N', 'N', 'N', 'N'),
    ('CALLBK', 'Call Back', 'Y', 'Y', 'N', 'N', 'Y', 'N', 'N', 'Y', 'N'),
    ('SVYREC', 'Survey sent to Record', 'N', 'N', 'N', 'N', 'N', 'N', 'N', 'N', 'N'),
    ('CBHOLD', 'Call Back Hold', 'N', 'Y', 'N', 'N', 'Y', 'N', 'N', 'Y', 'N'),
    ('QVMAIL', 'Queue Abandon Voicemail Left', 'N', 'N', 'N', 'N', 'N', 'N', 'N', 'N', 'N'),
    ('A', 'Answering Machine', 'Y', 'N', 'N', 'N', 'N', 'N', 'N', 'N', 'N'),
    ('RQXFER', 'Re-Queue', 'N', 'Y', 'N', 'N', 'N', 'N', 'N', 'N', 'N'),
    ('AA', 'Answering Machine Auto', 'N', 'N', 'N', 'N', 'N', 'N', 'N', 'N', 'N'),
    ('TIMEOT', 'Inbound Queue Timeout Drop', 'N', 'Y', 'N', 'N', 'N', 'N', 'N', 'N', 'N'),
    ('AM', 'Answering Machine SentToMesg', 'N', 'N', 'N', 'N', 'N', 'N', 'N', 'N', 'N'),
    ('AFTHRS', 'Inbound After Hours Drop', 'N', 'Y', 'N', 'N', 'N', 'N', 'N', 'N', 'N'),
    ('AL', 'Answering Machine Msg Played', 'N', 'N', 'N', 'N', 'N', 'N', 'N', 'N', 'N'),
    ('NANQUE', 'Inbound No Agent No Queue Drop', 'N', 'Y', 'N', 'N', 'N', 'N', 'N', 'N', 'N'),
    ('AB', 'Busy Auto', 'N', 'N', 'N', 'N', 'N', 'N', 'N', 'N', 'N'),
    ('PDROP', 'Outbound Pre-Routing Drop', 'N', 'Y', 'N', 'N', 'N', 'N', 'N', 'N', 'N'),
    ('B', 'Busy', 'Y', 'N', 'N', 'N', 'N', 'N', 'N', 'N', 'N'),
    ('DC', 'Disconnected Number', 'Y', 'N', 'N', 'N', 'N', 'N', 'Y', 'N', 'N'),
    ('ADC', 'Disconnected Number Auto', 'N', 'N', 'N', 'N', 'N', 'N', 'Y', 'N', 'N'),
    ('DEC', 'Declined Sale', 'Y', 'Y', 'N', 'N', 'Y', 'N', 'N', 'N', 'N'),
    ('DNC', 'DO NOT CALL', 'Y', 'Y', 'N', 'Y', 'N', 'N', 'N', 'N', 'Y'),
    ('DNCL', 'DO NOT CALL Hopper Sys Match', 'N', 'N', 'N', 'Y', 'N', 'N', 'N', 'N', 'Y'),
    ('DNCC', 'DO NOT CALL Hopper Camp Match', 'N', 'N', 'N', 'Y', 'N', 'N', 'N', 'N', 'Y'),
    ('SALE', 'Sale Made', 'Y', 'Y', 'Y', 'N', 'N', 'N', 'N', 'N', 'Y'),
    ('N', 'No Answer', 'Y', 'N', 'N', 'N', 'N', 'N', 'N', 'N', 'N'),
    ('NI', 'Not Interested', 'Y', 'Y', 'N', 'N', 'Y', 'Y', 'N', 'N', 'N'),
    ('NP', 'No Pitch No Price', 'Y', 'Y', 'N', 'N', 'N', 'N', 'N', 'N', 'N'),
    ('PU', 'Call Picked Up', 'N', 'N', 'N', 'N', 'N', 'N', 'N', 'N', 'N');

INSERT INTO servers (server_id, server_ip, active) VALUES ('dialer', '10.0.0.1', 'Y');
