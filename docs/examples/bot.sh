#!/bin/sh
# A bot that answers whoever writes to it: sh bot.sh
chatclient tail --json | while read -r message; do
    to=$(printf '%s' "$message" | jq -r .reply)
    text=$(printf '%s' "$message" | jq -r .text)
    chatclient send "$to" "you said: $text"
done
