"""Refused requests of a HAR by status, what the server said and what the token holds: FILE THREADS."""

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
    WITH entry AS (
        SELECT unnest(log.entries) AS e
        FROM read_json($file, format = 'unstructured', maximum_object_size = 4294967295, columns = {log: 'STRUCT(
            entries STRUCT(
                startedDateTime VARCHAR,
                request STRUCT(url VARCHAR, headers STRUCT(name VARCHAR, "value" VARCHAR)[]),
                response STRUCT(status INTEGER, content STRUCT("text" VARCHAR)))[])'})
    ), refused AS (
        SELECT e.response.status AS status, e.response.content.text AS body,
            list_filter(e.request.headers, lambda h: lower(h.name) = 'authorization')[1]."value" AS token
        FROM entry WHERE e.response.status IN (401, 403)
    )
    SELECT status, TRY(body->>'$.error') AS says, payload(token)->>'$.sub' AS who, count(*)
    FROM refused GROUP BY ALL
    """,
    {"file": file},
).fetchall()
print(json.dumps({"refused": sum(row[3] for row in rows), "groups": len(rows)}))
