title exact RST in SYN_RECV
listen 5
A syn
A > R seq 1
= req_rst
A < none 100ms
+ EmbryonicRsts 1 AttemptFails 1
drops 1
