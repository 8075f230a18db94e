# Runs one throwaway PostgreSQL cluster for as long as its owner lives, then removes it.
#
#   sh -c … supervise PROGRAMS FOLDER COMMIT [PRIMARY]
#
# COMMIT is PostgreSQL's `synchronous_commit`. With PRIMARY, the folder of another such cluster, it follows that one.
#
# The owner holds the other end of standard input, on which it may say `kill` and `start`; the end of input says that the owner is
# done, or dead, however it died. Nothing but this script removes FOLDER. If the cluster cannot start, the reason goes to
# standard output. The server's own standard input and output are elsewhere, so that it holds none of the owner's pipes.
programs=$1
folder=$2
commit=$3
primary=$4
log=$folder/log
exec 3<&0 </dev/null

if [ -n "$primary" ]; then
    "$programs/pg_basebackup" --pgdata="$folder/data" --host="$primary" --username=cell --write-recovery-conf \
        --checkpoint=fast --wal-method=stream --no-sync >"$log" 2>&1 3<&-
else
    "$programs/initdb" --pgdata="$folder/data" --username=cell --auth=trust --encoding=UTF8 --locale=C \
        --no-sync --no-instructions >"$log" 2>&1 3<&-
fi
made=$?
if [ "$made" -ne 0 ]; then
    tail -c 4000 "$log"
    rm -rf "$folder"
    exit 1
fi

# What the owner says, while the server runs: `down` is there while it is to be dead, `over` in the end.
listen() {
    while read -r order; do
        server=$(head -n 1 "$folder/data/postmaster.pid" 2>/dev/null)
        case $order in
        kill)
            : >"$folder/down"
            # Its children first: they would hold its memory.
            kill -STOP "$server"
            kill -KILL $(cat "/proc/$server/task/$server/children" 2>/dev/null) "$server"
            ;;
        start)
            # It is seen to be dead before it is to live again.
            while [ -e "$folder/down" ] && [ -e "$folder/data/postmaster.pid" ]; do sleep 0.02; done
            rm -f "$folder/down"
            ;;
        esac
    done
    : >"$folder/over"
    rm -f "$folder/down"
    # It may be about to start.
    while [ -e "$folder/over" ]; do
        kill -INT "$(head -n 1 "$folder/data/postmaster.pid")"
        kill -0 $$ || break
        sleep 0.05
    done
}
listen <&3 >/dev/null 2>&1 &
listener=$!
exec 3<&-

while :; do
    # Durability is of no use to data that is about to be thrown away.
    "$programs/postgres" -D "$folder/data" -k "$folder" -c listen_addresses= -c fsync=off -c synchronous_commit="$commit" \
        -c full_page_writes=off -c shared_buffers=32MB -c max_connections=200 -c jit=off >"$log" 2>&1
    stopped=$?
    [ -e "$folder/down" ] || break
    # The number may soon be another's.
    rm -f "$folder/data/postmaster.pid"
    while [ -e "$folder/down" ]; do sleep 0.02; done
    [ -e "$folder/over" ] && break
done

kill "$listener" 2>/dev/null
[ "$stopped" -eq 0 ] || tail -c 4000 "$log"
rm -rf "$folder"
exit "$stopped"
