title listener closed and reopened before the ACK: it reaches the new one
listen 5
A syn
close
if takeover                             # nothing is lost
=listener close killed_requests 0
listen 5 as=L2 port-of=L
A > A
= req_completed listener L2
+ PassiveOpens 1
else
=listener close killed_requests 1
listen 5 as=L2 port-of=L
A > A
if wrap
= cookie_invalid via orphaned listener L2
+ SyncookiesFailed 1
else
= stray_ack via orphaned listener L2
end
A < R seq 1
A > A
if wrap
= cookie_invalid listener L2
+ SyncookiesFailed 1
else
= stray_ack listener L2
end
A < R seq 1
+ OutRsts 2
end
