title valid cookie, but the client has a request by now
sysctl net.ipv4.tcp_syncookies 2
listen 5
A > S mss 1460
= syn_cookie_always
A < SA ack 1
sysctl net.ipv4.tcp_syncookies 1
A > S mss 1460
= syn_queued
A < SA ack 1
A > A ack prev 1
if takeover                             # its connection ends the other handshake
= cookie_accepted via check_req
A < none 50ms
+ SyncookiesSent 1 TCPReqQFullDoCookies 1 SyncookiesRecv 1 PassiveOpens 1
else
= cookie_lost_race via check_req
A < none 50ms
A > A
= req_completed
+ SyncookiesSent 1 TCPReqQFullDoCookies 1 SyncookiesRecv 1 PassiveOpens 2
end
