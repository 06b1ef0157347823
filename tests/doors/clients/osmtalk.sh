#!/usr/bin/env bash
# A client of osmTalk's: fetches a call, and both of its files. usage: osmtalk.sh CALL FOLDER
set -euo pipefail
call=$1 folder=$2

curl --fail --silent --show-error "$BASE_URL/api/calls/$call" \
  -H "Authorization: Bearer $OSMTALK_API_KEY" > "$folder/call.json"
for field in recordingUrl recordingMultiChannelUrl; do
  url=$(grep -o "\"$field\":\"[^\"]*\"" "$folder/call.json" | cut -d '"' -f 4)
  curl --fail --silent --show-error "$url" > "$folder/$field"
done
