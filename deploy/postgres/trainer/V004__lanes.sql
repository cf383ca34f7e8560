-- serves programs from version 2
\ir ../common/work_queue_lanes.sql
