-- serves programs from version 5
\ir ../common/work_queue_holds.sql
