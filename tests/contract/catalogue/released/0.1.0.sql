BEGIN TRANSACTION;
CREATE TABLE about (
	name VARCHAR NOT NULL, 
	value TEXT NOT NULL, 
	CONSTRAINT pk_about PRIMARY KEY (name)
);
INSERT INTO "about" VALUES('callreel_version','0.1.0');
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE artefacts (
	recording_id VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	organisation TEXT NOT NULL, 
	format TEXT NOT NULL, 
	path TEXT NOT NULL, 
	size_bytes BIGINT NOT NULL, 
	md5 TEXT NOT NULL, 
	sha256 TEXT NOT NULL, 
	duration_seconds DOUBLE NOT NULL, 
	sample_rate INTEGER NOT NULL, 
	channels TEXT NOT NULL, 
	CONSTRAINT pk_artefacts PRIMARY KEY (recording_id, kind), 
	CONSTRAINT fk_artefacts_recording_id FOREIGN KEY(recording_id) REFERENCES recordings (id) ON DELETE CASCADE
);
INSERT INTO "artefacts" VALUES('rendered-recording','stereo','default','mp3','recording-1/stereo.mp3',160000,'9e107d9d372bb6826bd81d3542a419d6','d7a8fbb307d7809469ca9abcb0082e4f8d5651e46d3cdb762d02d0bf37c9e592',40.0,8000,'[{"index":0,"role":"caller","party":"+4930123456"},{"index":1,"role":"agent","party":"201"}]');
CREATE TABLE calls (
	id VARCHAR NOT NULL, 
	organisation TEXT NOT NULL, 
	pbx TEXT NOT NULL, 
	node TEXT NOT NULL, 
	state TEXT NOT NULL, 
	direction TEXT NOT NULL, 
	legs TEXT NOT NULL, 
	from_number TEXT NOT NULL, 
	to_number TEXT NOT NULL, 
	queue TEXT NOT NULL, 
	agent_id TEXT NOT NULL, 
	agent_name TEXT NOT NULL, 
	started_at DOUBLE NOT NULL, 
	answered_at DOUBLE, 
	ended_at DOUBLE, 
	verdict TEXT, 
	joined TEXT, 
	tags TEXT NOT NULL, 
	CONSTRAINT pk_calls PRIMARY KEY (id)
);
INSERT INTO "calls" VALUES('live-call','default','asterisk','here','live','unknown','[{"channel":"1767603600.1","linked":"1767603600.1","number":"+4930123456","name":"Zoé Müller","device":"PJSIP/carrier-a","dialled":"201","context":"from-trunk","sample_rate":8000,"created_at":1767603600.0,"answered_at":1767603604.0,"ended_at":null,"holds":[],"variables":[]},{"channel":"1767603600.2","linked":"1767603600.1","number":"201","name":"Ada","device":"PJSIP/201","dialled":"","context":"internal","sample_rate":8000,"created_at":1767603600.0,"answered_at":1767603604.0,"ended_at":null,"holds":[],"variables":[]}]','+4930123456','201','','201','Ada',1767603600.0,1767603604.0,NULL,'{"record":true,"is_final":false,"is_by_hand":false,"reason":"the rule for everything"}',NULL,'[]');
INSERT INTO "calls" VALUES('ended-call','default','asterisk','here','ended','unknown','[{"channel":"1767603600.1","linked":"1767603600.1","number":"+4930123456","name":"Zoé Müller","device":"PJSIP/carrier-a","dialled":"201","context":"from-trunk","sample_rate":8000,"created_at":1767603600.0,"answered_at":1767603604.0,"ended_at":null,"holds":[],"variables":[]},{"channel":"1767603600.2","linked":"1767603600.1","number":"201","name":"Ada","device":"PJSIP/201","dialled":"","context":"internal","sample_rate":8000,"created_at":1767603600.0,"answered_at":1767603604.0,"ended_at":null,"holds":[],"variables":[]}]','+4930123456','201','','201','Ada',1767603600.0,1767603604.0,1767603660.0,'{"record":true,"is_final":false,"is_by_hand":false,"reason":"the rule for everything"}',NULL,'[]');
CREATE TABLE commands (
	number INTEGER NOT NULL, 
	id VARCHAR NOT NULL, 
	node TEXT NOT NULL, 
	call_id TEXT NOT NULL, 
	action TEXT NOT NULL, 
	options TEXT NOT NULL, 
	"by" TEXT NOT NULL, 
	expires_at DOUBLE NOT NULL, 
	state TEXT NOT NULL, 
	outcome TEXT NOT NULL, 
	CONSTRAINT pk_commands PRIMARY KEY (number), 
	CONSTRAINT uq_commands_id UNIQUE (id)
);
INSERT INTO "commands" VALUES(1,'open-command','here','live-call','stop','','',1767603699.0,'open','');
CREATE TABLE deliveries (
	recording_id VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	destination VARCHAR NOT NULL, 
	organisation TEXT NOT NULL, 
	state TEXT NOT NULL, 
	object_name TEXT NOT NULL, 
	url TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	attempts INTEGER NOT NULL, 
	stored_at DOUBLE, 
	CONSTRAINT pk_deliveries PRIMARY KEY (recording_id, kind, destination), 
	CONSTRAINT fk_deliveries_recording_id FOREIGN KEY(recording_id) REFERENCES recordings (id) ON DELETE CASCADE
);
INSERT INTO "deliveries" VALUES('rendered-recording','stereo','archive','default','stored','one.mp3','file:///archive/one.mp3','',1,1767603700.0);
INSERT INTO "deliveries" VALUES('rendered-recording','stereo','second','default','waiting','','','the bucket does not answer',1,NULL);
CREATE TABLE due (
	id VARCHAR NOT NULL, 
	kind TEXT NOT NULL, 
	subject TEXT NOT NULL, 
	recording_id TEXT NOT NULL, 
	attempt INTEGER NOT NULL, 
	node TEXT, 
	at DOUBLE NOT NULL, 
	CONSTRAINT pk_due PRIMARY KEY (id)
);
INSERT INTO "due" VALUES('ship/captured-recording/1','ship','captured-recording','captured-recording',1,'here',1767603660.0);
INSERT INTO "due" VALUES('ship/rendered-recording/3','ship','rendered-recording','rendered-recording',3,'here',1767604200.0);
CREATE TABLE journal_positions (
	node VARCHAR NOT NULL, 
	file TEXT NOT NULL, 
	offset_bytes BIGINT NOT NULL, 
	CONSTRAINT pk_journal_positions PRIMARY KEY (node)
);
INSERT INTO "journal_positions" VALUES('here','journal-00000001.jsonl',4711);
CREATE TABLE nodes (
	node VARCHAR NOT NULL, 
	seen_at DOUBLE NOT NULL, 
	CONSTRAINT pk_nodes PRIMARY KEY (node)
);
INSERT INTO "nodes" VALUES('here',1767603600.0);
CREATE TABLE recordings (
	id VARCHAR NOT NULL, 
	call_id TEXT NOT NULL, 
	organisation TEXT NOT NULL, 
	pbx TEXT NOT NULL, 
	node TEXT NOT NULL, 
	state TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	rule TEXT NOT NULL, 
	options TEXT NOT NULL, 
	destinations TEXT NOT NULL, 
	requested_at DOUBLE NOT NULL, 
	started_at DOUBLE, 
	ended_at DOUBLE, 
	pauses TEXT NOT NULL, 
	sources_removed BOOLEAN DEFAULT '0' NOT NULL, 
	artefacts_removed BOOLEAN DEFAULT '0' NOT NULL, 
	last_attempt INTEGER DEFAULT '0' NOT NULL, 
	CONSTRAINT pk_recordings PRIMARY KEY (id)
);
INSERT INTO "recordings" VALUES('live-recording','live-call','default','asterisk','here','recording','','the rule for everything','{"destination_url":null,"credentials":null,"format":null,"notification_events":null,"transcription":{"enabled":null,"locale":null},"destination":null,"channels":null,"swap":null,"separate":null,"prompts":null,"max_length_seconds":null,"beep":null,"announce":null,"pause_behavior":null,"pause_max_seconds":null,"sample_rate":null,"bitrate":null,"client_state":null,"retention_days":null,"tags":null,"overwrite":null}','["archive"]',1767603604.0,NULL,NULL,'[]',0,0,0);
INSERT INTO "recordings" VALUES('captured-recording','ended-call','default','asterisk','here','captured','','the rule for everything','{"destination_url":null,"credentials":null,"format":null,"notification_events":null,"transcription":{"enabled":null,"locale":null},"destination":null,"channels":null,"swap":null,"separate":null,"prompts":null,"max_length_seconds":null,"beep":null,"announce":null,"pause_behavior":null,"pause_max_seconds":null,"sample_rate":null,"bitrate":null,"client_state":null,"retention_days":null,"tags":null,"overwrite":null}','["archive"]',1767603604.0,NULL,NULL,'[]',0,0,1);
INSERT INTO "recordings" VALUES('rendered-recording','ended-call','default','asterisk','here','rendered','','the rule for everything','{"destination_url":null,"credentials":null,"format":null,"notification_events":null,"transcription":{"enabled":null,"locale":null},"destination":null,"channels":null,"swap":null,"separate":null,"prompts":null,"max_length_seconds":null,"beep":null,"announce":null,"pause_behavior":null,"pause_max_seconds":null,"sample_rate":null,"bitrate":null,"client_state":null,"retention_days":null,"tags":null,"overwrite":null}','["archive"]',1767603604.0,NULL,NULL,'[]',0,0,3);
CREATE TABLE renderings (
	recording_id VARCHAR NOT NULL, 
	duration_seconds DOUBLE NOT NULL, 
	gaps TEXT NOT NULL, 
	channels TEXT NOT NULL, 
	levels TEXT NOT NULL, 
	is_partial BOOLEAN NOT NULL, 
	troubles TEXT NOT NULL, 
	peaks_path TEXT NOT NULL, 
	CONSTRAINT pk_renderings PRIMARY KEY (recording_id), 
	CONSTRAINT fk_renderings_recording_id FOREIGN KEY(recording_id) REFERENCES recordings (id) ON DELETE CASCADE
);
INSERT INTO "renderings" VALUES('rendered-recording',40.0,'[]','[{"index":0,"role":"caller","party":"+4930123456"},{"index":1,"role":"agent","party":"201"}]','[{"side":"left","silence_ratio":0.4,"clipped_ratio":0.0,"peak":0.8,"is_silent":false},{"side":"right","silence_ratio":0.4,"clipped_ratio":0.0,"peak":0.8,"is_silent":false}]',0,'[]','recording-1/peaks.json');
CREATE TABLE segments (
	id VARCHAR NOT NULL, 
	organisation TEXT NOT NULL, 
	recording_id TEXT NOT NULL, 
	call_id TEXT NOT NULL, 
	channel TEXT NOT NULL, 
	role TEXT NOT NULL, 
	side TEXT NOT NULL, 
	heard TEXT NOT NULL, 
	path TEXT NOT NULL, 
	sample_rate INTEGER NOT NULL, 
	state TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	requested_at DOUBLE NOT NULL, 
	started_at DOUBLE, 
	stopped_at DOUBLE, 
	flushes TEXT NOT NULL, 
	holds TEXT NOT NULL, 
	CONSTRAINT pk_segments PRIMARY KEY (id)
);
INSERT INTO "segments" VALUES('live-segment','default','live-recording','live-call','1767603600.1','caller','left','rx','recording-1/segment-1-rx.wav',8000,'closed','',1767603604.0,1767603604.1,1767603644.1,'[{"at":1767603644.1,"frames":320000}]','[]');
INSERT INTO "segments" VALUES('captured-segment','default','captured-recording','ended-call','1767603600.1','caller','left','rx','recording-1/segment-1-rx.wav',8000,'closed','',1767603604.0,1767603604.1,1767603644.1,'[{"at":1767603644.1,"frames":320000}]','[]');
INSERT INTO "segments" VALUES('rendered-segment','default','rendered-recording','ended-call','1767603600.1','caller','left','rx','recording-1/segment-1-rx.wav',8000,'closed','',1767603604.0,1767603604.1,1767603644.1,'[{"at":1767603644.1,"frames":320000}]','[]');
CREATE INDEX ix_calls_started_at ON calls (started_at);
CREATE INDEX ix_calls_organisation_started_at ON calls (organisation, started_at);
CREATE INDEX ix_calls_node_pbx_state ON calls (node, pbx, state);
CREATE INDEX ix_recordings_state_node ON recordings (state, node);
CREATE INDEX ix_recordings_call_id ON recordings (call_id);
CREATE INDEX ix_recordings_requested_at ON recordings (requested_at);
CREATE INDEX ix_recordings_organisation_requested_at ON recordings (organisation, requested_at);
CREATE INDEX ix_segments_recording_id ON segments (recording_id);
CREATE INDEX ix_segments_organisation ON segments (organisation);
CREATE INDEX ix_artefacts_organisation ON artefacts (organisation);
CREATE INDEX ix_deliveries_organisation ON deliveries (organisation);
CREATE INDEX ix_deliveries_state ON deliveries (state);
CREATE INDEX ix_due_at ON due (at);
CREATE INDEX ix_due_recording_id ON due (recording_id);
CREATE INDEX ix_commands_node_state ON commands (node, state);
COMMIT;
