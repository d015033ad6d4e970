title stray ACK
listen 5
A > A
if wrap
= cookie_invalid
+ SyncookiesFailed 1
else
= stray_ack
end
A < R seq 1
+ OutRsts 1
