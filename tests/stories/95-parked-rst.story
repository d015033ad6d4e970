title overflow=park: an exact RST ends a handshake that waits for room
needs takeover !ipv6
listen 1
run echo 'set *:{L.port} overflow=park' >/proc/net/listenq/endpoints
A syn
fill acceptq
A > A
= req_parked
A > R seq 1
= req_rst
A < none 100ms                          # both are there before accept() makes room
accept 2
accept none
+ EmbryonicRsts 1 AttemptFails 1
drops 1
