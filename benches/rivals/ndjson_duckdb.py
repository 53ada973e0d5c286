"""Refused requests of a log by status, what the server said and whether the token was expired: FILE THREADS.

Each distinct token of the log is decoded once.
"""

import json
import sys

import duckdb

file, threads = sys.argv[1:]
database = duckdb.connect(config={"threads": threads})
database.execute(
    """
    CREATE MACRO part(token) AS translate(split_part(token, '.', 2), '-_', '+/');
    CREATE MACRO payload(token) AS TRY(decode(from_base64(part(token) || repeat('=', -length(part(token)) & 3))));
    """
)
rows = database.execute(
    """
    WITH line AS (
        SELECT time, res.statusCode AS status, res.body AS body, req.headers."authorization" AS token
        FROM read_json($file, format = 'newline_delimited', columns = {
            time: 'BIGINT', req: 'STRUCT(headers STRUCT("authorization" VARCHAR))',
            res: 'STRUCT(statusCode INTEGER, body JSON)'})
    ), token AS MATERIALIZED (
        SELECT token, TRY((payload(token)->>'$.exp')::BIGINT) AS exp
        FROM (SELECT DISTINCT token FROM line WHERE token IS NOT NULL)
    )
    SELECT status, coalesce(body->>'$.error', body->>'$.message') AS says, time >= exp * 1000 AS expired, count(*),
        (SELECT count(*) FROM token WHERE exp IS NOT NULL)
    FROM line LEFT JOIN token USING (token) WHERE status IN (401, 403) GROUP BY ALL
    """,
    {"file": file},
).fetchall()
print(json.dumps({"refused": sum(row[3] for row in rows), "tokens": rows[0][4] if rows else 0}))
