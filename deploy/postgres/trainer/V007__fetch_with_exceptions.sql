-- serves programs from version 4
\ir ../common/work_queue_exceptions.sql
