-- serves programs from version 1
\ir ../common/duties.sql
