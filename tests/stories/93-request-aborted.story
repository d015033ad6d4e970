title an administrator ends the request (ss -K)
needs !takeover                         # ss does not see our requests
run ss -K state syn-recv dport = :1 >/dev/null         # its module is loaded now
listen 5 defer=10                       # no SYN-ACK is repeated while ss takes its time
A syn
A > A
= req_deferred
run ss -K state syn-recv dport = :{A.port} >/dev/null
=request aborted
sleep 50ms
A > A
if wrap
= cookie_invalid
+ SyncookiesFailed 1
else
= stray_ack
end
A < R seq 1
+ TCPDeferAcceptDrop 1 OutRsts 1
+ TCPTimeouts any
drops 1
