title an RST ends the request under a new SYN: the SYN is queued anew
needs events cpus2
race syn_queued via lost_race
listen 5
A syn
delay kill 20000
A > S mss 1460 cpu 1 seq 100
sleep 3ms
delay kill 0
A > R
=either req_rst
join
= syn_queued via lost_race
A < RA seq raw 0 ack 101                # the first of the two decided so
A < SA ack 101
+ AttemptFails 2 EmbryonicRsts 1 OutRsts 1
drops 1
