title new SYN, in window, in SYN_RECV
listen 5
A syn
A > S seq 1000 mss 1460
= req_new_syn
A < RA seq raw 0 ack 1001
+ EmbryonicRsts 1 AttemptFails 1 OutRsts 1
drops 1
