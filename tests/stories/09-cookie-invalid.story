title invalid cookie ACK
sysctl net.ipv4.tcp_syncookies 2
listen 5
A > S mss 1460
= syn_cookie_always
A < SA ack 1
A > A ack 1000001
= cookie_invalid
A < R seq 1000001
+ SyncookiesSent 1 TCPReqQFullDoCookies 1 SyncookiesFailed 1 OutRsts 1
