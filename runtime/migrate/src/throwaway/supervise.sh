# Runs one throwaway PostgreSQL cluster for as long as its owner lives, then removes it.
#
#   sh -c … supervise PROGRAMS FOLDER
#
# The owner holds the other end of standard input and never writes to it: the end of input says that the owner is done,
# or dead, however it died. Nothing but this script removes FOLDER. If the cluster cannot start, the reason goes to
# standard output. The server's own standard input and output are elsewhere, so that it holds none of the owner's pipes.
programs=$1
folder=$2
log=$folder/log
exec 3<&0 </dev/null

if ! "$programs/initdb" --pgdata="$folder/data" --username=cell --auth=trust --encoding=UTF8 --locale=C \
    --no-sync --no-instructions >"$log" 2>&1 3<&-; then
    tail -c 4000 "$log"
    rm -rf "$folder"
    exit 1
fi

# Durability is of no use to data that is about to be thrown away.
"$programs/postgres" -D "$folder/data" -k "$folder" -c listen_addresses= -c fsync=off -c synchronous_commit=off \
    -c full_page_writes=off -c shared_buffers=32MB -c max_connections=200 -c jit=off >"$log" 2>&1 3<&- &
server=$!
(cat <&3 >/dev/null; kill -INT "$server" 2>/dev/null) >/dev/null 2>&1 &
watcher=$!
exec 3<&-

wait "$server"
stopped=$?
kill "$watcher" 2>/dev/null
[ "$stopped" -eq 0 ] || tail -c 4000 "$log"
rm -rf "$folder"
exit "$stopped"
