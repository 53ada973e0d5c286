# Every request of a HAR that was refused: when, where, what the server said, what the token holds.
def payload: split(".")[1] | gsub("-"; "+") | gsub("_"; "/") | @base64d | fromjson;
.log.entries[]
| select(.response.status | . == 401 or . == 403)
| { time: .startedDateTime, url: .request.url, status: .response.status,
    says: (.response.content.text | try (fromjson | .error // .message) catch null),
    token: ([.request.headers[] | select(.name | ascii_downcase == "authorization") | .value][0]
            | try payload catch null) }
