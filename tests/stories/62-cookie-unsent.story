title SYN cookie dropped by netfilter: the client is forgotten
needs nft
sysctl net.ipv4.tcp_syncookies 2
listen 5
undo nft delete table inet lq
run nft 'add table inet lq; add chain inet lq out { type filter hook output priority 0; }'
run nft 'add rule inet lq out tcp sport {L.port} drop'
A > S mss 1460
= syn_cookie_unsent
A < none 50ms
+ SyncookiesSent 1 TCPReqQFullDoCookies 1
