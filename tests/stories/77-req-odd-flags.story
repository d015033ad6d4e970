title RST with ACK, SYN+ACK, SYN+RST for a request
sysctl net.ipv4.tcp_syncookies 0
sysctl net.ipv4.tcp_invalid_ratelimit 0
listen 9
A syn
A > RA ack 999
if rst_any_ack
= req_rst
+ EmbryonicRsts 1 AttemptFails 1
drops 1
else
= stray_rst via check_req
end
B syn
B > SA seq 0
= req_out_of_window
B < A seq 1 ack 1
B > SA ack 999
= req_bad_ack
B < R seq 999
B > SR seq 1
= req_rst
B < none 50ms
+ EmbryonicRsts 1 AttemptFails 1 OutRsts 1
drops 2
