title two CPUs, the same valid cookie: the first makes the connection
needs events cpus2
race cookie_lost_race
sysctl net.ipv4.tcp_syncookies 2
listen 5
A > S mss 1460
= syn_cookie_always
A < SA ack 1
delay child 20000
A > A cpu 1
A > A
join
=any cookie_accepted cookie_lost_race
A < none 50ms
told
accept
accept none
+ SyncookiesSent 1 TCPReqQFullDoCookies 1 SyncookiesRecv 2 PassiveOpens 2
