"""A client of KrosAI's: writes the transcripts of completed calls as JSON. usage: krosai.py FROM_DATE"""

import json
import os
import sys
import urllib.parse
import urllib.request

query = urllib.parse.urlencode({"from_date": sys.argv[1], "status": "completed", "limit": 100})
request = urllib.request.Request(
    f"{os.environ['BASE_URL']}/v1/calls?{query}", headers={"x-api-key": os.environ["API_KEY"]}
)
with urllib.request.urlopen(request) as answer:
    calls = json.load(answer)["calls"]
rows = [
    {
        "call_id": call["id"],
        "from": call["from_number"],
        "to": call["to_number"],
        "duration": call["duration"],
        "transcript": call["transcript"],
        "timestamp": call["created_at"],
    }
    for call in calls
    if call["transcript"]
]
json.dump(rows, sys.stdout)
