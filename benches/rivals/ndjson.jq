# Every request of a log that was refused: when, where, what the server said, what the token holds.
def payload: split(".")[1] | gsub("-"; "+") | gsub("_"; "/") | @base64d | fromjson;
select(.res.statusCode | . == 401 or . == 403)
| { time, url: .req.url, status: .res.statusCode,
    says: (.res.body | try (.error // .message) catch null),
    token: (.req.headers.authorization | try payload catch null) }
