-- serves programs from version 8
\ir ../common/work_queue_exceptions.sql
