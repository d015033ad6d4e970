title two listeners share a port: each client has one of them
listen 5 reuseport
listen 5 reuseport as=L2 port-of=L
A > S mss 1460
= syn_queued listener L,L2
A < SA ack 1
A > A
= req_completed listener L,L2
B > S mss 1460
= syn_queued listener L,L2
B < SA ack 1
B > R
= req_rst listener L,L2
C > A
if wrap
= cookie_invalid listener L,L2
+ SyncookiesFailed 1
else
= stray_ack listener L,L2
end
C < R
+ PassiveOpens 1 EmbryonicRsts 1 AttemptFails 1 OutRsts 1
drops 1 any
