# quiet.sh CMD...: others of ours sleep meanwhile
P=$(pgrep -f "lessons.lesson(09|10|14).measure|shared.ship_weights" | tr '\n' ' ')
kill -STOP $P; trap "kill -CONT $P" EXIT
"$@"
