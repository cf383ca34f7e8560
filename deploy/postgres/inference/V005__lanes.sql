-- serves programs from version 3
\ir ../common/work_queue_lanes.sql
