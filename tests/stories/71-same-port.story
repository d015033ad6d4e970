title two addresses with the same port, two ports of the same address
listen 5
A syn
flow B port-of A
B syn
flow C addr-of A
C syn
B > A
= req_completed
A > R
= req_rst
C > A ack 7
= req_bad_ack
if wrap
+ SyncookiesFailed 1
end
C < R seq 7
C > A
= req_completed
accept 2
+ PassiveOpens 2 EmbryonicRsts 1 AttemptFails 1 OutRsts 1
drops 1
